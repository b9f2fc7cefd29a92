/* SPDX-License-Identifier: Apache-2.0 */
#include "container/runtime.h"

#include <string.h>

#include "base/cleanup.h"

#define ADDRESSES_MAX 16

/* One kind of source, and where it is found unless the configuration says otherwise. */
struct kind {
	const struct runtime_ops *ops;
	const char *usual[4];
	size_t list;      /* offset of its list in struct runtime_config */
	bool one_for_all; /* one source has all the addresses */
};

static const struct kind kinds[] = {
	{ &docker_ops, { "/var/run/docker.sock" }, offsetof(struct runtime_config, docker_sockets), false },
	{ &containerd_ops,
	  { "/run/containerd/containerd.sock" },
	  offsetof(struct runtime_config, containerd_sockets),
	  false },
	{ &oci_ops,
	  { "/run/runc", "/run/containerd/runc/*", "/run/docker/runtime-runc/moby" },
	  offsetof(struct runtime_config, runc_roots),
	  true },
};

/* NULL-terminated addresses; the strings are owned where `owned`. */
struct addresses {
	const char *list[ADDRESSES_MAX + 1];
	size_t count;
	bool owned;
};

static inline void addresses_done(struct addresses *addresses)
{
	for (size_t i = 0; addresses->owned && i < addresses->count; i++)
		free((char *)addresses->list[i]);
}

static int addresses_usual(const struct kind *kind, const char *host_root, struct addresses *addresses)
{
	size_t length = host_root ? strlen(host_root) : 0;

	while (length && host_root[length - 1] == '/')
		length--;
	addresses->owned = true;
	for (size_t i = 0; i < ARRAY_SIZE(kind->usual) && kind->usual[i]; i++) {
		char *address = NULL;

		if (asprintf(&address, "%.*s%s", (int)length, length ? host_root : "", kind->usual[i]) < 0)
			return -ENOMEM;
		addresses->list[addresses->count++] = address;
	}
	return 0;
}

static int addresses_find(const struct kind *kind, const struct runtime_config *config, struct addresses *addresses)
{
	const char *const *given;

	memcpy(&given, (const char *)config + kind->list, sizeof(given));
	if (!given)
		return addresses_usual(kind, config->host_root, addresses);
	for (; *given; given++) {
		if (addresses->count == ADDRESSES_MAX)
			return -E2BIG;
		addresses->list[addresses->count++] = *given;
	}
	return 0;
}

static int kind_open(const struct kind *kind, const struct runtime_config *config,
		     struct runtime_source *sources[static SOURCES_MAX], size_t *count)
{
	_cleanup_(addresses_done) struct addresses addresses = { 0 };
	size_t step;
	int r = addresses_find(kind, config, &addresses);

	step = kind->one_for_all ? ADDRESSES_MAX : 1;
	for (size_t i = 0; r == 0 && i < addresses.count; i += step) {
		const char *one[] = { addresses.list[i], NULL };

		if (*count == SOURCES_MAX)
			return -E2BIG;
		r = kind->ops->open(kind->one_for_all ? addresses.list : one, config->host_root ?: "",
				    &sources[*count]);
		if (r == 0)
			(*count)++;
	}
	return r;
}

int runtimes_open(const struct runtime_config *config, struct runtime_source *ret_sources[static SOURCES_MAX],
		  size_t *ret_count)
{
	struct runtime_source *sources[SOURCES_MAX] = { 0 };
	size_t count = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(kinds); i++)
		r = kind_open(&kinds[i], config, sources, &count);
	if (r < 0) {
		for (size_t i = 0; i < count; i++)
			runtime_close(sources[i]);
		return r;
	}
	memcpy(ret_sources, sources, count * sizeof(sources[0]));
	*ret_count = count;
	return 0;
}

int runtime_again(const struct runtime_source *source, struct runtime_source **ret_source)
{
	const char *const one[] = { source->address, NULL };

	return source->ops->open(one, "", ret_source);
}

void runtime_close(struct runtime_source *source)
{
	if (source)
		source->ops->close(source);
}
