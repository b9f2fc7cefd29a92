// SPDX-License-Identifier: Apache-2.0
#include "base/boot.h"

#include <string.h>

#include "base/cleanup.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

int boot_id(char ret_id[static BOOT_ID_SIZE])
{
	_cleanup_fclose_ FILE *file = fopen(BOOT_ID, "re");

	if (!file)
		return -errno;
	if (!fgets(ret_id, BOOT_ID_SIZE, file))
		return -EIO;
	ret_id[strcspn(ret_id, "\n")] = '\0';
	return 0;
}
