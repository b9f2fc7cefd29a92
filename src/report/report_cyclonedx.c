// SPDX-License-Identifier: Apache-2.0
/*
 * CycloneDX 1.5 as JSON (https://cyclonedx.org/docs/1.5/json/): a component a package, and one of type "file" for every
 * executable that no package owns. What has no field of its own is a property that begins with "plimsoll:". Where the
 * inventory is not whole, its composition is called incomplete, and its notes are properties of the metadata.
 */
#include "report/internal.h"

#include <string.h>

#include "report/license.h"
#include "runtime/storage.h"

#define ROOT_REF "root"

static void put_ref(struct json_writer *writer, const char *kind, size_t number)
{
	char ref[64];

	(void)snprintf(ref, sizeof(ref), "%s-%zu", kind, number);
	(void)writer_field(writer, "bom-ref", ref);
}

/* ---- metadata ---- */

static void put_tools(struct json_writer *metadata)
{
	struct json_writer tool;

	writer_at(metadata, "tools.components");
	writer_open(metadata, '[');
	writer_element_begin(metadata, &tool);
	(void)writer_field(&tool, "type", "application");
	(void)writer_field(&tool, "name", "plimsoll");
	(void)writer_field(&tool, "version", PLM_VERSION);
	writer_element_end(metadata, &tool);
	writer_close(metadata, ']');
}

/* Of the image, where it is known. */
static void put_hashes(struct json_writer *component, const char *hex)
{
	struct json_writer hash;

	if (!hex)
		return;
	writer_at(component, "hashes");
	writer_open(component, '[');
	writer_element_begin(component, &hash);
	(void)writer_field(&hash, "alg", "SHA-256");
	(void)writer_field(&hash, "content", hex);
	writer_element_end(component, &hash);
	writer_close(component, ']');
}

static void put_subject(struct json_writer *metadata, const struct report *report)
{
	struct json_writer component;

	writer_at(metadata, "component");
	writer_element_begin(metadata, &component);
	(void)writer_field(&component, "bom-ref", ROOT_REF);
	(void)writer_field(&component, "type", "container");
	(void)writer_field(&component, "name", report_subject(report));
	(void)writer_field(&component, "version", report->facts->image_tag ?: report->facts->image_digest);
	put_hashes(&component, digest_hex(report->facts->image_digest));
	writer_element_end(metadata, &component);
}

static void put_note(struct json_writer *metadata, const struct inventory_note *note)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	const char *const parts[] = { note->source, note->path, note->reason };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!parts[i])
			continue;
		if (text.size)
			buffer_string(&text, ": ");
		buffer_string(&text, parts[i]);
	}
	buffer_byte(&text, '\0');
	if (text.error)
		metadata->out->error = text.error;
	else
		report_key_value(metadata, "plimsoll:note", text.data);
}

static void put_metadata(struct document *document)
{
	size_t notes = inventory_note_count(document->inventory);
	char time[REPORT_TIME_SIZE];
	struct json_writer metadata;

	report_time(document->report, time);
	writer_at(&document->writer, "metadata");
	writer_element_begin(&document->writer, &metadata);
	(void)writer_field(&metadata, "timestamp", time);
	put_tools(&metadata);
	put_subject(&metadata, document->report);
	writer_at(&metadata, "properties");
	writer_open(&metadata, '[');
	report_key_value(&metadata, "plimsoll:container", document->report->facts->id);
	for (size_t i = 0; i < notes; i++) {
		struct inventory_note note = inventory_note(document->inventory, i);

		put_note(&metadata, &note);
	}
	writer_close(&metadata, ']');
	writer_element_end(&document->writer, &metadata);
}

/* ---- components ---- */

static void put_license(struct json_writer *component, const char *text)
{
	static const char *const paths[] = {
		[LICENSE_ID] = "license.id", [LICENSE_EXPRESSION] = "expression", [LICENSE_NAME] = "license.name"
	};
	enum license_form form = license_form(text);
	struct json_writer license;

	if (form == LICENSE_NONE)
		return;
	writer_at(component, "licenses");
	writer_open(component, '[');
	writer_element_begin(component, &license);
	(void)writer_field(&license, paths[form], text);
	writer_element_end(component, &license);
	writer_close(component, ']');
}

static void put_location(struct json_writer *component, const char *location)
{
	struct json_writer occurrence;

	if (!location)
		return;
	writer_at(component, "evidence.occurrences");
	writer_open(component, '[');
	writer_element_begin(component, &occurrence);
	(void)writer_field(&occurrence, "location", location);
	writer_element_end(component, &occurrence);
	writer_close(component, ']');
}

static void put_package(struct document *document, size_t number)
{
	struct inventory_package package = inventory_package(document->inventory, number);
	struct json_writer component;

	writer_element_begin(&document->writer, &component);
	put_ref(&component, "package", number);
	(void)writer_field(&component, "type", "library");
	(void)writer_field(&component, "name", package.name);
	(void)writer_field(&component, "version", package.version);
	put_license(&component, package.license);
	(void)writer_field(&component, "purl", package.purl);
	put_location(&component, package.location);
	writer_at(&component, "properties");
	writer_open(&component, '[');
	report_key_value(&component, "plimsoll:type", package_type_name(package.type));
	report_key_value(&component, "plimsoll:architecture", package.architecture);
	report_key_value(&component, "plimsoll:origin", package.origin);
	writer_close(&component, ']');
	writer_element_end(&document->writer, &component);
	document_pass(document);
}

static void put_file(struct document *document, size_t number)
{
	struct json_writer component;
	char path[PATH_MAX];

	inventory_unpackaged(document->inventory, number, path);
	writer_element_begin(&document->writer, &component);
	put_ref(&component, "file", number);
	(void)writer_field(&component, "type", "file");
	(void)writer_field(&component, "name", path);
	writer_element_end(&document->writer, &component);
	document_pass(document);
}

static void put_distribution(struct document *document)
{
	struct inventory_system system = inventory_system(document->inventory);
	struct json_writer component;

	if (!system.id || !*system.id)
		return;
	writer_element_begin(&document->writer, &component);
	(void)writer_field(&component, "bom-ref", "distribution");
	(void)writer_field(&component, "type", "operating-system");
	(void)writer_field(&component, "name", system.id);
	(void)writer_field(&component, "version", system.version);
	(void)writer_field(&component, "description", system.name);
	writer_element_end(&document->writer, &component);
}

static void put_components(struct document *document)
{
	size_t packages = inventory_package_count(document->inventory);
	size_t files = inventory_unpackaged_count(document->inventory);

	writer_at(&document->writer, "components");
	writer_open(&document->writer, '[');
	put_distribution(document);
	for (size_t i = 0; i < packages; i++)
		put_package(document, i);
	for (size_t i = 0; i < files; i++)
		put_file(document, i);
	writer_close(&document->writer, ']');
}

static void put_compositions(struct document *document)
{
	struct json_writer composition;

	if (inventory_note_count(document->inventory) == 0)
		return;
	writer_at(&document->writer, "compositions");
	writer_open(&document->writer, '[');
	writer_element_begin(&document->writer, &composition);
	(void)writer_field(&composition, "aggregate", "incomplete");
	writer_at(&composition, "assemblies");
	writer_open(&composition, '[');
	(void)writer_string(&composition, ROOT_REF, strlen(ROOT_REF));
	writer_close(&composition, ']');
	writer_element_end(&document->writer, &composition);
	writer_close(&document->writer, ']');
}

static int cyclonedx_print(const struct report *report, FILE *out)
{
	_cleanup_document_ struct document document = { .report = NULL };
	char serial[REPORT_SERIAL_SIZE];

	report_serial(report, serial);
	document_begin(&document, report, out);
	(void)writer_field(&document.writer, "$schema", "http://cyclonedx.org/schema/bom-1.5.schema.json");
	(void)writer_field(&document.writer, "bomFormat", "CycloneDX");
	(void)writer_field(&document.writer, "specVersion", "1.5");
	(void)writer_field(&document.writer, "serialNumber", serial);
	writer_at(&document.writer, "version");
	writer_number(&document.writer, 1);
	put_metadata(&document);
	put_components(&document);
	put_compositions(&document);
	return document_end(&document);
}

const struct report_format report_cyclonedx = { "cyclonedx", cyclonedx_print };
