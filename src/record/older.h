/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records as the kernel sides of earlier versions wrote them. What grew since, by PLM_RECORD_VERSION:
 *
 *	2	struct plm_exec: input and input_path, at its end
 */
#ifndef PLM_RECORD_OLDER_H
#define PLM_RECORD_OLDER_H

#include <stddef.h>
#include <stdint.h>

#include "plimsoll/event.h"

#define OLDER_FIRST 1 /* the earliest PLM_RECORD_VERSION that is read */

/*
 * Makes the record of `version` (OLDER_FIRST to PLM_RECORD_VERSION) that fills the first *size bytes of `record` one of
 * PLM_RECORD_VERSION, in place; what the older one does not have is 0. Nothing is checked but what this needs: that is
 * the decoder's. `record` is aligned for any type and has room for PLM_RECORD_MAX bytes.
 *
 * 0, and *size is the new one's. -EBADMSG: it is shorter than its kind, or longer than there is room for.
 */
int older_renew(uint32_t version, void *record, size_t *size);

#endif
