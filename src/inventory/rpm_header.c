// SPDX-License-Identifier: Apache-2.0
#include "inventory/rpm_header.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

enum type {
	TYPE_CHAR = 1,
	TYPE_INT8 = 2,
	TYPE_INT16 = 3,
	TYPE_INT32 = 4,
	TYPE_STRING = 6,
	TYPE_STRINGS = 8,
	TYPE_I18N = 9,
};

#define HEAD_SIZE  8
#define ENTRY_SIZE 16

static uint32_t big32(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

int rpm_header_open(const void *blob, size_t size, struct rpm_header *ret_header)
{
	const uint8_t *bytes = blob;
	struct rpm_header header;
	size_t left, index_size;

	if (size < HEAD_SIZE)
		return -EBADMSG;
	left = size - HEAD_SIZE;
	header.entries = big32(bytes);
	header.size = big32(bytes + 4);
	index_size = (size_t)header.entries * ENTRY_SIZE;
	if (header.entries > RPM_ENTRIES_MAX || index_size > left || header.size > left - index_size)
		return -EBADMSG;
	header.index = bytes + HEAD_SIZE;
	header.data = header.index + index_size;
	*ret_header = header;
	return 0;
}

/* ---- values of a tag ---- */

struct values {
	uint32_t type, count;
	const uint8_t *data;
	uint32_t room; /* bytes from there to the end of the data */
};

/* Entries that were added behind the package's own count before those. */
static bool values_find(const struct rpm_header *header, enum rpm_tag tag, struct values *ret_values)
{
	for (uint32_t i = header->entries; i-- > 0;) {
		const uint8_t *entry = header->index + (size_t)i * ENTRY_SIZE;
		uint32_t offset = big32(entry + 8);

		if (big32(entry) != (uint32_t)tag || offset >= header->size)
			continue;
		*ret_values = (struct values){ big32(entry + 4), big32(entry + 12), header->data + offset,
					       header->size - offset };
		return true;
	}
	return false;
}

struct numbers {
	const uint8_t *at;
	uint32_t count;
	size_t width; /* bytes of each */
};

static struct numbers numbers_find(const struct rpm_header *header, enum rpm_tag tag)
{
	static const uint8_t widths[] = { [TYPE_CHAR] = 1, [TYPE_INT8] = 1, [TYPE_INT16] = 2, [TYPE_INT32] = 4 };
	struct values values;
	size_t width;

	if (!values_find(header, tag, &values) || values.type >= ARRAY_SIZE(widths))
		return (struct numbers){ 0 };
	width = widths[values.type];
	if (width == 0 || values.count > values.room / width)
		return (struct numbers){ 0 };
	return (struct numbers){ values.data, values.count, width };
}

/* 0 behind the last. */
static uint32_t number_at(const struct numbers *numbers, uint32_t at)
{
	uint32_t number = 0;

	for (size_t i = 0; at < numbers->count && i < numbers->width; i++)
		number = number << 8 | numbers->at[at * numbers->width + i];
	return number;
}

struct strings {
	const char *at, *end;
	uint32_t left;
};

static struct strings strings_find(const struct rpm_header *header, enum rpm_tag tag)
{
	struct values values;

	if (!values_find(header, tag, &values) ||
	    (values.type != TYPE_STRING && values.type != TYPE_STRINGS && values.type != TYPE_I18N))
		return (struct strings){ 0 };
	return (struct strings){ (const char *)values.data, (const char *)values.data + values.room, values.count };
}

/* NULL: there are no more, or the next does not end. */
static const char *strings_next(struct strings *strings)
{
	const char *text = strings->at;
	const char *end = strings->left ? memchr(text, '\0', (size_t)(strings->end - text)) : NULL;

	if (!end)
		return NULL;
	strings->at = end + 1;
	strings->left--;
	return text;
}

const char *rpm_header_string(const struct rpm_header *header, enum rpm_tag tag)
{
	struct strings strings = strings_find(header, tag);

	return strings_next(&strings);
}

bool rpm_header_number(const struct rpm_header *header, enum rpm_tag tag, uint32_t *ret_number)
{
	const struct numbers numbers = numbers_find(header, tag);

	if (numbers.count == 0)
		return false;
	*ret_number = number_at(&numbers, 0);
	return true;
}

/* ---- files ---- */

static enum digest_kind algorithm_of(const struct rpm_header *header)
{
	/* RFC 4880, 9.4 */
	static const enum digest_kind kinds[] = {
		[1] = DIGEST_MD5,    [2] = DIGEST_SHA1,    [8] = DIGEST_SHA256,
		[9] = DIGEST_SHA384, [10] = DIGEST_SHA512, [11] = DIGEST_SHA224,
	};
	uint32_t number;

	if (!rpm_header_number(header, RPM_DIGEST_ALGORITHM, &number))
		return DIGEST_MD5;
	return number < ARRAY_SIZE(kinds) ? kinds[number] : DIGEST_NONE;
}

static int directories_take(const struct rpm_header *header, const char ***ret_directories, uint32_t *ret_count)
{
	struct strings strings = strings_find(header, RPM_DIR_NAMES);
	_cleanup_free_ const char **directories = NULL;

	if (strings.left > RPM_DIRECTORIES_MAX)
		return -EBADMSG;
	directories = calloc(strings.left ?: 1, sizeof(*directories));
	if (!directories)
		return -ENOMEM;
	*ret_count = 0;
	for (const char *directory; (directory = strings_next(&strings));)
		directories[(*ret_count)++] = directory;
	*ret_directories = take_ptr(directories);
	return 0;
}

/* The lists that a package's files are told in, side by side. */
struct lists {
	struct strings names, digests;
	struct numbers directories, modes, flags, states;
	enum digest_kind kind;
};

static struct lists lists_find(const struct rpm_header *header)
{
	return (struct lists){
		.names = strings_find(header, RPM_BASE_NAMES),
		.digests = strings_find(header, RPM_FILE_DIGESTS),
		.directories = numbers_find(header, RPM_DIR_INDEXES),
		.modes = numbers_find(header, RPM_FILE_MODES),
		.flags = numbers_find(header, RPM_FILE_FLAGS),
		.states = numbers_find(header, RPM_FILE_STATES),
		.kind = algorithm_of(header),
	};
}

/* Digests, flags and states may be left out whole. */
static bool lists_fit(const struct lists *lists)
{
	uint32_t count = lists->names.left;

	return lists->directories.count == count && lists->modes.count == count &&
	       (!lists->digests.left || lists->digests.left == count) &&
	       (!lists->flags.count || lists->flags.count == count) &&
	       (!lists->states.count || lists->states.count == count);
}

int rpm_header_files(const struct rpm_header *header, int (*call)(const struct rpm_file *file, void *data), void *data)
{
	_cleanup_free_ const char **directories = NULL;
	struct lists lists = lists_find(header);
	const uint32_t count = lists.names.left, digest_count = lists.digests.left;
	uint32_t directory_count;
	int r = lists_fit(&lists) ? directories_take(header, &directories, &directory_count) : -EBADMSG;

	for (uint32_t i = 0; r == 0 && i < count; i++) {
		const char *name = strings_next(&lists.names), *digest = strings_next(&lists.digests);
		uint32_t directory = number_at(&lists.directories, i);
		struct rpm_file file = {
			.mode = number_at(&lists.modes, i),
			.flags = number_at(&lists.flags, i),
			.state = number_at(&lists.states, i),
		};

		if (!name || directory >= directory_count || (digest_count && !digest))
			return -EBADMSG;
		file.directory = directories[directory];
		file.name = name;
		if (digest)
			(void)digest_from_hex(lists.kind, digest, strlen(digest), &file.digest);
		r = call(&file, data);
	}
	return r;
}
