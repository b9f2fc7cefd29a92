// SPDX-License-Identifier: Apache-2.0
/*
 * The command: what it refuses, what it asks the ledger for, and its exit status. The ledger is the test's own. With
 * arguments it is a tool: the command itself, on the ordinary ledger.
 */
#include "compliance_sample.h"

#include <errno.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "ledger/document.h"

static struct {
	const char *state_dir; /* that is asked for */
	json_t *document;
	int error;
	struct ledger_fault fault;
	int64_t as_of; /* what was asked for */
	char head[65];
	int documents, verifications;
} ledger;

int ledger_document(const char *state_dir, int64_t as_of, json_t **ret_document)
{
	assert_string_equal(state_dir, ledger.state_dir);
	ledger.documents++;
	ledger.as_of = as_of;
	if (ledger.error == 0)
		*ret_document = json_incref(ledger.document);
	return ledger.error;
}

int ledger_verify(const char *state_dir, const char *head, struct ledger_fault *ret_fault)
{
	assert_string_equal(state_dir, ledger.state_dir);
	ledger.verifications++;
	(void)snprintf(ledger.head, sizeof(ledger.head), "%s", head ?: "");
	*ret_fault = ledger.fault;
	return ledger.error;
}

/* Runs it with standard output and error into a file, from which they are read. */
static int command(const char *line, char ret_out[static 65536])
{
	_cleanup_fclose_ FILE *file = tmpfile();
	_cleanup_free_ char *words = strdup(line);
	char *argv[24] = { (char *)"compliance", (char *)"--state-dir", (char *)"/the/state" };
	int argc = 3, status, out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
	size_t size;

	for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	(void)fflush(stdout);
	assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
	status = cmd_compliance(argc, argv);
	(void)fflush(stdout);
	assert_true(dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0);
	(void)close(out);
	(void)close(err);
	rewind(file);
	size = fread(ret_out, 1, 65535, file);
	ret_out[size] = '\0';
	return status;
}

static int setup(void **state)
{
	(void)state;
	memset(&ledger, 0, sizeof(ledger));
	ledger.state_dir = "/the/state";
	ledger.document = sample_ordinary();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	json_decref(ledger.document);
	return 0;
}

/* What it says of an option, and that the ledger was not even asked. */
static void refused(void **state)
{
	static const struct {
		const char *line, *text;
	} rows[] = {
		{ "--format xml", "--format is table, json, csv or html, not 'xml'" },
		{ "--state open", "--state is overdue, grace, waived or resolved, not 'open'" },
		{ "--state overdue --state x", "not 'x'" },
		{ "--fail-on waived", "--fail-on is overdue, grace or any, not 'waived'" },
		{ "--as-of 2026-02-30", "--as-of '2026-02-30': there is no such time" },
		{ "--as-of 2025-02-29T00:00:00Z", "there is no such time" },
		{ "--as-of 2026-01-02T25:00:00Z", "there is no such time" },
		{ "--as-of 9999-12-31", "there is no such time" },
		{ "--as-of 99999d", "there is no such time" },
		{ "--as-of yesterday", "not 'yesterday'" },
		{ "--as-of +2026-12-31", "not '+2026-12-31'" },
		{ "--as-of -2h", "not '-2h'" },
		{ "--head x", "--head goes with --verify" },
		{ "--verify --head x", "64 hexadecimal digits, not 'x'" },
		{ "--waivers --format html", "html has them anyway" },
		{ "--no-such", "there is no option --no-such" },
		{ "word", "takes no argument 'word'" },
	};
	char out[65536];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(command(rows[i].line, out), EXIT_USAGE);
		if (!strstr(out, rows[i].text) || strncmp(out, "plimsoll: ", 10) != 0 ||
		    strchr(out, '\n') != out + strlen(out) - 1)
			fail_msg("%s: %s", rows[i].line, out);
	}
	assert_int_equal(ledger.documents + ledger.verifications, 0);
}

static void exit_status(void **state)
{
	static const struct {
		const char *line;
		int expected;
	} rows[] = {
		{ "", EXIT_FINE },
		{ "--fail-on overdue", EXIT_NO },
		{ "--fail-on overdue --workload prod/db/**", EXIT_FINE },
		{ "--fail-on grace --workload prod/db/**", EXIT_FINE },
		{ "--fail-on any --workload prod/db/**", EXIT_NO },
		{ "--fail-on overdue --state grace", EXIT_FINE },
		{ "--fail-on grace --state grace", EXIT_NO },
		{ "--fail-on grace --rule drift.exec.new", EXIT_NO },
		{ "--fail-on any --state resolved", EXIT_FINE },
		{ "--fail-on any --namespace test", EXIT_FINE },
		{ "--format json --fail-on overdue", EXIT_NO },
	};
	char out[65536];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (command(rows[i].line, out) != rows[i].expected)
			fail_msg("%s: %s", rows[i].line, out);
}

static void resolved_ones(void **state)
{
	static const struct {
		const char *line;
		bool shown;
	} rows[] = { { "", false },
		     { "--all", true },
		     { "--state resolved", true },
		     { "--format csv", false },
		     { "--format csv -a", true },
		     { "--format json", true },
		     { "--format html", true } };
	char out[65536];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(command(rows[i].line, out), EXIT_FINE);
		if ((strstr(out, "/etc/aliases.db") != NULL) != rows[i].shown)
			fail_msg("%s: %s", rows[i].line, out);
	}
}

/* Ahead of now and ago by so many seconds, within ten; or a moment. */
static void as_of(void **state)
{
	static const struct {
		const char *line;
		int64_t ahead, moment; /* moment: seconds, or ns of them */
	} rows[] = {
		{ "", 0, 0 },
		{ "--as-of 2h", -2 * HOUR, 0 },
		{ "--as-of +7d", 7 * DAY, 0 },
		{ "--as-of 2026-11-28T12:00:00Z", 0, SAMPLE_NOW * 1000000000 },
		{ "--as-of 2026-11-28T13:00:00+01:00", 0, SAMPLE_NOW * 1000000000 },
		{ "--as-of 2026-11-28", 0, (SAMPLE_NOW + DAY / 2) * 1000000000 - 1 },
	};
	char out[65536];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(command(rows[i].line, out), EXIT_FINE);
		if (rows[i].moment)
			assert_int_equal(ledger.as_of, rows[i].moment);
		else
			assert_in_range(ledger.as_of / 1000000000 - time(NULL) - rows[i].ahead + 10, 0, 20);
	}
}

static void errors(void **state)
{
	static const struct {
		int error;
		const char *text;
	} rows[] = {
		{ -ENOENT, "there is no ledger" },
		{ -EACCES, "may not be read" },
		{ -EBADMSG, "damaged" },
		{ -EPROTONOSUPPORT, "of a later version" },
		{ -ENOMEM, "Cannot allocate memory" },
	};
	char out[65536];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ledger.error = rows[i].error;
		assert_int_equal(command("", out), EXIT_RUNTIME);
		assert_non_null(strstr(out, rows[i].text));
		assert_int_equal(strncmp(out, "plimsoll: /the/state: ", 22), 0);
	}
	ledger.error = 0;
	sample_set(json_array_get(json_object_get(ledger.document, "violations"), 3), "state", json_null());
	assert_int_equal(command("", out), EXIT_RUNTIME);
	assert_non_null(strstr(out, "violation 3 of the ledger's document lacks what each has"));
}

static void verify(void **state)
{
	char out[65536];

	(void)state;
	ledger.fault = (struct ledger_fault){ .entries = 15, .head = SAMPLE_HEAD };
	assert_int_equal(command("--verify", out), EXIT_FINE);
	assert_string_equal(out, "The ledger is whole: 15 entries, head " SAMPLE_HEAD "\n");
	assert_string_equal(ledger.head, "");
	assert_int_equal(command("--verify --head " SAMPLE_HEAD, out), EXIT_FINE);
	assert_string_equal(ledger.head, SAMPLE_HEAD);

	ledger.error = -EILSEQ;
	ledger.fault = (struct ledger_fault){ .seq = 7, .entries = 15, .why = "its digest is of another text" };
	assert_int_equal(command("--verify", out), EXIT_NO);
	assert_string_equal(
		out, "plimsoll: /the/state: the ledger is not whole: entry 7: its digest is of another text\n");
	ledger.fault.seq = 0;
	assert_int_equal(command("--verify --head " SAMPLE_HEAD, out), EXIT_NO);
	assert_string_equal(out, "plimsoll: /the/state: none of the ledger's 15 entries is " SAMPLE_HEAD "\n");
	ledger.error = -ENOENT;
	assert_int_equal(command("--verify", out), EXIT_RUNTIME);
	assert_int_equal(ledger.documents, 0);
}

static int tool(int argc, char **argv)
{
	json_auto_t *document = sample_ordinary();

	ledger.state_dir = "/var/lib/plimsoll";
	ledger.document = document;
	return cmd_compliance(argc, argv);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { TEST(refused), TEST(exit_status), TEST(resolved_ones),
					    TEST(as_of),   TEST(errors),      TEST(verify) };

	return argc > 1 ? tool(argc, argv) : cmocka_run_group_tests(tests, NULL, NULL);
}
