/* SPDX-License-Identifier: Apache-2.0 */
/* drift.package: the packages of a running container are no longer the image's. One finding for one transaction. */
#ifndef PLM_DETECT_PACKAGE_H
#define PLM_DETECT_PACKAGE_H

#include "detect/detect.h"
#include "inventory/compare.h"

#define PACKAGE_BESIDE_MAX 8

/* What a transaction did. Pointers are the caller's. */
struct package_news {
	const struct package_changes *changes; /* since the packages were last known; not empty */
	uint64_t state;                        /* tells apart what the container has now: what repeats are folded by */
	size_t files;                          /* changes of files that came with it, and are not told one by one */
	size_t beside;                         /* of these, of files that no package owns */
	const char *beside_paths[PACKAGE_BESIDE_MAX];
};

/* `event` and `facts` are of the first change to a database. False: the policy switches the rule off. */
bool package_finding(const struct event *event, const struct facts *facts, const struct container *container,
		     const struct policy_view *policy, const struct package_news *news, struct finding *ret_finding);

#endif
