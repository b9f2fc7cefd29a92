// SPDX-License-Identifier: Apache-2.0
#include "process/arguments.h"

#include <string.h>

#include "process/live.h"

#define LIVE_MAX 8192 /* as much as the kernel side reads of an exec (PLM_ARGS_MAX) */

/* How many can matter: what lies behind ARGUMENTS_MAX bytes is not looked at, but the one that reaches there is blanked
 * as a whole. */
static size_t count_near(const char *const *argv, size_t argc)
{
	size_t count = 0;

	for (size_t size = 0; count < argc && size < ARGUMENTS_MAX; count++)
		size += strlen(argv[count]) + 1;
	return count;
}

/* Blanked text can be shorter or longer than it was: what fits is seen here. */
static struct arguments *arguments_pack(const char *const *argv, size_t count, bool more)
{
	char text[ARGUMENTS_MAX];
	struct arguments head = { .cut = more }, *arguments;

	for (size_t i = 0; i < count; i++) {
		size_t room = sizeof(text) - head.size, length = strlen(argv[i]);

		if (room < 2 && length + 1 > room) {
			head.cut = true;
			break;
		}
		head.cut |= length + 1 > room;
		length = length + 1 > room ? room - 1 : length;
		memcpy(text + head.size, argv[i], length);
		text[head.size + length] = '\0';
		head.size = (uint16_t)(head.size + length + 1);
		head.count++;
	}
	arguments = malloc(sizeof(*arguments) + head.size);
	if (!arguments)
		return NULL;
	*arguments = head;
	memcpy(arguments->text, text, head.size);
	return arguments;
}

struct arguments *arguments_new(const struct redact *redact, const char *const *argv, size_t argc)
{
	_cleanup_free_ char **blanked = NULL;
	size_t count = argv ? count_near(argv, argc) : 0;
	int r;

	if (count == 0)
		return NULL;
	r = redact_args(redact, argv, count, &blanked);
	if (r < 0)
		return NULL;
	return arguments_pack(r > 0 ? (const char *const *)blanked : argv, count, count < argc);
}

struct arguments *arguments_live(const struct redact *redact, const char *host_root, uint32_t pid, uint64_t start)
{
	_cleanup_close_ int fd = live_open(host_root, pid, start);
	const char *argv[ARGUMENTS_MAX + 1]; /* each takes a byte at least: more do not fit */
	char text[LIVE_MAX];
	size_t count = 0;
	int size = fd < 0 ? fd : live_read(fd, "cmdline", text, sizeof(text));

	if (size <= 0)
		return NULL;
	for (const char *at = text; at < text + size && count < ARRAY_SIZE(argv); at += strlen(at) + 1)
		argv[count++] = at;
	return arguments_new(redact, argv, count);
}

size_t arguments_list(const struct arguments *arguments, const char *ret_list[static ARGUMENTS_MAX + 1])
{
	size_t count = 0;

	for (size_t at = 0; at < arguments->size; at += strlen(arguments->text + at) + 1)
		ret_list[count++] = arguments->text + at;
	ret_list[count] = NULL;
	return count;
}

struct arguments *arguments_copy(const struct arguments *arguments)
{
	size_t size = arguments ? sizeof(*arguments) + arguments->size : 0;
	struct arguments *copy = size ? malloc(size) : NULL;

	return copy ? memcpy(copy, arguments, size) : NULL;
}
