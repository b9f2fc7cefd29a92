/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where alerts go: standard output and files, each for itself. Lines are taken into a queue per sink and
 * written in batches. What cannot be written now (a full disk, a reader that is slow or gone) waits, and is
 * tried again at every flush; a line that went out in part is completed before the next. A queue holds
 * SINK_QUEUE_MAX bytes: then lines are lost, and counted; once half of it went out, the sink itself tells,
 * where the hole is, how many (a `state` line of kind "loss"). No sink waits for another, and none is waited
 * for, but in sinks_finish; a regular file's disk is trusted to answer.
 *
 * The process must ignore SIGPIPE.
 */
#ifndef PLM_OUTPUT_SINK_H
#define PLM_OUTPUT_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "output/id.h"
#include "output/json.h"

#define SINK_QUEUE_MAX (4u << 20)
#define SINKS_MAX      16

struct sinks;

/* What `context` points to and `ids` must outlive the sinks. NULL when out of memory. */
struct sinks *sinks_new(const struct output_context *context, struct id_source *ids);

/* Flushes once, and closes. Takes NULL. */
void sinks_free(struct sinks *sinks);
DEFINE_CLEANUP(struct sinks *, sinks_free)

/*
 * Adds a sink: `type` is "text" or "json", `path` a file to append to (made with mode 0640; a symbolic link
 * at its end is refused) or NULL for standard output.
 *
 * 0; -EINVAL: no such type, or an empty path; -E2BIG: SINKS_MAX are there; -ENOMEM; the negative errno of
 * open(2)
 * (-ELOOP: a symbolic link; -ENXIO: a FIFO that nobody reads).
 */
int sinks_add(struct sinks *sinks, const char *type, const char *path);

/* The same from a command line's "text", "json" or "json:FILE". */
int sinks_add_spec(struct sinks *sinks, const char *spec);

/*
 * Opens files by their names anew (SIGHUP: somebody rotated them); what waits goes to the new ones, a line
 * that was written in part once more and whole. One that cannot be opened keeps its old file: the first such
 * error is returned, and *ret_path is its name (the sinks' own).
 */
int sinks_reopen(struct sinks *sinks, const char **ret_path);

/* Takes an alert for every sink. Writes only where much has gathered. Never fails: what is lost is counted.
 */
void sinks_tell(struct sinks *sinks, const struct alert *alert);

/* Writes what waits, as far as it goes without waiting. After each batch of events, and at a tick while
 * something waits. `now`: realtime ns, for the line that tells a loss. The number of bytes still waiting. */
size_t sinks_flush(struct sinks *sinks, int64_t now);

/* sinks_flush until nothing waits, or until no sink has taken anything for `patience` ms. Bytes still
 * waiting. */
size_t sinks_finish(struct sinks *sinks, int64_t now, int patience);

/*
 * Somebody else who is told, once per line: those that `wants` says so of, as the JSON outputs have them, with the end of
 * line. Size 0: it could not be made. The line is valid during the call.
 */
struct sinks_tap {
	bool (*wants)(const struct alert *alert);
	void (*line)(const struct alert *alert, const char *line, size_t size, void *data);
	void *data;
};
void sinks_set_tap(struct sinks *sinks, const struct sinks_tap *tap);

/* The line, as JSON, that tells of `lost` lines that are missing where it stands. 0 or the buffer's error. */
int sinks_loss_line(struct sinks *sinks, uint64_t lost, int64_t now, struct buffer *line);

struct sink_status {
	const char *type;
	const char *path; /* NULL: standard output */
	uint64_t lines;   /* taken */
	uint64_t lost;    /* not taken */
	size_t waiting;   /* bytes */
	int error;        /* of the last write: 0, or negative errno (-EAGAIN: the reader is slow) */
};

size_t sinks_count(const struct sinks *sinks);
struct sink_status sinks_status(const struct sinks *sinks, size_t index); /* index < sinks_count */

#endif
