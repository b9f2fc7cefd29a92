// SPDX-License-Identifier: Apache-2.0
/* The kernel side tells times of CLOCK_BOOTTIME, people those of CLOCK_REALTIME. */
#include "agent/internal.h"

#include <time.h>

#define NSEC_PER_SEC  1000000000ll
#define CLOCK_STEP_NS 1000000

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

uint64_t agent_now(void)
{
	return (uint64_t)clock_ns(CLOCK_BOOTTIME);
}

int64_t agent_wall(void)
{
	return clock_ns(CLOCK_REALTIME);
}

/* The realtime clock may be stepped: its distance is taken anew with every batch. */
void clock_take(struct agent *agent)
{
	int64_t offset = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME);

	kernel_clock(agent->kernel);
	if (llabs(offset - agent->boot_offset) < CLOCK_STEP_NS)
		return; /* two readings of the clocks are never at one moment */
	agent->boot_offset = offset;
	teller_set_clock(agent->teller, offset);
}
