/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc still says of a process: one that is named by pid and start, so that no other is taken for it. */
#ifndef PLM_PROCESS_LIVE_H
#define PLM_PROCESS_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* When the process of a /proc/PID/stat began, in ticks of the kernel's clock (sysconf(_SC_CLK_TCK)) since the boot; 0: that
 * is no such text. */
uint64_t live_ticks(const char *stat);

/*
 * Opens host_root/proc/PID: as long as that is open it is this process's, and nobody's when it has ended. `start`:
 * CLOCK_BOOTTIME ns. A descriptor; -ESRCH: it has ended, or is being buried, or the pid is another's by now; or the errno
 * of looking.
 */
int live_open(const char *host_root, uint32_t pid, uint64_t start);

/* Reads one of its files, at most `size` - 1 bytes, and ends them with a NUL. The number of bytes, which is `size` - 1
 * where there may be more, or the errno of reading (-ESRCH: it has ended). */
int live_read(int fd, const char *name, char *text, size_t size);

#endif
