// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static enum log_level log_max = LOG_INFO;

void log_set_level(enum log_level level)
{
	log_max = level;
}

void log_message(enum log_level level, const char *format, ...)
{
	int saved = errno;
	char line[1024];
	va_list args;

	if (level > log_max)
		return;
	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	(void)fprintf(stderr, "plimsoll: %s\n", line);
	errno = saved;
}
