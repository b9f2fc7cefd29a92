// SPDX-License-Identifier: Apache-2.0
#include "compliance/internal.h"

static bool is_seen_in(const struct shown *violation, const struct pattern *namespace)
{
	const json_t *sighting;
	size_t i;

	json_array_foreach (violation->sightings, i, sighting)
		if (pattern_match(namespace, text_within(sighting, "orchestrator", "namespace")))
			return true;
	return false;
}

bool filter_takes(const struct compliance_filter *filter, const struct shown *violation)
{
	if (filter->states && !(filter->states & 1u << violation->state))
		return false;
	if (filter->workload && !pattern_match(filter->workload, violation->workload))
		return false;
	if (filter->rule && !pattern_match(filter->rule, violation->rule))
		return false;
	return !filter->namespace || is_seen_in(violation, filter->namespace);
}
