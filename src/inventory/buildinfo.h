/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `go build` leaves in a program: the compiler's version, and the modules that it is made of (Go's debug/buildinfo, and
 * runtime/debug.BuildInfo). Section .go.buildinfo, or in a program without sections somewhere at the beginning of its data,
 * has "\xff Go buildinf:", the size of a pointer and flags, and behind these 16 bytes, which lie at a multiple of 16:
 * from Go 1.18 on, from the 32nd byte, the two texts, each behind its length (a varint); before, two pointers to Go strings.
 */
#ifndef PLM_INVENTORY_BUILDINFO_H
#define PLM_INVENTORY_BUILDINFO_H

#include "inventory/tree.h"

#define BUILDINFO_TEXT_MAX    (4u << 20)
#define BUILDINFO_MODULES_MAX 16384
#define BUILDINFO_SEARCH_MAX  65536 /* bytes that it is looked for in */

struct buildinfo {
	char *version; /* "go1.19.8"; owned */
	char *modules; /* lines; owned */
};

void buildinfo_clear(struct buildinfo *info);
#define _cleanup_buildinfo_ _cleanup_(buildinfo_clear)

/* 0; -ENOEXEC: not made by Go, as far as can be told; -EBADMSG: it is, and what it says is damaged, or beyond the bound;
 * -ENOMEM; or the errno of reading. */
int buildinfo_read(const struct tree_file *file, struct buildinfo *ret_info);

/*
 * Each module of the text, which is changed, the main one first, until `call` gives something else than 0, which is then the
 * answer. Of one that is replaced, what it is replaced by; where that is a directory, the module itself in version "(devel)".
 * 0; -EBADMSG: lines are damaged, and were passed over; -E2BIG: BUILDINFO_MODULES_MAX.
 */
int buildinfo_modules(char *text, int (*call)(const char *path, const char *version, void *data), void *data);

#endif
