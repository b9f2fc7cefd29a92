// SPDX-License-Identifier: Apache-2.0
#include "drift/setup.h"

#include <sys/stat.h>

#include "container/process.h"

int64_t setup_until(int64_t born, int64_t started)
{
	if (born <= 0 || started <= 0)
		return 0;
	started += PROCESS_SETUP_TIME;
	return started < born + SETUP_WINDOW ? started : born + SETUP_WINDOW;
}

static bool holds_nothing(const struct rootfs_stat *stat)
{
	return S_ISDIR(stat->mode) || S_ISLNK(stat->mode) || (S_ISREG(stat->mode) && stat->size == 0);
}

bool setup_made(int64_t until, const struct difference_entry *entry)
{
	return entry->kind == DIFFERENCE_ADDED && !entry->from && entry->stat.ctime < until &&
	       holds_nothing(&entry->stat);
}
