// SPDX-License-Identifier: Apache-2.0
// fuzz: src/inventory/rpm_header.c src/digest/digest.c -lcrypto
/* Any bytes as a package's header: all texts that it gives end within it, and files are no more than its bytes
 * allow. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/rpm_header.h"
#include "fuzz.h"

struct seen {
	const char *begin, *end; /* of the header */
	size_t files;
};

static void must_be_inside(const struct seen *seen, const char *text)
{
	must(text >= seen->begin && text < seen->end && text + strlen(text) < seen->end);
}

static int file(const struct rpm_file *found, void *data)
{
	struct seen *seen = data;

	must_be_inside(seen, found->directory);
	must_be_inside(seen, found->name);
	must(digest_size(found->digest.kind) || found->digest.kind == DIGEST_NONE);
	return ++seen->files > 100000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum rpm_tag tags[] = { RPM_NAME, RPM_VERSION, RPM_LICENSE, RPM_ARCH, RPM_SOURCE_RPM };
	struct seen seen = { (const char *)data, (const char *)data + size, 0 };
	struct rpm_header header;
	uint32_t number;
	int r;

	if (rpm_header_open(data, size, &header) < 0)
		return 0;
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		const char *text = rpm_header_string(&header, tags[i]);

		if (text)
			must_be_inside(&seen, text);
		(void)rpm_header_number(&header, tags[i], &number);
	}
	r = rpm_header_files(&header, file, &seen);
	must(r == 0 || r == 1 || r == -EBADMSG || r == -ENOMEM);
	must(seen.files <= size);
	return 0;
}
