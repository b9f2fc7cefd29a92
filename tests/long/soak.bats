# SPDX-License-Identifier: Apache-2.0
# COUNT containers that live for a tenth of a second, eight at a time, half of them on Docker: each has its name, and the
# agent is no larger after the last than after the first fifth.
load ../integration/lib
load ../integration/swarm

COUNT=$((${COUNT:-10000} / 2))

setup_file() {
	suite_start containerd
	mkdir "$D/ids"
	start_agent
}

teardown_file() { suite_end; }

# grow_to NUMBER: so many on each runtime, in steps between which the files are not let grow without end.
grow_to() {
	local at=$(($(ls "$D/ids" | wc -l) / 2)) next
	while [ "$at" -lt "$1" ]; do
		next=$((at + 500 < $1 ? at + 500 : $1))
		swarm docker $((at + 1)) $next && swarm ctr $((at + 1)) $next && sync_agent || return
		at=$next
		echo "# $((at * 2)) containers: $(held | tr '\n' ' ')" >&3
	done
}

@test "the first fifth" {
	grow_to $((COUNT / 5))
	held >"$D/held"
}

@test "the rest: memory is flat" {
	grow_to $COUNT
	expect_no_growth 1024
}

@test "every one has its name" {
	expect_all_named docker $BUSYBOX "$(docker_digest)"
	expect_all_named ctr docker.io/$BUSYBOX "$(ctr_digest)"
}
