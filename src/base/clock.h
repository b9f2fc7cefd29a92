/* SPDX-License-Identifier: Apache-2.0 */
/* For deadlines: a clock that nobody sets. */
#ifndef PLM_BASE_CLOCK_H
#define PLM_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* CLOCK_MONOTONIC, ms. */
static inline uint64_t monotonic_ms(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

#endif
