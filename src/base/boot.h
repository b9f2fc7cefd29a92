/* SPDX-License-Identifier: Apache-2.0 */
/* Which boot of the host this is: CLOCK_BOOTTIME and the kernel's own numbers mean something within one only. */
#ifndef PLM_BASE_BOOT_H
#define PLM_BASE_BOOT_H

#define BOOT_ID_SIZE 64

/* A UUID as text (random(4)). 0, or the negative errno of reading it. */
int boot_id(char ret_id[static BOOT_ID_SIZE]);

#endif
