/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the program says of itself, on standard error: one line a message, beginning with "plimsoll: ".
 *
 * Libraries return, programs speak: a function that returns an error does not log it; it is said once, by the
 * layer that knows the whole sentence. Control characters in a message are escaped, so a name out of a
 * container cannot steer a terminal.
 */
#ifndef PLM_BASE_LOG_H
#define PLM_BASE_LOG_H

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* Messages above `level` are dropped; LOG_INFO until set. */
void log_set_level(enum log_level level);

/* Prints "plimsoll: " and the message, with an end of line. Keeps errno. Never fails. */
void log_message(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...)   log_message(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_message(LOG_WARNING, __VA_ARGS__)
#define log_info(...)    log_message(LOG_INFO, __VA_ARGS__)
#define log_debug(...)   log_message(LOG_DEBUG, __VA_ARGS__)

#endif
