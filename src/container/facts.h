/* SPDX-License-Identifier: Apache-2.0 */
/* Filling struct container_facts from what a runtime answered: every value is a stranger's. */
#ifndef PLM_CONTAINER_FACTS_H
#define PLM_CONTAINER_FACTS_H

#include "container/container.h"

#define FACT_MAX 1024 /* bytes of one value; a longer one is taken as not told */

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

#endif
