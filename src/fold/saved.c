// SPDX-License-Identifier: Apache-2.0
#include "fold/saved.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

#define VERSION 1

/* Behind it `marks` numbers of 8 bytes, and `directory` bytes, the last of them NUL. */
struct packed {
	uint32_t version;
	uint32_t told, held; /* enum severity */
	uint32_t directories;
	uint64_t id;
	uint64_t end;
	uint64_t count;
	uint64_t first_seen, last_seen;
	uint64_t storm_end;
	uint64_t mark_count;
	uint32_t marks;
	uint32_t directory; /* 0: none */
};

static const struct {
	const char *name;
	uint64_t length, longest; /* as it begins; as long as it can be put off */
	size_t slots;
	bool named; /* by its subject or directory */
} kinds[] = {
	[WINDOW_SUBJECT] = { "subject", FOLD_WINDOW, FOLD_WINDOW, 0, true },
	[WINDOW_DIRECTORY] = { "directory", FOLD_WINDOW, FOLD_WINDOW, WINDOW_SUBJECTS_MAX, true },
	[WINDOW_SETUP] = { "setup", FOLD_SETUP_WINDOW, FOLD_SETUP_WINDOW, WINDOW_SUBJECTS_MAX, false },
	[WINDOW_RATE] = { "rate", FOLD_STORM_WINDOW, FOLD_WINDOW, FOLD_STORM_LIMIT, false },
};

int saved_key(const struct window *window, char **ret_key)
{
	char *key;

	if (asprintf(&key, "%s %s %s", kinds[window->kind].name, rule_info(window->rule)->id, window->name) < 0)
		return -ENOMEM;
	*ret_key = key;
	return 0;
}

/* A rate's marks are a ring, of which any place may be filled. */
static size_t marks_used(const struct window *window)
{
	return window->kind == WINDOW_RATE ? FOLD_STORM_LIMIT : window->mark_count;
}

int saved_pack(const struct window *window, void **ret_blob, size_t *ret_size)
{
	const struct packed packed = {
		.version = VERSION,
		.told = window->told,
		.held = window->held,
		.directories = window->directories,
		.id = window->id,
		.end = window->end,
		.count = window->count,
		.first_seen = window->first_seen,
		.last_seen = window->last_seen,
		.storm_end = window->storm_end,
		.mark_count = window->mark_count,
		.marks = (uint32_t)marks_used(window),
		.directory = window->directory ? (uint32_t)strlen(window->directory) + 1 : 0,
	};
	size_t marks = packed.marks * sizeof(uint64_t);
	char *blob = malloc(sizeof(packed) + marks + packed.directory);

	if (!blob)
		return -ENOMEM;
	memcpy(blob, &packed, sizeof(packed));
	if (marks > 0)
		memcpy(blob + sizeof(packed), window->marks, marks);
	if (window->directory)
		memcpy(blob + sizeof(packed) + marks, window->directory, packed.directory);
	*ret_blob = blob;
	*ret_size = sizeof(packed) + marks + packed.directory;
	return 0;
}

/* The word that `key` begins with, copied; what is behind it and its space, or NULL. */
static const char *word_take(const char *key, char *word, size_t size)
{
	const char *space = strchr(key, ' ');

	if (!space || (size_t)(space - key) >= size)
		return NULL;
	memcpy(word, key, (size_t)(space - key));
	word[space - key] = '\0';
	return space + 1;
}

static int kind_from_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return (int)i;
	return -ENOENT;
}

static int key_read(const char *key, struct saved_window *saved)
{
	char word[64];
	const char *rest = word_take(key, word, sizeof(word));
	int kind = rest ? kind_from_name(word) : -ENOENT, rule;

	rest = rest ? word_take(rest, word, sizeof(word)) : NULL;
	rule = rest ? rule_from_id(word) : -ENOENT;
	if (kind < 0 || rule < 0)
		return -EBADMSG;
	if ((!kinds[kind].named && rest[0] != '\0') || (kind == WINDOW_DIRECTORY && rest[0] != '/'))
		return -EBADMSG;
	saved->window.kind = (enum window_kind)kind;
	saved->window.rule = (enum rule)rule;
	saved->window.name = (char *)rest;
	saved->window.length = kinds[kind].length;
	saved->slots = kinds[kind].slots;
	return 0;
}

static bool numbers_sane(const struct packed *packed, enum window_kind kind, uint64_t now)
{
	bool rate = kind == WINDOW_RATE;

	if (packed->version != VERSION || packed->told >= SEVERITIES || packed->held >= SEVERITIES)
		return false;
	if (packed->id >= SAVED_ID_MAX || (packed->id == 0) != rate)
		return false;
	if (packed->end > now + kinds[kind].longest || packed->storm_end > (rate ? now + FOLD_WINDOW : 0))
		return false;
	if (packed->first_seen > now || packed->last_seen > now || packed->marks > kinds[kind].slots)
		return false;
	return rate ? packed->marks == FOLD_STORM_LIMIT : packed->mark_count == packed->marks;
}

static bool directory_sane(const char *directory, size_t size)
{
	return directory[0] == '/' && memchr(directory, '\0', size) == directory + size - 1;
}

int saved_unpack(const struct fold_saved *saved, uint64_t now, struct saved_window *ret_saved)
{
	struct window *window = &ret_saved->window;
	const char *behind = (const char *)saved->blob + sizeof(struct packed);
	struct packed packed;

	memset(window, 0, sizeof(*window));
	memset(ret_saved->marks, 0, sizeof(ret_saved->marks));
	if (key_read(saved->key, ret_saved) < 0 || saved->size < sizeof(packed))
		return -EBADMSG;
	memcpy(&packed, saved->blob, sizeof(packed));
	if (!numbers_sane(&packed, window->kind, now) || packed.directory > sizeof(ret_saved->directory) ||
	    saved->size != sizeof(packed) + packed.marks * sizeof(uint64_t) + packed.directory)
		return -EBADMSG;
	memcpy(ret_saved->marks, behind, packed.marks * sizeof(uint64_t));
	behind += packed.marks * sizeof(uint64_t);
	if (packed.directory > 0) {
		if (window->kind != WINDOW_SETUP || !directory_sane(behind, packed.directory))
			return -EBADMSG;
		window->directory = memcpy(ret_saved->directory, behind, packed.directory);
	}
	window->container = saved->container;
	window->told = (enum severity)packed.told;
	window->held = (enum severity)packed.held;
	window->directories = packed.directories;
	window->id = packed.id;
	window->end = packed.end;
	window->count = packed.count;
	window->first_seen = packed.first_seen;
	window->last_seen = packed.last_seen;
	window->storm_end = packed.storm_end;
	window->mark_count = packed.mark_count;
	return 0;
}
