/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dpkg's database, as text: /var/lib/dpkg/status and the files beside it (dpkg(1), dpkg-query(1), dpkg-divert(1),
 * deb-md5sums(5), deb-conffiles(5)). Every reader takes what it can and tells lines_bad of the rest; texts are
 * changed, and must outlive what is given of them. 0, -ENOMEM, or what a call answered, which ends it.
 */
#ifndef PLM_INVENTORY_DPKG_H
#define PLM_INVENTORY_DPKG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inventory/lines.h"

/* ---- status ---- */

struct dpkg_package {
	const char *name;         /* letters, digits and "+-._", the first a letter or digit: never a path */
	const char *version;      /* NULL: none, which is damage */
	const char *architecture; /* likewise letters, digits and "-"; NULL: none */
	const char *source;       /* source package; the package's own name where it says none */
	const char *source_version;
	bool is_same;    /* Multi-Arch: same: its files in info/ are NAME:ARCHITECTURE's */
	char *conffiles; /* for dpkg_conffiles; NULL: none */
};

/*
 * Packages are all that may have files there: every state but not-installed and config-files (removed, not purged:
 * what is left is no package any more, and nobody's; `dpkg-query -W` lists such ones nevertheless). In a file of
 * status.d, which has no states (`has_states` false), every entry is one.
 */
int dpkg_status(struct lines *lines, bool has_states, int (*call)(const struct dpkg_package *package, void *data),
		void *data);

/* ---- what a package's files have for digests ---- */

struct dpkg_sum {
	const char *path; /* absolute; else as found: not clean */
	const char *md5;  /* 32 hex digits; NULL: none */
	uint32_t flags;   /* INVENTORY_FILE_CONFIG */
	size_t line;
};

struct dpkg_sums {
	struct dpkg_sum *sums;
	size_t count, capacity;
	size_t next; /* behind the one that was found last: lists are in nearly the same order */
};

int dpkg_conffiles(struct lines *lines, struct dpkg_sums *sums);
int dpkg_md5sums(struct lines *lines, struct dpkg_sums *sums);

/* In order, for dpkg_sums_find: of two of one path a conffile's is the one, dpkg keeps that up to date. */
void dpkg_sums_sort(struct dpkg_sums *sums);
const struct dpkg_sum *dpkg_sums_find(struct dpkg_sums *sums, const char *path);
void dpkg_sums_clear(struct dpkg_sums *sums);

/* ---- info/NAME.list ---- */

/*
 * Every path, as found, with its checksum or NULL, but directories: what another path is below. One that is empty
 * cannot be told from a file without a checksum, and is given. Where `call` answers -EINVAL the line is bad, and it
 * goes on.
 */
int dpkg_list(struct lines *lines, struct dpkg_sums *sums,
	      int (*call)(const char *path, const struct dpkg_sum *sum, void *data), void *data);

/* ---- diversions ---- */

struct dpkg_diversion {
	const char *from, *to;
	const char *package; /* whose file stays at `from`; ":": nobody's */
};

struct dpkg_diversions {
	struct dpkg_diversion *diversions;
	size_t count, capacity;
};

int dpkg_diversions(struct lines *lines, struct dpkg_diversions *diversions); /* in order, for dpkg_diverted */
void dpkg_diversions_clear(struct dpkg_diversions *diversions);

/* Where a package's file of that path is instead, or NULL: there. */
const char *dpkg_diverted(const struct dpkg_diversions *diversions, const char *package, const char *path);

#endif
