// SPDX-License-Identifier: Apache-2.0
#include "output/time.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define SECOND 1000000000

/* Towards the past, where C's division goes towards 0. */
static time_t time_split(int64_t time, uint32_t *ret_rest)
{
	int64_t rest = time % SECOND;

	*ret_rest = (uint32_t)(rest < 0 ? rest + SECOND : rest);
	return time / SECOND - (rest < 0);
}

static char *put_digits(char *at, int count, uint32_t value, char behind)
{
	for (int i = count - 1; i >= 0; i--, value /= 10)
		at[i] = '0' + value % 10;
	at[count] = behind;
	return at + count + 1;
}

void time_rfc3339(int64_t time, char ret_text[static TIME_RFC3339_SIZE])
{
	char *at = ret_text;
	uint32_t rest;
	time_t seconds = time_split(time, &rest);
	struct tm tm = { 0 };

	(void)gmtime_r(&seconds, &tm);
	at = put_digits(at, 4, tm.tm_year + 1900, '-');
	at = put_digits(at, 2, tm.tm_mon + 1, '-');
	at = put_digits(at, 2, tm.tm_mday, 'T');
	at = put_digits(at, 2, tm.tm_hour, ':');
	at = put_digits(at, 2, tm.tm_min, ':');
	at = put_digits(at, 2, tm.tm_sec, '.');
	at = put_digits(at, 9, rest, 'Z');
	*at = '\0';
}

void time_local(int64_t time, char ret_text[static TIME_LOCAL_SIZE])
{
	char *at = ret_text;
	uint32_t rest;
	time_t seconds = time_split(time, &rest);
	struct tm tm = { 0 };

	(void)localtime_r(&seconds, &tm);
	at = put_digits(at, 2, tm.tm_hour, ':');
	at = put_digits(at, 2, tm.tm_min, ':');
	at = put_digits(at, 2, tm.tm_sec, '.');
	(void)put_digits(at, 3, rest / 1000000, '\0');
}

int time_from_rfc3339(const char *text, int64_t *ret_time)
{
	static const char form[] = "0000-00-00T00:00:00.000000000Z";
	int64_t numbers[7] = { 0 };
	struct tm tm = { 0 };
	size_t n = 0;

	for (size_t i = 0; form[i]; i++) {
		bool digit = form[i] == '0';

		if (digit ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
			return -EINVAL;
		if (digit)
			numbers[n] = numbers[n] * 10 + (text[i] - '0');
		else
			n++;
	}
	tm = (struct tm){ .tm_year = (int)numbers[0] - 1900,
			  .tm_mon = (int)numbers[1] - 1,
			  .tm_mday = (int)numbers[2],
			  .tm_hour = (int)numbers[3],
			  .tm_min = (int)numbers[4],
			  .tm_sec = (int)numbers[5] };
	if (__builtin_mul_overflow((int64_t)timegm(&tm), SECOND, ret_time) ||
	    __builtin_add_overflow(*ret_time, numbers[6], ret_time))
		return -EINVAL;
	return 0;
}
