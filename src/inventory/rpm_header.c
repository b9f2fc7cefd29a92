// SPDX-License-Identifier: Apache-2.0
#include "inventory/rpm_header.h"

#include <errno.h>
#include <string.h>

enum type { TYPE_INT8 = 2, TYPE_INT16 = 3, TYPE_INT32 = 4, TYPE_STRING = 6, TYPE_STRINGS = 8, TYPE_I18N = 9 };

#define ENTRY_SIZE 16

struct entry {
	uint32_t tag, type, offset, count;
};

static uint32_t big32(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

int rpm_header_open(const void *blob, size_t size, struct rpm_header *ret_header)
{
	const uint8_t *bytes = blob;
	struct rpm_header header;

	if (size < 8)
		return -EBADMSG;
	header.entries = big32(bytes);
	header.size = big32(bytes + 4);
	header.index = bytes + 8;
	if (header.entries > RPM_ENTRIES_MAX || (size_t)header.entries * ENTRY_SIZE > size - 8 ||
	    header.size > size - 8 - (size_t)header.entries * ENTRY_SIZE)
		return -EBADMSG;
	header.data = header.index + (size_t)header.entries * ENTRY_SIZE;
	*ret_header = header;
	return 0;
}

static bool entry_find(const struct rpm_header *header, enum rpm_tag tag, struct entry *ret_entry)
{
	for (uint32_t i = 0; i < header->entries; i++) {
		const uint8_t *bytes = header->index + (size_t)i * ENTRY_SIZE;

		if (big32(bytes) != (uint32_t)tag)
			continue;
		*ret_entry = (struct entry){ big32(bytes), big32(bytes + 4), big32(bytes + 8), big32(bytes + 12) };
		return ret_entry->offset < header->size;
	}
	return false;
}

uint32_t rpm_header_count(const struct rpm_header *header, enum rpm_tag tag)
{
	struct entry entry;

	return entry_find(header, tag, &entry) ? entry.count : 0;
}

/* That ends within the data. */
static const char *text_at(const struct rpm_header *header, uint32_t offset)
{
	const char *text = (const char *)header->data + offset;

	return memchr(text, '\0', header->size - offset) ? text : NULL;
}

const char *rpm_header_string(const struct rpm_header *header, enum rpm_tag tag)
{
	struct entry entry;

	if (!entry_find(header, tag, &entry) || !entry.count ||
	    (entry.type != TYPE_STRING && entry.type != TYPE_STRINGS && entry.type != TYPE_I18N))
		return NULL;
	return text_at(header, entry.offset);
}

bool rpm_header_number(const struct rpm_header *header, enum rpm_tag tag, uint32_t at, uint32_t *ret_number)
{
	static const uint8_t sizes[] = { [TYPE_INT8] = 1, [TYPE_INT16] = 2, [TYPE_INT32] = 4 };
	struct entry entry;
	uint32_t size, number = 0;

	if (!entry_find(header, tag, &entry) || at >= entry.count || entry.type > TYPE_INT32 || !sizes[entry.type])
		return false;
	size = sizes[entry.type];
	if (((uint64_t)at + 1) * size > header->size - entry.offset)
		return false;
	for (uint32_t i = 0; i < size; i++)
		number = number << 8 | header->data[entry.offset + at * size + i];
	*ret_number = number;
	return true;
}

struct rpm_strings rpm_header_strings(const struct rpm_header *header, enum rpm_tag tag)
{
	struct entry entry;

	if (!entry_find(header, tag, &entry) || (entry.type != TYPE_STRINGS && entry.type != TYPE_I18N))
		return (struct rpm_strings){ 0 };
	return (struct rpm_strings){ (const char *)header->data + entry.offset,
				     (const char *)header->data + header->size, entry.count };
}

const char *rpm_strings_next(struct rpm_strings *strings)
{
	const char *text = strings->at, *end;

	if (!strings->left)
		return NULL;
	end = memchr(text, '\0', (size_t)(strings->end - text));
	if (!end) {
		strings->left = 0;
		return NULL;
	}
	strings->at = end + 1;
	strings->left = strings->at < strings->end ? strings->left - 1 : 0;
	return text;
}
