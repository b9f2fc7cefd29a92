/* SPDX-License-Identifier: Apache-2.0 */
#include "container/storage.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "container/facts.h"

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

int store_labels(const json_t *object, struct label_list *labels)
{
	const char *key;
	json_t *value;
	int r = 0;

	json_object_foreach ((json_t *)object, key, value) {
		if (json_is_string(value))
			r = labels_add(labels, key, json_string_value(value));
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- an image's configuration ---- */

/* Joins what `next` gives with spaces; what does not fit any more is left out. */
static void words_join(char *line, size_t size, const char *word)
{
	size_t length = strlen(line);

	if (word && length + strlen(word) + 2 <= size)
		(void)snprintf(line + length, size - length, "%s%s", length ? " " : "", word);
}

static int entry_point_fill(const json_t *config, char **field)
{
	static const char *const keys[] = { "Entrypoint", "Cmd" };
	char line[FACT_MAX + 1] = "";
	json_t *word;
	size_t i;

	for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
		json_array_foreach (json_object_get(config, keys[k]), i, word)
			words_join(line, sizeof(line), json_string_value(word));
	return fact_set(field, line);
}

static int exposed_fill(const json_t *config, char **field)
{
	char line[FACT_MAX + 1] = "";
	const char *port;
	json_t *value;

	json_object_foreach (json_object_get(config, "ExposedPorts"), port, value)
		words_join(line, sizeof(line), port);
	return fact_set(field, line);
}

/* A step longer than a label can be is kept as far as it fits: what made the layer stands at its beginning. */
static int history_fill(const json_t *history, struct label_list *list)
{
	char line[FACT_MAX + 1];
	json_t *step;
	size_t i;
	int r = 0;

	json_array_foreach (history, i, step) {
		const char *by = json_text(step, "created_by");

		if (r < 0 || !by)
			continue;
		(void)snprintf(line, sizeof(line), "%s", by);
		r = labels_append(list, line);
	}
	return r;
}

static int image_fill(const json_t *json, const char *id, struct image_facts *image)
{
	const json_t *config = json_object_get(json, "config");
	int r = fact_set(&image->id, id);

	image->created = fact_time(json_text(json, "created"));
	if (r == 0)
		r = fact_set(&image->user, json_text(config, "User"));
	if (r == 0)
		r = entry_point_fill(config, &image->entry_point);
	if (r == 0)
		r = exposed_fill(config, &image->exposed);
	if (r == 0)
		r = store_labels(json_object_get(config, "Labels"), &image->labels);
	return r < 0 ? r : history_fill(json_object_get(json, "history"), &image->history);
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
	r = image_fill(config, id, image);
	if (r < 0)
		return r;
	facts->image = take_ptr(image);
	return 0;
}
