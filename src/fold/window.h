/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The windows that are open: found by their key, and in the order in which they end. Bounded by whoever makes
 * them. Has no clock.
 */
#ifndef PLM_FOLD_WINDOW_H
#define PLM_FOLD_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "detect/rule.h"

enum window_kind {
	WINDOW_SUBJECT,   /* repeats of one subject */
	WINDOW_DIRECTORY, /* a storm's roll-up of one directory */
	WINDOW_SETUP,     /* the roll-up of an entry point's set-up */
	WINDOW_RATE,      /* never told: when subjects of a rule were new in a container, to see a storm come */
};

/* What a window holds that was not yet saved. */
enum window_news {
	WINDOW_SAVED,   /* nothing */
	WINDOW_COUNTED, /* repeats of its one subject */
	WINDOW_TOLD,    /* it is new, something was told of it, or other subjects went into it */
	WINDOW_NEWS,
};

/* Distinct subjects that a roll-up can tell apart, and so the highest number that it tells. */
#define WINDOW_SUBJECTS_MAX 128

struct window {
	/* the key */
	uint64_t container;
	enum rule rule;
	enum window_kind kind;
	char *name; /* owned: subject or directory */

	uint64_t id;     /* changed only if windows_move follows */
	uint64_t length; /* ns */
	uint64_t end;    /* changed by windows_move only */
	uint64_t count;
	uint64_t first_seen, last_seen;
	enum severity told; /* the highest that was told */
	enum severity held; /* the highest of those counted */
	char *directory;    /* owned; SETUP: what all its paths lie below */
	uint64_t *marks;    /* owned; RATE: the latest new subjects' times, a ring; roll-ups: subjects' hashes */
	size_t mark_count;
	/* RATE */
	uint64_t storm_end; /* 0: no storm */
	unsigned directories;
	void *attachment; /* the fold's */

	/* the fold's, for saving */
	enum window_news news;
	bool kept; /* a save knows it */
	LIST_ENTRY(window) link;

	size_t slot; /* windows' own */
};

LIST_HEAD(window_list, window);

struct windows;

/* Room for `max` windows. NULL when out of memory. windows_free takes NULL, and only an empty set's windows
 * are gone: those inside are the caller's to remove first. */
struct windows *windows_new(size_t max);
void windows_free(struct windows *windows);

struct window *windows_find(const struct windows *windows, uint64_t container, enum rule rule, enum window_kind kind,
			    const char *name);

/* A new window with the key and id of `key`, that ends at `now` + `length`, with `marks` numbers behind it. NULL when out of memory or
 * full. The key must not be there yet. */
struct window *windows_add(struct windows *windows, const struct window *key, uint64_t now, uint64_t length,
			   size_t marks);

void windows_move(struct windows *windows, struct window *window, uint64_t end);

/* Takes it out of the set; it is the caller's, to be freed with window_free. */
void windows_remove(struct windows *windows, struct window *window);
void window_free(struct window *window); /* takes NULL; not the attachment */

/* The one that ends first, or NULL; of those that end at once, the one with the lowest id and then key. */
struct window *windows_first(const struct windows *windows);

/* By number, from 0 to windows_count, in no order. A loop that counts down may remove, if it looks at the
 * same number again afterwards: what it has not seen comes to be there or below. */
struct window *windows_at(const struct windows *windows, size_t number);
size_t windows_count(const struct windows *windows);

#endif
