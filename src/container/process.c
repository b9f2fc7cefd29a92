/* SPDX-License-Identifier: Apache-2.0 */
#include "container/process.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "process/live.h"

#define SECOND 1000000000ll

static FILE *process_open(uint32_t pid, const char *file)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%" PRIu32 "/%s", pid, file);
	return fopen(path, "re");
}

/* `inside` is `path`, or lies below it. */
static bool path_holds(const char *path, const char *inside)
{
	size_t length = strlen(path);

	if (length && path[length - 1] == '/')
		length--;
	return strncmp(path, inside, length) == 0 && (inside[length] == '\0' || inside[length] == '/');
}

int process_in_cgroup(uint32_t pid, const char *path)
{
	_cleanup_fclose_ FILE *file = process_open(pid, "cgroup");
	_cleanup_free_ char *line = NULL;
	int answer = -ENODATA;
	size_t size = 0;

	if (!file)
		return errno == ENOENT ? -ESRCH : -errno;
	while (getline(&line, &size, file) > 0) {
		const char *inside = strstr(line, ":/"); /* "ID:CONTROLLERS:PATH" */

		if (!inside++)
			continue;
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(inside, "/..", 3) == 0)
			answer = -EXDEV;
		else if (path_holds(path, inside))
			return 1;
		else if (answer == -ENODATA)
			answer = 0;
	}
	return ferror(file) ? -ESRCH : answer;
}

int64_t process_started_ns(uint32_t pid)
{
	_cleanup_fclose_ FILE *file = process_open(pid, "stat");
	struct timespec now, up;
	char stat[1024];
	uint64_t ticks;
	size_t size;

	if (!file)
		return 0;
	size = fread(stat, 1, sizeof(stat) - 1, file);
	stat[size] = '\0';
	ticks = live_ticks(stat);
	if (!ticks || clock_gettime(CLOCK_REALTIME, &now) || clock_gettime(CLOCK_BOOTTIME, &up))
		return 0;
	return (now.tv_sec - up.tv_sec) * SECOND + now.tv_nsec - up.tv_nsec +
	       (int64_t)(ticks * (SECOND / (uint64_t)sysconf(_SC_CLK_TCK)));
}

uint64_t process_started(uint32_t pid)
{
	return (uint64_t)process_started_ns(pid) / SECOND;
}
