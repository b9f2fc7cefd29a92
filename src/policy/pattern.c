// SPDX-License-Identifier: Apache-2.0
/*
 * A pattern is a row of tokens; matching follows all places in the row that the text so far can have led to
 * at once, so a text cannot make it try again.
 */
#include "policy/pattern.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Tokens below 256 are the byte itself. */
enum token {
	TOKEN_STAR = 256, /* stays on any byte but "/", may be skipped */
	TOKEN_GLOBSTAR,   /* stays on any byte, may be skipped */
	TOKEN_DIRS,       /* enters TOKEN_DIRS_BODY, or skips itself and that */
	TOKEN_DIRS_BODY,  /* stays on any byte, left behind a "/" */
};

struct pattern {
	unsigned flags;
	size_t prefix, suffix; /* plain bytes at either end: looked at first */
	size_t count;
	const char *text; /* as it was written: behind the tokens */
	uint16_t tokens[];
};

static uint16_t fold(unsigned flags, char c)
{
	unsigned char byte = (unsigned char)c;

	return (flags & PATTERN_ANY_CASE) && byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte;
}

static void pattern_add(struct pattern *pattern, uint16_t token)
{
	pattern->tokens[pattern->count++] = token;
}

/* Takes the run of stars at `text`; returns the first byte behind what was taken. */
static const char *pattern_add_stars(struct pattern *pattern, const char *text)
{
	size_t run = strspn(text, "*");
	uint16_t last = pattern->count ? pattern->tokens[pattern->count - 1] : '/';
	bool at_start = last == '/' || last == TOKEN_DIRS_BODY;
	const char *end = text + run;

	if (pattern->flags & PATTERN_TEXT) {
		pattern_add(pattern, TOKEN_GLOBSTAR);
	} else if (run == 1) {
		pattern_add(pattern, TOKEN_STAR);
	} else if (at_start && *end == '/') {
		pattern_add(pattern, TOKEN_DIRS);
		pattern_add(pattern, TOKEN_DIRS_BODY);
		return end + 1;
	} else {
		pattern_add(pattern, TOKEN_GLOBSTAR);
	}
	return end;
}

static void pattern_measure(struct pattern *pattern)
{
	while (pattern->prefix < pattern->count && pattern->tokens[pattern->prefix] < 256)
		pattern->prefix++;
	while (pattern->prefix + pattern->suffix < pattern->count &&
	       pattern->tokens[pattern->count - pattern->suffix - 1] < 256)
		pattern->suffix++;
}

int pattern_new(const char *text, unsigned flags, struct pattern **ret_pattern)
{
	size_t length = strnlen(text, PATTERN_MAX + 1);
	struct pattern *pattern = NULL;

	if (!length)
		return -EINVAL;
	if (length > PATTERN_MAX)
		return -ENAMETOOLONG;
	pattern = calloc(1, sizeof(*pattern) + length * sizeof(pattern->tokens[0]) + length + 1);
	if (!pattern)
		return -ENOMEM;
	pattern->flags = flags;
	pattern->text = memcpy((char *)(pattern->tokens + length), text, length + 1);
	while (*text)
		if (*text == '*')
			text = pattern_add_stars(pattern, text);
		else
			pattern_add(pattern, fold(flags, *text++));
	pattern_measure(pattern);
	*ret_pattern = pattern;
	return 0;
}

const char *pattern_text(const struct pattern *pattern)
{
	return pattern->text;
}

void pattern_free(struct pattern *pattern)
{
	free(pattern);
}

static bool plain_match(const struct pattern *pattern, size_t first, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (fold(pattern->flags, text[i]) != pattern->tokens[first + i])
			return false;
	return true;
}

/* The places [low, high] of a row of tokens that may be reached; place i is before token i. */
struct places {
	size_t low, high; /* low > high: none */
	bool on[PATTERN_MAX + 1];
};

static void places_clear(struct places *places)
{
	if (places->low <= places->high)
		memset(places->on + places->low, 0, places->high - places->low + 1);
	places->low = SIZE_MAX;
	places->high = 0;
}

static void places_set(struct places *places, size_t place)
{
	places->on[place] = true;
	if (places->low > place)
		places->low = place;
	if (places->high < place)
		places->high = place;
}

/* Adds what is reached without a byte: a star may stand for nothing. */
static void places_skip(struct places *places, const uint16_t *tokens, size_t count)
{
	for (size_t i = places->low; i <= places->high && i < count; i++) {
		if (!places->on[i] || tokens[i] < 256 || tokens[i] == TOKEN_DIRS_BODY)
			continue;
		places_set(places, i + 1);
		if (tokens[i] == TOKEN_DIRS)
			places_set(places, i + 2);
	}
}

static void places_step(const struct places *places, const uint16_t *tokens, size_t count, uint16_t byte,
			struct places *next)
{
	for (size_t i = places->low; i <= places->high && i < count; i++) {
		if (!places->on[i])
			continue;
		if (tokens[i] == TOKEN_GLOBSTAR || tokens[i] == TOKEN_DIRS_BODY ||
		    (tokens[i] == TOKEN_STAR && byte != '/'))
			places_set(next, i);
		if (tokens[i] == byte || (tokens[i] == TOKEN_DIRS_BODY && byte == '/'))
			places_set(next, i + 1);
	}
}

static bool tokens_match(const struct pattern *pattern, const uint16_t *tokens, size_t count, const char *text,
			 size_t length)
{
	struct places places[2] = {};
	unsigned now = 0;

	places_clear(&places[now]);
	places_set(&places[now], 0);
	places_skip(&places[now], tokens, count);
	for (size_t i = 0; i < length; i++, now = !now) {
		places_clear(&places[!now]);
		places_step(&places[now], tokens, count, fold(pattern->flags, text[i]), &places[!now]);
		if (places[!now].low > places[!now].high)
			return false;
		places_skip(&places[!now], tokens, count);
	}
	return places[now].on[count];
}

bool pattern_match(const struct pattern *pattern, const char *text)
{
	size_t length = text ? strlen(text) : 0;
	size_t middle = pattern->count - pattern->prefix - pattern->suffix;
	const uint16_t *tokens = pattern->tokens + pattern->prefix;

	if (!text || length < pattern->prefix + pattern->suffix)
		return false;
	if (!plain_match(pattern, 0, pattern->prefix, text) ||
	    !plain_match(pattern, pattern->count - pattern->suffix, pattern->suffix, text + length - pattern->suffix))
		return false;
	length -= pattern->prefix + pattern->suffix;
	if (!middle)
		return !length;
	if (middle == 1 && tokens[0] == TOKEN_GLOBSTAR)
		return true;
	return tokens_match(pattern, tokens, middle, text + pattern->prefix, length);
}

const char *pattern_path_fault(const char *text)
{
	const char *component = text + 1;

	if (*text != '/' && strncmp(text, "**", 2))
		return "must begin with /";
	if (*text != '/' || !*component)
		return NULL;
	for (size_t length = 0;; component += length + 1) {
		length = strcspn(component, "/");
		if (!length)
			return "must not have an empty component or end with /";
		if ((length == 1 && component[0] == '.') || (length == 2 && !strncmp(component, "..", 2)))
			return "must not have a component . or ..";
		if (!component[length])
			return NULL;
	}
}
