// SPDX-License-Identifier: Apache-2.0
/* What is shown of a drift made by hand: JSON for programs, a table for people. */
#include "drift/drift.h"

#include <errno.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "inventory_made.h"

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#define SECOND 1000000000ll

static struct digest sha256(char digit)
{
	struct digest digest;
	char text[65];

	memset(text, digit, 64);
	assert_int_equal(digest_from_hex(DIGEST_SHA256, text, 64, &digest), 0);
	return digest;
}

static struct container_facts named(void)
{
	return (struct container_facts){ .id = (char *)"0123456789ab",
					 .name = (char *)"web",
					 .runtime = (char *)"docker",
					 .image_name = (char *)"registry.example/web",
					 .image_tag = (char *)"7.1",
					 .image_digest = (char *)"sha256:" HEX_B };
}

/* What print writes. */
static char *shown(const struct drift *drift, const struct container_facts *facts, bool json)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	if (json)
		assert_int_equal(drift_json(drift, facts, out), 0);
	else
		drift_table(drift, facts, out);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(strlen(text), size);
	return text;
}

static json_t *parsed(const struct drift *drift, const struct container_facts *facts)
{
	_cleanup_free_ char *text = shown(drift, facts, true);
	json_error_t error;
	json_t *object = json_loads(text, 0, &error);

	if (!object)
		fail_msg("%s: %.200s", error.text, text);
	for (const char *c = text; *c; c++)
		assert_true((unsigned char)*c >= ' ' || (*c == '\n' && !c[1]));
	return object;
}

static void expect_json(const json_t *object, const char *expected)
{
	json_auto_t *wanted = json_loads(expected, 0, NULL);
	_cleanup_free_ char *text = json_dumps(object, JSON_COMPACT);

	assert_non_null(wanted);
	if (!json_equal(object, wanted))
		fail_msg("%s\nnot\n%s", text, expected);
}

/* ---- one of each ---- */

struct sample {
	struct drift drift;
	struct drift_file files[5];
};

static void sample_make(struct sample *sample)
{
	struct drift_file *files = sample->files;

	*sample = (struct sample){ .drift = { .files = files, .count = 5 } };
	files[0] = (struct drift_file){ .kind = DIFFERENCE_REMOVED,
					.path = (char *)"/data/old",
					.stat = { .mode = S_IFCHR, .ctime = 1700000000 * SECOND + 5 },
					.owned = 3 };
	files[1] = (struct drift_file){ .kind = DIFFERENCE_MODIFIED,
					.path = (char *)"/etc/passwd",
					.stat = { .mode = S_IFREG | 0644,
						  .inode = 18446744073709551615ull,
						  .size = 7,
						  .ctime = 1700000001 * SECOND,
						  .mtime = 1600000000 * SECOND },
					.digest = sha256('a'),
					.expected = sha256('b'),
					.package = { "base-passwd", "3.6", "deb" } };
	files[2] = (struct drift_file){ .kind = DIFFERENCE_ADDED,
					.path = (char *)"/opt/tools",
					.from = (char *)"/usr/lib/tools",
					.stat = { .mode = S_IFDIR | 0755, .inode = 3, .ctime = SECOND } };
	files[3] = (struct drift_file){ .kind = DIFFERENCE_METADATA,
					.path = (char *)"/usr/bin/id",
					.stat = { .mode = S_IFREG | 04755, .inode = 4, .uid = 1000, .gid = 50 },
					.digest = sha256('a'),
					.expected = sha256('a') };
	files[4] = (struct drift_file){ .kind = DIFFERENCE_ADDED,
					.path = (char *)"/usr/bin/x y",
					.stat = { .mode = S_IFREG | 0755, .inode = 5, .size = 1ull << 40 },
					.package = { "x", "1", "npm" },
					.writer = { 77, (char *)"/usr/bin/npm", (char *)"1f",
						    (char *)"2026-01-02T03:04:05.000000000Z" } };
}

static void each_kind_as_json(void **state)
{
	const struct container_facts facts = named();
	struct sample sample;

	(void)state;
	sample_make(&sample);
	json_auto_t *object = parsed(&sample.drift, &facts);
	expect_json(
		object,
		"{\"container\":{\"id\":\"0123456789ab\",\"name\":\"web\",\"runtime\":\"docker\",\"image\":{"
		"\"name\":\"registry.example/web\",\"tag\":[\"7.1\"],\"hash\":{\"all\":[\"sha256:" HEX_B "\"]}}},"
		"\"files\":["
		"{\"file\":{\"path\":\"/data/old\"},\"plimsoll\":{\"change\":\"removed\",\"layer\":\"image\","
		"\"time\":\"2023-11-14T22:13:20.000000005Z\",\"files\":3}},"
		"{\"file\":{\"path\":\"/etc/passwd\",\"type\":\"file\",\"inode\":\"18446744073709551615\",\"size\":7,"
		"\"mode\":\"0644\",\"uid\":\"0\",\"gid\":\"0\",\"mtime\":\"2020-09-13T12:26:40.000000000Z\","
		"\"ctime\":\"2023-11-14T22:13:21.000000000Z\",\"hash\":{\"sha256\":\"" HEX_A "\"}},"
		"\"package\":{\"name\":\"base-passwd\",\"version\":\"3.6\",\"type\":\"deb\"},"
		"\"plimsoll\":{\"change\":\"modified\",\"layer\":\"upper\",\"expected\":\"" HEX_B "\"}},"
		"{\"file\":{\"path\":\"/opt/tools\",\"type\":\"dir\",\"inode\":\"3\",\"mode\":\"0755\",\"uid\":\"0\","
		"\"gid\":\"0\",\"ctime\":\"1970-01-01T00:00:01.000000000Z\"},"
		"\"plimsoll\":{\"change\":\"added\",\"layer\":\"upper\",\"from\":\"/usr/lib/tools\"}},"
		"{\"file\":{\"path\":\"/usr/bin/id\",\"type\":\"file\",\"inode\":\"4\",\"size\":0,\"mode\":\"4755\","
		"\"uid\":\"1000\",\"gid\":\"50\",\"hash\":{\"sha256\":\"" HEX_A "\"}},"
		"\"plimsoll\":{\"change\":\"metadata\",\"layer\":\"upper\",\"expected\":\"" HEX_A "\"}},"
		"{\"file\":{\"path\":\"/usr/bin/x y\",\"type\":\"file\",\"inode\":\"5\",\"size\":1099511627776,"
		"\"mode\":\"0755\",\"uid\":\"0\",\"gid\":\"0\"},"
		"\"package\":{\"name\":\"x\",\"version\":\"1\",\"type\":\"npm\"},"
		"\"plimsoll\":{\"change\":\"added\",\"layer\":\"upper\",\"writer\":{\"pid\":77,"
		"\"executable\":\"/usr/bin/npm\",\"session\":\"1f\",\"time\":\"2026-01-02T03:04:05.000000000Z\"}}}"
		"],\"packages\":[]}");
}

static void each_kind_as_table(void **state)
{
	const struct container_facts facts = named();
	_cleanup_free_ char *text = NULL;
	struct sample sample;

	(void)state;
	sample_make(&sample);
	text = shown(&sample.drift, &facts, false);
	assert_string_equal(text, "web: 2 added, 1 modified, 1 metadata, 1 removed\n"
				  "files:\n"
				  "  added    /opt/tools/ from=/usr/lib/tools time=1970-01-01T00:00:01.000000000Z\n"
				  "  added    /usr/bin/x\\x20y package=x writer=/usr/bin/npm\n"
				  "  modified /etc/passwd package=base-passwd time=2023-11-14T22:13:21.000000000Z\n"
				  "  metadata /usr/bin/id\n"
				  "  removed  /data/old files=3 time=2023-11-14T22:13:20.000000005Z\n");
}

static void twin_no_difference(void **state)
{
	const struct container_facts facts = { .id = (char *)"0123456789ab",
					       .pod_namespace = (char *)"prod",
					       .pod_name = (char *)"db-0",
					       .pod_uid = (char *)"u" };
	const struct drift drift = { 0 };
	_cleanup_free_ char *text = shown(&drift, &facts, false);
	json_auto_t *object = parsed(&drift, &facts);

	(void)state;
	assert_string_equal(text, "0123456789ab: as its image\n");
	expect_json(object, "{\"container\":{\"id\":\"0123456789ab\"},\"orchestrator\":{\"type\":\"kubernetes\","
			    "\"namespace\":\"prod\",\"resource\":{\"id\":\"u\",\"name\":\"db-0\",\"type\":\"pod\"}},"
			    "\"files\":[],\"packages\":[]}");
}

/* ---- packages ---- */

static void packages_as_both(void **state)
{
	_cleanup_inventory_ struct inventory *before = inventory_of("deb bash 5.1 amd64 /s; deb gone 1 all /s");
	_cleanup_inventory_ struct inventory *after = inventory_of("deb bash 5.2 amd64 /s; npm left 1.3 - /l");
	_cleanup_(package_changes_freep) struct package_changes *changes = NULL;
	const struct container_facts facts = { .name = (char *)"web" };
	_cleanup_free_ char *text = NULL;
	struct drift drift = { 0 };

	(void)state;
	assert_int_equal(package_changes_new(before, after, &changes), 0);
	drift.packages = changes;
	text = shown(&drift, &facts, false);
	assert_string_equal(text, "web: 1 package added, 1 package removed, 1 package changed\n"
				  "packages:\n"
				  "  added    left 1.3 (npm)\n"
				  "  removed  gone 1 (deb)\n"
				  "  changed  bash 5.1 -> 5.2 (deb)\n");
	json_auto_t *object = parsed(&drift, &facts);
	expect_json(object,
		    "{\"container\":{\"name\":\"web\"},\"files\":[],\"packages\":["
		    "{\"package\":{\"name\":\"left\",\"version\":\"1.3\",\"type\":\"npm\"},"
		    "\"plimsoll\":{\"change\":\"added\",\"to\":\"1.3\"}},"
		    "{\"package\":{\"name\":\"gone\",\"version\":\"1\",\"architecture\":\"all\",\"type\":\"deb\"},"
		    "\"plimsoll\":{\"change\":\"removed\",\"from\":\"1\"}},"
		    "{\"package\":{\"name\":\"bash\",\"version\":\"5.2\",\"architecture\":\"amd64\",\"type\":\"deb\"},"
		    "\"plimsoll\":{\"change\":\"changed\",\"from\":\"5.1\",\"to\":\"5.2\"}}]}");
}

static struct inventory *many_packages(size_t count)
{
	struct builder *builder = NULL;
	char name[16];
	uint32_t number;

	assert_int_equal(builder_new(&builder), 0);
	for (size_t i = 0; i < count; i++) {
		const struct inventory_package package = { .type = PACKAGE_DEB, .name = name, .version = "1" };

		(void)snprintf(name, sizeof(name), "p%06zu", i);
		assert_int_equal(builder_package(builder, &package, &number), 0);
	}
	builder_note(builder, "rpm", "/var/lib/rpm/\x1b[1mPackages", "is of an older format");
	return inventory_made(builder);
}

static void what_the_answer_lacks(void **state)
{
	_cleanup_inventory_ struct inventory *before = inventory_of(""), *after = many_packages(COMPARE_KEPT_MAX + 2);
	_cleanup_(package_changes_freep) struct package_changes *changes = NULL;
	const struct container_facts facts = { .name = (char *)"web" };
	_cleanup_free_ char *text = NULL, *unseen = NULL;
	struct drift drift = { .unseen = 2, .unhashed = 1, .present = after, .unread = (char *)"not\nread" };

	(void)state;
	unseen = shown(&(struct drift){ .unseen = 2 }, &facts, false);
	assert_string_equal(unseen, "web: not looked at whole\n"
				    "not looked at: 2 entries (too deep, too many, or not to be read)\n");
	assert_int_equal(package_changes_new(before, after, &changes), 0);
	drift.packages = changes;
	text = shown(&drift, &facts, false);
	assert_int_equal(strncmp(text, "web: 4098 packages added\npackages:\n", 35), 0);
	assert_string_equal(strstr(text, "  and "),
			    "  and 2 more\n"
			    "not looked at: 2 entries (too deep, too many, or not to be read)\n"
			    "not\\nread\n"
			    "not read, or not whole: rpm: /var/lib/rpm/\\x1b[1mPackages: is of an older format\n");
	json_auto_t *object = parsed(&drift, &facts);
	assert_int_equal(json_array_size(json_object_get(object, "packages")), COMPARE_KEPT_MAX);
	expect_json(
		json_object_get(object, "plimsoll"),
		"{\"unseen\":2,\"unhashed\":1,\"untold\":2,\"unread\":\"not\\nread\",\"notes\":[{\"source\":\"rpm\","
		"\"path\":\"/var/lib/rpm/\\u001b[1mPackages\",\"reason\":\"is of an older format\"}]}");
}

/* ---- a stranger's names ---- */

static void names_that_would_steer(void **state)
{
	static char bad[] = "/a\x1b]0;x\x07\n\xff\"\\\xe2\x80\xae";
	struct drift_file file = { .kind = DIFFERENCE_ADDED,
				   .path = bad,
				   .stat = { .mode = S_IFIFO | 0600, .inode = 1 },
				   .package = { bad, "\xfe", "deb" },
				   .writer = { 1, bad, NULL, NULL } };
	const struct drift drift = { .files = &file, .count = 1 };
	const struct container_facts facts = { .name = bad };
	_cleanup_free_ char *text = shown(&drift, &facts, false);
	json_auto_t *object = parsed(&drift, &facts);
	const json_t *raw, *first = json_array_get(json_object_get(object, "files"), 0);

	(void)state;
	for (const char *c = text; *c; c++)
		assert_true(*c == '\n' || (*c >= ' ' && *c < 127));
	assert_int_equal(strncmp(text, "/a\\x1b]0;x\\x07\\n\\xff\"\\\\\\u{202e}: 1 added\nfiles:\n", 48), 0);
	raw = json_object_get(json_object_get(first, "plimsoll"), "raw");
	expect_json(raw, "{\"file\":{\"path\":\"L2EbXTA7eAcK/yJc4oCu\"},"
			 "\"package\":{\"name\":\"L2EbXTA7eAcK/yJc4oCu\",\"version\":\"/g==\"},"
			 "\"plimsoll\":{\"writer\":{\"executable\":\"L2EbXTA7eAcK/yJc4oCu\"}}}");
	assert_string_equal(json_string_value(json_object_get(json_object_get(first, "file"), "type")), "fifo");
	raw = json_object_get(json_object_get(object, "plimsoll"), "raw");
	expect_json(raw, "{\"container\":{\"name\":\"L2EbXTA7eAcK/yJc4oCu\"}}");
}

/* ---- very many ---- */

/* Of paths as long as they come, every byte of them escaped: more than may ever wait to be written. */
static void what_is_written_goes_out(void **state)
{
	_cleanup_free_ struct drift_file *files = calloc(2000, sizeof(*files));
	const struct container_facts facts = { .name = (char *)"web" };
	struct drift drift = { .files = files, .count = 2000 };
	char path[PATH_MAX];

	(void)state;
	assert_non_null(files);
	memset(path, '\x01', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	for (size_t i = 0; i < drift.count; i++)
		files[i] = (struct drift_file){ .kind = DIFFERENCE_MODIFIED, .path = path };
	json_auto_t *object = parsed(&drift, &facts);
	assert_int_equal(json_array_size(json_object_get(object, "files")), drift.count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_as_json),        cmocka_unit_test(each_kind_as_table),
		cmocka_unit_test(twin_no_difference),       cmocka_unit_test(packages_as_both),
		cmocka_unit_test(what_the_answer_lacks),    cmocka_unit_test(names_that_would_steer),
		cmocka_unit_test(what_is_written_goes_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
