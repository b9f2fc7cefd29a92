// SPDX-License-Identifier: Apache-2.0
// fuzz: src/inventory/buildinfo.c src/inventory/elf.c src/inventory/tree.c src/image/layers.c
/* Any bytes as a program: what Go is said to have left in it is text of the file's, and modules have names. */
#include <string.h>
#include <sys/mman.h>

#include "inventory/buildinfo.h"
#include "fuzz.h"

static int module(const char *path, const char *version, void *data)
{
	size_t *modules = data;

	must(*path && !strpbrk(path, "\t\n") && !strpbrk(version, "\t\n"));
	return ++*modules > BUILDINFO_MODULES_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct tree_file file = { memfd_create("program", MFD_CLOEXEC), 0, size, true };
	struct buildinfo info = { NULL, NULL };
	size_t modules = 0;
	int r;

	must(file.fd >= 0 && pwrite(file.fd, data, size, 0) == (ssize_t)size);
	r = buildinfo_read(&file, &info);
	must(r == 0 || r == -ENOEXEC || r == -EBADMSG || r == -ENOMEM);
	if (r == 0) {
		must(strlen(info.version) <= size && strlen(info.modules) <= size);
		r = buildinfo_modules(info.modules, module, &modules);
		must(r == 0 || r == -EBADMSG || r == -E2BIG);
	}
	buildinfo_clear(&info);
	close(file.fd);
	return 0;
}
