// SPDX-License-Identifier: Apache-2.0
#include "fold/fold.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "detect/subject.h"
#include "fold/internal.h"

/* A finding on its way into a window. */
struct arrival {
	uint64_t container;
	const struct finding *finding;
	uint64_t now, times;
};

static const struct fold_answer untracked = { .verdict = FOLD_TELL };

struct fold *fold_new(size_t max, void (*release)(void *attachment))
{
	struct fold *fold = calloc(1, sizeof(*fold));

	if (!fold)
		return NULL;
	fold->max = max;
	fold->release = release;
	fold->rates_max = max / 16 + 16;
	fold->windows = windows_new(max);
	fold->rates = windows_new(fold->rates_max);
	fold->due = calloc(max, sizeof(*fold->due));
	if (fold->windows && fold->rates && fold->due)
		return fold;
	fold_free(fold);
	return NULL;
}

void fold_release(struct fold *fold, void *attachment)
{
	if (attachment && fold->release)
		fold->release(attachment);
}

static void empty_windows(struct fold *fold, struct windows *windows)
{
	struct window *window;

	while (windows && (window = windows_first(windows))) {
		windows_remove(windows, window);
		fold_destroy(fold, window);
	}
	windows_free(windows);
}

void fold_free(struct fold *fold)
{
	if (!fold)
		return;
	empty_windows(fold, fold->windows);
	empty_windows(fold, fold->rates);
	for (size_t i = 0; i < fold->due_count; i++)
		fold_destroy(fold, fold->due[i]);
	fold_empty_gone(fold);
	free(fold->due);
	free(fold);
}

/* ---- counting ---- */

static enum severity worse_of(enum severity a, enum severity b)
{
	return a > b ? a : b;
}

static bool is_rollup(const struct window *window)
{
	return window->kind == WINDOW_DIRECTORY || window->kind == WINDOW_SETUP;
}

static struct fold_answer answer_of(const struct window *window, enum fold_verdict verdict)
{
	return (struct fold_answer){ verdict, window->id, is_rollup(window) };
}

static void mark_subject(struct window *window, const char *subject)
{
	uint64_t hash = subject_hash(subject);

	for (size_t i = 0; i < window->mark_count; i++)
		if (window->marks[i] == hash)
			return;
	if (window->mark_count < WINDOW_SUBJECTS_MAX)
		window->marks[window->mark_count++] = hash;
}

static void count_repeats(struct window *window, const struct arrival *arrival, uint64_t times)
{
	if (times == 0)
		return;
	window->count += times;
	window->held = worse_of(window->held, arrival->finding->severity);
	if (is_rollup(window))
		mark_subject(window, arrival->finding->subject);
}

static void begin_fold(struct fold *fold, struct window *window, const struct arrival *arrival)
{
	fold->latest = window;
	window->first_seen = window->last_seen = arrival->now;
	window->told = arrival->finding->severity;
	count_repeats(window, arrival, arrival->times - 1);
	fold_note(fold, window, WINDOW_TOLD);
}

/* ---- the bound ---- */

static bool make_room(struct fold *fold)
{
	struct window *first = windows_first(fold->windows);

	if (windows_count(fold->windows) < fold->max)
		return true;
	if (!first || (first->count > 0 && fold->due_count == fold->max))
		return false;
	windows_remove(fold->windows, first);
	fold->evicted++;
	if (first->count > 0) {
		fold_note_clear(first); /* what is saved of it stays until it is told */
		fold->due[fold->due_count++] = first;
	} else {
		fold_destroy(fold, first);
	}
	return true;
}

static struct fold_answer open_window(struct fold *fold, const struct arrival *arrival, enum window_kind kind,
				      const char *name)
{
	const struct window key = { arrival->container, arrival->finding->rule, kind, (char *)name,
				    .id = fold->last_id + 1 };
	struct window *window = NULL;

	if (make_room(fold))
		window = windows_add(fold->windows, &key, arrival->now,
				     kind == WINDOW_SETUP ? FOLD_SETUP_WINDOW : FOLD_WINDOW,
				     kind == WINDOW_SUBJECT ? 0 : WINDOW_SUBJECTS_MAX);
	if (!window)
		return untracked;
	fold->last_id++;
	begin_fold(fold, window, arrival);
	return answer_of(window, is_rollup(window) ? FOLD_ROLLUP : FOLD_TELL);
}

/* Its window ended without a repeat, and nobody has asked since. */
static bool is_stale(const struct window *window, uint64_t now)
{
	return window->count == 0 && now >= window->end;
}

static struct fold_answer open_again(struct fold *fold, struct window *window, const struct arrival *arrival)
{
	fold_release(fold, window->attachment);
	window->attachment = NULL;
	begin_fold(fold, window, arrival);
	window->id = ++fold->last_id;
	windows_move(fold->windows, window, arrival->now + window->length);
	return answer_of(window, is_rollup(window) ? FOLD_ROLLUP : FOLD_TELL);
}

static bool is_told_apart(const struct window *window, enum severity severity)
{
	if (window->kind == WINDOW_SETUP && severity < SEVERITY_HIGH)
		return false;
	return severity > window->told;
}

static struct fold_answer enter_window(struct fold *fold, struct window *window, const struct arrival *arrival)
{
	enum severity severity = arrival->finding->severity;

	if (is_stale(window, arrival->now))
		return open_again(fold, window, arrival);
	fold->latest = window;
	window->last_seen = arrival->now;
	if (!is_told_apart(window, severity)) {
		count_repeats(window, arrival, arrival->times);
		fold_note(fold, window, is_rollup(window) ? WINDOW_TOLD : WINDOW_COUNTED);
		return answer_of(window, FOLD_HOLD);
	}
	window->told = severity;
	count_repeats(window, arrival, arrival->times - 1);
	fold_note(fold, window, WINDOW_TOLD);
	return answer_of(window, FOLD_TELL);
}

/* ---- set-up ---- */

static const char *finding_place(const struct finding *finding)
{
	return finding->path && finding->path[0] == '/' ? finding->path : "/";
}

/* "/etc/passwd" -> "/etc", "/etc" -> "/". */
static void to_parent(char *path)
{
	char *slash = strrchr(path, '/');

	slash[slash == path ? 1 : 0] = '\0';
}

static bool lies_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	if (strcmp(directory, "/") == 0)
		return true;
	return strncmp(path, directory, length) == 0 && path[length] == '/';
}

static void widen_directory(struct window *window, const char *path)
{
	if (!window->directory) {
		window->directory = strdup(path);
		if (window->directory)
			to_parent(window->directory);
		return;
	}
	while (!lies_below(path, window->directory))
		to_parent(window->directory);
}

static struct fold_answer fold_setup(struct fold *fold, const struct arrival *arrival)
{
	struct window *window =
		windows_find(fold->windows, arrival->container, arrival->finding->rule, WINDOW_SETUP, "");
	struct fold_answer answer;

	answer = window ? enter_window(fold, window, arrival) : open_window(fold, arrival, WINDOW_SETUP, "");
	if (answer.id != 0)
		widen_directory(fold->latest, finding_place(arrival->finding));
	return answer;
}

/* ---- storms ---- */

static bool may_roll_up(const struct finding *finding)
{
	switch (finding->rule) {
	case RULE_DRIFT_EXEC_MEMORY:
	case RULE_DRIFT_EXEC_MODIFIED:
	case RULE_DRIFT_EXEC_NEW:
		return false;
	default:
		return true;
	}
}

/* How fast new subjects of this rule come in this container. NULL when out of memory: then no storm is seen.
 */
static struct window *rate_of(struct fold *fold, const struct arrival *arrival)
{
	const struct window key = { arrival->container, arrival->finding->rule, WINDOW_RATE, .name = (char *)"" };
	struct window *rate = windows_find(fold->rates, key.container, key.rule, key.kind, key.name);
	struct window *first;

	if (rate)
		return rate;
	if (windows_count(fold->rates) == fold->rates_max) {
		first = windows_first(fold->rates);
		windows_remove(fold->rates, first);
		fold_destroy(fold, first);
	}
	return windows_add(fold->rates, &key, arrival->now, FOLD_STORM_WINDOW, FOLD_STORM_LIMIT);
}

/* A subject is new: is this a storm? The marks are the times of the latest FOLD_STORM_LIMIT new ones. */
static bool is_storm(struct fold *fold, struct window *rate, uint64_t now)
{
	uint64_t *oldest = &rate->marks[rate->mark_count % FOLD_STORM_LIMIT];
	bool storm = rate->mark_count >= FOLD_STORM_LIMIT && *oldest + FOLD_STORM_WINDOW > now;

	if (now < rate->storm_end)
		return true;
	fold_note(fold, rate, WINDOW_TOLD);
	*oldest = now;
	rate->mark_count++;
	if (storm) {
		rate->mark_count = 0;
		rate->directories = 0;
		rate->storm_end = now + FOLD_WINDOW;
	}
	windows_move(fold->rates, rate, storm ? rate->storm_end : now + FOLD_STORM_WINDOW);
	return storm;
}

static struct window *directory_window(const struct fold *fold, const struct arrival *arrival, const char *directory)
{
	return windows_find(fold->windows, arrival->container, arrival->finding->rule, WINDOW_DIRECTORY, directory);
}

static struct fold_answer fold_by_directory(struct fold *fold, struct window *rate, const struct arrival *arrival)
{
	_cleanup_free_ char *directory = strdup(finding_place(arrival->finding));
	struct window *window;

	if (!directory)
		return untracked;
	to_parent(directory);
	window = directory_window(fold, arrival, directory);
	while (!window && rate->directories >= FOLD_STORM_LIMIT && strcmp(directory, "/") != 0) {
		to_parent(directory);
		window = directory_window(fold, arrival, directory);
	}
	if (window)
		return enter_window(fold, window, arrival);
	rate->directories++;
	fold_note(fold, rate, WINDOW_TOLD);
	return open_window(fold, arrival, WINDOW_DIRECTORY, directory);
}

struct fold_answer fold_finding(struct fold *fold, uint64_t container, const struct finding *finding, uint64_t now,
				uint64_t times)
{
	const struct arrival arrival = { container, finding, now, times ? times : 1 };
	struct window *window, *rate;

	if (finding->interactive)
		return untracked;
	if (finding->setup)
		return fold_setup(fold, &arrival);
	window = windows_find(fold->windows, container, finding->rule, WINDOW_SUBJECT, finding->subject);
	if (window)
		return enter_window(fold, window, &arrival);
	rate = may_roll_up(finding) ? rate_of(fold, &arrival) : NULL;
	if (rate && is_storm(fold, rate, now))
		return fold_by_directory(fold, rate, &arrival);
	return open_window(fold, &arrival, WINDOW_SUBJECT, finding->subject);
}

/* ---- telling ---- */

void fold_attach(struct fold *fold, uint64_t id, void *attachment)
{
	struct window *window = fold->latest;

	for (size_t i = 0; (!window || window->id != id) && i < windows_count(fold->windows); i++)
		window = windows_at(fold->windows, i);
	if (id == 0 || !window || window->id != id) {
		fold_release(fold, attachment);
		return;
	}
	fold_release(fold, window->attachment);
	window->attachment = attachment;
	fold_note(fold, window, WINDOW_TOLD);
}

typedef void fold_tell(const struct fold_repeat *repeat, void *data);

/* Tells what was counted, if anything was, and counts anew. */
static void tell_window(struct window *window, fold_tell *tell, void *data)
{
	const struct fold_repeat repeat = {
		.id = window->id,
		.container = window->container,
		.rule = window->rule,
		.severity = window->held,
		.subject = window->kind != WINDOW_SETUP ? window->name
			   : window->directory          ? window->directory
							: "/",
		.rollup = is_rollup(window),
		.count = window->count,
		.subjects = is_rollup(window) ? window->mark_count : 1,
		.first_seen = window->first_seen,
		.last_seen = window->last_seen,
		.attachment = window->attachment,
	};

	if (window->count == 0)
		return;
	tell(&repeat, data);
	window->told = worse_of(window->told, window->held);
	window->held = SEVERITY_INFO;
	window->count = 0;
	window->mark_count = 0;
}

/* Those of one container, or with 0 of all. */
static void tell_due(struct fold *fold, uint64_t container, fold_tell *tell, void *data)
{
	size_t kept = 0;

	for (size_t i = 0; i < fold->due_count; i++) {
		struct window *window = fold->due[i];

		if (container != 0 && window->container != container) {
			fold->due[kept++] = window;
			continue;
		}
		tell_window(window, tell, data);
		fold_destroy(fold, window);
	}
	fold->due_count = kept;
}

static void forget_window(struct fold *fold, struct windows *windows, struct window *window)
{
	windows_remove(windows, window);
	fold_destroy(fold, window);
}

void fold_expire(struct fold *fold, uint64_t now, fold_tell *tell, void *data)
{
	struct window *window;

	tell_due(fold, 0, tell, data);
	while ((window = windows_first(fold->windows)) && window->end <= now) {
		if (window->count == 0) {
			forget_window(fold, fold->windows, window);
			continue;
		}
		tell_window(window, tell, data);
		fold_note(fold, window, WINDOW_TOLD);
		windows_move(fold->windows, window, now + window->length);
	}
	while ((window = windows_first(fold->rates)) && window->end <= now)
		forget_window(fold, fold->rates, window);
}

static void end_windows(struct fold *fold, struct windows *windows, uint64_t container, fold_tell *tell, void *data)
{
	struct window *window;

	for (size_t i = windows_count(windows); i-- > 0;) {
		while (i < windows_count(windows)) {
			window = windows_at(windows, i);
			if (container != 0 && window->container != container)
				break;
			tell_window(window, tell, data);
			forget_window(fold, windows, window);
		}
	}
}

void fold_end(struct fold *fold, uint64_t container, fold_tell *tell, void *data)
{
	tell_due(fold, container, tell, data);
	end_windows(fold, fold->windows, container, tell, data);
	end_windows(fold, fold->rates, container, tell, data);
}

void fold_pause(struct fold *fold, uint64_t container, fold_tell *tell, void *data)
{
	tell_due(fold, container, tell, data);
	for (size_t i = 0; i < windows_count(fold->windows); i++) {
		struct window *window = windows_at(fold->windows, i);

		if (container != 0 && window->container != container)
			continue;
		if (window->count > 0)
			fold_note(fold, window, WINDOW_TOLD);
		tell_window(window, tell, data);
	}
}

int fold_seen(const struct fold *fold, uint64_t container, const struct finding *finding, uint64_t *ret_time)
{
	const struct window *window =
		windows_find(fold->windows, container, finding->rule, WINDOW_SUBJECT, finding->subject);

	if (!window)
		return -ENOENT;
	*ret_time = window->last_seen;
	return 0;
}

uint64_t fold_next(const struct fold *fold)
{
	struct window *first = windows_first(fold->windows);

	if (fold->due_count > 0)
		return 0;
	return first ? first->end : UINT64_MAX;
}

size_t fold_size(const struct fold *fold)
{
	return windows_count(fold->windows);
}

uint64_t fold_evicted(const struct fold *fold)
{
	return fold->evicted;
}
