// SPDX-License-Identifier: Apache-2.0
#include "ledger/trust.h"

#include <stdlib.h>

int64_t trust_now(const struct trust *trust, int64_t boot)
{
	return trust->wall + (boot > trust->boot ? boot - trust->boot : 0);
}

static bool agrees(const struct trust *trust, const struct trust_reading *reading)
{
	int64_t passed = reading->boot - trust->boot;

	return llabs(reading->wall - trust_now(trust, reading->boot)) <= TRUST_SLACK + llabs(passed) / TRUST_DRIFT;
}

static enum trust_verdict believe(struct trust *trust, const struct trust_reading *reading)
{
	bool frozen = trust->frozen;

	*trust = (struct trust){ .wall = reading->wall, .boot = reading->boot };
	return frozen ? TRUST_RESUMED : TRUST_SAME;
}

static enum trust_verdict doubt(struct trust *trust, const struct trust_reading *reading)
{
	if (trust->frozen)
		return TRUST_SAME;
	trust->frozen = trust_now(trust, reading->boot);
	return TRUST_FROZE;
}

enum trust_verdict trust_look(struct trust *trust, const struct trust_reading *reading)
{
	if (agrees(trust, reading) || (trust->frozen && reading->synchronised))
		return believe(trust, reading);
	return doubt(trust, reading);
}

enum trust_verdict trust_begin(struct trust *ret_trust, const struct trust *before, bool same_boot,
			       const struct trust_reading *reading)
{
	*ret_trust = (struct trust){ .wall = reading->wall, .boot = reading->boot };
	if (!before)
		return TRUST_SAME;
	if (same_boot && before->boot <= reading->boot) {
		*ret_trust = *before;
		return trust_look(ret_trust, reading);
	}
	if (reading->synchronised || (!before->frozen && reading->wall >= before->wall - TRUST_SLACK))
		return before->frozen ? TRUST_RESUMED : TRUST_SAME;
	ret_trust->wall = before->wall;
	ret_trust->frozen = before->frozen ? before->frozen : before->wall;
	return TRUST_FROZE;
}

enum trust_verdict trust_confirm(struct trust *trust, const struct trust_reading *reading)
{
	return believe(trust, reading);
}
