// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/sources.h"
#include "container/discover.h"
#include "runtime/runtime.h"
#include "decode/names.h"
#include "kernel/hooks.h"
#include "kernel/kernel.h"
#include "output/escape.h"

/* One line of the answer: what was asked, whether it is so, and what follows. */
struct answer_line {
	const char *state; /* "ok", "no", "-" */
	const char *what;
	const char *backend; /* "tracepoint", "lsm"; "" for what is no hook */
	const char *mechanism;
	const char *detail;
};

struct report {
	json_t *lines; /* NULL: a table for people */
	bool possible;
};

static void report_line(struct report *report, const char *section, const struct answer_line *line)
{
	if (!report->lines) {
		(void)printf("%-4s %-25s %-10s  ", line->state, line->what, line->backend);
		if (line->detail)
			(void)printf("%-34s %s\n", line->mechanism, line->detail);
		else
			(void)puts(line->mechanism);
		return;
	}
	(void)json_array_append_new(report->lines,
				    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s*}", "section", section, "state",
					      line->state, "what", line->what, "backend", line->backend, "mechanism",
					      line->mechanism, "detail", line->detail));
}

static void report_hooks(struct report *report, const struct hooks *hooks)
{
	static const char *const states[] = { [HOOK_CHOSEN] = "ok", [HOOK_NOT_NEEDED] = "-", [HOOK_REFUSED] = "no" };
	char detail[256];

	for (size_t i = 0; i < hooks->count; i++) {
		const struct hook_choice *choice = &hooks->choices[i];
		bool unseen = hooks_task_begins(hooks, i) && hooks_task_unseen(hooks, i);

		(void)snprintf(detail, sizeof(detail), "%s",
			       choice->state == HOOK_NOT_NEEDED ? "not needed: the row above serves it" : "");
		if (choice->state == HOOK_REFUSED)
			(void)snprintf(detail, sizeof(detail), "%s%s%s", choice->reason, unseen ? "; not seen: " : "",
				       unseen ? choice->hook->unseen : "");
		report_line(report, "hooks",
			    &(struct answer_line){ states[choice->state], choice->hook->task,
						   backend_name(choice->hook->backend), choice->hook->mechanism,
						   detail[0] ? detail : NULL });
	}
}

static void report_kernel(struct report *report, enum hooks_mode mode, const char *host_root)
{
	_cleanup_(probe_freep) struct probe *probe = NULL;
	struct kernel *kernel = NULL;
	const char *what = "the hooks";
	struct hooks hooks = { .count = 0 };
	int r = probe_new(&probe);

	if (r < 0) {
		report->possible = false;
		report_line(report, "kernel",
			    &(struct answer_line){ "no", "types", "", "/sys/kernel/btf/vmlinux",
						   "the kernel has no BTF: one built with CONFIG_DEBUG_INFO_BTF is "
						   "needed" });
		return;
	}
	report_line(report, "kernel", &(struct answer_line){ "ok", "types", "", "/sys/kernel/btf/vmlinux", NULL });
	r = hooks_choose(probe, mode, &hooks);
	report_hooks(report, &hooks);
	if (r == 0)
		r = kernel_open(&hooks, &(struct kernel_options){ .host_root = host_root }, &kernel, &what);
	kernel_free(kernel);
	report_line(report, "kernel",
		    &(struct answer_line){ r < 0 ? "no" : "ok", "programs", "", "bpf(2)",
					   r == -EOPNOTSUPP ? "not loaded: a hook that is needed is refused"
					   : r < 0          ? strerror(-r)
							    : "loaded and attached" });
	if (r < 0)
		report->possible = false;
}

static void report_cgroups(struct report *report, const char *host_root)
{
	struct discovered_hierarchy hierarchy = { .id = 0 };
	int r = discover_hierarchy(host_root, &hierarchy);
	char detail[320] = "";

	if (hierarchy.id)
		(void)snprintf(detail, sizeof(detail), "v1: by the hierarchy of %s", hierarchy.controller);
	report_line(report, "host",
		    &(struct answer_line){ r < 0 ? "no" : "ok", hierarchy.id ? "cgroup v1" : "cgroup v2", "",
					   r < 0 ? "-" : hierarchy.path,
					   r < 0     ? "none is mounted: containers cannot be told apart"
					   : *detail ? detail
						     : NULL });
	if (r < 0)
		report->possible = false;
}

_Static_assert(PROBE_TIMEOUT == 2000, "as the words below have it");

/* Why a runtime told nothing, for people. */
static const char *refusal_words(int error, const char *address)
{
	static const struct {
		int error;
		const char *words;
	} refusals[] = {
		{ -EACCES, "may not be asked: permission denied" },
		{ -ETIMEDOUT, "did not answer within 2 s" },
		{ -EBADMSG, "what answers there is another program, or broken" },
		{ -EFBIG, "what answers there is another program: it sends without end" },
		{ -EPROTO, "refused to tell its version" },
		{ -ENOENT, "refused to tell its version" },
		{ -ELIBACC, "cannot be asked: libcurl.so.4 is not there, or too old" },
	};

	if (error == -ENOTCONN)
		return access(address, F_OK) == 0 ? "nobody answers at its socket" : "not there";
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
		if (refusals[i].error == error)
			return refusals[i].words;
	return strerror(-error);
}

/* A runtime that is not there is no fault: containers of others are watched all the same. */
static void report_runtime(struct report *report, struct runtime_source *source)
{
	_cleanup_buffer_ struct buffer detail = { 0 };
	char version[128] = "";
	int r = source->ops->probe(source, version, sizeof(version));
	const char *words = r < 0 ? refusal_words(r, source->address) : version;
	bool absent = r == -ENOTCONN && access(source->address, F_OK) != 0;

	escape_append(&detail, words, ESCAPE_TEXT); /* the version is what a stranger says */
	buffer_byte(&detail, '\0');
	report_line(report, "runtimes",
		    &(struct answer_line){ r == 0   ? "ok"
					   : absent ? "-"
						    : "no",
					   source->ops->name, "", source->address,
					   *words && !detail.error ? detail.data : NULL });
}

static void report_runtimes(struct report *report, const struct runtime_config *config)
{
	struct runtime_source *sources[SOURCES_MAX];
	size_t count = 0;
	int r = runtimes_open(config, sources, &count);

	if (r < 0)
		report_line(report, "runtimes",
			    &(struct answer_line){ "no", "runtimes", "", "-",
						   r == -E2BIG ? "more sockets than can be asked" : strerror(-r) });
	for (size_t i = 0; i < count; i++) {
		report_runtime(report, sources[i]);
		runtime_close(sources[i]);
	}
}

static int report_end(struct report *report)
{
	static const char yes[] = "monitoring would work", no[] = "monitoring would not work";
	_cleanup_free_ char *text = NULL;
	json_t *answer;

	if (!report->lines) {
		(void)printf("\n%s\n", report->possible ? yes : no);
		return report->possible ? EXIT_FINE : EXIT_NO;
	}
	answer = json_pack("{s:b, s:o}", "possible", report->possible, "checks", report->lines);
	text = answer ? json_dumps(answer, JSON_INDENT(2)) : NULL;
	json_decref(answer);
	(void)puts(text ?: "{}");
	return report->possible ? EXIT_FINE : EXIT_NO;
}

int cmd_check(int argc, char **argv)
{
	struct source_options sources = { .host_root = "" };
	struct runtime_config config;
	const char *hooks = "auto";
	bool json = false;
	const struct option_row rows[] = {
		{ "json", 'j', OPTION_FLAG, &json, NULL, "one JSON object instead of a table" },
		{ "hooks", 0, OPTION_STRING, &hooks, "WHICH", "auto, lsm or tracepoint (default: auto)" },
		SOURCE_ROWS(&sources),
	};
	const struct option_table table = {
		.usage = "plimsoll check [options]",
		.about = "What this kernel and host allow: each hook with its mechanism (ok: in force; -: another "
			 "serves\n"
			 "the same; no: refused, and what is not seen for it), the programs, and the runtimes found.\n"
			 "Exit status 0 when monitoring would work, 1 when not.",
		.rows = rows,
		.count = ARRAY_SIZE(rows),
	};
	struct report report = { .possible = true };
	int first, r = options_parse(&table, argc, argv, &first), mode;

	if (r != 0)
		return r > 0 ? EXIT_FINE : EXIT_USAGE;
	mode = hooks_mode_from_name(hooks);
	if (mode < 0 || first < argc) {
		log_error("check: %s: try plimsoll check --help",
			  mode < 0 ? "--hooks is auto, lsm or tracepoint" : "it takes no argument");
		return EXIT_USAGE;
	}
	if (geteuid() != 0) {
		log_error("check needs root to ask the kernel: try sudo plimsoll check");
		return EXIT_RUNTIME;
	}
	report.lines = json ? json_array() : NULL;
	config = source_config(&sources);
	report_kernel(&report, (enum hooks_mode)mode, sources.host_root);
	report_cgroups(&report, sources.host_root);
	report_runtimes(&report, &config);
	return report_end(&report);
}
