// SPDX-License-Identifier: Apache-2.0
#include "kernel/probe.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <string.h>

#include "base/log.h"

struct probe {
	struct btf *btf;
};

/* libbpf's own words go through the one gate: for people they are too many. */
static int library_said(enum libbpf_print_level level, const char *format, va_list args)
{
	char line[1024];
	size_t length;

	(void)level;
	(void)vsnprintf(line, sizeof(line), format, args);
	length = strlen(line);
	if (length > 0 && line[length - 1] == '\n')
		line[length - 1] = '\0';
	log_debug("%s", line);
	return 0;
}

int probe_new(struct probe **ret_probe)
{
	_cleanup_(probe_freep) struct probe *probe = calloc(1, sizeof(*probe));
	int r;

	if (!probe)
		return -ENOMEM;
	(void)libbpf_set_print(library_said);
	probe->btf = btf__load_vmlinux_btf();
	if (!probe->btf) {
		r = -errno;
		return r == -ESRCH ? -ENOENT : r;
	}
	*ret_probe = take_ptr(probe);
	return 0;
}

void probe_free(struct probe *probe)
{
	if (!probe)
		return;
	btf__free(probe->btf);
	free(probe);
}

int probe_tracepoint(struct probe *probe, const char *name, const char **ret_reason)
{
	char type[128];

	(void)snprintf(type, sizeof(type), "btf_trace_%s", name);
	if (btf__find_by_name_kind(probe->btf, type, BTF_KIND_TYPEDEF) > 0)
		return 0;
	*ret_reason = "the kernel has no such tracepoint";
	return -ENOENT;
}

/* enum bpf_func_id lists the helpers that the running kernel was built with. */
int probe_helper(struct probe *probe, const char *name, const char **ret_reason)
{
	int id = btf__find_by_name_kind(probe->btf, "bpf_func_id", BTF_KIND_ENUM);
	const struct btf_type *type = id > 0 ? btf__type_by_id(probe->btf, (unsigned)id) : NULL;
	char wanted[128];

	(void)snprintf(wanted, sizeof(wanted), "BPF_FUNC_%s", name + strlen("bpf_"));
	for (unsigned i = 0; type && i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(probe->btf, btf_enum(type)[i].name_off), wanted))
			return 0;
	*ret_reason = "the kernel is too old for it";
	return -ENOENT;
}

int probe_member(struct probe *probe, const char *name, const char **ret_reason)
{
	const char *dot = strchr(name, '.');
	const struct btf_type *type = NULL;
	char structure[64];
	int id;

	(void)snprintf(structure, sizeof(structure), "%.*s", (int)(dot - name), name);
	id = btf__find_by_name_kind(probe->btf, structure, BTF_KIND_STRUCT);
	if (id > 0)
		type = btf__type_by_id(probe->btf, (unsigned)id);
	for (unsigned i = 0; type && i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(probe->btf, btf_members(type)[i].name_off), dot + 1))
			return 0;
	*ret_reason = "the kernel keeps it in another way";
	return -ENOENT;
}

/* Loads a program for `function` at `attach`; its descriptor or a negative errno. */
static int probe_load(struct probe *probe, enum bpf_prog_type type, enum bpf_attach_type attach, const char *function,
		      const struct bpf_insn *insns, size_t count)
{
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = attach);
	int id = btf__find_by_name_kind(probe->btf, function, BTF_KIND_FUNC), fd;

	if (id <= 0)
		return -ENOENT;
	options.attach_btf_id = (unsigned)id;
	fd = bpf_prog_load(type, "plm_probe", "GPL", insns, count, &options);
	return fd < 0 ? -errno : fd;
}

static const char *load_reason(int error)
{
	return error == -ENOENT ? "the kernel has no such hook" : "the kernel refuses trampolines";
}

int probe_fentry(struct probe *probe, const char *function, const char **ret_reason)
{
	const struct bpf_insn quiet[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	_cleanup_close_ int program = probe_load(probe, BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, function, quiet, 2);
	_cleanup_close_ int link = -EBADF;

	if (program < 0) {
		*ret_reason = load_reason(program);
		return program;
	}
	link = bpf_raw_tracepoint_open(NULL, program);
	if (link >= 0)
		return 0;
	*ret_reason = "the kernel refuses trampolines";
	return -errno;
}

/* A program that adds 1 to the only value of `map`, and lets everything pass. */
static int lsm_counter_load(struct probe *probe, const char *hook, int map)
{
	const struct bpf_insn count[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM,
		  .dst_reg = BPF_REG_1,
		  .src_reg = BPF_PSEUDO_MAP_VALUE,
		  .imm = map },
		{ 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 1 },
		{ .code = BPF_STX | BPF_DW | BPF_ATOMIC, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_2, .imm = BPF_ADD },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	char function[128];

	(void)snprintf(function, sizeof(function), "bpf_lsm_%s", hook);
	return probe_load(probe, BPF_PROG_TYPE_LSM, BPF_LSM_MAC, function, count, ARRAY_SIZE(count));
}

int probe_lsm(struct probe *probe, const char *hook, const char **ret_reason)
{
	_cleanup_close_ int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "plm_probe", 4, 8, 1, NULL);
	_cleanup_close_ int program = -EBADF, link = -EBADF, opened = -EBADF;
	uint64_t count = 0;
	uint32_t key = 0;

	if (map < 0) {
		*ret_reason = "the kernel refuses BPF maps";
		return -errno;
	}
	program = lsm_counter_load(probe, hook, map);
	if (program < 0) {
		*ret_reason = load_reason(program);
		return program;
	}
	link = bpf_raw_tracepoint_open(NULL, program);
	if (link < 0) {
		*ret_reason = "the kernel refuses trampolines";
		return -errno;
	}
	opened = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (bpf_map_lookup_elem(map, &key, &count) || count == 0) {
		*ret_reason = "bpf is not among the active LSMs (boot option lsm=)";
		return -EOPNOTSUPP;
	}
	return 0;
}
