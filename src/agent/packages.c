// SPDX-License-Identifier: Apache-2.0
/*
 * Transactions of packages. Where a package database, or a directory of language packages, begins to change, the container's
 * changes are held back until that has settled; then what it holds is read anew, in the same confined way as its image was,
 * and compared with what it held before. What came with the packages that changed is told with them, in one finding; what did
 * not is told as what it is. Nothing goes by the name of a program: whoever writes to a database begins a transaction.
 */
#include "agent/internal.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "detect/package.h"
#include "image/databases.h"
#include "image/rootfs.h"
#include "inventory/compare.h"
#include "process/live.h"

#define SECOND     1000000000ull
#define SETTLE     (2 * SECOND)   /* without a change, and without those who made them */
#define LONGEST    (120 * SECOND) /* a transaction; then it is read as it is */
#define ACTORS_MAX 16
#define KIN_MAX    16 /* generations that are looked up */

/* A process that changed a database. */
struct actor {
	uint32_t pid;
	uint64_t start;
};

struct transaction {
	uint64_t begun, last; /* CLOCK_BOOTTIME, ns */
	int64_t found;        /* it was found on disk, of that moment; 0: not so */
	bool database;        /* one was changed since it was last read */
	bool reading;
	struct actor actors[ACTORS_MAX];
	size_t actor_count;
	struct awaited *first; /* held: the first change to a database; NULL */
};

static struct transaction *transaction_begin(struct agent *agent, struct container *container)
{
	if (container->transaction)
		return container->transaction;
	if (!container->image || (!image_inventory(container->image) && !image_is_pending(container->image)))
		return NULL; /* nothing to compare with */
	container->transaction = calloc(1, sizeof(struct transaction));
	if (!container->transaction)
		return NULL;
	agent->transactions++;
	container->transaction->begun = container->transaction->last = agent_now();
	return container->transaction;
}

static void transaction_close(struct agent *agent, struct container *container)
{
	free(container->transaction);
	container->transaction = NULL;
	agent->transactions--;
}

static bool is_actor(const struct transaction *transaction, uint32_t pid, uint64_t start)
{
	for (size_t i = 0; i < transaction->actor_count; i++)
		if (transaction->actors[i].pid == pid && transaction->actors[i].start == start)
			return true;
	return false;
}

static void actor_add(struct transaction *transaction, const struct plm_task *task)
{
	if (transaction->actor_count < ACTORS_MAX && !is_actor(transaction, task->pid, task->start))
		transaction->actors[transaction->actor_count++] = (struct actor){ task->pid, task->start };
}

/* ---- holding ---- */

static enum package_area area_of(const struct event *event)
{
	enum package_area area = event->path ? package_area(event->path) : AREA_NONE;
	enum package_area from =
		event->change.from && event->change.op != PLM_OP_SYMLINK ? package_area(event->change.from) : AREA_NONE;

	return area > from ? area : from;
}

bool packages_hold(struct agent *agent, const struct await_event *e, const struct facts *facts,
		   const struct facts_wait *wait)
{
	const struct event *event = e->event;
	struct transaction *transaction = e->container->transaction;
	struct awaited *awaited;
	enum package_area area;

	if (event->kind != PLM_CHANGE || !e->record || event->change.op == PLM_OP_OPEN_WRITE ||
	    facts->confirmed == ANSWER_NO || event->file.layer == PLM_LAYER_CONTROL ||
	    event->file.layer == PLM_LAYER_OTHER_ROOT)
		return false;
	area = area_of(event);
	if (!transaction && area != AREA_NONE && area != AREA_STATE)
		transaction = transaction_begin(agent, e->container);
	if (!transaction)
		return false;
	transaction->last = agent_now();
	if (area == AREA_DATABASE) {
		transaction->database = true;
		actor_add(transaction, &event->task);
	}
	if (awaiting_hold(agent->transacting, event, e->record, e->size, facts, wait, &awaited) < 0)
		return false;
	if (area == AREA_DATABASE && !transaction->first)
		transaction->first = awaited;
	return true;
}

void packages_found(struct agent *agent, struct container *container, int64_t when)
{
	struct transaction *transaction = transaction_begin(agent, container);

	if (!transaction)
		return;
	transaction->database = true;
	if (!transaction->first)
		transaction->found = when ?: -1;
}

bool packages_first(struct agent *agent, struct container *container)
{
	static const char *const databases[] = {
		"/var/lib/dpkg/status",
		"/lib/apk/db/installed",
		"/usr/lib/apk/db/installed",
		"/var/lib/rpm/rpmdb.sqlite",
		"/usr/lib/sysimage/rpm/rpmdb.sqlite",
	};
	struct rootfs_stat upper;

	if (container->transaction || (container->image && image_is_pending(container->image)))
		return true;
	if (container->packages || container->packages_known || !container->image || !image_inventory(container->image))
		return false;
	container->packages_known = true;
	for (size_t i = 0; i < ARRAY_SIZE(databases); i++)
		if (rootfs_upper_stat(container->rootfs, databases[i], &upper) == 0 &&
		    upper.state != ROOTFS_UPPER_ABSENT)
			packages_found(agent, container, upper.ctime ? upper.ctime - agent->boot_offset : 0);
	return container->transaction;
}

/* ---- who takes part ---- */

/* Is the acting process one that changed a database, or was it begun by one? */
static bool is_kin(struct agent *agent, const struct transaction *transaction, const struct plm_task *task)
{
	uint32_t pid = task->parent_pid;
	uint64_t start = task->parent_start;

	if (is_actor(transaction, task->pid, task->start))
		return true;
	for (int i = 0; i < KIN_MAX && pid > 1; i++) {
		const struct process *process;

		if (is_actor(transaction, pid, start))
			return true;
		process = processes_get(agent->processes, pid, start);
		if (!process)
			return false;
		pid = process->parent_pid;
		start = process->parent_start;
	}
	return false;
}

uint64_t packages_script(struct agent *agent, const struct container *container, const struct event *event,
			 const struct facts *facts)
{
	const struct transaction *transaction = container->transaction;
	const char *path = facts->script_source == SCRIPT_EXECUTED ? facts->script_path : event->path;

	if (!transaction || event->kind != PLM_EXEC || !path || package_area(path) != AREA_DATABASE ||
	    !is_kin(agent, transaction, &event->task))
		return 0;
	return transaction->begun;
}

/* ---- the end of a transaction ---- */

struct closing {
	struct agent *agent;
	struct container *container;
	const struct package_changes *changes; /* NULL: none changed, all that is held is told */
	struct package_news *news;             /* counted; NULL: told */
	char *paths[PACKAGE_BESIDE_MAX];       /* owned, behind news->beside_paths */
};

static bool comes_with(const struct closing *closing, const struct event *event)
{
	return area_of(event) >= AREA_STATE || (event->path && package_changes_own(closing->changes, event->path)) ||
	       (event->change.from && package_changes_own(closing->changes, event->change.from));
}

/* Is something left of it that nobody may write? Not a name that was only on the way (".dpkg-new"), nor a directory. */
static bool is_left(const struct closing *closing, const struct event *event)
{
	const struct container *container = closing->container;
	struct rootfs_stat upper;

	return event->path && event->change.op != PLM_OP_MKDIR && !S_ISDIR(event->file.mode) &&
	       !policy_writable(container->view, event->path) && container->rootfs &&
	       rootfs_upper_stat(container->rootfs, event->path, &upper) == 0 && upper.state != ROOTFS_UPPER_ABSENT;
}

static bool is_counted(const struct closing *closing, const char *path)
{
	for (size_t i = 0; i < closing->news->beside && i < PACKAGE_BESIDE_MAX; i++)
		if (closing->paths[i] && strcmp(closing->paths[i], path) == 0)
			return true;
	return false;
}

static void count_beside(struct closing *closing, const struct event *event)
{
	struct package_news *news = closing->news;
	size_t n;

	if (!is_left(closing, event) || is_counted(closing, event->path))
		return;
	n = news->beside++;
	if (n < PACKAGE_BESIDE_MAX)
		news->beside_paths[n] = closing->paths[n] = strdup(event->path);
}

/* True where it is told with the packages. */
static bool folds(struct closing *closing, const struct event *event)
{
	if (!closing->changes)
		return false;
	if (comes_with(closing, event)) {
		closing->news->files++;
		return true;
	}
	if (!is_kin(closing->agent, closing->container->transaction, &event->task))
		return false;
	closing->news->files++;
	count_beside(closing, event);
	return true;
}

static void held_close(struct awaited *awaited, void *data)
{
	struct closing *closing = data;
	struct agent *agent = closing->agent;
	struct facts_source source = agent_facts_source(agent, closing->container);
	struct await_event e = { NULL, closing->container, awaited->record, awaited->size };
	const struct event *decoded;
	struct event event;

	if (awaited->container != closing->container->cgroup)
		return;
	if (decoder_decode(agent->decoder, awaited->record, awaited->size, &decoded) == 0) {
		awaited_event(awaited, decoded, &event);
		e.event = &event;
		if (!folds(closing, &event)) {
			source.clock = (int64_t)agent_now() + agent->boot_offset;
			facts_again(&source, &event, &agent->room, &awaited->facts, &awaited->wait);
			agent_judge(agent, &e, &awaited->facts, &awaited->wait);
		}
	}
	if (awaited != closing->container->transaction->first)
		awaiting_drop(agent->transacting, awaited);
}

static void close_held(struct closing *closing)
{
	awaiting_each(closing->agent->transacting, held_close, closing);
}

static void first_drop(struct agent *agent, struct transaction *transaction)
{
	if (transaction->first)
		awaiting_drop(agent->transacting, transaction->first);
	transaction->first = NULL;
}

static void release(struct agent *agent, struct container *container)
{
	struct closing closing = { .agent = agent, .container = container };

	close_held(&closing);
	first_drop(agent, container->transaction);
	transaction_close(agent, container);
}

/* The first change to a database; of what was found on disk, as much as is known of it. */
static void first_event(struct agent *agent, const struct container *container, struct event *ret_event,
			struct facts *ret_facts)
{
	const struct transaction *transaction = container->transaction;
	const struct event *event;

	*ret_event = (struct event){
		.kind = PLM_CHANGE,
		.backend = PLM_BACKEND_DISK,
		.time = (uint64_t)transaction->found,
		.cgroup = container->cgroup,
		.container = container->cgroup,
	};
	*ret_facts = (struct facts){ .container_age = UINT64_MAX };
	if (transaction->first &&
	    decoder_decode(agent->decoder, transaction->first->record, transaction->first->size, &event) == 0) {
		awaited_event(transaction->first, event, ret_event);
		*ret_facts = transaction->first->facts;
	}
}

static void tell(struct agent *agent, struct container *container, const struct package_news *news)
{
	struct finding finding;
	struct event event;
	struct facts facts;
	struct telling telling = { .event = &event, .facts = &facts, .container = container };
	bool found = !container->transaction->first;
	bool news_told;

	first_event(agent, container, &event, &facts);
	telling.found = found ? agent_now() : 0;
	if (!package_finding(&event, &facts, container, container->view, news, &finding))
		return;
	news_told = tell_finding(agent->teller, &telling, &finding) != TELL_KNOWN;
	container->missed += found && news_told;
}

/* What the container holds from here on. Takes the inventory. */
static void packages_set(struct container *container, struct inventory *inventory, struct package_changes *from_image)
{
	package_changes_free(container->packages_changed);
	inventory_free(container->packages);
	container->packages = inventory;
	container->packages_changed = from_image;
}

static void conclude(struct agent *agent, struct container *container, struct inventory *taken)
{
	_cleanup_inventory_ struct inventory *inventory = taken;
	const struct inventory *image = image_inventory(container->image);
	_cleanup_(package_changes_freep) struct package_changes *changes = NULL, *from_image = NULL;
	struct package_news news = { 0 };
	struct closing closing = { .agent = agent, .container = container, .news = &news };

	if (judge_view(container, agent->policy) < 0 ||
	    package_changes_new(container->packages ?: image, inventory, &changes) < 0 ||
	    package_changes_new(image, inventory, &from_image) < 0 || package_changes_total(changes) == 0) {
		release(agent, container);
		return;
	}
	closing.changes = news.changes = changes;
	news.state = package_changes_digest(from_image);
	close_held(&closing);
	tell(agent, container, &news);
	for (size_t i = 0; i < PACKAGE_BESIDE_MAX; i++)
		free(closing.paths[i]);
	first_drop(agent, container->transaction);
	transaction_close(agent, container);
	package_changes_free(take_ptr(changes)); /* its strings are the earlier inventory's */
	packages_set(container, take_ptr(inventory), take_ptr(from_image));
}

void packages_come(struct agent *agent, struct images_answer *answer)
{
	_cleanup_inventory_ struct inventory *inventory = take_ptr(answer->inventory);
	struct container *container = registry_get(agent->registry, answer->token);
	char message[256];

	if (!container || !container->transaction || !container->transaction->reading)
		return;
	container->transaction->reading = false;
	if (container->transaction->database)
		return; /* it has changed since: read again when that has settled */
	if (inventory) {
		conclude(agent, container, take_ptr(inventory));
		return;
	}
	(void)snprintf(message, sizeof(message), "its packages changed, and could not be read: the reader %s",
		       answer->failure.text);
	serve_coverage(agent, container, RULE_COVERAGE_INVENTORY, "container", message);
	release(agent, container);
}

/* ---- when it has settled ---- */

/* One that has ended writes no more, though nobody may ever reap it. */
static bool is_alive(const struct agent *agent, const struct actor *actor)
{
	_cleanup_close_ int fd = live_open(agent->options->host_root, actor->pid, actor->start);

	return fd >= 0;
}

static bool has_settled(const struct agent *agent, const struct transaction *transaction, uint64_t now)
{
	if (now >= transaction->begun + LONGEST)
		return true;
	if (now < transaction->last + SETTLE && !transaction->found)
		return false;
	for (size_t i = 0; i < transaction->actor_count; i++)
		if (is_alive(agent, &transaction->actors[i]))
			return false;
	return true;
}

/* Of a process that is in it now; a descriptor, or a negative errno. */
static int namespace_open(const struct agent *agent, const struct container *container)
{
	_cleanup_fclose_ FILE *procs = NULL;
	char path[PATH_MAX];
	unsigned pid;
	int fd = -ESRCH;

	if (snprintf(path, sizeof(path), "%s%s/cgroup.procs", agent->hierarchy.path, container->cgroup_path ?: "") >=
	    (int)sizeof(path))
		return -ENAMETOOLONG;
	procs = fopen(path, "re");
	while (procs && fd < 0 && fscanf(procs, "%u", &pid) == 1) {
		if (pid == 0) /* of a pid namespace that is not ours */
			continue;
		(void)snprintf(path, sizeof(path), "%s/proc/%u/ns/mnt", agent->options->host_root, pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	return fd < 0 ? -ESRCH : fd;
}

static void read_now(struct agent *agent, struct container *container)
{
	int ns = namespace_open(agent, container);

	container->transaction->database = false;
	container->transaction->reading = ns >= 0 && images_ask_root(agent->images, ns, container->cgroup) == 0;
	if (!container->transaction->reading)
		release(agent, container);
}

static void step(struct container *container, void *data)
{
	struct agent *agent = data;
	struct transaction *transaction = container->transaction;

	if (!transaction || transaction->reading || image_is_pending(container->image) ||
	    !has_settled(agent, transaction, agent_now()))
		return;
	if (transaction->database && image_inventory(container->image))
		read_now(agent, container);
	else
		release(agent, container);
}

void packages_step(struct agent *agent)
{
	if (agent->transactions > 0)
		registry_for_each(agent->registry, step, agent);
}

void packages_end(struct agent *agent, struct container *container)
{
	if (container->transaction)
		release(agent, container);
}

void packages_forget(struct agent *agent, struct container *container)
{
	if (container->transaction)
		transaction_close(agent, container);
	packages_set(container, NULL, NULL);
}

struct owing {
	uint64_t since;
	bool owes;
};

static void owes(struct container *container, void *data)
{
	struct owing *owing = data;

	owing->owes |= container->transaction && container->transaction->begun <= owing->since;
}

bool packages_owe(struct agent *agent, uint64_t since)
{
	struct owing owing = { .since = since };

	if (agent->transactions > 0)
		registry_for_each(agent->registry, owes, &owing);
	return owing.owes;
}
