/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that implement target.h share. Nobody else includes it. */
#ifndef PLM_TARGET_INTERNAL_H
#define PLM_TARGET_INTERNAL_H

#include "target/target.h"

/* Where is looked, and who is asked. */
struct search {
	char *host_root; /* as in struct target */
	struct runtime_source *sources[SOURCES_MAX];
	bool hangs[SOURCES_MAX]; /* did not answer in time: is not asked again */
	size_t count;
};

/* As target_find_container, and target_find of images alone; but -ENOENT is left to be said. */
int search_container(struct search *search, const char *name, struct target *ret_target,
		     struct target_failure *failure);
int search_image(struct search *search, const char *name, struct target *ret_target, struct target_failure *failure);

/*
 * What a runtime keeps of the container's image: its layers, where the container's mounts have none (its root is no
 * overlay); and, where both have the same, the key. A container that may mount can make its own mounts say anything. 0 or
 * -ENOMEM: an image that is not found is no failure.
 */
int search_container_image(struct search *search, struct target *target);

void failure_set(struct target_failure *failure, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* How well a word names a container: the best fit counts, where it is one's alone. */
enum container_fit { FIT_NONE, FIT_DIGITS, FIT_NAME, FIT_ID };
enum container_fit container_fit(const struct container_facts *facts, const char *name);

#endif
