// SPDX-License-Identifier: Apache-2.0
/*
 * Usage: bench-probe cpu PID      nanoseconds of CPU that the process has used so far, threads that ended included
 *        bench-probe lag          for each JSON line on standard input with an "@timestamp" (UTC, as in
 *                                 2026-01-02T03:04:05.678901234Z): "NANOSECONDS KIND RULE IMAGE", from that moment to when
 *                                 the line arrived here; KIND is event.kind's value, RULE rule.id's or "-", IMAGE its
 *                                 container's image's name or "-". Left out are repeats, and what was found on disk or
 *                                 running, whose time is that of the change.
 *
 * lag reads the bytes as they come and knows nothing of JSON but what it looks for: a parser would cost time
 * inside what is measured.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000ll

static int64_t to_ns(const struct timespec *ts)
{
	return (int64_t)ts->tv_sec * NS_PER_S + ts->tv_nsec;
}

static int cpu(const char *pid_text)
{
	struct timespec ts;
	clockid_t clock;
	int r;

	r = clock_getcpuclockid((pid_t)strtol(pid_text, NULL, 10), &clock);
	if (r == 0 && clock_gettime(clock, &ts) < 0)
		r = errno;
	if (r != 0) {
		fprintf(stderr, "bench-probe: %s: %s\n", pid_text, strerror(r));
		return 3;
	}
	printf("%lld\n", (long long)to_ns(&ts));
	return 0;
}

/* The text of the string that follows `key` (with its quotes) in the line; 0 or -ENOENT. */
static int string_after(const char *line, const char *key, char *ret_text, size_t size)
{
	const char *at = strstr(line, key);
	size_t len;

	if (!at)
		return -ENOENT;
	at += strlen(key);
	at += strspn(at, " :");
	if (*at++ != '"')
		return -ENOENT;
	len = strcspn(at, "\"");
	if (len == 0 || len >= size)
		return -ENOENT;
	memcpy(ret_text, at, len);
	ret_text[len] = '\0';
	return 0;
}

/* Of "2026-01-02T03:04:05.678901234Z"; fewer digits of the second are fine. 0 or -EINVAL. */
static int parse_time(const char *text, int64_t *ret_ns)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int64_t ns = 0, unit = NS_PER_S;

	if (!rest)
		return -EINVAL;
	if (*rest == '.')
		for (rest++; *rest >= '0' && *rest <= '9' && unit > 1; rest++)
			ns += (*rest - '0') * (unit /= 10);
	if (strcmp(rest, "Z") != 0)
		return -EINVAL;
	*ret_ns = (int64_t)timegm(&tm) * NS_PER_S + ns;
	return 0;
}

static void tell_lag(const char *line, const struct timespec *arrived)
{
	char when[64], kind[32] = "-", rule[64] = "-", action[32] = "-", backend[32] = "-", image[256] = "-";
	const char *at;
	int64_t ns;

	if (string_after(line, "\"@timestamp\"", when, sizeof(when)) < 0 || parse_time(when, &ns) < 0)
		return;
	(void)string_after(line, "\"action\"", action, sizeof(action));
	if (strcmp(action, "repeat") == 0)
		return; /* told at the end of a window, with the time of the last one in it */
	(void)string_after(line, "\"backend\"", backend, sizeof(backend));
	if (strcmp(backend, "disk") == 0 || strcmp(backend, "iterator") == 0)
		return;
	(void)string_after(line, "\"kind\"", kind, sizeof(kind));
	at = strstr(line, "\"rule\"");
	if (at)
		(void)string_after(at, "\"id\"", rule, sizeof(rule));
	at = strstr(line, "\"image\":");
	if (at)
		(void)string_after(at, "\"name\"", image, sizeof(image));
	printf("%lld %s %s %s\n", (long long)(to_ns(arrived) - ns), kind, rule, image);
}

/* Whole lines of what is in the buffer; returns how many bytes of an unfinished one are left at its start. */
static size_t take_lines(char *buf, size_t len, const struct timespec *arrived)
{
	char *line = buf, *end;

	while ((end = memchr(line, '\n', len - (size_t)(line - buf)))) {
		*end = '\0';
		tell_lag(line, arrived);
		line = end + 1;
	}
	len -= (size_t)(line - buf);
	memmove(buf, line, len);
	return len;
}

static int lag(void)
{
	static char buf[1 << 20];
	struct timespec arrived;
	size_t len = 0;
	ssize_t n;

	while ((n = read(STDIN_FILENO, buf + len, sizeof(buf) - len)) > 0) {
		clock_gettime(CLOCK_REALTIME, &arrived);
		len = take_lines(buf, len + (size_t)n, &arrived);
		if (len == sizeof(buf)) {
			fprintf(stderr, "bench-probe: a line of more than %zu bytes\n", sizeof(buf));
			return 3;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "cpu") == 0)
		return cpu(argv[2]);
	if (argc == 2 && strcmp(argv[1], "lag") == 0)
		return lag();
	fprintf(stderr, "usage: bench-probe cpu PID | lag\n");
	return 2;
}
