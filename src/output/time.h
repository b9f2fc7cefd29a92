/* SPDX-License-Identifier: Apache-2.0 */
/* Moments as text. Times are nanoseconds of CLOCK_REALTIME, before 1970 too. */
#ifndef PLM_OUTPUT_TIME_H
#define PLM_OUTPUT_TIME_H

#include <stdint.h>

#define TIME_RFC3339_SIZE sizeof("2026-01-02T03:04:05.678901234Z")
#define TIME_LOCAL_SIZE   sizeof("03:04:05.678")

/* As RFC 3339 has it, in UTC, with nine digits of the second. Always 30 characters, and a NUL. */
void time_rfc3339(int64_t time, char ret_text[static TIME_RFC3339_SIZE]);

/* The time of day in the local zone, to the millisecond (cut, not rounded). */
void time_local(int64_t time, char ret_text[static TIME_LOCAL_SIZE]);

/* The moment that time_rfc3339 wrote so: 0, or -EINVAL. `text`: TIME_RFC3339_SIZE - 1 bytes, which need no NUL. */
int time_from_rfc3339(const char *text, int64_t *ret_time);

#endif
