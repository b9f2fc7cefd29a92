/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks as numbers; for deadlines one that nobody sets. */
#ifndef PLM_BASE_CLOCK_H
#define PLM_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* ns. */
static inline int64_t clock_ns(clockid_t clock)
{
	struct timespec now = { 0 };

	(void)clock_gettime(clock, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

/* CLOCK_MONOTONIC, ms. */
static inline uint64_t monotonic_ms(void)
{
	return (uint64_t)clock_ns(CLOCK_MONOTONIC) / 1000000;
}

#endif
