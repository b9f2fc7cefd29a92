// SPDX-License-Identifier: Apache-2.0
// fuzz: src/inventory/os_release.c src/inventory/purl.c src/inventory/lines.c src/inventory/tree.c src/image/layers.c
// fuzz: src/inventory/inventory.c src/digest/digest.c -lcrypto
/*
 * Any bytes as os-release: what is said is not empty, and no longer than the text. Of it package URLs are made, which
 * have nothing in them but what a URL may have.
 */
#include <stdlib.h>
#include <string.h>

#include "inventory/os_release.h"
#include "fuzz.h"

static void must_be_text(const char *text, size_t size)
{
	must(!text || (*text && strlen(text) <= size));
}

static void url(const struct os_release *release)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_~:/@?=&%";
	const struct inventory_system system = { release->id, release->version, release->name };
	const struct inventory_package package = { .type = PACKAGE_DEB,
						   .name = release->name ? release->name : "a",
						   .version = release->version,
						   .origin = release->id };
	char room[512];
	int r = purl_of_package(&system, &package, room, sizeof(room));

	must(r == 0 || (r == -ENAMETOOLONG && strlen(room) == sizeof(room) - 1));
	must(!room[strspn(room, allowed)] && strncmp(room, "pkg:", 4) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct os_release release = { 0 };
	struct lines lines;
	char *text = malloc(size + 1);

	must(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	lines_begin(&lines, text, size);
	must(os_release_parse(&lines, &release) == 0);
	must_be_text(release.id, size);
	must_be_text(release.version, size);
	must_be_text(release.name, size);
	url(&release);
	os_release_clear(&release);
	free(text);
	return 0;
}
