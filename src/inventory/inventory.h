/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an image holds: its packages, the files that they own with the digests that their databases give, the executables
 * and libraries that no package owns, the base distribution, and what could not be read. Made once by a child without
 * privileges (reader.h) from the image's own, hostile, files; kept as one blob (blob.h) that is checked whole when it is
 * opened and then looked things up in where it lies, mapped: an inventory of 50,000 files costs its reader the pages that
 * are touched, not a copy.
 *
 * Paths are the image's: absolute, clean, and canonical up to their last component ("/usr/bin/ls" where /bin is a link
 * to usr/bin), as the kernel's walk gives them. Strings belong to the inventory; NULL where unknown.
 */
#ifndef PLM_INVENTORY_INVENTORY_H
#define PLM_INVENTORY_INVENTORY_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "digest/digest.h"

/* Written to disk: numbers stay. */
enum package_type {
	PACKAGE_UNKNOWN = 0,
	PACKAGE_DEB = 1,
	PACKAGE_APK = 2,
	PACKAGE_RPM = 3,
	PACKAGE_PYPI = 4,
	PACKAGE_NPM = 5,
	PACKAGE_GOLANG = 6,
	PACKAGE_TYPES,
};

/* As package URLs have it: "deb", "pypi", ...; "unknown". */
const char *package_type_name(enum package_type type);

struct inventory_package {
	enum package_type type;
	const char *name;         /* never NULL */
	const char *version;      /* whole: epoch and revision with it, as the type's own tools show it */
	const char *architecture; /* as its database has it: "amd64", "x86_64", "noarch", "all" */
	const char *origin;       /* source package: name, or "name version" where that differs */
	const char *license;
	const char *purl;     /* package URL */
	const char *location; /* the file that told of it: "/var/lib/dpkg/status", ".../METADATA", the Go binary */
	uint32_t files;       /* that it owns */
};

/* inventory_file.flags; written to disk. */
#define INVENTORY_FILE_CONFIG (1u << 0) /* meant to be changed: a conffile, %config */
#define INVENTORY_FILE_GHOST  (1u << 1) /* owned, but need not be there (%ghost), or diverted away */

/* What --verify found of it; written to disk. */
enum inventory_verified {
	VERIFIED_NOT = 0, /* not looked at, or its database gives no digest */
	VERIFIED_SAME,
	VERIFIED_DIFFERS,
	VERIFIED_MISSING, /* or no regular file (any more) */
	VERIFIED_UNREADABLE,
	VERIFIED_STATES,
};

struct inventory_file {
	uint32_t package; /* number; where several own it, the one of the distribution's own type first */
	uint32_t flags;
	enum inventory_verified verified;
	struct digest digest; /* kind NONE: the database gives none */
};

/* Something that was there and could not be read, or not whole. */
struct inventory_note {
	const char *source; /* "dpkg", "rpm", ...: a row of source.h; "walk" */
	const char *path;   /* may be NULL */
	const char *reason; /* "its entry 3 is cut short" */
};

struct inventory_system {
	const char *id, *version, *name; /* os-release: ID, VERSION_ID, PRETTY_NAME */
};

struct inventory;

/*
 * Maps the blob of a descriptor, which it does not keep, and checks every number and offset in it: what it answers later is
 * safe whoever wrote the blob, as long as nobody writes to that file any more.
 * 0; -EBADMSG: damaged, or no inventory; -EPROTONOSUPPORT: another format version; -EFBIG: above INVENTORY_BLOB_MAX;
 * -ENOMEM; or the errno of mapping.
 */
#define INVENTORY_BLOB_MAX (256u << 20)
int inventory_open(int fd, struct inventory **ret_inventory);
void inventory_free(struct inventory *inventory); /* takes NULL */
DEFINE_CLEANUP(struct inventory *, inventory_free)
#define _cleanup_inventory_ _cleanup_(inventory_freep)

struct inventory_system inventory_system(const struct inventory *inventory);

/* By number, from 0 to the count; in order of type, name, version, architecture and location. */
size_t inventory_package_count(const struct inventory *inventory);
struct inventory_package inventory_package(const struct inventory *inventory, size_t number);

/* By number; in order of directory and name. */
size_t inventory_file_count(const struct inventory *inventory);
struct inventory_file inventory_file(const struct inventory *inventory, size_t number, char ret_path[static PATH_MAX]);

/* The file of that path: 0, or -ENOENT: no package owns it. */
int inventory_find(const struct inventory *inventory, const char *path, struct inventory_file *ret_file);

/* A path with that content, a package's file or one that no package owns: 0, or -ENOENT: none, or none of that kind of digest
 * is known. */
int inventory_find_digest(const struct inventory *inventory, const struct digest *digest,
			  char ret_path[static PATH_MAX]);

/* The kind of digest that most packages' files have; NONE: none has any. */
enum digest_kind inventory_digest_kind(const struct inventory *inventory);

/* Executables and libraries (an execute bit, or begins as ELF) that no package owns, in order. */
size_t inventory_unpackaged_count(const struct inventory *inventory);
void inventory_unpackaged(const struct inventory *inventory, size_t number, char ret_path[static PATH_MAX]);

size_t inventory_note_count(const struct inventory *inventory);
struct inventory_note inventory_note(const struct inventory *inventory, size_t number);

#endif
