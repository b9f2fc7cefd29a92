// SPDX-License-Identifier: Apache-2.0
#include "inventory/confine.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static int set_limit(int what, rlim_t value)
{
	const struct rlimit limit = { value, value };

	return setrlimit(what, &limit) < 0 ? -errno : 0;
}

static int take_limits(const struct confine_limits *limits)
{
	int r = set_limit(RLIMIT_CPU, limits->seconds);

#ifndef __SANITIZE_ADDRESS__ /* which reserves terabytes of it */
	if (r == 0)
		r = set_limit(RLIMIT_AS, limits->memory);
#endif
	if (r == 0)
		r = set_limit(RLIMIT_FSIZE, limits->written);
	if (r == 0)
		r = set_limit(RLIMIT_NOFILE, 256);
	return r < 0 ? r : set_limit(RLIMIT_CORE, 0);
}

/* Below and above each of those that stay; `keep` is in order. */
static int take_descriptors(const int *keep, size_t count)
{
	unsigned from = 3;

	for (size_t i = 0; i < count; i++) {
		if ((unsigned)keep[i] > from && syscall(SYS_close_range, from, (unsigned)keep[i] - 1, 0) < 0)
			return -errno;
		from = (unsigned)keep[i] + 1;
	}
	return syscall(SYS_close_range, from, ~0u, 0) < 0 ? -errno : 0;
}

/* Without CAP_SETPCAP the bounding set stays, which without exec, and with no_new_privs, means nothing. */
static int take_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (unsigned cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		(void)prctl(PR_CAPBSET_DROP, cap);
	if (syscall(SYS_capset, &head, data) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

/* ---- system calls ---- */

/* What reading and allocating take. */
static const int allowed[] = {
	SCMP_SYS(read),
	SCMP_SYS(pread64),
	SCMP_SYS(readv),
	SCMP_SYS(write),
	SCMP_SYS(pwrite64),
	SCMP_SYS(writev),
	SCMP_SYS(lseek),
	SCMP_SYS(close),
	SCMP_SYS(fstat),
	SCMP_SYS(fstatfs),
	SCMP_SYS(newfstatat),
	SCMP_SYS(statx),
	SCMP_SYS(stat),
	SCMP_SYS(lstat),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(openat2),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(getdents64),
	SCMP_SYS(fcntl),
	SCMP_SYS(dup),
	SCMP_SYS(ftruncate),
	SCMP_SYS(fadvise64),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(brk),
	SCMP_SYS(futex),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(gettid),
	SCMP_SYS(getpid),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(getrandom),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(uname),
	SCMP_SYS(sysinfo),
	SCMP_SYS(prlimit64),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(tgkill),
	SCMP_SYS(restart_syscall),
};

/* What nothing that reads would ever do. All else is refused. */
static const int deadly[] = {
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(fork),
	SCMP_SYS(vfork),
	SCMP_SYS(socket),
	SCMP_SYS(connect),
	SCMP_SYS(ptrace),
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(setns),
	SCMP_SYS(unshare),
	SCMP_SYS(bpf),
	SCMP_SYS(kexec_load),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(keyctl),
	SCMP_SYS(add_key),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(move_mount),
};

/* What is allowed by an argument: no memory becomes code, which also keeps libraries of the image's from being loaded; and
 * there are threads, where they are wanted, but no processes. */
static const struct conditional {
	int call;
	uint32_t action;
	struct scmp_arg_cmp compare;
	bool threads; /* only with them */
} conditionals[] = {
	{ SCMP_SYS(mmap), SCMP_ACT_ALLOW, SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0), false },
	{ SCMP_SYS(mmap), SCMP_ACT_KILL_PROCESS, SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC), false },
	{ SCMP_SYS(mprotect), SCMP_ACT_ALLOW, SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0), false },
	{ SCMP_SYS(mprotect), SCMP_ACT_KILL_PROCESS, SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC), false },
	{ SCMP_SYS(clone), SCMP_ACT_ALLOW, SCMP_A0_64(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD), true },
};

static int conditionals_add(scmp_filter_ctx filter, bool threads)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(conditionals); i++)
		if (threads || !conditionals[i].threads)
			r = seccomp_rule_add_array(filter, conditionals[i].action, conditionals[i].call, 1,
						   &conditionals[i].compare);
	return r;
}

static void filter_freep(scmp_filter_ctx *filter)
{
	seccomp_release(*filter);
}

/* clone3's flags cannot be seen: without it the C library uses clone. */
static int take_calls(bool threads)
{
	_cleanup_(filter_freep) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r = filter ? seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(allowed); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(deadly); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, deadly[i], 0);
	if (r == 0)
		r = conditionals_add(filter, threads);
	return r < 0 ? r : seccomp_load(filter);
}

int confine_powers(const struct confine_limits *limits, const int *keep, size_t count, const char **ret_step)
{
	int r;

	*ret_step = "descriptors";
	r = take_descriptors(keep, count);
	if (r < 0)
		return r;
	*ret_step = "limits";
	r = take_limits(limits);
	if (r < 0)
		return r;
	*ret_step = "capabilities";
	r = take_capabilities();
	if (r < 0)
		return r;
	*ret_step = "seccomp";
	return take_calls(limits->threads);
}
