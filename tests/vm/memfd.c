/* SPDX-License-Identifier: Apache-2.0 */
/* Usage: memfd FILE ARGUMENT...      Copies FILE into memory and executes it from there. */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

int main(int argc, char **argv, char **envp)
{
	struct stat st;
	int memory, file;

	if (argc < 3)
		return 2;
	file = open(argv[1], O_RDONLY | O_CLOEXEC);
	memory = memfd_create("payload", MFD_CLOEXEC);
	if (file < 0 || memory < 0 || fstat(file, &st) < 0 || sendfile(memory, file, NULL, st.st_size) != st.st_size) {
		perror(argv[1]);
		return 1;
	}
	fexecve(memory, argv + 2, envp);
	perror("fexecve");
	return 1;
}
