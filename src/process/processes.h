/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which program a process runs, by what its execs told: a process is (pid, start), never a pid alone. Bounded: at
 * `max` the one that was not asked for longest goes, so a container that forks without end only forgets its own
 * ancestors' names. Arguments are bounded by process (arguments.h), and so in all: of PROCESSES_MAX they take 1.3 MB.
 */
#ifndef PLM_PROCESS_PROCESSES_H
#define PLM_PROCESS_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "process/arguments.h"

#define PROCESSES_MAX 8192

struct processes;

struct process {
	uint32_t pid;
	uint64_t start;
	uint32_t parent_pid; /* 0 unknown */
	uint64_t parent_start;
	uint64_t container;
	bool in_image; /* the program is the image's */
	bool has_user;
	uint32_t user; /* effective, as it was when it exec'd */
	char *executable;
	struct arguments *args; /* NULL unknown */
};

struct processes *processes_new(size_t max);      /* NULL when out of memory */
void processes_free(struct processes *processes); /* takes NULL */

/* An exec was told. Strings are copied. 0 or -ENOMEM (then it is not known; without room for arguments, they are not). */
int processes_exec(struct processes *processes, const struct process *process);

/* NULL where no exec of it was told: it forked and did not exec, or was forgotten. Valid until the next exec. */
const struct process *processes_get(struct processes *processes, uint32_t pid, uint64_t start);

size_t processes_size(const struct processes *processes);

#endif
