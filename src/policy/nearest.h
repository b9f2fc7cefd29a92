/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Did you mean": of the words that were offered, the one a typist most likely meant.
 *
 *	struct nearest nearest = {.word = word};
 *	for each known: nearest_offer(&nearest, known);
 *	nearest.best is it, or NULL where none is near.
 */
#ifndef PLM_POLICY_NEAREST_H
#define PLM_POLICY_NEAREST_H

#define NEAREST_MAX 40 /* bytes: longer words are near to nothing */

struct nearest {
	const char *word;
	const char *best; /* one of those offered */
	unsigned distance;
};

/* Letters to insert, delete, replace, or swap with their neighbour; a third of the word may be wrong. */
void nearest_offer(struct nearest *nearest, const char *candidate);

#endif
