// SPDX-License-Identifier: Apache-2.0
/* The reader's side that asks: starts the child, waits for it, and believes nothing of what it says before it is checked. */
#include "inventory/reader.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "inventory/child.h"

#define TICK_MS 100

struct run {
	const struct reader_request *request;
	int out, spool, page_fd;
	struct child_page *page; /* MAP_FAILED: none */
	pid_t pid;
	int pidfd;
	struct reader_failure *failure;
};

static void run_clear(struct run *run)
{
	if (run->page != MAP_FAILED)
		(void)munmap(run->page, sizeof(*run->page));
	if (run->page_fd >= 0)
		(void)close(run->page_fd);
	if (run->spool >= 0)
		(void)close(run->spool);
	if (run->pidfd >= 0)
		(void)close(run->pidfd);
}

static int failed(struct run *run, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));
static int failed(struct run *run, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(run->failure->text, sizeof(run->failure->text), format, args);
	va_end(args);
	return error;
}

/* ---- starting ---- */

/* It keeps its size: this process would be killed where the page is gone that it looks at. */
static int page_make(struct run *run)
{
	run->page_fd = memfd_create("plimsoll-reader", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (run->page_fd < 0 || ftruncate(run->page_fd, sizeof(*run->page)) < 0 ||
	    fcntl(run->page_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return -errno;
	run->page = mmap(NULL, sizeof(*run->page), PROT_READ | PROT_WRITE, MAP_SHARED, run->page_fd, 0);
	return run->page == MAP_FAILED ? -errno : 0;
}

/* An archive's files, unpacked, without a name: where there is no such place, in memory. */
static int spool_make(struct run *run)
{
	const char *places[] = { getenv("TMPDIR"), "/var/tmp", "/tmp" };

	if (run->request->what != READER_ARCHIVE)
		return 0;
	for (size_t i = 0; run->spool < 0 && i < ARRAY_SIZE(places); i++)
		if (places[i])
			run->spool = open(places[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (run->spool < 0)
		run->spool = memfd_create("plimsoll-spool", MFD_CLOEXEC);
	return run->spool < 0 ? -errno : 0;
}

static unsigned patience_of(const struct reader_request *request)
{
	return request->patience ?: request->verify ? READER_VERIFY : READER_PATIENCE;
}

/* A descriptor that is duplicated onto itself stays open in the child. */
static int actions_make(const struct run *run, posix_spawn_file_actions_t *actions)
{
	const int kept[] = { run->out, run->page_fd, run->spool, run->request->fd };
	int r = 0;

	for (int fd = 0; r == 0 && fd <= STDERR_FILENO; fd++)
		r = posix_spawn_file_actions_addopen(actions, fd, "/dev/null", O_RDWR, 0);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(kept); i++)
		if (kept[i] > STDERR_FILENO)
			r = posix_spawn_file_actions_adddup2(actions, kept[i], kept[i]);
	return -r;
}

#define NUMBER_SIZE 16

/* It knows nothing of this one's environment, and only SIGKILL ends it: what a terminal or a service manager sends to all
 * processes is this one's to answer. */
static int spawn(struct run *run, char **argv)
{
	char *const environment[] = { NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t all;
	int r = posix_spawn_file_actions_init(&actions);

	if (r)
		return -r;
	r = -posix_spawnattr_init(&attributes);
	if (r == 0) {
		(void)sigfillset(&all);
		(void)posix_spawnattr_setsigmask(&attributes, &all);
		(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
		r = actions_make(run, &actions);
		if (r == 0)
			r = -posix_spawn(&run->pid, "/proc/self/exe", &actions, &attributes, argv, environment);
		(void)posix_spawnattr_destroy(&attributes);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	return r;
}

static int start(struct run *run)
{
	const struct reader_request *request = run->request;
	const unsigned numbers[] = {
		[CHILD_WHAT] = request->what,
		[CHILD_OUT] = (unsigned)run->out,
		[CHILD_PAGE] = (unsigned)run->page_fd,
		[CHILD_FD] = request->fd > STDERR_FILENO ? (unsigned)request->fd : 0,
		[CHILD_SPOOL] = run->spool >= 0 ? (unsigned)run->spool : 0,
		[CHILD_USERXATTR] = request->userxattr,
		[CHILD_VERIFY] = request->verify,
		[CHILD_SECONDS] = patience_of(request) / 1000 + 1,
	};
	char texts[ARRAY_SIZE(numbers)][NUMBER_SIZE];
	_cleanup_free_ char **argv = calloc(1 + CHILD_DIRECTORIES + request->count + 1, sizeof(char *));
	size_t at = 0;

	if (!argv)
		return -ENOMEM;
	argv[at++] = (char *)"plimsoll";
	argv[at++] = (char *)READER_COMMAND;
	for (size_t i = CHILD_WHAT; i < ARRAY_SIZE(numbers); i++) {
		(void)snprintf(texts[i], sizeof(texts[i]), "%u", numbers[i]);
		argv[at++] = texts[i];
	}
	argv[at++] = (char *)(request->reference ?: "-");
	argv[at++] = (char *)(request->host_root ?: "-");
	for (size_t i = 0; i < request->count; i++)
		argv[at++] = (char *)request->directories[i];
	return spawn(run, argv);
}

/* ---- waiting ---- */

static void kill_and_wait(struct run *run)
{
	(void)kill(run->pid, SIGKILL);
	while (waitpid(run->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static void progress_tell(const struct run *run)
{
	if (run->request->progress)
		run->request->progress(atomic_load(&run->page->done), atomic_load(&run->page->total),
				       run->request->data);
}

/* Words of the child's: nothing but plain characters of them. */
static void words_take(const struct run *run, char ret_words[static CHILD_WORDS + 1])
{
	memcpy(ret_words, run->page->words, CHILD_WORDS);
	ret_words[CHILD_WORDS] = '\0';
	for (char *at = ret_words; *at; at++)
		if (!isprint((unsigned char)*at))
			*at = '?';
}

static void image_take(const struct run *run)
{
	static const uint8_t none[sizeof(run->page->image_id)];
	struct reader_image image = { .id.kind = DIGEST_NONE };

	memcpy(image.name, run->page->image_name, sizeof(image.name) - 1);
	memcpy(image.id.bytes, run->page->image_id, sizeof(none));
	if (memcmp(image.id.bytes, none, sizeof(none)) != 0)
		image.id.kind = DIGEST_SHA256;
	*run->request->image = image;
}

static const char *signal_name(int signal)
{
	return sigabbrev_np(signal) ?: "?";
}

static int status_read(struct run *run, int status)
{
	char words[CHILD_WORDS + 1];
	int error = run->page->error;

	if (WIFSIGNALED(status))
		return failed(run, -ECHILD, "was killed (SIG%s)", signal_name(WTERMSIG(status)));
	if (WEXITSTATUS(status) == 0)
		return 0;
	words_take(run, words);
	if (error >= 0 || error < -4095)
		error = -ECHILD;
	return failed(run, error, "gave up: %s", words[0] ? words : "it does not say why");
}

static int await(struct run *run)
{
	uint64_t until = monotonic_ms() + patience_of(run->request);
	struct pollfd polled[] = {
		{ .fd = run->pidfd, .events = POLLIN },
		{ .fd = run->request->cancel > STDERR_FILENO ? run->request->cancel : -1, .events = POLLIN },
	};
	int status = 0;

	for (;;) {
		if (poll(polled, ARRAY_SIZE(polled), TICK_MS) < 0 && errno != EINTR) {
			kill_and_wait(run);
			return failed(run, -ECHILD, "could not be waited for");
		}
		progress_tell(run);
		if (polled[0].revents)
			break;
		if (polled[1].revents) {
			kill_and_wait(run);
			return failed(run, -ECANCELED, "was stopped: nobody wants its answer any more");
		}
		if (monotonic_ms() >= until) {
			kill_and_wait(run);
			return failed(run, -ETIMEDOUT, "took longer than %u s", patience_of(run->request) / 1000);
		}
	}
	while (waitpid(run->pid, &status, 0) < 0)
		if (errno != EINTR)
			return failed(run, -ECHILD, "was lost");
	return status_read(run, status);
}

static int begin_and_wait(struct run *run)
{
	int r = page_make(run);

	if (r == 0)
		r = spool_make(run);
	if (r == 0)
		r = start(run);
	if (r < 0)
		return failed(run, r, "could not be started: %s", strerror(-r));
	run->pidfd = (int)syscall(SYS_pidfd_open, run->pid, 0);
	if (run->pidfd < 0) {
		r = -errno;
		kill_and_wait(run);
		return failed(run, r, "could not be watched: %s", strerror(-r));
	}
	return await(run);
}

int reader_run(const struct reader_request *request, int fd, struct inventory **ret_inventory,
	       struct reader_failure *ret_failure)
{
	_cleanup_(run_clear) struct run run = {
		.request = request,
		.out = fd,
		.spool = -EBADF,
		.page_fd = -EBADF,
		.page = MAP_FAILED,
		.pidfd = -EBADF,
		.failure = ret_failure,
	};
	int r;

	ret_failure->text[0] = '\0';
	if ((unsigned)request->what >= READER_WHATS || request->count > READER_LAYERS)
		return failed(&run, -E2BIG, "cannot take so many layers");
	r = begin_and_wait(&run);
	if (r < 0)
		return r;
	if (request->image)
		image_take(&run);
	r = inventory_open(fd, ret_inventory);
	return r < 0 ? failed(&run, r == -ENOMEM ? r : -EBADMSG, "answered what cannot be right") : 0;
}
