/* SPDX-License-Identifier: Apache-2.0 */
/* Single values of a policy, from their text. Pure. Each gives 0, -EINVAL, or -ERANGE where out of range. */
#ifndef PLM_POLICY_VALUE_H
#define PLM_POLICY_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#define VALUE_DURATION_MAX (3650ll * 86400) /* ten years, in seconds */

/* "true" or "false", as YAML 1.2 has it. */
int value_bool(const char *text, bool *ret_value);

/* A whole number and a unit, s, m, h, d or w: "0s", "30m", "14d". In seconds. */
int value_duration(const char *text, int64_t *ret_seconds);

#define VALUE_SIZE_MAX (1ll << 50)

/* A whole number, bytes, or with K, M or G behind it that many times 1024: "16M", "1G". */
int value_size(const char *text, int64_t *ret_bytes);

/*
 * "2026-12-31", or a moment of RFC 3339 (section 5.6, with an offset): the first second, since the epoch,
 * that is no longer within; of a date the end of that day in UTC. Years 1970 to 9999.
 */
int value_until(const char *text, int64_t *ret_end);

/* The same texts as a moment, in ns since the epoch: of a date the beginning of that day, or with `end` its end, in UTC; of
 * a moment of RFC 3339 that moment. Years 1970 to 2261. */
int value_moment(const char *text, bool end, int64_t *ret_time);

/* Would YAML's core schema (YAML 1.2.2, section 10.3.2) read an unquoted `text` as a null, bool or number? */
bool value_is_not_text(const char *text);

#endif
