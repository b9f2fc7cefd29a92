// SPDX-License-Identifier: Apache-2.0
#include <linux/magic.h>
#include <sys/stat.h>

#include "detect_rows.h"

#define CHANGE(which)       .kind = PLM_CHANGE, .task = TASK_OF(1000), .change.op = PLM_OP_##which
#define HINT                .change.flags = PLM_CHANGE_HINT
#define UPPER               .file = { .layer = PLM_LAYER_UPPER, .mode = S_IFREG | 0644 }
#define FILE_IN(where, ...) .file = { .layer = PLM_LAYER_##where, __VA_ARGS__ }
#define OLD                 .container_age = UINT64_MAX
#define MUTATION(act, sev, path, verdict, says)                                                                        \
	{                                                                                                              \
		{                                                                                                      \
			act, RULE_MUTATION_FILE, SEVERITY_##sev, path, verdict, NULL, path, says                       \
		}                                                                                                      \
	}
#define OUTSIDE(act, path, says)                                                                                       \
	{                                                                                                              \
		{                                                                                                      \
			act, RULE_MUTATION_OUTSIDE, SEVERITY_CRITICAL, path, NULL, NULL, path, says                    \
		}                                                                                                      \
	}

/* clang-format off */
static const struct row files[] = {
	{"modified", {CHANGE(MODIFY), .path = "/etc/passwd", UPPER}, {OLD, .in_image = ANSWER_YES, .executable = "/bin/sh"},
		MUTATION("modify", MEDIUM, "/etc/passwd", "modified",
			 "/etc/passwd was modified in web by /bin/sh (pid 7, uid 1000)")},
	{"written, and as the image has it", {CHANGE(MODIFY), .path = "/usr/bin/x", UPPER},
		{OLD, .in_image = ANSWER_YES, .metadata_only = true, .code = true},
		MUTATION("modify", LOW, "/usr/bin/x", "metadata", NULL)},
	{"a file of a package", {CHANGE(MODIFY), .path = "/etc/x", UPPER},
		{OLD, .in_image = ANSWER_YES, .content = {.packaged = ANSWER_YES}},
		MUTATION("modify", HIGH, "/etc/x", "modified", NULL)},
	{"a file of no package", {CHANGE(MODIFY), .path = "/etc/x", UPPER},
		{OLD, .in_image = ANSWER_YES, .content = {.packaged = ANSWER_NO}},
		MUTATION("modify", MEDIUM, "/etc/x", "modified", NULL)},
	{"created", {CHANGE(CREATE), .path = "/etc/new", UPPER}, {OLD, .in_image = ANSWER_NO},
		MUTATION("create", MEDIUM, "/etc/new", "added", "was created")},
	{"an executable", {CHANGE(CREATE), .path = "/usr/bin/x", UPPER}, {OLD, .in_image = ANSWER_NO, .code = true},
		MUTATION("create", HIGH, "/usr/bin/x", "added", NULL)},
	{"image unreadable", {CHANGE(TRUNCATE), .path = "/etc/x", UPPER}, {OLD},
		MUTATION("modify", MEDIUM, "/etc/x", "unverified", NULL)},
	{"fallocate", {CHANGE(FALLOCATE), .path = "/etc/x", UPPER}, {OLD, .in_image = ANSWER_YES},
		MUTATION("modify", MEDIUM, "/etc/x", "modified", NULL)},
	{"deleted, told by file", {CHANGE(UNLINK), .path = "/etc/x", FILE_IN(IMAGE, .flags = PLM_FILE_UNLINKED)},
		{OLD, .in_image = ANSWER_YES}, MUTATION("delete", MEDIUM, "/etc/x", "modified", "was deleted")},
	{"mounted over", {CHANGE(MOUNT), .path = "/usr", FILE_IN(IMAGE)}, {OLD, .in_image = ANSWER_YES},
		MUTATION("mount", MEDIUM, "/usr", "modified", "was mounted over")},
	{"mkdir", {CHANGE(MKDIR), .path = "/srv/x", UPPER}, {OLD, .in_image = ANSWER_NO},
		MUTATION("create", MEDIUM, "/srv/x", "added", "directory")},
	{"symlink", {CHANGE(SYMLINK), .path = "/srv/x", UPPER}, {OLD, .in_image = ANSWER_NO},
		MUTATION("create", MEDIUM, "/srv/x", "added", "symbolic link")},
	{"a path that could not be read", {CHANGE(MODIFY), UPPER}, {OLD},
		{{"modify", RULE_MUTATION_FILE, SEVERITY_MEDIUM, NULL, "unverified", NULL, "?", "(unknown)"}}},
	{"a plain root", {CHANGE(MODIFY), .path = "/etc/x", FILE_IN(PLAIN, .flags = PLM_FILE_CHANGED)}, {OLD},
		MUTATION("modify", MEDIUM, "/etc/x", "unverified", "/etc/x was modified in web")},
	{"a plain root, by name", {CHANGE(UNLINK), .path = "/etc/x", HINT, FILE_IN(PLAIN)},
		{OLD, .confirmed = ANSWER_YES}, MUTATION("delete", MEDIUM, "/etc/x", "unverified", "was deleted")},
	{"a plain root, permissions", {CHANGE(CHMOD), .path = "/etc/x", FILE_IN(PLAIN)}, {OLD, .metadata_only = true},
		MUTATION("metadata", LOW, "/etc/x", "unverified", NULL)},
	/* twins */
	{"a plain root, where it may be written", {CHANGE(CREATE), .path = "/tmp/x", FILE_IN(PLAIN)}, {OLD}, {}},
	{"opened for writing only", {CHANGE(OPEN_WRITE), .path = "/etc/passwd", UPPER}, {OLD}, {}},
	{"a file without a name", {CHANGE(TMPFILE), .path = "/etc", UPPER}, {OLD}, {}},
	{"written, but deleted", {CHANGE(MODIFY), .path = "/etc/x", FILE_IN(UPPER, .flags = PLM_FILE_UNLINKED)}, {OLD}, {}},
	{"a place that may be written", {CHANGE(MODIFY), .path = "/tmp/build/a.o", UPPER}, {OLD, .code = true}, {}},
	{"a volume", {CHANGE(CREATE), .path = "/data/x", FILE_IN(VOLUME)}, {OLD}, {}},
	{"a tmpfs", {CHANGE(CREATE), .path = "/dev/shm/x", FILE_IN(MEMORY)}, {OLD}, {}},
	{"no overlay", {CHANGE(MODIFY), .path = "/etc/x", FILE_IN(UNKNOWN)}, {OLD}, {}},
	{"the runtime", {CHANGE(CREATE), .path = "/etc/hosts", UPPER, .task.flags = PLM_TASK_RUNTIME}, {OLD}, {}},
	{"an op of the future", {.kind = PLM_CHANGE, .task = TASK_OF(1000), .change.op = PLM_OPS, .path = "/etc/x", UPPER}, {OLD}, {}},
	{"no op", {CHANGE(NONE), .path = "/etc/x", UPPER}, {OLD}, {}},
};

static const struct row metadata[] = {
	{"chmod", {CHANGE(CHMOD), .path = "/bin/ls", UPPER, .change.value = 0700},
		{OLD, .in_image = ANSWER_YES, .metadata_only = true, .code = true},
		MUTATION("metadata", LOW, "/bin/ls", "metadata", "(mode 0700)")},
	{"chmod of what was modified before", {CHANGE(CHMOD), .path = "/bin/ls", UPPER, .change.value = 0700},
		{OLD, .in_image = ANSWER_YES}, MUTATION("metadata", LOW, "/bin/ls", "modified", NULL)},
	{"chmod by name", {CHANGE(CHMOD), HINT, .path = "/bin/ls", .change.value = 0700},
		{OLD, .in_image = ANSWER_YES, .confirmed = ANSWER_YES},
		MUTATION("metadata", LOW, "/bin/ls", "metadata", NULL)},
	{"set-user-ID", {CHANGE(CHMOD), .path = "/bin/ls", UPPER, .change.value = 04755}, {OLD, .in_image = ANSWER_YES},
		MUTATION("metadata", HIGH, "/bin/ls", "modified", "(mode 4755)")},
	{"set-group-ID", {CHANGE(CHMOD), .path = "/bin/ls", UPPER, .change.value = 02755}, {OLD},
		MUTATION("metadata", HIGH, "/bin/ls", "unverified", NULL)},
	{"set-group-ID of a directory", {CHANGE(CHMOD), .path = "/srv", .change.value = 02775,
		FILE_IN(UPPER, .mode = S_IFDIR | 0775)}, {OLD, .in_image = ANSWER_YES, .metadata_only = true},
		MUTATION("metadata", LOW, "/srv", "metadata", NULL)},
	{"created set-user-ID", {CHANGE(CREATE), .path = "/srv/s", FILE_IN(UPPER, .mode = S_IFREG | 04755)},
		{OLD, .in_image = ANSWER_NO}, MUTATION("create", HIGH, "/srv/s", "added", NULL)},
	{"file capability", {CHANGE(SETXATTR), .path = "/bin/ls", UPPER, .change.attribute = "security.capability"},
		{OLD, .in_image = ANSWER_YES, .metadata_only = true},
		MUTATION("metadata", HIGH, "/bin/ls", "metadata", "security.capability")},
	{"another attribute", {CHANGE(SETXATTR), .path = "/bin/ls", UPPER, .change.attribute = "user.x"},
		{OLD, .in_image = ANSWER_YES, .metadata_only = true},
		MUTATION("metadata", LOW, "/bin/ls", "metadata", "user.x")},
	{"a capability taken away", {CHANGE(REMOVEXATTR), .path = "/bin/ls", UPPER, .change.attribute = "security.capability"},
		{OLD}, MUTATION("metadata", LOW, "/bin/ls", "unverified", NULL)},
	{"chown", {CHANGE(CHOWN), .path = "/srv", UPPER}, {OLD, .in_image = ANSWER_YES, .metadata_only = true},
		MUTATION("metadata", LOW, "/srv", "metadata", "owner")},
	{"touch", {CHANGE(UTIMES), .path = "/srv", UPPER}, {OLD, .in_image = ANSWER_YES, .metadata_only = true},
		MUTATION("metadata", LOW, "/srv", "metadata", "times")},
	{"chmod where it may be written", {CHANGE(CHMOD), .path = "/tmp/x", UPPER, .change.value = 04755}, {OLD}, {}},
};

static const struct row names[] = {
	{"told by name, confirmed", {CHANGE(UNLINK), HINT, .path = "/etc/x"},
		{OLD, .in_image = ANSWER_YES, .confirmed = ANSWER_YES},
		MUTATION("delete", MEDIUM, "/etc/x", "modified", NULL)},
	{"told by name, open", {CHANGE(UNLINK), HINT, .path = "/etc/x"}, {OLD, .in_image = ANSWER_YES},
		MUTATION("delete", MEDIUM, "/etc/x", "modified", "unconfirmed")},
	{"told by name, refuted", {CHANGE(UNLINK), HINT, .path = "/etc/x"}, {OLD, .confirmed = ANSWER_NO}, {}},
	{"told by name, not resolved", {CHANGE(UNLINK), HINT, .change.name = "x"}, {OLD},
		MUTATION("delete", MEDIUM, "x", "unverified", NULL)},
	{"rename into place", {CHANGE(RENAME), .path = "/etc/x", .change.from = "/tmp/x", UPPER},
		{OLD, .in_image = ANSWER_YES, .from_in_image = ANSWER_NO},
		MUTATION("rename", MEDIUM, "/etc/x", "modified", "/tmp/x was renamed as /etc/x")},
	{"rename away", {CHANGE(RENAME), .path = "/tmp/x", .change.from = "/etc/x", UPPER},
		{OLD, .in_image = ANSWER_NO, .from_in_image = ANSWER_YES},
		MUTATION("rename", MEDIUM, "/etc/x", "modified", "/etc/x was renamed as /tmp/x")},
	{"exchange", {CHANGE(EXCHANGE), .path = "/tmp/x", .change.from = "/bin/x", UPPER},
		{OLD, .in_image = ANSWER_NO, .from_in_image = ANSWER_YES, .code = true},
		MUTATION("rename", HIGH, "/bin/x", "modified", NULL)},
	{"a second name to write by", {CHANGE(LINK), .path = "/tmp/x", .change.from = "/etc/shadow", UPPER},
		{OLD, .in_image = ANSWER_NO, .from_in_image = ANSWER_YES},
		MUTATION("link", MEDIUM, "/etc/shadow", "modified", "hard-linked")},
	{"rename within what may be written", {CHANGE(RENAME), .path = "/tmp/y", .change.from = "/var/tmp/x", UPPER}, {OLD}, {}},
	{"link within what may be written", {CHANGE(LINK), .path = "/tmp/y", .change.from = "/tmp/x", UPPER}, {OLD}, {}},
	{"a symlink's target is no name of the change",
		{CHANGE(SYMLINK), .path = "/tmp/y", .change.from = "/etc/shadow", UPPER}, {OLD}, {}},
};

#define CONTROL(magic_) FILE_IN(CONTROL, .magic = (magic_))
static const struct row outside[] = {
	{"core_pattern", {CHANGE(MODIFY), .path = "/proc/sys/kernel/core_pattern", CONTROL(PROC_SUPER_MAGIC)}, {OLD},
		OUTSIDE("modify", "/proc/sys/kernel/core_pattern", "names the program that the host runs at a crash")},
	{"opened is enough", {CHANGE(OPEN_WRITE), .path = "/proc/sysrq-trigger", CONTROL(PROC_SUPER_MAGIC)}, {OLD},
		OUTSIDE("open", "/proc/sysrq-trigger", "was opened for writing in web")},
	{"another mount point", {CHANGE(MODIFY), .path = "/mnt/p/sys/kernel/core_pattern", CONTROL(PROC_SUPER_MAGIC)}, {OLD},
		OUTSIDE("modify", "/mnt/p/sys/kernel/core_pattern", NULL)},
	{"a part mounted elsewhere", {CHANGE(MODIFY), .path = "/k/modprobe", CONTROL(PROC_SUPER_MAGIC)}, {OLD},
		OUTSIDE("modify", "/k/modprobe", NULL)},
	{"release_agent", {CHANGE(MODIFY), .path = "/tmp/cg/release_agent", CONTROL(CGROUP_SUPER_MAGIC)}, {OLD},
		OUTSIDE("modify", "/tmp/cg/release_agent", NULL)},
	{"notify_on_release", {CHANGE(OPEN_WRITE), .path = "/tmp/cg/x/notify_on_release", CONTROL(CGROUP_SUPER_MAGIC)},
		{OLD}, OUTSIDE("open", "/tmp/cg/x/notify_on_release", NULL)},
	{"uevent_helper", {CHANGE(MODIFY), .path = "/sys/kernel/uevent_helper", CONTROL(SYSFS_MAGIC)}, {OLD},
		OUTSIDE("modify", "/sys/kernel/uevent_helper", NULL)},
	{"binfmt_misc", {CHANGE(MODIFY), .path = "/b/register", CONTROL(BINFMTFS_MAGIC)}, {OLD},
		OUTSIDE("modify", "/b/register", NULL)},
	{"tracefs", {CHANGE(MODIFY), .path = "/sys/kernel/tracing/kprobe_events", CONTROL(TRACEFS_MAGIC)}, {OLD},
		OUTSIDE("modify", "/sys/kernel/tracing/kprobe_events", NULL)},
	{"another's root", {CHANGE(CREATE), .path = "/o/etc/x", FILE_IN(OTHER_ROOT)}, {OLD, .other_container = "db"},
		OUTSIDE("create", "/o/etc/x", "of the root file system of db")},
	{"metadata of another's root", {CHANGE(CHMOD), .path = "/tmp/x", FILE_IN(OTHER_ROOT)}, {OLD},
		OUTSIDE("metadata", "/tmp/x", "another container")},
	{"another's root, opened for writing", {CHANGE(OPEN_WRITE), .path = "/o/x", FILE_IN(OTHER_ROOT)}, {OLD},
		OUTSIDE("open", "/o/x", "another container")},
	/* twins */
	{"oom_score_adj", {CHANGE(MODIFY), .path = "/proc/self/oom_score_adj", CONTROL(PROC_SUPER_MAGIC)}, {OLD}, {}},
	{"a tuned sysctl", {CHANGE(MODIFY), .path = "/proc/sys/vm/max_map_count", CONTROL(PROC_SUPER_MAGIC)}, {OLD}, {}},
	{"its own cgroup", {CHANGE(MODIFY), .path = "/sys/fs/cgroup/x/cgroup.procs", CONTROL(CGROUP2_SUPER_MAGIC)}, {OLD}, {}},
	{"a longer name", {CHANGE(MODIFY), .path = "/proc/x/my_core_pattern", CONTROL(PROC_SUPER_MAGIC)}, {OLD}, {}},
	{"the name on another file system", {CHANGE(MODIFY), .path = "/sys/x/core_pattern", CONTROL(SYSFS_MAGIC)}, {OLD}, {}},
	{"the name in a volume", {CHANGE(MODIFY), .path = "/v/core_pattern", FILE_IN(VOLUME)}, {OLD}, {}},
	{"no path", {CHANGE(MODIFY), CONTROL(PROC_SUPER_MAGIC)}, {OLD}, {}},
	{"chmod of a control file", {CHANGE(CHMOD), .path = "/proc/sys/kernel/core_pattern", CONTROL(PROC_SUPER_MAGIC)}, {OLD}, {}},
	{"by the runtime", {CHANGE(MODIFY), .path = "/proc/sys/kernel/core_pattern", CONTROL(PROC_SUPER_MAGIC),
		.task.flags = PLM_TASK_RUNTIME}, {OLD}, {}},
};
/* clang-format on */

static void test_files(void **state)
{
	(void)state;
	check_rows(files, ARRAY_SIZE(files));
}

static void test_metadata(void **state)
{
	(void)state;
	check_rows(metadata, ARRAY_SIZE(metadata));
}

static void test_names(void **state)
{
	(void)state;
	check_rows(names, ARRAY_SIZE(names));
}

static void test_outside(void **state)
{
	(void)state;
	check_rows(outside, ARRAY_SIZE(outside));
}

static void test_setup(void **state)
{
	static const struct {
		uint64_t age, session;
		bool setup;
	} rows[] = {
		{ 0, 0, true },  { 29999999999, 0, true }, { 30000000000, 0, false },
		{ 0, 5, false }, { UINT64_MAX, 0, false },
	};
	struct finding findings[FINDINGS_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct event event = { CHANGE(CHOWN), .path = "/srv", UPPER, .task.session = rows[i].session };
		const struct facts facts = { .container_age = rows[i].age };

		assert_int_equal(detect_under(NULL, &event, &facts, findings), 1);
		assert_int_equal(findings[0].setup, rows[i].setup);
	}
}

static void test_policy_says_what_is_writable(void **state)
{
	const struct event event = { CHANGE(CREATE), .path = "/srv/data/x", UPPER };
	const struct facts facts = { OLD };
	struct finding findings[FINDINGS_MAX];

	(void)state;
	assert_int_equal(detect_under("workloads: [{match: {container: web}, writable: [\"/srv/**\"]}]", &event, &facts,
				      findings),
			 0);
	assert_int_equal(detect_under("workloads: [{match: {container: db}, writable: [\"/srv/**\"]}]", &event, &facts,
				      findings),
			 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files), cmocka_unit_test(test_metadata),
		cmocka_unit_test(test_names), cmocka_unit_test(test_outside),
		cmocka_unit_test(test_setup), cmocka_unit_test(test_policy_says_what_is_writable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
