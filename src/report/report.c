// SPDX-License-Identifier: Apache-2.0
#include "report/internal.h"

#include <string.h>

#include "output/time.h"

#define PASS_SIZE      65536
#define DOCUMENT_LIMIT (16u << 20) /* above all notes together, at their longest and with every byte escaped */

static const struct report_format *const formats[] = { &report_table, &report_json, &report_cyclonedx, &report_spdx };

const struct report_format *report_format_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (strcmp(formats[i]->name, name) == 0)
			return formats[i];
	return NULL;
}

const char *report_change(const struct inventory_file *file)
{
	static const char *const changes[VERIFIED_STATES] = {
		[VERIFIED_DIFFERS] = "modified",
		[VERIFIED_MISSING] = "removed",
		[VERIFIED_UNREADABLE] = "unreadable",
	};

	if (file->flags & INVENTORY_FILE_GHOST && file->verified == VERIFIED_MISSING)
		return NULL;
	return changes[file->verified];
}

const char *report_subject(const struct report *report)
{
	const struct container_facts *facts = report->facts;

	return facts->image_name ?: report->path ?: facts->image_digest ?: facts->name ?: facts->id ?: "image";
}

void report_time(const struct report *report, char ret_text[static REPORT_TIME_SIZE])
{
	char text[TIME_RFC3339_SIZE];

	time_rfc3339(report->time, text);
	(void)snprintf(ret_text, REPORT_TIME_SIZE, "%.19sZ", text);
}

void report_serial(const struct report *report, char ret_text[static REPORT_SERIAL_SIZE])
{
	static const char digits[] = "0123456789abcdef", before[] = "urn:uuid:";
	char *at = ret_text + strlen(before);

	memcpy(ret_text, before, strlen(before));
	for (size_t i = 0; i < sizeof(report->serial); i++) {
		uint8_t byte = report->serial[i];

		if (i == 6)
			byte = (byte & 0x0f) | 0x40; /* version: random */
		if (i == 8)
			byte = (byte & 0x3f) | 0x80; /* variant */
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		*at++ = digits[byte >> 4];
		*at++ = digits[byte & 15];
	}
	*at = '\0';
}

void document_begin(struct document *document, const struct report *report, FILE *out)
{
	*document = (struct document){
		.report = report, .inventory = report->inventory, .buffer.limit = DOCUMENT_LIMIT, .out = out
	};
	writer_begin(&document->writer, &document->buffer);
}

static void pass(struct document *document)
{
	if (document->buffer.error)
		return;
	(void)fwrite(document->buffer.data, 1, document->buffer.size, document->out);
	buffer_rewind(&document->buffer, 0);
}

void document_pass(struct document *document)
{
	if (document->buffer.size >= PASS_SIZE)
		pass(document);
}

int document_end(struct document *document)
{
	writer_end(&document->writer);
	buffer_byte(&document->buffer, '\n');
	pass(document);
	return document->buffer.error;
}

void document_clear(struct document *document)
{
	buffer_clear(&document->buffer);
}

void report_key_value(struct json_writer *writer, const char *name, const char *text)
{
	struct json_writer pair;

	if (!text || !*text)
		return;
	writer_element_begin(writer, &pair);
	(void)writer_field(&pair, "name", name);
	(void)writer_field(&pair, "value", text);
	writer_element_end(writer, &pair);
}
