/* SPDX-License-Identifier: Apache-2.0 */
/* An alert with everything in it, for the tests of the outputs. */
#ifndef PLM_TESTS_OUTPUT_SAMPLE_H
#define PLM_TESTS_OUTPUT_SAMPLE_H

#include "output/alert.h"

#define SAMPLE_TIME 1767323045678901234 /* 2026-01-02T03:04:05.678901234Z */

struct sample {
	struct alert alert;
	struct finding finding;
	struct event event;
	struct facts facts;
	struct container container;
};

static inline void sample_process(struct event *event)
{
	event->kind = PLM_EXEC;
	event->backend = PLM_BACKEND_TRACEPOINT;
	event->time = 100000000000;
	event->path = "/usr/bin/su";
	event->task = (struct plm_task){
		.start = 0xabcdef,
		.parent_start = 0x1234,
		.session = 0x5678,
		.pid = 4711,
		.tid = 4712,
		.vpid = 17,
		.parent_pid = 4700,
		.creds = { .uid = 1000,
			   .gid = 1001,
			   .suid = 2,
			   .sgid = 3,
			   .cap_effective = 0x3f,
			   .cap_permitted = 0xff },
		.tty = 136u << 20 | 3,
		.comm = "liar",
	};
	event->before =
		(struct plm_creds){ .uid = 1000, .euid = 1000, .suid = 1000, .gid = 1001, .egid = 1001, .sgid = 1001 };
	event->exec.cwd = "/tmp";
	event->exec.ancestors[0] = (struct plm_ancestor){ .start = 0x1234, .pid = 4700 };
	event->exec.ancestors[1] = (struct plm_ancestor){ .start = 0x99, .pid = 4600 };
	event->change.from = "/usr/bin/old";
	event->head_flags = PLM_CUT_ARGS | PLM_CUT_PATH | PLM_MISSING;
	event->file = (struct plm_file){
		.inode = 42,
		.size = 1234,
		.ctime = SAMPLE_TIME,
		.mtime = 1,
		.device = 8u << 20 | 17,
		.mode = 0104755,
		.gid = 5,
		.layer = PLM_LAYER_UPPER,
		.flags = PLM_FILE_UNLINKED,
	};
}

/* Points into `sample`: it must not be copied. */
static inline void sample_init(struct sample *sample)
{
	static const char *const args[] = { "su", "", "-c", "id" };

	memset(sample, 0, sizeof(*sample));
	sample_process(&sample->event);
	sample->facts.executable = "/usr/bin/su";
	sample->facts.parent_executable = "/bin/sh";
	sample->finding = (struct finding){
		.rule = RULE_ROOT_ESCALATION,
		.path = "/usr/bin/su",
		.file = &sample->event.file,
		.layer = PLM_LAYER_UPPER,
		.verdict = "modified",
		.cause = "setuid-file",
	};
	sample->container.cgroup_path = (char *)"/docker/0123";
	sample->container.facts = (struct container_facts){
		.id = (char *)"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		.name = (char *)"web",
		.runtime = (char *)"docker",
		.image_name = (char *)"nginx",
		.image_tag = (char *)"1.25",
		.image_digest = (char *)"sha256:aa",
		.pod_name = (char *)"web-0",
		.pod_namespace = (char *)"prod",
	};
	sample->alert = (struct alert){
		.kind = ALERT_ALERT,
		.time = SAMPLE_TIME,
		.id = "0123456789abcdef0123456789abcdef",
		.severity = SEVERITY_HIGH,
		.action = "exec",
		.message = "a process became root",
		.finding = &sample->finding,
		.event = &sample->event,
		.facts = &sample->facts,
		.container = &sample->container,
		.boot_offset = SAMPLE_TIME,
		.args = args,
		.argc = 4,
		.fold = { .id = 0xf01d, .count = 12, .first_seen = SAMPLE_TIME, .last_seen = SAMPLE_TIME + 1 },
		.allowed = "OPS-1",
	};
}

#endif
