// SPDX-License-Identifier: Apache-2.0
/* What a teller folds, over a restart: windows as rows of the state store. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "tell/internal.h"

#define SAVE_REPEATS 1000000000ull /* ns between two times at which those that were only counted are saved */
#define ROW_VERSION  1

void teller_set_state(struct teller *teller, struct state *state)
{
	teller->state = state;
}

/* A window in the state store: behind this the fold's bytes, the message and the path, the last two with their NUL. */
struct row {
	uint32_t version;
	uint32_t window, message, path; /* bytes; 0: there is none */
};

static uint32_t text_size(const char *text)
{
	return text ? (uint32_t)strlen(text) + 1 : 0;
}

static int row_save(const struct fold_saved *saved, void *data)
{
	struct teller *teller = data;
	const struct kept *kept = saved->attachment;
	const char *path = kept ? kept->path : NULL;
	const struct row row = { ROW_VERSION, (uint32_t)saved->size, text_size(kept ? kept->message : NULL),
				 text_size(path) };
	_cleanup_free_ char *bytes = NULL;
	char *end;

	if (!saved->blob)
		return state_fold_drop(teller->state, saved->container, saved->key);
	bytes = malloc(sizeof(row) + row.window + row.message + row.path);
	if (!bytes)
		return -ENOMEM;
	end = mempcpy(bytes, &row, sizeof(row));
	end = mempcpy(end, saved->blob, row.window);
	end = row.message ? mempcpy(end, kept->message, row.message) : end;
	end = row.path ? mempcpy(end, path, row.path) : end;
	return state_fold_put(teller->state, saved->container, saved->key, bytes, (size_t)(end - bytes));
}

static int save(struct teller *teller, bool all)
{
	if (!teller->state)
		return 0;
	if (fold_next(teller->fold) == 0)
		fold_expire(teller->fold, 0, repeat_tell, teller);
	return fold_changed(teller->fold, all, row_save, teller);
}

int teller_save(struct teller *teller, uint64_t now)
{
	bool all = now >= teller->save_next;
	int r = save(teller, all);

	if (r == 0 && all)
		teller->save_next = now + SAVE_REPEATS;
	return r;
}

int teller_pause(struct teller *teller)
{
	fold_pause(teller->fold, 0, repeat_tell, teller);
	return save(teller, true);
}

struct restoring {
	struct teller *teller;
	uint64_t now;
	int refused;
};

/* One text that ends where it should. */
static bool is_text(const char *text, size_t size)
{
	return size == 0 || memchr(text, '\0', size) == text + size - 1;
}

/* The parts of a row, or -EBADMSG. Without a message there is no path. */
static int row_read(const char *bytes, size_t size, struct fold_saved *saved, const char **ret_message,
		    const char **ret_path)
{
	const char *message, *path;
	struct row row;

	if (size < sizeof(row))
		return -EBADMSG;
	memcpy(&row, bytes, sizeof(row));
	if (row.version != ROW_VERSION || size - sizeof(row) != (uint64_t)row.window + row.message + row.path)
		return -EBADMSG;
	message = bytes + sizeof(row) + row.window;
	path = message + row.message;
	if (!is_text(message, row.message) || !is_text(path, row.path) || (row.path > 0 && row.message == 0))
		return -EBADMSG;
	saved->blob = bytes + sizeof(row);
	saved->size = row.window;
	*ret_message = row.message ? message : NULL;
	*ret_path = row.path ? path : NULL;
	return 0;
}

static void row_restore(uint64_t cgroup, const char *key, const void *blob, size_t size, void *data)
{
	struct restoring *restoring = data;
	struct teller *teller = restoring->teller;
	struct fold_saved saved = { .container = cgroup, .key = key };
	const char *message, *path;
	struct kept *kept = NULL;
	int r = row_read(blob, size, &saved, &message, &path);

	if (r == 0 && message)
		kept = kept_new(message, path);
	if (r == 0)
		r = fold_restore(teller->fold, &saved, restoring->now, kept);
	restoring->refused += r < 0;
}

/* All that is good is put anew, so that nothing stays that no window stands for. */
int teller_restore(struct teller *teller, uint64_t now)
{
	struct restoring restoring = { .teller = teller, .now = now };
	int r;

	if (!teller->state)
		return 0;
	r = state_folds_each(teller->state, row_restore, &restoring);
	if (r == 0)
		r = state_folds_clear(teller->state);
	if (r == 0)
		r = save(teller, true);
	return r < 0 ? r : restoring.refused;
}
