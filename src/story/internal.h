/* SPDX-License-Identifier: Apache-2.0 */
/* For the files of this folder: story.c takes lines, tree.c has the processes, around.c the alerts nearby, session.c the exec
 * session. */
#ifndef PLM_STORY_INTERNAL_H
#define PLM_STORY_INTERNAL_H

#include "story/story.h"

#define TREE_MAX    10 /* PLM_ANCESTORS, the process itself and the session's first */
#define NEEDLES_MAX 3

/* A process on the way to the alert. */
struct node {
	json_t *process; /* owned: pid, entity_id, start, executable, args, user, truncated, as far as they are known */
	const char *entity; /* the process's own; NULL unknown */
	json_t *wrote;      /* owned: a list */
	uint64_t more;
	bool gap; /* what is between it and the one before is not known */
};

struct tree {
	struct node nodes[TREE_MAX]; /* from the first down */
	size_t count;
};

struct nearby {
	json_t *alert, *correction; /* owned; the latter may be NULL */
	int64_t time;
};

struct around {
	struct nearby items[STORY_AROUND]; /* in no order */
	size_t count;
	uint64_t more;
};

struct session_story {
	const char *id; /* NULL: the alert is of none; the alert's */
	const char *container;
	json_t *entry; /* owned, as the next four: the process by which it came in */
	json_t *audit_id;
	json_t *began;
	json_t *end; /* the line that told it */
	json_t *ran, *changed;
	uint64_t ran_more, changed_more;
	int64_t unwatched; /* the first moment since it began at which the agent ended or began; 0: it watched on */
	int64_t since;
	bool goes_on; /* the running agent says so */
};

/* Texts, one of which a line must hold to be worth a look. */
struct needle {
	char text[80];
};

struct story {
	json_t *alert, *correction;        /* owned; the latter may be NULL */
	const char *id, *container, *fold; /* the alert's; NULL: none */
	int64_t time;
	struct tree tree;
	struct around around;
	struct session_story session;
	uint64_t repeated;
	json_t *repeated_last; /* owned */
	json_t *searched;      /* owned */
	json_t *writer;        /* owned: of the file, as the agent says */
	struct needle needles[NEEDLES_MAX];
	size_t needle_count;
};

/* ---- json.c ---- */

/* The value of a path, with a new reference, put under the key; nothing where there is none. */
void pick(const json_t *from, const char *path, json_t *to, const char *key);
/* ns UTC of a moment as alerts have it; INT64_MIN: it is none. */
int64_t moment_of(const json_t *object, const char *path);
bool text_is(const json_t *object, const char *path, const char *expected);
/* Is the text a "mutation.*" or such: does it begin so? */
bool text_begins(const json_t *object, const char *path, const char *beginning);
/* Appends, takes the reference, unless there are `max`: then *more is raised. */
void list_add(json_t *list, size_t max, json_t *item, uint64_t *more);

/* ---- tree.c ---- */

int tree_begin(struct tree *tree, const json_t *alert);
void tree_line(struct tree *tree, const json_t *line);
json_t *tree_json(const struct tree *tree);
void tree_clear(struct tree *tree);
/* What a line says was written: {"@timestamp", "event": {"action"}, "file": {"path"}}; NULL: nothing. */
json_t *written_of(const json_t *line);
/* Adds it, takes the reference: a file is listed once by what was done to it, and as only written where no more is known.
 * False: it was listed. */
bool written_add(json_t *list, size_t max, json_t *written, uint64_t *more);
/* Another process, as far as it is told: a new object. */
json_t *process_of(const json_t *from);

/* ---- around.c ---- */

void around_take(struct around *around, json_t *alert, int64_t time, int64_t middle);
void around_correct(struct around *around, json_t *correction);
json_t *around_json(struct around *around);
void around_clear(struct around *around);

/* ---- session.c ---- */

int session_begin(struct session_story *session, const json_t *alert, int64_t time);
void session_line(struct session_story *session, json_t *line);
void session_unwatched(struct session_story *session, int64_t time);
json_t *session_json(const struct session_story *session);
void session_clear(struct session_story *session);

#endif
