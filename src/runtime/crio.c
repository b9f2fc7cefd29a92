/* SPDX-License-Identifier: Apache-2.0 */
/* CRI-O: all that it tells of a container is in the CRI, and in the JSON that it adds where it is asked for more. */
#include "runtime/runtime.h"

#include <string.h>

#include "base/cleanup.h"
#include "runtime/cri.h"

#define ID_DIGITS 64

struct crio {
	struct runtime_source base;
	struct http *http;
	char *socket;
};

static int facts_fill(struct crio *crio, const char *id, struct container_facts *facts)
{
	int r = fact_set(&facts->id, id);

	if (r == 0)
		r = fact_set(&facts->name, id); /* a sandbox has no other */
	if (r == 0)
		r = fact_set(&facts->runtime, crio_ops.speaks);
	return r < 0 ? r : cri_fill(crio->http, id, true, facts);
}

/* By the whole id only: it would also take the beginning of one. */
static int crio_lookup(struct runtime_source *source, const struct runtime_request *request,
		       struct container_facts *ret_facts)
{
	struct crio *crio = (struct crio *)source;
	_cleanup_(container_facts_clear) struct container_facts facts = { 0 };
	int r;

	if (strlen(request->id) != ID_DIGITS || strspn(request->id, "0123456789abcdef") != ID_DIGITS)
		return -ENOENT;
	http_set_deadline(crio->http, SOURCE_TIMEOUT);
	r = facts_fill(crio, request->id, &facts);
	if (r < 0)
		return r == -EOPNOTSUPP ? -EPROTO : r;
	*ret_facts = facts;
	facts = (struct container_facts){ 0 };
	return 0;
}

static int crio_probe(struct runtime_source *source, char *ret_version, size_t size)
{
	struct crio *crio = (struct crio *)source;
	int r;

	http_set_deadline(crio->http, PROBE_TIMEOUT);
	r = cri_version(crio->http, ret_version, size);
	return r == -EOPNOTSUPP ? -EPROTO : r;
}

static void crio_cancel(struct runtime_source *source)
{
	http_cancel(((struct crio *)source)->http);
}

static void crio_close(struct runtime_source *source)
{
	struct crio *crio = (struct crio *)source;

	http_free(crio->http);
	free(crio->socket);
	free(crio);
}

static int crio_open(const char *const *addresses, const char *host_root, struct runtime_source **ret_source)
{
	struct crio *crio = calloc(1, sizeof(*crio));

	(void)host_root;
	if (!crio)
		return -ENOMEM;
	crio->http = http_new(addresses[0]);
	crio->socket = strdup(addresses[0]);
	if (!crio->http || !crio->socket) {
		crio_close(&crio->base);
		return -ENOMEM;
	}
	crio->base = (struct runtime_source){ .ops = &crio_ops, .address = crio->socket };
	*ret_source = &crio->base;
	return 0;
}

const struct runtime_ops crio_ops = {
	.name = "cri-o",
	.speaks = "cri-o",
	.lanes = 4,
	.open = crio_open,
	.probe = crio_probe,
	.lookup = crio_lookup,
	.cancel = crio_cancel,
	.close = crio_close,
};
