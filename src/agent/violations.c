// SPDX-License-Identifier: Apache-2.0
/* The ledger's side of the agent: which clock it goes by, whether conditions still hold, and what it has to tell. */
#include "agent/internal.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <time.h>

#include "base/log.h"
#include "image/rootfs.h"
#include "inventory/compare.h"
#include "ledger/request.h"
#include "process/live.h"

#define LOST_NS                                                                                                        \
	(2 * LEDGER_ROUND * 1000000000ull) /* how long a loss makes a gap: every violation is looked at within */
#define LOCK_PAUSE       20000000          /* ns between two tries to take the ledger's lock */
#define LOCK_TRIES       250
#define AGAIN_NS         (10 * 1000000000ull) /* between two tries to open a ledger that could not be */
#define STATUS_MAX       4096
#define PROCESSES_LOOKED 4096 /* of a container, when one of its violations lost its process */

struct trust_reading violations_clock(void)
{
	struct timex timex = { .modes = 0 };

	return (struct trust_reading){ .wall = agent_wall(),
				       .boot = (int64_t)agent_now(),
				       .synchronised = adjtimex(&timex) >= 0 && !(timex.status & STA_UNSYNC) };
}

static struct ledger_settings settings_of(const struct agent *agent)
{
	struct policy_ledger said = policy_ledger(agent->policy);

	return (struct ledger_settings){ .cluster = said.cluster,
					 .node = agent->host_name,
					 .resolve_after = said.resolve_after,
					 .reopen_within = said.reopen_within,
					 .waiver_max = said.waiver_max,
					 .waiver_warning = said.waiver_warning };
}

static void policy_waivers_give(struct agent *agent)
{
	size_t count = policy_waiver_count(agent->policy);
	struct waiver *waivers = calloc(count + 1, sizeof(*waivers));

	if (!waivers)
		return;
	for (size_t i = 0; i < count; i++) {
		struct policy_waiver said = policy_waiver(agent->policy, i);

		waiver_of_policy(&said, &waivers[i]);
	}
	(void)ledger_policy_waivers(agent->ledger, waivers, count, (int64_t)agent_now());
	free(waivers);
}

static void opened_say(const struct agent *agent, int error, const struct ledger_opened *opened)
{
	const char *dir = agent->options->state_dir;

	if (error == -EPROTONOSUPPORT)
		log_warning("%s/ledger.db was made by a later version: no violations are kept", dir);
	else if (error == -EBUSY)
		log_warning("another process writes to %s/ledger.db: no violations are kept", dir);
	else if (error < 0)
		log_warning("cannot keep violations in %s: %s", dir, strerror(-error));
	else if (agent->ledger_error < 0)
		log_warning("violations are kept in %s from here on", dir);
	if (opened->set_aside)
		log_warning("%s/ledger.db was damaged: it is set aside, and a new one begun with the %zu violations "
			    "that could be read",
			    dir, opened->salvaged);
}

/* A command that has the lock, because no agent ran, has it for a moment. */
static int ledger_try(struct agent *agent, struct ledger_opened *ret_opened)
{
	const struct ledger_settings settings = settings_of(agent);
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE };
	int r = -EBUSY;

	for (unsigned i = 0; r == -EBUSY && i < LOCK_TRIES; i++) {
		struct trust_reading reading = violations_clock();

		r = ledger_open(agent->options->state_dir, &settings, &reading, &agent->ledger, ret_opened);
		if (r == -EBUSY)
			(void)nanosleep(&pause, NULL);
	}
	return r;
}

/* Without it the agent watches all the same, keeps no clocks, and tries again. */
void violations_start(struct agent *agent)
{
	struct ledger_opened opened = { 0 };
	int r = ledger_try(agent, &opened);

	agent->context.cluster_name = policy_ledger(agent->policy).cluster;
	agent->ledger_at = agent_now() + AGAIN_NS;
	if (r != agent->ledger_error || opened.set_aside)
		opened_say(agent, r, &opened);
	agent->ledger_error = r;
	if (r < 0)
		return;
	policy_waivers_give(agent);
	teller_set_ledger(agent->teller, agent->ledger);
}

void violations_reload(struct agent *agent)
{
	const struct ledger_settings settings = settings_of(agent);

	agent->context.cluster_name = settings.cluster;
	if (!agent->ledger)
		return;
	(void)ledger_settle(agent->ledger, &settings);
	policy_waivers_give(agent);
}

/* ---- do conditions hold? ---- */

struct search {
	const char *workload, *id;
	struct container *found;
	bool partly; /* one of the workload is not seen whole */
};

static bool is_watched_whole(const struct container *container)
{
	bool lost = container->lost_at && agent_now() - container->lost_at < LOST_NS;

	return container->state == CONTAINER_NAMED && container->sight == SIGHT_WHOLE && !container->unread &&
	       container->rootfs && !lost;
}

static void workload_match(struct container *container, void *data)
{
	struct search *search = data;

	if (!container->running || !container->workload || strcmp(container->workload, search->workload) != 0)
		return;
	search->found = container;
	search->partly |= !is_watched_whole(container);
}

static enum presence workload_look(const char *workload, void *data)
{
	struct agent *agent = data;
	struct search search = { .workload = workload };

	registry_for_each(agent->registry, workload_match, &search);
	return search.found && !search.partly ? PRESENCE_NO : PRESENCE_UNKNOWN;
}

static void id_match(struct container *container, void *data)
{
	struct search *search = data;
	const char *id = container->facts.id ?: container->cgroup_path;

	if (container->running && id && strcmp(id, search->id) == 0)
		search->found = container;
}

static uint32_t euid_of(int process)
{
	char status[STATUS_MAX];
	uint32_t euid = UINT32_MAX;
	const char *at = live_read(process, "status", status, sizeof(status)) > 0 ? strstr(status, "\nUid:") : NULL;

	return at && sscanf(at, "\nUid: %*u %" SCNu32, &euid) == 1 ? euid : UINT32_MAX;
}

static bool is_process(const struct agent *agent, const struct evidence_process *process, enum rule rule)
{
	_cleanup_close_ int fd = live_open(agent->options->host_root, process->pid, process->start);

	return fd >= 0 && (rule != RULE_ROOT_EXEC || euid_of(fd) == process->uid);
}

/* CLOCK_BOOTTIME ns, to a tick; 0: there is none. */
static uint64_t start_of(const struct agent *agent, uint32_t pid)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (discover_proc(agent->options->host_root, pid, "stat", STATUS_MAX, &text, &size) < 0)
		return 0;
	return live_ticks(text) * (1000000000 / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* The program that a process runs, as the kernel side numbers devices. */
static bool runs_program(const struct agent *agent, uint32_t pid, const struct evidence_process *of)
{
	char path[PATH_MAX];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/proc/%u/exe", agent->options->host_root, pid);
	return of->inode && stat(path, &st) == 0 && st.st_ino == of->inode &&
	       ((uint64_t)major(st.st_dev) << 20 | minor(st.st_dev)) == of->device;
}

/* A process that ended may have left a child that runs the same program: a daemon that forked itself away. */
static bool heir_find(struct agent *agent, const struct container *container, enum rule rule,
		      struct evidence_process *process)
{
	_cleanup_fclose_ FILE *file = NULL;
	char path[PATH_MAX];
	uint32_t pid;

	(void)snprintf(path, sizeof(path), "%.2000s%.2000s/cgroup.procs", agent->hierarchy.path,
		       container->cgroup_path);
	file = fopen(path, "re");
	for (unsigned i = 0; file && i < PROCESSES_LOOKED && fscanf(file, "%" SCNu32, &pid) == 1; i++) {
		struct evidence_process heir = *process;

		heir.pid = pid;
		heir.start = start_of(agent, pid);
		if (heir.start && runs_program(agent, pid, process) && is_process(agent, &heir, rule)) {
			*process = heir;
			return true;
		}
	}
	return false;
}

/* Those that have ended are forgotten. */
static bool processes_hold(struct agent *agent, const struct container *container, enum rule rule,
			   struct evidence *evidence)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < evidence->process_count; i++) {
		struct evidence_process *process = &evidence->processes[i];

		if (is_process(agent, process, rule) || heir_find(agent, container, rule, process))
			evidence->processes[kept++] = *process;
	}
	evidence->process_count = kept;
	return kept > 0;
}

static bool file_holds(const struct container *container, const struct evidence *evidence)
{
	struct rootfs_stat upper;

	return evidence->path && container->rootfs &&
	       rootfs_upper_stat(container->rootfs, evidence->path, &upper) == 0 && upper.state != ROOTFS_UPPER_ABSENT;
}

static enum presence evidence_look(const char *id, enum rule rule, struct evidence *evidence, void *data)
{
	struct agent *agent = data;
	struct search search = { .id = id };
	const struct container *container;
	bool holds;

	registry_for_each(agent->registry, id_match, &search);
	container = search.found;
	if (!container)
		return PRESENCE_UNKNOWN;
	holds = (evidence->kinds & EVIDENCE_CONTAINER) ||
		((evidence->kinds & EVIDENCE_PACKAGES) &&
		 (!container->packages_known || container->packages_changed || container->transaction)) ||
		((evidence->kinds & EVIDENCE_FILE) && file_holds(container, evidence)) ||
		((evidence->kinds & EVIDENCE_PROCESS) && processes_hold(agent, container, rule, evidence));
	return holds ? PRESENCE_YES : PRESENCE_NO;
}

static void grace_look(const char *workload, enum rule rule, int64_t *ret_grace, void *data)
{
	struct agent *agent = data;
	struct search search = { .workload = workload };

	registry_for_each(agent->registry, workload_match, &search);
	if (search.found && judge_view(search.found, agent->policy) == 0)
		*ret_grace = policy_rule(search.found->view, rule).grace;
}

/* ---- what it tells ---- */

static void notice_tell(const struct ledger_notice *notice, void *data)
{
	struct agent *agent = data;
	struct search search = { .id = notice->container };
	int rule = notice_rule(notice);
	const struct policy_view *view;
	struct policy_rule applied;

	if (notice->container)
		registry_for_each(agent->registry, id_match, &search);
	if (rule < 0) {
		tell_notice(agent->teller, notice, search.found, NULL);
		return;
	}
	view = serve_view(agent, search.found);
	applied = view ? policy_rule(view, (enum rule)rule) : (struct policy_rule){ .enabled = true };
	if (applied.enabled)
		tell_notice(agent->teller, notice, search.found, &applied);
}

void violations_tell(struct agent *agent)
{
	if (agent->ledger)
		ledger_untold(agent->ledger, notice_tell, agent);
}

/* What people and outputs hear of it: once when it begins, once when it is over. */
static void trouble_say(struct agent *agent, uint64_t count, const char *message)
{
	log_warning("%s/ledger.db: %s", agent->options->state_dir, message);
	tell_state(agent->teller, NULL, "ledger", count, message, agent_now());
}

static void errors_say(struct agent *agent)
{
	struct ledger_counts counts = ledger_counts(agent->ledger);
	char message[192];

	if (counts.set_aside > agent->ledger_aside) {
		agent->ledger_aside = counts.set_aside;
		trouble_say(agent, 0, "it was damaged: it is set aside, and a new one begun with all that is known");
	}
	if (counts.error == agent->ledger_error)
		return;
	agent->ledger_error = counts.error;
	(void)snprintf(message, sizeof(message),
		       counts.error ? "cannot be written: %s; what changes waits" : "it takes what waited",
		       strerror(-counts.error));
	trouble_say(agent, counts.pending, message);
}

void violations_tick(struct agent *agent)
{
	const struct ledger_watch watch = {
		.workload = workload_look, .look = evidence_look, .grace = grace_look, .data = agent
	};
	struct trust_reading reading = violations_clock();

	if (!agent->ledger && agent_now() >= agent->ledger_at)
		violations_start(agent);
	if (!agent->ledger)
		return;
	(void)ledger_tick(agent->ledger, &reading, &watch);
	violations_tell(agent);
	errors_say(agent);
}

void violations_told(struct agent *agent)
{
	if (agent->ledger)
		ledger_told(agent->ledger);
}

/* ---- what is asked ---- */

static json_t *request_answer(struct agent *agent, uint64_t token, const char *text)
{
	const struct trust_reading reading = violations_clock();
	uid_t uid = control_peer(agent->control, token);
	char by[32];

	if (uid != 0)
		return json_pack("{s:s, s:i}", "error", "only root may change the ledger: try sudo", "errno", EACCES);
	if (!agent->ledger)
		return json_pack("{s:s, s:i}", "error", "the agent keeps no ledger: it said why when it started",
				 "errno", EIO);
	(void)snprintf(by, sizeof(by), "uid %u", uid);
	return ledger_request(agent->ledger, text, by, &reading);
}

void violations_request(struct agent *agent, uint64_t token, const char *text)
{
	json_auto_t *answer = request_answer(agent, token, text);
	_cleanup_free_ char *line = answer ? json_dumps(answer, JSON_COMPACT) : NULL;

	violations_tell(agent);
	(void)control_answer(agent->control, token, line ?: "", line ? strlen(line) : 0);
}
