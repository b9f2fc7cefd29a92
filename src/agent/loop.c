// SPDX-License-Identifier: Apache-2.0
/* The agent's waiting, and its end. */
#include "agent/internal.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/log.h"

#define BATCH       128            /* records between two looks at the clock */
#define DRAIN_NS    20000000       /* ... and while there are more, between two looks at names, control and signals */
#define DRAIN_ALL   10000000000ull /* at the beginning and the end; the rings hold what takes seconds */
#define LINGER_MS   2              /* between two looks while there is work: no wake-up is needed then */
#define LINGER_NS   1800000  /* ... and a little less for the kernel side, which must not count on a look just gone */
#define TICK_MS     1000     /* losses, folds, what an output could not take */
#define TURN_NS     20000000 /* while there is always work, what lasts is compared no more often */
#define KEEP_NS     50000000 /* between two commits of what the next agent must know, while there is work */
#define AWAIT_MS    10       /* between two looks at what waits for its content */
#define SETTLE_MS   200      /* ... at packages that are being changed */
#define PATIENCE_MS 2000     /* for outputs at the end */

static int64_t realtime(const struct agent *agent)
{
	return (int64_t)agent_now() + agent->boot_offset;
}

static void outputs_flush(struct agent *agent)
{
	size_t waiting = sinks_flush(agent->sinks, realtime(agent));

	keep_flush(agent, realtime(agent));
	if (waiting == 0)
		violations_told(agent);
	if (agent->recording)
		(void)recording_flush(agent->recording);
}

uint64_t agent_read_until(const struct agent *agent)
{
	return agent->drained > agent->read_until ? agent->drained : agent->read_until;
}

/* What was told, and until when all was read, so that the next agent knows: when the outputs have it. */
static void state_keep(struct agent *agent)
{
	uint64_t until = agent_read_until(agent), waiting, oldest;

	outputs_flush(agent);
	if (!agent->state)
		return;
	if (registry_oldest(agent->registry, &waiting, &oldest) && oldest < until)
		until = oldest; /* read, and not yet told: it waits for a name */
	if (awaiting_oldest(agent->awaiting) < until)
		until = awaiting_oldest(agent->awaiting); /* or for a digest */
	if (awaiting_oldest(agent->transacting) < until)
		until = awaiting_oldest(agent->transacting); /* or for a transaction's end */
	(void)teller_save(agent->teller, agent_now());
	(void)state_watched_set(agent->state, until);
	(void)state_commit(agent->state);
	agent->keep_at = agent_now() + KEEP_NS;
	agent->told = teller_told(agent->teller);
	agent->unkept = false;
}

/* What was told is kept at once, all else that was read a little later; while nothing happens the disk is left alone. */
static void state_keep_due(struct agent *agent)
{
	if (agent->told != teller_told(agent->teller) || (agent->unkept && agent_now() >= agent->keep_at))
		state_keep(agent);
}

/* What the rings hold, for `ns` and a little more; true where there was something. */
static bool drain(struct agent *agent, uint64_t ns)
{
	size_t n, all = 0;
	uint64_t begun = agent_now();

	do {
		n = kernel_read(agent->kernel, BATCH, agent_ahead, agent_record, agent);
		all += n;
		outputs_flush(agent);
	} while (n == BATCH && agent_now() < begun + ns);
	agent->drained = n < BATCH ? begun : agent->drained;
	agent->unkept |= all > 0;
	state_keep_due(agent);
	return all > 0;
}

static void names_take(struct agent *agent)
{
	struct resolver_answer answer;

	while (resolver_take(agent->resolver, &answer) > 0) {
		struct container *container = naming_answer(agent, &answer);

		if (!container || answer.more)
			continue;
		agent_release(agent, container);
		life_settled(agent, container);
	}
	state_keep_due(agent);
}

static void reload(struct agent *agent)
{
	struct policy *policy, *old;
	const char *path = NULL;
	int r = agent_policy(agent->options->config, &policy);

	if (r < 0) {
		log_error("the new configuration is refused; the old one stays");
	} else if (teller_reload(agent->teller, policy) < 0) {
		policy_free(policy);
	} else {
		serve_exceptions(agent);
		if (agent->recording)
			(void)recording_redact(agent->recording, policy);
		policy_view_free(agent->host_view);
		agent->host_view = NULL;
		old = agent->policy;
		agent->policy = policy;
		naming_reload(agent);
		violations_reload(agent);
		keep_reload(agent);
		policy_free(old);
		tell_state(agent->teller, NULL, "reload", 0, "the configuration was read anew", agent_now());
		log_info("reloaded");
	}
	r = sinks_reopen(agent->sinks, &path);
	if (r < 0)
		log_error("cannot open %s anew, the old file is kept: %s", path, strerror(-r));
}

static void signal_take(struct agent *agent, int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			reload(agent);
		else
			agent->stopping = true;
	}
}

static void tick(struct agent *agent, uint64_t now)
{
	clock_take(agent);
	serve_losses(agent);
	naming_tick(agent);
	remember_tick(agent, now);
	session_tick(agent, now);
	if (teller_next(agent->teller) <= now)
		teller_expire(agent->teller, now);
	violations_tick(agent);
	outputs_flush(agent);
	control_handle(agent->control); /* clients that are too slow */
	serve_outputs(agent);
	keep_report(agent);
	state_keep_due(agent);
	if (agent->state)
		(void)state_commit(agent->state); /* containers that came and went */
}

/* sd_notify(3)'s protocol, which is one datagram: not worth a library. */
static void notify_ready(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -EBADF;
	size_t length = path ? strlen(path) : 0;

	if (length < 2 || length >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, length);
	if (address.sun_path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		(void)sendto(fd, "READY=1", strlen("READY=1"), MSG_NOSIGNAL, (struct sockaddr *)&address,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
}

static int signals_open(void)
{
	sigset_t set;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void begin(struct agent *agent)
{
	clock_take(agent);
	tell_state(agent->teller, NULL, "start", 0, "plimsoll " PLM_VERSION " watches this host", agent_now());
	serve_hooks(agent);
	(void)drain(agent, DRAIN_ALL);
	log_info("ready");
	notify_ready();
}

static void packages_finish(struct container *container, void *data)
{
	packages_end(data, container);
}

static void finish(struct agent *agent)
{
	struct container *container;

	(void)drain(agent, DRAIN_ALL);
	while ((container = naming_overdue(agent)))
		agent_release(agent, container);
	await_all(agent);
	registry_for_each(agent->registry, packages_finish, agent);
	serve_losses(agent);
	(void)teller_pause(agent->teller);
	state_keep(agent);
	serve_exceptions(agent);
	tell_state(agent->teller, NULL, "stop", 0, "plimsoll stops: nothing is watched from here on", agent_now());
	if (sinks_finish(agent->sinks, realtime(agent), PATIENCE_MS) > 0)
		log_warning("an output did not take all that was told");
	keep_flush(agent, realtime(agent));
}

enum polled { POLLED_KERNEL, POLLED_NAMES, POLLED_CONTROL, POLLED_SIGNALS, POLLED_DIGESTS, POLLED_IMAGES };

/*
 * How long to wait, `quiet` rounds after the last that found something. While there is work the agent looks again by
 * itself and the kernel side wakes nobody. Before it sleeps, one round more without that promise: a record that was on
 * its way in as the promise ended is found by it.
 */
static int wait_ms(struct agent *agent, unsigned quiet)
{
	kernel_awake(agent->kernel, quiet == 0 ? agent_now() + LINGER_NS : 0);
	if (quiet < 2)
		return LINGER_MS;
	if (awaiting_oldest(agent->awaiting) != UINT64_MAX)
		return AWAIT_MS;
	return agent->transactions > 0 ? SETTLE_MS : TICK_MS;
}

int agent_run(struct agent *agent)
{
	_cleanup_close_ int signals = signals_open();
	struct pollfd polled[] = {
		[POLLED_KERNEL] = { .fd = kernel_fd(agent->kernel), .events = POLLIN },
		[POLLED_NAMES] = { .fd = resolver_fd(agent->resolver), .events = POLLIN },
		[POLLED_CONTROL] = { .fd = control_fd(agent->control), .events = POLLIN },
		[POLLED_SIGNALS] = { .fd = signals, .events = POLLIN },
		[POLLED_DIGESTS] = { .fd = digests_fd(agent->digests), .events = POLLIN },
		[POLLED_IMAGES] = { .fd = images_fd(agent->images), .events = POLLIN },
	};
	uint64_t next_tick = 0, next_turn = 0;
	unsigned quiet = 0;

	if (signals < 0)
		return -errno;
	begin(agent);
	while (!agent->stopping) {
		uint64_t now = agent_now();

		if (now >= next_tick) {
			tick(agent, now);
			next_tick = now + TICK_MS * 1000000ull;
		}
		if (poll(polled, ARRAY_SIZE(polled), wait_ms(agent, quiet)) < 0 && errno != EINTR)
			return -errno;
		quiet = drain(agent, DRAIN_NS) ? 0 : quiet + (quiet < 2);
		if ((quiet || now >= next_turn) && compare_step(agent)) {
			next_turn = now + TURN_NS;
			quiet = quiet ? 1 : 0;
		}
		if (polled[POLLED_NAMES].revents)
			names_take(agent);
		if (polled[POLLED_IMAGES].revents)
			inventories_come(agent);
		await_step(agent);
		packages_step(agent);
		state_keep_due(agent);
		if (polled[POLLED_CONTROL].revents)
			control_handle(agent->control);
		if (polled[POLLED_SIGNALS].revents)
			signal_take(agent, signals);
		if (serve_waiting(agent)) {
			(void)drain(agent, DRAIN_NS); /* what was queued as it was asked */
			serve_waiters(agent);
		}
	}
	finish(agent);
	return 0;
}
