// SPDX-License-Identifier: Apache-2.0
// fuzz: src/inventory/inventory.c src/digest/digest.c src/image/layers.c -lcrypto
/*
 * Any bytes as an inventory: it is refused, or all that it answers can be read, within its bounds, and what it lists is also
 * found. The size that its head tells is made to fit, so that what lies behind it is reached.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../unit/inventory_touch.h"
#include "inventory/blob.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("blob", MFD_CLOEXEC);
	struct inventory *inventory = NULL;
	const uint32_t fit = (uint32_t)size;

	if (fd < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	if (size >= sizeof(struct blob_head) &&
	    pwrite(fd, &fit, sizeof(fit), offsetof(struct blob_head, size)) != sizeof(fit))
		abort();
	if (inventory_open(fd, &inventory) == 0 && !touch_all(inventory))
		abort();
	inventory_free(inventory);
	close(fd);
	return 0;
}
