/* SPDX-License-Identifier: Apache-2.0 */
/* Tars of a test's own, written by hand (tar(5)): the library's writer brings every format's libraries, and refuses what a
 * hostile one would write. */
#ifndef PLM_TESTS_TAR_MAKE_H
#define PLM_TESTS_TAR_MAKE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/cleanup.h"

struct bytes {
	char *data;
	size_t size;
};

static inline void bytes_clear(struct bytes *bytes)
{
	free(bytes->data);
}

#define _cleanup_bytes_ _cleanup_(bytes_clear)

/* ---- headers ---- */

#define TAR_BLOCK 512

/* Letters of a header's type. */
#define TAR_FILE      '0'
#define TAR_HARD      '1'
#define TAR_LINK      '2'
#define TAR_DIRECTORY '5'
#define TAR_FIFO      '6'
#define TAR_LONG_LINK 'K' /* GNU's: the next header's name of a link, or name, as contents */
#define TAR_LONG_NAME 'L'
#define TAR_PAX       'x'

/* A number as the binary form has it, which large ones need. */
static inline void tar_number(unsigned char *field, uint64_t number)
{
	memset(field, 0, 12);
	field[0] = 0x80;
	for (size_t i = 0; i < 8; i++)
		field[11 - i] = (unsigned char)(number >> 8 * i);
}

static inline void tar_sum(unsigned char *header)
{
	unsigned sum = 0;

	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += header[i];
	(void)sprintf((char *)header + 148, "%06o", sum);
}

/* Without a sum yet. */
static inline void tar_header(unsigned char header[static TAR_BLOCK], const char *name, char type, unsigned mode,
			      uint64_t size)
{
	memset(header, 0, TAR_BLOCK);
	memcpy(header, name, strnlen(name, 100));
	(void)sprintf((char *)header + 100, "%07o", mode);
	memcpy(header + 108, "0000000\0000000000", 16);
	tar_number(header + 124, size);
	memcpy(header + 136, "00000000000", 12);
	header[156] = (unsigned char)type;
	memcpy(header + 257, "ustar  ", 8);
}

/* ---- a tar ---- */

struct maker {
	int filter;
	struct bytes bytes;
	FILE *file;
};

/* `filter`: ARCHIVE_FILTER_NONE, _GZIP, _ZSTD, _XZ. */
static inline struct maker *maker_new(int filter)
{
	struct maker *maker = calloc(1, sizeof(*maker));

	assert_non_null(maker);
	maker->filter = filter;
	maker->file = open_memstream(&maker->bytes.data, &maker->bytes.size);
	assert_non_null(maker->file);
	return maker;
}

/* A header with its sum, and contents to the end of a block. */
static inline void maker_block(struct maker *maker, unsigned char header[static TAR_BLOCK], const void *data,
			       size_t size)
{
	static const char zeros[TAR_BLOCK];
	size_t padding = -size % TAR_BLOCK;

	tar_sum(header);
	assert_int_equal(fwrite(header, 1, TAR_BLOCK, maker->file), TAR_BLOCK);
	assert_int_equal(fwrite(data, 1, size, maker->file), size);
	assert_int_equal(fwrite(zeros, 1, padding, maker->file), padding);
}

static inline void maker_long(struct maker *maker, char type, const char *text)
{
	unsigned char header[TAR_BLOCK];

	tar_header(header, "././@LongLink", type, 0644, strlen(text) + 1);
	maker_block(maker, header, text, strlen(text) + 1);
}

struct member {
	const char *name;
	char type;
	unsigned mode;
	const char *link; /* of TAR_HARD and TAR_LINK */
	const void *data;
	size_t size;
};

static inline void maker_add(struct maker *maker, const struct member *member)
{
	unsigned char header[TAR_BLOCK];

	if (member->link && strlen(member->link) > 100)
		maker_long(maker, TAR_LONG_LINK, member->link);
	if (strlen(member->name) > 100)
		maker_long(maker, TAR_LONG_NAME, member->name);
	tar_header(header, member->name, member->type, member->mode, member->size);
	if (member->link)
		memcpy(header + 157, member->link, strnlen(member->link, 100));
	maker_block(maker, header, member->data ?: "", member->size);
}

static inline void maker_file(struct maker *maker, const char *name, const void *data, size_t size)
{
	maker_add(maker, &(struct member){ name, TAR_FILE, 0644, NULL, data, size });
}

/* What the next header is called, as pax(1) writes it: "LENGTH path=NAME\n". */
static inline void maker_pax(struct maker *maker, const char *name)
{
	size_t length = strlen(" path=\n") + strlen(name), whole = length;
	unsigned char header[TAR_BLOCK];
	char text[8192];

	while (whole != length + (size_t)snprintf(NULL, 0, "%zu", whole))
		whole++;
	(void)snprintf(text, sizeof(text), "%zu path=%s\n", whole, name);
	tar_header(header, "pax", TAR_PAX, 0644, whole);
	maker_block(maker, header, text, whole);
}

/* What a filter, or one around the other, makes of bytes. */
static inline struct bytes packed(const struct bytes *bytes, int filter, int times)
{
	static const struct {
		int filter;
		int (*add)(struct archive *archive);
	} rows[] = {
		{ ARCHIVE_FILTER_GZIP, archive_write_add_filter_gzip },
		{ ARCHIVE_FILTER_ZSTD, archive_write_add_filter_zstd },
		{ ARCHIVE_FILTER_XZ, archive_write_add_filter_xz },
	};
	struct archive *archive = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	struct bytes packed;
	FILE *file = open_memstream(&packed.data, &packed.size);

	assert_int_equal(archive_write_set_format_raw(archive), ARCHIVE_OK);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (int j = 0; rows[i].filter == filter && j < times; j++)
			assert_int_equal(rows[i].add(archive), ARCHIVE_OK);
	assert_int_equal(archive_write_set_bytes_in_last_block(archive, 1), ARCHIVE_OK);
	assert_int_equal(archive_write_open_FILE(archive, file), ARCHIVE_OK);
	archive_entry_set_filetype(entry, AE_IFREG);
	assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(archive, bytes->data, bytes->size), bytes->size);
	archive_entry_free(entry);
	assert_int_equal(archive_write_free(archive), ARCHIVE_OK);
	assert_int_equal(fclose(file), 0);
	return packed;
}

static inline struct bytes maker_end(struct maker *maker)
{
	static const char zeros[2 * TAR_BLOCK];
	_cleanup_bytes_ struct bytes plain = { 0 };
	int filter = maker->filter;

	assert_int_equal(fwrite(zeros, 1, sizeof(zeros), maker->file), sizeof(zeros));
	assert_int_equal(fclose(maker->file), 0);
	plain = maker->bytes;
	free(maker);
	return filter == ARCHIVE_FILTER_NONE ? (struct bytes){ take_ptr(plain.data), plain.size }
					     : packed(&plain, filter, 1);
}

#endif
