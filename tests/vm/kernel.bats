#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The agent on other kernels: each machine boots once, and tries both back ends, and cgroup v1. What it says is in `init`.

setup_file() {
	local here=$BATS_TEST_DIRNAME suite
	for suite in trixie bullseye; do
		"$here/boot" "$suite" >"$BATS_FILE_TMPDIR/$suite" 2>&1 </dev/null 3>&- &
	done
	wait
}

# A round's last line is that the agent stopped cleanly: what did not get there has failed.
told() { # SUITE VERSION ROUND
	local console=$BATS_FILE_TMPDIR/$1
	if ! grep -q "^# Linux ${2//./\\.}\." "$console" ||
		! grep -qE "^ok [0-9]+ $3: the agent stops cleanly" "$console" ||
		grep -E "^not ok [0-9]+ $3: " "$console"; then
		cat "$console"
		return 1
	fi
}

@test "Linux 6.12, tracepoint: programs load, and what runs in containers is told" {
	told trixie 6.12 tracepoint
}

@test "Linux 6.12, lsm: programs load, and what runs in containers is told" {
	told trixie 6.12 lsm
}

@test "Linux 5.10, tracepoint: programs load, and what runs in containers is told" {
	told bullseye 5.10 tracepoint
}

@test "Linux 5.10, lsm: programs load, and what runs in containers is told" {
	told bullseye 5.10 lsm
}

@test "Linux 6.12, cgroup v1 alone: the same" {
	told trixie 6.12 v1
}

@test "Linux 5.10, cgroup v1 alone: the same" {
	told bullseye 5.10 v1
}
