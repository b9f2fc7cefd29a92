/* SPDX-License-Identifier: Apache-2.0 */
/* Options as a table, which also prints the help. */
#ifndef PLM_CMD_OPTIONS_H
#define PLM_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#define LIST_MAX 16 /* of a repeatable option */

/* Values of a repeatable option; the last is NULL, so that items is a list for others. */
struct option_list {
	const char *items[LIST_MAX + 1];
	size_t count;
};

enum option_kind { OPTION_FLAG, OPTION_STRING, OPTION_LIST };

struct option_row {
	const char *name;
	char letter; /* 0 none */
	enum option_kind kind;
	void *value;          /* bool *, const char **, struct option_list * */
	const char *argument; /* "FILE"; NULL for a flag */
	const char *help;
};

struct option_table {
	const char *usage; /* "plimsoll ps [options]" */
	const char *about; /* a sentence or two */
	const struct option_row *rows;
	size_t count;
};

/*
 * Parses. 0: *ret_first is the index of the first argument that is none of an option. 1: --help was asked for, and
 * printed. -EINVAL: a bad option; one line said so.
 */
int options_parse(const struct option_table *table, int argc, char **argv, int *ret_first);

#endif
