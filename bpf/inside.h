/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Cgroups below a container's root. They have no entry until a task comes into one: a container may make as many as it
 * likes, empty ones cost nothing, and the quota counts those that were lived in.
 */
#ifndef PLM_BPF_INSIDE_H
#define PLM_BPF_INSIDE_H

#include "compat.h"
#include "emit.h"

#define LEVELS_MAX 16 /* from the top, at which a container's root is looked for */

/* The root cgroup of the container that this one lies in, confirmed or already running; 0: of none. Of nested containers
 * the outermost counts. */
static u64 container_above(struct cgroup *cgroup)
{
	for (u32 level = 1; level < LEVELS_MAX; level++) {
		u64 id = cgroup_ancestor(cgroup, level);
		struct plm_container *container;
		struct plm_cgroup *entry;

		if (!id)
			return 0;
		entry = bpf_map_lookup_elem(&cgroups, &id);
		container = entry ? bpf_map_lookup_elem(&containers, &entry->root) : 0;
		if (container && (entry->state == PLM_CGROUP_CONTAINER || container->phase == PLM_PHASE_RUNNING))
			return entry->root;
	}
	return 0;
}

/* The entry of a cgroup that a task comes into, made where it has none and lies in a container; NULL outside, and where
 * the container has spent its quota, which is counted. */
static struct plm_cgroup *cgroup_entry(struct cgroup *cgroup)
{
	u64 id = BPF_CORE_READ(cgroup, kn, id), root;
	struct plm_cgroup *entry = bpf_map_lookup_elem(&cgroups, &id), fresh;
	struct plm_container *container;

	if (entry)
		return entry;
	root = container_above(cgroup);
	entry = bpf_map_lookup_elem(&cgroups, &root);
	container = bpf_map_lookup_elem(&containers, &root);
	if (!entry || !container)
		return 0;
	if (container->children >= knobs.children) {
		loss_count(root, PLM_LOSS_QUOTA, PLM_BIRTH);
		return 0;
	}
	fresh = *entry;
	if (bpf_map_update_elem(&cgroups, &id, &fresh, BPF_ANY)) {
		loss_count(root, PLM_LOSS_MAP, PLM_BIRTH);
		return 0;
	}
	__sync_fetch_and_add(&container->children, 1);
	return bpf_map_lookup_elem(&cgroups, &id);
}

#endif
