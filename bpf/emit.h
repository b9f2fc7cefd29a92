/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Building a record and handing it to the agent; what cannot be handed over is counted, by container and kind. */
#ifndef PLM_BPF_EMIT_H
#define PLM_BPF_EMIT_H

#include "maps.h"

#define WAKE_EVERY_NS  500000ull   /* the agent looks again by itself for this long after it was woken */
#define BURST_WINDOW   100000000ull /* of a container's budget, once a ring is half full */
#define BURST_FRACTION 8            /* ... of the ring's size that one container may fill in a window */

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

/* Counts what a container sends by the window. */
static void budget_charge(struct plm_container *container, u64 now, u64 size, bool weighty)
{
	if (now - container->burst_start > BURST_WINDOW) {
		container->burst_start = now;
		container->burst_bytes = container->urgent_bytes = 0;
	}
	if (weighty)
		container->urgent_bytes += size;
	else
		container->burst_bytes += size;
}

/* A container that floods a ring spends its own share of it, never another's. */
static bool share_spent(void *ring, u64 bytes)
{
	u64 size = bpf_ringbuf_query(ring, BPF_RB_RING_SIZE);

	return bytes > size / BURST_FRACTION && bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) > size / 2;
}

/*
 * The agent is woken at most once a WAKE_EVERY_NS, and polls that long after its last wake-up, so nothing waits
 * longer; a flood then costs no wake-up a record.
 */
static u64 wakeup_flags(u64 now)
{
	if (now - counters.last_wakeup < WAKE_EVERY_NS)
		return BPF_RB_NO_WAKEUP;
	counters.last_wakeup = now;
	return BPF_RB_FORCE_WAKEUP;
}

/*
 * Sends what was built, and counts. `container` may be NULL: then nobody's budget is asked. What is weighty and comes
 * when the container's share of its ring is spent takes the other one.
 */
static void emit(struct scratch *scratch, struct plm_container *container, bool weighty)
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
		budget_charge(container, now, size, weighty);
		if (weighty && share_spent(&urgent, container->urgent_bytes))
			weighty = false;
		if (!weighty && share_spent(&events, container->burst_bytes)) {
			loss_count(head->container, PLM_LOSS_BUDGET, head->kind);
			return;
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
}

#endif
