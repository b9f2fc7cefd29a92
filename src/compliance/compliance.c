// SPDX-License-Identifier: Apache-2.0
#include "compliance/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct compliance_format *const formats[] = { &compliance_table, &compliance_json, &compliance_csv,
							   &compliance_html };

const struct compliance_format *compliance_format_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (strcmp(formats[i]->name, name) == 0)
			return formats[i];
	return NULL;
}

/* The filtered ones, as the document has them. */
static int violations_read(const json_t *list, const struct compliance_filter *filter, struct compliance *compliance,
			   size_t *ret_index)
{
	const json_t *json;
	size_t i;

	json_array_foreach (list, i, json) {
		struct shown *violation = &compliance->violations[compliance->count];

		if (shown_read(json, violation) < 0) {
			*ret_index = i;
			return -EBADMSG;
		}
		if (!filter_takes(filter, violation))
			continue;
		compliance->counts[violation->state]++;
		compliance->count++;
	}
	return violations_order(compliance->violations, compliance->count);
}

int compliance_read(const json_t *document, const struct compliance_filter *filter, struct compliance *ret_compliance,
		    size_t *ret_index)
{
	const json_t *list = json_object_get(document, "violations");
	_cleanup_compliance_ struct compliance compliance = {
		.document = document,
		.as_of = shown_instant(text_of(document, "as_of")),
		.total = json_array_size(list),
		.filtered = filter->states || filter->workload || filter->rule || filter->namespace,
		.width = 100,
	};
	int r;

	*ret_index = (size_t)-1;
	if (!json_is_array(list) || compliance.as_of == MOMENT_UNKNOWN)
		return -EBADMSG;
	compliance.violations = calloc(compliance.total + 1, sizeof(*compliance.violations));
	if (!compliance.violations)
		return -ENOMEM;
	r = violations_read(list, filter, &compliance, ret_index);
	if (r < 0)
		return r;
	*ret_compliance = compliance;
	compliance.violations = NULL;
	return 0;
}

void compliance_clear(struct compliance *compliance)
{
	free(compliance->violations);
	*compliance = (struct compliance){ .document = NULL };
}
