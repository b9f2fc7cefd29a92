/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An inventory as it is shown: for people, or as a document for other programs. All names in it are a stranger's: on the
 * way out they are escaped, for a terminal or for JSON.
 */
#ifndef PLM_REPORT_REPORT_H
#define PLM_REPORT_REPORT_H

#include <stdio.h>

#include "container/container.h"
#include "inventory/inventory.h"

/* What there is to tell. Everything belongs to others. */
struct report {
	const struct inventory *inventory;
	const struct container_facts *facts; /* what is known of the image, and of the container if it is one's; may be
					      * empty */
	const char *path;                    /* of a root directory or an archive; NULL: it is neither */
	size_t layers;                       /* of the image; 0 unknown */
	bool verified;                       /* files were compared with what their packages say */
	bool files;                          /* each that a package owns is to be listed; JSON alone does */
	int64_t time;                        /* realtime, ns */
	uint8_t serial[16];                  /* random bytes: what tells this document from any other */
	size_t width;                        /* characters that a line of the terminal has; 0: it goes to none */
};

struct report_format {
	const char *name; /* of --format */

	/* 0 or -ENOMEM. Whether all was written is left for ferror(3) to say. */
	int (*print)(const struct report *report, FILE *out);
};

/* NULL: there is none of that name. */
const struct report_format *report_format_find(const char *name);

/* Their names, for a message: "table, json, cyclonedx or spdx". */
#define REPORT_FORMATS "table, json, cyclonedx or spdx"

/* Of a file of a package that is not as it was installed, "modified", "removed" or "unreadable"; NULL for any other.
 * What is owned but need not be there counts where it differs only. */
const char *report_change(const struct inventory_file *file);

#endif
