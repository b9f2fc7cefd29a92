/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The format of a recording, versions 1 to 3. All numbers are little endian; there is no hole in any struct.
 *
 *	struct recording_head
 *	frames: struct recording_frame, and `size` bytes of payload
 *
 * A payload is the fixed part of its type, then (an event's only) the record as the kernel side wrote it,
 * then the texts: each with its NUL, without another, in the order of `texts`, which has their lengths with
 * the NUL; 0 is "absent". Nothing lies behind the last one. A version is known by its number alone: a reader
 * refuses every other, and what it does not know within its own.
 *
 * Version 2 has more of a container: behind struct recording_container lies struct recording_more, behind the texts of
 * the first those of the second, and behind these the labels, each "key=value" with its NUL.
 *
 * Version 3 has more of an event: behind struct recording_event lies struct recording_contents, behind the texts of the
 * first those of the second.
 *
 * A record is what include/plimsoll/event.h says (of an older record_version, with what record/older.h says), but that
 * its arguments may have been blanked.
 */
#ifndef PLM_RECORD_FORMAT_H
#define PLM_RECORD_FORMAT_H

#include "plimsoll/event.h"

#define RECORDING_MAGIC     "PLMSREC\n"
#define RECORDING_VERSION   3             /* what is written */
#define RECORDING_OLDEST    1             /* what is read */
#define RECORDING_FRAME_MAX (256u * 1024) /* of a payload */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "structs are written as they are in memory");

struct recording_head {
	char magic[8];
	__u32 version;        /* RECORDING_OLDEST to RECORDING_VERSION */
	__u32 record_version; /* of the records in it: OLDER_FIRST to PLM_RECORD_VERSION, which is written */
	char host[72];        /* name of the host, padded with NUL, of which there is one at least; "": unknown */
};

enum recording_type {
	RECORDING_CONTAINER = 1, /* struct recording_container: named, or what is known changed */
	RECORDING_EVENT,         /* struct recording_event */
	RECORDING_COVERAGE,      /* struct recording_coverage */
	RECORDING_END,           /* struct recording_end: the container is gone */
	RECORDING_LOST,          /* struct recording_lost: frames are missing here */
	RECORDING_TYPES,
};

struct recording_frame {
	__u32 type; /* enum recording_type */
	__u32 size; /* of the payload, RECORDING_FRAME_MAX at most */
};

/* texts of RECORDING_CONTAINER */
enum {
	CONTAINER_TEXT_CGROUP_PATH,
	CONTAINER_TEXT_ID,
	CONTAINER_TEXT_NAME,
	CONTAINER_TEXT_RUNTIME,
	CONTAINER_TEXT_IMAGE_NAME,
	CONTAINER_TEXT_IMAGE_TAG,
	CONTAINER_TEXT_IMAGE_DIGEST,
	CONTAINER_TEXT_POD_NAME,
	CONTAINER_TEXT_POD_NAMESPACE,
	CONTAINER_TEXTS,
};

struct recording_container {
	__u64 cgroup;
	__u64 started;      /* seconds since the epoch; 0 unknown */
	__u64 boot_started; /* CLOCK_BOOTTIME ns of the entry point's exec; 0 unknown */
	__u32 state;        /* enum container_state */
	__u32 init_pid;     /* 0 unknown */
	__u32 root_device;
	__u32 texts[CONTAINER_TEXTS];
};

/* texts of struct recording_more */
enum {
	MORE_TEXT_WORKLOAD,
	MORE_TEXT_POD_UID,
	MORE_TEXT_HANDLER,
	MORE_TEXTS,
};

struct recording_more {
	__u32 role;        /* enum container_role */
	__u32 sight;       /* enum container_sight */
	__u32 labels;      /* how many, LABELS_MAX of container/facts.h at most */
	__u32 labels_size; /* bytes, with their NULs */
	__u32 texts[MORE_TEXTS];
};

/* texts of RECORDING_EVENT */
enum {
	EVENT_TEXT_PATH, /* PATH and FROM: of a change that was told by name */
	EVENT_TEXT_FROM,
	EVENT_TEXT_EXECUTABLE,
	EVENT_TEXT_PARENT_EXECUTABLE,
	EVENT_TEXT_SCRIPT_PATH,
	EVENT_TEXT_OTHER_CONTAINER,
	EVENT_TEXTS,
};

/* recording_event.flags */
#define RECORDING_RESOLVED             (1u << 0) /* `file` and the texts PATH and FROM replace the record's */
#define RECORDING_CODE                 (1u << 1)
#define RECORDING_METADATA_ONLY        (1u << 2)
#define RECORDING_SCRIPT_METADATA_ONLY (1u << 3)
#define RECORDING_EXECUTABLE_IN_IMAGE  (1u << 4)
#define RECORDING_FLAGS                ((1u << 5) - 1)

/* What the detectors are given besides the record; the names are those of struct facts. Answers: 0 unknown, 1
 * no, 2 yes. */
struct recording_event {
	__s64 boot_offset;   /* realtime - boottime, ns */
	__u64 container_age; /* ns; all ones: unknown */
	struct plm_file file;
	struct plm_file script;
	__u32 flags;  /* RECORDING_* */
	__u32 record; /* bytes of the record, which lies behind this struct */
	__u8 in_image;
	__u8 from_in_image;
	__u8 confirmed;
	__u8 script_in_image;
	__u32 texts[EVENT_TEXTS];
	__u32 pad;
};

/* texts of one struct recording_content */
enum {
	CONTENT_TEXT_PACKAGE,
	CONTENT_TEXT_VERSION,
	CONTENT_TEXT_TYPE,
	CONTENT_TEXT_COPIED_FROM,
	CONTENT_TEXT_WRITER, /* its executable */
	CONTENT_TEXTS,
};
#define CONTENTS_TEXTS (2 * CONTENT_TEXTS)

/* recording_content.flags */
#define RECORDING_CONTENT_UNVERIFIED (1u << 0)
#define RECORDING_CONTENT_TAMPERED   (1u << 1)
#define RECORDING_CONTENT_VOUCHED    (1u << 2)
#define RECORDING_CONTENT_FLAGS      ((1u << 3) - 1)

/* recording_contents.flags */
#define RECORDING_FIRST_OF_IMAGE (1u << 0)
#define RECORDING_OF_IMAGE       (1u << 1) /* the event again, when its image's packages were known: all else was told */

/* struct content of detect/detect.h; kinds are enum digest_kind. */
struct recording_content {
	__u8 digest_kind, expected_kind, packaged, flags;
	__u8 digest[64], expected[64];
};

struct recording_writer {
	__u64 start, session, time;
	__u32 pid; /* 0: not known */
	__u32 pad;
};

/* First of the program, or of what changed; then of the script. */
struct recording_contents {
	struct recording_writer writer[2];
	struct recording_content content[2];
	__u32 script_source; /* enum script_source */
	__u32 flags;         /* RECORDING_FIRST_OF_IMAGE, RECORDING_OF_IMAGE */
	__u32 texts[CONTENTS_TEXTS];
};

/* texts of RECORDING_COVERAGE */
enum {
	COVERAGE_TEXT_RULE, /* "coverage.hook" */
	COVERAGE_TEXT_KIND,
	COVERAGE_TEXT_MESSAGE,
	COVERAGE_TEXTS,
};

struct recording_coverage {
	__u64 container; /* 0: of the host */
	__u64 time;      /* CLOCK_BOOTTIME, ns */
	__s64 boot_offset;
	__u32 texts[COVERAGE_TEXTS];
	__u32 pad;
};

struct recording_end {
	__u64 container;
};

struct recording_lost {
	__u64 frames;
};

_Static_assert(sizeof(struct recording_head) == 88, "no hole");
_Static_assert(sizeof(struct recording_container) == 24 + 4 * (3 + CONTAINER_TEXTS), "no hole");
_Static_assert(sizeof(struct recording_more) == 4 * (4 + MORE_TEXTS), "no hole");
_Static_assert(sizeof(struct recording_event) == 16 + 2 * 80 + 12 + 4 * (EVENT_TEXTS + 1), "no hole");
_Static_assert(sizeof(struct recording_contents) == 2 * 32 + 2 * 132 + 8 + 4 * CONTENTS_TEXTS, "no hole");
_Static_assert(sizeof(struct recording_coverage) == 24 + 4 * (COVERAGE_TEXTS + 1), "no hole");

#endif
