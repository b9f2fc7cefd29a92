/* SPDX-License-Identifier: Apache-2.0 */
/* os-release(5), as text. */
#ifndef PLM_INVENTORY_OS_RELEASE_H
#define PLM_INVENTORY_OS_RELEASE_H

#include "inventory/lines.h"
#include "inventory/source.h"

/* Of an empty `release`; what is set twice counts as set last. The text is changed. 0 or -ENOMEM. */
int os_release_parse(struct lines *lines, struct os_release *release);

#endif
