// SPDX-License-Identifier: Apache-2.0
#include "output/id.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

int id_source_open(struct id_source *ret_source)
{
	struct id_source source = { 0 };
	ssize_t got = getrandom(&source.random, sizeof(source.random), GRND_INSECURE);

	if (got < 0)
		return -errno;
	if (got != sizeof(source.random))
		return -EIO;
	*ret_source = source;
	return 0;
}

void id_make(struct id_source *source, int64_t time, char ret_id[static ID_SIZE])
{
	(void)snprintf(ret_id, ID_SIZE, "%016llx%06x%010llx", time > 0 ? (unsigned long long)time : 0,
		       source->counter++ & 0xffffff, (unsigned long long)source->random & 0xffffffffff);
}
