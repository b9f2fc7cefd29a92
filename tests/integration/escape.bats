# SPDX-License-Identifier: Apache-2.0
# Processes that leave their container, and files of a container that run outside any.
load lib

setup_file() {
	suite_start
	start_agent
}

teardown_file() {
	[ -z "${D:-}" ] || rmdir "$(unified)/plm-outside" 2>/dev/null || :
	suite_end
}

# Where the host has cgroup v2.
unified() {
	awk '$9 == "cgroup2" || $8 == "cgroup2" {print $5; exit}' /proc/self/mountinfo
}

@test "a process that writes itself into a cgroup outside" {
	run_container leaver $BUSYBOX "${privileged[@]}" --cgroupns host
	mkdir -p "$(unified)/plm-outside"
	inside leaver sh -c 'mkdir /tmp/g && mount -t cgroup2 none /tmp/g && echo $$ >/tmp/g/plm-outside/cgroup.procs; umount -l /tmp/g'
	sync_agent
	expect_alert escape.cgroup leaver '.plimsoll.severity == "critical"' '.process.executable | test("busybox|sh$")'
	expect_quiet leaver escape.cgroup root.exec session.exec
}

@test "a child that is born in a cgroup outside" {
	run_container bearer $BUSYBOX "${privileged[@]}" --cgroupns host
	mkdir -p "$(unified)/plm-outside"
	inside bearer sh -c "mkdir /tmp/g && mount -t cgroup2 none /tmp/g && $TOOLS/act born-outside /tmp/g/plm-outside; umount -l /tmp/g"
	sync_agent
	expect_alert escape.cgroup bearer ".process.executable == \"$TOOLS/act\""
	expect_quiet bearer escape.cgroup root.exec session.exec
}

@test "twin: an administrator moves a container's process" {
	local pid
	run_container moved $BUSYBOX
	pid=$(docker inspect -f '{{.State.Pid}}' moved)
	mkdir -p "$(unified)/plm-outside"
	echo "$pid" >"$(unified)/plm-outside/cgroup.procs"
	sync_agent
	expect_quiet moved root.exec
}

@test "a file of a container executed from outside" {
	local pid
	run_container exported $BUSYBOX
	pid=$(docker inspect -f '{{.State.Pid}}' exported)
	"/proc/$pid/root$TOOLS/act" true
	sync_agent
	expect_alert escape.exec exported '.plimsoll.severity == "critical"' ".file.path == \"$TOOLS/act\""
	expect_quiet exported escape.exec root.exec
}

@test "twin: cgroups of its own, below its own" {
	run_container nested $BUSYBOX "${privileged[@]}" --cgroupns host
	inside nested sh -c 'own=$(sed -n s/^0:://p /proc/self/cgroup); mkdir /tmp/g && mount -t cgroup2 none /tmp/g &&
		mkdir "/tmp/g$own/child" && sh -c "echo \$\$ >\"/tmp/g$own/child/cgroup.procs\"" && rmdir "/tmp/g$own/child"
		umount -l /tmp/g'
	sync_agent
	expect_quiet nested root.exec session.exec
}

@test "twin: the host runs its own programs, and a container ends" {
	run_container ending $BUSYBOX
	/bin/true
	docker stop -t 0 ending >/dev/null
	sync_agent
	expect_quiet ending root.exec
}
