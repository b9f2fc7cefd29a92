/* SPDX-License-Identifier: Apache-2.0 */
/* Are two files byte for byte the same? Asked a piece at a time, so that a large one holds nobody up. */
#ifndef PLM_IMAGE_CONTENTS_H
#define PLM_IMAGE_CONTENTS_H

#include <stdint.h>

/* Descriptors of the caller's, open for reading, not moved. */
struct contents {
	int a, b;
	uint64_t at; /* they are the same up to here */
};

enum contents_answer {
	CONTENTS_SAME,
	CONTENTS_DIFFER,
	CONTENTS_MORE, /* the same so far */
};

/* Reads up to about `bytes` of each, further on from .at. An enum contents_answer, or a negative errno. */
int contents_compare(struct contents *contents, uint64_t bytes);

#endif
