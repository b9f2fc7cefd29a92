// SPDX-License-Identifier: Apache-2.0
#include "cmd/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BAR_WIDTH 30

/* What is longer than the new text is blanked. */
static void line_print(struct progress *progress, const char *text)
{
	int length = (int)strlen(text);

	(void)fprintf(stderr, "\r%s%*s", text, progress->shown > length ? progress->shown - length : 0, "");
	(void)fflush(stderr);
	progress->shown = length;
}

void progress_show(uint64_t done, uint64_t total, void *data)
{
	static const char full[] = "##############################";
	char text[128];

	if (!isatty(STDERR_FILENO))
		return;
	if (done > total)
		done = total ? total : done;
	if (total)
		(void)snprintf(text, sizeof(text), "[%-*.*s] %" PRIu64 " of %" PRIu64 " files", BAR_WIDTH,
			       (int)(BAR_WIDTH * done / total), full, done, total);
	else
		(void)snprintf(text, sizeof(text), "%" PRIu64 " entries read", done);
	line_print(data, text);
}

void progress_clear(struct progress *progress)
{
	if (!progress->shown)
		return;
	line_print(progress, "");
	(void)fputs("\r", stderr);
}
