/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that is known around one alert, put together from lines of the history: what corrected it and how often it came
 * again, the processes that led to it and what each of them wrote, the alerts around it, and the exec session that it is
 * part of. Has no clock and reads no file: lines in, one JSON object out.
 *
 * Lines are what the agent told, but a file is hostile: what has another type than it should counts as absent.
 *
 * Bounds: STORY_AROUND alerts around it, the nearest; STORY_WROTE files of a process; STORY_RAN programs and STORY_CHANGED
 * files of a session. What is beyond is counted, in "more" beside each list.
 */
#ifndef PLM_STORY_STORY_H
#define PLM_STORY_STORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define STORY_AROUND  20 /* itself included */
#define STORY_WROTE   20
#define STORY_RAN     100
#define STORY_CHANGED 100
#define STORY_NEAR    300000000000ll /* ns either way */

struct story;

/* `alert`: an object with an event.id and a @timestamp as alerts have them; it is kept by reference. 0, -EBADMSG: it is no
 * alert; -ENOMEM. story_free takes NULL. */
int story_new(json_t *alert, struct story **ret_story);
void story_free(struct story *story);

/* The moment of the alert, and since when its processes and its session can have done something (ns UTC). */
int64_t story_time(const struct story *story);
int64_t story_since(const struct story *story);

/* It is of a session whose end no line has told yet. */
bool story_is_open(const struct story *story);

/* Takes a line, in any order, once each; one that says nothing of it is passed over, mostly unparsed. 0 or -ENOMEM. */
int story_line(struct story *story, const char *line, size_t size);

/* How far the history was looked through, ns UTC; `whole`: up to there, not only up to a bound. */
void story_searched(struct story *story, int64_t since, int64_t until, bool whole);

/* Answers of the running agent: "sessions", and "writers ID" of the container. What is no such answer adds nothing. */
void story_sessions(struct story *story, const char *answer);
void story_writers(struct story *story, const char *answer);

/* The container's id; NULL: it has none. The story's. */
const char *story_container(const struct story *story);

/*
 * The whole: {"alert", "correction", "repeated", "tree", "around", "session", "file", "violation", "searched"}, of which
 * all but alert, tree and around may be absent. The caller's. NULL when out of memory.
 */
json_t *story_json(struct story *story);

#endif
