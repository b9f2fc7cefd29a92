/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Building a record and handing it to the agent; what cannot be handed over is counted, by container and kind. */
#ifndef PLM_BPF_EMIT_H
#define PLM_BPF_EMIT_H

#include "maps.h"

#define SHARE_FRACTION 16 /* of a ring's size: what one container may add once the ring is half full */

static void loss_count(u64 container, u32 loss, u32 kind)
{
	struct plm_loss_key key = { .container = container, .loss = loss, .kind = kind };
	u64 one = 1, *count = bpf_map_lookup_elem(&losses, &key);

	if (!count) {
		if (!bpf_map_update_elem(&losses, &key, &one, BPF_NOEXIST))
			return;
		count = bpf_map_lookup_elem(&losses, &key); /* another CPU was first, or the map is full */
		if (!count)
			count = &counters.losses_uncharged;
	}
	__sync_fetch_and_add(count, 1);
}

/*
 * One record's memory, of this CPU. What a tracepoint runs is not preempted, but an interrupt's program may come in
 * between; what a trampoline runs (LSM, fentry) may be, by another task's program, and they need not end in the order
 * in which they began: so each slot carries its own mark. It is added to and then looked at, for want of an exchange
 * before 5.12; of two that meet on one slot at most one has it. NULL is counted by the caller's kind. Every taken one
 * is put back on every way out.
 */
static struct scratch *scratch_take(void)
{
	u32 first = bpf_get_smp_processor_id() * PLM_SCRATCH_DEPTH;

	for (u32 i = 0; i < PLM_SCRATCH_DEPTH; i++) {
		u32 slot = first + i;
		struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);

		if (!scratch)
			return 0;
		__sync_fetch_and_add(&scratch->takers, 1);
		if (*(volatile u32 *)&scratch->takers == 1) {
			scratch->slot = slot;
			return scratch;
		}
		__sync_fetch_and_add(&scratch->takers, -1);
	}
	return 0;
}

static void scratch_put(struct scratch *scratch)
{
	__sync_fetch_and_add(&scratch->takers, -1);
}

/*
 * A container that floods a ring spends its own share of it, never another's. Until the ring is half full nobody is
 * asked, and every sender's share begins anew; from there on each may add its share, and no more before the agent has
 * read the ring below the half again. `bytes` is the container's count for this ring.
 */
static bool share_spend(void *ring, u64 *bytes, u64 size)
{
	if (bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) <= bpf_ringbuf_query(ring, BPF_RB_RING_SIZE) / 2) {
		*bytes = 0;
		return true;
	}
	if (*bytes + size > bpf_ringbuf_query(ring, BPF_RB_RING_SIZE) / SHARE_FRACTION)
		return false;
	*bytes += size;
	return true;
}

/* While the agent says that it looks again by itself, it is not woken: a flood costs no interrupt a record. */
static u64 wakeup_flags(u64 now)
{
	return now < counters.awake_until ? BPF_RB_NO_WAKEUP : BPF_RB_FORCE_WAKEUP;
}

/*
 * Sends what was built, and counts; false where it is lost. `container` may be NULL: then nobody's budget is asked. What
 * is weighty and comes when the container's share of its ring is spent takes the other one.
 */
static bool emit(struct scratch *scratch, struct plm_container *container, bool weighty)
{
	struct plm_head *head = (void *)scratch->data;
	u32 size = scratch->at;
	u64 now = bpf_ktime_get_boot_ns();
	long failed;

	if (size > PLM_RECORD_MAX)
		size = PLM_RECORD_MAX;
	head->size = size;
	head->time = now;
	if (head->flags & PLM_MISSING)
		loss_count(head->container, PLM_LOSS_READ, head->kind);
	if (container) {
		if (weighty && !share_spend(&urgent, &container->urgent_bytes, size))
			weighty = false;
		if (!weighty && !share_spend(&events, &container->events_bytes, size)) {
			loss_count(head->container, PLM_LOSS_BUDGET, head->kind);
			return false;
		}
	}
	if (weighty)
		failed = bpf_ringbuf_output(&urgent, head, size, wakeup_flags(now));
	else
		failed = bpf_ringbuf_output(&events, head, size, wakeup_flags(now));
	if (failed)
		loss_count(head->container, PLM_LOSS_RING, head->kind);
	else if (container)
		__sync_fetch_and_add(&container->seen, 1);
	return !failed;
}

#endif
