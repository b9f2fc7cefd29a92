// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The one place where maps and knobs are defined; the licence stands here for the linked object. */
#define PLM_DEFINE
#include "maps.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
