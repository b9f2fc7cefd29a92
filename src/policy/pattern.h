/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns as people write them in a policy. Compiled once, matched often, in time proportional to (length of
 * text) x (length of pattern) at worst, whatever the text: there is no backtracking.
 *
 *	*	any run of bytes without a slash, also none
 *	**	any run of bytes, also none; where it is a whole component between slashes, any number of
 *		components, also none
 *
 * Every other byte stands for itself; there is no escape. The whole text must match: a pattern that ends in a
 * slash and ** is what lies below that directory, not the directory itself.
 */
#ifndef PLM_POLICY_PATTERN_H
#define PLM_POLICY_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

#define PATTERN_MAX 1024 /* bytes */

#define PATTERN_TEXT     (1u << 0) /* "/" is nothing special, "*" crosses it: for arguments */
#define PATTERN_ANY_CASE (1u << 1) /* ASCII letters match in either case */

struct pattern;

/*
 * 0: *ret_pattern is the caller's, to be freed with pattern_free.
 * -EINVAL: an empty pattern. -ENAMETOOLONG: longer than PATTERN_MAX. -ENOMEM.
 */
int pattern_new(const char *text, unsigned flags, struct pattern **ret_pattern);
void pattern_free(struct pattern *pattern); /* takes NULL */
DEFINE_CLEANUP(struct pattern *, pattern_free)

/* As it was written. The pattern's. */
const char *pattern_text(const struct pattern *pattern);

/* A text of NULL (unknown) is matched by nothing. No allocation. */
bool pattern_match(const struct pattern *pattern, const char *text);

/*
 * What is wrong with `text` as a pattern of paths, as the end of a sentence ("must begin with /"), or NULL.
 * A path pattern is absolute or begins with "**", and has no component that a normal path never has ("", ".",
 * "..").
 */
const char *pattern_path_fault(const char *text);

#endif
