/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `go build` leaves in a program: the compiler's version and the modules it was made of (Go's debug/buildinfo and
 * runtime/debug.BuildInfo): section .go.buildinfo with "\xff Go buildinf:", the size of a pointer and flags, then, from Go 1.18
 * on, the two texts, each behind its length (a varint); before, pointers to Go strings.
 */
#ifndef PLM_INVENTORY_BUILDINFO_H
#define PLM_INVENTORY_BUILDINFO_H

#include "inventory/tree.h"

#define BUILDINFO_TEXT_MAX    (4u << 20)
#define BUILDINFO_MODULES_MAX 16384

struct buildinfo {
	char *version; /* "go1.19.8"; owned */
	char *modules; /* lines; owned, and changed by buildinfo_modules */
};

void buildinfo_clear(struct buildinfo *info);

/* 0; -ENOENT: it has none; -ENOMEM; or the errno of reading. */
int buildinfo_read(const struct tree_file *file, struct buildinfo *ret_info);

/* Each module, the main one first; of one that is replaced, what it is replaced by. Until `call` gives something else than 0. */
int buildinfo_modules(char *text, int (*call)(const char *path, const char *version, void *data), void *data);

#endif
