// SPDX-License-Identifier: Apache-2.0
#include "report_sample.h"

/* Each SPDXID once, of the characters that it may have; whatever a relationship names is there. */
static void ids_check(const json_t *json)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-";
	json_auto_t *seen = json_pack("{s:b}", "SPDXRef-DOCUMENT", 1);
	const json_t *package, *relationship;
	size_t i;

	json_array_foreach (json_at(json, "packages"), i, package) {
		const char *id = json_string_value(json_object_get(package, "SPDXID"));

		assert_non_null(id);
		assert_int_equal(strncmp(id, "SPDXRef-", strlen("SPDXRef-")), 0);
		assert_int_equal(strspn(id, letters), strlen(id));
		assert_null(json_object_get(seen, id));
		assert_int_equal(json_object_set_new(seen, id, json_true()), 0);
	}
	json_array_foreach (json_at(json, "relationships"), i, relationship) {
		const char *from = json_string_value(json_object_get(relationship, "spdxElementId"));
		const char *to = json_string_value(json_object_get(relationship, "relatedSpdxElement"));

		assert_non_null(json_object_get(seen, from));
		assert_non_null(json_object_get(seen, to));
	}
	/* DESCRIBES, and everything but the document and its subject is contained */
	assert_int_equal(json_array_size(json_at(json, "relationships")), json_array_size(json_at(json, "packages")));
}

static void ordinary(void **state)
{
	_cleanup_sample_ struct sample sample = { .builder = NULL };
	json_auto_t *json = NULL;

	(void)state;
	sample_ordinary(&sample);
	json = sample_json(&sample, "spdx");
	ids_check(json);
	JSON_CHECK(
		json, { "spdxVersion", "SPDX-2.3" }, { "dataLicense", "CC0-1.0" }, { "SPDXID", "SPDXRef-DOCUMENT" },
		{ "name", "docker.io/library/debian" },
		{ "documentNamespace", "urn:uuid:01020304-0506-4f08-bf0a-0b0c0d0e0f10" },
		{ "creationInfo.created", "2026-01-02T03:04:05Z" },
		{ "creationInfo.creators.0", "Tool: plimsoll-" PLM_VERSION },
		{ "comment", "Not whole:\nrpm: /var/lib/rpm/Packages: a format that is not read" },
		{ "packages.0.SPDXID", "SPDXRef-Image" }, { "packages.0.versionInfo", "12" },
		{ "packages.0.checksums.0.algorithm", "SHA256" }, { "packages.1.name", "debian" },
		{ "packages.2.name", "bash" }, { "packages.2.licenseDeclared", "GPL-3.0-or-later" },
		{ "packages.2.licenseConcluded", "NOASSERTION" }, { "packages.2.downloadLocation", "NOASSERTION" },
		{ "packages.2.sourceInfo", "read from /var/lib/dpkg/status; built from bash 5.2.15-2" },
		{ "packages.2.externalRefs.0.referenceType", "purl" },
		{ "packages.2.externalRefs.0.referenceLocator", "pkg:deb/debian/bash@5.2.15-2%2Bb2" },
		{ "packages.3.externalRefs", NULL }, { "packages.3.sourceInfo", NULL },
		{ "packages.4.licenseDeclared", "LicenseRef-0" }, { "packages.5.licenseDeclared", "LicenseRef-1" },
		{ "packages.6.licenseDeclared", "LicenseRef-0" }, { "packages.7.licenseDeclared", "MIT OR Apache-2.0" },
		{ "packages.8.name", "/opt/tool" }, { "packages.8.primaryPackagePurpose", "FILE" },
		{ "packages.9", NULL }, { "relationships.0.spdxElementId", "SPDXRef-DOCUMENT" },
		{ "relationships.0.relationshipType", "DESCRIBES" },
		{ "relationships.0.relatedSpdxElement", "SPDXRef-Image" },
		{ "hasExtractedLicensingInfos.0.licenseId", "LicenseRef-0" },
		{ "hasExtractedLicensingInfos.0.extractedText", "GPLv3+ with exceptions" },
		{ "hasExtractedLicensingInfos.1.extractedText", "LGPLv2+" }, { "hasExtractedLicensingInfos.2", NULL });
}

static void empty(void **state)
{
	_cleanup_sample_ struct sample sample = { .builder = NULL };
	json_auto_t *json = NULL;

	(void)state;
	sample_empty(&sample);
	json = sample_json(&sample, "spdx");
	ids_check(json);
	JSON_CHECK(json, { "name", "/srv/root" }, { "comment", NULL }, { "packages.1", NULL },
		   { "hasExtractedLicensingInfos", NULL });
}

static void hostile(void **state)
{
	_cleanup_sample_ struct sample sample = { .builder = NULL };
	json_auto_t *json = NULL;

	(void)state;
	sample_hostile(&sample);
	json = sample_json(&sample, "spdx");
	ids_check(json);
	JSON_CHECK(json, { "packages.0.checksums", NULL }, { "packages.2.licenseDeclared", "LicenseRef-0" });
	assert_non_null(json_at(json, "hasExtractedLicensingInfos.0.extractedText"));
}

/* All notes at their longest, every byte of which goes out as six. */
static void long_notes(void **state)
{
	_cleanup_sample_ struct sample sample = { .builder = NULL };
	json_auto_t *json = NULL;
	char text[BUILDER_STRING_MAX + 1];

	(void)state;
	memset(text, '\001', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(builder_new(&sample.builder), 0);
	for (int i = 0; i < BUILDER_NOTES_MAX; i++)
		builder_note(sample.builder, "rpm", text, "%s", text);
	sample_finish(&sample);
	for (size_t i = 0; i < 3; i++) {
		json = sample_json(&sample, (const char *[]){ "json", "cyclonedx", "spdx" }[i]);
		json_decref(json);
	}
	json = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(ordinary), cmocka_unit_test(empty),
					    cmocka_unit_test(hostile), cmocka_unit_test(long_notes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
