# SPDX-License-Identifier: Apache-2.0
# Containers that are gone before anybody can ask who they were. Two agents watch the same ones: one asks the runtimes,
# the other ("late") through proxies that hold each answer back for five seconds.
load lib
load swarm

COUNT=${COUNT:-100}

setup_file() {
	suite_start containerd
	mkdir "$D/ids" "$D/late"
	proxies "$D/late" 5
	start_agent --events
	late start_agent --events
	swarm docker 1 $WIDTH # what is made once is made before the first measurement
	swarm ctr 1 $WIDTH
	sync_agent
	held >"$D/held"
	late held >"$D/late/held"
}

teardown_file() {
	local status=0
	late agent_end || status=$?
	suite_end && return $status
}

# For the other agent: its sockets, outputs and answers are below D as the first one's are.
late() { local D=$D/late; "$@"; }

@test "docker: containers of a moment, by the hundred: each event by its container and image" {
	swarm docker $((WIDTH + 1)) "$COUNT"
	sync_agent
	expect_all_named docker $BUSYBOX "$(docker_digest)"
}

@test "containerd: containers of a moment, by the hundred" {
	swarm ctr $((WIDTH + 1)) "$COUNT"
	sync_agent
	expect_all_named ctr docker.io/$BUSYBOX "$(ctr_digest)"
}

all_executed() {
	sync_agent
	of_swarm "$1" >"$D/told.json"
	[ "$(executed)" -eq "$COUNT" ]
}

@test "docker: the same, its answers five seconds late" {
	local SWARM=$D
	late wait_for 60 all_executed docker || :
	digest=$(docker_digest)
	late expect_all_named docker $BUSYBOX "$digest"
}

@test "containerd: the same, its answers five seconds late" {
	local SWARM=$D
	late wait_for 60 all_executed ctr || :
	digest=$(ctr_digest)
	late expect_all_named ctr docker.io/$BUSYBOX "$digest"
}

@test "afterwards: no more memory, descriptors, or entries in kernel maps than before" {
	expect_no_growth 4096
	late expect_no_growth 4096
	! jq -e 'select(.event.kind == "state" and .plimsoll.state.kind == "loss")' "$D/alerts.json" || fail "lost events"
}
