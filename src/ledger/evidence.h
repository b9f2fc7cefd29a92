/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the condition of a violation is known by, in one container: while any of it is there, the violation is present.
 * Plain data.
 */
#ifndef PLM_LEDGER_EVIDENCE_H
#define PLM_LEDGER_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "detect/rule.h"

/* In the database: numbers stay. */
#define EVIDENCE_PROCESS   (1u << 0) /* a process of these runs (as root still, where the rule is root.exec) */
#define EVIDENCE_FILE      (1u << 1) /* the upper directory has something at `path` */
#define EVIDENCE_PACKAGES  (1u << 2) /* the container's packages are not the image's */
#define EVIDENCE_CONTAINER (1u << 3) /* the container is there: it is its image that is so */

#define EVIDENCE_PROCESSES 8 /* remembered; of more the one that was seen first is forgotten */

struct evidence_process {
	uint32_t pid;
	uint32_t uid;           /* effective, of the host */
	uint64_t start;         /* CLOCK_BOOTTIME ns, as the kernel side tells it */
	uint64_t device, inode; /* of its program, so that a child of it can be known; 0 unknown */
};

struct evidence {
	unsigned kinds;   /* of a rule: evidence_kinds */
	const char *path; /* for EVIDENCE_FILE; NULL none */
	struct evidence_process processes[EVIDENCE_PROCESSES];
	unsigned process_count;
};

/* What a violation of the rule is known by. */
unsigned evidence_kinds(enum rule rule);

/* Adds a process, or says that it is known. */
void evidence_add(struct evidence *evidence, const struct evidence_process *process);

#endif
