/* SPDX-License-Identifier: Apache-2.0 */
/* What npm, yarn and pnpm leave of a package, as text: its package.json (docs.npmjs.com, "package.json"). */
#ifndef PLM_INVENTORY_NPM_H
#define PLM_INVENTORY_NPM_H

#include <stdbool.h>
#include <stddef.h>

#define NPM_JSON_MAX    (1u << 20)
#define NPM_LICENSE_MAX 1024 /* bytes of several licences, with the NUL; further ones are left out */

/* NULL where it says none, or what is no text. */
struct npm_package {
	const char *name, *version, *license;
};

/* Calls once, with strings that are valid during the call: its answer; -EBADMSG: no object of JSON. */
int npm_package(const char *text, size_t size, int (*call)(const struct npm_package *package, void *data), void *data);

/* The name under which a package is installed at that path, which lies in it: "@a/b" of "/x/node_modules/@a/b". NULL: none
 * is ("node_modules/.bin", "node_modules/@a", all else). */
const char *npm_installed_name(const char *path);

#endif
