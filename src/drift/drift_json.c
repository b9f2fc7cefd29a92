// SPDX-License-Identifier: Apache-2.0
/*
 * interfaces.md, "JSON of the other commands": the alert's field names wherever the thing is the same. Text that is no
 * UTF-8 goes out with U+FFFD, and whole, in base64, in plimsoll.raw of the object that it is in.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "decode/names.h"
#include "drift/drift.h"
#include "output/time.h"
#include "output/writer.h"

#define PASS_SIZE   (64u << 10)
#define WAITING_MAX (16u << 20) /* of what is not passed on yet: the longest list is of notes */
#define RAWS_MAX    16

/* An object, and its text that was no UTF-8: plimsoll.raw ends it. */
struct object {
	struct json_writer writer;
	struct {
		const char *path, *text;
	} raws[RAWS_MAX];
	size_t raw_count;
};

static void put(struct object *object, const char *path, const char *text)
{
	if (writer_field(&object->writer, path, text) || object->raw_count == RAWS_MAX)
		return;
	object->raws[object->raw_count].path = path;
	object->raws[object->raw_count++].text = text;
}

static void put_raws(struct object *object)
{
	char path[WRITER_PATH_MAX];

	for (size_t i = 0; i < object->raw_count; i++) {
		const char *text = object->raws[i].text;

		(void)snprintf(path, sizeof(path), "plimsoll.raw.%s", object->raws[i].path);
		writer_at(&object->writer, path);
		writer_base64(&object->writer, text, strlen(text));
	}
}

static void put_number(struct object *object, const char *path, uint64_t number)
{
	if (!number)
		return;
	writer_at(&object->writer, path);
	writer_number(&object->writer, number);
}

static void put_only(struct object *object, const char *path, const char *text)
{
	if (!text)
		return;
	writer_at(&object->writer, path);
	writer_open(&object->writer, '[');
	(void)writer_string(&object->writer, text, strlen(text));
	writer_close(&object->writer, ']');
}

static void put_time(struct object *object, const char *path, int64_t time)
{
	char text[TIME_RFC3339_SIZE];

	if (!time)
		return;
	time_rfc3339(time, text);
	put(object, path, text);
}

static void put_digest(struct object *object, const char *path, const struct digest *digest)
{
	char text[DIGEST_TEXT_MAX];

	if (digest->kind == DIGEST_NONE)
		return;
	digest_text(digest, text);
	put(object, path, text);
}

static void put_element(struct json_writer *array, struct object *element)
{
	put_raws(element);
	writer_element_end(array, &element->writer);
}

/* ---- files ---- */

static void put_stat(struct object *object, const struct rootfs_stat *stat)
{
	char mode[8];

	(void)snprintf(mode, sizeof(mode), "%04o", stat->mode & 07777);
	put(object, "file.type", file_type_name(stat->mode));
	writer_at(&object->writer, "file.inode");
	writer_id(&object->writer, stat->inode);
	if (S_ISREG(stat->mode)) {
		writer_at(&object->writer, "file.size");
		writer_number(&object->writer, stat->size);
	}
	put(object, "file.mode", mode);
	writer_at(&object->writer, "file.uid");
	writer_id(&object->writer, stat->uid);
	writer_at(&object->writer, "file.gid");
	writer_id(&object->writer, stat->gid);
	put_time(object, "file.mtime", stat->mtime);
	put_time(object, "file.ctime", stat->ctime);
}

static void put_writer(struct object *object, const struct drift_file *file)
{
	put_number(object, "plimsoll.writer.pid", file->writer.pid);
	put(object, "plimsoll.writer.executable", file->writer.executable);
	put(object, "plimsoll.writer.session", file->writer.session);
	put(object, "plimsoll.writer.time", file->writer.time);
}

static void put_file(struct json_writer *array, const struct drift_file *file)
{
	bool there = file->kind != DIFFERENCE_REMOVED;
	struct object object = { .raw_count = 0 };

	writer_element_begin(array, &object.writer);
	put(&object, "file.path", file->path);
	if (there)
		put_stat(&object, &file->stat);
	put_digest(&object, "file.hash.sha256", &file->digest);
	put(&object, "package.name", file->package.name);
	put(&object, "package.version", file->package.version);
	put(&object, "package.type", file->package.type);
	put(&object, "plimsoll.change", drift_kind_name(file->kind));
	put(&object, "plimsoll.layer", there ? "upper" : "image");
	put_digest(&object, "plimsoll.expected", &file->expected);
	put(&object, "plimsoll.from", file->from);
	put_time(&object, "plimsoll.time", there ? 0 : file->stat.ctime);
	put_number(&object, "plimsoll.files", file->owned);
	put_writer(&object, file);
	put_element(array, &object);
}

/* ---- packages ---- */

static void put_package(struct json_writer *array, const struct package_change *change)
{
	struct object object = { .raw_count = 0 };

	writer_element_begin(array, &object.writer);
	put(&object, "package.name", change->name);
	put(&object, "package.version", change->to ?: change->from);
	put(&object, "package.architecture", change->architecture);
	put(&object, "package.type", package_type_name(change->type));
	put(&object, "plimsoll.change", package_change_name(change->kind));
	put(&object, "plimsoll.from", change->from);
	put(&object, "plimsoll.to", change->to);
	put_element(array, &object);
}

static void put_note(struct json_writer *array, const struct inventory_note *note)
{
	struct object object = { .raw_count = 0 };

	writer_element_begin(array, &object.writer);
	put(&object, "source", note->source);
	put(&object, "path", note->path);
	put(&object, "reason", note->reason);
	put_element(array, &object);
}

/* ---- all of it ---- */

static void put_facts(struct object *object, const struct container_facts *facts)
{
	put(object, "container.id", facts->id);
	put(object, "container.name", facts->name);
	put(object, "container.runtime", facts->runtime);
	put(object, "container.image.name", facts->image_name);
	put_only(object, "container.image.tag", facts->image_tag);
	put_only(object, "container.image.hash.all", facts->image_digest ?: facts->image ? facts->image->id : NULL);
	if (!facts->pod_namespace)
		return;
	put(object, "orchestrator.type", "kubernetes");
	put(object, "orchestrator.namespace", facts->pod_namespace);
	put(object, "orchestrator.resource.id", facts->pod_uid);
	put(object, "orchestrator.resource.name", facts->pod_name);
	put(object, "orchestrator.resource.type", "pod");
}

/* What is written goes out once it is much: nothing of it is looked at again. */
static void pass(struct buffer *buffer, size_t least, FILE *out)
{
	if (buffer->error || buffer->size < least)
		return;
	(void)fwrite(buffer->data, 1, buffer->size, out);
	buffer_rewind(buffer, 0);
}

static void put_files(struct object *object, const struct drift *drift, FILE *out)
{
	writer_at(&object->writer, "files");
	writer_open(&object->writer, '[');
	for (size_t i = 0; i < drift->count; i++) {
		put_file(&object->writer, &drift->files[i]);
		pass(object->writer.out, PASS_SIZE, out);
	}
	writer_close(&object->writer, ']');
}

static void put_packages(struct object *object, const struct drift *drift, FILE *out)
{
	size_t count = drift->packages ? package_changes_count(drift->packages) : 0;

	writer_at(&object->writer, "packages");
	writer_open(&object->writer, '[');
	for (size_t i = 0; i < count; i++) {
		const struct package_change change = package_changes_at(drift->packages, i);

		put_package(&object->writer, &change);
		pass(object->writer.out, PASS_SIZE, out);
	}
	writer_close(&object->writer, ']');
}

static void put_notes(struct object *object, const struct drift *drift)
{
	size_t count = drift->present ? inventory_note_count(drift->present) : 0;

	if (!count)
		return;
	writer_at(&object->writer, "plimsoll.notes");
	writer_open(&object->writer, '[');
	for (size_t i = 0; i < count; i++) {
		const struct inventory_note note = inventory_note(drift->present, i);

		put_note(&object->writer, &note);
	}
	writer_close(&object->writer, ']');
}

/* What the answer lacks. */
static void put_gaps(struct object *object, const struct drift *drift)
{
	size_t total = drift->packages ? package_changes_total(drift->packages) : 0;

	put_number(object, "plimsoll.unseen", drift->unseen);
	put_number(object, "plimsoll.unhashed", drift->unhashed);
	put_number(object, "plimsoll.untold", total ? total - package_changes_count(drift->packages) : 0);
	put(object, "plimsoll.unread", drift->unread);
	put_notes(object, drift);
}

int drift_json(const struct drift *drift, const struct container_facts *facts, FILE *out)
{
	_cleanup_buffer_ struct buffer buffer = { .limit = WAITING_MAX };
	struct object object = { .raw_count = 0 };

	writer_begin(&object.writer, &buffer);
	put_facts(&object, facts);
	put_files(&object, drift, out);
	put_packages(&object, drift, out);
	put_gaps(&object, drift);
	put_raws(&object);
	writer_end(&object.writer);
	buffer_byte(&buffer, '\n');
	pass(&buffer, 0, out);
	return buffer.error;
}
