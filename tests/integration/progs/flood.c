/* SPDX-License-Identifier: Apache-2.0 */
/* flood DIRECTORY COUNT: makes a file there and renames it to and fro, COUNT changes of names in all. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const char *names[] = { "to", "fro" };
	FILE *file;

	if (argc != 3 || chdir(argv[1]) || !(file = fopen(names[0], "w")) || fclose(file))
		return 2;
	for (long i = 0, count = atol(argv[2]); i < count; i++)
		if (rename(names[i % 2], names[(i + 1) % 2])) {
			fprintf(stderr, "flood: %s\n", strerror(errno));
			return 1;
		}
	return 0;
}
