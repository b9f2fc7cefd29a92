// SPDX-License-Identifier: Apache-2.0
#include "report_sample.h"

/* Each bom-ref once. */
static void refs_check(const json_t *json)
{
	json_auto_t *seen = json_object();
	const json_t *component;
	size_t i;

	assert_int_equal(
		json_object_set_new(seen, json_string_value(json_at(json, "metadata.component.bom-ref")), json_true()),
		0);
	json_array_foreach (json_at(json, "components"), i, component) {
		const char *ref = json_string_value(json_object_get(component, "bom-ref"));

		assert_non_null(ref);
		assert_null(json_object_get(seen, ref));
		assert_int_equal(json_object_set_new(seen, ref, json_true()), 0);
		assert_true(json_string_length(json_object_get(component, "name")) > 0);
	}
}

static void ordinary(void **state)
{
	_cleanup_sample_ struct sample sample = { .builder = NULL };
	json_auto_t *json = NULL;

	(void)state;
	sample_ordinary(&sample);
	json = sample_json(&sample, "cyclonedx");
	refs_check(json);
	JSON_CHECK(json, { "bomFormat", "CycloneDX" }, { "specVersion", "1.5" }, { "version", "#1" },
		   { "serialNumber", "urn:uuid:01020304-0506-4f08-bf0a-0b0c0d0e0f10" },
		   { "metadata.timestamp", "2026-01-02T03:04:05Z" }, { "metadata.tools.components.0.name", "plimsoll" },
		   { "metadata.component.type", "container" },
		   { "metadata.component.name", "docker.io/library/debian" }, { "metadata.component.version", "12" },
		   { "metadata.component.hashes.0.alg", "SHA-256" },
		   { "metadata.component.hashes.0.content",
		     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" },
		   { "metadata.properties.0.name", "plimsoll:container" }, { "metadata.properties.0.value", "c1" },
		   { "metadata.properties.1.value", "rpm: /var/lib/rpm/Packages: a format that is not read" },
		   { "components.0.type", "operating-system" }, { "components.0.name", "debian" },
		   { "components.1.type", "library" }, { "components.1.name", "bash" },
		   { "components.1.purl", "pkg:deb/debian/bash@5.2.15-2%2Bb2" },
		   { "components.1.licenses.0.license.id", "GPL-3.0-or-later" },
		   { "components.1.evidence.occurrences.0.location", "/var/lib/dpkg/status" },
		   { "components.2.name", "zlib" }, { "components.2.purl", NULL }, { "components.2.evidence", NULL },
		   { "components.3.licenses.0.license.name", "GPLv3+ with exceptions" },
		   { "components.3.licenses.0.license.id", NULL },
		   { "components.6.licenses.0.expression", "MIT OR Apache-2.0" }, { "components.7.type", "file" },
		   { "components.7.name", "/opt/tool" }, { "components.8", NULL },
		   { "compositions.0.aggregate", "incomplete" }, { "compositions.0.assemblies.0", "root" });
}

static void empty(void **state)
{
	_cleanup_sample_ struct sample sample = { .builder = NULL };
	json_auto_t *json = NULL;

	(void)state;
	sample_empty(&sample);
	json = sample_json(&sample, "cyclonedx");
	JSON_CHECK(json, { "metadata.component.name", "/srv/root" }, { "metadata.component.version", NULL },
		   { "metadata.component.hashes", NULL }, { "components.0", NULL }, { "compositions", NULL });
	assert_true(json_is_array(json_at(json, "components")));
}

static void hostile(void **state)
{
	_cleanup_sample_ struct sample sample = { .builder = NULL };
	json_auto_t *json = NULL;

	(void)state;
	sample_hostile(&sample);
	json = sample_json(&sample, "cyclonedx");
	refs_check(json);
	JSON_CHECK(json, { "metadata.component.hashes", NULL }, { "components.1.licenses.0.license.id", NULL },
		   { "components.1.bom-ref", "package-0" });
	assert_non_null(json_at(json, "components.1.licenses.0.license.name"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(ordinary), cmocka_unit_test(empty),
					    cmocka_unit_test(hostile) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
