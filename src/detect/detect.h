/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The detectors: an event, the facts of its container and image, and the policy in; findings out. Pure: no
 * input or output, no clock, no globals, no allocation. What a newcomer should read first.
 */
#ifndef PLM_DETECT_DETECT_H
#define PLM_DETECT_DETECT_H

#include "container/container.h"
#include "decode/event.h"
#include "detect/rule.h"

enum answer { ANSWER_UNKNOWN = 0, ANSWER_NO, ANSWER_YES };

/* What the agent found out about an event before the detectors see it. Plain data; strings belong to others.
 */
struct facts {
	enum answer in_image;      /* do the image's layers hold event.path? */
	enum answer from_in_image; /* ... and event.change.from? */
	enum answer confirmed;     /* told by name only: does the upper directory bear it out? NO: it does not */
	bool code;                 /* the file is executable, or begins as ELF or "#!" does */
	bool metadata_only;        /* event.file was copied up, but its size and content are not known to differ */
	bool script_metadata_only; /* the same of script */
	const char *executable;    /* of event.task, as last exec'd; for an exec: event.path */
	const char *parent_executable;
	struct plm_file script; /* of an executed script, where it was found; layer UNKNOWN where not */
	const char *script_path;
	enum answer script_in_image;
	const char *other_container; /* whose root it is, for PLM_LAYER_OTHER_ROOT; NULL unknown */
	bool executable_in_image;    /* the running program itself is the image's */
	uint64_t container_age;      /* ns since the entry point's exec, UINT64_MAX where it is unknown */
};

struct finding {
	enum rule rule;
	enum severity severity;
	const char *action;          /* ECS event.action: "exec", "create", ... */
	const char *path;            /* file.path; NULL none */
	const struct plm_file *file; /* NULL: none to show */
	enum plm_layer layer;
	const char *verdict; /* "metadata", "modified", "added", ... ; NULL unknown */
	const char *cause;   /* plimsoll.cause; NULL none */
	bool interactive;    /* session.exec: never folded */
	bool setup;          /* a mutation by the entry point's own set-up */
	char subject[320];   /* what repeats are folded by, with container and rule */
	char message[512];   /* one sentence a person can act on; raw bytes, escaped on output */
};

#define FINDINGS_MAX 4 /* that one event can give */

/* ECS event.action of any event that a task gives: "exec", "create", "setuid", ... Never NULL. */
const char *detect_action(const struct event *event);

struct policy_view; /* policy/policy.h: the policy as it applies to one container */

/*
 * Fills findings[], the number of them is returned. `container` is never NULL; strings in a finding are the
 * event's, the facts' or constants. A rule that the policy switches off gives nothing, and a severity that it
 * fixes replaces the detector's; its `allow` and `waivers` are the caller's to apply.
 */
size_t detect(const struct event *event, const struct facts *facts, const struct container *container,
	      const struct policy_view *policy, struct finding findings[static FINDINGS_MAX]);

#endif
