/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The workload: what a container is one of, by a name that stays when it is made anew, restarted, or run in another
 * pod or on another node; violations are kept by it. Pure. The first row that fits:
 *
 *  1. the policy's label (workload_label), where the container or its pod has it: its value
 *  2. Kubernetes: NAMESPACE/OWNER/CONTAINER (a pod's sandbox: "POD", which no container can be called; nothing where
 *     the container's name is not known). OWNER is the first of these that fits the pod's name:
 *      - Deployment, Argo's Rollout (pod-template-hash, rollouts-pod-template-hash): the name less "-HASH-XXXXX"
 *      - Job (batch.kubernetes.io/job-name, job-name): that label's value, less "-NUMBER" of 8 digits or more, which
 *        is a CronJob's time
 *      - StatefulSet (statefulset.kubernetes.io/pod-name, apps.kubernetes.io/pod-index): less "-N"
 *      - DaemonSet (controller-revision-hash): less "-XXXXX"
 *      - static pod: less "-NODE"
 *      - what no label tells, as a ReplicaSet without a Deployment or a source that knows no labels: less "-XXXXX",
 *        and less "-HASH" before it, where they have the form that Kubernetes gives them
 *      - a pod of its own: the name
 *     Kubernetes cuts a controller's name at 58 bytes before it adds XXXXX: then OWNER is cut too, and stays so.
 *  3. Compose, Docker's or Podman's: PROJECT/SERVICE
 *  4. Swarm: SERVICE
 *  5. a name that a person gave, as name or as id
 *  6. the image's repository, without Docker Hub's "docker.io/library/" or "docker.io/", which not all write
 *  7. the digest of an image that has no name
 *  8. the container's id
 *
 * A value that cannot be one component of a name (empty, longer than WORKLOAD_PART_MAX, with a slash or a control
 * character, "." or "..") is as if it were not there. In rows 2 to 4 a label counts only where whoever started the
 * container set it: one that the image has with the same value could make any image pass for any workload. The label
 * of row 1 is the policy's own choice, and may be the image's.
 *
 * XXXXX are 5 of "bcdfghjklmnpqrstvwxz2456789"; HASH is a number, digit by digit turned into one of "456789bcdf"
 * (rand.String and rand.SafeEncodeString in k8s.io/apimachinery, names.SimpleNameGenerator in k8s.io/apiserver).
 */
#ifndef PLM_CONTAINER_WORKLOAD_H
#define PLM_CONTAINER_WORKLOAD_H

#include "container/container.h"

#define WORKLOAD_MAX      512 /* bytes, with its NUL; a longer one ends in "~" and 16 hex digits: a hash of the whole */
#define WORKLOAD_PART_MAX 253 /* bytes of a component: as long as Kubernetes lets a name be */

/* `label`: of the policy, or NULL. `node`: the host's name, or NULL. "" where nothing at all is known. */
void workload_name(const struct container_facts *facts, const char *label, const char *node,
		   char ret_workload[static WORKLOAD_MAX]);

/*
 * Did a program make this name up? Docker and Podman: a word of moby's list, "_", letters, perhaps a digit (that a
 * person wrote "cool_app" is then not seen: the list decides). nerdctl: "IMAGE-" and the id's first 5 digits. Buildah:
 * "IMAGE-working-container", perhaps with a number. Podman, for what holds a pod: 12 digits of the pod's id and
 * "-infra". Or it is the id itself, or its first 12 digits, where that is a number made by a machine: 12 hex digits or
 * more, or a UUID. `id` may be NULL.
 */
bool name_is_made_up(const char *name, const char *id);

#endif
