/* SPDX-License-Identifier: Apache-2.0 */
/* Inventories from a line of text. Behind cmocka.h. */
#ifndef PLM_TESTS_INVENTORY_MADE_H
#define PLM_TESTS_INVENTORY_MADE_H

#include <string.h>
#include <sys/mman.h>

#include "inventory/builder.h"

static inline enum package_type made_type(const char *name)
{
	for (int type = 0; type < PACKAGE_TYPES; type++)
		if (strcmp(package_type_name((enum package_type)type), name) == 0)
			return (enum package_type)type;
	fail_msg("no type %s", name);
	return PACKAGE_UNKNOWN;
}

/* A word; "-" is absent. */
static inline const char *made_word(char **at)
{
	const char *text = strsep(at, " ");

	return text && strcmp(text, "-") != 0 ? text : NULL;
}

/* "TYPE NAME VERSION ARCHITECTURE LOCATION [PATH...]": a package, and the files that it owns. */
static inline void made_package(struct builder *builder, char *text)
{
	struct inventory_package package = { 0 };
	struct inventory_file file = { 0 };
	uint32_t number;

	package.type = made_type(made_word(&text));
	package.name = made_word(&text);
	package.version = made_word(&text);
	package.architecture = made_word(&text);
	package.location = made_word(&text);
	assert_int_equal(builder_package(builder, &package, &number), 0);
	while (text)
		assert_int_equal(builder_own(builder, number, made_word(&text), &file), 0);
}

/* What the builder has; ends it. */
static inline struct inventory *inventory_made(struct builder *builder)
{
	struct inventory *inventory = NULL;
	int fd = memfd_create("inventory", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(builder_write(builder, fd), 0);
	builder_free(builder);
	assert_int_equal(inventory_open(fd, &inventory), 0);
	assert_int_equal(close(fd), 0);
	return inventory;
}

/* Packages, with "; " between. */
static inline struct inventory *inventory_of(const char *text)
{
	_cleanup_free_ char *copy = strdup(text);
	struct builder *builder = NULL;
	char *rest = copy, *one;

	assert_non_null(copy);
	assert_int_equal(builder_new(&builder), 0);
	while (*text && (one = strsep(&rest, ";")))
		made_package(builder, one + strspn(one, " "));
	return inventory_made(builder);
}

#endif
