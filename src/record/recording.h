/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a recording: what `plimsoll run --record FILE` keeps of events, so that `plimsoll replay FILE`
 * sends them through the same detectors with no kernel and no disk. The format is in record/format.h, the
 * reader in record/playback.h.
 *
 * Frames gather in a buffer. What cannot be written (a full disk) waits there up to RECORDING_BUFFER_MAX and
 * is tried again with the next frame; beyond that frames are dropped and counted, and the recording itself
 * holds the number where the hole is. Nothing here ends the agent, but a write waits for the disk.
 *
 * Each function that adds a frame returns 0, or, once for each time that writing begins to fail, the negative
 * errno of write(2); also -ENOMEM and -EMSGSIZE (a frame above RECORDING_FRAME_MAX) for a frame that was
 * dropped and counted.
 */
#ifndef PLM_RECORD_RECORDING_H
#define PLM_RECORD_RECORDING_H

#include "container/container.h"
#include "decode/event.h"
#include "detect/detect.h"
#include "policy/policy.h"

#define RECORDING_BUFFER_MAX (1u << 20)

struct recording;

/*
 * Makes a new file of mode 0600. 0; -EEXIST: there is something of that name, a symbolic link too; -ENOMEM;
 * or the negative errno of open(2) or write(2).
 *
 * Secrets on command lines are blanked with the built-in patterns until recording_redact gives others.
 */
int recording_create(const char *path, struct recording **ret_recording);

/* The policy's patterns apply from here on. The policy is not kept. 0, or -ENOMEM and the old ones stay. */
int recording_redact(struct recording *recording, const struct policy *policy);

/* Whenever a container is named, or what is known of it changes; before its events. */
int recording_container(struct recording *recording, const struct container *container);

/*
 * The record of `size` bytes that `event` was decoded from, with what was found out since: `facts`, and of a
 * change that was told by name its path, file and old path. `boot_offset`: realtime - boottime, ns. `of_image`: it comes
 * again, for what is to say of its image alone.
 */
int recording_event(struct recording *recording, const void *raw, size_t size, const struct event *event,
		    const struct facts *facts, int64_t boot_offset, bool of_image);

/* A coverage finding, before the policy is asked, at `now` (CLOCK_BOOTTIME, ns). `container` 0: of the host.
 * Texts are not empty. */
int recording_coverage(struct recording *recording, uint64_t container, enum rule rule, const char *kind,
		       const char *message, uint64_t now, int64_t boot_offset);

/* The container is gone, and what was folded of it was told. */
int recording_end(struct recording *recording, uint64_t container);

/* Writes what has gathered. */
int recording_flush(struct recording *recording);

/* Frames that were dropped. */
uint64_t recording_lost(const struct recording *recording);

/* Flushes and closes; takes NULL. 0; -ENOSPC: frames were dropped on the way; or the negative errno of
 * writing the rest. Freed in any case. */
int recording_close(struct recording *recording);

#endif
