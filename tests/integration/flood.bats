# SPDX-License-Identifier: Apache-2.0
# Losses are counted by container and kind, and told; a container that floods spends nothing of another's.
# The agent is stopped (SIGSTOP) meanwhile, so that what the rings hold is all that can be kept.
load lib

setup_file() {
	mkdir -p "$PROGS"
	program flood flood.c -static
	suite_start
	start_agent
}

teardown_file() { suite_end; }

# A test that failed half-way leaves no agent asleep.
teardown() { agent_continue; }

agent_stop() {
	kill -STOP "$(<"$D/agent.pid")"
	wait_for 5 grep -q '^State:.*stopped' "/proc/$(<"$D/agent.pid")/status"
}

agent_continue() { kill -CONT "$(<"$D/agent.pid")"; }

flooding_container() { run_container "$1" $BUSYBOX -v "$PROGS:/progs:ro"; }

# flood NAME COUNT: so many changes of its root.
flood() { inside "$1" /progs/flood /data "$2"; }

# More than both rings hold, for longer than a container's share of what is left is counted by.
plenty=40000

# waiting_container NAME COMMAND: it runs that with sh when told to by go; what leads there is told before it returns.
waiting_container() {
	mkdir -p "$D/signal"
	mkfifo "$D/signal/$1"
	run_container "$1" $BUSYBOX -v "$D/signal:/signal:ro" -- sh -c "cp $TOOLS/act /opt/new; read line </signal/$1; $2"
	sync_agent
}

go() {
	echo go >"$D/signal/$1"
	timeout 20 docker -H "unix://$D/docker.sock" wait "$1" >/dev/null
}

# losses_told NAME: how many events its state lines of kind loss count.
losses_told() {
	jq -s --arg c "$1" 'map(select(.event.kind == "state" and .plimsoll.state.kind == "loss" and
		.container.name == $c) | .plimsoll.state.count) | add // 0' "$D/alerts.json"
}

events_of() { jq -c --arg c "$1" '.containers[] | select(.container.name == $c) | .plimsoll.events' "$D/ps.json"; }

@test "a flood: its losses are charged to it and its kind, and another's execution is told" {
	flooding_container flooding
	waiting_container bystander 'exec /opt/new true'
	agent_stop
	flood flooding $plenty
	go bystander
	agent_continue
	sync_agent
	expect_alert drift.exec.new bystander '.file.path == "/opt/new"' '.process.args == ["/opt/new", "true"]'
	wait_for 5 eval 'sync_agent && events_of flooding | jq -e ".lost > 0"' || fail "$(events_of flooding)"
	[ "$(losses_told flooding)" -gt 1000 ] || fail "told: $(losses_told flooding)"
	[ "$(losses_told bystander)" -eq 0 ]
	jq -es 'map(select(.plimsoll.state.kind == "loss" and .container.name == "flooding")) | length > 0 and
		all(.[]; .message | test(" change events lost"))' "$D/alerts.json" >/dev/null ||
		fail "$(jq -c 'select(.event.kind == "state")' "$D/alerts.json")"
	events_of flooding | jq -e ".lost == $(losses_told flooding)"
	alerts flooding 'select(.rule.id == "coverage.loss") | .message' | grep -q 'change events lost'
	expect_alert -n 0 coverage.loss bystander
	expect_quiet bystander root.exec drift.exec.new mutation.file
}

@test "what was lost and what was seen make up what was done" {
	local seen lost
	flooding_container counted
	sync_agent
	seen=$(events_of counted | jq .seen)
	agent_stop
	flood counted $plenty
	agent_continue
	wait_for 5 eval 'sync_agent && events_of counted | jq -e ".lost > 0"'
	seen=$(($(events_of counted | jq .seen) - seen)) lost=$(events_of counted | jq .lost)
	[ "$(losses_told counted)" -eq "$lost" ]
	# So many, and the session's own few.
	[ $((seen + lost)) -ge $plenty ] && [ $((seen + lost)) -le $((plenty + 20)) ] || fail "seen $seen, lost $lost"
}

@test "what a flood hid is found on disk, and counts as missed" {
	flooding_container hiding
	sync_agent
	agent_stop
	flood hiding $plenty
	inside hiding sh -c 'echo x >>/etc/plm/app.conf'
	agent_continue
	wait_for 30 eval 'sync_agent && events_of hiding | jq -e ".missed > 0"' || fail "$(events_of hiding)"
	expect_alert mutation.file hiding '.file.path == "/etc/plm/app.conf"' '.plimsoll.backend == "disk"'
}

@test "a container that never rests: who waits is answered, and what lasts in another is found" {
	flooding_container restless
	flooding_container hiding-too
	sync_agent
	agent_stop
	flood hiding-too $plenty
	inside hiding-too sh -c 'echo x >>/etc/plm/app.conf'
	docker exec -d restless /progs/flood /data 1000000000
	agent_continue
	wait_for 40 eval 'sync_agent && events_of hiding-too | jq -e ".missed > 0"' || fail "$(events_of hiding-too)"
	expect_alert mutation.file hiding-too '.file.path == "/etc/plm/app.conf"' '.plimsoll.backend == "disk"'
	docker top restless | grep -q /progs/flood
	docker rm -f restless
}

@test "containers of a moment, born behind a flood, have their names" {
	local i
	flooding_container crowd
	docker exec -d crowd /progs/flood /data 1000000000
	for i in {1..10}; do
		docker run --rm --network "$NETWORK" --name "born-$i" "$BUSYBOX:$TAG" \
			sh -c "cp $TOOLS/act /opt/new && /opt/new true" </dev/null
	done
	docker top crowd | grep -q /progs/flood
	docker rm -f crowd
	sync_agent
	for i in {1..10}; do
		expect_alert drift.exec.new "born-$i" '.file.path == "/opt/new"' ".container.image.name == \"$BUSYBOX\""
	done
}

@test "a session of a moment, begun behind a flood, has its audit id" {
	local id=0f0e0d0c-0b0a-4908-8706-050403020100 # else what is found of a session is told in show.bats
	flooding_container throng
	run_container entered $BUSYBOX
	sync_agent
	docker exec -d throng /progs/flood /data 1000000000
	docker exec -e KUBERNETES_EXEC_AUDIT_ID=$id entered sh -c "cp $TOOLS/act /opt/new && /opt/new true && usleep 100000" </dev/null
	docker top throng | grep -q /progs/flood
	docker rm -f throng
	sync_agent
	expect_alert session.exec entered ".plimsoll.audit_id == \"$id\""
	expect_alert drift.exec.new entered ".plimsoll.audit_id == \"$id\""
}

@test "after a flood the agent goes on: a later drift is told" {
	inside flooding sh -c "cp $TOOLS/act /opt/later && /opt/later true"
	sync_agent
	expect_alert drift.exec.new flooding '.file.path == "/opt/later"'
}

@test "a flood does not take what another's ordinary events need" {
	flooding_container flooding-too
	run_container modest $BUSYBOX
	agent_stop
	flood flooding-too $plenty
	inside modest sh -c 'echo x >/etc/plm/app.conf' # by a session: not the entry point's set-up
	agent_continue
	sync_agent
	expect_alert mutation.file modest '.file.path == "/etc/plm/app.conf"'
	[ "$(losses_told modest)" -eq 0 ]
}

@test "twin: a moderate load loses nothing" {
	flooding_container moderate
	flood moderate 2000
	sync_agent
	events_of moderate | jq -e '.lost == 0 and .seen > 2000'
	inside moderate sh -c "cp $TOOLS/act /opt/new && /opt/new true"
	sync_agent
	expect_alert drift.exec.new moderate '.file.path == "/opt/new"'
	[ "$(losses_told moderate)" -eq 0 ]
	expect_alert -n 0 coverage.loss moderate
}
