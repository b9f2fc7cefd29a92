// SPDX-License-Identifier: Apache-2.0
#include "cmd/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

#define ROWS_MAX 32
#define HELP_KEY 1000

static void help_print(const struct option_table *table)
{
	(void)printf("Usage: %s\n\n%s\n\n", table->usage, table->about);
	for (size_t i = 0; i < table->count; i++) {
		const struct option_row *row = &table->rows[i];
		char left[64];

		(void)snprintf(left, sizeof(left), "%c%c%s --%s%s%s", row->letter ? '-' : ' ', row->letter ?: ' ',
			       row->letter ? "," : " ", row->name, row->argument ? " " : "", row->argument ?: "");
		(void)printf("  %-30s %s\n", left, row->help);
	}
	(void)printf("  %-30s %s\n", "-h, --help", "show this and exit");
}

static int value_set(const struct option_row *row, const char *value)
{
	struct option_list *list = row->value;

	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)row->value = true;
		return 0;
	case OPTION_STRING:
		*(const char **)row->value = value;
		return 0;
	case OPTION_LIST:
		break;
	}
	if (list->count == LIST_MAX) {
		log_error("--%s may be given %d times at most", row->name, LIST_MAX);
		return -EINVAL;
	}
	list->items[list->count++] = value;
	return 0;
}

/* getopt_long leaves a short option's letter in optopt; of a long one the whole word stands before optind. */
static void option_complain(char **argv, bool missing)
{
	bool is_short = optopt > 0 && optopt < HELP_KEY && strncmp(argv[optind - 1], "--", 2) != 0;
	char letter[3] = { '-', (char)optopt, '\0' };

	log_error("%s: %s %s: try plimsoll %s --help", argv[0],
		  missing ? "an argument is missing for" : "there is no option", is_short ? letter : argv[optind - 1],
		  argv[0]);
}

int options_parse(const struct option_table *table, int argc, char **argv, int *ret_first)
{
	struct option longs[ROWS_MAX + 2] = { { "help", no_argument, NULL, HELP_KEY } };
	char shorts[2 * ROWS_MAX + 4] = ":h"; /* the colon: getopt says nothing itself */
	size_t length = 2;
	int key;

	for (size_t i = 0; i < table->count && i < ROWS_MAX; i++) {
		const struct option_row *row = &table->rows[i];

		longs[i + 1] = (struct option){ row->name, row->argument ? required_argument : no_argument, NULL,
						HELP_KEY + 1 + (int)i };
		if (row->letter)
			length += (size_t)sprintf(shorts + length, "%c%s", row->letter, row->argument ? ":" : "");
	}
	optind = 0; /* glibc: begin anew, with this argv */
	while ((key = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct option_row *row = NULL;

		if (key == 'h' || key == HELP_KEY) {
			help_print(table);
			return 1;
		}
		for (size_t i = 0; i < table->count; i++)
			if (key == HELP_KEY + 1 + (int)i || (table->rows[i].letter && key == table->rows[i].letter))
				row = &table->rows[i];
		if (!row) {
			option_complain(argv, key == ':');
			return -EINVAL;
		}
		if (value_set(row, optarg) < 0)
			return -EINVAL;
	}
	*ret_first = optind;
	return 0;
}
