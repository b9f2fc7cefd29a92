/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions that outlive the agent: those whose end is still to be told, in sessions.json of the state directory (mode 0600,
 * replaced as a whole). Their times mean something within one boot only: what another boot left is passed over, and so is
 * a file that is damaged.
 */
#ifndef PLM_PROCESS_SESSIONS_FILE_H
#define PLM_PROCESS_SESSIONS_FILE_H

#include "process/sessions.h"

#define SESSIONS_FILE "sessions.json"

/* 0, -ENOMEM, or the errno of writing: then the file is as it was. */
int sessions_save(const struct sessions *sessions, const char *state_dir);

/*
 * Takes back those that go on; what has ended meanwhile is not known to have ended at any moment, so nothing is told of it.
 * The number taken, or a negative errno: -ENOENT; -EBADMSG: damaged, or of another boot; or that of reading.
 */
int sessions_load(struct sessions *sessions, const char *state_dir, const char *host_root);

#endif
