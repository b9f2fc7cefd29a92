// SPDX-License-Identifier: Apache-2.0
#include <linux/capability.h>

#include "detect_rows.h"

#define BIT(name) (1ull << CAP_##name)
#define IDS(r, e, s, f)                                                                                                \
	{                                                                                                              \
		.uid = (r), .euid = (e), .suid = (s), .fsuid = (f)                                                     \
	}
#define TASK(why, ...) .task = { .pid = 7, .cause = PLM_CAUSE_##why, .creds = __VA_ARGS__ }
#define BEFORE(...)    .before = __VA_ARGS__
#define EXEC           .kind = PLM_EXEC, .path = "/bin/su", .file = { .layer = PLM_LAYER_IMAGE }
#define IDENTITY       .kind = PLM_IDENTITY, .path = NULL
#define SU                                                                                                             \
	{                                                                                                              \
		.executable = "/bin/su"                                                                                \
	}
#define ESCALATION(act, path, cause, says) ESCALATION_OF(act, path, NULL, cause, says)
#define ESCALATION_OF(act, path, verdict, cause, says)                                                                 \
	{                                                                                                              \
		act, RULE_ROOT_ESCALATION, SEVERITY_HIGH, path, verdict, cause, cause " /bin/su", says                 \
	}
#define ROOT(sev, subject, cause, says)                                                                                \
	{                                                                                                              \
		"exec", RULE_ROOT_EXEC, SEVERITY_##sev, "/bin/su", "shipped", cause, subject, says                     \
	}

/* clang-format off */
static const struct row rows[] = {
	{"a user", {EXEC, TASK(NONE, CREDS_OF(1000)), BEFORE(CREDS_OF(1000))}, SU, {}},
	{"the entry point as root", {EXEC, TASK(IMAGE, CREDS_OF(0)), BEFORE(CREDS_OF(0))}, SU,
		{ROOT(MEDIUM, "0 image", "image", "/bin/su runs as root in web as its image starts it")}},
	{"a session as root", {EXEC, TASK(SESSION, CREDS_OF(0)), BEFORE(CREDS_OF(0))}, SU,
		{ROOT(MEDIUM, "0 exec-session", "exec-session", NULL)}},
	{"already running", {.kind = PLM_TASK, .path = "/bin/su", .file = {.layer = PLM_LAYER_IMAGE}, TASK(NONE, CREDS_OF(0))}, SU,
		{ROOT(MEDIUM, "0 unknown", NULL, "reason that was not seen")}},
	{"a set-user-ID file", {EXEC, TASK(SETUID_FILE, IDS(1000, 0, 0, 0)), BEFORE(CREDS_OF(1000))}, SU,
		{ESCALATION_OF("exec", "/bin/su", "shipped", "setuid-file",
			    "/bin/su (pid 7, uid 0), until now uid 1000, became root in web through a set-user-ID file"),
		 ROOT(MEDIUM, "0 setuid-file", "setuid-file", NULL)}},
	{"setuid(0)", {IDENTITY, TASK(SETUID_CALL, CREDS_OF(0)), BEFORE(CREDS_OF(1000))}, SU,
		{ESCALATION("setuid", NULL, "setuid-call", "by a call of the setuid family")}},
	{"without a cause that was seen", {IDENTITY, TASK(NONE, CREDS_OF(0)), BEFORE(CREDS_OF(1000))}, SU,
		{ESCALATION("setuid", NULL, "setuid-call", NULL)}},
	{"unexplained", {IDENTITY, TASK(UNEXPLAINED, CREDS_OF(0)), BEFORE(CREDS_OF(1000))}, SU,
		{ESCALATION("setuid", NULL, "unexplained", "nothing that was seen explains it")}},
	{"only the saved id, for later", {IDENTITY, TASK(SETUID_CALL, IDS(1000, 1000, 0, 1000)), BEFORE(CREDS_OF(1000))}, SU,
		{ESCALATION("setuid", NULL, "setuid-call", NULL)}},
	{"only the file system id", {IDENTITY, TASK(SETUID_CALL, IDS(1000, 1000, 1000, 0)), BEFORE(CREDS_OF(1000))}, SU,
		{ESCALATION("setuid", NULL, "setuid-call", NULL)}},
	{"a cause out of range", {IDENTITY, .task = {.cause = 99, .creds = CREDS_OF(0)}, BEFORE(CREDS_OF(1000))}, SU,
		{ESCALATION("setuid", NULL, "setuid-call", NULL)}},
	{"back from a user namespace",
		{IDENTITY, TASK(SETUID_CALL, CREDS_OF(0)), BEFORE({.uid = 1000, .euid = 1000, .suid = 1000, .fsuid = 1000, .userns_level = 1})},
		SU, {ESCALATION("setuid", NULL, "setuid-call", NULL)}},
	/* twins */
	{"a daemon that lays root down", {IDENTITY, TASK(NONE, IDS(0, 33, 0, 33)), BEFORE(CREDS_OF(0))}, SU, {}},
	{"and takes it up", {IDENTITY, TASK(IMAGE, CREDS_OF(0)), BEFORE(IDS(0, 33, 0, 33))}, SU, {}},
	{"from user to user", {IDENTITY, TASK(NONE, CREDS_OF(33)), BEFORE(CREDS_OF(1000))}, SU, {}},
	{"by the runtime", {IDENTITY, .task = {.flags = PLM_TASK_RUNTIME, .creds = CREDS_OF(0)}, BEFORE(CREDS_OF(1000))}, SU, {}},
};

#define WITH(id, caps, level) {.uid = (id), .euid = (id), .suid = (id), .fsuid = (id), .cap_permitted = (caps), .userns_level = (level)}
static const struct row capabilities[] = {
	{"a powerful file capability",
		{EXEC, TASK(NONE, WITH(1000, BIT(SYS_ADMIN), 0)), BEFORE(CREDS_OF(1000))}, SU,
		{ESCALATION_OF("exec", "/bin/su", "shipped", "file-capability", "gained root's powers in web through capabilities")}},
	{"out of nowhere", {IDENTITY, TASK(NONE, WITH(1000, BIT(SYS_MODULE), 0)), BEFORE(CREDS_OF(1000))}, SU,
		{ESCALATION("setuid", NULL, "unexplained", NULL)}},
	{"ping", {EXEC, TASK(NONE, WITH(1000, BIT(NET_RAW), 0)), BEFORE(CREDS_OF(1000))}, SU, {}},
	{"had before", {EXEC, TASK(NONE, WITH(1000, BIT(SETUID), 0)), BEFORE(WITH(1000, BIT(SETUID), 0))}, SU, {}},
	{"kept from root", {IDENTITY, TASK(NONE, WITH(1000, BIT(SYS_ADMIN), 0)), BEFORE(CREDS_OF(0))}, SU, {}},
	{"all of a new user namespace", {IDENTITY, TASK(NONE, WITH(1000, ~0ull, 1)), BEFORE(CREDS_OF(1000))}, SU, {}},
};

#define NS_ROOT(id) .task = {.pid = 7, .flags = PLM_TASK_NS_ROOT, .cause = PLM_CAUSE_IMAGE, .creds = WITH(id, 0, 1)}
static const struct row namespaces[] = {
	{"root in a user namespace", {EXEC, NS_ROOT(100000), BEFORE(CREDS_OF(101000))}, SU,
		{ROOT(LOW, "100000 user-namespace", "user-namespace", "in a user namespace only")}},
	{"became root there", {IDENTITY, NS_ROOT(100000), BEFORE(CREDS_OF(101000))}, SU, {}},
	{"the host's root, in a user namespace", {EXEC, NS_ROOT(0), BEFORE(CREDS_OF(0))}, SU,
		{ROOT(MEDIUM, "0 image", "image", NULL)}},
	{"level 0", {EXEC, .task = {.flags = PLM_TASK_NS_ROOT, .creds = CREDS_OF(5)}, BEFORE(CREDS_OF(5))}, SU, {}},
};
/* clang-format on */

static void test_root(void **state)
{
	(void)state;
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_capabilities(void **state)
{
	(void)state;
	check_rows(capabilities, ARRAY_SIZE(capabilities));
}

static void test_user_namespaces(void **state)
{
	(void)state;
	check_rows(namespaces, ARRAY_SIZE(namespaces));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_user_namespaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
