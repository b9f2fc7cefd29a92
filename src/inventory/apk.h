/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apk's database, as text: lib/apk/db/installed (apk-package(5), and the Alpine wiki's "Apk spec": paragraphs of
 * "X:value").
 */
#ifndef PLM_INVENTORY_APK_H
#define PLM_INVENTORY_APK_H

#include <stdbool.h>

#include "inventory/lines.h"

struct apk_package {
	const char *name;                                      /* no slash in it */
	const char *version, *architecture, *license, *origin; /* NULL: none */
};

struct apk_file {
	const char *directory, *name; /* "usr/bin" ("": the root) and "ls": as found, not clean */
	struct digest digest;         /* NONE: it gives none, or none of a kind that is known */
	bool is_link_perhaps; /* of mode 0777: only then it may be a link, and the digest one of its target's text */
};

/* Each gives 0, or ends the reading. Files belong to the package before them. */
struct apk_calls {
	int (*package)(const struct apk_package *package, void *data);
	int (*file)(const struct apk_file *file, void *data);
};

/* The text is changed, and must outlive what is given of it. 0 or what a call answered. */
int apk_installed(struct lines *lines, const struct apk_calls *calls, void *data);

#endif
