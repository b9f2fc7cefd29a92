// SPDX-License-Identifier: Apache-2.0
#include "image/difference.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/contents.h"
#include "image/rootfs_internal.h"

/* What a name that is looked for in the image counts as, against DIFFERENCE_STEP_BYTES. */
#define NAME_BYTES 8192

/* A directory that is being listed. */
struct level {
	DIR *dir;
	char *below;     /* where it continues in the layers below; "" for "/" */
	size_t length;   /* of its path; 0 for "/" */
	bool xwhiteouts; /* it has whiteouts by attribute */
	bool hidden;     /* nothing of the layers below shows through in it */
	bool absent;     /* the layers below have no such directory: all in it is added */
};

/* A file whose content is being compared. */
struct file {
	struct contents contents;   /* .a below 0: none is */
	enum difference_kind equal; /* what to tell where it is the same; 0 nothing */
	enum difference_kind other; /* and where it is not */
	struct rootfs_stat stat;
};

struct difference {
	const struct rootfs *rootfs;
	dev_t device;
	char **points; /* mount points on the root overlay, in path_order */
	size_t points_count;
	struct level levels[DIFFERENCE_DEPTH];
	size_t depth;
	struct layer_places places; /* where the layers below have the directory that is listed */
	bool placed;                /* they are known */
	char path[PATH_MAX];        /* of the entry that is looked at */
	struct file file;
	struct difference_counts counts;
};

struct step {
	struct difference *difference;
	void (*call)(const struct difference_entry *entry, void *data);
	void *data;
	uint64_t bytes; /* that may still be compared */
};

static void step_charge(struct step *step, uint64_t bytes)
{
	step->bytes -= bytes < step->bytes ? bytes : step->bytes;
}

/* An entry of the upper directory, and what the layers below have in its place. */
struct pair {
	const struct level *level;
	struct layer_entry upper, before;
	char place[PATH_MAX]; /* where that is looked for */
	bool moved;           /* a directory that was renamed whole */
};

static void pair_clear(struct pair *pair)
{
	layer_entry_close(&pair->upper);
	layer_entry_close(&pair->before);
}

static void tell(const struct step *step, enum difference_kind kind, const struct rootfs_stat *stat, const char *from)
{
	struct difference_entry entry = {
		.kind = kind,
		.path = step->difference->path,
		.from = from,
		.stat = *stat,
	};

	if (kind)
		step->call(&entry, step->data);
}

static void tell_pair(const struct step *step, enum difference_kind kind, const struct pair *pair)
{
	struct rootfs_stat stat = { .state = ROOTFS_UPPER_ENTRY, .opaque = pair->upper.opaque };

	if (pair->upper.says == LAYER_WHITEOUT)
		stat = (struct rootfs_stat){ .state = ROOTFS_UPPER_WHITEOUT, .opaque = true };
	rootfs_stat_fill(&stat, &pair->upper);
	tell(step, kind, &stat, pair->moved ? pair->upper.below : NULL);
}

/* ---- mount points ---- */

/* What lies below a path comes right behind it. */
static int path_order(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	if (!*a || !*b)
		return !!*a - !!*b;
	if (*a == '/' || *b == '/')
		return *a == '/' ? -1 : 1;
	return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
}

static int point_order(const void *a, const void *b)
{
	return path_order(*(char *const *)a, *(char *const *)b);
}

static int points_collect(struct difference *difference)
{
	const struct rootfs *rootfs = difference->rootfs;
	size_t count = mounts_count(rootfs->mounts);

	difference->points = calloc(count, sizeof(char *));
	if (!difference->points)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct mount_entry *mount = mounts_get(rootfs->mounts, i);

		if (mount == rootfs->root || mount->parent != rootfs->root->id)
			continue;
		difference->points[difference->points_count] = strdup(mount->point);
		if (!difference->points[difference->points_count++])
			return -ENOMEM;
	}
	qsort(difference->points, difference->points_count, sizeof(char *), point_order);
	return 0;
}

enum point { POINT_NONE, POINT_ABOVE, POINT_ITSELF };

/* Is a mount point at the path, or does the path lead to one? */
static enum point point_of(const struct difference *difference, const char *path)
{
	size_t low = 0, high = difference->points_count, length = strlen(path);
	const char *point;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (path_order(difference->points[middle], path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	point = low < difference->points_count ? difference->points[low] : "";
	if (strncmp(point, path, length) != 0)
		return POINT_NONE;
	return point[length] == '/' ? POINT_ABOVE : point[length] ? POINT_NONE : POINT_ITSELF;
}

/* An added entry that a runtime makes so that it can mount there. */
static bool made_to_mount(const struct difference *difference, const struct stat *stat)
{
	enum point point = point_of(difference, difference->path);

	return S_ISDIR(stat->st_mode) ? point != POINT_NONE
				      : point == POINT_ITSELF && S_ISREG(stat->st_mode) && stat->st_size == 0;
}

/* ---- directories ---- */

static void places_forget(struct difference *difference)
{
	layer_places_close(&difference->places);
	difference->placed = false;
}

static void level_pop(struct difference *difference)
{
	struct level *level = &difference->levels[--difference->depth];

	places_forget(difference);
	(void)closedir(level->dir);
	free(level->below);
	*level = (struct level){ 0 };
}

static int level_push(struct difference *difference, const struct layer_entry *entry, bool hidden, bool absent)
{
	bool top = difference->depth == 0;
	_cleanup_free_ char *below = strdup(top ? "" : entry->below);
	_cleanup_close_ int fd = -EBADF;
	DIR *dir;

	if (!below)
		return -ENOMEM;
	if (difference->depth == DIFFERENCE_DEPTH)
		return -ENAMETOOLONG;
	fd = layer_entry_list(entry);
	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir)
		return -errno;
	(void)take_fd(&fd);
	places_forget(difference);
	difference->levels[difference->depth++] = (struct level){
		.dir = dir,
		.below = take_ptr(below),
		.length = top ? 0 : strlen(difference->path),
		.xwhiteouts = entry->xwhiteouts,
		.hidden = hidden,
		.absent = absent,
	};
	return 0;
}

/* Does the image, merged, hold `name` in the pair's directory, and the upper one not? */
static bool name_lost(const struct difference *difference, const struct pair *pair, const char *name)
{
	_cleanup_entry_ struct layer_entry entry = LAYER_ENTRY_EMPTY;
	struct layer_place place = {
		.fd = pair->upper.fd,
		.xwhiteouts = pair->upper.xwhiteouts,
		.below = pair->upper.below,
	};

	if (layers_look_in(&difference->rootfs->layers, &place, name, &entry) < 0 || entry.says == LAYER_HAS)
		return false;
	return rootfs_in_image(difference->rootfs, entry.below) == ANSWER_YES;
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* The same for all names that one layer's directory lists. */
static bool list_lost(const struct difference *difference, const struct pair *pair, const struct layer_entry *entry,
		      size_t *looked)
{
	_cleanup_close_ int fd = layer_entry_list(entry);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *item;

	if (dir)
		(void)take_fd(&fd);
	while (dir && (item = readdir(dir))) {
		if (is_dots(item->d_name))
			continue;
		if (++*looked > DIFFERENCE_LOST_MAX || name_lost(difference, pair, item->d_name))
			return true;
	}
	return false;
}

/* The same for all layers of the image that the directory is merged from. */
static bool directory_lost(const struct difference *difference, const struct pair *pair, size_t *looked)
{
	const struct rootfs *rootfs = difference->rootfs;
	char at[PATH_MAX];

	(void)strcpy(at, pair->place);
	for (size_t i = rootfs->image; i < rootfs->layers.count; i++) {
		_cleanup_entry_ struct layer_entry entry = LAYER_ENTRY_EMPTY;

		if (layers_look(&rootfs->layers, i, at, &entry) < 0)
			return false;
		if (entry.says == LAYER_HAS && list_lost(difference, pair, &entry, looked))
			return true;
		if (entry.opaque || (entry.says != LAYER_HAS && entry.says != LAYER_ABSENT))
			return false;
		(void)strcpy(at, entry.below);
	}
	return false;
}

/* ---- one entry ---- */

/* What differs from what only the runtime's layer has is not of the image. */
static enum difference_kind of_image(const struct difference *difference, const struct pair *pair,
				     enum difference_kind kind)
{
	const struct rootfs *rootfs = difference->rootfs;

	if (kind && pair->before.layer < rootfs->image && rootfs_in_image(rootfs, pair->place) == ANSWER_NO)
		return DIFFERENCE_ADDED;
	return kind;
}

static bool metadata_differs(const struct pair *pair)
{
	static const char *const attributes[] = {
		"security.capability",
		"system.posix_acl_access",
		"system.posix_acl_default",
	};
	const struct stat *upper = &pair->upper.stat, *before = &pair->before.stat;

	if (upper->st_uid != before->st_uid || upper->st_gid != before->st_gid || upper->st_mode != before->st_mode)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++)
		if (!layer_entries_share(&pair->upper, &pair->before, attributes[i]))
			return true;
	return false;
}

static void look_directory(struct step *step, const struct pair *pair)
{
	struct difference *difference = step->difference;
	bool hidden = pair->upper.opaque || (pair->level->hidden && !pair->moved);
	bool there = pair->before.says == LAYER_HAS, alike = there && S_ISDIR(pair->before.stat.st_mode);
	size_t looked = 0;

	if (!there && (pair->moved || !made_to_mount(difference, &pair->upper.stat)))
		tell_pair(step, DIFFERENCE_ADDED, pair);
	else if (there && (pair->moved || !alike))
		tell_pair(step, of_image(difference, pair, DIFFERENCE_MODIFIED), pair);
	else if (alike && metadata_differs(pair))
		tell_pair(step, of_image(difference, pair, DIFFERENCE_METADATA), pair);
	if (alike && hidden && !pair->moved && directory_lost(difference, pair, &looked))
		tell_pair(step, DIFFERENCE_REMOVED, pair);
	step_charge(step, looked * NAME_BYTES);
	if (level_push(difference, &pair->upper, hidden, !alike && !pair->moved) < 0)
		difference->counts.unseen++;
}

static int link_target(const struct layer_entry *entry, char target[static PATH_MAX])
{
	ssize_t length = readlinkat(entry->fd, "", target, PATH_MAX - 1);

	if (length < 0)
		return -errno;
	target[length] = '\0';
	return 0;
}

static bool links_equal(const struct pair *pair)
{
	char upper[PATH_MAX], before[PATH_MAX];

	return link_target(&pair->upper, upper) == 0 && link_target(&pair->before, before) == 0 &&
	       strcmp(upper, before) == 0;
}

/* What can be said of two files of one type without reading them. */
static enum contents_answer contents_known(const struct pair *pair)
{
	const struct stat *upper = &pair->upper.stat, *before = &pair->before.stat;

	if (S_ISLNK(upper->st_mode))
		return links_equal(pair) ? CONTENTS_SAME : CONTENTS_DIFFER;
	if (!S_ISREG(upper->st_mode))
		return upper->st_rdev == before->st_rdev ? CONTENTS_SAME : CONTENTS_DIFFER;
	if (pair->upper.metacopy && strcmp(pair->upper.below, pair->place) == 0)
		return CONTENTS_SAME;
	if (upper->st_size != before->st_size || (uint64_t)upper->st_size > DIFFERENCE_CONTENT_MAX)
		return CONTENTS_DIFFER;
	return upper->st_size > 0 ? CONTENTS_MORE : CONTENTS_SAME;
}

static void file_end(struct file *file)
{
	cleanup_closep(&file->contents.a);
	cleanup_closep(&file->contents.b);
	file->contents = (struct contents){ .a = -EBADF, .b = -EBADF };
}

static void file_compare(struct step *step)
{
	struct difference *difference = step->difference;
	struct file *file = &difference->file;
	uint64_t from = file->contents.at;
	int answer = contents_compare(&file->contents, step->bytes);

	step_charge(step, file->contents.at - from);
	/* one that grew while it was read ends all the same */
	if (answer == CONTENTS_MORE && file->contents.at > DIFFERENCE_CONTENT_MAX)
		answer = CONTENTS_DIFFER;
	if (answer == CONTENTS_MORE)
		return;
	if (answer < 0)
		difference->counts.unseen++;
	else
		tell(step, answer == CONTENTS_SAME ? file->equal : file->other, &file->stat, NULL);
	file_end(file);
}

static void file_begin(struct step *step, const struct pair *pair, enum difference_kind equal,
		       enum difference_kind other)
{
	struct difference *difference = step->difference;
	struct file *file = &difference->file;

	file->contents.a = layers_read(&difference->rootfs->layers, &pair->upper);
	file->contents.b = layers_read(&difference->rootfs->layers, &pair->before);
	if (file->contents.a < 0 || file->contents.b < 0) {
		difference->counts.unseen++;
		return file_end(file);
	}
	file->equal = equal;
	file->other = other;
	file->stat = (struct rootfs_stat){ .state = ROOTFS_UPPER_ENTRY, .opaque = true };
	rootfs_stat_fill(&file->stat, &pair->upper);
}

static void look_other(struct step *step, const struct pair *pair)
{
	struct difference *difference = step->difference;
	enum difference_kind equal, other;
	enum contents_answer answer;

	if (pair->before.says != LAYER_HAS) {
		if (!made_to_mount(difference, &pair->upper.stat))
			tell_pair(step, DIFFERENCE_ADDED, pair);
		return;
	}
	other = of_image(difference, pair, DIFFERENCE_MODIFIED);
	if ((pair->upper.stat.st_mode ^ pair->before.stat.st_mode) & S_IFMT)
		return tell_pair(step, other, pair);
	equal = of_image(difference, pair, metadata_differs(pair) ? DIFFERENCE_METADATA : 0);
	answer = contents_known(pair);
	if (answer == CONTENTS_MORE)
		file_begin(step, pair, equal, other);
	else
		tell_pair(step, answer == CONTENTS_SAME ? equal : other, pair);
}

/* What layers `first` and below have in the upper entry's place. 0, also for nothing. */
static int pair_find(struct difference *difference, struct pair *pair, size_t first)
{
	const struct layers *layers = &difference->rootfs->layers;
	const char *directory = pair->level->below[0] ? pair->level->below : "/";
	int error;

	if (pair->level->absent)
		return 0;
	if (!difference->placed)
		difference->placed = layers_open_places(layers, 1, layers->count, directory, &difference->places) == 0;
	error = difference->placed ? layers_find_in(layers, &difference->places, first, strrchr(pair->place, '/') + 1,
						    &pair->before)
				   : layers_find(layers, first, layers->count, pair->place, &pair->before);
	return error == -ENOENT ? 0 : error;
}

static int look_whiteout(const struct step *step, struct pair *pair)
{
	struct difference *difference = step->difference;
	int error = pair->level->hidden ? 0 : pair_find(difference, pair, difference->rootfs->image);

	if (pair->before.says == LAYER_HAS)
		tell_pair(step, DIFFERENCE_REMOVED, pair);
	return error;
}

static int look_entry(struct step *step, struct pair *pair)
{
	struct difference *difference = step->difference;
	int error;

	if (pair->upper.stat.st_dev != difference->device)
		return -EXDEV;
	error = pair_find(difference, pair, 1);
	if (error)
		return error;
	if (S_ISDIR(pair->upper.stat.st_mode)) {
		pair->moved = strcmp(pair->upper.below, pair->place) != 0;
		look_directory(step, pair);
	} else {
		look_other(step, pair);
	}
	return 0;
}

static int place_join(char place[static PATH_MAX], const char *directory, size_t length, const char *name)
{
	size_t size = strlen(name) + 1;

	if (length + 1 + size > PATH_MAX)
		return -ENAMETOOLONG;
	memmove(place, directory, length);
	place[length] = '/';
	memcpy(place + length + 1, name, size);
	return 0;
}

static int look_name(struct step *step, const struct level *level, const char *name)
{
	struct difference *difference = step->difference;
	_cleanup_(pair_clear) struct pair pair = {
		.level = level,
		.upper = LAYER_ENTRY_EMPTY,
		.before = LAYER_ENTRY_EMPTY,
	};
	struct layer_place at = { .fd = dirfd(level->dir), .xwhiteouts = level->xwhiteouts, .below = level->below };
	int error = place_join(difference->path, difference->path, level->length, name)
			    ?: place_join(pair.place, level->below, strlen(level->below), name)
			    ?: layers_look_in(&difference->rootfs->layers, &at, name, &pair.upper);

	if (error)
		return error;
	if (pair.upper.says == LAYER_WHITEOUT)
		return look_whiteout(step, &pair);
	return pair.upper.says == LAYER_HAS ? look_entry(step, &pair) : 0; /* else it has gone meanwhile */
}

static void look_next(struct step *step)
{
	struct difference *difference = step->difference;
	struct level *level = &difference->levels[difference->depth - 1];
	const struct dirent *item;

	errno = 0;
	item = readdir(level->dir);
	if (!item) {
		difference->counts.unseen += errno != 0;
		return level_pop(difference);
	}
	if (is_dots(item->d_name))
		return;
	difference->counts.entries++;
	if (look_name(step, level, item->d_name) < 0)
		difference->counts.unseen++;
}

/* ---- the walk ---- */

void difference_free(struct difference *difference)
{
	if (!difference)
		return;
	while (difference->depth > 0)
		level_pop(difference);
	places_forget(difference);
	file_end(&difference->file);
	for (size_t i = 0; i < difference->points_count; i++)
		free(difference->points[i]);
	free(difference->points);
	free(difference);
}

DEFINE_CLEANUP(struct difference *, difference_free)

int difference_new(const struct rootfs *rootfs, struct difference **ret_difference)
{
	_cleanup_(difference_freep) struct difference *difference = calloc(1, sizeof(*difference));
	_cleanup_entry_ struct layer_entry top = LAYER_ENTRY_EMPTY;
	int error;

	if (!difference)
		return -ENOMEM;
	difference->rootfs = rootfs;
	difference->file.contents = (struct contents){ .a = -EBADF, .b = -EBADF };
	if (!rootfs->has_upper)
		return -ENOENT;
	error = rootfs_look_upper(rootfs, "/", &top) ?: points_collect(difference);
	if (error)
		return error;
	difference->device = top.stat.st_dev;
	error = level_push(difference, &top, false, false);
	if (!error)
		*ret_difference = take_ptr(difference);
	return error;
}

int difference_step(struct difference *difference, size_t limit,
		    void (*call)(const struct difference_entry *entry, void *data), void *data)
{
	struct step step = { .difference = difference, .call = call, .data = data, .bytes = DIFFERENCE_STEP_BYTES };
	uint64_t end = difference->counts.entries + limit;

	while (step.bytes > 0) {
		if (difference->file.contents.a >= 0)
			file_compare(&step);
		else if (difference->depth == 0)
			return 0;
		else if (difference->counts.entries == DIFFERENCE_ENTRIES_MAX)
			difference->counts.unseen++, level_pop(difference);
		else if (difference->counts.entries == end)
			break;
		else
			look_next(&step);
	}
	return 1;
}

struct difference_counts difference_counts(const struct difference *difference)
{
	return difference->counts;
}
