/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of identity, one call after another: ids STEP... -- [PROGRAM ARGUMENT...]
 *
 *     setuid=N  setresuid=N  setreuid=N  setfsuid=N  setgid=N    the calls, raw: of this thread alone
 *     keep=N         become uid N and keep the permitted capabilities (PR_SET_KEEPCAPS)
 *     raise          capset: effective capabilities = permitted ones
 *     thread=N       setuid(N) in a second thread only, which then ends
 *     expect=N       fails unless the effective uid is N
 */
#include <linux/capability.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static long step_setuid(long id)
{
	return syscall(SYS_setuid, id);
}

static long step_setresuid(long id)
{
	return syscall(SYS_setresuid, id, id, id);
}

static long step_setreuid(long id)
{
	return syscall(SYS_setreuid, id, id);
}

static long step_setfsuid(long id)
{
	syscall(SYS_setfsuid, id);
	return syscall(SYS_setfsuid, -1L) == id ? 0 : -1;
}

static long step_setgid(long id)
{
	return syscall(SYS_setgid, id);
}

static long step_keep(long id)
{
	if (prctl(PR_SET_KEEPCAPS, 1) < 0)
		return -1;
	return step_setresuid(id);
}

static long step_raise(long unused)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { 0 };

	(void)unused;
	if (syscall(SYS_capget, &header, data) < 0)
		return -1;
	data[0].effective = data[0].permitted;
	data[1].effective = data[1].permitted;
	return syscall(SYS_capset, &header, data);
}

static void *thread_main(void *id)
{
	return (void *)(intptr_t)step_setuid((intptr_t)id);
}

static long step_thread(long id)
{
	pthread_t thread;
	void *result = (void *)(intptr_t)-1;

	if (pthread_create(&thread, NULL, thread_main, (void *)(intptr_t)id) || pthread_join(thread, &result))
		return -1;
	return (intptr_t)result;
}

static long step_expect(long id)
{
	return (long)geteuid() == id ? 0 : -1;
}

static const struct step {
	const char *name;
	long (*run)(long id);
} steps[] = {
	{ "setuid", step_setuid },     { "setresuid", step_setresuid }, { "setreuid", step_setreuid },
	{ "setfsuid", step_setfsuid }, { "setgid", step_setgid },       { "keep", step_keep },
	{ "raise", step_raise },       { "thread", step_thread },       { "expect", step_expect },
};

static long step_run(const char *word)
{
	size_t length = strcspn(word, "=");

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (strlen(steps[i].name) == length && !strncmp(steps[i].name, word, length))
			return steps[i].run(word[length] ? atol(word + length + 1) : 0);
	return -1;
}

int main(int argc, char **argv)
{
	for (argv += argc > 0; *argv && strcmp(*argv, "--"); argv++)
		if (step_run(*argv) < 0) {
			fprintf(stderr, "ids: %s: %m\n", *argv);
			return 1;
		}
	if (*argv && argv[1]) {
		execv(argv[1], argv + 1);
		perror(argv[1]);
		return 1;
	}
	return 0;
}
