/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The licence of a Debian package, of its machine-readable copyright file:
 * www.debian.org/doc/packaging-manuals/copyright-format/1.0
 */
#ifndef PLM_INVENTORY_COPYRIGHT_H
#define PLM_INVENTORY_COPYRIGHT_H

#include <stdbool.h>

#include "inventory/lines.h"

#define COPYRIGHT_NAMES_MAX 64   /* licences of one file; further ones are left out */
#define COPYRIGHT_TEXT_MAX  1024 /* bytes of what it says, with the NUL; likewise */

/*
 * The short names of the licences of the whole (first paragraph) and of its Files paragraphs, each once, in order, as
 * one expression of that format: "GPL-2+ and Expat", or with a comma before "and" where one of them is an alternative
 * itself ("GPL-1+ or Artistic, and Expat"). False: the file is not of that format, or says nothing.
 */
bool copyright_license(struct lines *lines, char ret_license[static COPYRIGHT_TEXT_MAX]);

#endif
