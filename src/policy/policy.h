/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy: what people wrote (interfaces.md, "Configuration"), read, checked and asked.
 * Read-only once loaded, but for the counts of matches, so a view of it may be kept until it is freed.
 *
 * What the file's words mean where their names do not say it all:
 *
 * - Patterns are those of policy/pattern.h. `writable`, `executable` and `path` are patterns of paths.
 * - A `writable` at the top replaces the default list; one below `workloads` adds to it.
 * - `workload_label` is a key of labels: policy_workload_label gives it out, container/workload.h says what for.
 * - `match` needs at least one key, and all that are given must match. `container` is the container's name
 *   or its id; `workload` is its workload's name; `label` is "KEY=VALUE", both of them patterns.
 * - An image is known by several names, and a pattern need fit only one: "name:tag" as the runtime says it,
 *   the same with and without Docker Hub's "docker.io/library/" or "docker.io/", and each of these without
 *   tag or digest. So "debian" is every tag of "docker.io/library/debian:12"; "debian:*" matches it too.
 * - A waiver's `workload` is matched against the workload's name, "namespace/pod", "namespace/container", the
 *   container's name, and its image; one that fits is enough.
 * - A waiver's `subject` is a pattern of the finding's; with a `digest` it is bound to that image.
 * - `cluster` is in the key of every violation; `ledger` has resolve_after, reopen_within, waiver_max, waiver_warning.
 * - `until`: a date is in force to its end in UTC, a moment of RFC 3339 up to it.
 * - `grace` is a number with s, m, h, d or w, or "none": keeps no clock.
 * - `redact` patterns add to the built-in ones; output/redact.h says what they match and blank.
 *
 * Bounds: 4 MiB, 16 levels, 131072 values, 1024 bytes a pattern. Beyond one of them the file is refused.
 */
#ifndef PLM_POLICY_POLICY_H
#define PLM_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "detect/rule.h"

struct policy;
struct policy_view;

#define POLICY_SIZE_MAX (4u << 20) /* bytes of a file */

/* One thing wrong in a policy file. Lines and columns count from 1; 0 where the fault has no place. */
struct policy_error {
	unsigned line, column;
	char message[256];
};

/*
 * Reads and checks `size` bytes of YAML. One without content is the default policy.
 *
 * 0: *ret_policy is the caller's, to be freed with policy_free.
 * -EINVAL: at least one error; errors[0 .. *ret_errors) say what (at most `max`), in the file's order.
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
DEFINE_CLEANUP(struct policy *, policy_free)

/* Whom a view is for. Strings may be NULL (unknown): then no pattern matches them. */
struct policy_subject {
	const char *container; /* name */
	const char *id;
	const char *image; /* "name:tag" */
	const char *pod, *namespace;
	const char *workload;      /* its name */
	const char *const *labels; /* "key=value" each */
	size_t label_count;
};

/*
 * The policy as it applies to one container: all matching entries of `workloads`, in order (lists add up,
 * single values are replaced). NULL when out of memory. The policy must outlive it.
 */
struct policy_view *policy_view_new(const struct policy *policy, const struct policy_subject *subject);
void policy_view_free(struct policy_view *view); /* takes NULL */
DEFINE_CLEANUP(struct policy_view *, policy_view_free)

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

/* What `allow` entries and waivers are asked with. Strings may be NULL. */
struct policy_question {
	enum rule rule;
	const char *executable;
	const char *path;
	const char *subject, *digest; /* of the finding; of the image. For waivers */
};

/* The reason of the first `allow` entry that lets this through; NULL when none does. Counts the match. The string is the
 * policy's. */
const char *policy_allowed(struct policy_view *view, const struct policy_question *question);

/* An entry of `waivers`. Strings are the policy's; subject and digest may be NULL: any. */
struct policy_waiver {
	enum rule rule;
	const char *workload, *subject, *digest; /* the first two are patterns, as written; digest: of the image */
	const char *owner, *reason;
	int64_t until; /* in force before this second since the epoch */
};

/* The first waiver in force at `now` (seconds since the epoch) that covers this: true, and counted. */
bool policy_waived(struct policy_view *view, const struct policy_question *question, int64_t now,
		   struct policy_waiver *ret_waiver);

size_t policy_waiver_count(const struct policy *policy);
struct policy_waiver policy_waiver(const struct policy *policy, size_t index); /* below policy_waiver_count */

/* What the file says of the ledger of violations (ledger/ledger.h). Durations in seconds. */
struct policy_ledger {
	const char *cluster; /* NULL: none. The policy's */
	int64_t resolve_after, reopen_within, waiver_max, waiver_warning;
};
struct policy_ledger policy_ledger(const struct policy *policy);

/*
 * Patterns of arguments to blank, for output/redact.h. The strings are the policy's. The built-in ones come
 * first; each of these words is one, written as stated behind it:
 *
 *	password passwd pass pwd token secret api-key apikey access-key
 *	secret-key private-key auth credential credentials              --WORD=*
 *	PASSWORD PASSWD PASSPHRASE SECRET TOKEN API_KEY APIKEY
 *	ACCESS_KEY SECRET_KEY PRIVATE_KEY CREDENTIAL CREDENTIALS
 *	AWS_ACCESS_KEY_ID (its secret is an ACCESS_KEY)                 *WORD=*
 *	AUTHORIZATION X-API-KEY PRIVATE-TOKEN                           *WORD:*
 */
const char *const *policy_redact(const struct policy *policy, size_t *ret_count);

/* The key of the label whose value names a workload, as workload_name is given it; NULL where the file names none. The
 * policy's. */
const char *policy_workload_label(const struct policy *policy);

/* Bounds of what the agent keeps of what it told; history/history.h says how they are kept. */
#define POLICY_HISTORY_SIZE     (1ll << 30) /* unless the file says otherwise */
#define POLICY_HISTORY_SIZE_MIN (16ll << 20)
#define POLICY_HISTORY_AGE      (30ll * 86400)
#define POLICY_HISTORY_AGE_MIN  3600ll

struct policy_history {
	int64_t size; /* bytes on disk */
	int64_t age;  /* seconds */
};
struct policy_history policy_history(const struct policy *policy);

/* The group, by name or number, whose members may use the control socket and read the history; NULL: root alone. Whether
 * there is such a group is not checked. The policy's. */
const char *policy_group(const struct policy *policy);

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

/* How much a policy says. `waivers_ended`: of the waivers, by `now` (seconds since the epoch). */
struct policy_counts {
	size_t workloads;
	size_t waivers, waivers_ended;
	size_t rules; /* settings of rules, at the top and below workloads */
	size_t allow;
};
struct policy_counts policy_counts(const struct policy *policy, int64_t now);

#endif
