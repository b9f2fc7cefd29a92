/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this kernel allows, asked of the kernel itself: by a type in its BTF, or by a tiny program that is loaded,
 * attached and made to run. Never a version, never a list of names. Each question is asked once.
 */
#ifndef PLM_KERNEL_PROBE_H
#define PLM_KERNEL_PROBE_H

#include <stdbool.h>

#include "base/cleanup.h"

struct probe;

/* -ENOENT: the kernel has no BTF (CONFIG_DEBUG_INFO_BTF). -ENOMEM, or the errno of reading it. */
int probe_new(struct probe **ret_probe);
void probe_free(struct probe *probe); /* takes NULL */
DEFINE_CLEANUP(struct probe *, probe_free)

/* One question: 0 yes; else the negative errno that the kernel gave, with *ret_reason (static) in plain words. */
typedef int (*probe_question)(struct probe *probe, const char *argument, const char **ret_reason);

int probe_tracepoint(struct probe *probe, const char *name, const char **ret_reason); /* "sched_process_exec" */
int probe_helper(struct probe *probe, const char *name, const char **ret_reason);     /* "bpf_find_vma" */
int probe_member(struct probe *probe, const char *name, const char **ret_reason);     /* "vm_area_struct.vm_rb" */
int probe_fentry(struct probe *probe, const char *function, const char **ret_reason); /* "security_bprm_check" */

/* Are BPF LSM programs accepted, and run? `hook` is one that opening a file passes: "file_open". */
int probe_lsm(struct probe *probe, const char *hook, const char **ret_reason);

#endif
