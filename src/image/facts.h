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
#include "image/same.h"
#include "policy/policy.h"
#include "process/processes.h"

/* Room for the strings of one event's facts. */
struct facts_room {
	char path[PATH_MAX], from[PATH_MAX], script[PATH_MAX];
	char executable[PATH_MAX];
};

struct facts_source {
	const struct container *container;
	struct processes *processes;
	struct same *same;
	/* Of a change where this says that it may be written, nothing more is looked up: no detector asks. NULL: everything
	 * is (--events, --record). */
	const struct policy_view *writable;
	const char *host_root; /* --host-root; "" for the agent's own */
	int64_t boot_offset;   /* realtime - boottime, ns */
};

/*
 * Fills *ret_facts, and, of a change that was told by name, event->path, .file and .change.from as the disk has them.
 * Strings lie in `room` or in the processes; never fails: what cannot be found is UNKNOWN.
 */
void facts_gather(const struct facts_source *source, struct event *event, struct facts_room *room,
		  struct facts *ret_facts);

#endif
