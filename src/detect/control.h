/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel control files through which a container reaches the host. */
#ifndef PLM_DETECT_CONTROL_H
#define PLM_DETECT_CONTROL_H

#include "plimsoll/event.h"

/*
 * Why a write to this file of a kernel file system (PLM_LAYER_CONTROL) leads out of the container, as words
 * that follow "which"; NULL where it does not. `path` is the container's name for it, under whatever mount
 * point.
 */
const char *control_reason(const struct plm_file *file, const char *path);

#endif
