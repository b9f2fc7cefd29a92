/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kinds of package databases, a row each: one file a format, and the table in sources.c that lists them. All of this
 * runs in the child without privileges (reader.h).
 *
 * What is damaged is told (builder_note) and what can be read of it is taken; a source never ends another. Every reader of
 * text is also a function on its own (text in, calls out), for its tests and its fuzzer.
 */
#ifndef PLM_INVENTORY_SOURCE_H
#define PLM_INVENTORY_SOURCE_H

#include "inventory/builder.h"
#include "inventory/tree.h"

/* What a source sees with. */
struct source_context {
	struct tree *tree;
	struct builder *builder;
	struct inventory_system system; /* of os-release; strings may be NULL: for package URLs */
};

struct source {
	const char *name; /* "dpkg": also builder_note's */

	/* Reads the databases that have a place of their own, before the walk; NULL: there are none. 0, or -ENOMEM: all else
	 * is told in notes. */
	int (*read)(const struct source_context *context);

	/* Is given every entry of the walk, files of packages too; NULL: none. As read. Most entries are none of its
	 * business: it looks at the name, and opens only what it must. */
	int (*entry)(const struct source_context *context, void *state, const struct tree_entry *entry);

	/* What it remembers from entry to entry; both NULL: nothing, and `state` is NULL. 0 or -ENOMEM. */
	int (*begin)(void **ret_state);
	void (*end)(void *state);
};

#define SOURCES_MAX 16

extern const struct source source_dpkg, source_apk, source_rpm, source_python, source_npm, source_golang;

/* The table, distribution's own types first. */
extern const struct source *const sources[];
extern const size_t source_count;

/* /etc/os-release, else /usr/lib/os-release (os-release(5)): what is not there stays NULL. Owned strings, for
 * os_release_clear. 0 or -ENOMEM. */
struct os_release {
	char *id, *version, *name;
};
int os_release_read(struct tree *tree, struct os_release *ret_release);
void os_release_clear(struct os_release *release);

/*
 * A package URL (github.com/package-url/purl-spec, PURL-SPECIFICATION.rst and PURL-TYPES.rst) into `room`:
 * "pkg:deb/debian/curl@7.50.3-1?arch=i386". Each part is percent-encoded; NULL parts are left out. `room` is filled up to
 * its size; 0 or -ENAMETOOLONG.
 */
struct purl {
	const char *type, *namespace, *name, *version;
	/* Key and value, in order of key; a NULL key ends them, a NULL value leaves one out. */
	const char *qualifiers[4][2];
};
int purl_format(const struct purl *purl, char *room, size_t size);

/* The qualifier `distro` of a system: "debian-12", or its name alone; NULL: unknown. It may be written to `room`. */
const char *purl_distro(const struct inventory_system *system, char room[static BUILDER_STRING_MAX]);

/* Of a distribution's own package: namespace and `distro` are the system's, as far as they are known, and `upstream` is its
 * origin where that is another than its name. As purl_format. */
int purl_of_package(const struct inventory_system *system, const struct inventory_package *package, char *room,
		    size_t size);

#endif
