/* SPDX-License-Identifier: Apache-2.0 */
/* The names that one image goes by: runtimes differ in whether they write Docker Hub's registry out. */
#ifndef PLM_POLICY_IMAGE_H
#define PLM_POLICY_IMAGE_H

#include <stddef.h>

#define IMAGE_NAME_MAX 512 /* bytes; a longer name is not kept, so that no pattern matches it */
#define IMAGE_NAMES    4

struct image_names {
	char names[IMAGE_NAMES][IMAGE_NAME_MAX + 1];
	size_t count;
};

/*
 * "debian:12" -> "debian:12", "debian", "docker.io/library/debian:12", "docker.io/library/debian"; the same
 * from "docker.io/library/debian:12"; "quay.io/a/b:1" -> "quay.io/a/b:1", "quay.io/a/b". NULL -> none.
 * What counts as a registry is Docker's rule: the first component has a dot or a colon, or is "localhost".
 */
void image_names_fill(const char *image, struct image_names *ret_names);

#endif
