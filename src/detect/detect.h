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
#include "digest/digest.h"

enum answer { ANSWER_UNKNOWN = 0, ANSWER_NO, ANSWER_YES };

/* Of package URLs' words; NULL where there is none. */
struct package_name {
	const char *name, *version, *type;
};

/* What is known of a file's content, and of the package that its path belongs to. */
struct content {
	struct digest digest; /* SHA-256; kind NONE: not known */
	struct digest
		expected; /* what the image has at that path, or its package says; kind NONE: not known, or nothing */
	bool unverified;  /* a path of the image, and whether the content is the image's could not be known (in time) */
	bool tampered;    /* the image's own file, and not what its package says */
	enum answer packaged; /* does a package own that path? UNKNOWN also where the path is not the image's */
	bool vouched;         /* not the image's, but as the package says that came into the running container */
	struct package_name package;
	const char *copied_from; /* not a path of the image, and the content is that of this one */
};

/* Who last wrote a file. Plain data; the string is the table's (process/writers.h). */
struct writer {
	uint64_t start; /* of the process */
	uint64_t session;
	uint64_t time; /* CLOCK_BOOTTIME, ns */
	uint32_t pid;
	const char *executable; /* NULL unknown */
};

/* How a script came to run. */
enum script_source {
	SCRIPT_NONE = 0,
	SCRIPT_EXECUTED, /* itself: "#!" */
	SCRIPT_ARGUMENT, /* named to its interpreter */
	SCRIPT_MODULE,   /* ... as a module (-m) */
	SCRIPT_INPUT,    /* the file behind its interpreter's standard input */
};

/* What the agent found out about an event before the detectors see it. Plain data; strings belong to others.
 */
struct facts {
	enum answer in_image;      /* do the image's layers hold event.path? */
	enum answer from_in_image; /* ... and event.change.from? */
	enum answer confirmed;     /* told by name only: does the upper directory bear it out? NO: it does not */
	bool code;                 /* the file is executable, or begins as ELF or "#!" does */
	bool metadata_only;        /* event.file was copied up, and its content is the image's */
	bool script_metadata_only; /* the same of script */
	uint64_t transaction; /* a package's own script, run as packages are being changed: tells which time; else 0 */
	bool first_of_image;  /* what is to say of the image's own file was not said of this image before */
	struct content content; /* of event.file */
	struct content script_content;
	const struct writer *writer; /* of event.file, or of the script; NULL unknown */
	const struct writer *script_writer;
	const char *executable; /* of event.task, as last exec'd; for an exec: event.path */
	const char *parent_executable;
	enum script_source script_source;
	struct plm_file script; /* where it was found; layer UNKNOWN where not */
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
	const char *verdict;           /* "metadata", "modified", "added", ... ; NULL unknown */
	const char *cause;             /* plimsoll.cause; NULL none */
	const struct content *content; /* of the file; NULL unknown */
	const struct writer *writer;
	const struct package_changes *packages; /* of drift.package (inventory/compare.h) */
	bool interactive;                       /* session.exec: never folded */
	bool setup;                             /* a mutation by the entry point's own set-up */
	uint64_t state;    /* of the file, where its content is in the subject: the same has one subject; 0 none */
	char subject[320]; /* what repeats are folded by, with container and rule */
	char message[512]; /* one sentence a person can act on; raw bytes, escaped on output */
};

#define FINDINGS_MAX 8 /* that one event can give */

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

/* What corrects a finding of `rule` that was told before the content was known, and is none: the file holds what the image
 * has there. */
void detect_cleared(const struct event *event, const struct facts *facts, const struct container *container,
		    enum rule rule, struct finding *ret_finding);

#endif
