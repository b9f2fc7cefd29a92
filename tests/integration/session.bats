# SPDX-License-Identifier: Apache-2.0
# Processes that enter a running container from outside.
load lib

setup_file() {
	suite_start
	start_agent
}

teardown_file() { suite_end; }

# on_a_terminal COMMAND...: util-linux's script gives it a terminal; what it writes is dropped.
on_a_terminal() {
	timeout 30 script -qec "$(printf '%q ' "$@")" /dev/null </dev/null >/dev/null
}

@test "a shell on a terminal: high, each time" {
	run_container typed $BUSYBOX
	for i in 1 2 3; do
		on_a_terminal docker -H "unix://$D/docker.sock" exec -it typed sh -c 'tty && exit 0'
	done
	sync_agent
	expect_alert -n 3 session.exec typed '.plimsoll.severity == "high"' '.process.interactive == true'
	expect_quiet typed session.exec root.exec
}

@test "a shell fed through a pipe: high" {
	run_container piped $BUSYBOX
	echo 'exit 0' | docker exec -i piped sh
	echo 'exit 0' | docker exec -i piped sh
	sync_agent
	expect_alert -n 2 session.exec piped '.plimsoll.severity == "high"'
	expect_quiet piped session.exec root.exec
}

@test "twenty commands: low, once" {
	run_container twenty $BUSYBOX
	for i in {1..20}; do inside twenty true; done
	sync_agent
	expect_alert session.exec twenty '.plimsoll.severity == "low"' '.process.args == ["true"]'
	expect_quiet twenty session.exec root.exec
}

@test "data through a pipe into a program that is no shell: low" {
	run_container data $BUSYBOX
	echo data | docker exec -i data cat >/dev/null
	sync_agent
	expect_alert session.exec data '.plimsoll.severity == "low"'
}

@test "a health check every second: low, once" {
	run_container probed $BUSYBOX --health-cmd true --health-interval 1s
	wait_for 15 eval '[ "$(docker inspect -f "{{len .State.Health.Log}}" probed)" -ge 3 ]'
	sync_agent
	expect_alert session.exec probed '.plimsoll.severity == "low"'
	expect_quiet probed session.exec root.exec
}

@test "twin: what the entry point starts is no session" {
	run_container own $BUSYBOX -- sh -c 'sh -c "true; :"; echo true | sh; exec /usr/lib/plm/act pause'
	sync_agent
	expect_quiet own root.exec
}
