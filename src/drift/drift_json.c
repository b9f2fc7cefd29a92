// SPDX-License-Identifier: Apache-2.0
/* interfaces.md, "JSON of the other commands": the alert's field names wherever the thing is the same. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "drift/drift.h"
#include "output/time.h"
#include "output/writer.h"

#define JSON_MAX (512u << 20)

static bool put(struct json_writer *writer, const char *path, const char *text)
{
	if (!text)
		return true;
	writer_at(writer, path);
	return writer_string(writer, text, strlen(text));
}

static void put_time(struct json_writer *writer, const char *path, int64_t time)
{
	char text[TIME_RFC3339_SIZE];

	if (!time)
		return;
	time_rfc3339(time, text);
	(void)put(writer, path, text);
}

static void put_digest(struct json_writer *writer, const char *path, const struct digest *digest)
{
	char text[DIGEST_TEXT_MAX];

	if (digest->kind == DIGEST_NONE)
		return;
	digest_text(digest, text);
	(void)put(writer, path, text);
}

static void put_stat(struct json_writer *writer, const struct rootfs_stat *stat)
{
	char mode[8];

	(void)snprintf(mode, sizeof(mode), "%04o", stat->mode & 07777);
	writer_at(writer, "file.inode");
	writer_id(writer, stat->inode);
	if (S_ISREG(stat->mode)) {
		writer_at(writer, "file.size");
		writer_number(writer, stat->size);
	}
	(void)put(writer, "file.mode", mode);
	put_time(writer, "file.mtime", stat->mtime);
	put_time(writer, "file.ctime", stat->ctime);
}

static void put_writer(struct json_writer *writer, const struct drift_file *file)
{
	if (!file->writer.pid)
		return;
	writer_at(writer, "plimsoll.writer.pid");
	writer_number(writer, file->writer.pid);
	(void)put(writer, "plimsoll.writer.executable", file->writer.executable);
	(void)put(writer, "plimsoll.writer.session", file->writer.session);
	(void)put(writer, "plimsoll.writer.time", file->writer.time);
}

/* Objects in an array have a writer of their own, for fields by path. */
static void element_begin(struct json_writer *array, struct json_writer *ret_element)
{
	if (array->comma)
		buffer_byte(array->out, ',');
	writer_begin(ret_element, array->out);
}

static void element_end(struct json_writer *array, struct json_writer *element)
{
	writer_end(element);
	array->comma = true;
}

static void put_file(struct json_writer *array, const struct drift_file *file)
{
	struct json_writer writer;
	bool whole;

	element_begin(array, &writer);
	whole = put(&writer, "file.path", file->path);
	if (file->kind != DIFFERENCE_REMOVED)
		put_stat(&writer, &file->stat);
	put_digest(&writer, "file.hash.sha256", &file->digest);
	(void)put(&writer, "package.name", file->package.name);
	(void)put(&writer, "package.version", file->package.version);
	(void)put(&writer, "package.type", file->package.type);
	(void)put(&writer, "plimsoll.change", drift_kind_name(file->kind));
	(void)put(&writer, "plimsoll.layer", file->kind == DIFFERENCE_REMOVED ? NULL : "upper");
	put_digest(&writer, "plimsoll.expected", &file->expected);
	(void)put(&writer, "plimsoll.from", file->from);
	if (file->kind == DIFFERENCE_REMOVED)
		put_time(&writer, "plimsoll.time", file->stat.ctime);
	if (file->owned) {
		writer_at(&writer, "plimsoll.files");
		writer_number(&writer, file->owned);
	}
	put_writer(&writer, file);
	if (!whole) {
		writer_at(&writer, "plimsoll.raw.file.path");
		writer_base64(&writer, file->path, strlen(file->path));
	}
	element_end(array, &writer);
}

static void put_package(struct json_writer *array, const struct package_change *change)
{
	static const char *const words[PACKAGE_CHANGE_KINDS] = {
		[PACKAGE_ADDED] = "added", [PACKAGE_REMOVED] = "removed", [PACKAGE_CHANGED] = "changed"
	};
	struct json_writer writer;

	element_begin(array, &writer);
	(void)put(&writer, "package.name", change->name);
	(void)put(&writer, "package.version", change->to ?: change->from);
	(void)put(&writer, "package.architecture", change->architecture);
	(void)put(&writer, "package.type", package_type_name(change->type));
	(void)put(&writer, "plimsoll.change", words[change->kind]);
	(void)put(&writer, "plimsoll.from", change->from);
	(void)put(&writer, "plimsoll.to", change->to);
	element_end(array, &writer);
}

static void put_facts(struct json_writer *writer, const struct container_facts *facts)
{
	const char *digest = facts->image_digest ?: facts->image ? facts->image->id : NULL;

	(void)put(writer, "container.id", facts->id);
	(void)put(writer, "container.name", facts->name);
	(void)put(writer, "container.runtime", facts->runtime);
	(void)put(writer, "container.image.name", facts->image_name);
	if (facts->image_tag) {
		writer_at(writer, "container.image.tag");
		writer_open(writer, '[');
		(void)writer_string(writer, facts->image_tag, strlen(facts->image_tag));
		writer_close(writer, ']');
	}
	if (digest) {
		writer_at(writer, "container.image.hash.all");
		writer_open(writer, '[');
		(void)writer_string(writer, digest, strlen(digest));
		writer_close(writer, ']');
	}
}

int drift_json(const struct drift *drift, const struct container_facts *facts, FILE *out)
{
	_cleanup_buffer_ struct buffer buffer = { .limit = JSON_MAX };
	struct json_writer writer;

	writer_begin(&writer, &buffer);
	put_facts(&writer, facts);
	writer_at(&writer, "files");
	writer_open(&writer, '[');
	for (size_t i = 0; i < drift->count; i++)
		put_file(&writer, &drift->files[i]);
	writer_close(&writer, ']');
	writer_at(&writer, "packages");
	writer_open(&writer, '[');
	for (size_t i = 0; drift->packages && i < package_changes_count(drift->packages); i++) {
		const struct package_change change = package_changes_at(drift->packages, i);

		put_package(&writer, &change);
	}
	writer_close(&writer, ']');
	if (drift->unseen) {
		writer_at(&writer, "plimsoll.unseen");
		writer_number(&writer, drift->unseen);
	}
	(void)put(&writer, "plimsoll.unread", drift->unread);
	writer_end(&writer);
	buffer_byte(&buffer, '\n');
	if (buffer.error)
		return -ENOMEM;
	(void)fwrite(buffer.data, 1, buffer.size, out);
	return 0;
}
