/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a container was started, from the configuration that its OCI runtime was given: config.json of the bundle, as
 * https://github.com/opencontainers/runtime-spec (config.md, config-linux.md) has it, and the annotations by which
 * containerd's CRI, CRI-O, Podman and nerdctl say what it is. Pure.
 */
#ifndef PLM_RUNTIME_OCI_SPEC_H
#define PLM_RUNTIME_OCI_SPEC_H

#include <jansson.h>

#include "container/container.h"

#define CAPABILITIES_ALL     ((UINT64_C(1) << 41) - 1) /* up to CAP_CHECKPOINT_RESTORE */
#define CAPABILITIES_DEFAULT UINT64_C(0xa80425fb)      /* what Docker and containerd leave to a container */

/* The bit of "CAP_NET_ADMIN", or "NET_ADMIN", in any case; 0 for NULL and what is none. */
uint64_t capability_bit(const char *name);

/* "SOURCE:TARGET:rw" or ":ro", unless source or target is no absolute path. 0 or -ENOMEM. */
int run_mount_add(struct label_list *mounts, const char *source, const char *target, bool writable);

/*
 * Fills facts->run, and what annotations name: name, pod, role, image, labels. A value of another type than it should
 * have is as good as none. Without a "process" and a "linux" object run stays unknown. 0 or -ENOMEM.
 */
int oci_spec_fill(const json_t *spec, struct container_facts *facts);

/* Who made it, by the annotations that engines set: "podman", "cri-o"; NULL unknown. Static. */
const char *oci_spec_engine(const json_t *spec);

#endif
