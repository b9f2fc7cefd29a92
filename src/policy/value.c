// SPDX-License-Identifier: Apache-2.0
#include "policy/value.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/cleanup.h"

#define VALUE_MOMENT_MAX 9214646399ll /* the last second of 2261: INT64_MAX ns lie in the next year */

int value_bool(const char *text, bool *ret_value)
{
	bool yes = !strcmp(text, "true");

	if (!yes && strcmp(text, "false"))
		return -EINVAL;
	*ret_value = yes;
	return 0;
}

struct unit {
	char letter; /* NUL: none is needed */
	int64_t times;
};

static const struct unit duration_units[] = {
	{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 7 * 86400 },
};
static const struct unit size_units[] = { { '\0', 1 }, { 'K', 1 << 10 }, { 'M', 1 << 20 }, { 'G', 1 << 30 } };

static int64_t unit_times(const struct unit *units, size_t count, char letter)
{
	for (size_t i = 0; i < count; i++)
		if (units[i].letter == letter)
			return units[i].times;
	return 0;
}

static int take_units(const char *text, const struct unit *units, size_t count, int64_t max, int64_t *ret_value)
{
	size_t digits = strspn(text, "0123456789");
	int64_t unit = unit_times(units, count, text[digits]);
	int64_t number = 0;

	if (!digits || !unit || (text[digits] && text[digits + 1]))
		return -EINVAL;
	for (size_t i = 0; i < digits; i++) {
		number = number * 10 + (text[i] - '0');
		if (number > max / unit)
			return -ERANGE;
	}
	*ret_value = number * unit;
	return 0;
}

int value_duration(const char *text, int64_t *ret_seconds)
{
	return take_units(text, duration_units, ARRAY_SIZE(duration_units), VALUE_DURATION_MAX, ret_seconds);
}

int value_size(const char *text, int64_t *ret_bytes)
{
	return take_units(text, size_units, ARRAY_SIZE(size_units), VALUE_SIZE_MAX, ret_bytes);
}

/* Takes `digits` digits and, unless it is 0, the byte `behind` them. */
static int take_number(const char **text, unsigned digits, char behind, int *ret_number)
{
	int number = 0;

	for (; digits; digits--, (*text)++) {
		if (**text < '0' || **text > '9')
			return -EINVAL;
		number = number * 10 + (**text - '0');
	}
	if (behind && toupper((unsigned char)*(*text)++) != behind)
		return -EINVAL;
	*ret_number = number;
	return 0;
}

static int take_date(const char **text, struct tm *ret_date)
{
	struct tm date = {}, normal = {};

	if (take_number(text, 4, '-', &date.tm_year) || take_number(text, 2, '-', &date.tm_mon) ||
	    take_number(text, 2, 0, &date.tm_mday))
		return -EINVAL;
	date.tm_year -= 1900;
	date.tm_mon--;
	normal = date;
	(void)timegm(&normal); /* puts a day that the month does not have into the next */
	if (normal.tm_mon != date.tm_mon || normal.tm_mday != date.tm_mday)
		return -ERANGE;
	if (date.tm_year < 70)
		return -ERANGE;
	*ret_date = date;
	return 0;
}

/* Takes "23:59:60.5", and the fraction, cut, as nanoseconds. */
static int take_time(const char **text, struct tm *time, int64_t *ret_nanoseconds)
{
	int64_t nanoseconds = 0;
	size_t fraction = 0;

	if (take_number(text, 2, ':', &time->tm_hour) || take_number(text, 2, ':', &time->tm_min) ||
	    take_number(text, 2, 0, &time->tm_sec))
		return -EINVAL;
	if (time->tm_hour > 23 || time->tm_min > 59 || time->tm_sec > 60)
		return -ERANGE;
	*ret_nanoseconds = 0;
	if (**text != '.')
		return 0;
	fraction = strspn(++*text, "0123456789");
	if (!fraction)
		return -EINVAL;
	for (size_t i = 0; i < 9; i++)
		nanoseconds = nanoseconds * 10 + (i < fraction ? (*text)[i] - '0' : 0);
	*ret_nanoseconds = nanoseconds;
	*text += fraction;
	return 0;
}

/* Takes "Z" or "+01:00", to seconds east of UTC. */
static int take_offset(const char **text, int *ret_seconds)
{
	char sign = (char)toupper((unsigned char)*(*text)++);
	int hours = 0, minutes = 0;

	if (sign == 'Z') {
		*ret_seconds = 0;
		return 0;
	}
	if ((sign != '+' && sign != '-') || take_number(text, 2, ':', &hours) || take_number(text, 2, 0, &minutes))
		return -EINVAL;
	if (hours > 23 || minutes > 59)
		return -ERANGE;
	*ret_seconds = (hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
	return 0;
}

/* Seconds and nanoseconds of a date (with `end`, of the end of its day) or a moment. */
static int take_moment(const char *text, bool end, int64_t *ret_seconds, int64_t *ret_nanoseconds)
{
	struct tm moment = {};
	int offset = 0;
	int error = take_date(&text, &moment);

	if (error)
		return error;
	if (!*text) {
		*ret_seconds = (int64_t)timegm(&moment) + (end ? 86400 : 0);
		*ret_nanoseconds = 0;
		return 0;
	}
	if (toupper((unsigned char)*text++) != 'T')
		return -EINVAL;
	error = take_time(&text, &moment, ret_nanoseconds);
	error = error ? error : take_offset(&text, &offset);
	if (error || *text)
		return error ? error : -EINVAL;
	*ret_seconds = (int64_t)timegm(&moment) - offset;
	return 0;
}

/* A fraction counts up to the next second: until is the first second not within. */
int value_until(const char *text, int64_t *ret_end)
{
	int64_t seconds = 0, nanoseconds = 0;
	int error = take_moment(text, true, &seconds, &nanoseconds);

	if (!error)
		*ret_end = seconds + (nanoseconds > 0);
	return error;
}

int value_moment(const char *text, bool end, int64_t *ret_time)
{
	int64_t seconds = 0, nanoseconds = 0;
	int error = take_moment(text, end, &seconds, &nanoseconds);

	if (error)
		return error;
	if (seconds < 0 || seconds > VALUE_MOMENT_MAX)
		return -ERANGE;
	*ret_time = seconds * 1000000000 + nanoseconds;
	return 0;
}

static bool is_number(const char *text)
{
	size_t whole = 0, part = 0;

	if (!strncmp(text, "0x", 2) || !strncmp(text, "0o", 2))
		return text[2] && !text[2 + strspn(text + 2, "0123456789abcdefABCDEF")];
	text += *text == '+' || *text == '-';
	text += whole = strspn(text, "0123456789");
	if (*text == '.')
		text += 1 + (part = strspn(text + 1, "0123456789"));
	if (!whole && !part)
		return false;
	if (*text != 'e' && *text != 'E')
		return !*text;
	text++;
	text += *text == '+' || *text == '-';
	return *text && !text[strspn(text, "0123456789")];
}

bool value_is_not_text(const char *text)
{
	static const char *const words[] = { "", "~", "null", "true", "false", ".inf", "-.inf", ".nan" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcasecmp(words[i], text))
			return true;
	return is_number(text);
}
