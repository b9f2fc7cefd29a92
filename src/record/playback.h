/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a recording (record/format.h), whose every byte is hostile. */
#ifndef PLM_RECORD_PLAYBACK_H
#define PLM_RECORD_PLAYBACK_H

#include "base/cleanup.h"
#include "container/container.h"
#include "decode/event.h"
#include "detect/detect.h"
#include "record/format.h"

struct playback;

/* One frame: `type` says which of the rest is filled. Strings belong to the playback. */
struct playback_frame {
	enum recording_type type;
	int64_t boot_offset; /* realtime - boottime, ns: of an event or coverage */

	/* RECORDING_CONTAINER: its strings are not the container's own, and not to be freed */
	struct container container;

	struct event event; /* RECORDING_EVENT */
	struct facts facts;
	bool of_image; /* it came before: now only for what is to say of its image */

	struct {
		uint64_t container; /* 0: of the host */
		uint64_t time;      /* CLOCK_BOOTTIME, ns */
		enum rule rule;     /* one of coverage.* */
		const char *kind, *message;
	} coverage; /* RECORDING_COVERAGE */

	uint64_t ended; /* RECORDING_END: the container */
	uint64_t lost;  /* RECORDING_LOST: frames */
};

/*
 * 0: *ret_playback is the caller's. -EBADMSG: no recording. -EOPNOTSUPP: a recording of another version.
 * -ENODATA: it ends within its head. -ENOMEM, or the negative errno of open(2) or read(2).
 */
int playback_open(const char *path, struct playback **ret_playback);
void playback_close(struct playback *playback); /* takes NULL */
DEFINE_CLEANUP(struct playback *, playback_close)

/* The host's name as the recording has it; NULL where it does not. */
const char *playback_host(const struct playback *playback);

/*
 * 1: *ret_frame is the next frame, valid until the next call. 0: the end. -ENODATA: the recording ends within
 * a frame, as it does where the writer was killed. -EBADMSG: a length, an enum, a text or the record in a
 * frame is impossible, or its type is not known. Or the negative errno of read(2). After an error there is no
 * next frame.
 */
int playback_next(struct playback *playback, const struct playback_frame **ret_frame);

#endif
