// SPDX-License-Identifier: Apache-2.0
/*
 * SPDX 2.3 as JSON (https://spdx.github.io/spdx-spec/v2.3/): the document describes one package, the image, which
 * contains the others; an executable that no package owns is a package of purpose FILE, for a file would need a SHA-1. A
 * licence that SPDX does not know is a LicenseRef, whose text is all that the package says of it.
 */
#include "report/internal.h"

#include <string.h>

#include "report/license.h"
#include "runtime/storage.h"

#define ROOT_ID      "SPDXRef-Image"
#define NO_ASSERTION "NOASSERTION"
#define ID_SIZE      64

/* Texts that SPDX has no name for, sorted, each once: LicenseRef-0 and so on. */
struct licenses {
	const char **texts;
	size_t count;
};

static inline void licenses_done(struct licenses *licenses)
{
	free(licenses->texts);
}

/* ---- licences ---- */

static int text_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int licenses_find(const struct inventory *inventory, struct licenses *licenses)
{
	size_t count = inventory_package_count(inventory), found = 0;
	const char **texts = calloc(count + 1, sizeof(texts[0]));

	if (!texts)
		return -ENOMEM;
	licenses->texts = texts;
	for (size_t i = 0; i < count; i++) {
		const char *text = inventory_package(inventory, i).license;

		if (license_form(text) == LICENSE_NAME)
			texts[found++] = text;
	}
	if (found > 1)
		qsort(texts, found, sizeof(texts[0]), text_compare);
	for (size_t i = 0; i < found; i++)
		if (licenses->count == 0 || strcmp(texts[licenses->count - 1], texts[i]) != 0)
			texts[licenses->count++] = texts[i];
	return 0;
}

static void license_id(size_t number, char ret_id[static ID_SIZE])
{
	(void)snprintf(ret_id, ID_SIZE, "LicenseRef-%zu", number);
}

static void put_license(struct json_writer *package, const struct licenses *licenses, const char *text)
{
	enum license_form form = license_form(text);
	char id[ID_SIZE];

	if (form == LICENSE_NONE) {
		text = NO_ASSERTION;
	} else if (form == LICENSE_NAME) {
		const char **found = bsearch(&text, licenses->texts, licenses->count, sizeof(text), text_compare);

		license_id((size_t)(found - licenses->texts), id);
		text = id;
	}
	(void)writer_field(package, "licenseDeclared", text);
}

static void put_licenses(struct document *document, const struct licenses *licenses)
{
	if (licenses->count == 0)
		return;
	writer_at(&document->writer, "hasExtractedLicensingInfos");
	writer_open(&document->writer, '[');
	for (size_t i = 0; i < licenses->count; i++) {
		struct json_writer license;
		char id[ID_SIZE];

		license_id(i, id);
		writer_element_begin(&document->writer, &license);
		(void)writer_field(&license, "licenseId", id);
		(void)writer_field(&license, "extractedText", licenses->texts[i]);
		writer_element_end(&document->writer, &license);
		document_pass(document);
	}
	writer_close(&document->writer, ']');
}

/* ---- the document ---- */

static void put_creation(struct document *document)
{
	static const char creator[] = "Tool: plimsoll-" PLM_VERSION;
	char time[REPORT_TIME_SIZE], serial[REPORT_SERIAL_SIZE];

	report_time(document->report, time);
	report_serial(document->report, serial);
	(void)writer_field(&document->writer, "spdxVersion", "SPDX-2.3");
	(void)writer_field(&document->writer, "dataLicense", "CC0-1.0");
	(void)writer_field(&document->writer, "SPDXID", "SPDXRef-DOCUMENT");
	(void)writer_field(&document->writer, "name", report_subject(document->report));
	(void)writer_field(&document->writer, "documentNamespace", serial);
	(void)writer_field(&document->writer, "creationInfo.created", time);
	writer_at(&document->writer, "creationInfo.creators");
	writer_open(&document->writer, '[');
	(void)writer_string(&document->writer, creator, strlen(creator));
	writer_close(&document->writer, ']');
}

static void put_comment(struct document *document)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	size_t count = inventory_note_count(document->inventory);

	for (size_t i = 0; i < count; i++) {
		struct inventory_note note = inventory_note(document->inventory, i);

		buffer_string(&text, i ? "\n" : "Not whole:\n");
		buffer_string(&text, note.source);
		buffer_string(&text, ": ");
		buffer_string(&text, note.path ?: "");
		buffer_string(&text, note.path ? ": " : "");
		buffer_string(&text, note.reason);
	}
	buffer_byte(&text, '\0');
	if (text.error)
		document->buffer.error = text.error;
	else
		(void)writer_field(&document->writer, "comment", text.data);
}

/* ---- packages ---- */

/* What every package must have, and is not looked for. */
static void put_unsaid(struct json_writer *package)
{
	(void)writer_field(package, "downloadLocation", NO_ASSERTION);
	writer_at(package, "filesAnalyzed");
	writer_bool(package, false);
	(void)writer_field(package, "licenseConcluded", NO_ASSERTION);
	(void)writer_field(package, "copyrightText", NO_ASSERTION);
}

/* Of the image, where it is known. */
static void put_checksum(struct json_writer *package, const char *hex)
{
	struct json_writer checksum;

	if (!hex)
		return;
	writer_at(package, "checksums");
	writer_open(package, '[');
	writer_element_begin(package, &checksum);
	(void)writer_field(&checksum, "algorithm", "SHA256");
	(void)writer_field(&checksum, "checksumValue", hex);
	writer_element_end(package, &checksum);
	writer_close(package, ']');
}

static void put_root(struct document *document)
{
	const struct container_facts *facts = document->report->facts;
	struct json_writer package;

	writer_element_begin(&document->writer, &package);
	(void)writer_field(&package, "SPDXID", ROOT_ID);
	(void)writer_field(&package, "name", report_subject(document->report));
	(void)writer_field(&package, "versionInfo", facts->image_tag ?: facts->image_digest);
	(void)writer_field(&package, "primaryPackagePurpose", "CONTAINER");
	put_checksum(&package, digest_hex(facts->image_digest));
	put_unsaid(&package);
	(void)writer_field(&package, "licenseDeclared", NO_ASSERTION);
	writer_element_end(&document->writer, &package);
}

static void put_distribution(struct document *document)
{
	struct inventory_system system = inventory_system(document->inventory);
	struct json_writer package;

	if (!system.id || !*system.id)
		return;
	writer_element_begin(&document->writer, &package);
	(void)writer_field(&package, "SPDXID", "SPDXRef-Distribution");
	(void)writer_field(&package, "name", system.id);
	(void)writer_field(&package, "versionInfo", system.version);
	(void)writer_field(&package, "summary", system.name);
	(void)writer_field(&package, "primaryPackagePurpose", "OPERATING_SYSTEM");
	put_unsaid(&package);
	(void)writer_field(&package, "licenseDeclared", NO_ASSERTION);
	writer_element_end(&document->writer, &package);
}

static void put_purl(struct json_writer *package, const char *purl)
{
	struct json_writer reference;

	if (!purl)
		return;
	writer_at(package, "externalRefs");
	writer_open(package, '[');
	writer_element_begin(package, &reference);
	(void)writer_field(&reference, "referenceCategory", "PACKAGE-MANAGER");
	(void)writer_field(&reference, "referenceType", "purl");
	(void)writer_field(&reference, "referenceLocator", purl);
	writer_element_end(package, &reference);
	writer_close(package, ']');
}

/* Where it was read, and what it was built from. */
static void put_source(struct json_writer *package, const struct inventory_package *what)
{
	_cleanup_buffer_ struct buffer text = { 0 };

	if (what->location) {
		buffer_string(&text, "read from ");
		buffer_string(&text, what->location);
	}
	if (what->origin) {
		buffer_string(&text, text.size ? "; built from " : "built from ");
		buffer_string(&text, what->origin);
	}
	buffer_byte(&text, '\0');
	if (text.error)
		package->out->error = text.error;
	else
		(void)writer_field(package, "sourceInfo", text.data);
}

static void package_id(const char *kind, size_t number, char ret_id[static ID_SIZE])
{
	(void)snprintf(ret_id, ID_SIZE, "SPDXRef-%s-%zu", kind, number);
}

static void put_package(struct document *document, const struct licenses *licenses, size_t number)
{
	struct inventory_package package = inventory_package(document->inventory, number);
	struct json_writer element;
	char id[ID_SIZE];

	package_id("Package", number, id);
	writer_element_begin(&document->writer, &element);
	(void)writer_field(&element, "SPDXID", id);
	(void)writer_field(&element, "name", package.name);
	(void)writer_field(&element, "versionInfo", package.version);
	put_unsaid(&element);
	put_license(&element, licenses, package.license);
	put_source(&element, &package);
	put_purl(&element, package.purl);
	writer_element_end(&document->writer, &element);
	document_pass(document);
}

static void put_file(struct document *document, size_t number)
{
	struct json_writer element;
	char id[ID_SIZE], path[PATH_MAX];

	package_id("File", number, id);
	inventory_unpackaged(document->inventory, number, path);
	writer_element_begin(&document->writer, &element);
	(void)writer_field(&element, "SPDXID", id);
	(void)writer_field(&element, "name", path);
	(void)writer_field(&element, "packageFileName", path);
	(void)writer_field(&element, "primaryPackagePurpose", "FILE");
	put_unsaid(&element);
	(void)writer_field(&element, "licenseDeclared", NO_ASSERTION);
	writer_element_end(&document->writer, &element);
	document_pass(document);
}

/* ---- relationships ---- */

static void put_relationship(struct document *document, const char *from, const char *type, const char *to)
{
	struct json_writer relationship;

	writer_element_begin(&document->writer, &relationship);
	(void)writer_field(&relationship, "spdxElementId", from);
	(void)writer_field(&relationship, "relationshipType", type);
	(void)writer_field(&relationship, "relatedSpdxElement", to);
	writer_element_end(&document->writer, &relationship);
	document_pass(document);
}

static void put_contained(struct document *document, const char *kind, size_t count)
{
	char id[ID_SIZE];

	for (size_t i = 0; i < count; i++) {
		package_id(kind, i, id);
		put_relationship(document, ROOT_ID, "CONTAINS", id);
	}
}

static void put_all(struct document *document, const struct licenses *licenses)
{
	size_t packages = inventory_package_count(document->inventory);
	size_t files = inventory_unpackaged_count(document->inventory);
	const char *distribution = inventory_system(document->inventory).id;

	writer_at(&document->writer, "packages");
	writer_open(&document->writer, '[');
	put_root(document);
	put_distribution(document);
	for (size_t i = 0; i < packages; i++)
		put_package(document, licenses, i);
	for (size_t i = 0; i < files; i++)
		put_file(document, i);
	writer_close(&document->writer, ']');
	writer_at(&document->writer, "relationships");
	writer_open(&document->writer, '[');
	put_relationship(document, "SPDXRef-DOCUMENT", "DESCRIBES", ROOT_ID);
	if (distribution && *distribution)
		put_relationship(document, ROOT_ID, "CONTAINS", "SPDXRef-Distribution");
	put_contained(document, "Package", packages);
	put_contained(document, "File", files);
	writer_close(&document->writer, ']');
}

static int spdx_print(const struct report *report, FILE *out)
{
	_cleanup_(licenses_done) struct licenses licenses = { .count = 0 };
	_cleanup_document_ struct document document = { .report = NULL };
	int r = licenses_find(report->inventory, &licenses);

	if (r < 0)
		return r;
	document_begin(&document, report, out);
	put_creation(&document);
	put_comment(&document);
	put_all(&document, &licenses);
	put_licenses(&document, &licenses);
	return document_end(&document);
}

const struct report_format report_spdx = { "spdx", spdx_print };
