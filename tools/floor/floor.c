// SPDX-License-Identifier: Apache-2.0
/*
 * Usage: floor TRACEPOINT...
 *
 * What the hooks cost before any program of ours does anything: attaches an empty BPF program ("return 0") to
 * each tracepoint, as tp_btf programs are attached, says "ready" on standard output, and detaches them when
 * its standard input ends. A tracepoint that this kernel lacks is an error: a floor with fewer hooks than the
 * agent would flatter it.
 *
 * The program is two instructions, so it is written out here and needs no compiler for BPF.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

static const struct bpf_insn return_zero[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

/* Attaches the empty program; the link lives as long as this process. 0 or negative errno. */
static int attach_empty(const char *tracepoint)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_RAW_TP);
	int btf_id, prog, link;

	btf_id = libbpf_find_vmlinux_btf_id(tracepoint, BPF_TRACE_RAW_TP);
	if (btf_id < 0)
		return btf_id;
	opts.attach_btf_id = (uint32_t)btf_id;
	prog = bpf_prog_load(BPF_PROG_TYPE_TRACING, "floor", "GPL", return_zero,
			     sizeof(return_zero) / sizeof(return_zero[0]), &opts);
	if (prog < 0)
		return -errno;
	link = bpf_raw_tracepoint_open(NULL, prog);
	return link < 0 ? -errno : 0;
}

int main(int argc, char **argv)
{
	char byte;
	int r;

	if (argc < 2) {
		fprintf(stderr, "usage: floor TRACEPOINT...\n");
		return 2;
	}
	for (int i = 1; i < argc; i++) {
		r = attach_empty(argv[i]);
		if (r < 0) {
			fprintf(stderr, "floor: %s: %s\n", argv[i], strerror(-r));
			return 3;
		}
	}
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
