/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/storage.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "container/facts.h"
#include "runtime/image_config.h"

static int open_below(int root, const char *path, uint64_t flags)
{
	struct open_how how = { .flags = flags | O_CLOEXEC | O_NOFOLLOW,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

	if (fd < 0)
		return errno == ENOTDIR || errno == ENAMETOOLONG ? -ENOENT : -errno;
	return (int)fd;
}

int store_file(int root, const char *path)
{
	_cleanup_close_ int fd = open_below(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	struct stat stat;

	if (fd < 0)
		return fd;
	if (fstat(fd, &stat))
		return -errno;
	return S_ISREG(stat.st_mode) ? take_fd(&fd) : -EBADMSG;
}

/* Up to `size` bytes from where it stands: their number, or a negative errno. */
static ssize_t read_whole(int fd, char *text, size_t size)
{
	size_t done = 0;
	ssize_t step;

	do {
		step = read(fd, text + done, size - done);
		done += step > 0 ? (size_t)step : 0;
	} while (step > 0 && done < size);
	return step < 0 ? -errno : (ssize_t)done;
}

int store_text(int root, const char *path, size_t max, char **ret_text, size_t *ret_size)
{
	_cleanup_close_ int fd = store_file(root, path);
	_cleanup_free_ char *text = NULL;
	struct stat stat;
	ssize_t size;

	if (fd < 0)
		return fd;
	if (fstat(fd, &stat))
		return -errno;
	if (stat.st_size > (off_t)max)
		return -EFBIG;
	text = malloc((size_t)stat.st_size + 1);
	if (!text)
		return -ENOMEM;
	size = read_whole(fd, text, (size_t)stat.st_size);
	if (size < 0)
		return (int)size;
	text[size] = '\0';
	*ret_text = take_ptr(text);
	*ret_size = (size_t)size;
	return 0;
}

int store_json(int root, const char *path, size_t max, json_t **ret_json)
{
	_cleanup_free_ char *text = NULL;
	json_t *json;
	size_t size;
	int r = store_text(root, path, max, &text, &size);

	if (r < 0)
		return r;
	json = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	if (!json)
		return -EBADMSG;
	*ret_json = json;
	return 0;
}

DIR *store_directory(int root, const char *path)
{
	int fd = open_below(root, path, O_RDONLY | O_DIRECTORY);
	DIR *dir;

	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	dir = fdopendir(fd);
	if (!dir)
		(void)close(fd);
	return dir;
}

const char *json_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

bool is_hex64(const char *text)
{
	return text && strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

const char *digest_hex(const char *digest)
{
	static const char prefix[] = "sha256:";

	if (!digest || strncmp(digest, prefix, strlen(prefix)) != 0 || !is_hex64(digest + strlen(prefix)))
		return NULL;
	return digest + strlen(prefix);
}

DEFINE_CLEANUP(struct image_facts *, image_facts_drop)

int store_image(const json_t *config, const char *id, struct container_facts *facts)
{
	_cleanup_(image_facts_dropp) struct image_facts *image = NULL;
	int r;

	if (facts->image)
		return 0;
	image = image_facts_new();
	if (!image)
		return -ENOMEM;
	r = fact_set(&image->id, id);
	if (r == 0)
		r = image_config_fill(config, image);
	if (r < 0)
		return r;
	facts->image = take_ptr(image);
	return 0;
}
