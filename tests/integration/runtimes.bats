# SPDX-License-Identifier: Apache-2.0
# Who a container is, by each runtime; containers and processes that were there before the agent.
load lib

setup_file() {
	suite_start containerd
	run_container before $BUSYBOX
	docker exec before cp $TOOLS/act /opt/running
	docker exec -d before /opt/running pause
	run_ctr before-ctr
	runc_bundle before-runc
	run_runc before-runc
	start_agent
}

teardown_file() { suite_end; }

# Of the container NAME (or id) in the last answer of `ps`.
ps_of() {
	jq -ce --arg c "$1" '.containers[] | select(.container.name == $c or .container.id == $c)' "$D/ps.json"
}

@test "docker: name, image, tag, digest" {
	run_container named $BUSYBOX
	inside named $TOOLS/act write /data/01
	sync_agent
	expect_alert mutation.file named '.container.runtime == "docker"' ".container.image.name == \"$BUSYBOX\"" \
		".container.image.tag == [\"$TAG\"]" ".container.id == \"$(docker inspect -f '{{.Id}}' named)\"" \
		".container.image.hash.all | index(\"$(docker inspect -f '{{.Image}}' named)\")"
}

@test "containerd: id, image, tag, digest" {
	local digest
	digest=$(ctr images ls | awk -v image="docker.io/$BUSYBOX:$TAG" '$1 == image {print $3}')
	run_ctr by-ctr
	ctr tasks exec --exec-id one by-ctr $TOOLS/act write /data/01 </dev/null
	sync_agent
	expect_alert mutation.file by-ctr '.file.path == "/data/01"' '.container.runtime == "containerd"' \
		".container.image.name == \"docker.io/$BUSYBOX\"" ".container.image.tag == [\"$TAG\"]" \
		".container.image.hash.all | index(\"$digest\")"
	expect_alert session.exec by-ctr
	expect_quiet by-ctr mutation.file session.exec root.exec
}

@test "runc: id" {
	runc_bundle by-runc
	run_runc by-runc
	runc exec by-runc $TOOLS/act write /data/01 </dev/null
	runc exec by-runc sh -c "cp $TOOLS/act /opt/new && /opt/new true" </dev/null
	sync_agent
	expect_alert mutation.file by-runc '.file.path == "/data/01"' '.container.runtime == "runc"'
	expect_alert drift.exec.new by-runc '.file.path == "/opt/new"'
	expect_quiet by-runc mutation.file session.exec root.exec drift.exec.new
}

@test "runc: a root that is a user's" {
	runc_bundle runc-user '.process.user = {uid: 1000, gid: 1000}'
	run_runc runc-user
	sync_agent
	expect_quiet runc-user
	ps_of runc-user
}

@test "a container that lives for a moment still has its name" {
	docker run --rm --network $NETWORK --name moment $BUSYBOX:$TAG sh -c "cp $TOOLS/act /tmp/x && exec /tmp/x true"
	sync_agent
	expect_alert drift.exec.new moment ".container.image.name == \"$BUSYBOX\""
}

@test "before the agent: names, what runs there, and what comes later" {
	inside before $TOOLS/act write /data/01
	ctr tasks exec --exec-id two before-ctr $TOOLS/act write /data/01 </dev/null
	runc exec before-runc $TOOLS/act write /data/01 </dev/null
	sync_agent
	expect_alert mutation.file before ".container.image.name == \"$BUSYBOX\"" '.file.path == "/data/01"'
	expect_alert drift.exec.new before '.file.path == "/opt/running"'
	expect_alert mutation.file before-ctr
	expect_alert mutation.file before-runc
}

@test "ps: every container once, with findings" {
	run_container listed $BUSYBOX
	inside listed sh -c "cp $TOOLS/act /opt/new && /opt/new true"
	sync_agent
	for name in listed before before-ctr before-runc; do
		[ "$(ps_of $name | wc -l)" -eq 1 ] || fail "$name: $(cat "$D/ps.json")"
	done
	ps_of listed | jq -e '.plimsoll.findings.critical == 1 and .plimsoll.events.lost == 0 and .plimsoll.events.seen > 0'
	timeout 20 "$PLM" ps --runtime-dir "$D/control" | grep -w listed | grep -F "$BUSYBOX"
}

@test "ps: who is on the node's network, and its twin with one of its own" {
	run_container with-node $BUSYBOX
	NETWORK=none run_container apart $BUSYBOX
	sync_agent
	ps_of with-node | jq -e '.plimsoll.run.flags | index("host-network")'
	ps_of apart | jq -e '.plimsoll.run.flags | index("host-network") | not'
}

@test "ps: a container that is gone is not listed" {
	run_container leaving $BUSYBOX
	docker rm -f leaving >/dev/null
	sync_agent
	! ps_of leaving || fail "it is there"
}

@test "a second agent on the same runtime directory exits 3 and says so" {
	local options
	mapfile -t options < <(agent_options)
	run -3 timeout 20 "$PLM" run "${options[@]}"
	[[ $output == *"plimsoll: "* ]]
	sync_agent
}

@test "no event was lost, and no record was refused" {
	sync_agent
	[ "$(jq -c 'select(.event.kind == "state" and .plimsoll.state.kind == "loss")' "$D/alerts.json" | wc -l)" -eq 0 ] ||
		fail "$(jq -c 'select(.event.kind == "state")' "$D/alerts.json")"
}

@test "every line is one JSON object with what each must have" {
	sync_agent
	jq -es 'length > 0 and all(.[]; .["@timestamp"] and .ecs.version and .event.id and .event.kind and .message) and
		([.[].event.id] | length == (unique | length))' "$D/alerts.json" >/dev/null
	jq -es 'all(.[] | select(.event.kind == "alert"); .rule.id and .container.id and
		(.process.pid or (.event.action | IN("repeat", "coverage")) or .plimsoll.backend == "disk") and
		(.event.category | type == "array"))' "$D/alerts.json" >/dev/null
	# An argument may be empty, also of an ancestor, and in a container that another file of tests has.
	! jq -c 'del(.. | objects | .args)' "$D/alerts.json" | grep -o '.\{0,60\}"".\{0,20\}' || fail "a field is there, and empty"
}
