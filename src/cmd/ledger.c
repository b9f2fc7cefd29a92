// SPDX-License-Identifier: Apache-2.0
#include "cmd/ledger.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "control/control.h"
#include "ledger/request.h"

#define ANSWER_MS 30000
#define BUSY_MS   10000 /* how long the lock of another command, or of an agent that starts, is waited for */
#define AGAIN_MS  20

/* ---- where no agent runs ---- */

static void complain(const char *dir, int error)
{
	if (error == -EBUSY)
		log_error("another process writes to the ledger in %s, and is no agent of that --runtime-dir", dir);
	else if (error == -EACCES || error == -EPERM)
		log_error("only root may write to the ledger in %s: try sudo", dir);
	else
		log_error("cannot open the ledger in %s: %s", dir, strerror(-error));
}

static int open_own(const struct ledger_asking *asking, const struct trust_reading *reading, bool last,
		    struct ledger **ret_ledger)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	struct ledger_opened opened;
	struct ledger_settings settings = { .node = "" };
	struct policy_ledger said;
	char node[256] = "";
	const char *config = asking->config ?: access(CONFIG_DEFAULT, F_OK) == 0 ? CONFIG_DEFAULT : NULL;
	int r = agent_policy(config, &policy);

	if (r < 0)
		return r; /* it said so */
	said = policy_ledger(policy);
	(void)gethostname(node, sizeof(node) - 1);
	settings = (struct ledger_settings){ said.cluster,       node,
					     said.resolve_after, said.reopen_within,
					     said.waiver_max,    said.waiver_warning };
	r = ledger_open(asking->state_dir, &settings, reading, ret_ledger, &opened);
	if (r < 0 && (r != -EBUSY || last))
		complain(asking->state_dir, r);
	return r;
}

/* -EBUSY: somebody else writes; said only where it is the last try. */
static int ask_own(const struct ledger_asking *asking, const char *text, bool last, json_t **ret_answer)
{
	_cleanup_(ledger_closep) struct ledger *ledger = NULL;
	const struct trust_reading reading = { .wall = clock_ns(CLOCK_REALTIME), .boot = clock_ns(CLOCK_BOOTTIME) };
	char by[32];
	int r = open_own(asking, &reading, last, &ledger);

	if (r == -EBUSY)
		return r;
	if (r < 0)
		return r == -EINVAL ? EXIT_USAGE : EXIT_RUNTIME;
	(void)snprintf(by, sizeof(by), "uid %u", getuid());
	*ret_answer = ledger_request(ledger, text, by, &reading);
	return 0;
}

/* ---- of the agent ---- */

static int ask_once(const struct ledger_asking *asking, const char *text, bool last, json_t **ret_answer)
{
	_cleanup_free_ char *request = NULL, *answer = NULL;
	int r;

	if (asprintf(&request, "ledger %s", text) < 0)
		return EXIT_RUNTIME;
	r = control_ask(asking->runtime_dir, request, ANSWER_MS, &answer);
	if (r == -ECONNREFUSED)
		return ask_own(asking, text, last, ret_answer);
	if (r == -EINVAL) {
		log_error("that is too much to ask at once: shorten the reason");
		return EXIT_USAGE;
	}
	if (r < 0) {
		log_error(r == -EACCES ? "only root may ask this of the agent: try sudo"
				       : "the agent did not answer: %s",
			  strerror(-r));
		return EXIT_RUNTIME;
	}
	*ret_answer = json_loads(answer, 0, NULL);
	return 0;
}

/* One writer at a time: who finds the lock taken and no agent asks again. */
static int ask(const struct ledger_asking *asking, const char *text, json_t **ret_answer)
{
	uint64_t until = monotonic_ms() + BUSY_MS;
	int r = -EBUSY;

	for (bool last = false; r == -EBUSY; last = monotonic_ms() >= until) {
		r = ask_once(asking, text, last, ret_answer);
		if (r == -EBUSY && !last)
			(void)poll(NULL, 0, AGAIN_MS);
		else if (r == -EBUSY)
			return EXIT_RUNTIME;
	}
	return r;
}

int ledger_ask(const struct ledger_asking *asking, json_t *request, json_t **ret_answer)
{
	_cleanup_free_ char *text = json_dumps(request, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_auto_t *answer = NULL;
	const char *error;
	int r = text ? ask(asking, text, &answer) : EXIT_USAGE;

	json_decref(request);
	if (!text)
		log_error("what is asked must be UTF-8");
	if (r)
		return r;
	error = json_string_value(json_object_get(answer, "error"));
	if (!json_is_object(answer) || error) {
		log_error("%s", error ?: "the answer is not what this version understands");
		r = (int)json_integer_value(json_object_get(answer, "errno"));
		return r == EINVAL || r == ENOENT || r == EEXIST || r == EPERM ? EXIT_USAGE : EXIT_RUNTIME;
	}
	*ret_answer = json_incref(answer);
	return 0;
}
