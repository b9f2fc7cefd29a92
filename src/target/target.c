// SPDX-License-Identifier: Apache-2.0
#include "target/internal.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

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
	free(target->key);
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
	target.path = realpath(name, NULL);
	target.host_root = strdup("");
	if (!target.path || !target.host_root) {
		target_clear(&target);
		failure_set(failure, "%s: %s", name, strerror(ENOMEM));
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

/* Where containers cannot be listed, images still can. */
static int host_find(struct search *search, const char *name, struct target *ret_target, struct target_failure *failure)
{
	struct target_failure of_image = { "" };
	int r = search_container(search, name, ret_target, failure), image;

	if (r == 0 || r == -ENOTUNIQ || r == -ESRCH)
		return r;
	image = search_image(search, name, ret_target, &of_image);
	if (image != -ENOENT) {
		*failure = of_image;
		return image;
	}
	if (r == -ENOENT)
		failure_set(failure, "there is no file, running container or image on this host that is called '%s'",
			    name);
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

static int request_layers(const struct target *target, struct reader_request *request)
{
	request->what = READER_LAYERS_OF_IMAGE;
	request->host_root = *target->host_root ? target->host_root : NULL;
	request->directories = (const char *const *)target->layers;
	request->count = target->layer_count;
	request->userxattr = target->userxattr;
	return 0;
}

static int request_directory(const struct target *target, struct reader_request *request)
{
	request->what = READER_DIRECTORY;
	request->directories = (const char *const *)&target->path;
	request->count = 1;
	return 0;
}

static int request_open(struct reader_request *request, enum reader_what what, const char *path)
{
	request->what = what;
	request->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return request->fd < 0 ? -errno : 0;
}

static int request_archive(const struct target *target, struct reader_request *request)
{
	return request_open(request, READER_ARCHIVE, target->path);
}

/* Nothing tells its image: what is there now is read. */
static int request_root(const struct target *target, struct reader_request *request)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/proc/%" PRIu32 "/ns/mnt", target->host_root, target->pid);
	return request_open(request, READER_ROOT, path);
}

static int request_container(const struct target *target, struct reader_request *request)
{
	return target->layer_count ? request_layers(target, request) : request_root(target, request);
}

int target_request(const struct target *target, struct reader_request *request)
{
	static int (*const requests[])(const struct target *target, struct reader_request *request) = {
		[TARGET_DIRECTORY] = request_directory,
		[TARGET_ARCHIVE] = request_archive,
		[TARGET_CONTAINER] = request_container,
		[TARGET_IMAGE] = request_layers,
	};

	request->fd = -EBADF;
	return requests[target->kind](target, request);
}
