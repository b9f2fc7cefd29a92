/* SPDX-License-Identifier: Apache-2.0 */
/* threads COUNT PROGRAM ARGUMENT...: so many threads that wait; the last one, not the leader, executes PROGRAM. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_barrier_t all_there;

static void *wait_for_end(void *data)
{
	(void)data;
	pthread_barrier_wait(&all_there);
	for (;;)
		pause();
	return NULL;
}

static void *execute(void *data)
{
	char **command = data;

	pthread_barrier_wait(&all_there);
	execv(command[0], command);
	perror(command[0]);
	_exit(1);
}

int main(int argc, char **argv)
{
	long count = argc > 2 ? atol(argv[1]) : 0;
	pthread_attr_t small;
	pthread_t thread;

	if (count < 1 || pthread_barrier_init(&all_there, NULL, count + 1) || pthread_attr_init(&small) ||
	    pthread_attr_setstacksize(&small, 65536))
		return 2;
	for (long i = 0; i < count; i++)
		if (pthread_create(&thread, &small, i + 1 < count ? wait_for_end : execute, argv + 2))
			return 2;
	wait_for_end(NULL);
}
