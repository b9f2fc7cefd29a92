/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command line as it is remembered of a process: blanked first, then cut, so that no secret is in the part that is kept
 * and none shows for being cut in half. One block of memory each.
 */
#ifndef PLM_PROCESS_ARGUMENTS_H
#define PLM_PROCESS_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "output/redact.h"

#define ARGUMENTS_MAX 160 /* bytes of one process's, each argument with its NUL */

struct arguments {
	uint16_t size, count;
	bool cut;    /* there was more */
	char text[]; /* each with its NUL, one behind the other */
};

/*
 * The first arguments, as far as they fit into ARGUMENTS_MAX bytes; the last of them may be a beginning. NULL: there are
 * none, out of memory, or they could not be blanked.
 */
struct arguments *arguments_new(const struct redact *redact, const char *const *argv, size_t argc);

/* The same of a process that runs, as host_root/proc has them; NULL too where it has ended (live.h). */
struct arguments *arguments_live(const struct redact *redact, const char *host_root, uint32_t pid, uint64_t start);

/* Points `ret_list` at each of them, with a NULL behind the last; valid as long as they are. Their number. */
size_t arguments_list(const struct arguments *arguments, const char *ret_list[static ARGUMENTS_MAX + 1]);

struct arguments *arguments_copy(const struct arguments *arguments); /* NULL for NULL, or out of memory */

static inline void arguments_free(struct arguments *arguments) /* takes NULL */
{
	free(arguments);
}
DEFINE_CLEANUP(struct arguments *, arguments_free)

#endif
