// SPDX-License-Identifier: Apache-2.0
#include "inventory/source.h"

const struct source *const sources[] = {
	&source_dpkg, &source_apk, &source_rpm, &source_python, &source_npm, &source_golang,
};

const size_t source_count = ARRAY_SIZE(sources);
_Static_assert(ARRAY_SIZE(sources) <= SOURCES_MAX, "room for the state of each");
