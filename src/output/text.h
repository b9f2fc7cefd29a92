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

#define TEXT_SHORT_ID 12 /* of a container's, as its runtime prints it */

/* What such a line shows. Strings are others' and may be NULL, but `what` and `message`. */
struct text_alert {
	int64_t time; /* realtime ns */
	enum severity severity;
	const char *what; /* in a column: the rule, or what was done */
	const char *pod_namespace, *pod_name;
	const char *container; /* what there is to call it by; NULL: it is about none */
	const char *image_name, *image_tag;
	const char *message;
	bool has_process, has_before;
	uint32_t pid, user, real_user, before_user;
	const char *executable, *parent_executable;
	const char *path, *package, *writer, *from, *reason, *allowed;
	uint64_t count; /* of what was folded into it */
	bool cut;       /* fields of it were */
	char short_id[TEXT_SHORT_ID + 1];
};

/* Appends the line and its end; the errors are alert_to_text's. */
int text_line(const struct text_alert *alert, bool colour, struct buffer *line);

/*
 * Appends the line and its end. 0, or the buffer's error (-ENOMEM, -EMSGSIZE): then the buffer is as it was
 * before.
 */
int alert_to_text(const struct alert *alert, bool colour, struct buffer *line);

/* Is `fd` a terminal that wants colours? Not with NO_COLOR set and not empty, or TERM=dumb. */
bool text_wants_colour(int fd);

#endif
