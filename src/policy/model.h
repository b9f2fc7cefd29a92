/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy as the parser fills it and views read it. Plain data, for src/policy/ only; everything is owned.
 * All zero is "says nothing".
 */
#ifndef PLM_POLICY_MODEL_H
#define PLM_POLICY_MODEL_H

#include "policy/pattern.h"
#include "policy/policy.h"

struct patterns {
	struct pattern **items;
	size_t count;
};

struct setting {
	struct {
		bool set, value;
	} enabled;
	struct {
		bool set;
		enum severity value;
	} severity;
	struct {
		bool set;
		int64_t value; /* seconds or GRACE_NONE */
	} grace;
};

/* An entry of `allow` (executable and path may be NULL: any) or of `waivers` (workload, subject, digest, until, owner; subject
 * and digest may be NULL: any). */
struct exception {
	const char *kind; /* "allow" or "waiver" */
	unsigned line;
	enum rule rule;
	char *reason;
	struct pattern *executable, *path;
	struct pattern *workload, *subject;
	char *digest;
	char *owner;
	int64_t until; /* in force before this second */
	uint64_t matched;
};

struct exceptions {
	struct exception *items;
	size_t count;
};

/* NULL: any. */
struct match {
	struct pattern *image, *namespace, *container, *pod, *workload, *label;
};

struct workload {
	struct match match;
	struct patterns writable;
	struct setting rules[RULES];
	struct exceptions allow;
};

struct workloads {
	struct workload *items;
	size_t count;
};

struct words {
	char **items;
	size_t count;
};

struct outputs {
	struct policy_output *items; /* path is owned, type is not */
	size_t count;
};

struct policy {
	struct patterns writable;
	struct setting rules[RULES];
	struct workloads workloads;
	struct exceptions waivers;
	struct words redact; /* built-in ones first */
	struct outputs outputs;
	char *workload_label;
	char *cluster;
	struct policy_ledger ledger; /* its cluster is not set */
	struct policy_history history;
	char *group;
};

/* A policy with the built-in redactions and bounds, and nothing else. NULL when out of memory. */
struct policy *policy_new(void);

/* As others see it. */
struct policy_waiver policy_waiver_of(const struct exception *waiver);

/* Gives a policy that names no `writable` the default one. 0 or -ENOMEM. */
int policy_complete(struct policy *policy);

#endif
