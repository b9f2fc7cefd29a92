// SPDX-License-Identifier: Apache-2.0
#include "kernel/kernel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "kernel/losses.h"
#include "kernel/ring.h"
#include "kernel/subsystem.h"

/* The object that the build put into this program (Makefile). */
extern const char plm_object[], plm_object_end[];

enum ring_index { RING_URGENT, RING_EVENTS, RINGS };

struct kernel {
	struct bpf_object *object;
	struct bpf_link *links[HOOKS_MAX];
	struct ring *rings[RINGS];
	struct losses *losses;
	struct plm_counters *counters; /* the map's own memory */
	const struct bpf_program *seed;
	int epoll;
	int cgroups, containers, known_files, loss_map;
};

static int map_fd(const struct kernel *kernel, const char *name)
{
	return bpf_object__find_map_fd_by_name(kernel->object, name);
}

/* The host's root directory is process 1's; without the right to see it, what is given as such. */
static int host_root_stat(const char *host_root, struct stat *ret_stat)
{
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/proc/1/root/.", host_root) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	if (stat(path, ret_stat) == 0 || stat(host_root[0] ? host_root : "/", ret_stat) == 0)
		return 0;
	return -errno;
}

static int knobs_set(struct kernel *kernel, const struct kernel_options *options)
{
	struct bpf_map *map = bpf_object__find_map_by_name(kernel->object, ".rodata.knobs");
	struct bpf_map *scratches = bpf_object__find_map_by_name(kernel->object, "scratches");
	int cpus = libbpf_num_possible_cpus(), r;
	struct plm_knobs knobs = { .children = KERNEL_CHILDREN, .all = options->all, .hierarchy = options->hierarchy };
	struct stat root;

	if (cpus < 0)
		return cpus;
	r = host_root_stat(options->host_root, &root);
	if (r == 0 && options->hierarchy)
		r = subsystem_index(options->hierarchy, &knobs.subsystem);
	if (r < 0)
		return r;
	knobs.host_root_inode = root.st_ino;
	knobs.host_root_device = major(root.st_dev) << 20 | minor(root.st_dev);
	r = bpf_map__set_initial_value(map, &knobs, sizeof(knobs));
	if (r < 0)
		return r;
	return bpf_map__set_max_entries(scratches, (uint32_t)cpus * PLM_SCRATCH_DEPTH);
}

static void programs_pick(struct kernel *kernel, const struct hooks *hooks)
{
	struct bpf_program *program;

	bpf_object__for_each_program (program, kernel->object)
		(void)bpf_program__set_autoload(program, false);
	for (size_t i = 0; i < hooks->count; i++) {
		if (hooks->choices[i].state != HOOK_CHOSEN)
			continue;
		program = bpf_object__find_program_by_name(kernel->object, hooks->choices[i].hook->program);
		(void)bpf_program__set_autoload(program, true);
	}
}

static int handler_enter(struct kernel *kernel, const struct bpf_program *program, uint32_t slot)
{
	int fd = bpf_program__fd(program);

	return bpf_map_update_elem(map_fd(kernel, "handlers"), &slot, &fd, BPF_ANY) ? -errno : 0;
}

/* Handlers before what calls them, so that the first call that is seen is handled. */
static int programs_attach(struct kernel *kernel, const struct hooks *hooks, const char **ret_what)
{
	static const enum hook_use order[] = { HOOK_HANDLER, HOOK_SEED, HOOK_ATTACH };

	for (size_t o = 0; o < ARRAY_SIZE(order); o++)
		for (size_t i = 0; i < hooks->count; i++) {
			const struct hook *hook = hooks->choices[i].hook;
			struct bpf_program *program;
			int r = 0;

			if (hooks->choices[i].state != HOOK_CHOSEN || hook->use != order[o])
				continue;
			program = bpf_object__find_program_by_name(kernel->object, hook->program);
			*ret_what = hook->mechanism;
			if (hook->use == HOOK_HANDLER)
				r = handler_enter(kernel, program, hook->slot);
			else if (hook->use == HOOK_SEED)
				kernel->seed = program;
			else if (!(kernel->links[i] = bpf_program__attach(program)))
				r = -errno;
			if (r < 0)
				return r;
		}
	return 0;
}

static int rings_open(struct kernel *kernel)
{
	static const char *const names[RINGS] = { [RING_URGENT] = "urgent", [RING_EVENTS] = "events" };

	kernel->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (kernel->epoll < 0)
		return -errno;
	for (size_t i = 0; i < RINGS; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(kernel->object, names[i]);
		struct epoll_event wanted = { .events = EPOLLIN };
		int r = ring_open(bpf_map__fd(map), bpf_map__max_entries(map), &kernel->rings[i]);

		if (r < 0)
			return r;
		if (epoll_ctl(kernel->epoll, EPOLL_CTL_ADD, bpf_map__fd(map), &wanted) < 0)
			return -errno;
	}
	return 0;
}

/* What makes CLOCK_REALTIME, by which file systems stamp, of CLOCK_BOOTTIME. */
static int64_t clock_offset(void)
{
	struct timespec real, boot;

	(void)clock_gettime(CLOCK_BOOTTIME, &boot);
	(void)clock_gettime(CLOCK_REALTIME, &real);
	return (real.tv_sec - boot.tv_sec) * 1000000000ll + real.tv_nsec - boot.tv_nsec;
}

void kernel_clock(struct kernel *kernel)
{
	__atomic_store_n(&kernel->counters->clock_offset, clock_offset(), __ATOMIC_RELEASE);
}

static int object_load(struct kernel *kernel, const struct hooks *hooks, const struct kernel_options *options)
{
	LIBBPF_OPTS(bpf_object_open_opts, open, .object_name = "plimsoll");
	void *counters;
	int r;

	kernel->object = bpf_object__open_mem(plm_object, (size_t)(plm_object_end - plm_object), &open);
	if (!kernel->object)
		return -errno;
	r = knobs_set(kernel, options);
	if (r < 0)
		return r;
	programs_pick(kernel, hooks);
	r = bpf_object__load(kernel->object);
	if (r < 0)
		return r;
	counters = mmap(NULL, sizeof(*kernel->counters), PROT_READ | PROT_WRITE, MAP_SHARED,
			map_fd(kernel, ".data.counters"), 0);
	if (counters == MAP_FAILED)
		return -errno;
	kernel->counters = counters;
	kernel_clock(kernel);
	kernel->cgroups = map_fd(kernel, "cgroups");
	kernel->containers = map_fd(kernel, "containers");
	kernel->known_files = map_fd(kernel, "known_files");
	kernel->loss_map = map_fd(kernel, "losses");
	return 0;
}

int kernel_open(const struct hooks *hooks, const struct kernel_options *options, struct kernel **ret_kernel,
		const char **ret_what)
{
	struct kernel *kernel = calloc(1, sizeof(*kernel));
	int r = -ENOMEM;

	*ret_what = "memory";
	if (!kernel)
		return r;
	kernel->epoll = -EBADF;
	kernel->losses = losses_new();
	if (!kernel->losses)
		goto fail;
	*ret_what = "loading the kernel programs";
	r = object_load(kernel, hooks, options);
	if (r < 0)
		goto fail;
	*ret_what = "mapping the ring buffers";
	r = rings_open(kernel);
	if (r < 0)
		goto fail;
	r = programs_attach(kernel, hooks, ret_what);
	if (r < 0)
		goto fail;
	*ret_kernel = kernel;
	return 0;
fail:
	kernel_free(kernel);
	return r;
}

void kernel_free(struct kernel *kernel)
{
	if (!kernel)
		return;
	for (size_t i = 0; i < HOOKS_MAX; i++)
		(void)bpf_link__destroy(kernel->links[i]);
	for (size_t i = 0; i < RINGS; i++)
		ring_free(kernel->rings[i]);
	if (kernel->epoll >= 0)
		(void)close(kernel->epoll);
	if (kernel->counters)
		(void)munmap(kernel->counters, sizeof(*kernel->counters));
	losses_free(kernel->losses);
	bpf_object__close(kernel->object);
	free(kernel);
}

int kernel_cgroup_enter(struct kernel *kernel, uint64_t id, uint64_t root)
{
	struct plm_cgroup entry = { .root = root, .state = PLM_CGROUP_CANDIDATE };
	struct plm_container fresh = { .phase = PLM_PHASE_SETUP };

	if (id == root && bpf_map_update_elem(kernel->containers, &root, &fresh, BPF_NOEXIST) && errno != EEXIST)
		return -errno;
	if (bpf_map_update_elem(kernel->cgroups, &id, &entry, BPF_NOEXIST) && errno != EEXIST)
		return -errno;
	return 0;
}

int kernel_seed(struct kernel *kernel)
{
	struct bpf_link *link = bpf_program__attach_iter(kernel->seed, NULL);
	_cleanup_close_ int iter = -EBADF;
	char nothing[64];
	ssize_t n = 0;
	int r = 0;

	if (!link)
		return -errno;
	iter = bpf_iter_create(bpf_link__fd(link));
	if (iter < 0)
		r = -errno;
	while (r == 0 && (n = read(iter, nothing, sizeof(nothing))) != 0)
		if (n < 0 && errno != EAGAIN)
			r = -errno;
	(void)bpf_link__destroy(link);
	return r;
}

int kernel_cgroup_confirm(struct kernel *kernel, uint64_t id, uint64_t root)
{
	struct plm_cgroup entry;

	if (bpf_map_lookup_elem(kernel->cgroups, &id, &entry))
		return -errno;
	entry.root = root;
	entry.state = PLM_CGROUP_CONTAINER;
	return bpf_map_update_elem(kernel->cgroups, &id, &entry, BPF_EXIST) ? -errno : 0;
}

void kernel_cgroup_forget(struct kernel *kernel, uint64_t id)
{
	(void)bpf_map_delete_elem(kernel->cgroups, &id);
	kernel_container_drop(kernel, id);
}

void kernel_container_drop(struct kernel *kernel, uint64_t id)
{
	struct plm_container container;
	int roots = map_fd(kernel, "roots");
	uint64_t owner = 0;

	if (bpf_map_lookup_elem(kernel->containers, &id, &container))
		return;
	if (bpf_map_lookup_elem(roots, &container.root_device, &owner) == 0 && owner == id)
		(void)bpf_map_delete_elem(roots, &container.root_device);
	(void)bpf_map_delete_elem(kernel->containers, &id);
}

int kernel_file_known(struct kernel *kernel, uint64_t container, const struct plm_file *file)
{
	bool upper = file->layer == PLM_LAYER_UPPER;
	const struct plm_known key = {
		.container = container,
		.inode = upper ? file->upper_inode : file->inode,
		.ctime = file->ctime,
		.device = upper ? file->upper_device : file->device,
		.generation = file->generation,
	};
	const uint8_t known = 1;

	return bpf_map_update_elem(kernel->known_files, &key, &known, BPF_ANY) ? -errno : 0;
}

int kernel_container_counts(struct kernel *kernel, uint64_t id, uint64_t *ret_seen, uint64_t *ret_folded)
{
	struct plm_container container;

	if (bpf_map_lookup_elem(kernel->containers, &id, &container))
		return -errno;
	*ret_seen = container.seen;
	*ret_folded = container.folded;
	return 0;
}

void kernel_awake(struct kernel *kernel, uint64_t time)
{
	__atomic_store_n(&kernel->counters->awake_until, time, __ATOMIC_RELEASE);
}

int kernel_fd(const struct kernel *kernel)
{
	return kernel->epoll;
}

/* The ring whose oldest record is the oldest of all; RINGS when there is none. */
static size_t ring_oldest(struct kernel *kernel, enum ring_cursor cursor, const void **ret_data, size_t *ret_size)
{
	uint64_t oldest = UINT64_MAX;
	size_t which = RINGS;

	for (size_t i = 0; i < RINGS; i++) {
		struct plm_head head = { .time = 0 };
		const void *data;
		size_t size;

		if (!ring_peek(kernel->rings[i], cursor, &data, &size))
			continue;
		if (size >= sizeof(head))
			memcpy(&head, data, sizeof(head));
		if (head.time >= oldest)
			continue;
		oldest = head.time;
		which = i;
		*ret_data = data;
		*ret_size = size;
	}
	return which;
}

/* Hands over the oldest record that the cursor has before it, and passes it; false where there is none. */
static bool record_take(struct kernel *kernel, enum ring_cursor cursor, kernel_record call, void *data)
{
	const void *record = NULL;
	size_t size = 0, which = ring_oldest(kernel, cursor, &record, &size);

	if (which == RINGS)
		return false;
	call(record, size, data);
	ring_skip(kernel->rings[which], cursor);
	return true;
}

size_t kernel_read(struct kernel *kernel, size_t limit, kernel_record ahead, kernel_record call, void *data)
{
	size_t n;

	for (n = 0; n < limit; n++) {
		while (record_take(kernel, RING_AHEAD, ahead, data))
			;
		if (!record_take(kernel, RING_TURN, call, data))
			break;
	}
	return n;
}

static void uncharged_tell(struct kernel *kernel, kernel_loss call, void *data)
{
	struct plm_loss_key key = { .loss = PLM_LOSS_MAP };
	uint64_t grown = losses_grow(kernel->losses, &key, kernel->counters->losses_uncharged);

	if (grown)
		call(&key, grown, data);
}

void kernel_losses(struct kernel *kernel, kernel_loss call, void *data)
{
	struct plm_loss_key key, *previous = NULL;
	uint64_t count, grown;

	uncharged_tell(kernel, call, data);
	while (bpf_map_get_next_key(kernel->loss_map, previous, &key) == 0) {
		previous = &key;
		if (bpf_map_lookup_elem(kernel->loss_map, &key, &count))
			continue;
		grown = losses_grow(kernel->losses, &key, count);
		if (grown)
			call(&key, grown, data);
	}
}
