// SPDX-License-Identifier: Apache-2.0
#include "report/license.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"

static void forms(void **state)
{
	static const struct {
		const char *text;
		enum license_form form;
	} rows[] = {
		{ NULL, LICENSE_NONE },
		{ "", LICENSE_NONE },
		{ "  ", LICENSE_NONE },
		{ "MIT", LICENSE_ID },
		{ "0BSD", LICENSE_ID }, /* the first and the last of the list */
		{ "zlib-acknowledgement", LICENSE_ID },
		{ "Apache-2.0", LICENSE_ID },
		{ "GPL-2.0+", LICENSE_ID }, /* an identifier of its own, though an old one */
		{ "GPL-2.0-or-later", LICENSE_ID },
		{ "Apache-2.0+", LICENSE_EXPRESSION },
		{ "MIT OR Apache-2.0", LICENSE_EXPRESSION },
		{ "(MIT OR CC0-1.0)", LICENSE_EXPRESSION },
		{ " MIT ", LICENSE_EXPRESSION },
		{ "(MIT)", LICENSE_EXPRESSION },
		{ "((MIT AND (BSD-3-Clause OR Zlib)) OR ISC)", LICENSE_EXPRESSION },
		{ "GPL-2.0-only WITH Classpath-exception-2.0", LICENSE_EXPRESSION },
		{ "GPL-2.0-or-later WITH GCC-exception-2.0 AND MIT", LICENSE_EXPRESSION },
		{ "mit", LICENSE_NAME },
		{ "MIT License", LICENSE_NAME },
		{ "GPLv2+ and MIT", LICENSE_NAME },
		{ "MIT and ISC", LICENSE_NAME },
		{ "MIT ISC", LICENSE_NAME },
		{ "MIT/ISC", LICENSE_NAME },
		{ "MIT OR", LICENSE_NAME },
		{ "OR MIT", LICENSE_NAME },
		{ "MIT OR OR ISC", LICENSE_NAME },
		{ "(MIT", LICENSE_NAME },
		{ "MIT)", LICENSE_NAME },
		{ "MIT) OR (ISC", LICENSE_NAME },
		{ "()", LICENSE_NAME },
		{ "(", LICENSE_NAME },
		{ "MIT (ISC)", LICENSE_NAME },
		{ "GPL-2.0-only WITH MIT", LICENSE_NAME },
		{ "GPL-2.0-only WITH", LICENSE_NAME },
		{ "WITH Classpath-exception-2.0", LICENSE_NAME },
		{ "Classpath-exception-2.0", LICENSE_NAME },
		{ "(MIT) WITH Classpath-exception-2.0", LICENSE_NAME },
		{ "GPL-2.0-only WITH Classpath-exception-2.0 WITH GCC-exception-2.0", LICENSE_NAME },
		{ "MIT++", LICENSE_NAME },
		{ "+", LICENSE_NAME },
		{ "LicenseRef-1", LICENSE_NAME }, /* of another document */
		{ "NOASSERTION", LICENSE_NAME },
		{ "MIT\tOR\tISC", LICENSE_NAME },
		{ "MIT OR \033[31m", LICENSE_NAME },
		{ "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		  LICENSE_NAME },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (license_form(rows[i].text) != rows[i].form)
			fail_msg("'%s' is taken for %d", rows[i].text, license_form(rows[i].text));
}

/* Brackets without end are counted, not followed. */
static void deep_ones(void **state)
{
	enum { DEPTH = 4096 };
	static char text[2 * DEPTH + 4];

	(void)state;
	memset(text, '(', DEPTH);
	memcpy(text + DEPTH, "MIT", 3);
	memset(text + DEPTH + 3, ')', DEPTH);
	assert_int_equal(license_form(text), LICENSE_EXPRESSION);
	text[2 * DEPTH + 2] = '\0';
	assert_int_equal(license_form(text), LICENSE_NAME);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(forms), cmocka_unit_test(deep_ones) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
