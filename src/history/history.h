/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines that the agent keeps of what it told, in STATE_DIR/alerts/: as the JSON outputs have them, already redacted.
 * They are appended to the current segment, a plain file, whole lines at a time; at 4 MiB or after an hour the next
 * segment begins, and a thread compresses the finished one (gzip). Segments are named so that they sort by time
 * (segment.h); reader.h reads them.
 *
 * Bounds: the limits, on disk and in age, beyond which the oldest segments go, counted; HISTORY_QUEUE_MAX bytes of lines
 * that wait for a disk that takes none (full, gone): then lines are lost, counted, and where the hole is a line tells how
 * many. A kill can leave a torn line at the end, which nothing completes: the next agent begins a new line. Lines are not
 * synced one by one: a kill of the agent loses none that was flushed, a loss of power can lose the last.
 */
#ifndef PLM_HISTORY_HISTORY_H
#define PLM_HISTORY_HISTORY_H

#include <sys/types.h>

#include "base/cleanup.h"
#include "history/reader.h"
#include "output/buffer.h"

#define HISTORY_SEGMENT_MAX (4u << 20)
#define HISTORY_SEGMENT_AGE 3600 /* seconds */
#define HISTORY_QUEUE_MAX   (1u << 20)

struct history;

struct history_limits {
	uint64_t size; /* bytes on disk, of all segments */
	int64_t age;   /* seconds */
	gid_t group;   /* whose members may read it; 0: root alone */
};

/* Makes the line that tells of `lost` lines: 0, or an error and it is asked again later. */
typedef int (*history_loss)(uint64_t lost, int64_t now, struct buffer *line, void *data);

/*
 * Makes the directory, and goes on where the last agent ended; with `limits` but for the group, which takes history_limit.
 * 0; -EBUSY: another agent keeps its history there; -ENOMEM;
 * or the errno of making the directory or starting the thread.
 */
int history_open(const char *state_dir, const struct history_limits *limits, history_loss loss, void *data,
		 struct history **ret_history);

/* Flushes once, and closes. Takes NULL. */
void history_free(struct history *history);
DEFINE_CLEANUP(struct history *, history_free)

/* Takes a line, with its end. `now`: realtime ns. Never fails: what is lost is counted. */
void history_take(struct history *history, const char *line, size_t size, int64_t now);

/* Writes what waits, as far as the disk takes it, and begins the next segment where it is time. After each batch of
 * events, and at a tick. */
void history_flush(struct history *history, int64_t now);

/* Where what is written ends (of a finished segment: INT64_MAX bytes of it, which is all), and the lines that were taken and wait behind it (the history's, until the next call). */
struct history_position history_end(const struct history *history);
const struct buffer *history_waiting(const struct history *history);

/* From now on. 0; or the errno of giving what is there to the group (-EPERM: the agent is no member, and has no
 * CAP_CHOWN): then root alone may read. */
int history_limit(struct history *history, const struct history_limits *limits);

struct keeper_counts {
	uint64_t compressed;    /* segments */
	uint64_t removed_aged;  /* segments */
	uint64_t removed_early; /* segments, for room */
	int error;              /* of the last time it looked: 0 or negative errno */
};

struct history_status {
	uint64_t lines; /* taken */
	uint64_t lost;  /* not taken */
	size_t waiting; /* bytes */
	int error;      /* of the last write: 0, or negative errno */
	struct keeper_counts keeper;
};
struct history_status history_status(struct history *history);

#endif
