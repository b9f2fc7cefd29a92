/* SPDX-License-Identifier: Apache-2.0 */
/* What the detectors share: the one judgement that they all work on, and the words for people. */
#ifndef PLM_DETECT_INTERNAL_H
#define PLM_DETECT_INTERNAL_H

#include "detect/detect.h"
#include "detect/subject.h"

struct detection {
	const struct event *event;
	const struct facts *facts;
	const struct container *container;
	const struct policy_view *policy;
	struct finding *findings; /* FINDINGS_MAX of them */
	size_t count;
};

/* One file whose code runs: the program, what is mapped, or a script. */
struct code {
	const char *noun;
	const struct plm_file *file;
	const char *path;
	enum answer in_image;
	bool metadata_only;
	const struct content *content;
	const struct writer *writer;
};

struct code code_of_event(const struct detection *detection, const char *noun);
struct code code_of_script(const struct detection *detection);

/* Copied up, and its content is the image's. */
bool code_is_image(const struct code *code);

/* As plimsoll.verdict has it; NULL: the image says nothing of it. */
const char *code_verdict(const struct code *code);

/* Path, file, layer, verdict, content and writer. */
void finding_code(struct finding *finding, const struct code *code);
void finding_program(struct finding *finding, const struct detection *detection); /* ... of the event's program */

/* The detectors, one family each; which events they see is in the table of detect.c. */
const char *mutation_action(enum plm_op op); /* of detect_action */

void detect_drift_exec(struct detection *detection);
void detect_drift_script(struct detection *detection);
void detect_library(struct detection *detection);
void detect_mutation_file(struct detection *detection);
void detect_mutation_outside(struct detection *detection);
void detect_escape_exec(struct detection *detection);
void detect_escape_cgroup(struct detection *detection);
void detect_root_escalation(struct detection *detection);
void detect_root_exec(struct detection *detection);
void detect_session(struct detection *detection);
void detect_image_modified(struct detection *detection);
void detect_image_unpackaged(struct detection *detection);

/*
 * A finding with rule, severity (or the policy's), action and layer UNKNOWN set and all else empty; the
 * detector fills in the rest. NULL where the policy switches the rule off, or at FINDINGS_MAX.
 */
struct finding *detection_add(struct detection *detection, enum rule rule, enum severity severity, const char *action);

/* For facts in the words of plimsoll.verdict: does the image hold the path? */
const char *verdict_of_path(enum answer in_image, const char *if_held);

/* A short text by value, so that it can be made inside an argument list. */
struct phrase {
	char text[200];
};

struct phrase say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "/usr/bin/id"; a long one keeps its end, behind "..."; "(unknown)" for NULL. */
struct phrase say_path(const char *path);

/* The container's name, else the first 12 characters of its id, else its cgroup. */
struct phrase say_container(const struct container *container);

/* The program that runs: "/usr/bin/id (pid 7, uid 0)". */
struct phrase say_actor(const struct detection *detection);

/* For an exec, where the program is the thing told: "pid 7, uid 0, started by /bin/sh". */
struct phrase say_process(const struct detection *detection);

/* One sentence for people. */
void finding_message(struct finding *finding, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define finding_subject(finding, ...) subject_format((finding)->subject, sizeof((finding)->subject), __VA_ARGS__)

#endif
