/* SPDX-License-Identifier: Apache-2.0 */
/* Where the host and its runtimes are: the options of every command that asks them. */
#ifndef PLM_CMD_SOURCES_H
#define PLM_CMD_SOURCES_H

#include "cmd/options.h"
#include "runtime/runtime.h"

struct source_options {
	const char *host_root; /* "" is the own root */
	struct option_list docker_sockets, podman_sockets, containerd_sockets, crio_sockets, runc_roots;
};

/* Rows of an option table. */
#define SOURCE_ROWS(o)                                                                                                 \
	{ "host-root", 0, OPTION_STRING, &(o)->host_root, "DIR", "where the host's root is seen (default: /)" },       \
		{ "docker-socket", 0, OPTION_LIST, &(o)->docker_sockets, "PATH", "instead of the usual; repeatable" }, \
		{ "podman-socket", 0, OPTION_LIST, &(o)->podman_sockets, "PATH", "the same for Podman" },              \
		{ "containerd-socket", 0, OPTION_LIST, &(o)->containerd_sockets, "PATH", "the same for containerd" },  \
		{ "crio-socket", 0, OPTION_LIST, &(o)->crio_sockets, "PATH", "the same for CRI-O" },                   \
	{                                                                                                              \
		"runc-root", 0, OPTION_LIST, &(o)->runc_roots, "DIR",                                                  \
			"the same for state directories of runc and crun"                                              \
	}

/* What was given, else the usual. Nothing is copied. */
struct runtime_config source_config(const struct source_options *options);

#endif
