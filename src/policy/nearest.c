// SPDX-License-Identifier: Apache-2.0
#include "policy/nearest.h"

#include <stddef.h>
#include <string.h>

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Optimal string alignment, three rows at a time; both words are at most NEAREST_MAX long. */
static unsigned word_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	unsigned rows[3][NEAREST_MAX + 1] = {};

	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a_length; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *second = rows[(i + 1) % 3];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_length; j++) {
			row[j] = least(above[j], row[j - 1]) + 1;
			row[j] = least(row[j], above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], second[j - 2] + 1);
		}
	}
	return rows[a_length % 3][b_length];
}

void nearest_offer(struct nearest *nearest, const char *candidate)
{
	size_t a = strnlen(nearest->word, NEAREST_MAX + 1), b = strnlen(candidate, NEAREST_MAX + 1);
	unsigned distance = 0;

	if (a > NEAREST_MAX || b > NEAREST_MAX)
		return;
	distance = word_distance(nearest->word, a, candidate, b);
	if (distance > (b + 1) / 3 || distance >= b)
		return;
	if (nearest->best && distance >= nearest->distance)
		return;
	nearest->best = candidate;
	nearest->distance = distance;
}
