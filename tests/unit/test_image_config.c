/* SPDX-License-Identifier: Apache-2.0 */
/* What an image says of itself, in the letters of each that tells it. */
#include "runtime/image_config.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "fake_server.h"

static json_t *parse(const char *text)
{
	json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);

	assert_non_null(json);
	return json;
}

#define FULL(config, created, history, by)                                                                             \
	"{\"" created "\":\"1970-01-01T00:01:00Z\",\"" config "\":{\"User\":\"www\",\"Entrypoint\":[\"/e\",\"\"],"     \
	"\"Cmd\":[\"-x\",\"a b\"],\"ExposedPorts\":{\"53/udp\":{}},\"Labels\":{\"k\":\"v\",\"n\":1,\"\":\"x\"}},"      \
	"\"" history "\":[{\"" by "\":\"ADD\"},{\"" by "\":\"\"},{\"" by "\":\"RUN\"}]}"
#define FULL_FACTS                                                                                                     \
	{                                                                                                              \
		.user = "www", .entry_point = "/e  -x a b", .exposed = "53/udp", .labels = LIST("k=v"),                \
		.history = LIST("ADD", "RUN"), .created = 60                                                           \
	}

static const struct {
	const char *what;
	const char *document;
	struct image_facts facts;
} rows[] = {
	{ "OCI's", FULL("config", "created", "history", "created_by"), FULL_FACTS },
	{ "Podman's", FULL("Config", "Created", "History", "created_by"), FULL_FACTS },
	{ "nothing", "{}", { 0 } },
	{ "no object", "[]", { 0 } },
	{ "wrong types",
	  "{\"created\":1,\"config\":{\"User\":{},\"Entrypoint\":{\"a\":1},\"Cmd\":\"sh\",\"ExposedPorts\":7,"
	  "\"Labels\":[\"k\"]},\"history\":{\"created_by\":\"ADD\"}}",
	  { 0 } },
	{ "wrong types inside", "{\"config\":{\"Cmd\":[1,null]},\"history\":[1,{\"created_by\":[]}]}", { 0 } },
};

static void documents_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct image_facts *image = image_facts_new();
		json_auto_t *document = parse(rows[i].document);

		assert_int_equal(image_config_fill(document, image), 0);
		image_check(rows[i].what, image, &rows[i].facts);
		image_facts_drop(image);
	}
}

static void nothing_is_no_document(void **state)
{
	struct image_facts *image = image_facts_new();

	(void)state;
	assert_int_equal(image_config_fill(NULL, image), 0);
	image_check("NULL", image, NULL);
	image_facts_drop(image);
}

/* Docker's list begins with the newest; the first that are kept are the oldest in either order. */
static void history_has_an_order(void **state)
{
	struct image_facts *image = image_facts_new();
	json_auto_t *history = json_array();
	char text[16];

	(void)state;
	for (int i = LABELS_MAX + 9; i >= 0; i--) {
		(void)snprintf(text, sizeof(text), "step %d", i);
		assert_int_equal(json_array_append_new(history, json_pack("{s:s}", "CreatedBy", text)), 0);
	}
	assert_int_equal(image_history_fill(history, true, image), 0);
	assert_int_equal(image->history.count, LABELS_MAX);
	assert_string_equal(image->history.items[0], "step 0");
	assert_string_equal(image->history.items[LABELS_MAX - 1], "step 63");
	image_facts_drop(image);
}

/* "é" is two bytes: none is left alone at the cut. */
static void long_lines_are_cut(void **state)
{
	static const struct {
		size_t letters, length; /* "é" so many times behind one byte; what is left */
	} cuts[] = { { 10, 21 }, { 511, 1023 }, { 512, 1023 }, { 4000, 1023 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
		struct image_facts *image = image_facts_new();
		char text[8192] = "x";
		json_auto_t *history = NULL;

		for (size_t j = 0; j < cuts[i].letters; j++)
			memcpy(text + 1 + 2 * j, "\xc3\xa9", 3);
		history = json_pack("[{s:s}]", "created_by", text);
		assert_non_null(history);
		assert_int_equal(image_history_fill(history, false, image), 0);
		assert_int_equal(image->history.count, 1);
		assert_int_equal(strlen(image->history.items[0]), cuts[i].length);
		assert_memory_equal(image->history.items[0], text, cuts[i].length);
		image_facts_drop(image);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_are_read),
		cmocka_unit_test(nothing_is_no_document),
		cmocka_unit_test(history_has_an_order),
		cmocka_unit_test(long_lines_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
