// SPDX-License-Identifier: Apache-2.0
/*
 * Usage: bench-load serve DIR TMP
 *
 * The loads of the benchmark, by order: reads "LOAD N [M]" lines from standard input, runs each, and answers
 * "NANOSECONDS COUNT" (CLOCK_MONOTONIC around the load alone; COUNT is what was done) or "error REASON". It
 * is started once and kept, so that nothing of how a container is entered lies inside the timing. DIR holds
 * the fixture that tools/bench makes: src/000..255, and the empty out/, churn/ and drop/; TMP is where a
 * build would write its intermediate files.
 *
 * Linked statically: it is copied alone into a container's root. "bench-load exit" and "bench-load step ..."
 * are what it starts itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SOURCES    256 /* files in DIR/src */
#define STEP_STATS 40
#define STEP_READS 30
#define NS_PER_S   1000000000ull

struct place {
	char *self;
	const char *dir;
	const char *tmp;
	unsigned long serial; /* names of new files are never used again */
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* Of this process and of the children that it waited for. */
static uint64_t cpu_ns(void)
{
	struct timespec own;
	struct rusage children;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
	getrusage(RUSAGE_CHILDREN, &children);
	return (uint64_t)own.tv_sec * NS_PER_S + (uint64_t)own.tv_nsec +
	       (uint64_t)(children.ru_utime.tv_sec + children.ru_stime.tv_sec) * NS_PER_S +
	       (uint64_t)(children.ru_utime.tv_usec + children.ru_stime.tv_usec) * 1000;
}

static void sleep_until(uint64_t ns)
{
	struct timespec ts = { .tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

/* Starts the program and waits for it; 0, negative errno, or -ECHILD where it ended with a failure. */
static int spawn_wait(char *const argv[])
{
	char *const env[] = { NULL };
	int status, r;
	pid_t pid;

	r = posix_spawn(&pid, argv[0], NULL, NULL, argv, env);
	if (r != 0)
		return -r;
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return status == 0 ? 0 : -ECHILD;
}

static int open_close(const char *path, int flags, mode_t mode)
{
	int fd = open(path, flags | O_CLOEXEC, mode);

	if (fd < 0)
		return -errno;
	return close(fd) < 0 ? -errno : 0;
}

static int write_file(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ssize_t written;

	if (fd < 0)
		return -errno;
	written = write(fd, text, len);
	(void)close(fd);
	return written == (ssize_t)len ? 0 : -EIO;
}

/* The sum keeps the reads from being useless, as a compiler's would be. */
static int read_file(const char *path, uint64_t *sum)
{
	char buf[8192];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n; i++)
			*sum = (*sum ^ (unsigned char)buf[i]) * 0x100000001b3ull;
	(void)close(fd);
	return n < 0 ? -errno : 0;
}

static int load_getppid(struct place *p, unsigned long n, unsigned long unused, unsigned long *ret_count)
{
	(void)p, (void)unused;
	for (unsigned long i = 0; i < n; i++)
		(void)syscall(SYS_getppid);
	*ret_count = n;
	return 0;
}

static int load_exec(struct place *p, unsigned long n, unsigned long unused, unsigned long *ret_count)
{
	char *const argv[] = { p->self, (char[]){ "exit" }, NULL };
	int r = 0;

	(void)unused;
	for (unsigned long i = 0; i < n && r == 0; i++)
		r = spawn_wait(argv);
	*ret_count = n;
	return r;
}

static int open_sources(struct place *p, unsigned long n, unsigned long files)
{
	char path[256];
	int r = 0;

	for (unsigned long i = 0; i < n && r == 0; i++) {
		snprintf(path, sizeof(path), "%s/src/%03lu", p->dir, i % files);
		r = open_close(path, O_WRONLY, 0);
	}
	return r;
}

static int load_open(struct place *p, unsigned long n, unsigned long unused, unsigned long *ret_count)
{
	(void)unused;
	*ret_count = n;
	return open_sources(p, n, 1);
}

static int load_openmany(struct place *p, unsigned long n, unsigned long unused, unsigned long *ret_count)
{
	(void)unused;
	*ret_count = n;
	return open_sources(p, n, SOURCES);
}

/* Looks at many files of the image and reads most of them. */
static int step_read(const char *dir, unsigned long step, uint64_t *ret_sum)
{
	char path[256];
	struct stat st;
	uint64_t sum = 0;
	int r = 0;

	for (unsigned long i = 0; i < STEP_STATS && r == 0; i++) {
		snprintf(path, sizeof(path), "%s/src/%03lu", dir, (step * 7 + i) % SOURCES);
		r = stat(path, &st) < 0 ? -errno : 0;
		if (r == 0 && i < STEP_READS)
			r = read_file(path, &sum);
	}
	if (r == 0)
		*ret_sum = sum;
	return r;
}

/* An intermediate file below TMP, and a result in the root that replaces the one before by a rename. */
static int step_write(const char *dir, const char *tmp, unsigned long step, uint64_t sum)
{
	char object[256], fresh[256], result[256], text[32];
	size_t len = (size_t)snprintf(text, sizeof(text), "%016llx\n", (unsigned long long)sum);
	int r;

	snprintf(object, sizeof(object), "%s/%lu.o", tmp, step % 64);
	snprintf(fresh, sizeof(fresh), "%s/out/%lu.new", dir, step % 64);
	snprintf(result, sizeof(result), "%s/out/%lu", dir, step % 64);
	r = write_file(object, text, len);
	if (r == 0)
		r = write_file(fresh, text, len);
	if (r == 0 && rename(fresh, result) < 0)
		r = -errno;
	if (r == 0 && unlink(object) < 0)
		r = -errno;
	return r;
}

static int build_step(const char *dir, const char *tmp, const char *step_text)
{
	unsigned long step = strtoul(step_text, NULL, 10);
	uint64_t sum;
	int r;

	r = step_read(dir, step, &sum);
	return r < 0 ? r : step_write(dir, tmp, step, sum);
}

/* A build-like mix: each step in a process of its own. */
static int load_mix(struct place *p, unsigned long n, unsigned long unused, unsigned long *ret_count)
{
	char step[24];
	char *const argv[] = { p->self, (char[]){ "step" }, (char *)p->dir, (char *)p->tmp, step, NULL };
	int r = 0;

	(void)unused;
	for (unsigned long i = 0; i < n && r == 0; i++) {
		snprintf(step, sizeof(step), "%lu", i);
		r = spawn_wait(argv);
	}
	*ret_count = n;
	return r;
}

/*
 * Makes and removes files at `rate` changes a second (a create and an unlink are two) for `ms` milliseconds,
 * each under a name of its own, so that nothing can be folded. Keeps pace by the millisecond; the answer's
 * count is what was managed.
 */
static int load_churn(struct place *p, unsigned long rate, unsigned long ms, unsigned long *ret_count)
{
	uint64_t start = now_ns(), deadline = start + ms * (NS_PER_S / 1000);
	unsigned long done = 0, wanted;
	char path[256];
	int r = 0;

	for (uint64_t now = start; now < deadline && r == 0; now = now_ns()) {
		wanted = (unsigned long)((double)(now - start) * (double)rate / (double)NS_PER_S);
		if (done >= wanted) {
			sleep_until(now + NS_PER_S / 1000);
			continue;
		}
		snprintf(path, sizeof(path), "%s/churn/%lu", p->dir, p->serial++);
		r = open_close(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
		if (r == 0 && unlink(path) < 0)
			r = -errno;
		done += 2;
	}
	*ret_count = done;
	return r;
}

static int copy_self(const char *self, const char *path)
{
	struct stat st;
	int from = open(self, O_RDONLY | O_CLOEXEC), to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	int r = 0;

	if (from < 0 || to < 0 || fstat(from, &st) < 0 || sendfile(to, from, NULL, (size_t)st.st_size) != st.st_size)
		r = errno ? -errno : -EIO;
	if (from >= 0)
		(void)close(from);
	if (to >= 0)
		(void)close(to);
	return r;
}

/* Drops a new program and runs it, `n` times, `gap_us` apart: each is a change and a drift, never a repeat.
 */
static int load_trip(struct place *p, unsigned long n, unsigned long gap_us, unsigned long *ret_count)
{
	char path[256];
	char *const argv[] = { path, (char[]){ "exit" }, NULL };
	int r = 0;

	for (unsigned long i = 0; i < n && r == 0; i++) {
		snprintf(path, sizeof(path), "%s/drop/%lu", p->dir, p->serial++);
		r = copy_self(p->self, path);
		if (r == 0)
			r = spawn_wait(argv);
		sleep_until(now_ns() + gap_us * 1000);
	}
	*ret_count = n;
	return r;
}

static const struct load {
	const char *name;
	int (*run)(struct place *p, unsigned long n, unsigned long m, unsigned long *ret_count);
} loads[] = {
	{ "getppid", load_getppid }, { "exec", load_exec },   { "open", load_open }, { "openmany", load_openmany },
	{ "mix", load_mix },         { "churn", load_churn }, { "trip", load_trip },
};

static const struct load *load_find(const char *name)
{
	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		if (strcmp(loads[i].name, name) == 0)
			return &loads[i];
	return NULL;
}

static void answer(struct place *p, const char *line)
{
	const struct load *load;
	unsigned long n = 0, m = 0, count = 0;
	char name[16];
	uint64_t start, cpu;
	int r;

	if (sscanf(line, "%15s %lu %lu", name, &n, &m) < 2 || !(load = load_find(name))) {
		printf("error what is \"%.*s\"?\n", (int)strcspn(line, "\n"), line);
		return;
	}
	cpu = cpu_ns();
	start = now_ns();
	r = load->run(p, n, m, &count);
	start = now_ns() - start;
	if (r < 0)
		printf("error %s: %s\n", name, strerror(-r));
	else
		printf("%llu %lu %llu\n", (unsigned long long)start, count, (unsigned long long)(cpu_ns() - cpu));
}

static int serve(struct place *p)
{
	char line[128];

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin))
		answer(p, line);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "exit") == 0)
		return 0;
	if (argc == 5 && strcmp(argv[1], "step") == 0)
		return build_step(argv[2], argv[3], argv[4]) < 0;
	if (argc == 4 && strcmp(argv[1], "serve") == 0)
		return serve(&(struct place){ .self = argv[0], .dir = argv[2], .tmp = argv[3] });
	fprintf(stderr, "usage: bench-load serve DIR TMP\n");
	return 2;
}
