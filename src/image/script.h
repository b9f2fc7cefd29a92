/* SPDX-License-Identifier: Apache-2.0 */
/* A script's own file, where the kernel side saw only its interpreter's and the name that was given. */
#ifndef PLM_IMAGE_SCRIPT_H
#define PLM_IMAGE_SCRIPT_H

#include <limits.h>

#include "decode/event.h"
#include "image/rootfs.h"

/*
 * Looks `name` up, from event->exec.cwd, as the process itself would, by way of its root directory while it lives, else in the
 * layers. The file may have been exchanged since the exec: what is found is where it was executed from, not proof of
 * what it held.
 *
 * 0: *ret_file (layer; and inode, device, mode, size, times where it is still there) and ret_path are set. A script
 * that is gone by now is of the layer that its path was in, and of the upper one where that cannot be told: never the
 * image's. -ENOENT: nothing to look in; ret_path is then the name as far as it can be told, or ""; or the errno of
 * looking.
 */
int script_find(const struct rootfs *rootfs, const char *host_root, const struct event *event, const char *name,
		struct plm_file *ret_file, char ret_path[static PATH_MAX]);

/* The file that an absolute name means to the process, by its own root: an O_PATH descriptor, or a negative errno. */
int script_open(const char *host_root, const struct event *event, const char *name);

#endif
