/* SPDX-License-Identifier: Apache-2.0 */
/* How far a long reading is, in one line on standard error, where that is a terminal: it is gone when all is done. */
#ifndef PLM_CMD_PROGRESS_H
#define PLM_CMD_PROGRESS_H

#include <stdint.h>

struct progress {
	int shown; /* characters that stand there */
};

/* As reader_request.progress; `data` is a struct progress. With a total a bar and how many of it, else how many. */
void progress_show(uint64_t done, uint64_t total, void *data);

/* Takes the line away. Nothing where none was shown. */
void progress_clear(struct progress *progress);

#endif
