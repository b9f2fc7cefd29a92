/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image_choice.h"

#include <string.h>

#include "base/cleanup.h"

#define DIGITS_LEAST   4
#define DIGEST         "sha256:"
#define REFERENCE_SIZE 1024

static const char *skip(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0 ? text + strlen(prefix) : text;
}

/* Without what people leave out. */
static const char *shortened(const char *reference)
{
	const char *name = skip(skip(reference, "index."), "docker.io/");

	return name == reference ? skip(name, "localhost/") : skip(name, "library/");
}

/* One spelling of what means the same: "NAME:TAG@DIGEST" is "NAME@DIGEST", no tag is "latest". -EINVAL: too long. */
static int spell(const char *reference, char ret_spelt[static REFERENCE_SIZE])
{
	const char *name = shortened(reference), *digest = strchrnul(name, '@'), *slash, *tag;
	size_t length = (size_t)(digest - name);
	int written;

	slash = memrchr(name, '/', length) ?: name;
	tag = memchr(slash, ':', (size_t)(digest - slash));
	if (tag && *digest)
		length = (size_t)(tag - name);
	written = snprintf(ret_spelt, REFERENCE_SIZE, "%.*s%s", (int)length, name,
			   *digest ? digest
			   : tag   ? ""
				   : ":latest");
	return written < REFERENCE_SIZE ? 0 : -EINVAL;
}

enum image_match image_match_name(const char *word, const char *reference)
{
	char one[REFERENCE_SIZE], other[REFERENCE_SIZE];

	if (!reference)
		return IMAGE_NONE;
	if (strcmp(word, reference) == 0)
		return IMAGE_EXACT;
	if (spell(word, one) < 0 || spell(reference, other) < 0)
		return IMAGE_NONE;
	return strcmp(one, other) == 0 ? IMAGE_NAME : IMAGE_NONE;
}

enum image_match image_match_id(const char *word, const char *id)
{
	const char *digits = skip(word, DIGEST);
	size_t length = strlen(digits);

	if (!id || length < DIGITS_LEAST || strspn(digits, "0123456789abcdef") != length)
		return IMAGE_NONE;
	id = skip(id, DIGEST);
	if (strncmp(id, digits, length) != 0)
		return IMAGE_NONE;
	return id[length] == '\0' ? IMAGE_EXACT : IMAGE_DIGITS;
}

static int text_set(char **field, const char *value)
{
	char *copy = value ? strdup(value) : NULL;

	if (value && !copy)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

int image_choice_offer(struct image_choice *choice, enum image_match match, const char *id, const char *reference,
		       const char *where)
{
	int r;

	if (match == IMAGE_NONE || match < choice->match)
		return 0;
	if (match == choice->match) { /* an image may have several names, and stand in several places */
		choice->several |= strcmp(choice->id, id) != 0;
		return 0;
	}
	r = text_set(&choice->id, id);
	if (r == 0)
		r = text_set(&choice->reference, reference);
	if (r == 0)
		r = text_set(&choice->where, where);
	if (r < 0)
		return r;
	choice->match = match;
	choice->several = false;
	return 0;
}

int image_choice_made(const struct image_choice *choice)
{
	if (choice->match == IMAGE_NONE)
		return -ENOENT;
	return choice->several ? -ENOTUNIQ : 0;
}

void image_choice_clear(struct image_choice *choice)
{
	free(choice->id);
	free(choice->reference);
	free(choice->where);
	*choice = (struct image_choice){ .id = NULL };
}
