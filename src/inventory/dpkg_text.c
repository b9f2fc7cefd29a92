// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "inventory/deb822.h"
#include "inventory/dpkg.h"
#include "inventory/inventory.h"

#define MD5_DIGITS 32

#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Room for one more of `size` bytes. 0 or -ENOMEM. */
static int array_reserve(void **array, size_t count, size_t *capacity, size_t size)
{
	size_t more = *capacity ? *capacity * 2 : 64;
	void *larger;

	if (count < *capacity)
		return 0;
	larger = reallocarray(*array, more, size);
	if (!larger)
		return -ENOMEM;
	*array = larger;
	*capacity = more;
	return 0;
}

/* ---- status ---- */

enum { PACKAGE, STATUS, VERSION, ARCHITECTURE, MULTI_ARCH, SOURCE, CONFFILES, FIELDS };

static const char *const field_names[FIELDS] = {
	[PACKAGE] = "Package",       [STATUS] = "Status", [VERSION] = "Version",     [ARCHITECTURE] = "Architecture",
	[MULTI_ARCH] = "Multi-Arch", [SOURCE] = "Source", [CONFFILES] = "Conffiles",
};

static const struct state {
	const char *name;
	bool is_there;
} states[] = {
	{ "installed", true },        { "config-files", false },  { "unpacked", true },
	{ "half-configured", true },  { "half-installed", true }, { "triggers-awaited", true },
	{ "triggers-pending", true }, { "not-installed", false },
};

static bool is_name(const char *text, const char *others)
{
	return text && *text && strchr(DIGITS LETTERS, *text) && !text[strspn(text, others)];
}

/* Of the third word: what dpkg wants of a package, and that it is in order, are not asked. */
static bool is_there(struct lines *lines, size_t line, const char *status)
{
	const char *state = status ? strrchr(status, ' ') : NULL;

	if (!status || !*status) {
		lines_bad(lines, line, "begins a package without a state");
		return false;
	}
	state = state ? state + 1 : status;
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (strcmp(state, states[i].name) == 0)
			return states[i].is_there;
	lines_bad(lines, line, "begins a package of an unknown state");
	return true;
}

/* "name" or "name (version)". */
static void source_take(char *source, struct dpkg_package *package)
{
	char *version = strchr(source, '('), *end = version ? strchr(version, ')') : NULL;

	source[strcspn(source, " \t\n(")] = '\0';
	if (*source)
		package->source = source;
	if (end) {
		*end = '\0';
		package->source_version = version + 1;
	}
}

static const char *text_or_null(const char *text)
{
	return text && *text ? text : NULL;
}

static void package_take(struct lines *lines, size_t line, char *const *values, struct dpkg_package *ret_package)
{
	struct dpkg_package package = { .name = values[PACKAGE], .source = values[PACKAGE] };

	package.version = text_or_null(values[VERSION]);
	if (!package.version)
		lines_bad(lines, line, "begins a package without a version");
	if (is_name(values[ARCHITECTURE], DIGITS LETTERS "-"))
		package.architecture = values[ARCHITECTURE];
	else
		lines_bad(lines, line, "begins a package without an architecture");
	package.is_same = values[MULTI_ARCH] && strcmp(values[MULTI_ARCH], "same") == 0;
	package.conffiles = values[CONFFILES];
	if (values[SOURCE])
		source_take(values[SOURCE], &package);
	*ret_package = package;
}

int dpkg_status(struct lines *lines, bool has_states, int (*call)(const struct dpkg_package *package, void *data),
		void *data)
{
	char *values[FIELDS];
	size_t line;
	int r = 0;

	while (r == 0 && deb822_next(lines, field_names, FIELDS, values, &line)) {
		struct dpkg_package package;

		if (!is_name(values[PACKAGE], DIGITS LETTERS "+-._")) {
			lines_bad(lines, line, "begins a package without a right name");
			continue;
		}
		if (has_states && !is_there(lines, line, values[STATUS]))
			continue;
		package_take(lines, line, values, &package);
		r = call(&package, data);
	}
	if (has_states)
		lines_end(lines);
	return r;
}

/* ---- sums ---- */

static int sum_add(struct dpkg_sums *sums, struct dpkg_sum sum)
{
	int r = array_reserve((void **)&sums->sums, sums->count, &sums->capacity, sizeof(sum));

	if (r == 0)
		sums->sums[sums->count++] = sum;
	return r;
}

static bool is_md5(const char *text)
{
	size_t digits = 0;

	while (digits <= MD5_DIGITS && isxdigit((unsigned char)text[digits]))
		digits++;
	return digits == MD5_DIGITS;
}

/* Absolute, in place: of a relative path ("usr/bin/ls", "./usr/bin/ls") the byte before it is the slash. */
static const char *path_absolute(char *path)
{
	if (path[0] == '.' && path[1] == '/')
		path++;
	path += strspn(path, "/");
	path[-1] = '/';
	return path - 1;
}

/* The last word of a line, cut off; NULL: there are not two. */
static char *word_cut(char *line)
{
	char *blank = strrchr(line, ' ');

	if (!blank || blank == line)
		return NULL;
	*blank = '\0';
	return blank + 1;
}

/* "/path md5", with words about it behind: "obsolete" (in no version any more), "remove-on-upgrade". */
int dpkg_conffiles(struct lines *lines, struct dpkg_sums *sums)
{
	char *line;
	int r = 0;

	while (r == 0 && (line = lines_next(lines))) {
		char *word;

		line += strspn(line, " \t");
		if (!*line)
			continue; /* the field's own */
		do
			word = word_cut(line);
		while (word && (strcmp(word, "obsolete") == 0 || strcmp(word, "remove-on-upgrade") == 0));
		if (!word || *line != '/') {
			lines_bad(lines, lines->number, "is no conffile");
			continue;
		}
		/* Where the file was never there, or is not yet configured, a word is in its place. */
		r = sum_add(sums, (struct dpkg_sum){ line, is_md5(word) && !word[MD5_DIGITS] ? word : NULL,
						     INVENTORY_FILE_CONFIG, lines->number });
	}
	return r;
}

int dpkg_md5sums(struct lines *lines, struct dpkg_sums *sums)
{
	char *line;
	int r = 0;

	while (r == 0 && (line = lines_next(lines))) {
		char *rest = line + MD5_DIGITS;

		if (!is_md5(line) || rest[0] != ' ' || (rest[1] != ' ' && rest[1] != '*') || !rest[2]) {
			lines_bad(lines, lines->number, "is no checksum");
			continue;
		}
		*rest = '\0';
		r = sum_add(sums, (struct dpkg_sum){ path_absolute(rest + 2), line, 0, lines->number });
	}
	return r;
}

static int sum_compare(const void *a, const void *b)
{
	const struct dpkg_sum *left = a, *right = b;
	int order = strcmp(left->path, right->path);

	return order ? order : (int)(right->flags - left->flags);
}

void dpkg_sums_sort(struct dpkg_sums *sums)
{
	size_t sorted = 1;

	/* As they mostly are already. */
	while (sorted < sums->count && sum_compare(&sums->sums[sorted - 1], &sums->sums[sorted]) <= 0)
		sorted++;
	sums->next = 0;
	if (sorted < sums->count)
		qsort(sums->sums, sums->count, sizeof(sums->sums[0]), sum_compare);
}

static bool sum_is(const struct dpkg_sums *sums, size_t number, const char *path)
{
	return number < sums->count && strcmp(sums->sums[number].path, path) == 0;
}

/* The first of that path or behind it. */
static size_t sums_search(const struct dpkg_sums *sums, const char *path)
{
	size_t low = 0, high = sums->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(sums->sums[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct dpkg_sum *dpkg_sums_find(struct dpkg_sums *sums, const char *path)
{
	size_t number = sums->next;

	if (!sum_is(sums, number, path) || (number > 0 && sum_is(sums, number - 1, path)))
		number = sums_search(sums, path);
	if (!sum_is(sums, number, path))
		return NULL;
	sums->next = number + 1;
	return &sums->sums[number];
}

void dpkg_sums_clear(struct dpkg_sums *sums)
{
	free(sums->sums);
	*sums = (struct dpkg_sums){ 0 };
}

/* ---- lists ---- */

/* A path without a checksum: nearly always a link, or a directory that is empty or has only links in it: these stand at
 * the end of a list, not behind their directory. */
struct bare {
	const char *path;
	size_t line;
};

struct listing {
	struct lines *lines;
	int (*call)(const char *path, const struct dpkg_sum *sum, void *data);
	void *data;
	struct bare *bares;
	size_t count, capacity;
};

static bool is_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return strncmp(path, directory, length) == 0 && path[length] == '/';
}

static int path_give(const struct listing *listing, const char *path, const struct dpkg_sum *sum, size_t line)
{
	int r = listing->call(path, sum, listing->data);

	if (r != -EINVAL)
		return r;
	lines_bad(listing->lines, line, "is no clean path");
	return 0;
}

static int path_take(struct listing *listing, struct dpkg_sums *sums, const char *path, size_t line)
{
	const struct dpkg_sum *sum = dpkg_sums_find(sums, path);
	int r;

	if (sum)
		return path_give(listing, path, sum, line);
	r = array_reserve((void **)&listing->bares, listing->count, &listing->capacity, sizeof(listing->bares[0]));
	if (r == 0)
		listing->bares[listing->count++] = (struct bare){ path, line };
	return r;
}

static int bare_compare(const void *a, const void *b)
{
	const struct bare *left = a, *right = b;

	return strcmp(left->path, right->path);
}

/* Is one of the others, in order, below it? */
static bool is_directory(const struct listing *listing, const char *path)
{
	size_t low = 0, high = listing->count, length = strlen(path);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *other = listing->bares[middle].path;
		int order = strncmp(other, path, length);

		if (order < 0 || (order == 0 && (unsigned char)other[length] < '/'))
			low = middle + 1;
		else
			high = middle;
	}
	return low < listing->count && is_below(listing->bares[low].path, path);
}

static int bares_give(struct listing *listing)
{
	int r = 0;

	if (listing->count)
		qsort(listing->bares, listing->count, sizeof(listing->bares[0]), bare_compare);
	for (size_t i = 0; r == 0 && i < listing->count; i++)
		if (!is_directory(listing, listing->bares[i].path))
			r = path_give(listing, listing->bares[i].path, NULL, listing->bares[i].line);
	return r;
}

int dpkg_list(struct lines *lines, struct dpkg_sums *sums,
	      int (*call)(const char *path, const struct dpkg_sum *sum, void *data), void *data)
{
	struct listing listing = { .lines = lines, .call = call, .data = data };
	const char *path = lines_next(lines), *next = NULL;
	int r = 0;

	for (; r == 0 && path; path = next) {
		size_t line = lines->number;

		next = lines_next(lines);
		if (strcmp(path, "/.") != 0 && !(next && is_below(next, path)))
			r = path_take(&listing, sums, path, line);
	}
	if (r == 0)
		r = bares_give(&listing);
	free(listing.bares);
	return r;
}

/* ---- diversions ---- */

static int diversion_compare(const void *a, const void *b)
{
	const struct dpkg_diversion *left = a, *right = b;

	return strcmp(left->from, right->from);
}

int dpkg_diversions(struct lines *lines, struct dpkg_diversions *diversions)
{
	const char *from;
	int r = 0;

	while (r == 0 && (from = lines_next(lines))) {
		const char *to = lines_next(lines), *package = to ? lines_next(lines) : NULL;

		if (!package) {
			lines_bad(lines, lines->number, "ends in the middle of an entry");
			break;
		}
		r = array_reserve((void **)&diversions->diversions, diversions->count, &diversions->capacity,
				  sizeof(diversions->diversions[0]));
		if (r == 0)
			diversions->diversions[diversions->count++] = (struct dpkg_diversion){ from, to, package };
	}
	if (diversions->count)
		qsort(diversions->diversions, diversions->count, sizeof(diversions->diversions[0]), diversion_compare);
	return r;
}

void dpkg_diversions_clear(struct dpkg_diversions *diversions)
{
	free(diversions->diversions);
	*diversions = (struct dpkg_diversions){ 0 };
}

const char *dpkg_diverted(const struct dpkg_diversions *diversions, const char *package, const char *path)
{
	const struct dpkg_diversion key = { .from = path }, *found = NULL;

	if (diversions->count)
		found = bsearch(&key, diversions->diversions, diversions->count, sizeof(key), diversion_compare);
	return found && strcmp(found->package, package) != 0 ? found->to : NULL;
}
