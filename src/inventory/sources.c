// SPDX-License-Identifier: Apache-2.0
#include "inventory/source.h"

const struct source *const sources[] = {
	&source_dpkg,
	&source_apk,
};

const size_t source_count = ARRAY_SIZE(sources);
