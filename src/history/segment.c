// SPDX-License-Identifier: Apache-2.0
#include "history/segment.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

#define LIST_TRIES 8
#define BLOCK      4096

static const char *const suffixes[SEGMENT_FORMS] = {
	[SEGMENT_PLAIN] = ".json", [SEGMENT_PACKED] = ".json.gz", [SEGMENT_UNDONE] = ".undone"
};

void segment_name(int64_t time, char ret_name[static HISTORY_SEGMENT_SIZE])
{
	(void)snprintf(ret_name, HISTORY_SEGMENT_SIZE, "%016llx", time > 0 ? (unsigned long long)time : 0);
}

int64_t segment_time(const char *name)
{
	unsigned long long time = strtoull(name, NULL, 16);

	return time > INT64_MAX ? INT64_MAX : (int64_t)time;
}

void segment_file(const char *name, enum segment_form form, char ret_file[static SEGMENT_FILE_SIZE])
{
	(void)snprintf(ret_file, SEGMENT_FILE_SIZE, "%.16s%s", name, suffixes[form]);
}

/* Of a file's name; SEGMENT_FORMS: it is none of a segment. */
static enum segment_form form_of(const char *file)
{
	if (strspn(file, "0123456789abcdef") != HISTORY_SEGMENT_SIZE - 1)
		return SEGMENT_FORMS;
	for (enum segment_form form = 0; form < SEGMENT_FORMS; form++)
		if (strcmp(file + HISTORY_SEGMENT_SIZE - 1, suffixes[form]) == 0)
			return form;
	return SEGMENT_FORMS;
}

static int segments_add(struct segments *segments, int dir_fd, const char *file)
{
	enum segment_form form = form_of(file);
	struct segment *items, *segment;
	struct stat st;

	if (form == SEGMENT_FORMS || fstatat(dir_fd, file, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if ((segments->count & (segments->count - 1)) == 0) {
		items = reallocarray(segments->items, segments->count ? 2 * segments->count : 1, sizeof(*items));
		if (!items)
			return -ENOMEM;
		segments->items = items;
	}
	segment = &segments->items[segments->count++];
	*segment = (struct segment){ .forms = 1u << form };
	memcpy(segment->name, file, HISTORY_SEGMENT_SIZE - 1);
	segment->bytes = ((uint64_t)st.st_size + BLOCK - 1) / BLOCK * BLOCK;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct segment *)a)->name, ((const struct segment *)b)->name);
}

/* The forms of one segment become one entry. */
static void segments_join(struct segments *segments)
{
	size_t kept = 0;

	if (segments->count == 0)
		return;
	qsort(segments->items, segments->count, sizeof(*segments->items), by_name);
	for (size_t i = 1; i < segments->count; i++) {
		struct segment *last = &segments->items[kept], *next = &segments->items[i];

		if (strcmp(last->name, next->name) != 0) {
			segments->items[++kept] = *next;
			continue;
		}
		last->forms |= next->forms;
		last->bytes += next->bytes;
	}
	segments->count = kept + 1;
}

int segments_list(int dir_fd, struct segments *ret_segments)
{
	_cleanup_segments_ struct segments segments = { 0 };
	_cleanup_close_ int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!dir)
		return -errno;
	(void)take_fd(&fd);
	for (errno = 0; r == 0 && (entry = readdir(dir)); errno = 0)
		r = segments_add(&segments, dir_fd, entry->d_name);
	if (r == 0 && errno)
		r = -errno;
	if (r < 0)
		return r;
	segments_join(&segments);
	*ret_segments = segments;
	segments = (struct segments){ 0 };
	return 0;
}

static bool same_names(const struct segments *a, const struct segments *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i].name, b->items[i].name) != 0)
			return false;
	return true;
}

int segments_list_settled(int dir_fd, struct segments *ret_segments)
{
	_cleanup_segments_ struct segments last = { 0 };
	int r = segments_list(dir_fd, &last);

	for (int i = 1; r == 0 && i < LIST_TRIES; i++) {
		struct segments next = { 0 };
		bool settled;

		r = segments_list(dir_fd, &next);
		if (r < 0)
			return r;
		settled = same_names(&last, &next);
		segments_clear(&last);
		last = next;
		if (settled)
			break;
	}
	if (r == 0) {
		*ret_segments = last;
		last = (struct segments){ 0 };
	}
	return r;
}

void segments_clear(struct segments *segments)
{
	free(segments->items);
	*segments = (struct segments){ 0 };
}

static int file_open(int dir_fd, const char *file)
{
	_cleanup_close_ int fd = openat(dir_fd, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? take_fd(&fd) : -EINVAL;
}

int segment_open(int dir_fd, const char *name, enum segment_form *ret_form)
{
	char file[SEGMENT_FILE_SIZE];

	for (enum segment_form form = SEGMENT_PLAIN; form <= SEGMENT_PACKED; form++) {
		int fd;

		segment_file(name, form, file);
		fd = file_open(dir_fd, file);
		if (fd == -ENOENT)
			continue;
		if (fd >= 0)
			*ret_form = form;
		return fd;
	}
	return -ENOENT;
}
