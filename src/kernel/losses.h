/* SPDX-License-Identifier: Apache-2.0 */
/* How much each of the kernel side's loss counters grew since it was last read. Bounded as the kernel's map is. */
#ifndef PLM_KERNEL_LOSSES_H
#define PLM_KERNEL_LOSSES_H

#include "plimsoll/event.h"

struct losses;

struct losses *losses_new(void);         /* NULL when out of memory */
void losses_free(struct losses *losses); /* takes NULL */

/* Remembers `count` for the key; by how much it grew. A counter that began anew counts whole. */
__u64 losses_grow(struct losses *losses, const struct plm_loss_key *key, __u64 count);

#endif
