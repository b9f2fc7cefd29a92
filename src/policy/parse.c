// SPDX-License-Identifier: Apache-2.0
/*
 * From a tree to a policy. What a mapping may hold is a table; each row names a key, the type of its value,
 * what reads it and where it goes. A reader reports what is wrong and goes on, so one run tells everything;
 * it fails only when out of memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "digest/digest.h"
#include "policy/model.h"
#include "policy/nearest.h"
#include "policy/tree.h"
#include "policy/value.h"

typedef int (*read_fn)(struct report *report, const struct node *node, void *target);

struct field {
	const char *key;
	enum node_type type;
	read_fn read;
	size_t offset; /* of what `read` fills, in the target */
	bool required;
};

struct schema {
	const char *what; /* "a waiver" */
	const struct field *fields;
	size_t count; /* 32 at most */
};

#define SCHEMA(of, rows)                                                                                               \
	{                                                                                                              \
		.what = (of), .fields = (rows), .count = ARRAY_SIZE(rows)                                              \
	}

#define complain(report, node, ...) report_add((report), (node)->line, (node)->column, __VA_ARGS__)

/* ", did you mean ...?" from an answer of nearest_offer. */
#define MEANT_FORMAT "%s%s%s"
#define MEANT(nearest)                                                                                                 \
	(nearest).best ? ": did you mean '" : "", (nearest).best ? (nearest).best : "", (nearest).best ? "'?" : ""

static const char *const type_names[] = {
	[NODE_TEXT] = "a single value",
	[NODE_LIST] = "a list",
	[NODE_MAP] = "a mapping",
};

/* Reports a value of the wrong type, and a text that C cannot hold whole. `what` is the key, or what the
 * list's entries are. */
static bool type_fits(struct report *report, const struct node *node, enum node_type type, const char *what)
{
	if (node->type != type)
		complain(report, node, "%s must be %s, not %s", what, type_names[type], type_names[node->type]);
	else if (type == NODE_TEXT && strlen(node->text) != node->length)
		complain(report, node, "%s must not hold a NUL", what);
	else
		return true;
	return false;
}

static void complain_key(struct report *report, const struct node *key, const struct schema *schema)
{
	struct nearest nearest = { .word = key->text };

	for (size_t i = 0; i < schema->count; i++)
		nearest_offer(&nearest, schema->fields[i].key);
	complain(report, key, "unknown key '%.60s' in %s" MEANT_FORMAT, key->text, schema->what, MEANT(nearest));
}

static const struct field *schema_find(const struct schema *schema, const struct node *key)
{
	for (size_t i = 0; i < schema->count; i++)
		if (key->length == strlen(schema->fields[i].key) && !strcmp(schema->fields[i].key, key->text))
			return &schema->fields[i];
	return NULL;
}

static void complain_missing(struct report *report, const struct node *node, const struct schema *schema, uint32_t seen)
{
	for (size_t i = 0; i < schema->count; i++)
		if (schema->fields[i].required && !(seen & 1u << i))
			complain(report, node, "%s needs '%s'", schema->what, schema->fields[i].key);
}

static int read_map(struct report *report, const struct node *node, const struct schema *schema, void *target)
{
	uint32_t seen = 0;

	for (const struct node *value = node->first; value; value = value->next) {
		const struct field *field = schema_find(schema, value->key);
		uint32_t bit = field ? 1u << (field - schema->fields) : 0;
		int error = 0;

		if (!field)
			complain_key(report, value->key, schema);
		else if (seen & bit)
			complain(report, value->key, "'%s' is given twice", field->key);
		else if (type_fits(report, value, field->type, field->key))
			error = field->read(report, value, (char *)target + field->offset);
		if (error)
			return error;
		seen |= bit;
	}
	complain_missing(report, node, schema, seen);
	return 0;
}

/* Reads the entries of a list into items[], which has a zeroed place of `size` bytes for each. */
static int read_each(struct report *report, const struct node *list, enum node_type type, const char *what,
		     read_fn read, void *items, size_t size)
{
	size_t i = 0;

	for (const struct node *node = list->first; node; node = node->next, i++) {
		int error = 0;

		if (type_fits(report, node, type, what))
			error = read(report, node, (char *)items + i * size);
		if (error)
			return error;
	}
	return 0;
}

/* Never of size 0, so that an empty list differs from none. */
static void *places_new(const struct node *list, size_t size)
{
	return calloc(list->count + 1, size);
}

/* ---- single values ---- */

static bool is_text(struct report *report, const struct node *node)
{
	if (!node->length)
		complain(report, node, "a value is missing");
	else if (node->plain && value_is_not_text(node->text))
		complain(report, node, "'%.60s' is not a text: put it in quotes if it is meant as one", node->text);
	else
		return true;
	return false;
}

static int read_text(struct report *report, const struct node *node, void *target)
{
	char **text = target;

	if (!is_text(report, node))
		return 0;
	*text = strdup(node->text);
	return *text ? 0 : -ENOMEM;
}

static int read_bool(struct report *report, const struct node *node, void *target)
{
	__typeof__(((struct setting *)NULL)->enabled) *enabled = target;

	enabled->set = true;
	if (!node->plain || value_bool(node->text, &enabled->value))
		complain(report, node, "'%.60s' is neither true nor false", node->text);
	return 0;
}

static int read_severity(struct report *report, const struct node *node, void *target)
{
	__typeof__(((struct setting *)NULL)->severity) *severity = target;
	struct nearest nearest = { .word = node->text };
	int value = severity_from_name(node->text);

	if (value >= 0) {
		severity->set = true;
		severity->value = (enum severity)value;
		return 0;
	}
	for (int i = 0; i < SEVERITIES; i++)
		nearest_offer(&nearest, severity_name((enum severity)i));
	complain(report, node, "unknown severity '%.60s'" MEANT_FORMAT " (info, low, medium, high, critical)",
		 node->text, MEANT(nearest));
	return 0;
}

static int read_grace(struct report *report, const struct node *node, void *target)
{
	__typeof__(((struct setting *)NULL)->grace) *grace = target;
	int error = 0;

	grace->set = true;
	if (!strcmp(node->text, "none"))
		grace->value = GRACE_NONE;
	else
		error = value_duration(node->text, &grace->value);
	if (error == -ERANGE)
		complain(report, node, "'%.60s' is longer than ten years: use none", node->text);
	else if (error)
		complain(report, node, "'%.60s' is no duration: a number and s, m, h, d or w, or none", node->text);
	return 0;
}

static int read_duration(struct report *report, const struct node *node, void *target)
{
	int error = value_duration(node->text, target);

	if (error == -ERANGE)
		complain(report, node, "'%.60s' is longer than ten years", node->text);
	else if (error)
		complain(report, node, "'%.60s' is no duration: a number and s, m, h, d or w", node->text);
	return 0;
}

static int read_until(struct report *report, const struct node *node, void *target)
{
	int error = value_until(node->text, target);

	if (error == -ERANGE)
		complain(report, node, "'%.60s' is not in the calendar", node->text);
	else if (error)
		complain(report, node, "'%.60s' is no date: 2026-12-31 or 2026-12-31T18:00:00Z is", node->text);
	return 0;
}

/* The rule that a node names, or -ENOENT with what is wrong reported. */
static int find_rule(struct report *report, const struct node *node)
{
	struct nearest nearest = { .word = node->text };
	int rule = strlen(node->text) == node->length ? rule_from_id(node->text) : -ENOENT;

	if (rule >= 0)
		return rule;
	for (int i = 0; i < RULES; i++)
		nearest_offer(&nearest, rule_info((enum rule)i)->id);
	complain(report, node, "unknown rule '%.60s'" MEANT_FORMAT, node->text, MEANT(nearest));
	return rule;
}

static int read_rule_id(struct report *report, const struct node *node, void *target)
{
	int rule = find_rule(report, node);

	if (rule >= 0)
		*(enum rule *)target = (enum rule)rule;
	return 0;
}

static int read_pattern(struct report *report, const struct node *node, void *target)
{
	int error = is_text(report, node) ? pattern_new(node->text, 0, target) : 0;

	if (error == -ENOMEM)
		return error;
	if (error)
		complain(report, node, "a pattern must not be longer than %d bytes", PATTERN_MAX);
	return 0;
}

static int read_path_pattern(struct report *report, const struct node *node, void *target)
{
	const char *fault = node->length ? pattern_path_fault(node->text) : NULL;

	if (!fault)
		return read_pattern(report, node, target);
	complain(report, node, "the pattern '%.80s' of a path %s", node->text, fault);
	return 0;
}

static int read_label(struct report *report, const struct node *node, void *target)
{
	if (node->text[0] != '=' && strchr(node->text, '='))
		return read_pattern(report, node, target);
	complain(report, node, "'%.60s' is no label: KEY=VALUE is, and both may be patterns", node->text);
	return 0;
}

static int read_label_key(struct report *report, const struct node *node, void *target)
{
	if (!strchr(node->text, '='))
		return read_text(report, node, target);
	complain(report, node, "'%.60s' is no label's key: it must not hold a =", node->text);
	return 0;
}

#define CLUSTER_MAX 253

static int read_cluster(struct report *report, const struct node *node, void *target)
{
	if (node->length <= CLUSTER_MAX)
		return read_text(report, node, target);
	complain(report, node, "a cluster's name must not be longer than %d bytes", CLUSTER_MAX);
	return 0;
}

static int read_digest(struct report *report, const struct node *node, void *target)
{
	struct digest digest;

	if (strncmp(node->text, "sha256:", 7) == 0 &&
	    digest_from_hex(DIGEST_SHA256, node->text + 7, strlen(node->text + 7), &digest) == 0)
		return read_text(report, node, target);
	complain(report, node, "'%.80s' is no image's digest: sha256: and 64 hex digits is", node->text);
	return 0;
}

static int read_redact(struct report *report, const struct node *node, void *target)
{
	if (node->length <= PATTERN_MAX)
		return read_text(report, node, target);
	complain(report, node, "a pattern must not be longer than %d bytes", PATTERN_MAX);
	return 0;
}

static int read_output_type(struct report *report, const struct node *node, void *target)
{
	static const char *const types[] = { "json", "text" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (strcmp(types[i], node->text))
			continue;
		*(const char **)target = types[i];
		return 0;
	}
	complain(report, node, "unknown output type '%.60s' (json, text)", node->text);
	return 0;
}

static int read_output_path(struct report *report, const struct node *node, void *target)
{
	if (node->text[0] == '/' || !node->length)
		return read_text(report, node, target);
	complain(report, node, "'%.80s' must begin with /: the agent has no working directory", node->text);
	return 0;
}

/* ---- mappings and lists ---- */

static int read_writable(struct report *report, const struct node *node, void *target)
{
	struct patterns *list = target;

	list->items = places_new(node, sizeof(*list->items));
	if (!list->items)
		return -ENOMEM;
	list->count = node->count;
	return read_each(report, node, NODE_TEXT, "an entry of writable", read_path_pattern, list->items,
			 sizeof(*list->items));
}

static const struct field setting_fields[] = {
	{ "enabled", NODE_TEXT, read_bool, offsetof(struct setting, enabled), false },
	{ "severity", NODE_TEXT, read_severity, offsetof(struct setting, severity), false },
	{ "grace", NODE_TEXT, read_grace, offsetof(struct setting, grace), false },
};
static const struct schema setting_schema = SCHEMA("a rule's settings", setting_fields);

static int read_rules(struct report *report, const struct node *node, void *target)
{
	struct setting *settings = target;
	bool seen[RULES] = {};

	for (const struct node *value = node->first; value; value = value->next) {
		int rule = find_rule(report, value->key);
		int error = 0;

		if (rule < 0)
			continue;
		if (seen[rule])
			complain(report, value->key, "'%s' is given twice", value->key->text);
		else if (type_fits(report, value, NODE_MAP, value->key->text))
			error = read_map(report, value, &setting_schema, &settings[rule]);
		if (error)
			return error;
		seen[rule] = true;
	}
	return 0;
}

static const struct field match_fields[] = {
	{ "image", NODE_TEXT, read_pattern, offsetof(struct match, image), false },
	{ "namespace", NODE_TEXT, read_pattern, offsetof(struct match, namespace), false },
	{ "container", NODE_TEXT, read_pattern, offsetof(struct match, container), false },
	{ "pod", NODE_TEXT, read_pattern, offsetof(struct match, pod), false },
	{ "workload", NODE_TEXT, read_pattern, offsetof(struct match, workload), false },
	{ "label", NODE_TEXT, read_label, offsetof(struct match, label), false },
};
static const struct schema match_schema = SCHEMA("match", match_fields);

static int read_match(struct report *report, const struct node *node, void *target)
{
	if (!node->count)
		complain(report, node, "'match' is empty: image: \"**\" matches every container of an image");
	return read_map(report, node, &match_schema, target);
}

static const struct field allow_fields[] = {
	{ "rule", NODE_TEXT, read_rule_id, offsetof(struct exception, rule), true },
	{ "executable", NODE_TEXT, read_path_pattern, offsetof(struct exception, executable), false },
	{ "path", NODE_TEXT, read_path_pattern, offsetof(struct exception, path), false },
	{ "reason", NODE_TEXT, read_text, offsetof(struct exception, reason), true },
};
static const struct schema allow_schema = SCHEMA("an entry of allow", allow_fields);

static int read_allow_entry(struct report *report, const struct node *node, void *target)
{
	struct exception *exception = target;

	exception->kind = "allow";
	exception->line = node->line;
	return read_map(report, node, &allow_schema, target);
}

static int read_allow(struct report *report, const struct node *node, void *target)
{
	struct exceptions *list = target;

	list->items = places_new(node, sizeof(*list->items));
	if (!list->items)
		return -ENOMEM;
	list->count = node->count;
	return read_each(report, node, NODE_MAP, "an entry of allow", read_allow_entry, list->items,
			 sizeof(*list->items));
}

static const struct field workload_fields[] = {
	{ "match", NODE_MAP, read_match, offsetof(struct workload, match), true },
	{ "writable", NODE_LIST, read_writable, offsetof(struct workload, writable), false },
	{ "rules", NODE_MAP, read_rules, offsetof(struct workload, rules), false },
	{ "allow", NODE_LIST, read_allow, offsetof(struct workload, allow), false },
};
static const struct schema workload_schema = SCHEMA("a workload", workload_fields);

static int read_workload(struct report *report, const struct node *node, void *target)
{
	return read_map(report, node, &workload_schema, target);
}

static int read_workloads(struct report *report, const struct node *node, void *target)
{
	struct workloads *list = target;

	list->items = places_new(node, sizeof(*list->items));
	if (!list->items)
		return -ENOMEM;
	list->count = node->count;
	return read_each(report, node, NODE_MAP, "an entry of workloads", read_workload, list->items,
			 sizeof(*list->items));
}

static const struct field waiver_fields[] = {
	{ "rule", NODE_TEXT, read_rule_id, offsetof(struct exception, rule), true },
	{ "workload", NODE_TEXT, read_pattern, offsetof(struct exception, workload), true },
	{ "subject", NODE_TEXT, read_pattern, offsetof(struct exception, subject), false },
	{ "digest", NODE_TEXT, read_digest, offsetof(struct exception, digest), false },
	{ "until", NODE_TEXT, read_until, offsetof(struct exception, until), true },
	{ "owner", NODE_TEXT, read_text, offsetof(struct exception, owner), true },
	{ "reason", NODE_TEXT, read_text, offsetof(struct exception, reason), true },
};
static const struct schema waiver_schema = SCHEMA("a waiver", waiver_fields);

static int read_waiver(struct report *report, const struct node *node, void *target)
{
	struct exception *exception = target;

	exception->kind = "waiver";
	exception->line = node->line;
	return read_map(report, node, &waiver_schema, target);
}

static int read_waivers(struct report *report, const struct node *node, void *target)
{
	struct exceptions *list = target;

	list->items = places_new(node, sizeof(*list->items));
	if (!list->items)
		return -ENOMEM;
	list->count = node->count;
	return read_each(report, node, NODE_MAP, "an entry of waivers", read_waiver, list->items, sizeof(*list->items));
}

/* Adds to the built-in ones, which are in the list already. */
static int read_redacts(struct report *report, const struct node *node, void *target)
{
	struct words *list = target;
	size_t built_in = list->count;
	char **items = reallocarray(list->items, built_in + node->count, sizeof(*items));

	if (!items)
		return -ENOMEM;
	memset(items + built_in, 0, node->count * sizeof(*items));
	list->items = items;
	list->count += node->count;
	return read_each(report, node, NODE_TEXT, "an entry of redact", read_redact, items + built_in, sizeof(*items));
}

static const struct field output_fields[] = {
	{ "type", NODE_TEXT, read_output_type, offsetof(struct policy_output, type), true },
	{ "path", NODE_TEXT, read_output_path, offsetof(struct policy_output, path), false },
};
static const struct schema output_schema = SCHEMA("an output", output_fields);

static int read_output(struct report *report, const struct node *node, void *target)
{
	return read_map(report, node, &output_schema, target);
}

static int read_outputs(struct report *report, const struct node *node, void *target)
{
	struct outputs *list = target;

	list->items = places_new(node, sizeof(*list->items));
	if (!list->items)
		return -ENOMEM;
	list->count = node->count;
	return read_each(report, node, NODE_MAP, "an entry of outputs", read_output, list->items, sizeof(*list->items));
}

static const struct field ledger_fields[] = {
	{ "resolve_after", NODE_TEXT, read_duration, offsetof(struct policy_ledger, resolve_after), false },
	{ "reopen_within", NODE_TEXT, read_duration, offsetof(struct policy_ledger, reopen_within), false },
	{ "waiver_max", NODE_TEXT, read_duration, offsetof(struct policy_ledger, waiver_max), false },
	{ "waiver_warning", NODE_TEXT, read_duration, offsetof(struct policy_ledger, waiver_warning), false },
};
static const struct schema ledger_schema = SCHEMA("the ledger", ledger_fields);

static int read_ledger(struct report *report, const struct node *node, void *target)
{
	return read_map(report, node, &ledger_schema, target);
}

static int read_history_size(struct report *report, const struct node *node, void *target)
{
	int64_t size = 0;
	int error = value_size(node->text, &size);

	if (error == -EINVAL)
		complain(report, node, "'%.60s' is no size: a number, and K, M or G", node->text);
	else if (error || size < POLICY_HISTORY_SIZE_MIN)
		complain(report, node, "'%.60s' is out of range: 16M is the least, 1048576G the most", node->text);
	else
		*(int64_t *)target = size;
	return 0;
}

static int read_history_age(struct report *report, const struct node *node, void *target)
{
	int64_t age = 0;
	int error = value_duration(node->text, &age);

	if (error == -EINVAL)
		complain(report, node, "'%.60s' is no duration: a number and s, m, h, d or w", node->text);
	else if (error || age < POLICY_HISTORY_AGE_MIN)
		complain(report, node, "'%.60s' is out of range: 1h is the least, ten years the most", node->text);
	else
		*(int64_t *)target = age;
	return 0;
}

static const struct field history_fields[] = {
	{ "size", NODE_TEXT, read_history_size, offsetof(struct policy_history, size), false },
	{ "age", NODE_TEXT, read_history_age, offsetof(struct policy_history, age), false },
};
static const struct schema history_schema = SCHEMA("history", history_fields);

static int read_history(struct report *report, const struct node *node, void *target)
{
	return read_map(report, node, &history_schema, target);
}

static const struct field policy_fields[] = {
	{ "writable", NODE_LIST, read_writable, offsetof(struct policy, writable), false },
	{ "rules", NODE_MAP, read_rules, offsetof(struct policy, rules), false },
	{ "workload_label", NODE_TEXT, read_label_key, offsetof(struct policy, workload_label), false },
	{ "cluster", NODE_TEXT, read_cluster, offsetof(struct policy, cluster), false },
	{ "ledger", NODE_MAP, read_ledger, offsetof(struct policy, ledger), false },
	{ "workloads", NODE_LIST, read_workloads, offsetof(struct policy, workloads), false },
	{ "waivers", NODE_LIST, read_waivers, offsetof(struct policy, waivers), false },
	{ "redact", NODE_LIST, read_redacts, offsetof(struct policy, redact), false },
	{ "outputs", NODE_LIST, read_outputs, offsetof(struct policy, outputs), false },
	{ "history", NODE_MAP, read_history, offsetof(struct policy, history), false },
	{ "group", NODE_TEXT, read_text, offsetof(struct policy, group), false },
};
static const struct schema policy_schema = SCHEMA("a policy", policy_fields);

static bool is_nothing(const struct node *root)
{
	return !root || (root->type == NODE_TEXT && root->plain && !root->length);
}

static int read_policy(const char *text, size_t size, struct report *report, struct policy *policy)
{
	_cleanup_(node_freep) struct node *root = NULL;
	int error = 0;

	if (size > POLICY_SIZE_MAX) {
		report_add(report, 0, 0, "a policy must not be larger than %u bytes", POLICY_SIZE_MAX);
		return -EINVAL;
	}
	error = tree_parse(text, size, report, &root);
	if (!error && !is_nothing(root) && type_fits(report, root, NODE_MAP, "a policy"))
		error = read_map(report, root, &policy_schema, policy);
	error = error ? error : policy_complete(policy);
	return !error && report->failed ? -EINVAL : error;
}

int policy_parse(const char *text, size_t size, struct policy **ret_policy, struct policy_error *errors, size_t max,
		 size_t *ret_errors)
{
	_cleanup_(policy_freep) struct policy *policy = policy_new();
	struct report report = { .errors = errors, .max = max };
	int error = policy ? read_policy(text, size, &report, policy) : -ENOMEM;

	if (!error)
		*ret_policy = take_ptr(policy);
	if (error == -EINVAL)
		report_sort(&report);
	*ret_errors = error == -EINVAL ? report.count : 0;
	return error;
}
