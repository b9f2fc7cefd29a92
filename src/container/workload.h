/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The workload: what a container is one of, by a name that stays when it is made anew, restarted, or run in another
 * pod or on another node; violations are kept by it. Pure. The first row that fits:
 *
 *  1. the policy's label (workload_label), where the container or its pod has it: its value
 *  2. Kubernetes: NAMESPACE/OWNER/CONTAINER, where OWNER is the pod's name less what its controller added, as the
 *     labels tell that it sets: pod-template-hash (Deployment: "-HASH-XXXXX"; a ReplicaSet alone: "-XXXXX"),
 *     controller-revision-hash with statefulset.kubernetes.io/pod-name (StatefulSet: "-N") or without (DaemonSet:
 *     "-XXXXX"), batch.kubernetes.io/job-name or job-name (Job; of a CronJob less the number of its time),
 *     nothing of the kind: the pod's whole name. A static pod's name ends in "-NODE", which goes.
 *  3. Compose: PROJECT/SERVICE
 *  4. a name that a person gave
 *  5. the image's repository, for a container whose name its runtime made up
 *  6. the container's id
 */
#ifndef PLM_CONTAINER_WORKLOAD_H
#define PLM_CONTAINER_WORKLOAD_H

#include "container/container.h"

#define WORKLOAD_MAX 512 /* bytes, with its NUL; a longer one ends in "~" and the hash of the whole */

/* `label`: of the policy, or NULL. `node`: the host's name, or NULL. "" where nothing at all is known. */
void workload_name(const struct container_facts *facts, const char *label, const char *node,
		   char ret_workload[static WORKLOAD_MAX]);

/* Did Docker or Podman make this name up (an adjective, "_", a surname, perhaps a digit), or is it the id? */
bool name_is_made_up(const char *name, const char *id);

#endif
