// SPDX-License-Identifier: Apache-2.0
#include "tell/judge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "container/workload.h"

int judge_view(struct container *container, const struct policy *policy)
{
	const struct container_facts *facts = &container->facts;
	struct policy_subject subject = {
		.container = facts->name,
		.id = facts->id,
		.pod = facts->pod_name,
		.namespace = facts->pod_namespace,
		.workload = container->workload,
		.labels = (const char *const *)facts->labels.items,
		.label_count = facts->labels.count,
	};
	char image[1024];

	if (container->view)
		return 0;
	if (facts->image_name) {
		(void)snprintf(image, sizeof(image), "%s%s%s", facts->image_name, facts->image_tag ? ":" : "",
			       facts->image_tag ?: "");
		subject.image = image;
	}
	container->view = policy_view_new(policy, &subject);
	return container->view ? 0 : -ENOMEM;
}

void judge_forget(struct container *container)
{
	policy_view_free(container->view);
	container->view = NULL;
}

int judge_workload(struct container *container, const struct policy *policy, const char *node)
{
	char name[WORKLOAD_MAX];
	char *copy = NULL;

	workload_name(&container->facts, policy_workload_label(policy), node, name);
	if (container->workload && strcmp(container->workload, name) == 0)
		return 0;
	if (name[0]) {
		copy = strdup(name);
		if (!copy)
			return -ENOMEM;
	}
	free(container->workload);
	container->workload = copy;
	return 0;
}

size_t judge(struct teller *teller, const struct telling *telling)
{
	struct finding findings[FINDINGS_MAX];
	size_t n, news = 0;

	if (teller_next(teller) <= telling_now(telling))
		teller_expire(teller, telling_now(telling)); /* what comes now is of a new window */
	n = detect(telling->event, telling->facts, telling->container, telling->container->view, findings);

	for (size_t i = 0; i < n; i++)
		news += tell_finding(teller, telling, &findings[i]) != TELL_KNOWN;
	return news;
}
