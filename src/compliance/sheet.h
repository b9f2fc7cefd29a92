/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page of HTML on its way out. Whatever sheet_put writes for %s is escaped, for HTML and against control characters,
 * in text and in quoted attributes alike: there is no other way for a text of the document's onto the page.
 */
#ifndef PLM_COMPLIANCE_SHEET_H
#define PLM_COMPLIANCE_SHEET_H

#include "compliance/compliance.h"
#include "output/buffer.h"

struct sheet {
	const struct compliance *compliance;
	struct buffer buffer;
	FILE *out;
};

/* `format` is HTML. It knows %s (escaped; NULL is nothing), %zu, %.2f and %%, and no other. */
void sheet_put(struct sheet *sheet, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* HTML of the program's own, whatever signs it holds. */
void sheet_raw(struct sheet *sheet, const char *html);

/* Passes on what was written, once it is much. */
void sheet_pass(struct sheet *sheet);

/* Passes on the rest. 0 or -ENOMEM. */
int sheet_end(struct sheet *sheet);
void sheet_clear(struct sheet *sheet);
#define _cleanup_sheet_ _cleanup_(sheet_clear)

/* ---- what stands on it ---- */

extern const char sheet_style[]; /* CSS */

void sheet_timeline(struct sheet *sheet);   /* deadlines ahead */
int sheet_chart(struct sheet *sheet);       /* states over time. 0 or -ENOMEM */
void sheet_violations(struct sheet *sheet); /* by workload, with their history */
void sheet_waivers(struct sheet *sheet);

/* <time> with what people read, in UTC without saying so, or a dash. */
void sheet_time(struct sheet *sheet, int64_t moment);

#endif
