// SPDX-License-Identifier: Apache-2.0
#include "target/internal.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "image/layers.h"
#include "image/plain.h"

void failure_set(struct target_failure *failure, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(failure->text, sizeof(failure->text), format, args);
	va_end(args);
}

void target_clear(struct target *target)
{
	free(target->host_root);
	free(target->path);
	container_facts_clear(&target->facts);
	rootfs_free(target->rootfs);
	for (size_t i = 0; i < target->layer_count; i++)
		free(target->layers[i]);
	free(target->layers);
	*target = (struct target){ .pid = 0 };
}

/* ---- paths ---- */

static bool is_layout(const char *path)
{
	char marker[PATH_MAX];
	struct stat st;

	return snprintf(marker, sizeof(marker), "%s/oci-layout", path) < (int)sizeof(marker) &&
	       stat(marker, &st) == 0 && S_ISREG(st.st_mode);
}

/* Is it meant as a path, and nothing else? */
static bool is_path(const char *name)
{
	return name[0] == '/' || strncmp(name, "./", 2) == 0 || strncmp(name, "../", 3) == 0 || !strcmp(name, ".") ||
	       !strcmp(name, "..");
}

static int path_find(const char *name, struct target *ret_target, struct target_failure *failure)
{
	struct target target = { .kind = TARGET_DIRECTORY };
	struct stat st;

	if (stat(name, &st) < 0) {
		int error = errno;

		failure_set(failure, "%s: %s", name, strerror(error));
		return error == ENOTDIR || error == ENAMETOOLONG ? -ENOENT : -error;
	}
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)) {
		failure_set(failure, "%s is neither a directory nor an image archive", name);
		return -EINVAL;
	}
	if (S_ISREG(st.st_mode) || is_layout(name))
		target.kind = TARGET_ARCHIVE;
	target.path = strdup(name);
	target.host_root = strdup("");
	if (!target.path || !target.host_root) {
		target_clear(&target);
		return -ENOMEM;
	}
	*ret_target = target;
	return 0;
}

/* ---- the host ---- */

static void search_end(struct search *search)
{
	for (size_t i = 0; i < search->count; i++)
		runtime_close(search->sources[i]);
	free(search->host_root);
}

static int search_begin(const struct runtime_config *config, struct search *ret_search)
{
	const char *host_root = config->host_root ?: "";
	size_t length = strlen(host_root);
	struct search search = { .count = 0 };
	int r;

	while (length > 0 && host_root[length - 1] == '/')
		length--;
	search.host_root = strndup(host_root, length);
	r = search.host_root ? runtimes_open(config, search.sources, &search.count) : -ENOMEM;
	if (r < 0)
		search_end(&search);
	else
		*ret_search = search;
	return r;
}

static int begin_failed(int r, struct target_failure *failure)
{
	failure_set(failure, "%s", r == -E2BIG ? "more sockets of runtimes than can be asked" : strerror(-r));
	return r;
}

static int host_find(struct search *search, const char *name, struct target *ret_target, struct target_failure *failure)
{
	int r = search_container(search, name, ret_target, failure);

	if (r == -ENOENT)
		failure_set(failure, "there is no file or running container on this host that is called '%s'", name);
	return r;
}

int target_find(const struct runtime_config *config, const char *name, struct target *ret_target,
		struct target_failure *ret_failure)
{
	_cleanup_(search_end) struct search search = { .count = 0 };
	int r = path_find(name, ret_target, ret_failure);

	if (r != -ENOENT || is_path(name))
		return r;
	r = search_begin(config, &search);
	return r < 0 ? begin_failed(r, ret_failure) : host_find(&search, name, ret_target, ret_failure);
}

int target_find_container(const struct runtime_config *config, const char *name, struct target *ret_target,
			  struct target_failure *ret_failure)
{
	_cleanup_(search_end) struct search search = { .count = 0 };
	int r = search_begin(config, &search);

	if (r < 0)
		return begin_failed(r, ret_failure);
	r = search_container(&search, name, ret_target, ret_failure);
	if (r == -ENOENT)
		failure_set(ret_failure,
			    "no running container on this host is called '%s', or has an id that begins so", name);
	return r;
}

/* ---- what is read ---- */

void target_view_close(struct target_view *view)
{
	while (view->count > 0)
		cleanup_closep(&view->fds[--view->count]);
}

static int view_add(struct target_view *view, int fd)
{
	if (fd < 0)
		return fd;
	view->fds[view->count++] = fd;
	return 0;
}

static int open_layers(const struct target *target, struct target_view *view)
{
	int r = target->layer_count > READER_LAYERS ? -E2BIG : 0;

	view->what = READER_LAYERS_OF_IMAGE;
	view->userxattr = target->userxattr;
	for (size_t i = 0; r == 0 && i < target->layer_count; i++)
		r = view_add(view, layers_open_host(*target->host_root ? target->host_root : NULL, target->layers[i]));
	return r;
}

static int open_path(const struct target *target, struct target_view *view)
{
	bool archive = target->kind == TARGET_ARCHIVE;
	int fd = open(target->path, (archive ? O_RDONLY | O_NONBLOCK : O_PATH | O_DIRECTORY) | O_CLOEXEC);

	view->what = archive ? READER_ARCHIVE : READER_DIRECTORY;
	return view_add(view, fd < 0 ? -errno : fd);
}

/* Nothing tells its image: what is there now is read. */
static int open_root(const struct target *target, struct target_view *view)
{
	char path[PATH_MAX];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/proc/%" PRIu32 "/ns/mnt", target->host_root, target->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	view->what = READER_ROOT;
	return view_add(view, fd < 0 ? -errno : fd);
}

int target_open(const struct target *target, struct target_view *ret_view)
{
	static int (*const openers[])(const struct target *target, struct target_view *view) = {
		[TARGET_DIRECTORY] = open_path,
		[TARGET_ARCHIVE] = open_path,
		[TARGET_CONTAINER] = open_layers,
		[TARGET_IMAGE] = open_layers,
	};
	_cleanup_target_view_ struct target_view view = { .count = 0 };
	int r = rootfs_is_plain(target->rootfs) ? open_root(target, &view) : openers[target->kind](target, &view);

	if (r < 0)
		return r;
	*ret_view = view;
	view.count = 0;
	return 0;
}
