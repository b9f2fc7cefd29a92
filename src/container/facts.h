/* SPDX-License-Identifier: Apache-2.0 */
/* Filling struct container_facts from what a runtime answered: every value is a stranger's. */
#ifndef PLM_CONTAINER_FACTS_H
#define PLM_CONTAINER_FACTS_H

#include "container/container.h"

#define FACT_MAX   1024 /* bytes of one value; a longer one is taken as not told */
#define LABELS_MAX 64   /* of one list; further ones are left out */

/* Replaces *field by a copy. NULL, "" and what is too long leave it as it was. 0 or -ENOMEM. */
int fact_set(char **field, const char *value);

/*
 * "docker.io/library/debian:12@sha256:..." into image_name, image_tag and image_digest; parts that it lacks
 * are left as they were. A bare "sha256:..." sets the digest only. 0 (also for NULL) or -ENOMEM.
 */
int facts_set_image(struct container_facts *facts, const char *reference);

/* "2026-01-02T03:04:05.678Z" (RFC 3339) as seconds since the epoch; 0 for NULL, nonsense and times before
 * 1970. */
uint64_t fact_time(const char *text);

/* Adds "key=value" unless the list has the key, is full, or the two are longer than FACT_MAX together. 0 or -ENOMEM. */
int labels_add(struct label_list *labels, const char *key, const char *value);

/* Adds `text` as it is, within the same bounds. 0 or -ENOMEM. */
int labels_append(struct label_list *labels, const char *text);

/* The value of a key, or NULL. Valid as long as the list. */
const char *labels_get(const struct label_list *labels, const char *key);
void labels_clear(struct label_list *labels);

/* A new one with one reference, empty; NULL when out of memory. ref gives back what it was given. Not for two threads
 * at a time. Both take NULL. */
struct image_facts *image_facts_new(void);
struct image_facts *image_facts_ref(struct image_facts *image);
void image_facts_drop(struct image_facts *image);

/*
 * What `more` knows and `facts` does not is moved over: a field at a time, but image_name, image_tag and image_digest
 * as one (a tag says nothing of another's name), and labels by key. `more` is left to be cleared. Tells whether
 * anything came. 1, 0 or -ENOMEM.
 */
int facts_complete(struct container_facts *facts, struct container_facts *more);

#endif
