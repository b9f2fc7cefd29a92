/* SPDX-License-Identifier: Apache-2.0 */
/* What the reader and its child share: the command line, and a page on which the child says how far it is. */
#ifndef PLM_INVENTORY_CHILD_H
#define PLM_INVENTORY_CHILD_H

#include <stdatomic.h>
#include <stdint.h>

#include "inventory/reader.h"

#define CHILD_WORDS 120

/* Written by the child alone, and not to be trusted. */
struct child_page {
	atomic_ullong done, total;
	char words
		[CHILD_WORDS]; /* why it gave up: "reading the image: Cannot allocate memory"; not terminated for certain */
	int32_t error;         /* negative errno: why it gave up */
	char image_name[READER_IMAGE_NAME]; /* of an archive's image; not terminated for certain either */
	uint8_t image_id[32];               /* all 0: not known */
};

/* The command's options, in this order; then the directories. "-" for what is not there. */
enum child_argument {
	CHILD_COMMAND,
	CHILD_WHAT, /* enum reader_what */
	CHILD_OUT,  /* descriptors */
	CHILD_PAGE,
	CHILD_FD,
	CHILD_SPOOL,
	CHILD_USERXATTR, /* 0 or 1 */
	CHILD_VERIFY,
	CHILD_SECONDS,
	CHILD_REFERENCE,
	CHILD_HOST_ROOT,
	CHILD_DIRECTORIES,
};

#endif
