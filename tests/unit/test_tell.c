// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "tell/tell.h"

#define SECOND      1000000000ull
#define HOUR        (3600 * SECOND)
#define NOW         (100 * HOUR) /* when the tests begin */
#define BOOT_OFFSET 1700000000000000000ll
#define WEB         7

/* An agent as far as tellers are concerned, and what it wrote. */
struct house {
	char dir[32];
	char path[64];
	struct output_context context;
	struct id_source ids;
	struct policy *policy;
	struct policy_view *view; /* as it applies to the container */
	struct registry *registry;
	struct processes *processes;
	struct container *web;
	struct sinks *sinks;
	struct state *state;
	struct teller *teller;
	json_t *lines; /* of the last house_lines */
};

static const char *path_of(struct house *house, const char *name)
{
	(void)snprintf(house->path, sizeof(house->path), "%s/%s", house->dir, name);
	return house->path;
}

static int setup(void **data)
{
	struct house *house = calloc(1, sizeof(*house));

	strcpy(house->dir, "/tmp/plimsoll-tell-XXXXXX");
	house->context.host_name = "here";
	house->policy = policy_default();
	*data = house;
	return mkdtemp(house->dir) && house->policy && id_source_open(&house->ids) == 0 ? 0 : -1;
}

/* Starts an agent, which knows the container unless `alone`; what teller_restore gives is returned. */
static int house_begin(struct house *house, bool alone, uint64_t now)
{
	struct teller_parts parts = { .ids = &house->ids };
	bool set_aside = true;

	assert_int_equal(state_open(house->dir, &house->state, &set_aside), 0);
	assert_false(set_aside);
	parts.registry = house->registry = registry_new(16, NULL, NULL);
	parts.processes = house->processes = processes_new(16);
	parts.sinks = house->sinks = sinks_new(&house->context, &house->ids);
	assert_int_equal(sinks_add(house->sinks, "json", path_of(house, "alerts")), 0);
	if (!alone)
		assert_int_equal(registry_add(house->registry, WEB, "/docker/web", &house->web), 0);
	if (!alone)
		house->web->view = house->view;
	assert_int_equal(teller_new(&parts, house->policy, &house->teller), 0);
	teller_set_state(house->teller, house->state);
	teller_set_clock(house->teller, BOOT_OFFSET);
	return teller_restore(house->teller, now);
}

/* Ends it as a SIGKILL would: nothing is told or saved that was not yet. */
static void house_kill(struct house *house)
{
	teller_free(house->teller);
	registry_free(house->registry);
	processes_free(house->processes);
	sinks_free(house->sinks);
	state_close(house->state); /* commits, which a kill does not: what is put is committed in each test */
	house->teller = NULL;
}

static int teardown(void **data)
{
	static const char *const names[] = { "alerts", "state.db", "state.db-wal", "state.db-shm" };
	struct house *house = *data;

	if (house->teller)
		house_kill(house);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		(void)remove(path_of(house, names[i]));
	(void)rmdir(house->dir);
	json_decref(house->lines);
	policy_view_free(house->view);
	policy_free(house->policy);
	free(house);
	return 0;
}

/* The lines that were written since the last time. */
static size_t house_lines(struct house *house)
{
	_cleanup_fclose_ FILE *file = NULL;
	char line[8192];

	(void)sinks_flush(house->sinks, BOOT_OFFSET);
	file = fopen(path_of(house, "alerts"), "r+e");
	assert_non_null(file);
	json_decref(house->lines);
	house->lines = json_array();
	while (fgets(line, sizeof(line), file))
		assert_int_equal(json_array_append_new(house->lines, json_loads(line, 0, NULL)), 0);
	assert_int_equal(ftruncate(fileno(file), 0), 0);
	return json_array_size(house->lines);
}

static const char *line_text(const struct house *house, size_t line, const char *object, const char *key)
{
	const json_t *root = json_array_get(house->lines, line);

	return json_string_value(json_object_get(object ? json_object_get(root, object) : root, key)) ?: "";
}

/* The count of the repeat that a line tells. */
static long long line_count(const struct house *house, size_t line)
{
	const json_t *plimsoll = json_object_get(json_array_get(house->lines, line), "plimsoll");

	return json_integer_value(json_object_get(json_object_get(plimsoll, "fold"), "count"));
}

/* A change of `path` at `time`, found at `found` or told by an event. */
static enum tell_verdict change(struct house *house, const char *path, uint64_t time, uint64_t found)
{
	struct event event = { .kind = PLM_CHANGE, .time = time, .container = WEB, .path = path };
	struct finding finding = {
		.rule = RULE_MUTATION_FILE, .severity = SEVERITY_MEDIUM, .action = "modify", .path = path
	};

	(void)snprintf(finding.subject, sizeof(finding.subject), "%s", path);
	(void)snprintf(finding.message, sizeof(finding.message), "modified %s", path);
	return tell_finding(house->teller,
			    &(struct telling){ .event = &event, .container = house->web, .found = found }, &finding);
}

/* Saved, and killed at once. */
static void house_save_and_kill(struct house *house, uint64_t now)
{
	assert_int_equal(teller_save(house->teller, now), 0);
	assert_int_equal(state_commit(house->state), 0);
	house_kill(house);
}

static void test_killed_says_nothing_twice(void **data)
{
	struct house *house = *data;

	assert_int_equal(house_begin(house, false, NOW), 0);
	assert_int_equal(change(house, "/etc/a", NOW, 0), TELL_TOLD);
	assert_int_equal(change(house, "/etc/a", NOW + 1, 0), TELL_COUNTED);
	assert_int_equal(change(house, "/etc/a", NOW + 2, 0), TELL_COUNTED);
	assert_int_equal(house_lines(house), 1);
	house_save_and_kill(house, NOW + 2);

	assert_int_equal(house_begin(house, false, NOW + SECOND), 0);
	assert_int_equal(house_lines(house), 0);
	assert_int_equal(change(house, "/etc/a", NOW + 2, NOW + SECOND), TELL_KNOWN);
	assert_int_equal(change(house, "/etc/a", NOW + 2 * SECOND, 0), TELL_COUNTED);
	assert_int_equal(house_lines(house), 0);
	assert_int_equal(teller_next(house->teller), NOW + HOUR);
	teller_expire(house->teller, NOW + HOUR);
	assert_int_equal(house_lines(house), 1);
	assert_string_equal(line_text(house, 0, "event", "action"), "repeat");
	assert_string_equal(line_text(house, 0, NULL, "message"), "again, 3 times: modified /etc/a");
	assert_string_equal(line_text(house, 0, "file", "path"), "/etc/a");
	assert_int_equal(line_count(house, 0), 3);
}

/* Told before its digest was known; the next agent knows that. */
static void test_a_state_is_told_once(void **data)
{
	struct house *house = *data;
	struct event event = { .kind = PLM_EXEC, .time = NOW, .container = WEB, .path = "/opt/new" };
	struct finding finding = { .rule = RULE_DRIFT_EXEC_NEW,
				   .severity = SEVERITY_CRITICAL,
				   .state = 99,
				   .action = "exec",
				   .path = "/opt/new",
				   .subject = "/opt/new @8:1.2.3" };
	struct telling telling = { .event = &event };

	assert_int_equal(house_begin(house, false, NOW), 0);
	telling.container = house->web;
	assert_int_equal(tell_finding(house->teller, &telling, &finding), TELL_TOLD);
	house_save_and_kill(house, NOW);

	assert_int_equal(house_begin(house, false, NOW + SECOND), 0);
	telling.container = house->web;
	telling.found = NOW + SECOND;
	(void)snprintf(finding.subject, sizeof(finding.subject), "/opt/new 12ab");
	assert_int_equal(tell_finding(house->teller, &telling, &finding), TELL_KNOWN);
	finding.state = 98; /* another file */
	assert_int_equal(tell_finding(house->teller, &telling, &finding), TELL_TOLD);
}

/* Rows: told at one moment, found to be of another, in ms after the boot. */
static void test_found_is_told_once(void **data)
{
	static const struct {
		int64_t told, of; /* told 0: not */
		enum tell_verdict verdict;
	} rows[] = {
		{ 0, 5000, TELL_TOLD },        { 5000, 5000, TELL_KNOWN },  { 5000, 4000, TELL_KNOWN },
		{ 5000, 5020, TELL_KNOWN },    { 5000, 5021, TELL_TOLD },   { 5000, 9000, TELL_TOLD },
		{ 5000, -9000, TELL_KNOWN },   { 0, -9000, TELL_TOLD },     { -9000, -9000, TELL_KNOWN },
		{ -9000, -10000, TELL_KNOWN }, { -9000, -8000, TELL_TOLD }, { -9000, 8000, TELL_TOLD },
		{ -10, 5, TELL_KNOWN },
	};
	struct house *house = *data;
	char path[32];

	assert_int_equal(house_begin(house, false, NOW), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct state_told told = { WEB, RULE_MUTATION_FILE, TOLD_ALERT, path };
		uint64_t time = 0;

		(void)snprintf(path, sizeof(path), "/d%zu/f", i);
		if (rows[i].told)
			assert_int_equal(state_told_put(house->state, &told, (uint64_t)(rows[i].told * 1000000)), 0);
		if (change(house, path, (uint64_t)(rows[i].of * 1000000), NOW + i * 10 * SECOND) != rows[i].verdict)
			fail_msg("row %zu: not the verdict", i);
		assert_int_equal(state_told_get(house->state, &told, &time), 0);
		assert_true((int64_t)time / 1000000 >= rows[i].of - 20);
	}
}

static void test_found_has_the_time_of_the_change(void **data)
{
	struct house *house = *data;

	assert_int_equal(house_begin(house, false, NOW), 0);
	assert_int_equal(change(house, "/etc/old", (uint64_t)-5000000000, NOW), TELL_TOLD);
	assert_int_equal(teller_next(house->teller), NOW + HOUR);
	assert_int_equal(house_lines(house), 1);
	assert_memory_equal(line_text(house, 0, NULL, "@timestamp"), "2023-11-14T22:13:15", 19);
}

/* The second time it is known to its window, later to the store, by the repeat that told it. */
static void test_a_repeat_is_known(void **data)
{
	struct house *house = *data;

	assert_int_equal(house_begin(house, false, NOW), 0);
	assert_int_equal(change(house, "/etc/a", NOW, 0), TELL_TOLD);
	assert_int_equal(change(house, "/etc/a", NOW + 10 * SECOND, 0), TELL_COUNTED);
	assert_int_equal(change(house, "/etc/a", NOW + 10 * SECOND, NOW + 11 * SECOND), TELL_KNOWN);
	teller_expire(house->teller, NOW + HOUR);
	teller_expire(house->teller, NOW + 2 * HOUR);
	house_save_and_kill(house, NOW + 2 * HOUR);
	assert_int_equal(house_begin(house, false, NOW + 3 * HOUR), 0);
	assert_int_equal(teller_next(house->teller), UINT64_MAX);
	assert_int_equal(change(house, "/etc/a", NOW + 10 * SECOND, NOW + 3 * HOUR), TELL_KNOWN);
	assert_int_equal(change(house, "/etc/a", NOW + 11 * SECOND, NOW + 3 * HOUR), TELL_TOLD);
}

static size_t storm(struct house *house, unsigned from, unsigned to, uint64_t time, uint64_t found, size_t verdicts[4])
{
	char path[32];
	size_t told = 0;

	memset(verdicts, 0, 4 * sizeof(*verdicts));
	for (unsigned i = from; i < to; i++) {
		enum tell_verdict verdict;

		(void)snprintf(path, sizeof(path), "/srv/%u", i);
		verdict = change(house, path, time, found);
		verdicts[verdict]++;
		told += verdict == TELL_TOLD;
	}
	return told;
}

/* Killed in a storm, its end unseen: what was rolled up is known one by one, what was missed is counted, once. */
static void test_a_storm_goes_on(void **data)
{
	struct house *house = *data;
	size_t verdicts[4];

	assert_int_equal(house_begin(house, false, NOW), 0);
	assert_int_equal(storm(house, 0, 300, NOW, 0, verdicts), 21);
	assert_int_equal(verdicts[TELL_COUNTED], 279);
	house_save_and_kill(house, NOW);

	assert_int_equal(house_begin(house, false, NOW + 5 * SECOND), 0);
	(void)house_lines(house);
	assert_int_equal(storm(house, 0, 500, NOW + 1, NOW + 5 * SECOND, verdicts), 0);
	assert_int_equal(verdicts[TELL_KNOWN], 300);
	assert_int_equal(verdicts[TELL_COUNTED], 200);
	assert_int_equal(storm(house, 300, 500, NOW + 1, NOW + 6 * SECOND, verdicts), 0);
	assert_int_equal(verdicts[TELL_KNOWN], 200);
	assert_int_equal(house_lines(house), 0);
	teller_end(house->teller, WEB);
	assert_int_equal(house_lines(house), 1);
	assert_int_equal(line_count(house, 0), 479);
}

static void test_pause_tells_and_windows_stay(void **data)
{
	struct house *house = *data;

	assert_int_equal(house_begin(house, false, NOW), 0);
	for (unsigned i = 0; i < 3; i++)
		(void)change(house, "/etc/a", NOW + i, 0);
	(void)house_lines(house);
	assert_int_equal(teller_pause(house->teller), 0);
	assert_int_equal(house_lines(house), 1);
	assert_int_equal(line_count(house, 0), 2);
	assert_int_equal(state_commit(house->state), 0);
	house_kill(house);

	assert_int_equal(house_begin(house, false, NOW + SECOND), 0);
	assert_int_equal(change(house, "/etc/a", NOW + SECOND, 0), TELL_COUNTED);
	assert_int_equal(house_lines(house), 0);
	teller_expire(house->teller, NOW + HOUR);
	assert_int_equal(house_lines(house), 1);
	assert_int_equal(line_count(house, 0), 1);
}

static unsigned folds;

static void count_fold(uint64_t cgroup, const char *key, const void *blob, size_t size, void *data)
{
	(void)key;
	(void)blob;
	(void)size;
	(void)data;
	folds += cgroup == WEB;
}

static unsigned folds_kept(const struct house *house)
{
	folds = 0;
	assert_int_equal(state_folds_each(house->state, count_fold, NULL), 0);
	return folds;
}

static void test_the_end_of_a_container_is_forgotten(void **data)
{
	const struct state_told told = { WEB, RULE_MUTATION_FILE, TOLD_ALERT, "/etc/a" };
	struct house *house = *data;
	uint64_t time;

	assert_int_equal(house_begin(house, false, NOW), 0);
	assert_int_equal(state_container_put(house->state, &(struct state_container){ WEB, NOW }), 0);
	(void)change(house, "/etc/a", NOW, 0);
	(void)change(house, "/etc/a", NOW + 1, 0);
	assert_int_equal(teller_save(house->teller, NOW + 1), 0);
	assert_int_equal(folds_kept(house), 2); /* its window, its rate */
	assert_int_equal(state_told_get(house->state, &told, &time), 0);
	(void)house_lines(house);
	teller_end(house->teller, WEB);
	assert_int_equal(house_lines(house), 1);
	assert_int_equal(teller_save(house->teller, NOW + 2), 0);
	assert_int_equal(folds_kept(house), 0);
	assert_int_equal(state_told_get(house->state, &told, &time), -ENOENT);
	assert_int_equal(state_container_get(house->state, WEB, &(struct state_container){ 0 }), -ENOENT);
}

/* It ended while no agent ran: what was counted of it is told all the same, once. */
static void test_ended_meanwhile_is_told(void **data)
{
	struct house *house = *data;

	assert_int_equal(house_begin(house, false, NOW), 0);
	for (unsigned i = 0; i < 4; i++)
		(void)change(house, "/etc/a", NOW + i, 0);
	(void)house_lines(house);
	house_save_and_kill(house, NOW + 4);
	assert_int_equal(house_begin(house, true, NOW + SECOND), 0);
	assert_int_equal(house_lines(house), 0);
	teller_end(house->teller, WEB); /* as the agent does once it knows who is there */
	assert_int_equal(house_lines(house), 1);
	assert_int_equal(line_count(house, 0), 3);
	assert_int_equal(folds_kept(house), 0);
	house_kill(house);
	assert_int_equal(house_begin(house, true, NOW + 2 * SECOND), 0);
	assert_int_equal(house_lines(house), 0);
}

struct blob {
	size_t size;
	char bytes[1024];
};

static void blob_take(uint64_t cgroup, const char *key, const void *bytes, size_t size, void *data)
{
	struct blob *blob = data;

	if (cgroup != WEB || strncmp(key, "subject ", 8) != 0)
		return;
	assert_true(size <= sizeof(blob->bytes));
	blob->size = size;
	memcpy(blob->bytes, bytes, size);
}

/* What is only counted is saved once a second. */
static void test_repeats_are_saved_once_a_second(void **data)
{
	static const struct {
		uint64_t at; /* ms */
		unsigned repeats;
		bool saved;
	} rows[] = { { 0, 1, true },    { 500, 5, false },  { 999, 3, false },
		     { 1000, 1, true }, { 1500, 2, false }, { 2000, 0, true } };
	struct house *house = *data;
	struct blob before = { 0 };

	assert_int_equal(house_begin(house, false, NOW), 0);
	assert_int_equal(change(house, "/etc/a", NOW, 0), TELL_TOLD);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct blob after = { 0 };

		for (unsigned n = 0; n < rows[i].repeats; n++)
			assert_int_equal(change(house, "/etc/a", NOW, 0), TELL_COUNTED);
		assert_int_equal(teller_save(house->teller, NOW + rows[i].at * 1000000), 0);
		assert_int_equal(state_folds_each(house->state, blob_take, &after), 0);
		assert_true(after.size > 0);
		if ((before.size != after.size || memcmp(before.bytes, after.bytes, after.size) != 0) != rows[i].saved)
			fail_msg("row %zu: saved or not", i);
		before = after;
	}
}

/* Damaged rows are left out, and gone; the others are there. */
static void test_damaged_rows_are_left_out(void **data)
{
	static const struct {
		size_t offset;
		char value;
	} rows[] = {
		{ 0, 9 },              /* version */
		{ 4, 1 },              /* sizes: of the window, */
		{ 7, 0x7f }, { 8, 0 }, /* of the message, */
		{ 12, 99 },            /* of the path */
		{ 16, 7 },             /* the window itself */
	};
	struct house *house = *data;
	struct blob good = { 0 }, bad;
	char key[64];

	assert_int_equal(house_begin(house, false, NOW), 0);
	assert_int_equal(change(house, "/etc/a", NOW, 0), TELL_TOLD);
	assert_int_equal(teller_save(house->teller, NOW), 0);
	assert_int_equal(state_folds_each(house->state, blob_take, &good), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bad = good;
		bad.bytes[rows[i].offset] = rows[i].value;
		(void)snprintf(key, sizeof(key), "subject mutation.file /bad/%zu", i);
		assert_int_equal(state_fold_put(house->state, WEB, key, bad.bytes, bad.size), 0);
	}
	bad = good;
	bad.bytes[bad.size - 1] = 'x'; /* the path's NUL */
	assert_int_equal(state_fold_put(house->state, WEB, "subject mutation.file /x", bad.bytes, bad.size), 0);
	for (size_t size = 0; size < good.size; size += 7) {
		(void)snprintf(key, sizeof(key), "subject mutation.file /cut/%zu", size);
		assert_int_equal(state_fold_put(house->state, WEB, key, good.bytes, size), 0);
	}
	house_kill(house);
	assert_int_equal(house_begin(house, false, NOW), ARRAY_SIZE(rows) + 1 + (good.size + 6) / 7);
	assert_int_equal(folds_kept(house), 2);
	assert_int_equal(change(house, "/etc/a", NOW + 1, 0), TELL_COUNTED);
}

/* What the policy excuses is recorded once, and is no alert that was told: without the exception it is one. */
static void test_what_is_excused_is_recorded_once(void **data)
{
	static const char text[] = "workloads:\n"
				   "  - match: {container: web}\n"
				   "    allow: [{rule: mutation.file, path: \"/data/**\", reason: \"theirs\"}]\n";
	struct house *house = *data;
	struct policy_error errors[4];
	struct policy *policy = NULL;
	size_t count = 0;

	assert_int_equal(policy_parse(text, strlen(text), &policy, errors, ARRAY_SIZE(errors), &count), 0);
	policy_free(house->policy);
	house->policy = policy;
	house->view = policy_view_new(policy, &(struct policy_subject){ .container = "web" });
	assert_non_null(house->view);
	assert_int_equal(house_begin(house, false, NOW), 0);
	assert_int_equal(change(house, "/data/a", NOW, 0), TELL_ALLOWED);
	assert_int_equal(change(house, "/data/b", NOW, NOW + SECOND), TELL_ALLOWED);
	assert_int_equal(house_lines(house), 2);
	house_save_and_kill(house, NOW);
	assert_int_equal(house_begin(house, false, NOW + 2 * SECOND), 0);
	assert_int_equal(change(house, "/data/a", NOW, NOW + 2 * SECOND), TELL_KNOWN);
	assert_int_equal(change(house, "/data/b", NOW, NOW + 2 * SECOND), TELL_KNOWN);
	assert_int_equal(house_lines(house), 0);
	house->web->view = NULL;
	assert_int_equal(change(house, "/data/a", NOW, NOW + 2 * SECOND), TELL_TOLD);
}

/* Without a store all is as ever, but what a window knows. */
static void test_without_a_store(void **data)
{
	struct house *house = *data;

	assert_int_equal(house_begin(house, false, NOW), 0);
	teller_set_state(house->teller, NULL);
	assert_int_equal(teller_restore(house->teller, NOW), 0);
	assert_int_equal(change(house, "/etc/a", NOW, 0), TELL_TOLD);
	assert_int_equal(change(house, "/etc/a", NOW, NOW + 1), TELL_KNOWN);
	assert_int_equal(change(house, "/etc/a", NOW + SECOND, NOW + SECOND), TELL_COUNTED);
	assert_int_equal(teller_save(house->teller, NOW), 0);
	assert_int_equal(teller_pause(house->teller), 0);
	teller_end(house->teller, WEB);
	assert_int_equal(house_lines(house), 2);
	assert_int_equal(folds_kept(house), 0);
}

/* An exec that the process table has. */
static void ran(struct house *house, uint32_t pid, uint32_t parent, const char *executable, const char *const *argv)
{
	size_t argc = 0;
	struct process process = { .pid = pid, .start = pid * 10, .parent_pid = parent, .parent_start = parent * 10 };
	_cleanup_(arguments_freep) struct arguments *args = NULL;

	while (argv[argc])
		argc++;
	process.executable = (char *)executable;
	process.has_user = true;
	process.user = 33;
	process.args = args = arguments_new(teller_redact(house->teller), argv, argc);
	assert_int_equal(processes_exec(house->processes, &process), 0);
}

static char *field_dump(const struct house *house, size_t line, const char *object, const char *key)
{
	return json_dumps(json_object_get(json_object_get(json_array_get(house->lines, line), object), key),
			  JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
}

/* A record of a change has no ancestors: they are those that execs told of, up to where none is known. */
static void test_a_change_has_ancestors(void **data)
{
	static const char *const first[] = { "sh", NULL };
	static const char *const secret[] = { "db", "--password=secret", NULL };
	struct house *house = *data;
	struct event event = { .kind = PLM_CHANGE, .time = NOW, .container = WEB, .path = "/etc/a" };
	struct facts facts = { .executable = "/bin/db" };
	struct finding finding = { .rule = RULE_MUTATION_FILE, .action = "modify", .path = "/etc/a" };
	const struct telling telling = { .event = &event, .facts = &facts };
	_cleanup_free_ char *ancestors = NULL, *args = NULL, *none = NULL;

	assert_int_equal(house_begin(house, false, NOW), 0);
	ran(house, 5, 4, "/bin/sh", first);
	ran(house, 6, 5, "/bin/db", secret);
	ran(house, 7, 6, "/bin/db", secret);
	event.task = (struct plm_task){ .pid = 7, .start = 70, .parent_pid = 6, .parent_start = 60 };
	assert_int_equal(tell_finding(house->teller, &telling, &finding), TELL_TOLD);
	facts.executable = "/bin/other"; /* what it ran then is not what it runs now */
	finding.subject[0] = 'x';
	assert_int_equal(tell_finding(house->teller, &telling, &finding), TELL_TOLD);
	assert_int_equal(house_lines(house), 2);
	args = field_dump(house, 0, "process", "args");
	assert_string_equal(args, "[\"db\",\"--password=***\"]");
	ancestors = field_dump(house, 0, "plimsoll", "ancestors");
	assert_string_equal(ancestors,
			    "[{\"args\":[\"db\",\"--password=***\"],\"entity_id\":\"6-3c\",\"executable\":\"/bin/db\","
			    "\"pid\":6,\"start\":\"2023-11-14T22:13:20.000000060Z\",\"user\":{\"id\":\"33\"}},"
			    "{\"args\":[\"sh\"],\"entity_id\":\"5-32\",\"executable\":\"/bin/sh\",\"pid\":5,"
			    "\"start\":\"2023-11-14T22:13:20.000000050Z\",\"user\":{\"id\":\"33\"}},"
			    "{\"entity_id\":\"4-28\",\"pid\":4,\"start\":\"2023-11-14T22:13:20.000000040Z\"}]");
	none = field_dump(house, 1, "process", "args");
	assert_null(none);
}

static void test_a_session_ends(void **data)
{
	struct house *house = *data;
	struct session session = {
		.id = 0x47, .began = NOW - 3 * SECOND, .ended = NOW, .pid = 7, .executable = (char *)"/bin/sh"
	};

	strcpy(session.audit_id, "audit-1");
	assert_int_equal(house_begin(house, false, NOW), 0);
	tell_session_end(house->teller, house->web, &session, NOW);
	tell_session_end(house->teller, NULL, &session, NOW);
	assert_int_equal(house_lines(house), 2);
	assert_string_equal(line_text(house, 0, "event", "kind"), "state");
	assert_string_equal(line_text(house, 0, "event", "action"), "session-end");
	assert_string_equal(line_text(house, 0, "plimsoll", "session"), "47");
	assert_string_equal(line_text(house, 0, "plimsoll", "audit_id"), "audit-1");
	assert_non_null(strstr(line_text(house, 0, NULL, "message"), "/bin/sh"));
	assert_non_null(strstr(line_text(house, 0, NULL, "message"), "after 3 s"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_state_is_told_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed_says_nothing_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(test_found_is_told_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_found_has_the_time_of_the_change, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_repeat_is_known, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_storm_goes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pause_tells_and_windows_stay, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_end_of_a_container_is_forgotten, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ended_meanwhile_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(test_repeats_are_saved_once_a_second, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged_rows_are_left_out, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_excused_is_recorded_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_without_a_store, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_change_has_ancestors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_session_ends, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
