// SPDX-License-Identifier: Apache-2.0
#include "process/live.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

#define STAT_MAX 1024
#define SECOND   1000000000ull

/* The second field, the name, may hold anything but ends at the last ')'. */
static const char *behind_name(const char *stat)
{
	return strrchr(stat, ')');
}

/* Field 22. */
uint64_t live_ticks(const char *stat)
{
	const char *at = behind_name(stat);
	uint64_t ticks = 0;

	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at || sscanf(at, " %" SCNu64, &ticks) != 1)
		return 0;
	return ticks;
}

/* Field 3: a zombie, or what is even less. */
static bool has_ended(const char *stat)
{
	const char *at = behind_name(stat);

	return at && at[1] == ' ' && at[2] && strchr("ZXx", at[2]);
}

static bool is_the_one(const char *stat, uint64_t start)
{
	uint64_t tick = SECOND / (uint64_t)sysconf(_SC_CLK_TCK);

	return live_ticks(stat) == start / tick && !has_ended(stat);
}

int live_open(const char *host_root, uint32_t pid, uint64_t start)
{
	_cleanup_close_ int fd = -EBADF;
	char text[STAT_MAX];
	int r;

	if (snprintf(text, sizeof(text), "%s/proc/%" PRIu32, host_root, pid) >= (int)sizeof(text))
		return -ENAMETOOLONG;
	fd = open(text, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	r = live_read(fd, "stat", text, sizeof(text));
	if (r < 0)
		return r;
	return is_the_one(text, start) ? take_fd(&fd) : -ESRCH;
}

int live_read(int fd, const char *name, char *text, size_t size)
{
	_cleanup_close_ int file = openat(fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t used = 0;

	if (file < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	while (used + 1 < size) {
		ssize_t n = read(file, text + used, size - 1 - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	text[used] = '\0';
	return (int)used;
}
