/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header of a package as an RPM database keeps it (rpm's docs/manual/format_header.md and hregions.md; no magic in front):
 * number of index entries and of data bytes, then the entries (tag, type, offset, count), then the data; all big endian.
 * What does not fit into the data is not there.
 */
#ifndef PLM_INVENTORY_RPM_HEADER_H
#define PLM_INVENTORY_RPM_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "digest/digest.h"

/* docs/manual/tags.md */
enum rpm_tag {
	RPM_NAME = 1000,
	RPM_VERSION = 1001,
	RPM_RELEASE = 1002,
	RPM_EPOCH = 1003,
	RPM_LICENSE = 1014,
	RPM_ARCH = 1022,
	RPM_FILE_STATES = 1029,
	RPM_FILE_MODES = 1030,
	RPM_FILE_DIGESTS = 1035,
	RPM_FILE_FLAGS = 1037,
	RPM_SOURCE_RPM = 1044,
	RPM_DIR_INDEXES = 1116,
	RPM_BASE_NAMES = 1117,
	RPM_DIR_NAMES = 1118,
	RPM_DIGEST_ALGORITHM = 5011,
};

#define RPM_ENTRIES_MAX     65535 /* rpm's own limit */
#define RPM_DIRECTORIES_MAX 65536 /* of one package */

/* Lies over the blob, which must outlive it. */
struct rpm_header {
	const uint8_t *index, *data;
	uint32_t entries, size;
};

/* 0, or -EBADMSG: its numbers do not fit the blob. */
int rpm_header_open(const void *blob, size_t size, struct rpm_header *ret_header);

/* A string, or the first of several; NULL: there is none. */
const char *rpm_header_string(const struct rpm_header *header, enum rpm_tag tag);

/* The first number of an array. False: there is none. */
bool rpm_header_number(const struct rpm_header *header, enum rpm_tag tag, uint32_t *ret_number);

/* rpmfiles.h: rpmfileAttrs and rpmfileState. */
#define RPM_FILE_CONFIG     (1u << 0)
#define RPM_FILE_MISSING_OK (1u << 3)
#define RPM_FILE_GHOST      (1u << 6)

enum rpm_file_state {
	RPM_FILE_NORMAL = 0,
	RPM_FILE_REPLACED = 1,      /* another package's is there instead */
	RPM_FILE_NOT_INSTALLED = 2, /* documentation, another language: left out */
	RPM_FILE_NET_SHARED = 3,    /* somebody else's to install */
	RPM_FILE_WRONG_COLOR = 4,   /* another package's, of the preferred architecture, is there instead */
};

struct rpm_file {
	const char *directory, *name; /* "/usr/bin/" and "ls": as found, not clean */
	uint32_t mode, flags;
	uint32_t state;       /* enum rpm_file_state; what is unknown is as normal */
	struct digest digest; /* NONE: it gives none, or none of a kind that is known */
};

/*
 * Each of its files, directories too, until `call` gives something else than 0, which is then the answer. 0; -EBADMSG: its
 * lists do not fit each other, or end too soon: what was whole was given; -ENOMEM.
 */
int rpm_header_files(const struct rpm_header *header, int (*call)(const struct rpm_file *file, void *data), void *data);

#endif
