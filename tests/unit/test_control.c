/* SPDX-License-Identifier: Apache-2.0 */
/* Both sides of the control socket: the agent's loop in the test's thread, clients in others. */
#include "control/control.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/cleanup.h"

#define LONG_ANSWER (3 * 1024 * 1024)

struct fixture {
	uid_t asked_by;
	char parent[40], dir[256];
	struct control *control;
	uint64_t deferred;
	unsigned requests;
	char last[CONTROL_REQUEST_MAX];
};

static void handle(struct control *control, uint64_t token, const char *request, void *data)
{
	struct fixture *fixture = data;
	_cleanup_free_ char *text = NULL;

	fixture->requests++;
	fixture->asked_by = control_peer(control, token);
	(void)snprintf(fixture->last, sizeof(fixture->last), "%s", request);
	if (strcmp(request, "later") == 0) {
		fixture->deferred = token;
	} else if (strcmp(request, "follow") == 0) {
		(void)control_follow(control, token, "first\n", 6);
	} else if (strcmp(request, "long") == 0) {
		text = calloc(1, LONG_ANSWER);
		assert_non_null(text);
		memset(text, 'x', LONG_ANSWER);
		assert_int_equal(control_answer(control, token, text, LONG_ANSWER), 0);
	} else if (strcmp(request, "ps") == 0) {
		assert_int_equal(control_answer(control, token, "{}\n", 3), 0);
		assert_int_equal(control_answer(control, token, "{}\n", 3), -ENOENT);
	} else {
		assert_int_equal(control_answer(control, token, NULL, 0), 0);
	}
}

/* The directory's path is longer than a socket's address could be. */
static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	strcpy(fixture->parent, "/tmp/plimsoll-control-XXXXXX");
	assert_non_null(mkdtemp(fixture->parent));
	(void)snprintf(fixture->dir, sizeof(fixture->dir), "%s/%0150d", fixture->parent, 0);
	assert_int_equal(control_open(fixture->dir, handle, fixture, &fixture->control), 0);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	char path[300];

	control_free(fixture->control);
	(void)snprintf(path, sizeof(path), "%s/control.sock", fixture->dir);
	assert_int_equal(access(path, F_OK), -1); /* removed at the end */
	(void)snprintf(path, sizeof(path), "%s/control.lock", fixture->dir);
	(void)unlink(path);
	(void)rmdir(fixture->dir);
	(void)rmdir(fixture->parent);
	free(fixture);
	return 0;
}

/* One turn of the agent's loop; fails when nothing happens for ten seconds. */
static void turn(struct fixture *fixture)
{
	struct pollfd ready = { .fd = control_fd(fixture->control), .events = POLLIN };

	assert_int_equal(poll(&ready, 1, 10000), 1);
	control_handle(fixture->control);
}

struct asking {
	const char *dir, *request;
	int status, done_fd;
	char *text;
};

static void *ask_run(void *data)
{
	struct asking *asking = data;

	asking->status = control_ask(asking->dir, asking->request, 10000, &asking->text);
	(void)close(asking->done_fd);
	return NULL;
}

/* Runs the loop until the client has its answer; `each` is called after every turn. */
static void ask(struct fixture *fixture, struct asking *asking, void (*each)(struct fixture *fixture))
{
	struct pollfd fds[2] = { { .fd = control_fd(fixture->control), .events = POLLIN }, { .events = POLLIN } };
	int done[2];
	pthread_t thread;

	assert_int_equal(pipe2(done, O_CLOEXEC), 0);
	asking->dir = fixture->dir;
	asking->done_fd = done[1];
	fds[1].fd = done[0];
	assert_int_equal(pthread_create(&thread, NULL, ask_run, asking), 0);
	while (poll(fds, 2, 10000) > 0 && !fds[1].revents) {
		control_handle(fixture->control);
		if (each)
			each(fixture);
	}
	(void)pthread_join(thread, NULL);
	(void)close(done[0]);
}

static void a_request_is_answered(void **state)
{
	struct asking asking = { .request = "ps" };

	ask(*state, &asking, NULL);
	assert_int_equal(asking.status, 0);
	assert_string_equal(asking.text, "{}\n");
	free(asking.text);
}

static void a_long_answer_arrives_whole(void **state)
{
	struct asking asking = { .request = "long" };

	ask(*state, &asking, NULL);
	assert_int_equal(asking.status, 0);
	assert_int_equal(strlen(asking.text), LONG_ANSWER);
	free(asking.text);
}

static void answer_deferred(struct fixture *fixture)
{
	if (fixture->deferred)
		assert_int_equal(control_answer(fixture->control, fixture->deferred, "now", 3), 0);
	fixture->deferred = 0;
}

static void an_answer_may_come_later(void **state)
{
	struct asking asking = { .request = "later" };

	ask(*state, &asking, answer_deferred);
	assert_int_equal(asking.status, 0);
	assert_string_equal(asking.text, "now");
	free(asking.text);
}

static void an_unknown_request_is_refused(void **state)
{
	struct asking asking = { .request = "dance" };

	ask(*state, &asking, NULL);
	assert_int_equal(asking.status, -EPROTO);
}

static void a_bad_request_is_not_sent(void **state)
{
	struct fixture *fixture = *state;
	char longest[CONTROL_REQUEST_MAX + 1] = "";
	char *text = NULL;

	memset(longest, 'a', CONTROL_REQUEST_MAX);
	assert_int_equal(control_ask(fixture->dir, longest, 1000, &text), -EINVAL);
	assert_int_equal(control_ask(fixture->dir, "a\nb", 1000, &text), -EINVAL);
}

static void nobody_there_is_told(void **state)
{
	struct fixture *fixture = *state;
	char *text = NULL;

	assert_int_equal(control_ask("/no/such/dir", "ps", 1000, &text), -ECONNREFUSED);
	assert_int_equal(control_ask(fixture->parent, "ps", 1000, &text), -ECONNREFUSED);
	assert_int_equal(control_ask(fixture->dir, "ps", 50, &text), -ETIMEDOUT); /* the loop does not turn */
}

static void a_second_agent_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct control *second = NULL;
	struct asking asking = { .request = "ps" };

	assert_int_equal(control_open(fixture->dir, handle, fixture, &second), -EEXIST);
	assert_int_equal(control_open("/proc/no/dir", handle, fixture, &second), -ENOENT);
	ask(fixture, &asking, NULL); /* the first is unharmed */
	assert_int_equal(asking.status, 0);
	free(asking.text);
}

static void a_dead_agents_socket_is_replaced(void **state)
{
	struct fixture *fixture = *state;
	struct asking asking = { .request = "ps" };
	int status = 0;
	pid_t pid;

	control_free(take_ptr(fixture->control));
	pid = fork();
	if (pid == 0) {
		struct control *control = NULL;

		_exit(control_open(fixture->dir, handle, fixture, &control) == 0 ? 0 : 1); /* leaves its socket */
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(control_open(fixture->dir, handle, fixture, &fixture->control), 0);
	ask(fixture, &asking, NULL);
	assert_int_equal(asking.status, 0);
	free(asking.text);
}

static void only_root_may_ask(void **state)
{
	struct fixture *fixture = *state;
	char path[300];
	struct stat stat_buf;

	(void)snprintf(path, sizeof(path), "%s/control.sock", fixture->dir);
	assert_int_equal(stat(path, &stat_buf), 0);
	assert_int_equal(stat_buf.st_mode, S_IFSOCK | 0600);
}

/* ---- clients that misbehave ---- */

static int raw_connect(const struct fixture *fixture)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int dir = open(fixture->dir, O_DIRECTORY | O_PATH | O_CLOEXEC);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/control.sock", dir);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void one_too_many_is_closed(void **state)
{
	struct fixture *fixture = *state;
	int fds[CONTROL_CLIENTS + 1];
	char byte;

	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		fds[i] = raw_connect(fixture);
	turn(fixture);
	fds[CONTROL_CLIENTS] = raw_connect(fixture);
	turn(fixture);
	assert_int_equal(recv(fds[CONTROL_CLIENTS], &byte, 1, 0), 0);
	assert_int_equal(control_counts(fixture->control).refused, 1);
	for (size_t i = 0; i <= CONTROL_CLIENTS; i++)
		(void)close(fds[i]);
	turn(fixture);
	a_request_is_answered(state); /* and their places are free again */
}

static void a_slow_client_is_dropped(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_close_ int fd = raw_connect(fixture);
	char byte;

	assert_int_equal(send(fd, "p", 1, 0), 1);
	while (control_counts(fixture->control).dropped == 0)
		turn(fixture);
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	assert_int_equal(fixture->requests, 0);
}

static void a_request_without_end_is_dropped(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_close_ int fd = raw_connect(fixture);
	char line[CONTROL_REQUEST_MAX];

	memset(line, 'a', sizeof(line));
	assert_int_equal(send(fd, line, sizeof(line), 0), (int)sizeof(line));
	while (control_counts(fixture->control).dropped == 0)
		turn(fixture);
	assert_int_equal(fixture->requests, 0);
}

static void a_request_may_come_in_pieces(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_close_ int fd = raw_connect(fixture);
	char answer[8] = "";

	assert_int_equal(send(fd, "p", 1, 0), 1);
	turn(fixture);
	turn(fixture);
	assert_int_equal(fixture->requests, 0);
	assert_int_equal(send(fd, "s\nmore", 6, 0), 6);
	(void)shutdown(fd, SHUT_WR);
	turn(fixture);
	assert_string_equal(fixture->last, "ps");
	assert_int_equal(recv(fd, answer, sizeof(answer), 0), 3);
	assert_string_equal(answer, "{}\n");
}

static void a_client_that_left_is_forgotten(void **state)
{
	struct fixture *fixture = *state;
	int fd = raw_connect(fixture);

	assert_int_equal(send(fd, "later\n", 6, 0), 6);
	while (!fixture->deferred)
		turn(fixture);
	(void)close(fd);
	turn(fixture);
	assert_int_equal(control_answer(fixture->control, fixture->deferred, "now", 3), -ENOENT);
}

/* ---- followers ---- */

static int follow(struct fixture *fixture)
{
	unsigned before = fixture->requests;
	int fd = raw_connect(fixture);

	assert_int_equal(send(fd, "follow\n", 7, 0), 7);
	while (fixture->requests == before)
		turn(fixture);
	return fd;
}

/* What has come, up to `size` bytes; -1 where the other side has not closed and nothing came. */
static ssize_t received(int fd, char *text, size_t size)
{
	ssize_t n = recv(fd, text, size - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	return n;
}

static void followers_are_told_every_line(void **state)
{
	struct fixture *fixture = *state;
	int fds[CONTROL_FOLLOWERS];
	char text[64];

	control_tell(fixture->control, "before\n", 7); /* to nobody */
	for (size_t i = 0; i < CONTROL_FOLLOWERS; i++)
		fds[i] = follow(fixture);
	control_tell(fixture->control, "one\n", 4);
	control_tell(fixture->control, "two\n", 4);
	control_flush(fixture->control);
	for (size_t i = 0; i < CONTROL_FOLLOWERS; i++) {
		assert_true(received(fds[i], text, sizeof(text)) > 0);
		assert_string_equal(text, "first\none\ntwo\n");
	}
	a_request_is_answered(state); /* a question has its place beside them */
	for (size_t i = 0; i < CONTROL_FOLLOWERS; i++)
		(void)close(fds[i]);
	turn(fixture);
	control_tell(fixture->control, "three\n", 6);
	control_flush(fixture->control);
	assert_int_equal(control_counts(fixture->control).cut, 0);
	(void)close(follow(fixture)); /* and their places are free again */
}

static void one_follower_too_many_is_closed(void **state)
{
	struct fixture *fixture = *state;
	int fds[CONTROL_FOLLOWERS + 1];
	char text[64];

	for (size_t i = 0; i <= CONTROL_FOLLOWERS; i++)
		fds[i] = follow(fixture);
	assert_int_equal(received(fds[CONTROL_FOLLOWERS], text, sizeof(text)), 0);
	assert_int_equal(control_counts(fixture->control).refused, 1);
	for (size_t i = 0; i <= CONTROL_FOLLOWERS; i++)
		(void)close(fds[i]);
}

/* It is cut off when its queue is full; who reads beside it misses nothing. */
static void a_follower_that_never_reads_is_cut_off(void **state)
{
	struct fixture *fixture = *state;
	int deaf = follow(fixture), reader = follow(fixture);
	static char line[10000], text[1 << 20];
	uint64_t told = 0, got = 0;

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\n';
	while (control_counts(fixture->control).cut == 0) {
		control_tell(fixture->control, line, sizeof(line));
		control_flush(fixture->control);
		told += sizeof(line);
		for (ssize_t n; (n = received(reader, text, sizeof(text))) > 0;)
			got += (uint64_t)n;
		assert_true(told < 4 * CONTROL_FOLLOW_MAX);
	}
	assert_true(told > CONTROL_FOLLOW_MAX);
	assert_int_equal(got, told + strlen("first\n"));
	assert_int_equal(control_counts(fixture->control).cut, 1);
	(void)close(deaf);
	(void)close(reader);
}

/* What its socket did not take at once comes when it reads. */
static void a_slow_follower_gets_all(void **state)
{
	struct fixture *fixture = *state;
	int fd = follow(fixture);
	static char line[10000], text[1 << 20];
	uint64_t told = 0, got = 0;

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\n';
	for (int i = 0; i < 80; i++) {
		control_tell(fixture->control, line, sizeof(line));
		control_flush(fixture->control);
		told += sizeof(line);
	}
	while (got < told + strlen("first\n")) {
		ssize_t n = received(fd, text, sizeof(text));

		assert_true(n != 0);
		got += n > 0 ? (uint64_t)n : 0;
		if (n < 0)
			turn(fixture);
	}
	assert_int_equal(control_counts(fixture->control).cut, 0);
	(void)close(fd);
}

/* A client that only asks must not have the loop spin while it waits. */
static void a_half_closed_client_wakes_nobody(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_close_ int fd = raw_connect(fixture);
	struct pollfd ready = { .fd = control_fd(fixture->control), .events = POLLIN };

	assert_int_equal(send(fd, "later\n", 6, 0), 6);
	(void)shutdown(fd, SHUT_WR);
	while (!fixture->deferred)
		turn(fixture);
	control_handle(fixture->control);
	assert_int_equal(poll(&ready, 1, 0), 0);
	answer_deferred(fixture);
}

/* ---- who may ask ---- */

/* A child with these ids connects and asks; its exit status is 0 when it got an answer. */
static int ask_as(struct fixture *fixture, uid_t uid, gid_t gid, gid_t other)
{
	int done[2], status = -1;
	pid_t pid;

	assert_int_equal(pipe2(done, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		char *text = NULL;

		if (setgroups(other ? 1 : 0, &other) < 0 || setgid(gid) < 0 || setuid(uid) < 0)
			_exit(9);
		_exit(control_ask(fixture->dir, "ps", 10000, &text) == 0 ? 0 : 1);
	}
	(void)close(done[1]);
	for (;;) {
		struct pollfd fds[2] = { { .fd = control_fd(fixture->control), .events = POLLIN },
					 { .fd = done[0], .events = POLLIN } };

		assert_true(poll(fds, 2, 10000) > 0);
		if (fds[1].revents)
			break;
		control_handle(fixture->control);
	}
	(void)close(done[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void members_of_the_group_may_ask(void **state)
{
	static const struct {
		gid_t group; /* of the socket; 0: none */
		gid_t gid, other;
		int result;
	} rows[] = {
		{ 0, 4712, 4713, 1 },    { 4711, 4712, 4713, 1 }, { 4711, 4711, 0, 0 },
		{ 4711, 4712, 4711, 0 }, { 0, 4711, 0, 1 },
	};
	struct fixture *fixture = *state;
	char path[300];
	struct stat st;

	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(fixture->parent, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/control.sock", fixture->dir);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(control_group(fixture->control, rows[i].group), 0);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode, S_IFSOCK | (rows[i].group ? 0660 : 0600));
		assert_int_equal(ask_as(fixture, 4710, rows[i].gid, rows[i].other), rows[i].result);
		if (rows[i].result == 0)
			assert_int_equal(fixture->asked_by, 4710);
	}
}

/* The file's mode is one lock, the peer's credentials are the other. */
static void the_peer_is_asked_too(void **state)
{
	struct fixture *fixture = *state;
	char path[300];

	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(fixture->parent, 0755), 0);
	assert_int_equal(control_group(fixture->control, 4711), 0);
	(void)snprintf(path, sizeof(path), "%s/control.sock", fixture->dir);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(ask_as(fixture, 4710, 4712, 0), 1);
	assert_int_equal(control_counts(fixture->control).refused, 1);
	assert_int_equal(ask_as(fixture, 4710, 4712, 4711), 0);
}

static void the_peer_is_known(void **state)
{
	struct fixture *fixture = *state;

	a_request_is_answered(state);
	assert_int_equal(fixture->asked_by, geteuid());
	assert_int_equal(control_peer(fixture->control, 4711), CONTROL_NOBODY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_is_answered),
		TEST(a_long_answer_arrives_whole),
		TEST(an_answer_may_come_later),
		TEST(an_unknown_request_is_refused),
		TEST(a_bad_request_is_not_sent),
		TEST(nobody_there_is_told),
		TEST(a_second_agent_is_refused),
		TEST(a_dead_agents_socket_is_replaced),
		TEST(only_root_may_ask),
		TEST(one_too_many_is_closed),
		TEST(a_slow_client_is_dropped),
		TEST(a_request_without_end_is_dropped),
		TEST(a_request_may_come_in_pieces),
		TEST(a_client_that_left_is_forgotten),
		TEST(followers_are_told_every_line),
		TEST(one_follower_too_many_is_closed),
		TEST(a_follower_that_never_reads_is_cut_off),
		TEST(a_slow_follower_gets_all),
		TEST(a_half_closed_client_wakes_nobody),
		TEST(members_of_the_group_may_ask),
		TEST(the_peer_is_asked_too),
		TEST(the_peer_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
