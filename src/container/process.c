/* SPDX-License-Identifier: Apache-2.0 */
#include "container/process.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

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

/* Field 22 of /proc/PID/stat; the second, the name, may hold anything but ends at the last ')'. */
static uint64_t tick_ns(void)
{
	return SECOND / (uint64_t)sysconf(_SC_CLK_TCK);
}

static uint64_t start_ticks(const char *stat)
{
	const char *at = strrchr(stat, ')');
	uint64_t ticks = 0;

	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at || sscanf(at, " %" SCNu64, &ticks) != 1)
		return 0;
	return ticks;
}

uint64_t process_start(uint32_t pid)
{
	_cleanup_fclose_ FILE *file = process_open(pid, "stat");
	char stat[1024];
	size_t size;

	if (!file)
		return 0;
	size = fread(stat, 1, sizeof(stat) - 1, file);
	stat[size] = '\0';
	return start_ticks(stat) * tick_ns();
}

bool process_is(uint32_t pid, uint64_t start)
{
	uint64_t now = process_start(pid);

	return now && now / tick_ns() == start / tick_ns();
}

uint32_t process_euid(uint32_t pid)
{
	_cleanup_fclose_ FILE *file = process_open(pid, "status");
	uint32_t euid = UINT32_MAX;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "Uid: %*u %" SCNu32, &euid) == 1)
			break;
	return euid;
}

int64_t process_started_ns(uint32_t pid)
{
	uint64_t start = process_start(pid);
	struct timespec now, up;

	if (!start || clock_gettime(CLOCK_REALTIME, &now) || clock_gettime(CLOCK_BOOTTIME, &up))
		return 0;
	return (now.tv_sec - up.tv_sec) * SECOND + now.tv_nsec - up.tv_nsec + (int64_t)start;
}

uint64_t process_started(uint32_t pid)
{
	return (uint64_t)process_started_ns(pid) / SECOND;
}
