/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stage "from what": looks at the container's layers and processes for what a detector wants to know of an
 * event, so that the detectors themselves need no disk.
 */
#ifndef PLM_IMAGE_FACTS_H
#define PLM_IMAGE_FACTS_H

#include <limits.h>

#include "container/container.h"
#include "decode/event.h"
#include "detect/detect.h"
#include "digest/digests.h"
#include "image/content.h"
#include "policy/policy.h"
#include "process/processes.h"
#include "process/writers.h"

/* Room for the strings of one event's facts. */
struct facts_room {
	char path[PATH_MAX], from[PATH_MAX], script[PATH_MAX];
	char executable[PATH_MAX];
	char copied_from[CONTENT_ROOM], script_copied_from[CONTENT_ROOM];
};

/* What would tell more, later. */
struct facts_wait {
	struct content_ask program, script; /* of facts.content, facts.script_content */
	bool open;                          /* one of them is not answered yet */
	int64_t settles; /* ns since the epoch: a file that is being written is not looked at before; 0: not so */
};

struct facts_source {
	const struct container *container;
	struct processes *processes;
	struct digests *digests; /* NULL: none are made */
	struct writers *writers; /* NULL: nobody is known */
	const struct redact *redact; /* for the arguments that are remembered of a process; NULL: none are */
	bool now;                /* digests are made at once, or not at all */
	/* Of a change where this says that it may be written, nothing more is looked up: no detector asks. NULL: everything
	 * is (--events, --record). */
	const struct policy_view *writable;
	const char *host_root; /* --host-root; "" for the agent's own */
	int64_t boot_offset;   /* realtime - boottime, ns */
	int64_t clock;         /* now, ns since the epoch; 0: what changed is not looked into */
};

/*
 * Fills *ret_facts, and, of a change that was told by name, event->path, .file and .change.from as the disk has them.
 * Strings lie in `room`, the inventory or the processes; never fails: what cannot be found is UNKNOWN. *ret_wait: what is
 * still open, and would be known later.
 */
void facts_gather(const struct facts_source *source, struct event *event, struct facts_room *room,
		  struct facts *ret_facts, struct facts_wait *ret_wait);

/* Completes the facts by what is known by now; the disk is not asked again, but for what had not settled. */
void facts_again(const struct facts_source *source, const struct event *event, struct facts_room *room,
		 struct facts *facts, struct facts_wait *wait);

#endif
