/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header of a package as an RPM database keeps it (rpm's docs/manual/hregions.md and format_header.md; no magic in front):
 * number of index entries and of data bytes, then the entries (tag, type, offset, count), then the data; all big endian.
 */
#ifndef PLM_INVENTORY_RPM_HEADER_H
#define PLM_INVENTORY_RPM_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* rpmtag.h */
enum rpm_tag {
	RPM_NAME = 1000,
	RPM_VERSION = 1001,
	RPM_RELEASE = 1002,
	RPM_EPOCH = 1003,
	RPM_LICENSE = 1014,
	RPM_ARCH = 1022,
	RPM_FILE_MODES = 1030,
	RPM_FILE_DIGESTS = 1035,
	RPM_FILE_FLAGS = 1037,
	RPM_SOURCE = 1044,
	RPM_DIR_INDEXES = 1116,
	RPM_BASE_NAMES = 1117,
	RPM_DIR_NAMES = 1118,
	RPM_DIGEST_ALGORITHM = 5011,
};

#define RPM_ENTRIES_MAX 65536

/* Lies over the blob, which must outlive it. */
struct rpm_header {
	const uint8_t *index, *data;
	uint32_t entries, size;
};

/* 0, or -EBADMSG: its numbers do not fit the blob. */
int rpm_header_open(const void *blob, size_t size, struct rpm_header *ret_header);

/* How many values a tag has; 0: it is not there, or of another type than asked for. */
uint32_t rpm_header_count(const struct rpm_header *header, enum rpm_tag tag);

/* A string, or one of an array of strings; NULL: there is none. To be asked for in order by rpm_strings. */
const char *rpm_header_string(const struct rpm_header *header, enum rpm_tag tag);

/* A number (of 8, 16 or 32 bits) of an array. False: there is none. */
bool rpm_header_number(const struct rpm_header *header, enum rpm_tag tag, uint32_t at, uint32_t *ret_number);

/* An array of strings, one after the other. */
struct rpm_strings {
	const char *at, *end;
	uint32_t left;
};
struct rpm_strings rpm_header_strings(const struct rpm_header *header, enum rpm_tag tag);
const char *rpm_strings_next(struct rpm_strings *strings); /* NULL: there are no more */

#endif
