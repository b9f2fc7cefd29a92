/* SPDX-License-Identifier: Apache-2.0 */
/* What images call a machine's architecture: Go's GOARCH, as the image specification has it (config.md). */
#ifndef PLM_IMAGE_ARCHITECTURE_H
#define PLM_IMAGE_ARCHITECTURE_H

#include <sys/utsname.h>

/* "amd64" of "x86_64"; what is not known is `machine` itself (ppc64le, s390x, riscv64). */
const char *architecture_name(const struct utsname *machine);

#endif
