// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "inventory/source.h"

/* Types whose parts have no case, and are written in lower case (PURL-TYPES.rst). */
static const struct lowered {
	const char *type;
	bool namespace, name;
} lowered[] = {
	{ "apk", true, true },  { "deb", true, true },  { "golang", true, true },
	{ "pypi", true, true }, { "rpm", true, false },
};

/* What is written, as far as there is room. */
struct text {
	char *at, *end; /* the NUL goes to `end` at the latest */
	bool is_cut;
};

static void put(struct text *text, char byte)
{
	if (text->at < text->end)
		*text->at++ = byte;
	else
		text->is_cut = true;
}

static void put_string(struct text *text, const char *string)
{
	while (*string)
		put(text, *string++);
}

/* Percent-encoded but for letters, digits, ".-_~", ":" and, in a namespace, the slashes between its segments. */
static void put_encoded(struct text *text, const char *string, const char *others, bool lower)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *string; string++) {
		unsigned char byte = (unsigned char)*string;
		bool is_upper = byte >= 'A' && byte <= 'Z';

		if (is_upper || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || strchr(others, byte)) {
			put(text, is_upper && lower ? (char)(byte | 0x20) : (char)byte);
			continue;
		}
		put(text, '%');
		put(text, digits[byte >> 4]);
		put(text, digits[byte & 0xf]);
	}
}

static void put_qualifiers(struct text *text, const char *const qualifiers[4][2])
{
	char before = '?';

	for (size_t i = 0; i < 4 && qualifiers[i][0]; i++) {
		if (!qualifiers[i][1] || !*qualifiers[i][1])
			continue;
		put(text, before);
		before = '&';
		put_string(text, qualifiers[i][0]);
		put(text, '=');
		put_encoded(text, qualifiers[i][1], ".-_~:", false);
	}
}

int purl_format(const struct purl *purl, char *room, size_t size)
{
	struct text text = { .at = room, .end = room + (size ? size - 1 : 0) };
	struct lowered lower = { .type = purl->type };

	if (size == 0)
		return -ENAMETOOLONG;
	for (size_t i = 0; i < ARRAY_SIZE(lowered); i++)
		if (strcmp(lowered[i].type, purl->type) == 0)
			lower = lowered[i];
	put_string(&text, "pkg:");
	put_string(&text, purl->type);
	put(&text, '/');
	if (purl->namespace && *purl->namespace) {
		put_encoded(&text, purl->namespace, ".-_~:/", lower.namespace);
		put(&text, '/');
	}
	put_encoded(&text, purl->name, ".-_~:", lower.name);
	if (purl->version && *purl->version) {
		put(&text, '@');
		put_encoded(&text, purl->version, ".-_~:", false);
	}
	put_qualifiers(&text, purl->qualifiers);
	*text.at = '\0';
	return text.is_cut ? -ENAMETOOLONG : 0;
}

const char *purl_distro(const struct inventory_system *system, char room[static BUILDER_STRING_MAX])
{
	if (!system->id || !system->version)
		return system->id;
	(void)snprintf(room, BUILDER_STRING_MAX, "%s-%s", system->id, system->version);
	return room;
}

/* Of "name" or "name version": "name", "name@version". */
static const char *upstream_of(const struct inventory_package *package, char room[static BUILDER_STRING_MAX])
{
	char *blank;

	if (!package->origin || strcmp(package->origin, package->name) == 0)
		return NULL;
	(void)snprintf(room, BUILDER_STRING_MAX, "%s", package->origin);
	blank = strchr(room, ' ');
	if (blank)
		*blank = '@';
	return room;
}

int purl_of_package(const struct inventory_system *system, const struct inventory_package *package, char *room,
		    size_t size)
{
	char distro[BUILDER_STRING_MAX], upstream[BUILDER_STRING_MAX];
	const struct purl purl = {
		.type = package_type_name(package->type),
		.namespace = system->id,
		.name = package->name,
		.version = package->version,
		.qualifiers = { { "arch", package->architecture },
				{ "distro", purl_distro(system, distro) },
				{ "upstream", upstream_of(package, upstream) } },
	};

	return purl_format(&purl, room, size);
}
