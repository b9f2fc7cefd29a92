// SPDX-License-Identifier: Apache-2.0
#include "image/architecture.h"

#include <string.h>

#include "base/cleanup.h"

const char *architecture_name(const struct utsname *machine)
{
	static const struct {
		const char *machine, *architecture;
	} rows[] = {
		{ "x86_64", "amd64" },
		{ "aarch64", "arm64" },
		{ "i686", "386" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcmp(machine->machine, rows[i].machine) == 0)
			return rows[i].architecture;
	return machine->machine;
}
