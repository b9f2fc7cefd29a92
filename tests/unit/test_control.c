/* SPDX-License-Identifier: Apache-2.0 */
/* Both sides of the control socket: the agent's loop in the test's thread, clients in others. */
#include "control/control.h"

#include <fcntl.h>
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
	(void)snprintf(fixture->last, sizeof(fixture->last), "%s", request);
	if (strcmp(request, "later") == 0) {
		fixture->deferred = token;
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
