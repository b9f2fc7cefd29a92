// SPDX-License-Identifier: Apache-2.0
/* The document as the ledger gives it, with the violations that were chosen, in the order of urgency. */
#include "compliance/internal.h"

#include <errno.h>

/* jansson lets DEL pass, which is a control character too. It can stand within a string alone. */
static int dump(const char *text, size_t size, void *data)
{
	for (size_t i = 0; i < size; i++)
		if (text[i] == 0x7f)
			(void)fputs("\\u007f", data);
		else
			(void)fputc(text[i], data);
	return 0;
}

/* The members are the document's own, one reference more. */
static json_t *violations_list(const struct compliance *compliance)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < compliance->count; i++) {
		json_t *json = json_incref((json_t *)compliance->violations[i].json);

		if (json_array_append_new(list, json) == 0)
			continue;
		json_decref(list);
		return NULL;
	}
	return list;
}

static int json_print(const struct compliance *compliance, FILE *out)
{
	json_auto_t *document = json_copy((json_t *)compliance->document);
	json_t *list = violations_list(compliance);

	if (!list || !document || json_object_set_new(document, "violations", list) < 0)
		return -ENOMEM;
	if (json_dump_callback(document, dump, out, JSON_COMPACT | JSON_ENSURE_ASCII) < 0)
		return -ENOMEM;
	(void)fputc('\n', out);
	return 0;
}

const struct compliance_format compliance_json = { "json", json_print };
