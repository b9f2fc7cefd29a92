/* SPDX-License-Identifier: Apache-2.0 */
/* For the files of this folder: tell.c makes lines, restart.c lets what they folded outlive the process. */
#ifndef PLM_TELL_INTERNAL_H
#define PLM_TELL_INTERNAL_H

#include "fold/fold.h"
#include "tell/tell.h"

#define FOLDS_MAX    4096
#define SUBJECTS_MAX 1024

/* What a state of a file was first told by. */
struct told_subject {
	uint64_t container, state; /* 0 free */
	enum rule rule;
	char *subject; /* owned */
};

struct teller {
	struct teller_parts parts;
	struct state *state;   /* may be NULL */
	struct ledger *ledger; /* likewise */
	struct redact *redact;
	struct fold *fold;
	struct told_subject subjects[SUBJECTS_MAX]; /* a ring: the oldest is forgotten, and may be told again */
	size_t subjects_next;
	int64_t boot_offset;
	uint64_t told;
	uint64_t save_next; /* of those that were only counted */
};

/* What a repeat shows of the first: in one block, message behind path. */
struct kept {
	const char *path;
	char message[];
};

/* `path` may be NULL. NULL when out of memory. */
struct kept *kept_new(const char *message, const char *path);

/* Why the policy, or someone, lets a finding through. */
struct excuse {
	const char *reason;          /* NULL: nothing does */
	const struct waiver *waiver; /* the ledger's; NULL: an `allow` entry, or there is no ledger */
	struct policy_waiver said;
	struct waiver policys;
};

/* violation.c */
void excuse_find(struct teller *teller, const struct telling *telling, const struct finding *finding,
		 struct excuse *ret_excuse);
/* How a finding was told. */
enum violation_as {
	VIOLATION_OWN,       /* as itself */
	VIOLATION_DIRECTORY, /* in a roll-up by directory */
	VIOLATION_BEFORE,    /* once before, in whichever way */
};

/* The ledger learns of it: true, and which violation it is of. */
bool violation_find(struct teller *teller, const struct telling *telling, const struct finding *finding,
		    enum violation_as as, const struct waiver *waiver, struct alert_compliance *ret_compliance);

/* tell.c */
struct alert alert_begin(struct teller *teller, enum alert_kind kind, uint64_t boot_time);
void alert_tell(struct teller *teller, struct alert *alert);

/* A fold's `tell`; data is the teller. */
void repeat_tell(const struct fold_repeat *repeat, void *data);

#endif
