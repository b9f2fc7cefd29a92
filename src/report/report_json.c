// SPDX-License-Identifier: Apache-2.0
/*
 * JSON with an alert's field names wherever the thing is the same. Text that is no UTF-8 goes out with U+FFFD, and whole,
 * in base64, in plimsoll.raw of the object that it is in; of a list all members, in their order.
 */
#include "report/internal.h"

#include <stddef.h>
#include <string.h>

/* Fields of a structure that are text, by name. */
struct text_field {
	const char *path;
	size_t offset;
};

static const char *text_of(const struct text_field *field, const void *object)
{
	return *(const char *const *)((const char *)object + field->offset);
}

#define TEXTS_MAX 16 /* of one object */

/* Which of them were no UTF-8, a bit each. */
static unsigned put_texts(struct json_writer *writer, const struct text_field *fields, size_t count, const void *object)
{
	unsigned broken = 0;

	for (size_t i = 0; i < count && i < TEXTS_MAX; i++)
		if (!writer_field(writer, fields[i].path, text_of(&fields[i], object)))
			broken |= 1u << i;
	return broken;
}

/* These again, byte for byte. What else stands in plimsoll comes before. */
static void put_raw(struct json_writer *writer, const struct text_field *fields, unsigned broken, const void *object)
{
	char path[WRITER_PATH_MAX];

	for (size_t i = 0; broken >> i; i++) {
		const char *text = text_of(&fields[i], object);

		if (!(broken >> i & 1))
			continue;
		(void)snprintf(path, sizeof(path), "plimsoll.raw.%s", fields[i].path);
		writer_at(writer, path);
		writer_base64(writer, text, strlen(text));
	}
}

static void put_fields(struct json_writer *writer, const struct text_field *fields, size_t count, const void *object)
{
	put_raw(writer, fields, put_texts(writer, fields, count, object), object);
}

/* ---- what it is of ---- */

static void put_only(struct json_writer *writer, const char *path, const char *text)
{
	if (!text)
		return;
	writer_at(writer, path);
	writer_open(writer, '[');
	(void)writer_string(writer, text, strlen(text));
	writer_close(writer, ']');
}

static void put_image(struct document *document)
{
	const struct report *report = document->report;
	const struct container_facts *facts = report->facts;
	struct json_writer image;

	writer_at(&document->writer, "image");
	writer_element_begin(&document->writer, &image);
	(void)writer_field(&image, "name", facts->image_name);
	put_only(&image, "tag", facts->image_tag);
	put_only(&image, "hash.all", facts->image_digest);
	(void)writer_field(&image, "id", facts->image ? facts->image->id : NULL);
	if (report->layers) {
		writer_at(&image, "layers");
		writer_number(&image, report->layers);
	}
	put_fields(&image, &(struct text_field){ "path", 0 }, 1, &report->path);
	writer_element_end(&document->writer, &image);
}

static void put_container(struct document *document)
{
	static const struct text_field fields[] = {
		{ "container.id", offsetof(struct container_facts, id) },
		{ "container.name", offsetof(struct container_facts, name) },
		{ "container.runtime", offsetof(struct container_facts, runtime) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		(void)writer_field(&document->writer, fields[i].path, text_of(&fields[i], document->report->facts));
}

static void put_distribution(struct document *document)
{
	static const struct text_field fields[] = {
		{ "id", offsetof(struct inventory_system, id) },
		{ "version", offsetof(struct inventory_system, version) },
		{ "name", offsetof(struct inventory_system, name) },
	};
	struct inventory_system system = inventory_system(document->inventory);
	struct json_writer distribution;

	if (!system.id && !system.version && !system.name)
		return;
	writer_at(&document->writer, "distribution");
	writer_element_begin(&document->writer, &distribution);
	put_fields(&distribution, fields, ARRAY_SIZE(fields), &system);
	writer_element_end(&document->writer, &distribution);
}

/* ---- packages ---- */

static void put_package(struct document *document, const struct inventory_package *package)
{
	static const struct text_field fields[] = {
		{ "name", offsetof(struct inventory_package, name) },
		{ "version", offsetof(struct inventory_package, version) },
		{ "architecture", offsetof(struct inventory_package, architecture) },
		{ "purl", offsetof(struct inventory_package, purl) },
		{ "origin", offsetof(struct inventory_package, origin) },
		{ "license", offsetof(struct inventory_package, license) },
		{ "location", offsetof(struct inventory_package, location) },
	};
	struct json_writer element;
	unsigned broken;

	writer_element_begin(&document->writer, &element);
	broken = put_texts(&element, fields, ARRAY_SIZE(fields), package);
	(void)writer_field(&element, "type", package_type_name(package->type));
	writer_at(&element, "files");
	writer_number(&element, package->files);
	put_raw(&element, fields, broken, package);
	writer_element_end(&document->writer, &element);
	document_pass(document);
}

static void put_packages(struct document *document)
{
	size_t count = inventory_package_count(document->inventory);

	writer_at(&document->writer, "packages");
	writer_open(&document->writer, '[');
	for (size_t i = 0; i < count; i++) {
		struct inventory_package package = inventory_package(document->inventory, i);

		put_package(document, &package);
	}
	writer_close(&document->writer, ']');
}

/* ---- files ---- */

/* Whether all of them were UTF-8. */
static bool put_unpackaged(struct document *document, const char *key, bool raw)
{
	size_t count = inventory_unpackaged_count(document->inventory);
	char path[PATH_MAX];
	bool whole = true;

	writer_at(&document->writer, key);
	writer_open(&document->writer, '[');
	for (size_t i = 0; i < count; i++) {
		inventory_unpackaged(document->inventory, i, path);
		if (raw)
			writer_base64(&document->writer, path, strlen(path));
		else
			whole &= writer_string(&document->writer, path, strlen(path));
		document_pass(document);
	}
	writer_close(&document->writer, ']');
	return whole;
}

static void put_notes(struct document *document)
{
	static const struct text_field fields[] = {
		{ "source", offsetof(struct inventory_note, source) },
		{ "path", offsetof(struct inventory_note, path) },
		{ "reason", offsetof(struct inventory_note, reason) },
	};
	size_t count = inventory_note_count(document->inventory);

	writer_at(&document->writer, "notes");
	writer_open(&document->writer, '[');
	for (size_t i = 0; i < count; i++) {
		struct inventory_note note = inventory_note(document->inventory, i);
		struct json_writer element;

		writer_element_begin(&document->writer, &element);
		put_fields(&element, fields, ARRAY_SIZE(fields), &note);
		writer_element_end(&document->writer, &element);
	}
	writer_close(&document->writer, ']');
}

/* ---- files of packages ---- */

static void put_expected(struct json_writer *writer, const struct digest *digest)
{
	char hex[DIGEST_TEXT_MAX], text[DIGEST_TEXT_MAX + 16];

	if (digest->kind == DIGEST_NONE)
		return;
	digest_text(digest, hex);
	(void)snprintf(text, sizeof(text), "%s:%s", digest_name(digest->kind), hex);
	(void)writer_field(writer, "plimsoll.expected", text);
}

static void put_flag(struct json_writer *writer, const char *key, uint32_t flag)
{
	if (!flag)
		return;
	writer_at(writer, key);
	writer_bool(writer, true);
}

static void put_file(struct document *document, const struct inventory_file *file, const char *path)
{
	static const struct text_field field = { "file.path", 0 };
	struct inventory_package package = inventory_package(document->inventory, file->package);
	struct json_writer element;
	unsigned broken;

	writer_element_begin(&document->writer, &element);
	broken = put_texts(&element, &field, 1, &path);
	(void)writer_field(&element, "package.name", package.name);
	(void)writer_field(&element, "package.version", package.version);
	(void)writer_field(&element, "package.type", package_type_name(package.type));
	(void)writer_field(&element, "plimsoll.change", report_change(file));
	put_expected(&element, &file->digest);
	put_flag(&element, "plimsoll.configuration", file->flags & INVENTORY_FILE_CONFIG);
	put_flag(&element, "plimsoll.ghost", file->flags & INVENTORY_FILE_GHOST);
	put_raw(&element, &field, broken, &path);
	writer_element_end(&document->writer, &element);
	document_pass(document);
}

/* All of them, or those that verifying found changed. */
static void put_files(struct document *document)
{
	static const char *const names[VERIFIED_STATES] = { "verified.unchecked", "verified.same", "verified.modified",
							    "verified.removed", "verified.unreadable" };
	size_t count = inventory_file_count(document->inventory), counts[VERIFIED_STATES] = { 0 };
	char path[PATH_MAX];

	writer_at(&document->writer, "files");
	writer_open(&document->writer, '[');
	for (size_t i = 0; i < count; i++) {
		struct inventory_file file = inventory_file(document->inventory, i, path);

		counts[file.verified]++;
		if (document->report->files || report_change(&file))
			put_file(document, &file, path);
	}
	writer_close(&document->writer, ']');
	for (size_t i = 0; document->report->verified && i < VERIFIED_STATES; i++) {
		writer_at(&document->writer, names[i]);
		writer_number(&document->writer, counts[i]);
	}
}

static int json_print(const struct report *report, FILE *out)
{
	_cleanup_document_ struct document document = { .report = NULL };
	bool whole;

	document_begin(&document, report, out);
	put_image(&document);
	put_container(&document);
	put_distribution(&document);
	put_packages(&document);
	whole = put_unpackaged(&document, "unpackaged", false);
	put_notes(&document);
	if (report->verified || report->files)
		put_files(&document);
	if (!whole)
		(void)put_unpackaged(&document, "plimsoll.raw.unpackaged", true);
	return document_end(&document);
}

const struct report_format report_json = { "json", json_print };
