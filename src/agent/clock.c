// SPDX-License-Identifier: Apache-2.0
/* The kernel side tells times of CLOCK_BOOTTIME, people those of CLOCK_REALTIME. */
#include "agent/internal.h"

#include "base/clock.h"

#define CLOCK_STEP_NS 1000000

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
