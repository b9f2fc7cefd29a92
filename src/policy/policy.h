/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy: what people wrote (interfaces.md, "Configuration"), read, checked and asked.
 * Read-only once loaded, so a view of it may be kept until the policy is freed.
 */
#ifndef PLM_POLICY_POLICY_H
#define PLM_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "detect/rule.h"

struct policy;
struct policy_view;

/* One thing wrong in a policy file. Lines and columns count from 1; 0 where the fault has no place. */
struct policy_error {
	unsigned line, column;
	char message[256];
};

/*
 * Reads and checks `size` bytes of YAML. `name` is the file's, for messages; it is not opened.
 *
 * 0: *ret_policy is the caller's, to be freed with policy_free.
 * -EINVAL: at least one error; errors[0 .. *ret_errors) say what (at most `max`), nothing is returned.
 * -ENOMEM.
 */
int policy_parse(const char *text, size_t size, struct policy **ret_policy, struct policy_error *errors, size_t max,
		 size_t *ret_errors);

/* The same for a file; also the negative errno of reading it (-EFBIG above 4 MiB). */
int policy_load(const char *path, struct policy **ret_policy, struct policy_error *errors, size_t max,
		size_t *ret_errors);

/* What holds with no file: interfaces.md's defaults. NULL when out of memory. */
struct policy *policy_default(void);

void policy_free(struct policy *policy); /* takes NULL */

/* Whom a view is for. Strings may be NULL (unknown): then no pattern matches them. */
struct policy_subject {
	const char *container; /* name */
	const char *id;
	const char *image;     /* "name:tag" */
	const char *pod, *namespace;
};

/*
 * The policy as it applies to one container: all matching entries of `workloads`, in order (lists add up, single
 * values are replaced). NULL when out of memory. The policy must outlive it.
 */
struct policy_view *policy_view_new(const struct policy *policy, const struct policy_subject *subject);
void policy_view_free(struct policy_view *view); /* takes NULL */

/* Is a change at `path` (absolute, normal) within what may be written? */
bool policy_writable(const struct policy_view *view, const char *path);

/* How a rule applies here. */
struct policy_rule {
	bool enabled;
	bool has_severity; /* the policy fixes it: the detector's own choice is overridden */
	enum severity severity;
	int64_t grace; /* seconds or GRACE_NONE */
};
struct policy_rule policy_rule(const struct policy_view *view, enum rule rule);

/* What an `allow` entry is asked with. Strings may be NULL. */
struct policy_question {
	enum rule rule;
	const char *executable;
	const char *path;
};

/*
 * The reason of the first `allow` entry, else of the first waiver in force at `now` (seconds since the epoch),
 * that lets this through; NULL when none does. Counts the match. The string is the policy's.
 */
const char *policy_allowed(struct policy_view *view, const struct policy_question *question, int64_t now);

/* Patterns of arguments to blank (built-in ones first): for output/redact.h. */
const char *const *policy_redact(const struct policy *policy, size_t *ret_count);

/* Outputs of the file: type "json" or "text", path NULL for standard output. */
struct policy_output {
	const char *type;
	const char *path;
};
const struct policy_output *policy_outputs(const struct policy *policy, size_t *ret_count);

/* `allow` and `waivers` entries with how often each matched, for the end of a run and for `policy check`. */
void policy_for_each_exception(const struct policy *policy,
			       void (*call)(const char *kind, unsigned line, const char *reason, uint64_t matched,
					    void *data),
			       void *data);

#endif
