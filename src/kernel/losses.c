// SPDX-License-Identifier: Apache-2.0
#include "kernel/losses.h"

#include <stdlib.h>
#include <string.h>

#define LOSSES_SLOTS 16384 /* twice what the kernel's map holds, so that a free slot is always near */

struct loss_slot {
	struct plm_loss_key key; /* .loss 0: free */
	__u64 count;
};

struct losses {
	struct loss_slot slots[LOSSES_SLOTS]; /* pages that no loss touched cost nothing */
};

struct losses *losses_new(void)
{
	return calloc(1, sizeof(struct losses));
}

void losses_free(struct losses *losses)
{
	free(losses);
}

static size_t key_hash(const struct plm_loss_key *key)
{
	return (key->container * 0x9e3779b97f4a7c15ull) >> 40 ^ ((size_t)key->loss << 4 | key->kind);
}

__u64 losses_grow(struct losses *losses, const struct plm_loss_key *key, __u64 count)
{
	for (size_t i = 0, at = key_hash(key); i < LOSSES_SLOTS; i++, at++) {
		struct loss_slot *slot = &losses->slots[at % LOSSES_SLOTS];
		__u64 before = slot->count;

		if (slot->key.loss && memcmp(&slot->key, key, sizeof(*key)) != 0)
			continue;
		slot->key = *key;
		slot->count = count;
		return count >= before ? count - before : count;
	}
	return count;
}
