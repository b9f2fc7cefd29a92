/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The blob that an inventory is: what the reader's child writes (builder.c) and everybody else maps (inventory.c), and what
 * the cache keeps. All numbers are little endian, in fixed structs without a hole, in sections that the head names.
 *
 * Strings are offsets into the section of strings, each with its NUL; 0, where an empty one stands, is "absent". A path is a
 * directory's string and a name. Directories are in order of their paths, and the files of each lie together, in order of
 * name, so that one is found with two binary searches. Digests are bytes of their kind's size, at an offset into the section
 * of digests. The index of digests is in order of their first four bytes (big endian).
 */
#ifndef PLM_INVENTORY_BLOB_H
#define PLM_INVENTORY_BLOB_H

#include <stdint.h>

#define BLOB_MAGIC   "PLMINV\n"
#define BLOB_VERSION 1 /* another means that nothing of an older one is read: it is made anew */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "structs are written as they are in memory");

enum blob_section {
	BLOB_STRINGS,     /* bytes; the last is NUL */
	BLOB_DIGESTS,     /* bytes */
	BLOB_PACKAGES,    /* struct blob_package */
	BLOB_DIRECTORIES, /* struct blob_directory */
	BLOB_FILES,       /* struct blob_file: of packages */
	BLOB_UNPACKAGED,  /* struct blob_file: of none; in order of path */
	BLOB_INDEX,       /* struct blob_digest */
	BLOB_NOTES,       /* struct blob_note */
	BLOB_SECTIONS,
};

struct blob_extent {
	uint32_t offset; /* from the beginning; a multiple of 4 */
	uint32_t count;  /* of its structs */
};

struct blob_head {
	char magic[8];
	uint32_t version;
	uint32_t size;        /* of all */
	uint32_t digest_kind; /* enum digest_kind: of most files of packages */
	uint32_t system_id, system_version, system_name;
	struct blob_extent sections[BLOB_SECTIONS];
};

struct blob_package {
	uint32_t type; /* enum package_type */
	uint32_t name, version, architecture, origin, license, purl, location;
	uint32_t files;
};

struct blob_directory {
	uint32_t path;
	uint32_t first, count; /* of its files in BLOB_FILES */
};

#define BLOB_NO_PACKAGE UINT32_MAX

struct blob_file {
	uint32_t directory; /* number */
	uint32_t name;
	uint32_t package; /* number */
	uint16_t flags;
	uint8_t verified;
	uint8_t digest_kind;
	uint32_t digest; /* offset */
};

#define BLOB_INDEX_UNPACKAGED (1u << 31)

struct blob_digest {
	uint32_t first; /* four bytes of the digest */
	uint32_t file;  /* number in BLOB_FILES, or with BLOB_INDEX_UNPACKAGED in that section */
};

struct blob_note {
	uint32_t source, path, reason;
};

#endif
