/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An alert as one line for the eyes of whoever is on duty:
 *
 *	03:04:05.678 HIGH     root.escalation      web (nginx:1.25) became root  pid=47 user=1000->0
 *
 * The message is never cut, and evidence that it already holds is not repeated. Every name is escaped.
 */
#ifndef PLM_OUTPUT_TEXT_H
#define PLM_OUTPUT_TEXT_H

#include <stdbool.h>

#include "output/alert.h"
#include "output/buffer.h"

/*
 * Appends the line and its end. 0, or the buffer's error (-ENOMEM, -EMSGSIZE): then the buffer is as it was
 * before.
 */
int alert_to_text(const struct alert *alert, bool colour, struct buffer *line);

/* Is `fd` a terminal that wants colours? Not with NO_COLOR set and not empty, or TERM=dumb. */
bool text_wants_colour(int fd);

#endif
