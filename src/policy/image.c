// SPDX-License-Identifier: Apache-2.0
#include "policy/image.h"

#include <stdbool.h>
#include <string.h>

#define HUB          "docker.io/"
#define HUB_OFFICIAL HUB "library/"

static bool has_prefix(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

static bool names_registry(const char *image)
{
	size_t first = strcspn(image, "/");

	return image[first] &&
	       (memchr(image, '.', first) || memchr(image, ':', first) || has_prefix(image, "localhost/"));
}

static size_t length_without_tag(const char *image)
{
	const char *slash = strrchr(image, '/');
	const char *leaf = slash ? slash + 1 : image;

	return (size_t)(leaf - image) + strcspn(leaf, ":@");
}

static void names_add(struct image_names *names, const char *prefix, const char *image, size_t length)
{
	char *name = names->names[names->count];
	size_t before = strlen(prefix);

	if (before + length > IMAGE_NAME_MAX)
		return;
	memcpy(name, prefix, before);
	memcpy(name + before, image, length);
	name[before + length] = '\0';
	names->count++;
}

/* As it is, and without its tag. */
static void names_add_form(struct image_names *names, const char *prefix, const char *image)
{
	size_t bare = length_without_tag(image);

	names_add(names, prefix, image, strnlen(image, IMAGE_NAME_MAX + 1));
	if (image[bare])
		names_add(names, prefix, image, bare);
}

void image_names_fill(const char *image, struct image_names *ret_names)
{
	ret_names->count = 0;
	if (!image)
		return;
	names_add_form(ret_names, "", image);
	if (has_prefix(image, HUB_OFFICIAL))
		names_add_form(ret_names, "", image + strlen(HUB_OFFICIAL));
	else if (has_prefix(image, HUB))
		names_add_form(ret_names, "", image + strlen(HUB));
	else if (!names_registry(image))
		names_add_form(ret_names, strchr(image, '/') ? HUB : HUB_OFFICIAL, image);
}
