/* SPDX-License-Identifier: Apache-2.0 */
/* The part of an event's way that the agent and `plimsoll replay` share: detectors, findings, lines. */
#ifndef PLM_TELL_JUDGE_H
#define PLM_TELL_JUDGE_H

#include "tell/tell.h"

/*
 * Makes container->view, the policy as it applies to it, where there is none yet. 0 or -ENOMEM. The view goes with
 * judge_forget, before the policy does.
 */
int judge_view(struct container *container, const struct policy *policy);
void judge_forget(struct container *container);

/*
 * Names the container's workload (container/workload.h) by what is known of it and the policy's label. `node`: the
 * host's name, or NULL. 0 (NULL where nothing is known), or -ENOMEM and it keeps the name that it had. The view was made with the old name: a new one
 * is to be made.
 */
int judge_workload(struct container *container, const struct policy *policy, const char *node);

/* Runs the detectors over the event and tells what they find. The container has its view. The number of findings that
 * are not known already (TELL_KNOWN). */
size_t judge(struct teller *teller, const struct telling *telling);

/* The facts are complete now: corrects the alert that was told of the event without them, or says that it was none. */
void judge_correct(struct teller *teller, const struct telling *telling, const struct tell_open *open);

#endif
