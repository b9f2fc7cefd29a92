/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps and knobs of all programs: declared here, defined in maps.bpf.c (which sets PLM_DEFINE). */
#ifndef PLM_BPF_MAPS_H
#define PLM_BPF_MAPS_H

#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include "plimsoll/event.h"

#ifdef PLM_DEFINE
#define MAP
#else
#define MAP extern
#endif

/* What a record is built in. `at` is where the next text goes, counted from data; `walk` is path_append()'s. */
struct scratch {
	u32 at;
	u32 slot; /* its own key */
	u32 walk_begin;
	u32 takers; /* 1: taken (scratch_take) */
	u64 walk_dentry;
	u64 walk_mount;
	u64 walk_stop;
	u8 data[PLM_RECORD_MAX + PLM_PATH_MAX];
};

/* Key of map `files`: an inode that the agent was told of; of the upper layer where there is one. */
struct file_key {
	u64 inode;
	u32 device;
	u32 generation;
};

/* What was told of it last. */
struct file_state {
	u64 container;
	u64 told;    /* when */
	u32 told_by; /* process */
	u32 op;      /* enum plm_op; NONE: looked at, and not of the container's root */
	u32 repeats; /* like events since then */
	u32 pad;
	u64 parent; /* op NONE: address of the directory's dentry, compared only */
};

/* Calls that wait between two hooks of one exec: who began it, and as whom. */
struct pending_exec {
	struct plm_creds before;
	struct plm_file script;
	u32 backend;
	u32 script_length;
	u8 script_path[PLM_PATH_MAX + 256];
};

typedef struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, struct plm_cgroup);
} cgroups_map;

typedef struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, struct plm_container);
} containers_map;

typedef struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u32);
	__type(value, u64);
} roots_map;

typedef struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u32);
	__type(value, struct plm_task_state);
} tasks_map;

typedef struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct file_key);
	__type(value, struct file_state);
} files_map;

/* Of an image's libraries a container maps dozens; what falls out is told once more. */
typedef struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct plm_known);
	__type(value, u8);
} known_map;

typedef struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u32);
	__type(value, struct pending_exec);
} execs_map;

typedef struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct plm_loss_key);
	__type(value, u64);
} losses_map;

typedef struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2); /* set to CPUs * PLM_SCRATCH_DEPTH before the load */
	__type(key, u32);
	__type(value, struct scratch);
} scratch_map;

typedef struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 2 << 20);
} events_ring;

typedef struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 512 << 10);
} urgent_ring;

typedef struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 16);
	__uint(key_size, sizeof(u32));
	__uint(value_size, sizeof(u32));
} handlers_map;

MAP cgroups_map cgroups SEC(".maps");       /* by cgroup id */
MAP containers_map containers SEC(".maps"); /* by the root cgroup's id */
MAP roots_map roots SEC(".maps");           /* device of a container's root -> container */
MAP tasks_map tasks SEC(".maps");           /* by tid; a container's tasks only */
MAP files_map files SEC(".maps");
MAP known_map known_files SEC(".maps"); /* whose mappings cost no event */
MAP execs_map execs SEC(".maps");       /* by tid */
MAP losses_map losses SEC(".maps");
MAP scratch_map scratches SEC(".maps");
MAP events_ring events SEC(".maps"); /* everything */
MAP urgent_ring urgent SEC(".maps"); /* what is rare and weighty: a flood cannot fill it */
MAP handlers_map handlers SEC(".maps");

/* Sections of their own, so that the agent finds each as a map whose value is the one struct. */
MAP const volatile struct plm_knobs knobs SEC(".rodata.knobs");
MAP struct plm_counters counters SEC(".data.counters");

#undef MAP

#endif
