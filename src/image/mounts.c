// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "image/mounts.h"

struct mounts {
	char *text; /* entries point in here */
	struct mount_entry *entries;
	const struct mount_entry **by_parent; /* sorted by parent, then in the order of the text */
	size_t count, room;
};

void mounts_free(struct mounts *mounts)
{
	if (!mounts)
		return;
	free(mounts->text);
	free(mounts->entries);
	free(mounts->by_parent);
	free(mounts);
}

DEFINE_CLEANUP(struct mounts *, mounts_free)

static bool is_octal(const char *digits)
{
	return digits[0] >= '0' && digits[0] <= '3' && digits[1] >= '0' && digits[1] <= '7' && digits[2] >= '0' &&
	       digits[2] <= '7';
}

/* Decodes \ooo in place. -EBADMSG for \000, which would cut the string short. */
static int decode_octal(char *text)
{
	char *out = text;

	for (const char *in = text; *in;) {
		if (*in != '\\' || !is_octal(in + 1)) {
			*out++ = *in++;
			continue;
		}
		*out = (char)((in[1] - '0') << 6 | (in[2] - '0') << 3 | (in[3] - '0'));
		if (!*out++)
			return -EBADMSG;
		in += 4;
	}
	*out = '\0';
	return 0;
}

/* The number at the start of a field that ends at `stop`. */
static int parse_number(const char *text, char stop, unsigned max, const char **ret_end, unsigned *ret_number)
{
	uint64_t number = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++) {
		number = number * 10 + (unsigned)(*at - '0');
		if (number > max)
			return -EBADMSG;
	}
	if (at == text || *at != stop)
		return -EBADMSG;
	*ret_end = at + 1;
	*ret_number = (unsigned)number;
	return 0;
}

static int parse_int(const char *field, int *ret_number)
{
	const char *end;
	unsigned number;
	int error = parse_number(field, '\0', INT_MAX, &end, &number);

	if (!error)
		*ret_number = (int)number;
	return error;
}

static int parse_device(const char *field, uint32_t *ret_device)
{
	unsigned major, minor;
	const char *end;

	if (parse_number(field, ':', (1u << 12) - 1, &end, &major) ||
	    parse_number(end, '\0', (1u << 20) - 1, &end, &minor))
		return -EBADMSG;
	*ret_device = major << 20 | minor;
	return 0;
}

/* Fields before the optional ones, and those behind the lone "-". */
enum { FIELD_ID, FIELD_PARENT, FIELD_DEVICE, FIELD_ROOT, FIELD_POINT, FIELD_OPTIONS, FIELDS_FRONT };
enum { FIELD_FSTYPE, FIELD_SOURCE, FIELD_SUPER, FIELDS_BACK };

static int split_line(char *line, char *front[FIELDS_FRONT], char *back[FIELDS_BACK])
{
	char *field;

	for (size_t i = 0; i < FIELDS_FRONT; i++) {
		front[i] = strsep(&line, " ");
		if (!front[i] || !*front[i])
			return -EBADMSG;
	}
	do
		field = strsep(&line, " ");
	while (field && strcmp(field, "-") != 0);

	for (size_t i = 0; i < FIELDS_BACK; i++) {
		back[i] = strsep(&line, " ");
		if (!back[i])
			return -EBADMSG;
	}
	return 0;
}

static int parse_line(char *line, struct mount_entry *ret_entry)
{
	char *front[FIELDS_FRONT], *back[FIELDS_BACK];
	struct mount_entry entry = { 0 };

	if (split_line(line, front, back) || parse_int(front[FIELD_ID], &entry.id) ||
	    parse_int(front[FIELD_PARENT], &entry.parent) || parse_device(front[FIELD_DEVICE], &entry.device))
		return -EBADMSG;
	if (decode_octal(front[FIELD_ROOT]) || decode_octal(front[FIELD_POINT]) || decode_octal(back[FIELD_FSTYPE]) ||
	    decode_octal(back[FIELD_SOURCE]))
		return -EBADMSG;
	if (front[FIELD_POINT][0] != '/')
		return -EBADMSG;

	entry.root = front[FIELD_ROOT];
	entry.point = front[FIELD_POINT];
	entry.options = front[FIELD_OPTIONS];
	entry.fstype = back[FIELD_FSTYPE];
	entry.source = back[FIELD_SOURCE];
	entry.super = back[FIELD_SUPER];
	*ret_entry = entry;
	return 0;
}

static int mounts_add(struct mounts *mounts, char *line)
{
	if (mounts->count == MOUNTS_MAX)
		return -E2BIG;
	if (mounts->count == mounts->room) {
		size_t room = mounts->room ? mounts->room * 2 : 64;
		void *grown = reallocarray(mounts->entries, room, sizeof(*mounts->entries));

		if (!grown)
			return -ENOMEM;
		mounts->entries = grown;
		mounts->room = room;
	}
	return parse_line(line, &mounts->entries[mounts->count]) ?: (mounts->count++, 0);
}

static int compare_parents(const void *a, const void *b)
{
	const struct mount_entry *x = *(const struct mount_entry *const *)a;
	const struct mount_entry *y = *(const struct mount_entry *const *)b;

	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	return x < y ? -1 : x > y;
}

static int mounts_index(struct mounts *mounts)
{
	mounts->by_parent = calloc(mounts->count + 1, sizeof(struct mount_entry *));
	if (!mounts->by_parent)
		return -ENOMEM;
	for (size_t i = 0; i < mounts->count; i++)
		mounts->by_parent[i] = &mounts->entries[i];
	qsort(mounts->by_parent, mounts->count, sizeof(struct mount_entry *), compare_parents);
	return 0;
}

int mounts_parse(const char *text, size_t size, struct mounts **ret_mounts)
{
	_cleanup_(mounts_freep) struct mounts *mounts = NULL;
	char *rest, *line;
	int error = 0;

	if (size > MOUNTS_TEXT_MAX)
		return -E2BIG;
	if (memchr(text, '\0', size))
		return -EBADMSG;
	mounts = calloc(1, sizeof(*mounts));
	if (!mounts || !(mounts->text = strndup(text, size)))
		return -ENOMEM;

	rest = mounts->text;
	while (!error && (line = strsep(&rest, "\n")))
		error = *line ? mounts_add(mounts, line) : 0;
	if (!error)
		error = mounts_index(mounts);
	if (!error)
		*ret_mounts = take_ptr(mounts);
	return error;
}

size_t mounts_count(const struct mounts *mounts)
{
	return mounts->count;
}

const struct mount_entry *mounts_get(const struct mounts *mounts, size_t index)
{
	return &mounts->entries[index];
}

const struct mount_entry *mounts_root(const struct mounts *mounts, uint32_t device)
{
	for (size_t i = mounts->count; i > 0; i--) {
		const struct mount_entry *entry = &mounts->entries[i - 1];

		if (strcmp(entry->point, "/") == 0 && (!device || entry->device == device))
			return entry;
	}
	return NULL;
}

/* Is `path` `prefix` or below it? Then what is left of it, beginning with a slash or empty. */
static const char *path_below(const char *path, const char *prefix)
{
	size_t length = strcmp(prefix, "/") == 0 ? 0 : strlen(prefix);

	if (strncmp(path, prefix, length) != 0 || (path[length] && path[length] != '/'))
		return NULL;
	return path + length;
}

static size_t first_child(const struct mounts *mounts, int parent)
{
	size_t low = 0, high = mounts->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (mounts->by_parent[middle]->parent < parent)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The mount on `parent` that a walk along `path` crosses first: the one with the shortest mount point. */
static const struct mount_entry *child_on_path(const struct mounts *mounts, const struct mount_entry *parent,
					       const char *path)
{
	const struct mount_entry *found = NULL;

	for (size_t i = first_child(mounts, parent->id);
	     i < mounts->count && mounts->by_parent[i]->parent == parent->id; i++) {
		const struct mount_entry *child = mounts->by_parent[i];

		/* What is mounted at "/" itself is not crossed: a process starts from its root, not through
		 * it. */
		if (child->id == parent->id || strcmp(child->point, "/") == 0 || !path_below(path, child->point))
			continue;
		if (!found || strlen(child->point) <= strlen(found->point))
			found = child;
	}
	return found;
}

const struct mount_entry *mounts_find(const struct mounts *mounts, const struct mount_entry *root, const char *path)
{
	const struct mount_entry *at = root, *child;

	/* A forged table can hold a ring of parents; a walk has at most as many steps as there are mounts. */
	for (size_t steps = 0; steps < mounts->count && (child = child_on_path(mounts, at, path)); steps++)
		at = child;
	return at;
}

int mounts_locate(const struct mounts *mounts, uint32_t device, const char *path, char *ret_path, size_t size)
{
	for (size_t i = 0; i < mounts->count; i++) {
		const struct mount_entry *entry = &mounts->entries[i];
		const char *rest = entry->device == device ? path_below(path, entry->root) : NULL;
		const char *point = strcmp(entry->point, "/") == 0 ? "" : entry->point;

		if (!rest)
			continue;
		if (strcmp(rest, "/") == 0)
			rest = "";
		if (strlen(point) + strlen(rest) + 2 > size)
			return -ENAMETOOLONG;
		(void)snprintf(ret_path, size, "%s%s", *point || *rest ? point : "/", rest);
		return 0;
	}
	return -ENOENT;
}

/* ---- overlay options ---- */

void overlay_options_clear(struct overlay_options *options)
{
	for (size_t i = 0; i < options->lowers; i++)
		free(options->lower[i]);
	free(options->lower);
	free(options->upper);
	free(options->work);
	*options = (struct overlay_options){ 0 };
}

/* Takes the backslashes of overlayfs's own escaping out, in place. */
static void unescape(char *text)
{
	char *out = text;

	for (const char *in = text; *in; in++) {
		if (*in == '\\' && in[1])
			in++;
		*out++ = *in;
	}
	*out = '\0';
}

static int take_lower(struct overlay_options *options, const char *value)
{
	void *grown;

	if (!*value)
		return -EBADMSG;
	if (options->lowers == OVERLAY_LOWER_MAX)
		return -E2BIG;
	grown = reallocarray(options->lower, options->lowers + 1, sizeof(char *));
	if (!grown)
		return -ENOMEM;
	options->lower = grown;
	options->lower[options->lowers] = strdup(value);
	if (!options->lower[options->lowers])
		return -ENOMEM;
	options->lowers++;
	return 0;
}

/* Cuts *rest at the next colon that is not escaped. NULL at the end. */
static char *next_lower(char **rest)
{
	char *start = *rest, *at = start;

	if (!start)
		return NULL;
	while (*at && *at != ':')
		at += *at == '\\' && at[1] ? 2 : 1;
	*rest = *at ? at + 1 : NULL;
	*at = '\0';
	return start;
}

/* "a:b::data": behind a double colon every layer is a data layer. */
static int option_lowerdir(struct overlay_options *options, char *value)
{
	char *rest = value, *lower;
	bool data = false;
	int error = 0;

	while (!error && (lower = next_lower(&rest))) {
		if (!*lower && options->lowers > 0 && rest) {
			data = true;
			continue;
		}
		unescape(lower);
		if (data)
			options->data_layers++;
		else
			error = take_lower(options, lower);
	}
	return error;
}

static int option_lowerdir_add(struct overlay_options *options, char *value)
{
	return take_lower(options, value);
}

static int option_datadir(struct overlay_options *options, char *value)
{
	(void)value;
	options->data_layers++;
	return 0;
}

static int set_directory(char **directory, char *value)
{
	char *copy;

	unescape(value);
	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	free(*directory);
	*directory = copy;
	return 0;
}

static int option_upperdir(struct overlay_options *options, char *value)
{
	return *value ? set_directory(&options->upper, value) : -EBADMSG;
}

static int option_workdir(struct overlay_options *options, char *value)
{
	return set_directory(&options->work, value);
}

static int option_userxattr(struct overlay_options *options, char *value)
{
	(void)value;
	options->userxattr = true;
	return 0;
}

static const struct {
	const char *key;
	int (*take)(struct overlay_options *options, char *value);
} overlay_keys[] = {
	{ "lowerdir", option_lowerdir },   { "lowerdir+", option_lowerdir_add }, { "datadir", option_datadir },
	{ "datadir+", option_datadir },    { "upperdir", option_upperdir },      { "workdir", option_workdir },
	{ "userxattr", option_userxattr },
};

/* One "key=value" or "key"; keys that do not concern us are passed over. */
static int take_option(struct overlay_options *options, char *option)
{
	char *value = option, *key = strsep(&value, "=");

	for (size_t i = 0; i < ARRAY_SIZE(overlay_keys); i++) {
		if (strcmp(key, overlay_keys[i].key) != 0)
			continue;
		if (!value)
			value = key + strlen(key);
		return decode_octal(value) ?: overlay_keys[i].take(options, value);
	}
	return 0;
}

/* Cuts *rest at the next comma. One behind a backslash belongs to the value: so kernels that show the options
 * as they were given escape it; newer ones show \054. */
static char *next_option(char **rest)
{
	char *start = *rest, *at = start;

	if (!start)
		return NULL;
	while (*at && *at != ',')
		at += *at == '\\' && at[1] ? 2 : 1;
	*rest = *at ? at + 1 : NULL;
	*at = '\0';
	return start;
}

int overlay_options_parse(const char *super, struct overlay_options *ret_options)
{
	_cleanup_(overlay_options_clear) struct overlay_options options = { 0 };
	_cleanup_free_ char *copy = strdup(super);
	char *rest = copy, *option;
	int error = copy ? 0 : -ENOMEM;

	while (!error && (option = next_option(&rest)))
		error = take_option(&options, option);
	if (!error && options.lowers == 0)
		error = -EBADMSG;
	if (error)
		return error;
	*ret_options = options;
	options = (struct overlay_options){ 0 };
	return 0;
}
