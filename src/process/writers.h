/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who last wrote a file, by its inode in the upper layer: a name can be another file's by the time it runs. Bounded: of
 * WRITERS_MAX the one that was written or asked for longest ago goes.
 */
#ifndef PLM_PROCESS_WRITERS_H
#define PLM_PROCESS_WRITERS_H

#include "decode/event.h"
#include "detect/detect.h"

#define WRITERS_MAX 16384

struct writers;

struct writers *writers_new(size_t max);    /* NULL when out of memory */
void writers_free(struct writers *writers); /* takes NULL */

/* A change was told: whose content it is, if it wrote any. `executable`: the writer's, copied; may be NULL. Out of memory
 * it is not known. */
void writers_note(struct writers *writers, const struct event *change, const char *executable);

/* NULL: not known. Valid until the next writers_note. */
const struct writer *writers_get(struct writers *writers, const struct plm_file *file);

/* Every file of a container's that is known, with who wrote it. `call` must not call into the table. */
void writers_each(const struct writers *writers, uint64_t container,
		  void (*call)(uint64_t inode, uint32_t device, const struct writer *writer, void *data), void *data);

/* The latest moment of a writing that was forgotten for want of room: what was written later is known. 0: all is known. */
uint64_t writers_forgot(const struct writers *writers);

size_t writers_size(const struct writers *writers);

#endif
