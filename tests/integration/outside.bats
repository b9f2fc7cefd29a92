# SPDX-License-Identifier: Apache-2.0
# A container that writes what is not its own: kernel control files, another container's root.
load lib

setup_file() {
	suite_start
	cat /proc/sys/kernel/core_pattern >"$D/core_pattern"
	start_agent
}

teardown_file() {
	[ ! -s "$D/core_pattern" ] || cat "$D/core_pattern" >/proc/sys/kernel/core_pattern
	suite_end
}

@test "core_pattern" {
	run_container core $BUSYBOX "${privileged[@]}"
	inside core sh -c 'cat /proc/sys/kernel/core_pattern >/tmp/c && cat /tmp/c >/proc/sys/kernel/core_pattern'
	sync_agent
	expect_alert mutation.outside core '.file.path | endswith("/sys/kernel/core_pattern")' \
		'.plimsoll.severity == "critical"'
	expect_quiet core mutation.outside root.exec session.exec
}

@test "release_agent" {
	[ -e /sys/fs/cgroup/freezer/release_agent ] || skip "no cgroup v1 here"
	run_container release $BUSYBOX "${privileged[@]}"
	inside release sh -c 'mkdir /tmp/g && mount -t cgroup -o freezer cgroup /tmp/g && cat /tmp/g/release_agent >/tmp/old &&
		cat /tmp/old >/tmp/g/release_agent; umount /tmp/g'
	sync_agent
	expect_alert mutation.outside release '.file.path | endswith("/release_agent")'
	expect_quiet release mutation.outside root.exec session.exec
}

@test "another container's root, through /proc/PID/root" {
	local pid
	run_container victim $BUSYBOX
	run_container intruder $BUSYBOX "${privileged[@]}" --pid host
	pid=$(docker inspect -f '{{.State.Pid}}' victim)
	inside intruder $TOOLS/act write "/proc/$pid/root/data/01"
	inside intruder $TOOLS/act create "/proc/$pid/root/data/planted"
	sync_agent
	expect_alert mutation.outside intruder '.file.path | endswith("/data/01")' '.plimsoll.severity == "critical"'
	expect_alert mutation.outside intruder '.file.path | endswith("/data/planted")'
	expect_quiet intruder mutation.outside root.exec session.exec
	expect_quiet victim root.exec
}

@test "twin: oom_score_adj, and reading kernel control files" {
	run_container polite $BUSYBOX "${privileged[@]}"
	inside polite sh -c 'echo 100 >/proc/self/oom_score_adj; cat /proc/sys/kernel/core_pattern /proc/sys/kernel/hostname >/dev/null
		echo x >/dev/null; echo polite >/proc/self/comm'
	sync_agent
	expect_quiet polite root.exec session.exec
}

@test "twin: reading another container's root" {
	local pid
	run_container read-victim $BUSYBOX
	run_container reader $BUSYBOX "${privileged[@]}" --pid host
	pid=$(docker inspect -f '{{.State.Pid}}' read-victim)
	inside reader cat "/proc/$pid/root/data/01"
	sync_agent
	expect_quiet reader root.exec session.exec
	expect_quiet read-victim root.exec
}

@test "an io_uring is made: what it will do to names is not seen, and that is told" {
	run_container rings $BUSYBOX --security-opt seccomp=unconfined
	inside rings "$TOOLS/act" io-uring
	sync_agent
	expect_alert coverage.io_uring rings '.plimsoll.severity == "medium"'
	expect_quiet rings coverage.io_uring root.exec session.exec
}
