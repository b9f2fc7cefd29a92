/* SPDX-License-Identifier: Apache-2.0 */
/* What can be said of a line of the history without parsing it. Pure. */
#ifndef PLM_HISTORY_LINE_H
#define PLM_HISTORY_LINE_H

#include <stdbool.h>
#include <stddef.h>

#define LINE_TIME_SIZE 30 /* of an @timestamp as output/time.h writes it, no NUL; such texts sort by time */

/* Where its @timestamp is, which is its first field; NULL: it does not begin as a line does. */
const char *line_time(const char *line, size_t size);

/* Is it one object whose brackets and quotes fit, 64 deep at most, and without control characters? */
bool line_is_whole(const char *line, size_t size);

#endif
