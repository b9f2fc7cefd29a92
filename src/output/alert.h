/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line that is told: everything interfaces.md's alert can carry, as plain data. Built once for a finding
 * (or an event with --events, or what the agent says of itself) and handed to every output.
 */
#ifndef PLM_OUTPUT_ALERT_H
#define PLM_OUTPUT_ALERT_H

#include "container/container.h"
#include "decode/event.h"
#include "detect/detect.h"
#include "process/sessions.h"

enum alert_kind { ALERT_ALERT, ALERT_EVENT, ALERT_STATE };

struct alert_ancestor {
	uint64_t start;
	uint32_t pid;
	const char *executable; /* NULL unknown */
	bool has_user;
	uint32_t user;                /* effective, as it was when it exec'd */
	const struct arguments *args; /* NULL unknown */
};

/* Of the violation that it belongs to, and of the ledger's chain with it. */
struct alert_compliance {
	char id[33];              /* "": none */
	const char *state;        /* "grace", ... */
	int64_t opened, deadline; /* realtime ns; deadline 0: none */
	char head[65];            /* "": none */
};

/* All pointers belong to others and may be NULL; only kind, time, id, message and action are always there. */
struct alert {
	enum alert_kind kind;
	int64_t time; /* realtime ns */
	char id[33];  /* sorts by time */
	enum severity severity;
	const char *action;
	const char *message;
	const struct finding *finding; /* ALERT_ALERT */
	const struct event *event;
	const struct facts *facts;
	const struct container *container;
	/* Of the process, after redact_args: the only arguments that an output shows. */
	const char *const *args;
	size_t argc;
	bool args_cut; /* beyond what the event itself says of them */
	/* From the parent up, PLM_ANCESTORS are shown. NULL: the event's own. */
	const struct alert_ancestor *ancestors;
	size_t ancestor_count;
	const struct session *session; /* that it happened in, or is about; NULL: in none, or not known */
	uint64_t duration;             /* ns, of what has ended; 0: of nothing */
	int64_t boot_offset; /* realtime - boottime, ns: for the event's other times */
	struct {
		uint64_t id; /* 0: not folded */
		uint64_t count;
		int64_t first_seen, last_seen; /* realtime ns */
	} fold;
	struct alert_compliance compliance;
	const char *corrects; /* event.id of the alert that this one corrects */
	const char *allowed;  /* reason of the policy's exception: recorded, not an alert */
	struct {
		const char *kind; /* ALERT_STATE: "loss", "start", "reload", "stop", "session-end" */
		uint64_t count;
		const char *reason;
	} state;
};

#endif
