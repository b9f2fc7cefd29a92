/* SPDX-License-Identifier: Apache-2.0 */
/* Which lines of the history `plimsoll tail` shows. A line is parsed only where that is needed. */
#ifndef PLM_TAIL_PICK_H
#define PLM_TAIL_PICK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "detect/rule.h"
#include "filter/filter.h"
#include "output/time.h"
#include "policy/pattern.h"

/* All zero picks every line. The patterns and the filter are the caller's. */
struct pick {
	char until[TIME_RFC3339_SIZE];   /* told before this; "": at any time */
	struct pattern *container;       /* its name or id */
	const char *container_id;        /* or an id that begins so; NULL: none is meant */
	struct pattern *pod, *namespace; /* of Kubernetes */
	struct pattern *image;           /* any of the names that a policy's `match` would know it by */
	struct pattern *rule;
	enum severity severity; /* at least */
	struct filter *filter;
	bool parse;          /* every line that is picked: for whoever shows its fields */
	uint64_t unreadable; /* counts lines that are no JSON */
};

/* 1: *ret_alert is the object, the caller's; or NULL where it was not needed. 0: not this one. */
int pick_line(struct pick *pick, const char *line, size_t size, json_t **ret_alert);

#endif
