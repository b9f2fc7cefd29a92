// SPDX-License-Identifier: Apache-2.0
#include "output/redact.h"

#include <ctype.h>
#include <stdbool.h>

#include "output/buffer.h"

#define BLANK     "***"
#define DEPTH_MAX 4 /* of quoted command lines in each other */

struct pattern {
	char *head; /* lower case, without a `*` at its end */
	size_t size;
	bool value;  /* there was that `*`: what follows the head is blanked, else the whole */
	bool option; /* the head ends in `=` */
};

struct redact {
	size_t count;
	struct pattern patterns[];
};

/* A list of arguments on its way through. */
struct pass {
	const struct redact *redact;
	struct buffer out;
	bool blank_next; /* the last word was an option whose value is the next one */
	bool changed;
};

static int pattern_init(struct pattern *pattern, const char *glob)
{
	pattern->head = strdup(glob);
	if (!pattern->head)
		return -ENOMEM;
	pattern->size = strlen(glob);
	while (pattern->size > 0 && pattern->head[pattern->size - 1] == '*') {
		pattern->value = true;
		pattern->head[--pattern->size] = '\0';
	}
	pattern->option = pattern->value && pattern->size > 1 && pattern->head[pattern->size - 1] == '=';
	for (char *c = pattern->head; *c; c++)
		*c = tolower((unsigned char)*c);
	return 0;
}

int redact_new(const char *const *patterns, size_t count, struct redact **ret_redact)
{
	_cleanup_(redact_freep) struct redact *redact =
		calloc(1, sizeof(*redact) + count * sizeof(redact->patterns[0]));

	if (!redact)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		/* The password of a URL as a glob would blank what stands behind it: pass_urls knows better.
		 */
		if (strcmp(patterns[i], "*://*:*@*") == 0)
			continue;
		if (pattern_init(&redact->patterns[redact->count], patterns[i]) < 0)
			return -ENOMEM;
		redact->count++;
	}
	*ret_redact = take_ptr(redact);
	return 0;
}

void redact_free(struct redact *redact)
{
	if (!redact)
		return;
	for (size_t i = 0; i < redact->count; i++)
		free(redact->patterns[i].head);
	free(redact);
}

static bool segment_fits(const char *segment, size_t length, const char *text)
{
	for (size_t i = 0; i < length; i++)
		if (segment[i] != '?' && segment[i] != tolower((unsigned char)text[i]))
			return false;
	return true;
}

/* Where `segment` is found first from `at` on, or size + 1. */
static size_t segment_find(const char *segment, size_t length, const char *text, size_t size, size_t at)
{
	for (; at + length <= size; at++)
		if (segment_fits(segment, length, text + at))
			return at;
	return size + 1;
}

/*
 * The length of the shortest beginning of `text` that fits `glob`, or -1. Each segment between stars is taken
 * where it is found first, which is what keeps the beginning short, and the time linear.
 */
static ssize_t glob_begin(const char *glob, size_t glob_size, const char *text, size_t size)
{
	const char *end = glob + glob_size;
	size_t at = 0;

	while (glob < end) {
		bool floats = *glob == '*';
		const char *star;
		size_t length;

		glob += floats;
		star = memchr(glob, '*', end - glob);
		length = (star ? star : end) - glob;
		if (floats)
			at = segment_find(glob, length, text, size, at);
		if (at + length > size || !segment_fits(glob, length, text + at))
			return -1;
		at += length;
		glob += length;
	}
	return at;
}

/* Does the whole of `text` fit? What stands behind the last star has to be found at the very end. */
static bool glob_fits(const char *glob, size_t glob_size, const char *text, size_t size)
{
	const char *star = memrchr(glob, '*', glob_size);
	size_t tail = star ? (size_t)(glob + glob_size - star) - 1 : glob_size;
	ssize_t begin;

	if (tail > size || !segment_fits(glob + glob_size - tail, tail, text + size - tail))
		return false;
	if (!star)
		return tail == size;
	begin = glob_begin(glob, star - glob, text, size - tail);
	return begin >= 0;
}

/* Where in a word the secret begins, or -1. */
static ssize_t word_secret(const struct redact *redact, const char *word, size_t size)
{
	bool assigns = memchr(word, '=', size) != NULL;

	for (size_t i = 0; i < redact->count; i++) {
		const struct pattern *pattern = &redact->patterns[i];
		ssize_t at;

		if (pattern->option && !assigns)
			continue;
		if (!pattern->value) {
			if (size > 0 && glob_fits(pattern->head, pattern->size, word, size))
				return 0;
			continue;
		}
		at = glob_begin(pattern->head, pattern->size, word, size);
		if (at >= 0 && (size_t)at < size)
			return at;
	}
	return -1;
}

static bool word_announces(const struct redact *redact, const char *word, size_t size)
{
	if (size < 2 || word[0] != '-')
		return false;
	for (size_t i = 0; i < redact->count; i++) {
		const struct pattern *pattern = &redact->patterns[i];

		if (pattern->option && glob_fits(pattern->head, pattern->size - 1, word, size))
			return true;
	}
	return false;
}

static void pass_blank(struct pass *pass)
{
	buffer_string(&pass->out, BLANK);
	pass->changed = true;
}

/* A word as one: blanked in whole or part (true), else nothing is done. */
static bool pass_whole(struct pass *pass, const char *word, size_t size)
{
	ssize_t secret = pass->blank_next && size > 0 ? 0 : word_secret(pass->redact, word, size);

	if (secret < 0)
		return false;
	pass->blank_next = false;
	buffer_append(&pass->out, word, secret);
	pass_blank(pass);
	return true;
}

static bool is_break(char c)
{
	return c && strchr(" \t\r\n;|&()<>", c);
}

/* The length of the first word; a quoted part belongs to it, a quote that is never closed is a character. */
static size_t word_length(const char *text, size_t size)
{
	size_t at = 0;

	while (at < size && !is_break(text[at])) {
		const char *close = NULL;

		if (text[at] == '\\' && at + 1 < size)
			at++;
		else if (text[at] == '"' || text[at] == '\'')
			close = memchr(text + at + 1, text[at], size - at - 1);
		at = close ? (size_t)(close - text) + 1 : at + 1;
	}
	return at;
}

static void pass_line(struct pass *pass, const char *text, size_t size, int depth);

static void pass_word(struct pass *pass, const char *word, size_t size, int depth)
{
	bool quoted = size >= 2 && (word[0] == '"' || word[0] == '\'') && word[size - 1] == word[0];

	if (quoted) {
		buffer_byte(&pass->out, word[0]);
		if (depth < DEPTH_MAX && !word_announces(pass->redact, word + 1, size - 2) && !pass->blank_next)
			pass_line(pass, word + 1, size - 2, depth + 1);
		else
			pass_word(pass, word + 1, size - 2, DEPTH_MAX);
		buffer_byte(&pass->out, word[0]);
		return;
	}
	if (pass_whole(pass, word, size))
		return;
	buffer_append(&pass->out, word, size);
	pass->blank_next = word_announces(pass->redact, word, size);
}

/* A command line inside an argument, word by word. */
static void pass_line(struct pass *pass, const char *text, size_t size, int depth)
{
	size_t length;

	if (depth > 0 && pass_whole(pass, text, size))
		return;
	for (; size > 0; text += length, size -= length) {
		length = word_length(text, size);
		if (length > 0) {
			pass_word(pass, text, length, depth);
			continue;
		}
		length = 1;
		buffer_byte(&pass->out, *text);
	}
}

/* The password of an authority (RFC 3986, 3.2) that begins at `text`: its length, 0 where there is none. */
static size_t url_password(const char *text, size_t *ret_at)
{
	size_t end = strcspn(text, "/?# \t\r\n\"'<>`");
	const char *host = memrchr(text, '@', end);
	const char *colon = host ? memchr(text, ':', host - text) : NULL;

	if (!colon || colon + 1 == host)
		return 0;
	*ret_at = colon + 1 - text;
	return host - colon - 1;
}

/* The argument with its URLs' passwords blanked, and a NUL. */
static void pass_urls(struct pass *pass, const char *text, struct buffer *out)
{
	const char *found;

	while ((found = strstr(text, "://"))) {
		size_t at = 0, length = url_password(found + 3, &at);

		buffer_append(out, text, found + 3 - text);
		text = found + 3;
		if (length == 0)
			continue;
		buffer_append(out, text, at);
		buffer_string(out, BLANK);
		pass->changed = true;
		text += at + length;
	}
	buffer_append(out, text, strlen(text) + 1);
}

/* "-c", "-lc": what follows is a command line, which must be seen but for its secrets. */
static bool is_command_option(const char *argument)
{
	size_t size = argument ? strlen(argument) : 0;

	return size >= 2 && size <= 5 && argument[0] == '-' && argument[1] != '-' && argument[size - 1] == 'c';
}

static int pass_argument(struct pass *pass, const char *argument, const char *before)
{
	_cleanup_buffer_ struct buffer plain = { 0 };
	bool command = is_command_option(before) && !pass->blank_next;
	size_t size;

	pass_urls(pass, argument, &plain);
	if (plain.error < 0)
		return plain.error;
	size = plain.size - 1;
	if (command || !pass_whole(pass, plain.data, size)) {
		pass->blank_next = false;
		pass_line(pass, plain.data, size, 0);
		/* An option at the end of a command line has no value there: the next argument is not its
		 * own. */
		pass->blank_next = word_announces(pass->redact, plain.data, size);
	}
	buffer_byte(&pass->out, '\0');
	return pass->out.error;
}

/* Pointers and strings as one block. */
static char **args_pack(const struct buffer *strings, size_t argc)
{
	size_t head = (argc + 1) * sizeof(char *);
	char **argv = malloc(head + strings->size);
	char *at = (char *)argv + head;

	if (!argv)
		return NULL;
	memcpy(at, strings->data, strings->size);
	for (size_t i = 0; i < argc; i++, at += strlen(at) + 1)
		argv[i] = at;
	argv[argc] = NULL;
	return argv;
}

int redact_args(const struct redact *redact, const char *const *argv, size_t argc, char ***ret_argv)
{
	struct pass pass = { .redact = redact };
	_cleanup_free_ char **blanked = NULL;
	int r = 0;

	for (size_t i = 0; i < argc && r == 0; i++)
		r = pass_argument(&pass, argv[i], i > 0 ? argv[i - 1] : NULL);
	if (r == 0 && pass.changed) {
		blanked = args_pack(&pass.out, argc);
		r = blanked ? 1 : -ENOMEM;
	}
	buffer_clear(&pass.out);
	if (r >= 0)
		*ret_argv = take_ptr(blanked);
	return r;
}
