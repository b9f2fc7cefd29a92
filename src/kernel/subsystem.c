// SPDX-License-Identifier: Apache-2.0
#include "kernel/subsystem.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define TEXT_MAX 65536 /* a line for each hierarchy, of which there are a dozen, with a path each */

DEFINE_CLEANUP(struct btf *, btf__free)

/* A controller is called by users as by the kernel, but for one (block/blk-cgroup.c, legacy_name). */
static const char *kernel_name(const char *name)
{
	return strcmp(name, "blkio") == 0 ? "io" : name;
}

/* `line` is "ID:CONTROLLER,CONTROLLER:PATH". */
static int line_name(const char *line, uint32_t id, char ret_name[static SUBSYSTEM_NAME_MAX])
{
	char name[SUBSYSTEM_NAME_MAX] = "", *end;
	unsigned long number = strtoul(line, &end, 10);
	size_t length;

	if (line[0] < '0' || line[0] > '9' || *end != ':' || !strchr(end + 1, ':'))
		return -EBADMSG;
	length = strcspn(end + 1, ",:");
	if (number != id || length == 0 || length >= sizeof(name) || memchr(end + 1, '=', length))
		return -ENOENT;
	memcpy(name, end + 1, length);
	(void)snprintf(ret_name, SUBSYSTEM_NAME_MAX, "%s", kernel_name(name));
	return 0;
}

int subsystem_name(const char *text, uint32_t id, char ret_name[static SUBSYSTEM_NAME_MAX])
{
	int r = -ENOENT;

	if (id == 0)
		return -EINVAL;
	for (const char *line = text; r == -ENOENT && *line; line += *line == '\n') {
		r = line_name(line, id, ret_name);
		line += strcspn(line, "\n");
	}
	return r;
}

static int own_cgroups(char text[static TEXT_MAX])
{
	_cleanup_close_ int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	size_t size = 0;
	ssize_t n = 0;

	if (fd < 0)
		return -errno;
	while (size < TEXT_MAX - 1 && (n = read(fd, text + size, TEXT_MAX - 1 - size)) > 0)
		size += (size_t)n;
	text[size] = '\0';
	return n < 0 ? -errno : 0;
}

static int enumerator_value(const struct btf *btf, const char *enumeration, const char *name, uint32_t *ret_value)
{
	int id = btf__find_by_name_kind(btf, enumeration, BTF_KIND_ENUM);
	const struct btf_type *type = id > 0 ? btf__type_by_id(btf, (unsigned)id) : NULL;

	for (unsigned i = 0; type && i < btf_vlen(type); i++)
		if (strcmp(btf__name_by_offset(btf, btf_enum(type)[i].name_off), name) == 0) {
			*ret_value = (uint32_t)btf_enum(type)[i].val;
			return 0;
		}
	return -ENOENT;
}

int subsystem_index(uint32_t id, uint32_t *ret_index)
{
	_cleanup_(btf__freep) struct btf *btf = NULL;
	_cleanup_free_ char *text = malloc(TEXT_MAX);
	char name[SUBSYSTEM_NAME_MAX], enumerator[SUBSYSTEM_NAME_MAX + 16];
	int r;

	if (!text)
		return -ENOMEM;
	r = own_cgroups(text);
	if (r == 0)
		r = subsystem_name(text, id, name);
	if (r < 0)
		return r;
	btf = btf__load_vmlinux_btf();
	if (!btf)
		return -errno;
	(void)snprintf(enumerator, sizeof(enumerator), "%s_cgrp_id", name);
	return enumerator_value(btf, "cgroup_subsys_id", enumerator, ret_index);
}
