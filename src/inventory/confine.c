// SPDX-License-Identifier: Apache-2.0
#include "inventory/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "image/layers.h"

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWPID)

/* A place that is there, for a moment: a tmpfs over it, with what is to be the root. */
#define PLACE "/proc"
#define ROOT  PLACE "/root"
#define EMPTY PLACE "/empty"

struct placing {
	const struct confinement *confinement;
	bool user_namespace;
	int tree; /* a mount that is nowhere yet, of what is to be the root; -EBADF: none */
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

/* A copy of the mount alone, without what is mounted below it. In a user namespace those are locked, and come along. */
static int tree_take(struct placing *placing, int directory, const char *path)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;

	placing->tree = open_tree(directory, path, flags | (placing->user_namespace ? AT_RECURSIVE : 0));
	return placing->tree < 0 ? -errno : 0;
}

/* There nothing is done but to take its root: every name in it is the container's, to be moved at any moment. */
static int root_take(struct placing *placing)
{
	_cleanup_close_ int here = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	int r;

	if (here < 0 || setns(placing->confinement->fd, CLONE_NEWNS) < 0)
		return -errno;
	r = tree_take(placing, AT_FDCWD, "/");
	return setns(here, CLONE_NEWNS) < 0 ? -errno : r;
}

/* A descriptor stays in the namespace that it was opened in; the working directory comes along to a new one. Of what is no
 * directory there is nothing to enter. */
static int archive_take(struct placing *placing)
{
	return fchdir(placing->confinement->fd) < 0 && errno != ENOTDIR ? -errno : 0;
}

static int enter(struct placing *placing)
{
	static int (*const enters[READER_WHATS])(struct placing * placing) = {
		[READER_ROOT] = root_take,
		[READER_ARCHIVE] = archive_take,
	};

	return enters[placing->confinement->what] ? enters[placing->confinement->what](placing) : 0;
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
		sigset_t none;

		(void)sigemptyset(&none);
		(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* a core of this one tells nothing */
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
		(void)raise(WTERMSIG(status));
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

/* The first process of the new pid namespace: with it all of them end, and it with the one that waits. That one may have
 * been killed before this one asked to be told: then nobody holds the pipe any more. */
static int divide(struct placing *placing)
{
	int waits[2];
	pid_t child;

	(void)placing;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || pipe2(waits, O_CLOEXEC) < 0)
		return -errno;
	child = fork();
	if (child < 0)
		return -errno;
	if (child > 0)
		wait_and_end(child);
	(void)close(waits[1]);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	if (poll(&(struct pollfd){ .fd = waits[0] }, 1, 0) != 0)
		_exit(1);
	(void)close(waits[0]);
	return 0;
}

/* ---- the root ---- */

static int keep_apart(struct placing *placing)
{
	(void)placing;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? -errno : 0;
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

static int mount_tree(struct placing *placing)
{
	int r = place_cover();

	if (r == 0 && move_mount(placing->tree, "", AT_FDCWD, ROOT, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		r = -errno;
	return r;
}

static int mount_directory(struct placing *placing)
{
	const struct confinement *confinement = placing->confinement;
	_cleanup_close_ int fd = layers_open_host(confinement->host_root, confinement->directories[0]);
	int r = fd < 0 ? fd : tree_take(placing, fd, "");

	return r < 0 ? r : mount_tree(placing);
}

static int mount_nothing(void)
{
	int r = place_cover();

	if (r == 0 && mount("none", ROOT, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,nr_inodes=4"))
		r = -errno;
	return r;
}

/* A file is read by its descriptor; the way up from a directory's would lead all over the host. */
static int mount_archive(struct placing *placing)
{
	struct stat stat;
	int r;

	if (fstat(placing->confinement->fd, &stat) < 0)
		return -errno;
	if (!S_ISDIR(stat.st_mode))
		return mount_nothing();
	r = tree_take(placing, AT_FDCWD, ".");
	return r < 0 ? r : mount_tree(placing);
}

static int mount_view(struct placing *placing)
{
	static int (*const mounts[READER_WHATS])(struct placing * placing) = {
		[READER_LAYERS_OF_IMAGE] = mount_layers,
		[READER_DIRECTORY] = mount_directory,
		[READER_ROOT] = mount_tree,
		[READER_ARCHIVE] = mount_archive,
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
	{ "entering it", enter },
	{ "unshare", leave },
	{ "fork", divide },
	{ "mount propagation", keep_apart },
	{ "mount", mount_view },
	{ "remount", make_read_only },
	{ "pivot_root", pivot },
};

static void placing_clear(struct placing *placing)
{
	cleanup_closep(&placing->tree);
}

int confine_place(const struct confinement *confinement, int *ret_root, const char **ret_step)
{
	_cleanup_(placing_clear) struct placing placing = { .confinement = confinement, .tree = -EBADF };
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
