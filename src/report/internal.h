/* SPDX-License-Identifier: Apache-2.0 */
/* What the formats share. Nobody else includes it. */
#ifndef PLM_REPORT_INTERNAL_H
#define PLM_REPORT_INTERNAL_H

#include "base/cleanup.h"
#include "output/buffer.h"
#include "output/writer.h"
#include "report/report.h"

extern const struct report_format report_table, report_json, report_cyclonedx, report_spdx;

#define REPORT_TIME_SIZE   sizeof("2026-01-02T03:04:05Z")
#define REPORT_SERIAL_SIZE sizeof("urn:uuid:01234567-89ab-4def-8123-456789abcdef")

/* What it is an inventory of: the image's name, else the path, else the image's digest or the container's name. */
const char *report_subject(const struct report *report);

/* RFC 3339, to the second: no format takes more. */
void report_time(const struct report *report, char ret_text[static REPORT_TIME_SIZE]);

/* RFC 4122, version 4. */
void report_serial(const struct report *report, char ret_text[static REPORT_SERIAL_SIZE]);

/* One JSON object on its way out. */
struct document {
	const struct report *report;
	const struct inventory *inventory;
	struct json_writer writer;
	struct buffer buffer;
	FILE *out;
};

/* The object is open. */
void document_begin(struct document *document, const struct report *report, FILE *out);

/* Passes on what is written, once it is much: between two elements of an array. */
void document_pass(struct document *document);

/* Closes the object, with an end of line, and passes on the rest. 0 or -ENOMEM. */
int document_end(struct document *document);
void document_clear(struct document *document);
#define _cleanup_document_ _cleanup_(document_clear)

/* {"name": NAME, "value": TEXT}, as an element of an array, unless there is no text. */
void report_key_value(struct json_writer *writer, const char *name, const char *text);

#endif
