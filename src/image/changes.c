// SPDX-License-Identifier: Apache-2.0
#include "image/changes.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "detect/subject.h"

#define ROOM_FIRST 32

/* Open addressing; 0 is an empty place. At most three quarters of `room` (a power of two) are taken. */
struct changes {
	uint64_t *hashes;
	size_t room, count;
	bool full;
};

struct changes *changes_new(void)
{
	return calloc(1, sizeof(struct changes));
}

void changes_free(struct changes *changes)
{
	if (changes)
		free(changes->hashes);
	free(changes);
}

/* A path and the tree below it are two things, with two hashes. */
static uint64_t path_hash(const char *path, bool tree)
{
	uint64_t hash = subject_hash_more(subject_hash(path), tree ? "/" : "");

	return hash ? hash : 1;
}

static uint64_t *place_of(uint64_t *hashes, size_t room, uint64_t hash)
{
	size_t i = hash & (room - 1);

	while (hashes[i] && hashes[i] != hash)
		i = (i + 1) & (room - 1);
	return &hashes[i];
}

static bool grow(struct changes *changes)
{
	size_t room = changes->room ? 2 * changes->room : ROOM_FIRST;
	uint64_t *hashes;

	if (4 * (changes->count + 1) <= 3 * changes->room)
		return true;
	hashes = calloc(room, sizeof(*hashes));
	if (!hashes)
		return false;
	for (size_t i = 0; i < changes->room; i++)
		if (changes->hashes[i])
			*place_of(hashes, room, changes->hashes[i]) = changes->hashes[i];
	free(changes->hashes);
	changes->hashes = hashes;
	changes->room = room;
	return true;
}

static void hash_add(struct changes *changes, uint64_t hash)
{
	uint64_t *place;

	if (changes->count >= CHANGES_MAX || !grow(changes)) {
		changes->full = true;
		return;
	}
	place = place_of(changes->hashes, changes->room, hash);
	changes->count += *place == 0;
	*place = hash;
}

void changes_close(struct changes *changes)
{
	changes->full = true;
}

static bool hash_has(const struct changes *changes, uint64_t hash)
{
	return changes->room && *place_of(changes->hashes, changes->room, hash) == hash;
}

void changes_add(struct changes *changes, const char *path, bool tree)
{
	hash_add(changes, path_hash(path, false));
	if (tree)
		hash_add(changes, path_hash(path, true));
}

bool changes_tell(const struct changes *changes, const char *path)
{
	char above[PATH_MAX];
	size_t length = strlen(path);

	if (!changes || length >= sizeof(above))
		return false;
	if (hash_has(changes, path_hash(path, false)))
		return true;
	memcpy(above, path, length + 1);
	for (char *slash; (slash = strrchr(above, '/')) && slash != above;) {
		*slash = '\0';
		if (hash_has(changes, path_hash(above, true)))
			return true;
	}
	return false;
}

bool changes_full(const struct changes *changes)
{
	return changes && changes->full;
}

size_t changes_count(const struct changes *changes)
{
	return changes ? changes->count : 0;
}
