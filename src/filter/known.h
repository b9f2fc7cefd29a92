/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of an alert by their names: for who mistypes one. */
#ifndef PLM_FILTER_KNOWN_H
#define PLM_FILTER_KNOWN_H

#include <stdbool.h>

/* Is it a field of an alert, or an object that has some ("process")? All below plimsoll.raw is. */
bool known_field(const char *path);

/* The field that is nearest to it by its letters, or whose last names it is ("pid"); NULL: none is. */
const char *known_nearest(const char *path);

#endif
