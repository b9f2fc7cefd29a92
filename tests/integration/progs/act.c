/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does one thing to a file by one system call, so that a test knows which call it was:
 *
 *     act [cwd DIR] [chroot DIR] OPERATION ARGUMENT...
 *
 * Built three times: as a 64-bit program (act), as a 32-bit one (act32), and as a 64-bit one whose calls all go
 * through `int 0x80` (act80, -DINT80). Exits 0 when the call did what it is for, else 1 with the reason.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef INT80
#include <asm/unistd_32.h>
#else
#include <asm/unistd.h>
#endif

#define ARGUMENTS 4
#define LENGTH    1024

/* Arguments live in static memory: with INT80 every pointer must fit 32 bits. */
static char argument[ARGUMENTS][LENGTH];
static char link_source[64];
static char text[] = "written by act\n";
static char attribute_name[] = "user.act", attribute_value[] = "1";
static char tmpfs[] = "tmpfs";
static char empty[] = "";
static uint32_t capability[5] = { 0x02000001, 1u << 7 /* CAP_SETUID */ };
static char capability_name[] = "security.capability";

#ifdef INT80
static long call6(long number, long a, long b, long c, long d, long e, long f)
{
	long result;

	/* The sixth goes in ebp, which the compiler may need: no call here has six arguments but fallocate. */
	__asm__ volatile("push %%rbp; mov %7, %%rbp; int $0x80; pop %%rbp"
			 : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e), "r"(f)
			 : "memory", "r8", "r9", "r10", "r11");
	result = (int)result;
	if (result < 0 && result > -4096) {
		errno = -result;
		return -1;
	}
	return result;
}
#else
static long call6(long number, long a, long b, long c, long d, long e, long f)
{
	return syscall(number, a, b, c, d, e, f);
}
#endif

#define CALL(name, a, b, c, d, e) call6(__NR_##name, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)

/* i386 has a 16-bit chown, and takes a 64-bit offset as two halves. */
#if defined(__i386__) || defined(INT80)
#define CHOWN(path, uid, gid)     CALL(chown32, path, uid, gid, 0, 0)
#define FALLOCATE(fd, mode, size) call6(__NR_fallocate, fd, mode, 0, 0, size, 0)
#else
#define CHOWN(path, uid, gid)     CALL(chown, path, uid, gid, 0, 0)
#define FALLOCATE(fd, mode, size) call6(__NR_fallocate, fd, mode, 0, size, 0, 0)
#endif

static long close_after(long fd, long result)
{
	int saved = errno;

	if (fd >= 0)
		CALL(close, fd, 0, 0, 0, 0);
	errno = saved;
	return result;
}

static long open_path(char *path, int flags)
{
	return CALL(open, path, flags, 0644, 0, 0);
}

static long write_text(long fd)
{
	if (fd < 0)
		return -1;
	return close_after(fd, CALL(write, fd, text, sizeof(text) - 1, 0, 0));
}

static long do_true(void)
{
	return 0;
}

static long do_pause(void)
{
	return CALL(pause, 0, 0, 0, 0, 0);
}

static long do_write(void)
{
	return write_text(open_path(argument[0], O_WRONLY));
}

static long do_read_write_open(void)
{
	long fd = open_path(argument[0], O_RDWR);

	return close_after(fd, fd);
}

static long do_create(void)
{
	return write_text(open_path(argument[0], O_WRONLY | O_CREAT | O_EXCL));
}

static long do_creat(void)
{
	return write_text(CALL(creat, argument[0], 0644, 0, 0, 0));
}

static long do_openat(void)
{
	long directory = open_path(argument[0], O_RDONLY | O_DIRECTORY);

	if (directory < 0)
		return -1;
	return close_after(directory, write_text(CALL(openat, directory, argument[1], O_WRONLY, 0, 0)));
}

static long do_unlinkat(void)
{
	long directory = open_path(argument[0], O_RDONLY | O_DIRECTORY);

	if (directory < 0)
		return -1;
	return close_after(directory, CALL(unlinkat, directory, argument[1], 0, 0, 0));
}

static long do_renameat(void)
{
	long directory = open_path(argument[0], O_RDONLY | O_DIRECTORY);

	if (directory < 0)
		return -1;
	return close_after(directory, CALL(renameat, directory, argument[1], directory, argument[2], 0));
}

static long do_tmpfile(void)
{
	long fd = open_path(argument[0], O_WRONLY | O_TMPFILE);

	if (fd < 0)
		return -1;
	if (CALL(write, fd, text, sizeof(text) - 1, 0, 0) < 0)
		return close_after(fd, -1);
	snprintf(link_source, sizeof(link_source), "/proc/self/fd/%ld", fd);
	return close_after(fd, CALL(linkat, AT_FDCWD, link_source, AT_FDCWD, argument[1], AT_SYMLINK_FOLLOW));
}

static long do_truncate(void)
{
	return CALL(truncate, argument[0], 3, 0, 0, 0);
}

static long do_ftruncate(void)
{
	long fd = open_path(argument[0], O_WRONLY);

	return fd < 0 ? -1 : close_after(fd, CALL(ftruncate, fd, 3, 0, 0, 0));
}

static long do_open_truncate(void)
{
	long fd = open_path(argument[0], O_WRONLY | O_TRUNC);

	return close_after(fd, fd);
}

static long do_fallocate(void)
{
	long fd = open_path(argument[0], O_WRONLY);

	return fd < 0 ? -1 : close_after(fd, FALLOCATE(fd, 0, 65536));
}

static long do_rename(void)
{
	return CALL(rename, argument[0], argument[1], 0, 0, 0);
}

static long do_exchange(void)
{
	return CALL(renameat2, AT_FDCWD, argument[0], AT_FDCWD, argument[1], 2 /* RENAME_EXCHANGE */);
}

static long do_unlink(void)
{
	return CALL(unlink, argument[0], 0, 0, 0, 0);
}

static long do_rmdir(void)
{
	return CALL(rmdir, argument[0], 0, 0, 0, 0);
}

static long do_mkdir(void)
{
	return CALL(mkdir, argument[0], 0755, 0, 0, 0);
}

static long do_link(void)
{
	return CALL(link, argument[0], argument[1], 0, 0, 0);
}

static long do_symlink(void)
{
	return CALL(symlink, argument[0], argument[1], 0, 0, 0);
}

static long do_mknod(void)
{
	return CALL(mknod, argument[0], S_IFIFO | 0644, 0, 0, 0);
}

static long do_chmod(void)
{
	return CALL(chmod, argument[0], strtol(argument[1], NULL, 8), 0, 0, 0);
}

static long do_fchmod(void)
{
	long fd = open_path(argument[0], O_RDONLY);

	return fd < 0 ? -1 : close_after(fd, CALL(fchmod, fd, strtol(argument[1], NULL, 8), 0, 0, 0));
}

static long do_chown(void)
{
	return CHOWN(argument[0], 7, 7);
}

static long do_setxattr(void)
{
	return CALL(setxattr, argument[0], attribute_name, attribute_value, 1, 0);
}

static long do_setcap(void)
{
	return CALL(setxattr, argument[0], capability_name, capability, sizeof(capability), 0);
}

static long do_mount(void)
{
	return CALL(mount, tmpfs, argument[0], tmpfs, 0, empty);
}

/* The calls to map are libc's in every build: what is told is the store, not the call. */
static long do_shared_store(void)
{
	long fd = open_path(argument[0], O_RDWR);
	char *memory;

	if (fd < 0)
		return -1;
	memory = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close_after(fd, 0);
	if (memory == MAP_FAILED)
		return -1;
	memory[0] ^= 1;
	return munmap(memory, 1);
}

static long copy_into(int to, const char *path)
{
	char buffer[65536];
	int from = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = from < 0 ? -1 : 0;

	while (from >= 0 && (got = read(from, buffer, sizeof(buffer))) > 0)
		if (write(to, buffer, got) != got) {
			got = -1;
			break;
		}
	return close_after(from, got);
}

static long execute_fd(int fd)
{
	char *const arguments[] = { "act", "true", NULL };
	char *const environment[] = { NULL };

	return syscall(
#ifdef INT80
		322 /* x86_64's execveat: not a file change, so not one for int 0x80 */
#else
		__NR_execveat
#endif
		,
		fd, "", arguments, environment, AT_EMPTY_PATH);
}

/* io_uring_setup(2): the same number in every table. */
static long do_io_uring(void)
{
	char params[120] = { 0 };

	return syscall(425, 1, params);
}

/* memfd PROGRAM: a copy of it in memory, executed. */
static long do_memfd(void)
{
	int fd = memfd_create("act", MFD_CLOEXEC);
	char path[64];

	if (fd < 0 || copy_into(fd, argument[0]) < 0)
		return -1;
	/* Through /proc, read-only: a file that is open for writing cannot be executed. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return execute_fd(open(path, O_RDONLY | O_CLOEXEC));
}

/* unlinked PROGRAM: executed when its name is gone. */
static long do_unlinked(void)
{
	int fd = open(argument[0], O_RDONLY | O_CLOEXEC);

	if (fd < 0 || unlink(argument[0]) < 0)
		return -1;
	return execute_fd(fd);
}

static long map_file(int protection)
{
	int fd = open(argument[0], O_RDONLY | O_CLOEXEC);
	void *memory = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, protection, MAP_PRIVATE, fd, 0);

	close_after(fd, 0);
	return memory == MAP_FAILED ? -1 : (long)(uintptr_t)memory;
}

static long do_map_executable(void)
{
	return map_file(PROT_READ | PROT_EXEC) == -1 ? -1 : 0;
}

static long do_map_readable(void)
{
	return map_file(PROT_READ) == -1 ? -1 : 0;
}

static long do_map_then_protect(void)
{
	long memory = map_file(PROT_READ);

	return memory == -1 ? -1 : mprotect((void *)memory, 4096, PROT_READ | PROT_EXEC);
}

/* The range begins in anonymous memory. */
static long do_map_behind_protect(void)
{
	char *memory = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open(argument[0], O_RDONLY | O_CLOEXEC);

	if (memory == MAP_FAILED || fd < 0 ||
	    mmap(memory + 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED)
		return close_after(fd, -1);
	return close_after(fd, mprotect(memory, 8192, PROT_READ | PROT_EXEC));
}

static long do_map_implied(void)
{
	if (personality(READ_IMPLIES_EXEC) < 0)
		return -1;
	return map_file(PROT_READ) == -1 ? -1 : 0;
}

/* born-outside CGROUP: a child that begins in another cgroup (clone3, CLONE_INTO_CGROUP). */
static long do_born_outside(void)
{
	struct clone_args clone = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };
	int fd = open(argument[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC), status;
	long pid;

	clone.cgroup = fd;
	pid = fd < 0 ? -1 : syscall(435 /* clone3, in every table */, &clone, sizeof(clone));
	if (pid == 0)
		_exit(0);
	return pid < 0 || waitpid(pid, &status, 0) < 0 ? -1 : 0;
}

static const struct operation {
	const char *name;
	int arguments;
	long (*run)(void);
} operations[] = {
	{ "true", 0, do_true },
	{ "pause", 0, do_pause },
	{ "born-outside", 1, do_born_outside },
	{ "write", 1, do_write },
	{ "open-read-write", 1, do_read_write_open },
	{ "create", 1, do_create },
	{ "creat", 1, do_creat },
	{ "openat", 2, do_openat },
	{ "unlinkat", 2, do_unlinkat },
	{ "renameat", 3, do_renameat },
	{ "tmpfile", 2, do_tmpfile },
	{ "truncate", 1, do_truncate },
	{ "ftruncate", 1, do_ftruncate },
	{ "open-truncate", 1, do_open_truncate },
	{ "fallocate", 1, do_fallocate },
	{ "rename", 2, do_rename },
	{ "exchange", 2, do_exchange },
	{ "unlink", 1, do_unlink },
	{ "rmdir", 1, do_rmdir },
	{ "mkdir", 1, do_mkdir },
	{ "link", 2, do_link },
	{ "symlink", 2, do_symlink },
	{ "mknod", 1, do_mknod },
	{ "chmod", 2, do_chmod },
	{ "fchmod", 2, do_fchmod },
	{ "chown", 1, do_chown },
	{ "setxattr", 1, do_setxattr },
	{ "setcap", 1, do_setcap },
	{ "mount", 1, do_mount },
	{ "shared-store", 1, do_shared_store },
	{ "io-uring", 0, do_io_uring },
	{ "memfd", 1, do_memfd },
	{ "unlinked", 1, do_unlinked },
	{ "map-executable", 1, do_map_executable },
	{ "map-readable", 1, do_map_readable },
	{ "map-behind-protect", 1, do_map_behind_protect },
	{ "map-then-protect", 1, do_map_then_protect },
	{ "map-implied", 1, do_map_implied },
};

static const struct operation *operation_find(const char *name)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (!strcmp(operations[i].name, name))
			return &operations[i];
	return NULL;
}

/* Applies "cwd DIR" and "chroot DIR" and gives back what is left of argv. */
static char **places_take(char **argv)
{
	while (argv[0] && argv[1]) {
		if (!strcmp(argv[0], "chroot") ? chroot(argv[1]) : strcmp(argv[0], "cwd"))
			break;
		if (chdir(strcmp(argv[0], "chroot") ? argv[1] : "/"))
			break;
		argv += 2;
	}
	return argv;
}

int main(int argc, char **argv)
{
	const struct operation *operation;

	argv = places_take(argv + (argc > 0));
	operation = argv[0] ? operation_find(argv[0]) : NULL;
	if (!operation) {
		fprintf(stderr, "act: no such operation: %s\n", argv[0] ? argv[0] : "");
		return 2;
	}
	for (int i = 0; i < operation->arguments; i++) {
		if (!argv[i + 1] || strlen(argv[i + 1]) >= LENGTH)
			return 2;
		strcpy(argument[i], argv[i + 1]);
	}
	if (operation->run() < 0) {
		fprintf(stderr, "act: %s %s: %s\n", operation->name, argument[0], strerror(errno));
		return 1;
	}
	return 0;
}
