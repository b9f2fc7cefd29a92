// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "fold/internal.h"
#include "fold/saved.h"

/* ---- what is to be saved ---- */

void fold_note(struct fold *fold, struct window *window, enum window_news news)
{
	if (news <= window->news)
		return;
	if (window->news != WINDOW_SAVED)
		LIST_REMOVE(window, link);
	window->news = news;
	LIST_INSERT_HEAD(&fold->news[news], window, link);
}

void fold_note_clear(struct window *window)
{
	if (window->news != WINDOW_SAVED)
		LIST_REMOVE(window, link);
	window->news = WINDOW_SAVED;
}

void fold_destroy(struct fold *fold, struct window *window)
{
	if (fold->latest == window)
		fold->latest = NULL;
	fold_release(fold, window->attachment);
	window->attachment = NULL;
	fold_note_clear(window);
	if (window->kept)
		LIST_INSERT_HEAD(&fold->gone, window, link);
	else
		window_free(window);
}

void fold_empty_gone(struct fold *fold)
{
	struct window *window;

	while ((window = LIST_FIRST(&fold->gone))) {
		LIST_REMOVE(window, link);
		window_free(window);
	}
}

/* ---- given away ---- */

#define LAST_ID "last-id" /* the key of what is no window: ids must not come twice */

static struct windows *windows_of(const struct fold *fold, enum window_kind kind)
{
	return kind == WINDOW_RATE ? fold->rates : fold->windows;
}

static struct window *same_window(const struct fold *fold, const struct window *key)
{
	return windows_find(windows_of(fold, key->kind), key->container, key->rule, key->kind, key->name);
}

/* What went and came again is saved in its place. */
static int save_gone(struct fold *fold, fold_save *save, void *data)
{
	struct window *window;

	while ((window = LIST_FIRST(&fold->gone))) {
		_cleanup_free_ char *key = NULL;
		int r = same_window(fold, window) ? 0 : saved_key(window, &key);

		if (r == 0 && key)
			r = save(&(struct fold_saved){ .container = window->container, .key = key }, data);
		if (r < 0)
			return r;
		LIST_REMOVE(window, link);
		window_free(window);
	}
	return 0;
}

static int save_window(struct window *window, fold_save *save, void *data)
{
	_cleanup_free_ char *key = NULL;
	_cleanup_free_ void *blob = NULL;
	struct fold_saved saved = { .container = window->container, .attachment = window->attachment };
	int r = saved_key(window, &key);

	if (r == 0)
		r = saved_pack(window, &blob, &saved.size);
	if (r < 0)
		return r;
	saved.key = key;
	saved.blob = blob;
	window->kept = true; /* also if `save` fails: what it knew before is still there */
	r = save(&saved, data);
	if (r == 0)
		fold_note_clear(window);
	return r;
}

static int save_last_id(struct fold *fold, fold_save *save, void *data)
{
	const struct fold_saved saved = { 0, LAST_ID, &fold->last_id, sizeof(fold->last_id), NULL };
	int r = fold->last_id == fold->last_id_saved ? 0 : save(&saved, data);

	if (r == 0)
		fold->last_id_saved = fold->last_id;
	return r;
}

int fold_changed(struct fold *fold, bool all, fold_save *save, void *data)
{
	int r = save_gone(fold, save, data);
	struct window *window;

	if (r == 0)
		r = save_last_id(fold, save, data);
	while (r == 0 && (window = LIST_FIRST(&fold->news[WINDOW_TOLD])))
		r = save_window(window, save, data);
	while (r == 0 && all && (window = LIST_FIRST(&fold->news[WINDOW_COUNTED])))
		r = save_window(window, save, data);
	return r;
}

/* ---- taken back ---- */

static int restore_last_id(struct fold *fold, const struct fold_saved *saved)
{
	uint64_t id;

	if (saved->size != sizeof(id))
		return -EBADMSG;
	memcpy(&id, saved->blob, sizeof(id));
	if (id >= SAVED_ID_MAX)
		return -EBADMSG;
	if (id > fold->last_id)
		fold->last_id = id;
	return 0;
}

static bool ended_unasked(const struct window *window, uint64_t now)
{
	return window->end <= now && (window->count == 0 || window->kind == WINDOW_RATE);
}

/* An open window like the one that was saved, with what `from` points to copied. */
static struct window *open_saved(struct fold *fold, const struct saved_window *saved, uint64_t now)
{
	struct windows *windows = windows_of(fold, saved->window.kind);
	_cleanup_free_ char *directory = saved->window.directory ? strdup(saved->window.directory) : NULL;
	struct window *window;

	if (saved->window.directory && !directory)
		return NULL;
	window = windows_add(windows, &saved->window, now, saved->window.length, saved->slots);
	if (!window)
		return NULL;
	window->count = saved->window.count;
	window->first_seen = saved->window.first_seen;
	window->last_seen = saved->window.last_seen;
	window->told = saved->window.told;
	window->held = saved->window.held;
	window->directory = take_ptr(directory);
	if (saved->slots > 0)
		memcpy(window->marks, saved->marks, saved->slots * sizeof(*window->marks));
	window->mark_count = saved->window.mark_count;
	window->storm_end = saved->window.storm_end;
	window->directories = saved->window.directories;
	windows_move(windows, window, saved->window.end > now ? saved->window.end : now + FOLD_RESTORE_DELAY);
	return window;
}

static int restore_window(struct fold *fold, const struct fold_saved *saved, uint64_t now, void **attachment)
{
	struct saved_window read;
	struct window *window;
	bool rate;
	int r = saved_unpack(saved, now, &read);

	if (r < 0)
		return r;
	if (ended_unasked(&read.window, now))
		return 0;
	if (same_window(fold, &read.window))
		return -EEXIST;
	rate = read.window.kind == WINDOW_RATE;
	if (windows_count(windows_of(fold, read.window.kind)) >= (rate ? fold->rates_max : fold->max))
		return -ENOSPC;
	window = open_saved(fold, &read, now);
	if (!window)
		return -ENOMEM;
	window->attachment = take_ptr(*attachment);
	if (window->id > fold->last_id)
		fold->last_id = window->id;
	window->kept = true;
	fold_note(fold, window, WINDOW_TOLD);
	return 0;
}

int fold_restore(struct fold *fold, const struct fold_saved *saved, uint64_t now, void *attachment)
{
	int r;

	if (strcmp(saved->key, LAST_ID) == 0)
		r = restore_last_id(fold, saved);
	else
		r = restore_window(fold, saved, now, &attachment);
	fold_release(fold, attachment);
	return r;
}
