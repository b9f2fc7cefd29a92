// SPDX-License-Identifier: Apache-2.0
/* What was there before the agent: cgroups, and the libraries that running processes have mapped. */
#include "agent/internal.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/log.h"
#include "container/cgroup.h"
#include "image/rootfs.h"

struct existing {
	struct agent *agent;
	uint64_t root; /* the container's root cgroup that the walk is in or below */
	char root_path[PATH_MAX];
	unsigned children; /* entered below it */
};

static bool path_below(const char *path, const char *root)
{
	size_t length = strlen(root);

	return length > 0 && strncmp(path, root, length) == 0 && path[length] == '/';
}

/* The walk goes depth first: what lies below a container's root comes right behind it. */
static void existing_cgroup(uint64_t id, uint64_t parent, const char *path, void *data)
{
	struct existing *existing = data;
	struct agent *agent = existing->agent;
	struct cgroup_guess guess = cgroup_classify(path);
	bool below = path_below(path, existing->root_path);
	int r;

	(void)parent;
	if (guess.verdict == CGROUP_OTHER)
		return;
	if (!below || guess.verdict == CGROUP_PERHAPS || guess.root_length == strlen(path)) {
		existing->root = id;
		existing->children = 0;
		(void)snprintf(existing->root_path, sizeof(existing->root_path), "%s", path);
	} else if (guess.verdict == CGROUP_CONTAINER) {
		return; /* below a container that is confirmed: entered with the first task that is found in it */
	} else if (existing->children++ >= KERNEL_CHILDREN) {
		agent->unentered++;
		return;
	}
	r = kernel_cgroup_enter(agent->kernel, id, existing->root);
	if (r == 0 && guess.verdict == CGROUP_CONTAINER)
		r = kernel_cgroup_confirm(agent->kernel, id, existing->root);
	if (r < 0)
		agent->unentered++;
	else if (id == existing->root)
		(void)life_admit(agent, id, path, agent_now());
}

int existing_find(struct agent *agent)
{
	struct existing existing = { .agent = agent };
	int r = discover_cgroups(agent->hierarchy.path, existing_cgroup, &existing);

	if (r < 0)
		return r;
	clock_take(agent);
	if (teller_restore(agent->teller, agent_now()) != 0)
		log_warning("some of what was counted before could not be read: it may be told again");
	session_resume(agent);
	return kernel_seed(agent->kernel);
}

/* ---- libraries ---- */

#define MAPS_BYTES_MAX (4u << 20)
#define MAPS_CODE_MAX  512 /* executable mappings of one process that are looked at */
#define DELETED        " (deleted)"

/* One line of /proc/PID/maps (proc_pid_maps(5)). */
struct map_line {
	unsigned long start, end;
	char permissions[5];
	unsigned long inode;
	char *path; /* in the line */
};

static bool line_parse(char *line, struct map_line *ret_line)
{
	struct map_line map = { 0 };
	int at = 0;

	if (sscanf(line, "%lx-%lx %4s %*x %*x:%*x %lu %n", &map.start, &map.end, map.permissions, &map.inode, &at) < 4)
		return false;
	map.path = line + at;
	*ret_line = map;
	return true;
}

/* Where a mapped name lies; false where it is the image's, or cannot be told from it. */
static bool code_place(const struct container *container, const char *path, struct plm_file *file)
{
	bool unlinked = file->flags & PLM_FILE_UNLINKED;
	struct rootfs_stat upper;
	char clean[PATH_MAX];
	enum plm_layer layer;

	if (strncmp(path, "/memfd:", strlen("/memfd:")) == 0) {
		file->layer = PLM_LAYER_MEMORY;
		file->flags |= PLM_FILE_MEMFD;
		return true;
	}
	if (!container->rootfs || rootfs_resolve_text(container->rootfs, "/", NULL, path, clean, &layer) < 0)
		return false;
	file->layer = layer == PLM_LAYER_UNKNOWN ? PLM_LAYER_UPPER : layer;
	if (layer != PLM_LAYER_UNKNOWN)
		return true;
	if (unlinked)
		return rootfs_in_image(container->rootfs, path) == ANSWER_NO;
	if (rootfs_upper_stat(container->rootfs, path, &upper) < 0 || upper.state != ROOTFS_UPPER_ENTRY)
		return false;
	file->upper_inode = upper.inode;
	file->upper_device = upper.device;
	file->ctime = (uint64_t)upper.ctime;
	file->mtime = (uint64_t)upper.mtime;
	return true;
}

/* What is mapped is looked at by way of the mapping itself: its name may be another's by now. */
static bool code_stat(const char *host_root, uint32_t pid, const struct map_line *map, struct plm_file *file)
{
	char path[PATH_MAX];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s/proc/%" PRIu32 "/map_files/%lx-%lx", host_root, pid, map->start,
		     map->end) >= (int)sizeof(path) ||
	    stat(path, &st))
		return false;
	*file = (struct plm_file){
		.device = major(st.st_dev) << 20 | minor(st.st_dev),
		.inode = st.st_ino,
		.size = (uint64_t)st.st_size,
		.mode = st.st_mode,
		.uid = st.st_uid,
		.gid = st.st_gid,
		.ctime = (uint64_t)st.st_ctim.tv_sec * 1000000000ull + (uint64_t)st.st_ctim.tv_nsec,
		.mtime = (uint64_t)st.st_mtim.tv_sec * 1000000000ull + (uint64_t)st.st_mtim.tv_nsec,
	};
	return true;
}

/* The path without the kernel's note that it has none any more. */
static bool deleted_cut(char *path)
{
	size_t length = strlen(path), mark = strlen(DELETED);

	if (length < mark || strcmp(path + length - mark, DELETED) != 0)
		return false;
	path[length - mark] = '\0';
	return true;
}

static bool mapping_of(const struct container *container, const struct event *task, const char *host_root,
		       struct map_line *map, struct event *ret_event)
{
	bool deleted = deleted_cut(map->path);
	struct event event = *task;

	if (map->permissions[2] != 'x' || !map->inode || map->path[0] != '/' ||
	    (task->path && strcmp(map->path, task->path) == 0)) /* the program itself is told as one */
		return false;
	if (!code_stat(host_root, task->task.pid, map, &event.file))
		return false;
	event.kind = PLM_MAPPING;
	event.file.flags = deleted ? PLM_FILE_UNLINKED : 0;
	event.path = map->path;
	event.head_flags = 0;
	event.mapping.address = map->start;
	event.mapping.how = PLM_MAP_MMAP;
	if (!code_place(container, map->path, &event.file))
		return false;
	*ret_event = event;
	return true;
}

void existing_mappings(struct agent *agent, struct container *container, const struct event *task,
		       void (*call)(struct agent *agent, const struct event *event, struct container *container))
{
	const char *host_root = agent->options->host_root;
	_cleanup_free_ char *text = NULL;
	unsigned found = 0;
	size_t size;

	if (discover_proc(host_root, task->task.pid, "maps", MAPS_BYTES_MAX, &text, &size) < 0)
		return;
	for (char *next, *line = text; line && *line && found < MAPS_CODE_MAX; line = next) {
		struct map_line map;
		struct event event;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (!line_parse(line, &map) || !mapping_of(container, task, host_root, &map, &event))
			continue;
		found++;
		call(agent, &event, container);
	}
}
