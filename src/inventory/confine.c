// SPDX-License-Identifier: Apache-2.0
#include "inventory/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "image/layers.h"

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWPID)

/* The one place that every mount namespace has, for a moment: a tmpfs over it, with what is to be the root. */
#define PLACE "/proc"
#define ROOT  PLACE "/root"
#define EMPTY PLACE "/empty"

struct placing {
	const struct confinement *confinement;
	bool user_namespace;
};


/* ---- namespaces ---- */

static bool may_mount(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return syscall(SYS_capget, &head, data) == 0 && (data[0].effective & (1u << CAP_SYS_ADMIN));
}

static int file_write(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* It stays who it is, to be able to read what it could read. */
static int user_map(uid_t uid, gid_t gid)
{
	char text[64];
	int r = file_write("/proc/self/setgroups", "deny");

	(void)snprintf(text, sizeof(text), "%u %u 1", uid, uid);
	if (r == 0)
		r = file_write("/proc/self/uid_map", text);
	(void)snprintf(text, sizeof(text), "%u %u 1", gid, gid);
	return r < 0 ? r : file_write("/proc/self/gid_map", text);
}

static int enter_user(struct placing *placing)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	placing->user_namespace = !may_mount();
	if (!placing->user_namespace)
		return 0;
	return unshare(CLONE_NEWUSER) < 0 ? -errno : user_map(uid, gid);
}

static int enter_root(struct placing *placing)
{
	if (placing->confinement->what == READER_ROOT && setns(placing->confinement->fd, CLONE_NEWNS) < 0)
		return -errno;
	return 0;
}

static int leave(struct placing *placing)
{
	(void)placing;
	return unshare(NAMESPACES) < 0 ? -errno : 0;
}

/* Ends as its child did. */
static void wait_and_end(pid_t child) __attribute__((noreturn));
static void wait_and_end(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status)) {
		(void)signal(WTERMSIG(status), SIG_DFL);
		(void)raise(WTERMSIG(status));
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

/* The first process of the new pid namespace: with it all of them end, and it with the one that waits. */
static int divide(struct placing *placing)
{
	pid_t child = fork();

	(void)placing;
	if (child < 0)
		return -errno;
	if (child > 0)
		wait_and_end(child);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	return 0;
}

/* ---- the root ---- */

static int place_make(struct placing *placing)
{
	(void)placing;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	return 0;
}

/* Later nothing of the host's has a name any more. */
static int directory_enter(const struct confinement *confinement)
{
	_cleanup_close_ int fd = layers_open_host(confinement->host_root, confinement->directories[0]);

	return fd < 0 ? fd : fchdir(fd) < 0 ? -errno : 0;
}

static int place_cover(void)
{
	if (mount("none", PLACE, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=64k,nr_inodes=16,mode=0700") < 0 ||
	    mkdir(ROOT, 0700) < 0 || mkdir(EMPTY, 0700) < 0)
		return -errno;
	return 0;
}

/* Their descriptors' numbers are their names: short, whatever they are called. The empty one lets a single layer count as
 * several, and its own whiteouts be honoured. */
static int layers_name(const struct confinement *confinement, char *options, size_t size)
{
	size_t at = (size_t)snprintf(options, size, "lowerdir=");

	for (size_t i = 0; i < confinement->count; i++) {
		int fd = layers_open_host(confinement->host_root, confinement->directories[i]);

		if (fd < 0)
			return fd;
		at += (size_t)snprintf(options + at, size - at, "%d:", fd);
		if (at >= size)
			return -E2BIG;
	}
	at += (size_t)snprintf(options + at, size - at, EMPTY "%s", confinement->userxattr ? ",userxattr" : "");
	return at >= size ? -E2BIG : 0;
}

/* From the directory of descriptors, which stays reachable as the working directory when it is covered. */
static int mount_layers(struct placing *placing)
{
	char options[4096];
	int r;

	if (chdir("/proc/self/fd") < 0)
		return -errno;
	r = layers_name(placing->confinement, options, sizeof(options));
	if (r == 0)
		r = place_cover();
	if (r == 0 && mount("overlay", ROOT, "overlay", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, options) < 0)
		r = -errno;
	return r;
}

/* In a user namespace mounts that lie below are locked, and come along. */
static int mount_here(const struct placing *placing)
{
	int r = place_cover();

	if (r == 0 && mount(".", ROOT, NULL, MS_BIND | (placing->user_namespace ? MS_REC : 0), NULL) < 0)
		r = -errno;
	return r;
}

static int mount_directory(struct placing *placing)
{
	int r = directory_enter(placing->confinement);

	return r < 0 ? r : mount_here(placing);
}

static int mount_root(struct placing *placing)
{
	return chdir("/") < 0 ? -errno : mount_here(placing);
}

/* What it reads comes by a descriptor. */
static int mount_nothing(struct placing *placing)
{
	int r = place_cover();

	(void)placing;
	if (r == 0 && mount("none", ROOT, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,nr_inodes=4"))
		r = -errno;
	return r;
}

static int mount_view(struct placing *placing)
{
	static int (*const mounts[READER_WHATS])(struct placing *placing) = {
		[READER_LAYERS_OF_IMAGE] = mount_layers,
		[READER_DIRECTORY] = mount_directory,
		[READER_ROOT] = mount_root,
		[READER_ARCHIVE] = mount_nothing,
	};

	return mounts[placing->confinement->what](placing);
}

/* How access times are kept cannot be changed where the mount came from another user namespace. */
static int make_read_only(struct placing *placing)
{
	static const struct {
		unsigned long had, flag;
	} kept[] = { { ST_NOATIME, MS_NOATIME }, { ST_NODIRATIME, MS_NODIRATIME }, { ST_RELATIME, MS_RELATIME } };
	unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
	struct statvfs stat;

	(void)placing;
	if (statvfs(ROOT, &stat) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (stat.f_flag & kept[i].had)
			flags |= kept[i].flag;
	return mount(NULL, ROOT, NULL, flags, NULL) < 0 ? -errno : 0;
}

/* The seccomp profiles of container engines refuse pivot_root(2) to everyone: then the view is moved over the old root, which
 * stays behind it, where nothing leads. */
static int cover(void)
{
	return mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 ? -errno : 0;
}

/* The old root, with all that was mounted below it, goes (pivot_root(2), "pivot_root(".", ".")"). */
static int pivot(struct placing *placing)
{
	int r = 0;

	(void)placing;
	if (chdir(ROOT) < 0)
		return -errno;
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		r = errno == EPERM ? cover() : -errno;
	else if (umount2(".", MNT_DETACH) < 0)
		r = -errno;
	return r < 0 ? r : chdir("/") < 0 ? -errno : 0;
}

static const struct {
	const char *name;
	int (*take)(struct placing *placing);
} places[] = {
	{ "user namespace", enter_user },
	{ "setns", enter_root },
	{ "unshare", leave },
	{ "fork", divide },
	{ "mount propagation", place_make },
	{ "mount", mount_view },
	{ "remount", make_read_only },
	{ "pivot_root", pivot },
};

int confine_place(const struct confinement *confinement, int *ret_root, const char **ret_step)
{
	struct placing placing = { .confinement = confinement };
	int root;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		int r = places[i].take(&placing);

		*ret_step = places[i].name;
		if (r < 0)
			return r;
	}
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	*ret_root = root;
	return 0;
}

/* ---- powers ---- */

static int set_limit(int what, rlim_t value)
{
	const struct rlimit limit = { value, value };

	return setrlimit(what, &limit) < 0 ? -errno : 0;
}

static int take_limits(const struct confine_limits *limits)
{
	int r = set_limit(RLIMIT_CPU, limits->seconds);

#ifndef __SANITIZE_ADDRESS__ /* which reserves terabytes of it */
	if (r == 0)
		r = set_limit(RLIMIT_AS, limits->memory);
#endif
	if (r == 0)
		r = set_limit(RLIMIT_FSIZE, limits->written);
	if (r == 0)
		r = set_limit(RLIMIT_NOFILE, 256);
	return r < 0 ? r : set_limit(RLIMIT_CORE, 0);
}

/* Below and above each of those that stay; `keep` is in order. */
static int take_descriptors(const int *keep, size_t count)
{
	unsigned from = 3;

	for (size_t i = 0; i < count; i++) {
		if ((unsigned)keep[i] > from && syscall(SYS_close_range, from, (unsigned)keep[i] - 1, 0) < 0)
			return -errno;
		from = (unsigned)keep[i] + 1;
	}
	return syscall(SYS_close_range, from, ~0u, 0) < 0 ? -errno : 0;
}

/* Without CAP_SETPCAP the bounding set stays, which without exec, and with no_new_privs, means nothing. */
static int take_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (unsigned cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		(void)prctl(PR_CAPBSET_DROP, cap);
	if (syscall(SYS_capset, &head, data) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

/* What reading, allocating and a few threads take. */
static const int allowed[] = {
	SCMP_SYS(read),        SCMP_SYS(pread64),      SCMP_SYS(readv),         SCMP_SYS(write),
	SCMP_SYS(pwrite64),    SCMP_SYS(writev),       SCMP_SYS(lseek),         SCMP_SYS(close),
	SCMP_SYS(fstat),       SCMP_SYS(newfstatat),   SCMP_SYS(statx),         SCMP_SYS(stat),
	SCMP_SYS(lstat),       SCMP_SYS(access),       SCMP_SYS(faccessat),     SCMP_SYS(faccessat2),
	SCMP_SYS(open),        SCMP_SYS(openat),       SCMP_SYS(openat2),       SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),  SCMP_SYS(getdents64),   SCMP_SYS(fcntl),         SCMP_SYS(dup),
	SCMP_SYS(ftruncate),   SCMP_SYS(fadvise64),    SCMP_SYS(mmap),          SCMP_SYS(munmap),
	SCMP_SYS(mremap),      SCMP_SYS(mprotect),     SCMP_SYS(madvise),       SCMP_SYS(brk),
	SCMP_SYS(futex),       SCMP_SYS(clone),        SCMP_SYS(clone3),        SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),        SCMP_SYS(gettid),       SCMP_SYS(getpid),        SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday), SCMP_SYS(getrandom),   SCMP_SYS(getuid),        SCMP_SYS(geteuid),
	SCMP_SYS(getgid),      SCMP_SYS(getegid),      SCMP_SYS(uname),         SCMP_SYS(sysinfo),
	SCMP_SYS(prlimit64),   SCMP_SYS(exit),         SCMP_SYS(exit_group),    SCMP_SYS(tgkill),
	SCMP_SYS(restart_syscall),
};

/* What nothing that reads would ever do. All else is refused. */
static const int deadly[] = {
	SCMP_SYS(execve),     SCMP_SYS(execveat),   SCMP_SYS(socket),         SCMP_SYS(connect),
	SCMP_SYS(ptrace),     SCMP_SYS(mount),      SCMP_SYS(umount2),        SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),     SCMP_SYS(setns),      SCMP_SYS(unshare),        SCMP_SYS(bpf),
	SCMP_SYS(kexec_load), SCMP_SYS(init_module), SCMP_SYS(finit_module),  SCMP_SYS(open_by_handle_at),
	SCMP_SYS(keyctl),     SCMP_SYS(add_key),    SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
	SCMP_SYS(io_uring_setup), SCMP_SYS(userfaultfd), SCMP_SYS(perf_event_open), SCMP_SYS(move_mount),
};

static void filter_freep(scmp_filter_ctx *filter)
{
	seccomp_release(*filter);
}

static int take_calls(void)
{
	_cleanup_(filter_freep) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r = filter ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(allowed); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(deadly); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, deadly[i], 0);
	return r < 0 ? r : seccomp_load(filter);
}

int confine_powers(const struct confine_limits *limits, const int *keep, size_t count, const char **ret_step)
{
	int r;

	*ret_step = "descriptors";
	r = take_descriptors(keep, count);
	if (r < 0)
		return r;
	*ret_step = "limits";
	r = take_limits(limits);
	if (r < 0)
		return r;
	*ret_step = "capabilities";
	r = take_capabilities();
	if (r < 0)
		return r;
	*ret_step = "seccomp";
	return take_calls();
}
