// SPDX-License-Identifier: Apache-2.0
#include "cmd/sources.h"

static const char *const *list_or_usual(const struct option_list *list)
{
	return list->count ? list->items : NULL;
}

struct runtime_config source_config(const struct source_options *options)
{
	return (struct runtime_config){
		.host_root = options->host_root[0] ? options->host_root : NULL,
		.docker_sockets = list_or_usual(&options->docker_sockets),
		.podman_sockets = list_or_usual(&options->podman_sockets),
		.containerd_sockets = list_or_usual(&options->containerd_sockets),
		.crio_sockets = list_or_usual(&options->crio_sockets),
		.runc_roots = list_or_usual(&options->runc_roots),
	};
}
