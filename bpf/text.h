/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Text behind a record's fixed part. Each call fills one struct plm_str; what cannot be read sets PLM_MISSING. */
#ifndef PLM_BPF_TEXT_H
#define PLM_BPF_TEXT_H

#include "compat.h"
#include "maps.h"

/*
 * Appends the path from `dentry` on `mount` (addresses) to the top of the mount tree, leaf first, to scratch `slot`;
 * with mount 0 the path inside the file system, and no further than the dentry `stop` (0: to its root). Returns its
 * length, or'd with PATH_CUT where it did not fit and PATH_STOPPED where it met `stop`, or a negative errno. A
 * global function (path.bpf.c), which the verifier sees once a program.
 */
#define PATH_CUT     (1 << 30)
#define PATH_STOPPED (1 << 29)
#define PATH_LENGTH  (PATH_STOPPED - 1)
extern int path_append(u64 dentry, u64 mount, u64 stop, u32 slot);

/* Is the dentry `above` this one, or a directory that it lies in, inside its file system? (addresses) */
extern int path_is_below(u64 dentry, u64 above);

static void text_path(struct scratch *scratch, struct path *path, struct plm_str *str, u32 cut)
{
	struct plm_head *head = (void *)scratch->data;
	u32 at = scratch->at;
	int length = path_append((u64)path->dentry, (u64)path->mnt, 0, scratch->slot);

	if (length < 0) {
		head->flags |= PLM_MISSING;
		return;
	}
	if (length & PATH_CUT)
		head->flags |= cut;
	str->offset = at;
	str->length = length & PATH_LENGTH;
}

/* A string of at most PLM_PATH_MAX bytes with its NUL; from the kernel's memory or the caller's. */
static void text_string(struct scratch *scratch, const void *from, bool user, struct plm_str *str, u32 cut)
{
	struct plm_head *head = (void *)scratch->data;
	u32 at = scratch->at;
	long length;

	if (at > PLM_RECORD_MAX - PLM_PATH_MAX) {
		head->flags |= cut;
		return;
	}
	length = user ? bpf_probe_read_user_str(scratch->data + at, PLM_PATH_MAX, from)
		      : bpf_probe_read_kernel_str(scratch->data + at, PLM_PATH_MAX, from);
	if (length <= 0) {
		head->flags |= PLM_MISSING;
		return;
	}
	if (length == PLM_PATH_MAX)
		head->flags |= cut;
	str->offset = at;
	str->length = length;
	scratch->at = at + length;
}

/* The arguments as the new program finds them on its stack; cut ones get their NUL back. */
static void text_args(struct scratch *scratch, struct task_struct *task, struct plm_str *str)
{
	struct plm_head *head = (void *)scratch->data;
	u64 start = BPF_CORE_READ(task, mm, arg_start);
	u64 length = BPF_CORE_READ(task, mm, arg_end) - start;
	u32 at = scratch->at, last;

	if (length > PLM_ARGS_MAX) {
		length = PLM_ARGS_MAX;
		head->flags |= PLM_CUT_ARGS;
	}
	if (!start || !length || at > PLM_RECORD_MAX - PLM_ARGS_MAX)
		return;
	last = (length - 1) & (PLM_ARGS_MAX - 1);
	if (bpf_probe_read_user(scratch->data + at, last + 1, (void *)start)) {
		head->flags |= PLM_MISSING;
		return;
	}
	scratch->data[at + last] = 0; /* it is, but where the arguments were cut */
	str->offset = at;
	str->length = last + 1;
	scratch->at = at + last + 1;
}

#endif
