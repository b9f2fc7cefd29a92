// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/live.h"
#include "process/sessions.h"
#include "process/sessions_file.h"

#define WEB    7
#define DB     8
#define SECOND 1000000000ull

static struct redact *redact;

static int setup(void **state)
{
	(void)state;
	return redact_new(NULL, 0, &redact);
}

static int teardown(void **state)
{
	(void)state;
	redact_free(redact);
	return 0;
}

static void knows_an_audit_id(void **state)
{
#define ID SESSION_AUDIT_ID "="
#define ROW(text, expected)                                                                                            \
	{                                                                                                              \
		text, sizeof(text), expected                                                                           \
	}
	static const struct {
		const char *environ;
		size_t size;
		const char *expected; /* NULL: none */
	} rows[] = {
		ROW("PATH=/bin\0" ID "6f1c2d9e-0b7a-4c55-9d1e-2a3b4c5d6e7f", "6f1c2d9e-0b7a-4c55-9d1e-2a3b4c5d6e7f"),
		ROW(ID "x", "x"),
		ROW(ID "first\0" ID "second", "first"),
		ROW(ID "0123456789012345678901234567890123456789012345678901234567890123",
		    "0123456789012345678901234567890123456789012345678901234567890123"),
		ROW(ID "01234567890123456789012345678901234567890123456789012345678901234", NULL),
		ROW(ID, NULL),
		ROW(ID " x", NULL),
		ROW(ID "a b", NULL),
		ROW(ID "a\"b", NULL),
		ROW(ID "a\nb", NULL),
		ROW(ID "\x1b[2J", NULL),
		ROW(ID "\xc3\xa9", NULL),
		ROW("X" ID "x", NULL),
		ROW("A=" ID "x", NULL),
		ROW("KUBERNETES_EXEC_AUDIT_IDS=x", NULL),
		ROW("", NULL),
		{ ID "cut", sizeof(ID "cut") - 1, NULL }, /* without its NUL: there may be more of it */
		{ "", 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char id[AUDIT_ID_MAX + 1] = "untouched";
		bool found = session_audit_id(rows[i].environ, rows[i].size, id);

		if (found != (rows[i].expected != NULL))
			fail_msg("row %zu", i);
		assert_string_equal(id, rows[i].expected ? rows[i].expected : "untouched");
	}
}

/* ---- with processes that run ---- */

/* A child with that environment, that waits to be killed. */
static pid_t child_begin(char *const environ[], uint64_t *ret_start)
{
	static char *const argv[] = { (char *)"sleep", (char *)"1000", NULL };
	char path[64], stat[1024] = "";
	int ready[2];
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)execve("/bin/sleep", argv, environ);
		_exit(127);
	}
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], path, 1), 0); /* it is closed by the exec */
	(void)close(ready[0]);
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	{
		_cleanup_fclose_ FILE *file = fopen(path, "re");

		assert_non_null(fgets(stat, sizeof(stat), file));
	}
	*ret_start = live_ticks(stat) * (SECOND / (uint64_t)sysconf(_SC_CLK_TCK));
	assert_true(*ret_start > 0);
	return pid;
}

static void child_end(pid_t pid, bool bury)
{
	siginfo_t info;

	(void)kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | (bury ? 0 : WNOWAIT)), 0);
}

static struct event entry_of(uint64_t container, uint32_t pid, uint64_t start, uint64_t time)
{
	static const char *const argv[] = { "sleep", "1000" };
	struct event event = { .kind = PLM_EXEC, .time = time, .container = container, .path = "/bin/sleep" };

	event.task =
		(struct plm_task){ .session = start, .start = start, .pid = pid, .tty = 5, .creds = { .euid = 42 } };
	event.exec.argv = argv;
	event.exec.argc = ARRAY_SIZE(argv);
	return event;
}

struct ends {
	unsigned count;
	uint64_t last, ended;
};

static void end_note(const struct session *session, void *data)
{
	struct ends *ends = data;

	ends->count++;
	ends->last = session->id;
	ends->ended = session->ended;
}

static void count_note(const struct session *session, void *data)
{
	(void)session;
	++*(unsigned *)data;
}

static void tells_the_end_of_one_that_was_told(void **state)
{
	static char *const environ[] = { (char *)"A=b", (char *)ID "audit-1", NULL };
	struct sessions *sessions = sessions_new();
	struct ends ends = { 0 };
	unsigned going = 0;
	uint64_t start = 0;
	pid_t pid = child_begin(environ, &start);
	struct event event = entry_of(WEB, (uint32_t)pid, start, 10 * SECOND);
	const struct session *session;

	(void)state;
	sessions_begin(sessions, &event, redact, "");
	session = sessions_get(sessions, WEB, start);
	assert_non_null(session);
	assert_null(sessions_get(sessions, DB, start));
	assert_null(sessions_get(sessions, WEB, start + 1));
	assert_null(sessions_get(sessions, WEB, 0));
	assert_string_equal(session->audit_id, "audit-1");
	assert_string_equal(session->executable, "/bin/sleep");
	assert_int_equal(session->args->count, 2);
	assert_int_equal(session->user, 42);
	sessions_told(sessions, WEB, start);
	sessions_look(sessions, "", 0, 11 * SECOND, end_note, &ends);
	sessions_each(sessions, count_note, &going);
	assert_int_equal(ends.count, 0);
	assert_int_equal(going, 1);
	child_end(pid, false); /* not even buried */
	sessions_look(sessions, "", 0, 12 * SECOND, end_note, &ends);
	sessions_look(sessions, "", 0, 13 * SECOND, end_note, &ends);
	assert_int_equal(ends.count, 1);
	assert_int_equal(ends.last, start);
	assert_int_equal(ends.ended, 12 * SECOND);
	going = 0;
	sessions_each(sessions, count_note, &going);
	assert_int_equal(going, 0);
	assert_non_null(sessions_get(sessions, WEB, start)); /* what it left running is still of it */
	assert_int_equal(sessions_forgot(sessions), 0);
	child_end(pid, true);
	sessions_free(sessions);
}

/* Twin: nobody was told of it, so nobody is told that it ended; until an alert comes, though late. */
static void is_silent_of_one_that_was_not(void **state)
{
	static char *const environ[] = { (char *)"A=b", NULL };
	struct sessions *sessions = sessions_new();
	struct ends ends = { 0 };
	uint64_t start = 0;
	pid_t pid = child_begin(environ, &start);
	struct event event = entry_of(WEB, (uint32_t)pid, start, 10 * SECOND);

	(void)state;
	sessions_begin(sessions, &event, redact, "");
	assert_string_equal(sessions_get(sessions, WEB, start)->audit_id, "");
	child_end(pid, true);
	sessions_look(sessions, "", 0, 12 * SECOND, end_note, &ends);
	assert_int_equal(ends.count, 0);
	sessions_told(sessions, WEB, start);
	sessions_look(sessions, "", 0, 13 * SECOND, end_note, &ends);
	assert_int_equal(ends.count, 1);
	assert_int_equal(ends.ended, 12 * SECOND);
	sessions_free(sessions);
}

/* The pid is another's by now: neither its environment nor its life are the session's. */
static void takes_no_other_for_it(void **state)
{
	static char *const environ[] = { (char *)ID "of-another", NULL };
	struct sessions *sessions = sessions_new();
	struct ends ends = { 0 };
	uint64_t start = 0;
	pid_t pid = child_begin(environ, &start);
	struct event event = entry_of(WEB, (uint32_t)pid, start - SECOND, 10 * SECOND);

	(void)state;
	sessions_begin(sessions, &event, redact, "");
	assert_string_equal(sessions_get(sessions, WEB, start - SECOND)->audit_id, "");
	sessions_told(sessions, WEB, start - SECOND);
	sessions_look(sessions, "", 0, 12 * SECOND, end_note, &ends);
	assert_int_equal(ends.count, 1);
	child_end(pid, true);
	sessions_free(sessions);
}

static void ends_with_its_container(void **state)
{
	static char *const environ[] = { NULL };
	struct sessions *sessions = sessions_new();
	struct ends ends = { 0 };
	uint64_t start = 0;
	pid_t pid = child_begin(environ, &start);
	struct event web = entry_of(WEB, (uint32_t)pid, start, 10 * SECOND);
	struct event db = entry_of(DB, (uint32_t)pid, start, 10 * SECOND);

	(void)state;
	sessions_begin(sessions, &web, redact, "");
	sessions_begin(sessions, &db, redact, "");
	sessions_told(sessions, WEB, start);
	sessions_told(sessions, DB, start);
	sessions_look(sessions, "", WEB, 12 * SECOND, end_note, &ends);
	assert_int_equal(ends.count, 1);
	assert_int_equal(sessions_get(sessions, DB, start)->ended, 0);
	child_end(pid, true);
	sessions_free(sessions);
}

/* What another agent watched goes on to be: but not what has ended meanwhile, nor what another boot left. */
static void outlives_the_agent(void **state)
{
	static char *const environ[] = { (char *)ID "audit-1", NULL };
	char dir[] = "/tmp/plimsoll-sessions-XXXXXX", path[64];
	struct sessions *first = sessions_new(), *second = sessions_new(), *third = sessions_new();
	uint64_t start = 0, other_start = 0, version;
	pid_t pid = child_begin(environ, &start), other = child_begin(environ, &other_start);
	struct event event = entry_of(WEB, (uint32_t)pid, start, 10 * SECOND);
	struct event ended = entry_of(DB, (uint32_t)other, other_start + 1, 10 * SECOND);
	const struct session *session;
	struct ends ends = { 0 };
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/" SESSIONS_FILE, dir);
	assert_int_equal(sessions_load(second, dir, ""), -ENOENT);
	sessions_begin(first, &event, redact, "");
	sessions_begin(first, &ended, redact, "");
	version = sessions_version(first);
	sessions_told(first, WEB, start);
	sessions_told(first, DB, other_start + 1);
	assert_true(sessions_version(first) != version);
	version = sessions_version(first);
	sessions_told(first, WEB, start);
	assert_true(sessions_version(first) == version);
	assert_int_equal(sessions_save(first, dir), 0);
	child_end(other, true);
	assert_int_equal(sessions_load(second, dir, ""), 1);
	assert_int_equal(sessions_load(second, dir, ""), 0);
	assert_null(sessions_get(second, DB, other_start + 1));
	session = sessions_get(second, WEB, start);
	assert_non_null(session);
	assert_string_equal(session->audit_id, "audit-1");
	assert_string_equal(session->executable, "/bin/sleep");
	assert_int_equal(session->began, 10 * SECOND);
	assert_int_equal(session->tty, 5);
	child_end(pid, true);
	sessions_look(second, "", 0, 12 * SECOND, end_note, &ends);
	assert_int_equal(ends.count, 1);
	assert_int_equal(ends.last, start);

	file = fopen(path, "we");
	(void)fputs("{\"boot\": \"another\", \"sessions\": [{\"id\": 1}]}", file);
	(void)fclose(file);
	assert_int_equal(sessions_load(third, dir, ""), -EBADMSG);
	file = fopen(path, "we");
	(void)fputs("{\"boot\": ", file);
	(void)fclose(file);
	assert_int_equal(sessions_load(third, dir, ""), -EBADMSG);
	assert_int_equal(sessions_save(first, "/nowhere"), -ENOENT);
	(void)remove(path);
	(void)rmdir(dir);
	sessions_free(first);
	sessions_free(second);
	sessions_free(third);
}

/* At the bound: what has ended goes, then what nobody was told of, then the oldest, which is counted. */
static void is_bounded(void **state)
{
	struct sessions *sessions = sessions_new();
	struct ends ends = { 0 };
	struct event event;

	(void)state;
	for (uint64_t i = 1; i <= SESSIONS_MAX; i++) {
		event = entry_of(i == 5 ? DB : WEB, 0x7fffffff, i, i);
		sessions_begin(sessions, &event, redact, "");
		if (i != 9)
			sessions_told(sessions, event.container, i);
	}
	sessions_look(sessions, "", DB, 1000, end_note, &ends);
	for (uint64_t i = SESSIONS_MAX + 1; i <= SESSIONS_MAX + 4; i++) {
		event = entry_of(WEB, 0x7fffffff, i, i);
		sessions_begin(sessions, &event, redact, "");
		sessions_told(sessions, WEB, i);
		assert_non_null(sessions_get(sessions, WEB, i));
	}
	assert_null(sessions_get(sessions, DB, 5));
	assert_null(sessions_get(sessions, WEB, 9));
	assert_null(sessions_get(sessions, WEB, 1));
	assert_null(sessions_get(sessions, WEB, 2));
	assert_non_null(sessions_get(sessions, WEB, 3));
	assert_int_equal(sessions_forgot(sessions), 2);
	sessions_free(sessions);
	sessions_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_an_audit_id),
		cmocka_unit_test(tells_the_end_of_one_that_was_told),
		cmocka_unit_test(is_silent_of_one_that_was_not),
		cmocka_unit_test(takes_no_other_for_it),
		cmocka_unit_test(ends_with_its_container),
		cmocka_unit_test(outlives_the_agent),
		cmocka_unit_test(is_bounded),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
