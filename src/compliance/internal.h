/* SPDX-License-Identifier: Apache-2.0 */
/* What the formats share. Nobody else includes it. */
#ifndef PLM_COMPLIANCE_INTERNAL_H
#define PLM_COMPLIANCE_INTERNAL_H

#include "compliance/compliance.h"
#include "output/buffer.h"

extern const struct compliance_format compliance_table, compliance_json, compliance_csv, compliance_html;

/* filter.c */
bool filter_takes(const struct compliance_filter *filter, const struct shown *violation);

/* order.c: as struct compliance has them. 0 or -ENOMEM: then the order is any. */
int violations_order(struct shown *violations, size_t count);

/* Workloads are runs of violations: the end of the one that begins at `from`. */
size_t workload_end(const struct compliance *compliance, size_t from);

/* ---- words.c: what is said the same way by every format ---- */

/* "3 d": one unit, of which there are two at least, else the next smaller. `seconds` without its sign. */
#define SPAN_SIZE sizeof("9223372036854775807 min")
void clock_span(int64_t seconds, char ret_text[static SPAN_SIZE]);

/* "overdue by 2 h", "grace, 3 d left", "waived, 12 d left", "resolved 3 d ago"; without a moment the
 * state alone. While transitions are held a clock can have run out: "grace, due 2 h ago". */
#define CLOCK_TEXT_SIZE (SPAN_SIZE + 16)
void clock_text(const struct shown *violation, int64_t as_of, char ret_text[static CLOCK_TEXT_SIZE]);

/* "2026-01-02 03:04 UTC", or "" for MOMENT_UNKNOWN. */
#define DATE_TEXT_SIZE sizeof("-2147483648-01-02 03:04 UTC")
void date_text(int64_t moment, char ret_text[static DATE_TEXT_SIZE]);

/*
 * Appends where it was seen, raw: containers with their nodes, those where it is present before others, `most` of them,
 * then "+2 more". Nothing where there is no sighting.
 */
void where_append(struct buffer *out, const struct shown *violation, size_t most);

/* One of them: NAMESPACE/POD/NAME on NODE. */
void sighting_append(struct buffer *out, const json_t *sighting);

/* Appends what is known of its presence where that is more than "yes", raw: "not seen since ...". */
void presence_append(struct buffer *out, const struct shown *violation, int64_t as_of);

/* "1 violation", "2 violations". */
void count_append(struct buffer *out, size_t count, const char *one, const char *many);

/* "2 overdue, 1 in grace": those that are not 0. */
void counts_append(struct buffer *out, const size_t counts[static SHOWN_STATES]);

/* Ends it with a NUL, which does not count. The text, or "" when out of memory. */
const char *buffer_text(struct buffer *buffer);

/* ---- waivers ---- */

/* How often it matched and when last, or that it never did, raw. */
void waiver_use_append(struct buffer *out, const json_t *waiver);

#endif
