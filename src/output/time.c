// SPDX-License-Identifier: Apache-2.0
#include "output/time.h"

#include <time.h>

#define SECOND 1000000000

/* Towards the past, where C's division goes towards 0. */
static time_t time_split(int64_t time, uint32_t *ret_rest)
{
	int64_t seconds = time / SECOND - (time % SECOND < 0);

	*ret_rest = time - seconds * SECOND;
	return seconds;
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
