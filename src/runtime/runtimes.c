/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/runtime.h"

#include <glob.h>
#include <string.h>

#include "base/cleanup.h"

#define ADDRESSES_MAX 16
#define USERS_MAX     4

/* One kind of source, and where it is found unless the configuration says otherwise. */
struct kind {
	const struct runtime_ops *ops;
	const char *usual[6];
	const char *users; /* pattern of glob(7): each user's own, where there are any now; NULL none */
	size_t list;       /* offset of its list in struct runtime_config */
	bool one_for_all;  /* one source has all the addresses */
};

static const struct kind kinds[] = {
	{ &storage_ops,
	  { "/var/lib/docker", "/var/lib/containerd", "/var/lib/containers/storage",
	    "/var/lib/rancher/k3s/agent/containerd" },
	  NULL,
	  offsetof(struct runtime_config, data_roots),
	  true },
	{ &docker_ops, { "/run/docker.sock" }, NULL, offsetof(struct runtime_config, docker_sockets), false },
	{ &podman_ops,
	  { "/run/podman/podman.sock" },
	  "/run/user/[0-9]*/podman/podman.sock",
	  offsetof(struct runtime_config, podman_sockets),
	  false },
	{ &containerd_ops,
	  { "/run/containerd/containerd.sock", "/run/k3s/containerd/containerd.sock" },
	  NULL,
	  offsetof(struct runtime_config, containerd_sockets),
	  false },
	{ &crio_ops, { "/run/crio/crio.sock" }, NULL, offsetof(struct runtime_config, crio_sockets), false },
	{ &oci_ops,
	  { "/run/runc", "/run/crun", "/run/containerd/runc/*", "/run/docker/runtime-runc/moby",
	    "/run/user/[0-9]*/crun", "/run/user/[0-9]*/runc" },
	  NULL,
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

static int addresses_add(struct addresses *addresses, const char *host_root, const char *path)
{
	size_t length = host_root ? strlen(host_root) : 0;
	char *address = NULL;

	while (length && host_root[length - 1] == '/')
		length--;
	if (asprintf(&address, "%.*s%s", (int)length, length ? host_root : "", path) < 0)
		return -ENOMEM;
	addresses->list[addresses->count++] = address;
	return 0;
}

/* At most USERS_MAX: further users' sockets are left to the configuration. */
static int addresses_of_users(const char *users, const char *host_root, struct addresses *addresses)
{
	struct addresses pattern = { .owned = true };
	glob_t found = { 0 };
	int r = addresses_add(&pattern, host_root, users);

	if (r == 0 && glob(pattern.list[0], 0, NULL, &found) == GLOB_NOSPACE)
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < found.gl_pathc && i < USERS_MAX; i++)
		r = addresses_add(addresses, NULL, found.gl_pathv[i]);
	globfree(&found);
	addresses_done(&pattern);
	return r;
}

static int addresses_usual(const struct kind *kind, const char *host_root, struct addresses *addresses)
{
	int r = 0;

	addresses->owned = true;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(kind->usual) && kind->usual[i]; i++)
		r = addresses_add(addresses, host_root, kind->usual[i]);
	return r < 0 || !kind->users ? r : addresses_of_users(kind->users, host_root, addresses);
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
