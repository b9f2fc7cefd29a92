/* SPDX-License-Identifier: Apache-2.0 */
/* Debian's control files (deb822(5)): paragraphs of fields, with an empty line between them. */
#ifndef PLM_INVENTORY_DEB822_H
#define PLM_INVENTORY_DEB822_H

#include <stdbool.h>

#include "inventory/lines.h"

/*
 * The next paragraph: in `ret_values` what its fields of these `names` (any case) say, NULL where it has none of that
 * name; in *ret_line the line at which it begins. A value lies in the text, without blanks around it; its further
 * lines are as they are, each behind a newline, which may be its first byte. A field that comes twice counts once.
 * False: there is none.
 */
bool deb822_next(struct lines *lines, const char *const *names, size_t count, char **ret_values, size_t *ret_line);

#endif
