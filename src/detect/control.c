// SPDX-License-Identifier: Apache-2.0
/*
 * Only files that lead out of a container are here: those that name a program, a module or a file that the
 * kernel then takes from its own (the host's) view, or that stop, blind or unguard the host. What is merely
 * tuned (net.*, vm.max_map_count, oom_score_adj, a container's own cgroup) stays quiet: many images do it.
 *
 * Told by the file system and the end of the path, since a container may have mounted it, or a part of it,
 * anywhere. Sources: proc(5), sysfs(5), Documentation/admin-guide/sysctl/ and .../cgroup-v1/cgroups.rst. A single
 * file that was bind-mounted under a name of the container's choosing keeps neither its name nor its directory,
 * and is not recognised.
 */
#include "detect/control.h"

#include <linux/magic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"

struct control {
	__u32 magic;
	const char *end; /* whole components; NULL: every file of that file system */
	const char *reason;
};

/* clang-format off */
static const struct control controls[] = {
	/* programs that the kernel runs on the host, as root */
	{PROC_SUPER_MAGIC, "core_pattern", "names the program that the host runs at a crash"},
	{PROC_SUPER_MAGIC, "modprobe", "names the program that the host runs to load a module"},
	{PROC_SUPER_MAGIC, "hotplug", "names the program that the host runs for a new device"},
	{PROC_SUPER_MAGIC, "poweroff_cmd", "names the program that the host runs to power off"},
	{PROC_SUPER_MAGIC, "usermodehelper/bset", "sets what such programs of the host may do"},
	{PROC_SUPER_MAGIC, "usermodehelper/inheritable", "sets what such programs of the host may do"},
	{SYSFS_MAGIC, "uevent_helper", "names the program that the host runs for a device"},
	{CGROUP_SUPER_MAGIC, "release_agent", "names the program that the host runs for an empty cgroup"},
	{CGROUP_SUPER_MAGIC, "notify_on_release", "has the host run a program for an empty cgroup"},
	{BINFMTFS_MAGIC, NULL, "names the interpreter that the host runs for a kind of file"},
	/* files that the kernel takes from a path it was given */
	{SYSFS_MAGIC, "firmware_class/parameters/path", "names where the host takes firmware from"},
	/* the host itself */
	{PROC_SUPER_MAGIC, "sysrq-trigger", "commands the host's kernel (reboot, crash, kill)"},
	{PROC_SUPER_MAGIC, "sysrq", "allows commands to the host's kernel"},
	{PROC_SUPER_MAGIC, "suid_dumpable", "lets the host dump privileged processes"},
	/* of vm.*, the one that guards the kernel against its own null pointers */
	{PROC_SUPER_MAGIC, "mmap_min_addr", "guards the host's kernel against null pointers"},
	{DEBUGFS_MAGIC, NULL, "steers the host's kernel (debugfs)"},
	{TRACEFS_MAGIC, NULL, "steers the host's tracing"},
	{EFIVARFS_MAGIC, NULL, "is the host's firmware"},
	{SELINUX_MAGIC, "enforce", "switches the host's SELinux"},
	{SELINUX_MAGIC, "load", "replaces the host's SELinux policy"},
	{SECURITYFS_MAGIC, "apparmor/.load", "changes the host's AppArmor profiles"},
	{SECURITYFS_MAGIC, "apparmor/.replace", "changes the host's AppArmor profiles"},
	{SECURITYFS_MAGIC, "apparmor/.remove", "changes the host's AppArmor profiles"},
};
/* clang-format on */

static bool path_ends(const char *path, const char *end)
{
	size_t length = strlen(path), tail = strlen(end);

	if (length <= tail || strcmp(path + length - tail, end) != 0)
		return false;
	return path[length - tail - 1] == '/';
}

const char *control_reason(const struct plm_file *file, const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(controls); i++) {
		const struct control *control = &controls[i];

		if (control->magic != file->magic)
			continue;
		if (!control->end || (path && path_ends(path, control->end)))
			return control->reason;
	}
	return NULL;
}
