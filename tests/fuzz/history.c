// SPDX-License-Identifier: Apache-2.0
// fuzz: src/history/reader.c src/history/segment.c src/history/stream.c src/history/line.c src/output/buffer.c
// fuzz: src/output/time.c -lz
/*
 * Any bytes as a segment, plain or compressed as the first byte says, between two that are whole: every line that is given
 * is one, those of the whole segments are given once, in their places, and the last lines are the last of all.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "history/line.h"
#include "history/reader.h"

#define LINE(n) "{\"@timestamp\":\"2026-01-02T03:04:05.67890123" #n "Z\",\"n\":" #n "}"

static char dir[] = "/tmp/plimsoll-fuzz-XXXXXX";
static int dir_fd = -1;

static void file_put(const char *name, const void *data, size_t size)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0 && write(fd, data, size) == (ssize_t)size && close(fd) == 0);
}

static char alerts[sizeof(dir) + sizeof("/alerts")];

static void dir_remove(void)
{
	static const char *const names[] = { "0000000000000001.json", "0000000000000002.json",
					     "0000000000000002.json.gz", "0000000000000003.json" };

	for (size_t i = 0; i < 4; i++)
		(void)unlinkat(dir_fd, names[i], 0);
	(void)rmdir(alerts);
	(void)rmdir(dir);
}

static void dir_make(void)
{
	must(mkdtemp(dir) && snprintf(alerts, sizeof(alerts), "%s/alerts", dir) > 0 && mkdir(alerts, 0700) == 0);
	dir_fd = open(alerts, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(dir_fd >= 0 && atexit(dir_remove) == 0);
	file_put("0000000000000001.json", LINE(1) "\n", strlen(LINE(1)) + 1);
	file_put("0000000000000003.json", LINE(3) "\n", strlen(LINE(3)) + 1);
}

struct seen {
	uint64_t lines, bytes;
	bool first; /* the whole segment before came first */
	bool last;  /* ... and the one behind is what came last */
};

static int line_see(const char *line, size_t size, void *data)
{
	struct seen *seen = data;

	must(size <= HISTORY_LINE_MAX && line_time(line, size) && line_is_whole(line, size));
	must(!memchr(line, '\n', size) && !memchr(line, '\0', size));
	if (seen->lines == 0)
		seen->first = size == strlen(LINE(1)) && !memcmp(line, LINE(1), size);
	seen->last = size == strlen(LINE(3)) && !memcmp(line, LINE(3), size);
	seen->lines++;
	seen->bytes += size;
	return 0;
}

static int line_pick(const char *line, size_t size, void *data)
{
	(void)line;
	(void)data;
	return size > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct history_position end = { "0000000000000002", size / 2 };
	struct seen all = { 0 }, some = { 0 }, last = { 0 };
	struct history_counts counts;
	bool packed = size > 0 && data[0] % 2;

	if (dir_fd < 0)
		dir_make();
	(void)unlinkat(dir_fd, "0000000000000002.json", 0);
	(void)unlinkat(dir_fd, "0000000000000002.json.gz", 0);
	if (size > 0)
		file_put(packed ? "0000000000000002.json.gz" : "0000000000000002.json", data + 1, size - 1);
	must(history_read(dir, INT64_MIN, NULL, line_see, &all, &counts) == 0);
	must(all.first && all.last && all.lines >= 2 && all.lines == counts.lines && all.bytes <= 2 * HISTORY_READ_MAX);
	must(history_read(dir, INT64_MIN, &end, line_see, &some, NULL) == 0);
	must(some.first && some.lines < all.lines);
	must(history_read_last(dir, INT64_MIN, 2, NULL, line_pick, line_see, &last, NULL) == 0);
	must(last.lines == 2 && last.last);
	return 0;
}
