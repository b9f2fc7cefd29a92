// SPDX-License-Identifier: Apache-2.0
/*
 * The reader and its child, which is this program again, as the child is always the program that asks: so the test is also
 * the one that lies, hangs and dies. What is asked for as `reference` then names how.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "archive_make.h"
#include "inventory/child.h"
#include "inventory/confine.h"
#include "inventory/reader.h"
#include "inventory_root.h"

/* ---- children that are not as they should be ---- */

struct badness {
	struct child_page *page;
	int page_fd, out;
};

static void say(const struct badness *bad, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));
static void say(const struct badness *bad, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(bad->page->words, CHILD_WORDS, format, args);
	va_end(args);
	bad->page->error = -EADV;
	_exit(1);
}

static void be_garbage(const struct badness *bad)
{
	char bytes[1000];

	memset(bytes, 0x5a, sizeof(bytes));
	_exit(write(bad->out, bytes, sizeof(bytes)) < 0);
}

static void be_quiet(const struct badness *bad)
{
	(void)bad;
	_exit(0);
}

static void be_endless(const struct badness *bad)
{
	_exit(ftruncate(bad->out, (off_t)1 << 40) < 0);
}

static void be_speechless(const struct badness *bad)
{
	(void)bad;
	_exit(1);
}

static void be_colourful(const struct badness *bad)
{
	memset(bad->page->words, '\x1b', CHILD_WORDS);
	bad->page->error = -EADV;
	_exit(1);
}

static void be_positive(const struct badness *bad)
{
	bad->page->error = 5;
	_exit(1);
}

static void be_no_errno(const struct badness *bad)
{
	bad->page->error = INT32_MIN;
	_exit(1);
}

static void be_broken(const struct badness *bad)
{
	(void)bad;
	(void)signal(SIGILL, SIG_DFL);
	__builtin_trap();
}

static void be_killed(const struct badness *bad)
{
	(void)bad;
	(void)raise(SIGKILL);
}

static void be_slow(const struct badness *bad)
{
	(void)bad;
	for (;;)
		(void)poll(NULL, 0, -1);
}

/* The one that asked would be killed when it looks at its page. */
static void cut_page(const struct badness *bad)
{
	int r = ftruncate(bad->page_fd, 0) < 0 ? errno : 0;

	say(bad, "%s", strerror(r));
}

/* ---- and such as are confined, and want out ---- */

static void do_exec(const struct badness *bad)
{
	char *const argv[] = { (char *)"/bin/sh", NULL };

	(void)execve(argv[0], argv, argv + 1);
	say(bad, "lives");
}

static void do_socket(const struct badness *bad)
{
	(void)socket(AF_UNIX, SOCK_STREAM, 0);
	say(bad, "lives");
}

static void do_code(const struct badness *bad)
{
	(void)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	say(bad, "lives");
}

static void do_more_code(const struct badness *bad)
{
	void *data = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)mprotect(data, 4096, PROT_READ | PROT_EXEC);
	say(bad, "lives");
}

static void do_processes(const struct badness *bad)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	int old = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0) < 0 ? errno : 0;
	int newer = syscall(SYS_clone3, &args, sizeof(args)) < 0 ? errno : 0;

	say(bad, "%s, %s", strerror(old), strerror(newer));
}

static void *nothing(void *data)
{
	return data;
}

static void do_thread(const struct badness *bad)
{
	pthread_t thread;
	int r = pthread_create(&thread, NULL, nothing, NULL);

	if (r == 0)
		(void)pthread_join(thread, NULL);
	say(bad, "%s", r ? "none" : "some");
}

static void do_kill(const struct badness *bad)
{
	say(bad, "%s", kill(-1, SIGKILL) < 0 ? strerror(errno) : "killed");
}

static void do_write(const struct badness *bad)
{
	int image = open("/bin/tool", O_WRONLY) < 0 ? errno : 0,
	    made = open("/new", O_WRONLY | O_CREAT, 0600) < 0 ? errno : 0;
	int beyond = pwrite(bad->out, "x", 1, INVENTORY_BLOB_MAX) < 0 ? errno : 0;

	say(bad, "%s, %s, %s", strerror(image), strerror(made), strerror(beyond));
}

static void do_look_out(const struct badness *bad)
{
	int up = open("/../../../etc/passwd", O_RDONLY) < 0 ? errno : 0;
	int proc = open("/proc/self/status", O_RDONLY) < 0 ? errno : 0;

	say(bad, "%s, %s", strerror(up), strerror(proc));
}

static void do_allocate(const struct badness *bad)
{
	size_t taken = 0;

	while (taken < (size_t)8 << 30 && malloc((size_t)16 << 20))
		taken += (size_t)16 << 20;
	say(bad, "%s", taken <= READER_MEMORY ? "no more" : "all of it");
}

static const struct {
	const char *name;
	void (*act)(const struct badness *bad);
	bool confined, threads;
} acts[] = {
	{ "garbage", be_garbage, false, false },
	{ "quiet", be_quiet, false, false },
	{ "endless", be_endless, false, false },
	{ "speechless", be_speechless, false, false },
	{ "colourful", be_colourful, false, false },
	{ "positive", be_positive, false, false },
	{ "no errno", be_no_errno, false, false },
	{ "broken", be_broken, false, false },
	{ "killed", be_killed, false, false },
	{ "slow", be_slow, false, false },
	{ "cut page", cut_page, false, false },
	{ "exec", do_exec, true, false },
	{ "socket", do_socket, true, false },
	{ "code", do_code, true, false },
	{ "more code", do_more_code, true, false },
	{ "processes", do_processes, true, true },
	{ "thread", do_thread, true, false },
	{ "threads", do_thread, true, true },
	{ "kill", do_kill, true, true },
	{ "write", do_write, true, false },
	{ "look out", do_look_out, true, false },
	{ "allocate", do_allocate, true, false },
};

/* As the child does it, with what it would have been asked for. */
static void confine(const struct badness *bad, char **argv, bool threads)
{
	const struct confinement confinement = { .what = READER_DIRECTORY,
						 .directories = argv + CHILD_DIRECTORIES,
						 .count = 1 };
	const struct confine_limits limits = {
		.memory = READER_MEMORY, .written = INVENTORY_BLOB_MAX, .seconds = 60, .threads = threads
	};
	const char *step = "";
	int root = -EBADF, r = confine_place(&confinement, &root, &step), keep[2];

	keep[0] = bad->out < root ? bad->out : root;
	keep[1] = bad->out < root ? root : bad->out;
	if (r == 0)
		r = confine_powers(&limits, keep, ARRAY_SIZE(keep), &step);
	if (r < 0)
		say(bad, "%s: %s", step, strerror(-r));
}

static int child_main(int argc, char **argv)
{
	struct badness bad = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(acts); i++) {
		if (argc <= CHILD_DIRECTORIES || strcmp(argv[CHILD_REFERENCE], acts[i].name) != 0)
			continue;
		bad.out = atoi(argv[CHILD_OUT]);
		bad.page_fd = atoi(argv[CHILD_PAGE]);
		bad.page = mmap(NULL, sizeof(*bad.page), PROT_READ | PROT_WRITE, MAP_SHARED, bad.page_fd, 0);
		if (acts[i].confined)
			confine(&bad, argv, acts[i].threads);
		acts[i].act(&bad);
		_exit(0);
	}
	return reader_main(argc, argv);
}

/* ---- asking ---- */

static int room(void)
{
	int fd = memfd_create("inventory", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static int run(const struct reader_request *request, struct inventory **ret_inventory,
	       struct reader_failure *ret_failure)
{
	_cleanup_close_ int fd = room();

	return reader_run(request, fd, ret_inventory, ret_failure);
}

static struct reader_request of_directory(const char *const *path)
{
	return (struct reader_request){
		.what = READER_DIRECTORY, .directories = path, .count = 1, .fd = -EBADF, .cancel = -EBADF
	};
}

/* Is it to be had here at all? */
static bool is_allowed(void)
{
	const char *path = "/";
	struct reader_request request = of_directory(&path);
	struct reader_failure failure;
	_cleanup_inventory_ struct inventory *inventory = NULL;
	_cleanup_close_ int fd = room();

	request.reference = "thread";
	(void)reader_run(&request, fd, &inventory, &failure);
	if (strcmp(failure.text, "gave up: none") == 0)
		return true;
	print_message("the reader %s\n", failure.text);
	return false;
}

static void root_executable(struct root *root, const char *path)
{
	root_file(root, path, "#!/bin/sh\n");
	assert_int_equal(fchmodat(root->fd, path, 0755, 0), 0);
}

/* All that no package owns, each with a space behind it. */
static const char *unpackaged_of(const struct inventory *inventory, char text[static 4096])
{
	size_t at = 0;
	char path[PATH_MAX];

	text[0] = '\0';
	for (size_t i = 0; i < inventory_unpackaged_count(inventory); i++) {
		inventory_unpackaged(inventory, i, path);
		at += (size_t)snprintf(text + at, 4096 - at, "%.256s ", path);
		assert_true(at < 4096);
	}
	return text;
}

static void reads(const struct reader_request *request, const char *expected)
{
	_cleanup_inventory_ struct inventory *inventory = NULL;
	struct reader_failure failure;
	char text[4096];
	int r = run(request, &inventory, &failure);

	if (r < 0)
		fail_msg("the reader %s", failure.text);
	assert_string_equal(failure.text, "");
	assert_string_equal(unpackaged_of(inventory, text), expected);
}

/* ---- what it reads ---- */

static void directory(void **state)
{
	struct root *root = *state;
	const char *path = root->path;
	struct reader_request request = of_directory(&path);

	root_executable(root, "bin/tool");
	root_file(root, "lib/libx.so.1", "\177ELF...");
	root_file(root, "lib/fake.so", "text");
	root_file(root, "etc/plain", "text");
	root_link(root, "bin/passwd", "/etc/passwd");
	root_fifo(root, "bin/fifo");
	root_file(root, "etc/os-release", "ID=test\n");
	reads(&request, "/bin/tool /lib/libx.so.1 ");
}

/* Of another mount nothing is seen. */
static void one_mount(void **state)
{
	struct root *root = *state;
	const char *path = root->path;
	struct reader_request request = of_directory(&path);
	char place[128];

	root_executable(root, "bin/tool");
	root_directory(root, "volume");
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		skip();
	(void)snprintf(place, sizeof(place), "%.64s/volume", root->path);
	assert_int_equal(mount("none", place, "tmpfs", 0, "size=64k"), 0);
	(void)snprintf(place, sizeof(place), "%.64s/volume/foreign", root->path);
	assert_int_equal(close(open(place, O_CREAT | O_WRONLY | O_CLOEXEC, 0755)), 0);
	reads(&request, "/bin/tool ");
	(void)snprintf(place, sizeof(place), "%.64s/volume", root->path);
	assert_int_equal(umount(place), 0);
}

static void host_root(void **state)
{
	struct root *root = *state;
	const char *path = "/images/one";
	struct reader_request request = of_directory(&path);

	root_executable(root, "real/bin/tool");
	root_link(root, "images/one", "/real"); /* the host's own */
	request.host_root = root->path;
	reads(&request, "/bin/tool ");
}

/* A layer: what is in it, told in words. */
static void layers_make(struct root *root, const char *kind)
{
	char name[64];

	root_executable(root, "c/bin/a");
	root_executable(root, "c/bin/b");
	root_executable(root, "c/d/x");
	root_executable(root, "c/e/y");
	root_executable(root, "c/f");
	root_directory(root, "b/bin");
	assert_int_equal(mknodat(root->fd, "b/bin/b", S_IFCHR, makedev(0, 0)), 0);
	root_executable(root, "b/d/w");
	root_executable(root, "b/f/inside");
	root_executable(root, "a/bin/n");
	assert_int_equal(mknodat(root->fd, "a/e", S_IFCHR, makedev(0, 0)), 0);
	(void)snprintf(name, sizeof(name), "%.32s/b/d", root->path);
	assert_int_equal(setxattr(name, kind, "y", 1, 0), 0);
}

static void layers(void **state)
{
	struct root *root = *state;
	char paths[3][64];
	const char *directories[3] = { paths[0], paths[1], paths[2] };
	struct reader_request request = {
		.what = READER_LAYERS_OF_IMAGE, .directories = directories, .count = 3, .fd = -EBADF, .cancel = -EBADF
	};

	if (geteuid() != 0)
		skip(); /* who makes whiteouts is root */
	layers_make(root, "trusted.overlay.opaque");
	for (size_t i = 0; i < 3; i++)
		(void)snprintf(paths[i], sizeof(paths[i]), "%.32s/%c", root->path, "abc"[i]);
	reads(&request, "/bin/a /bin/n /d/w /f/inside ");
	request.userxattr = true; /* the other kind means nothing: /d is not opaque */
	reads(&request, "/bin/a /bin/n /d/w /d/x /f/inside ");
	request.userxattr = false;
	request.count = 1; /* one alone: its whiteout is one, too */
	reads(&request, "/bin/n ");
	request.directories = directories + 2;
	reads(&request, "/f /bin/a /bin/b /d/x /e/y ");
}

static void layers_by_user(void **state)
{
	struct root *root = *state;
	char paths[2][64];
	const char *directories[2] = { paths[0], paths[1] };
	struct reader_request request = { .what = READER_LAYERS_OF_IMAGE,
					  .directories = directories,
					  .count = 2,
					  .userxattr = true,
					  .fd = -EBADF,
					  .cancel = -EBADF };

	if (geteuid() != 0)
		skip();
	layers_make(root, "user.overlay.opaque");
	(void)snprintf(paths[0], sizeof(paths[0]), "%.32s/b", root->path);
	(void)snprintf(paths[1], sizeof(paths[1]), "%.32s/c", root->path);
	reads(&request, "/bin/a /d/w /e/y /f/inside ");
	request.userxattr = false;
	reads(&request, "/bin/a /d/w /d/x /e/y /f/inside ");
}

#define MANY 300

static void many_layers(void **state)
{
	struct root *root = *state;
	char paths[MANY][64], name[64];
	const char *directories[MANY];
	struct reader_request request = { .what = READER_LAYERS_OF_IMAGE,
					  .directories = directories,
					  .count = MANY,
					  .fd = -EBADF,
					  .cancel = -EBADF };

	if (geteuid() != 0)
		skip();
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof(name), "a layer, with: names \\ %d", i);
		root_directory(root, name);
		(void)snprintf(paths[i], sizeof(paths[i]), "%.30s/%.32s", root->path, name);
		directories[i] = paths[i];
	}
	(void)strcat(strcpy(name, "a layer, with: names \\ "), "299/tool");
	root_executable(root, name);
	reads(&request, "/tool ");
}

static void archive(void **state)
{
	char path[LAYOUT_PATH];
	_cleanup_close_ int directory_fd = layout_directory(path), tar_fd = layout_tar("etc/|etc/os-release=ID=me");
	const struct image_out out = { .directory = directory_fd };
	const int fds[] = { directory_fd, tar_fd };

	(void)state;
	out_layout(&out, "etc/|etc/os-release=ID=me", ARCHIVE_FILTER_NONE, "");
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		struct reader_image image = { .name = "left from before", .id.kind = DIGEST_NONE };
		const struct reader_request request = {
			.what = READER_ARCHIVE, .fd = fds[i], .cancel = -EBADF, .image = &image
		};
		_cleanup_inventory_ struct inventory *inventory = NULL;
		struct reader_failure failure;
		int r = run(&request, &inventory, &failure);

		if (r < 0)
			fail_msg("%zu: the reader %s", i, failure.text);
		assert_string_equal(inventory_system(inventory).id, "me");
		assert_string_equal(image.name, "");
		assert_int_equal(image.id.kind, DIGEST_SHA256);
	}
	layout_drop(path);
}

/* ---- a container's root, as it is ---- */

/* In a mount namespace of its own whose root is that directory; it ends when the pipe is closed. */
static pid_t container_start(const char *path, const int hold[2], int ready)
{
	pid_t child = fork();
	char byte = 0;

	if (child != 0)
		return child;
	(void)close(hold[1]); /* else it waits for itself */
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(path, path, NULL, MS_BIND, NULL) < 0 || chdir(path) < 0 ||
	    mount("none", "volume", "tmpfs", 0, "size=64k") < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || close(open("/volume/foreign", O_CREAT | O_WRONLY, 0755)) < 0 ||
	    write(ready, &byte, 1) != 1)
		_exit(1);
	_exit(read(hold[0], &byte, 1) < 0);
}

static void container_root(void **state)
{
	struct root *root = *state;
	struct reader_request request = { .what = READER_ROOT, .cancel = -EBADF };
	int hold[2], ready[2];
	char name[64], byte;
	pid_t child;

	if (geteuid() != 0)
		skip();
	root_executable(root, "bin/tool");
	root_directory(root, "elsewhere");
	root_link(root, "proc", "elsewhere"); /* nothing there is touched */
	root_directory(root, "volume");
	assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	child = container_start(root->path, hold, ready[1]);
	(void)close(ready[1]);
	(void)close(hold[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	(void)snprintf(name, sizeof(name), "/proc/%d/ns/mnt", child);
	request.fd = open(name, O_RDONLY | O_CLOEXEC);
	assert_true(request.fd >= 0);
	reads(&request, "/bin/tool ");
	assert_int_equal(unlinkat(root->fd, "elsewhere", AT_REMOVEDIR), 0); /* it is empty */
	(void)close(request.fd);
	(void)close(hold[1]);
	(void)close(ready[0]);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

/* ---- without privileges ---- */

/* 0: as expected; 77: not to be had here. */
static int as_nobody(const char *path)
{
	struct reader_request request = of_directory(&path);
	_cleanup_inventory_ struct inventory *inventory = NULL;
	struct reader_failure failure;
	_cleanup_close_ int fd = memfd_create("inventory", MFD_CLOEXEC);
	int r;

	if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0 ||
	    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		return 1;
	r = reader_run(&request, fd, &inventory, &failure);
	if (r == -EPERM || r == -ENOSPC)
		return 77;
	(void)fprintf(stderr, "%s\n", failure.text);
	return r < 0 ? 2 : inventory_unpackaged_count(inventory) == 1 ? 0 : 3;
}

static void user_namespace(void **state)
{
	struct root *root = *state;
	int status;
	pid_t child;

	root_executable(root, "bin/tool");
	assert_int_equal(chmod(root->path, 0755), 0);
	child = fork();
	if (child == 0)
		_exit(as_nobody(root->path));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip(); /* no user namespaces for users */
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- how it fails ---- */

static void bad_children(void **state)
{
	static const struct {
		const char *name;
		int expected;
		const char *text; /* NULL: not looked at */
	} rows[] = {
		{ "garbage", -EBADMSG, "answered what cannot be right" },
		{ "quiet", -EBADMSG, "answered what cannot be right" },
		{ "endless", -EBADMSG, "answered what cannot be right" },
		{ "speechless", -ECHILD, "gave up: it does not say why" },
		{ "positive", -ECHILD, "gave up: it does not say why" },
		{ "no errno", -ECHILD, "gave up: it does not say why" },
		{ "broken", -ECHILD, "was killed (SIGILL)" },
		{ "killed", -ECHILD, "was killed (SIGKILL)" },
		{ "slow", -ETIMEDOUT, "took longer than 0 s" },
		{ "cut page", -EADV, "gave up: Operation not permitted" },
		{ "exec", -ECHILD, "was killed (SIGSYS)" },
		{ "socket", -ECHILD, "was killed (SIGSYS)" },
		{ "code", -ECHILD, "was killed (SIGSYS)" },
		{ "more code", -ECHILD, "was killed (SIGSYS)" },
		{ "processes", -EADV, "gave up: Operation not permitted, Function not implemented" },
		{ "thread", -EADV, "gave up: none" },
		{ "threads", -EADV, "gave up: some" },
		{ "kill", -EADV, "gave up: Operation not permitted" },
		{ "write", -EADV, "gave up: Read-only file system, Read-only file system, File too large" },
		{ "look out", -EADV, "gave up: No such file or directory, No such file or directory" },
#ifndef __SANITIZE_ADDRESS__ /* which takes all there is for itself */
		{ "allocate", -EADV, "gave up: no more" },
#endif
	};
	struct root *root = *state;
	const char *path = root->path;

	root_executable(root, "bin/tool");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct reader_request request = of_directory(&path);
		struct reader_failure failure;
		struct inventory *inventory = NULL;
		int r;

		request.reference = rows[i].name;
		request.patience = rows[i].expected == -ETIMEDOUT ? 300 : 0;
		r = run(&request, &inventory, &failure);
		if (strcmp(failure.text, rows[i].text) != 0)
			fail_msg("%s: %s", rows[i].name, failure.text);
		assert_int_equal(r, rows[i].expected);
		assert_null(inventory);
	}
}

static void plain_words(void **state)
{
	struct root *root = *state;
	const char *path = root->path;
	struct reader_request request = of_directory(&path);
	struct reader_failure failure;
	struct inventory *inventory = NULL;

	request.reference = "colourful";
	assert_int_equal(run(&request, &inventory, &failure), -EADV);
	assert_int_equal(strlen(failure.text), strlen("gave up: ") + CHILD_WORDS);
	assert_int_equal(strspn(failure.text + strlen("gave up: "), "?"), CHILD_WORDS);
}

static void bad_requests(void **state)
{
	const char *none = "/plimsoll-is-not-there", *file = "/proc/version", *many[READER_LAYERS + 1] = { NULL };
	const struct {
		struct reader_request request;
		int expected;
	} rows[] = {
		{ of_directory(&none), -ENOENT },
		{ of_directory(&file), -ENOTDIR },
		{ { .what = READER_LAYERS_OF_IMAGE, .directories = &none, .count = 1, .cancel = -EBADF }, -ENOENT },
		{ { .what = READER_LAYERS_OF_IMAGE, .directories = many, .count = READER_LAYERS + 1, .cancel = -EBADF },
		  -E2BIG },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct reader_failure failure;
		struct inventory *inventory = NULL;

		assert_int_equal(run(&rows[i].request, &inventory, &failure), rows[i].expected);
		assert_null(inventory);
		assert_true(failure.text[0]);
	}
}

/* ---- while it reads ---- */

/* A root whose verification takes longer than anybody waits: a package has a file of a terabyte, all of it a hole. */
static void root_endless(struct root *root)
{
	_cleanup_close_ int fd = -EBADF;

	root_file(root, "var/lib/dpkg/status",
		  "Package: huge\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n\n");
	root_file(root, "var/lib/dpkg/info/huge.list", "/.\n/usr\n/usr/huge\n");
	root_file(root, "var/lib/dpkg/info/huge.md5sums", "00000000000000000000000000000000  usr/huge\n");
	root_file(root, "usr/huge", "");
	fd = openat(root->fd, "usr/huge", O_WRONLY | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, (off_t)1 << 40), 0);
}

static char *proc_text(pid_t pid, const char *name)
{
	static char text[65536];
	char path[64];
	_cleanup_close_ int fd = -EBADF;
	ssize_t size;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	size = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	text[size < 0 ? 0 : size] = '\0';
	return text;
}

static pid_t child_of(pid_t parent)
{
	_cleanup_closedir_ DIR *dir = opendir("/proc");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		pid_t pid = atoi(entry->d_name);
		const char *line = pid > 0 ? strstr(proc_text(pid, "status"), "\nPPid:") : NULL;

		if (line && atoi(line + strlen("\nPPid:")) == parent)
			return pid;
	}
	return 0;
}

/* What is done once when it is at work, with the one that waits and the one that reads. */
struct watch {
	void (*act)(struct watch *watch, pid_t waits, pid_t reader);
	int cancel;
	bool acted;
	char wrong[256]; /* what was not as it should be: a callback must not jump */
};

static void watched(uint64_t done, uint64_t total, void *data)
{
	struct watch *watch = data;
	pid_t waits;

	(void)done;
	if (total == 0 || watch->acted)
		return;
	watch->acted = true;
	waits = child_of(getpid());
	watch->act(watch, waits, child_of(waits));
}

static int watch_run(struct root *root, struct watch *watch, unsigned patience, struct reader_failure *ret_failure)
{
	const char *path = root->path;
	struct reader_request request = of_directory(&path);
	struct inventory *inventory = NULL;
	int r;

	root_endless(root);
	watch->cancel = eventfd(0, EFD_CLOEXEC);
	request.verify = true;
	request.patience = patience;
	request.cancel = watch->cancel;
	request.progress = watched;
	request.data = watch;
	r = run(&request, &inventory, ret_failure);
	(void)close(watch->cancel);
	assert_null(inventory);
	assert_true(watch->acted);
	assert_string_equal(watch->wrong, "");
	return r;
}

#define WRONG(watch, ...) ((void)snprintf((watch)->wrong, sizeof((watch)->wrong), __VA_ARGS__))

static void look_at_powers(struct watch *watch, pid_t pid)
{
	static const char *const lines[] = {
		"\nCapInh:\t0000000000000000\n",
		"\nCapPrm:\t0000000000000000\n",
		"\nCapEff:\t0000000000000000\n",
		"\nCapBnd:\t0000000000000000\n",
		"\nCapAmb:\t0000000000000000\n",
		"\nNoNewPrivs:\t1\n",
		"\nSeccomp:\t2\n",
	};
	static const char *const limits[] = { "Max core file size        0                    0",
					      "Max file size             268435456            268435456",
#ifndef __SANITIZE_ADDRESS__
					      "Max address space         805306368            805306368",
#endif
					      "Max open files            256                  256" };
	const char *text = proc_text(pid, "status");

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (!strstr(text, lines[i]))
			WRONG(watch, "not in status: %s", lines[i]);
	text = proc_text(pid, "limits");
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (!strstr(text, limits[i]))
			WRONG(watch, "not in limits: %s", limits[i]);
}

static void look_at_namespaces(struct watch *watch, pid_t pid)
{
	static const char *const names[] = { "mnt", "net", "ipc", "uts", "cgroup", "pid" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[64], own[64] = "", its[64] = "";

		(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		if (readlink(path, own, sizeof(own) - 1) < 0)
			WRONG(watch, "no %s", path);
		(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, names[i]);
		if (readlink(path, its, sizeof(its) - 1) < 0 || strcmp(own, its) == 0)
			WRONG(watch, "the same: %s", names[i]);
	}
}

static void look_at_place(struct watch *watch, pid_t pid)
{
	const char *text = proc_text(pid, "mountinfo"), *end = strchr(text, '\n');

	if (!end || end[1] || !strstr(text, " / ro,nosuid,nodev,noexec"))
		WRONG(watch, "mounts: %.200s", text);
	text = proc_text(pid, "net/dev");
	if (strstr(text, "eth") || !strstr(text, "lo:") || strchr(strstr(text, "lo:"), '\n')[1])
		WRONG(watch, "network: %.200s", text);
	text = proc_text(pid, "environ");
	if (text[0])
		WRONG(watch, "environment: %.200s", text);
}

/* /dev/null three times, the root, its answer and its page; and for a moment a file of the image. */
static void look_at_descriptors(struct watch *watch, pid_t pid)
{
	char path[64], target[PATH_MAX];
	size_t count = 0;

	for (int fd = 0; fd < 256; fd++) {
		ssize_t size;

		(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
		size = readlink(path, target, sizeof(target) - 1);
		if (size < 0)
			continue;
		target[size] = '\0';
		count++;
		if (strcmp(target, "/dev/null") && strcmp(target, "/") && strncmp(target, "/memfd:", 7) &&
		    strcmp(target, "/usr/huge"))
			WRONG(watch, "open: %.200s", target);
	}
	if (count < 6 || count > 7)
		WRONG(watch, "%zu are open", count);
}

static void look(struct watch *watch, pid_t waits, pid_t reader)
{
	(void)waits;
	look_at_powers(watch, reader);
	look_at_namespaces(watch, reader);
	look_at_place(watch, reader);
	look_at_descriptors(watch, reader);
	(void)eventfd_write(watch->cancel, 1);
}

static void seen_from_outside(void **state)
{
	struct watch watch = { .act = look };
	struct reader_failure failure;

	assert_int_equal(watch_run(*state, &watch, 0, &failure), -ECANCELED);
	assert_string_equal(failure.text, "was stopped: nobody wants its answer any more");
}

static void kill_reader(struct watch *watch, pid_t waits, pid_t reader)
{
	(void)watch;
	(void)waits;
	(void)kill(reader, SIGKILL);
}

static void kill_waiting(struct watch *watch, pid_t waits, pid_t reader)
{
	(void)watch;
	(void)reader;
	(void)kill(waits, SIGKILL);
}

static void terminate_both(struct watch *watch, pid_t waits, pid_t reader)
{
	(void)kill(waits, SIGTERM);
	(void)kill(reader, SIGINT);
	(void)eventfd_write(watch->cancel, 1);
}

static void stop_both(struct watch *watch, pid_t waits, pid_t reader)
{
	(void)watch;
	(void)kill(waits, SIGSTOP);
	(void)kill(reader, SIGSTOP);
}

static void ended_from_outside(void **state)
{
	static const struct {
		void (*act)(struct watch *watch, pid_t waits, pid_t reader);
		unsigned patience;
		int expected;
		const char *text;
	} rows[] = {
		{ kill_reader, 0, -ECHILD, "was killed (SIGKILL)" },
		{ kill_waiting, 0, -ECHILD, "was killed (SIGKILL)" },
		{ terminate_both, 0, -ECANCELED, "was stopped: nobody wants its answer any more" },
		{ stop_both, 5000, -ETIMEDOUT, "took longer than 5 s" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct watch watch = { .act = rows[i].act };
		struct reader_failure failure;

		assert_int_equal(watch_run(*state, &watch, rows[i].patience, &failure), rows[i].expected);
		assert_string_equal(failure.text, rows[i].text);
	}
}

static void nobody_wants_it(void **state)
{
	struct root *root = *state;
	const char *path = root->path;
	struct reader_request request = of_directory(&path);
	struct reader_failure failure;
	struct inventory *inventory = NULL;
	_cleanup_close_ int cancel = eventfd(1, EFD_CLOEXEC);

	request.cancel = cancel;
	request.reference = "slow";
	assert_int_equal(run(&request, &inventory, &failure), -ECANCELED);
}

/* ---- several at once ---- */

static void *ask(void *data)
{
	const char *path = data;
	struct reader_request request = of_directory(&path);
	struct reader_failure failure;
	_cleanup_close_ int fd = memfd_create("inventory", MFD_CLOEXEC);
	_cleanup_inventory_ struct inventory *inventory = NULL;
	bool good = true;

	for (int i = 0; i < 5 && good; i++) {
		good = fd >= 0 && ftruncate(fd, 0) == 0 && reader_run(&request, fd, &inventory, &failure) == 0 &&
		       inventory_unpackaged_count(inventory) == 1;
		inventory_free(take_ptr(inventory));
	}
	return good ? data : NULL;
}

static void threads(void **state)
{
	struct root *root = *state;
	pthread_t asking[3];
	void *answer;

	root_executable(root, "bin/tool");
	for (size_t i = 0; i < ARRAY_SIZE(asking); i++)
		assert_int_equal(pthread_create(&asking[i], NULL, ask, root->path), 0);
	for (size_t i = 0; i < ARRAY_SIZE(asking); i++) {
		assert_int_equal(pthread_join(asking[i], &answer), 0);
		assert_ptr_equal(answer, root->path);
	}
}

static int open_count(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static int open_before;

/* Of all the above. */
static void nothing_left(void **state)
{
	(void)state;
	assert_int_equal(open_count(), open_before);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, root_setup, root_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(directory),
		TEST(one_mount),
		TEST(host_root),
		TEST(layers),
		TEST(layers_by_user),
		TEST(many_layers),
		TEST(container_root),
		TEST(user_namespace),
		TEST(bad_children),
		TEST(plain_words),
		TEST(seen_from_outside),
		TEST(ended_from_outside),
		TEST(nobody_wants_it),
		TEST(threads),
		cmocka_unit_test(archive),
		cmocka_unit_test(bad_requests),
		cmocka_unit_test(nothing_left),
	};

	if (argc > 1 && strcmp(argv[1], READER_COMMAND) == 0)
		return child_main(argc - 1, argv + 1);
	(void)umask(022);
	if (!is_allowed())
		return 77;
	open_before = open_count();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
