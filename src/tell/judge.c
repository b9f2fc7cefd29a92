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

static bool is_of_image(enum rule rule)
{
	return rule == RULE_IMAGE_MODIFIED || rule == RULE_IMAGE_UNPACKAGED;
}

size_t judge(struct teller *teller, const struct telling *telling)
{
	struct finding findings[FINDINGS_MAX];
	size_t n, news = 0;

	if (teller_next(teller) <= telling_now(telling))
		teller_expire(teller, telling_now(telling)); /* what comes now is of a new window */
	n = detect(telling->event, telling->facts, telling->container, telling->container->view, findings);

	for (size_t i = 0; i < n; i++)
		if (!telling->of_image || is_of_image(findings[i].rule))
			news += tell_finding(teller, telling, &findings[i]) != TELL_KNOWN;
	return news;
}

/* A verdict may be another rule of its family. */
static bool corrects(const struct finding *finding, const struct tell_open *open)
{
	return finding->rule == open->rule ||
	       (finding->rule <= RULE_DRIFT_EXEC_NEW && open->rule <= RULE_DRIFT_EXEC_NEW);
}

void judge_correct(struct teller *teller, const struct telling *telling, const struct tell_open *open)
{
	struct finding findings[FINDINGS_MAX], none;
	size_t n = detect(telling->event, telling->facts, telling->container, telling->container->view, findings);

	for (size_t i = 0; i < n; i++)
		if (corrects(&findings[i], open)) {
			tell_correction(teller, telling, &findings[i], open->id);
			return;
		}
	detect_cleared(telling->event, telling->facts, telling->container, open->rule, &none);
	tell_correction(teller, telling, &none, open->id);
}
