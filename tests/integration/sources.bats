# SPDX-License-Identifier: Apache-2.0
# A runtime that hangs, is down, or restarts: nobody else's alerts are late for it, and it is asked again.
# The agent speaks to the daemons through proxies (progs/delay.pl), which are stopped and taken away.
load lib

setup_file() {
	suite_start containerd
	mkdir -p "$D/by" "$D/runc"
	ln -s "$D/runc" "$D/by/runc"
	proxies "$D/by" 0
	by start_agent
	launch arrivals sh -c \
		"tail -n +1 -F '$D/by/alerts.json' | jq --unbuffered -c '. + {arrived: now}' >'$D/arrived.json'"
	run_container known $BUSYBOX
	run_ctr known-ctr
	runc_bundle known-runc
	run_runc known-runc
	by sync_agent
	by expect_watched known
	by expect_watched known-ctr
	by expect_watched known-runc
}

teardown_file() {
	local status=0
	proxy docker CONT
	proxy containerd CONT
	by agent_end || status=$?
	suite_end && return $status
}

# Whatever a test left.
teardown() {
	local name
	for name in docker containerd; do
		proxy $name CONT
		[ -S "$D/by/$name.sock" ] || up $name
	done
}

# The agent's directory: its sockets are the proxies'.
by() { local D=$D/by; "$@"; }

proxy() { kill "-$2" "$(<"$D/$1-proxy.pid")"; }

down() {
	proxy "$1" USR1
	wait_for 5 [ ! -e "$D/by/$1.sock" ]
}

up() {
	proxy "$1" USR2
	wait_for 5 [ -S "$D/by/$1.sock" ]
}

# drop RUNTIME CONTAINER: a program that is new, whose name is the test's, is run there.
drop() {
	local deed="cp $TOOLS/act /opt/$BATS_TEST_NUMBER && /opt/$BATS_TEST_NUMBER true"
	case $1 in
	docker) inside "$2" sh -c "$deed" ;;
	ctr) ctr tasks exec --exec-id "$2-$BATS_TEST_NUMBER" "$2" sh -c "$deed" </dev/null ;;
	runc) runc exec "$2" sh -c "$deed" </dev/null ;;
	esac
}

# arrival CONTAINER: seconds from the execution of what was dropped there to its line in the file of alerts, if any.
arrival() {
	jq -r --arg c "$1" --arg path "/opt/$BATS_TEST_NUMBER" 'select(.rule.id == "drift.exec.new" and
		(.container.name == $c or .container.id == $c) and .file.path == $path) | .arrived - (.["@timestamp"] | (.[:19] + "Z" | fromdate) + ("0" + .[19:-1] | tonumber))' \
		"$D/arrived.json"
}

arrived() { [ -n "$(arrival "$1")" ]; }

# expect_at_once CONTAINER...: what was dropped there was told within three seconds. A later line is awaited, to say so.
expect_at_once() {
	local name
	for name in "$@"; do
		wait_for 20 arrived "$name" || fail "$name: nothing told in time:" "$(by alerts_shown "$name")"
		[ "$(arrival "$name" | wc -l)" -eq 1 ]
		arrival "$name" | jq -e '. < 3' >/dev/null || fail "$name: told $(arrival "$name") s after the fact"
	done
}

# expect_others_at_once OTHER: two known containers, and a new one of each runtime but OTHER.
expect_others_at_once() {
	local suffix=$BATS_TEST_NUMBER
	run_ctr "ctr-$suffix" && drop ctr "ctr-$suffix"
	runc_bundle "runc-$suffix" && run_runc "runc-$suffix" && drop runc "runc-$suffix"
	run_container "docker-$suffix" $BUSYBOX && drop docker "docker-$suffix"
	drop docker known
	drop ctr known-ctr
	drop runc known-runc
	expect_at_once known known-ctr known-runc
	[ "$1" = docker ] || expect_at_once "docker-$suffix"
	[ "$1" = ctr ] || expect_at_once "ctr-$suffix"
	expect_at_once "runc-$suffix"
}

told_by_id() {
	by alerts "$1" "select(.rule.id == \"drift.exec.new\" and .file.path == \"/opt/$BATS_TEST_NUMBER\")" | grep -q .
}

# named NAME: ps lists it with its image, now or once its runtime is asked again.
named() {
	by sync_agent
	jq -e --arg name "$1" 'any(.containers[]; .container.name == $name and
		(.container.image.name // "" | endswith("'$BUSYBOX'")) and .container.image.hash.all != null)' "$D/by/ps.json" >/dev/null
}

expect_named_again() {
	wait_for 60 named "$1" || fail "$1 is not named once its runtime answers:" \
		"$(jq -c '.containers[].container' "$D/by/ps.json")"
}

@test "docker hangs: others' alerts are not late, its own come, and it is asked again" {
	proxy docker STOP
	expect_others_at_once docker
	wait_for 30 told_by_id "$(docker inspect -f '{{.Id}}' docker-$BATS_TEST_NUMBER)"
	proxy docker CONT
	expect_named_again docker-$BATS_TEST_NUMBER
}

@test "containerd hangs" {
	proxy containerd STOP
	expect_others_at_once ctr
	wait_for 30 told_by_id ctr-$BATS_TEST_NUMBER
	proxy containerd CONT
	expect_named_again ctr-$BATS_TEST_NUMBER
}

@test "docker is down, and comes back" {
	down docker
	expect_others_at_once docker
	wait_for 30 told_by_id "$(docker inspect -f '{{.Id}}' docker-$BATS_TEST_NUMBER)"
	up docker
	expect_named_again docker-$BATS_TEST_NUMBER
}

@test "containerd is down, and comes back" {
	down containerd
	expect_others_at_once ctr
	wait_for 30 told_by_id ctr-$BATS_TEST_NUMBER
	up containerd
	expect_named_again ctr-$BATS_TEST_NUMBER
}

@test "both restart among 16 containers that start: all get their names" {
	local i
	for i in {1..4}; do run_container "among-$i" $BUSYBOX && run_ctr "among-ctr-$i"; done
	down docker && down containerd
	for i in {5..8}; do run_container "among-$i" $BUSYBOX && run_ctr "among-ctr-$i"; done
	up docker && up containerd
	for i in {1..8}; do
		expect_named_again "among-$i"
		expect_named_again "among-ctr-$i"
	done
}

@test "while a runtime hangs, the agent ends when it is told to, and starts" {
	proxy docker STOP
	run_container late $BUSYBOX
	kill "$(<"$D/by/agent.pid")"
	timeout 10 tail -s 0.02 -f --pid="$(<"$D/by/agent.pid")" /dev/null || fail "it does not end"
	by start_agent
	drop ctr known-ctr
	expect_at_once known-ctr
	by stop_agent
}
