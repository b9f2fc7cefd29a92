/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What there is to show of an alert, chosen once for all formats: an alert has the finding, the event and the
 * facts, and each can know the same thing better than the others.
 */
#ifndef PLM_OUTPUT_VIEW_H
#define PLM_OUTPUT_VIEW_H

#include <stdbool.h>

#include "output/alert.h"

#define ENTITY_SIZE   27 /* of an entity_id, with its NUL */
#define TRUNCATED_MAX 8

/* Pointers into the alert, or to constants; NULL (or 0) where unknown. */
struct alert_view {
	const struct rule_info *rule;
	const char *category, *type; /* words with spaces between */
	const struct plm_task *task; /* NULL where nobody acts */
	const char *name;            /* of the process: not terminated */
	size_t name_size;
	const char *executable, *parent_executable;
	const char *path;
	const struct plm_file *file; /* never one without an inode */
	const struct content *content;
	const struct writer *writer;
	const char *layer, *cause, *backend;
	const struct plm_creds *before; /* where the event changed ids or capabilities */
	bool capabilities_changed;
	struct alert_ancestor ancestors[PLM_ANCESTORS];
	size_t ancestor_count;
	const char *truncated[TRUNCATED_MAX]; /* names of fields */
	size_t truncated_count;
};

void view_alert(const struct alert *alert, struct alert_view *ret_view);

/* "PID-START", both in hex: what process.entity_id and plimsoll.ancestors name a process by. */
void view_entity(uint32_t pid, uint64_t start, char ret_text[static ENTITY_SIZE]);

/* What stands behind the last slash; the whole where that is nothing. */
const char *view_base(const char *path);

#endif
