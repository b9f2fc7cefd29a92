/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expressions over an alert's own fields:
 *
 *	process.user.id == 0 and file.path =~ "**.so"
 *	not (rule.id in ("session.exec", "root.exec")) or plimsoll.fold.count >= 10
 *
 *	expression := term { "or" term }         term := factor { "and" factor }
 *	factor := "not" factor | "(" expression ")" | field [ operator value | "in" "(" value { "," value } ")" ]
 *	operator := == != < <= > >= =~ !~        value := 'text' | "text" | number | true | false
 *
 * - A field is a dotted path. One that is no field of an alert is refused, with the nearest that is.
 * - A field alone is true where it is there. A comparison with a field that is not there is false: `!=` and `!~` too,
 *   for nothing is known of it; `not a == b` is true then.
 * - Where both sides are numbers, as they are or as text ("0"), they are compared as numbers; else both as text, byte by
 *   byte, where `true` and `false` are text too. `<` and its like compare text that way: moments sort so.
 * - `=~` takes a pattern of policy/pattern.h, which must match the whole; the value must be in quotes.
 * - Of a list (and of a list of objects) one element that fits is enough; `!=` and `!~` want that none is equal or matches.
 * - In quotes a backslash stands before a quote or a backslash that is meant; before all else it stands for itself.
 *
 * Bounds: FILTER_SIZE bytes, FILTER_TERMS comparisons and values, FILTER_DEPTH levels of "(" and "not"; a value of
 * PATTERN_MAX bytes.
 */
#ifndef PLM_FILTER_FILTER_H
#define PLM_FILTER_FILTER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "output/buffer.h"

#define FILTER_SIZE  (64u << 10)
#define FILTER_TERMS 1024
#define FILTER_DEPTH 64

struct filter;

/* What is wrong, and where: an offset in the expression, or FILTER_NOWHERE. */
struct filter_error {
	size_t offset;
	char message[192]; /* what was expected; may quote the expression, not yet escaped */
};
#define FILTER_NOWHERE SIZE_MAX

/* 0: *ret_filter is the caller's. -EINVAL: *ret_error says why. -ENOMEM. */
int filter_new(const char *text, struct filter **ret_filter, struct filter_error *ret_error);
void filter_free(struct filter *filter); /* takes NULL */
DEFINE_CLEANUP(struct filter *, filter_free)

/* Pure; the alert is a JSON object. */
bool filter_match(const struct filter *filter, const json_t *alert);

/*
 * Appends what a person is shown of an error behind its message: the expression, and under it a caret at the place, an end
 * of line behind each. Every character takes one column, what would not is escaped; of a long expression the part around
 * the place. Nothing, where the error has no place.
 */
void filter_show(const char *text, const struct filter_error *error, struct buffer *out);

#endif
