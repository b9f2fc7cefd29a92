/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page of HTML on its way out. Whatever page_put writes for %s is escaped, for HTML and against control characters,
 * in text and in quoted attributes alike: there is no other way for a text of the document's onto the page.
 */
#ifndef PLM_COMPLIANCE_PAGE_H
#define PLM_COMPLIANCE_PAGE_H

#include "compliance/compliance.h"
#include "output/buffer.h"

struct page {
	const struct compliance *compliance;
	struct buffer buffer;
	FILE *out;
};

/* `format` is HTML. It knows %s (escaped; NULL is nothing), %zu, %.2f and %%, and no other. */
void page_put(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* HTML of the program's own, whatever signs it holds. */
void page_raw(struct page *page, const char *html);

/* Passes on what was written, once it is much. */
void page_pass(struct page *page);

/* Passes on the rest. 0 or -ENOMEM. */
int page_end(struct page *page);
void page_clear(struct page *page);
#define _cleanup_page_ _cleanup_(page_clear)

/* ---- what stands on it ---- */

extern const char page_style[]; /* CSS */

void page_timeline(struct page *page);   /* deadlines ahead */
int page_chart(struct page *page);       /* states over time. 0 or -ENOMEM */
void page_violations(struct page *page); /* by workload, with their history */
void page_waivers(struct page *page);

/* <time> with what people read, in UTC without saying so, or a dash. */
void page_time(struct page *page, int64_t moment);

#endif
