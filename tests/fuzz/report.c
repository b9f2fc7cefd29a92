// SPDX-License-Identifier: Apache-2.0
// fuzz: -DPLM_VERSION="0" src/report/report.c src/report/report_table.c src/report/report_json.c
// fuzz: src/report/report_cyclonedx.c src/report/report_spdx.c src/report/license.c src/output/buffer.c src/output/cell.c
// fuzz: src/output/escape.c src/output/time.c src/output/writer.c src/inventory/builder.c src/inventory/write.c
// fuzz: src/inventory/pool.c src/inventory/inventory.c src/digest/digest.c src/runtime/storage_file.c
// fuzz: src/runtime/image_config.c src/container/facts.c src/image/layers.c -ljansson -lcrypto
/*
 * Any bytes as the texts of an inventory, with a zero between them. What must hold of every format: it is printed, is JSON
 * in one line where it is to be that, and holds no control character but the ends of a table's lines. Built and run by
 * `make fuzz`.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "inventory/builder.h"
#include "report/report.h"
#include "fuzz.h"

/* The next text, or "". */
static const char *next(const char **at, const char *end)
{
	const char *text = *at;

	if (*at < end)
		*at += strlen(*at) + 1;
	return text < end ? text : "";
}

static struct inventory *inventory_make(const char *at, const char *end)
{
	struct builder *builder = NULL;
	struct inventory *inventory = NULL;
	const struct digest none = { .kind = DIGEST_NONE };
	struct inventory_system system = { next(&at, end), next(&at, end), next(&at, end) };
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	must(builder_new(&builder) == 0 && builder_system(builder, &system) == 0);
	while (at < end) {
		char path[BUILDER_STRING_MAX];
		const struct inventory_package package = { .type = PACKAGE_RPM,
							   .name = next(&at, end),
							   .version = next(&at, end),
							   .license = next(&at, end),
							   .origin = next(&at, end),
							   .purl = next(&at, end),
							   .location = next(&at, end) };
		uint32_t number;

		if (builder_package(builder, &package, &number) < 0)
			break;
		(void)snprintf(path, sizeof(path), "/%s", next(&at, end));
		(void)builder_own(builder, number, path, &(struct inventory_file){ .flags = 0 });
		(void)builder_unpackaged(builder, path, &none);
		builder_note(builder, "rpm", path, "its %s", next(&at, end));
	}
	for (size_t i = 0; i < builder_file_count(builder); i++)
		builder_verified(builder, i, VERIFIED_DIFFERS);
	must(builder_write(builder, fd) == 0 && inventory_open(fd, &inventory) == 0);
	(void)close(fd);
	builder_free(builder);
	return inventory;
}

static void check(const struct report *report, const char *format)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	bool table = strcmp(format, "table") == 0;
	json_t *json;

	must(report_format_find(format)->print(report, out) == 0 && fclose(out) == 0);
	for (size_t i = 0; i + 1 < length; i++)
		must(((unsigned char)text[i] >= ' ' && text[i] != 0x7f) || (table && text[i] == '\n'));
	json = table ? NULL : json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
	must(table || json);
	json_decref(json);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const formats[] = { "table", "json", "cyclonedx", "spdx" };
	char *texts = malloc(size + 1);
	struct inventory *inventory;
	struct container_facts facts = { .image_name = texts, .image_tag = texts, .image_digest = texts };
	struct report report = { .facts = &facts, .path = texts, .verified = true, .width = size % 200 };

	must(texts);
	if (size)
		memcpy(texts, data, size);
	texts[size] = '\0';
	inventory = inventory_make(texts, texts + size);
	report.inventory = inventory;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		check(&report, formats[i]);
	inventory_free(inventory);
	free(texts);
	return 0;
}
