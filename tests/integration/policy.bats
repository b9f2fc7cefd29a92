# SPDX-License-Identifier: Apache-2.0
# What a policy file changes of what real containers' doings are told as; and how repeats are folded.
load lib

# policy_write [LINE]: the policy of this file, with one line more.
policy_write() {
	cat >"$D/policy.yaml" <<-END
		writable: ["/tmp/**", "/data/empty/**"]
		rules:
		  root.exec: {severity: info}
		  session.exec: {enabled: false}
		workloads:
		  - match: {image: "plm/db:*"}
		    writable: ["/etc/plm/**"]
		    rules:
		      root.exec: {severity: high}
		  - match: {container: "named-*"}
		    writable: ["/home/user/**"]
		    rules:
		      session.exec: {enabled: true}
		      mutation.file: {severity: critical}
		  - match: {container: "allowed"}
		    allow:
		      - {rule: drift.exec.new, executable: "/opt/plugins/**", reason: "signed plugins"}
		      - {rule: mutation.file, path: "/data/01", reason: "a counter"}
		waivers:
		  - {rule: drift.exec.new, workload: "waived", until: 2099-12-31, owner: "dba", reason: "OPS-1234"}
		  - {rule: drift.exec.new, workload: "ended", until: 2020-12-31, owner: "dba", reason: "OPS-1"}
		redact: ["--pin=*"]
		outputs:
		  - {type: json, path: "$D/second.json"}
		$1
	END
}

setup_file() {
	suite_start
	docker tag "$BUSYBOX:$TAG" "plm/db:$TAG"
	policy_write
	start_agent --config "$D/policy.yaml" --record "$D/records" --events -o text
}

teardown_file() { suite_end; }

create() { inside "$1" $TOOLS/act create "$2"; }

# drop NAME PATH: a program dropped there and executed.
drop() { inside "$1" sh -c "mkdir -p ${2%/*} && cp $TOOLS/act $2 && $2 true"; }

# events_allowed NAME RULE REASON: how many findings the policy let through, marked so.
events_allowed() {
	jq -c --arg c "$1" --arg r "$2" --arg reason "$3" 'select(.event.kind == "event" and .container.name == $c and
		.rule.id == $r and .plimsoll.allowed == $reason)' "$D/alerts.json" | wc -l
}

reloads() { jq -c 'select(.plimsoll.state.kind == "reload")' "$D/alerts.json" | wc -l; }

# ---- what may be written ----

@test "writable at the top replaces the default, and what is not in it is told" {
	run_container top $BUSYBOX
	create top /data/empty/01/f
	create top /tmp/f
	create top /data/f
	create top /var/log/f
	sync_agent
	expect_alert mutation.file top '.file.path == "/data/f"'
	expect_alert mutation.file top '.file.path == "/var/log/f"'
	expect_alert -n 2 mutation. top
}

@test "writable of a workload, by image: its containers and no other's" {
	run_container by-image plm/db
	run_container other-image $BUSYBOX
	create by-image /etc/plm/f
	create by-image /data/empty/01/f
	create by-image /data/f
	create other-image /etc/plm/f
	sync_agent
	expect_alert mutation. by-image '.file.path == "/data/f"'
	expect_alert mutation. by-image
	expect_alert mutation. other-image '.file.path == "/etc/plm/f"'
}

@test "writable of a workload, by the container's name" {
	run_container named-1 $BUSYBOX
	run_container unnamed-1 $BUSYBOX
	for name in named-1 unnamed-1; do create $name /home/user/f; done
	create named-1 /data/f
	sync_agent
	expect_alert mutation. named-1 '.file.path == "/data/f"'
	expect_alert mutation. named-1
	expect_alert mutation. unnamed-1 '.file.path == "/home/user/f"'
}

@test "writable never excuses execution" {
	run_container writable-exec plm/db
	drop writable-exec /etc/plm/new
	sync_agent
	expect_alert drift.exec.new writable-exec '.file.path == "/etc/plm/new"' '.plimsoll.severity == "critical"'
	expect_quiet writable-exec drift.exec.new root.exec
}

# ---- rules ----

@test "severity: the file's, and a workload's before that" {
	run_container mild $BUSYBOX
	run_container strict plm/db
	run_container named-2 $BUSYBOX
	create named-2 /data/f
	sync_agent
	expect_alert root.exec mild '.plimsoll.severity == "info"' '.event.severity == 10'
	expect_alert root.exec strict '.plimsoll.severity == "high"' '.event.severity == 70'
	expect_alert mutation.file named-2 '.plimsoll.severity == "critical"'
}

@test "enabled: false silences a rule, a workload switches it on again" {
	run_container silent $BUSYBOX
	run_container named-3 $BUSYBOX
	inside silent true
	inside named-3 true
	sync_agent
	expect_alert -n 0 session.exec silent
	expect_alert session.exec named-3
}

# ---- exceptions ----

@test "allow, by executable: recorded with its reason, no alert; another path is told" {
	run_container allowed $BUSYBOX
	run_container not-allowed $BUSYBOX
	drop allowed /opt/plugins/a
	drop allowed /opt/other
	drop not-allowed /opt/plugins/a
	sync_agent
	expect_alert drift. allowed '.file.path == "/opt/other"'
	expect_alert drift. allowed
	[ "$(events_allowed allowed drift.exec.new 'signed plugins')" -eq 1 ]
	expect_alert drift. not-allowed '.file.path == "/opt/plugins/a"'
}

@test "allow, by path" {
	inside allowed $TOOLS/act write /data/01
	inside allowed $TOOLS/act write /data/02
	sync_agent
	expect_alert -n 0 mutation.file allowed '.file.path == "/data/01"'
	expect_alert mutation.file allowed '.file.path == "/data/02"'
	[ "$(events_allowed allowed mutation.file 'a counter')" -ge 1 ]
}

@test "a waiver in force, and one that ended" {
	run_container waived $BUSYBOX
	run_container ended $BUSYBOX
	drop waived /opt/x
	drop ended /opt/x
	sync_agent
	expect_alert -n 0 drift. waived
	[ "$(events_allowed waived drift.exec.new OPS-1234)" -eq 1 ]
	expect_alert drift.exec.new ended '.file.path == "/opt/x"'
	[ "$(events_allowed ended drift.exec.new OPS-1)" -eq 0 ]
}

# ---- secrets ----

secrets=(Aigh7aeb Boo9shee Cah2fohx Dei8quah Eeng4uph Fie3shoo Gah6ieph Ooz5mahv)

# no_secret WHAT FILE...
no_secret() {
	local what=$1 secret
	shift
	for secret in "${secrets[@]}"; do
		! grep -qaF -e "$secret" "$@" || fail "$what holds $secret: $(grep -aoFm3 -e "$secret" "$@")" \
			"$(grep -aoE ".{60}$secret" "$@" | head -n 3)"
	done
}

@test "secrets on a command line are in no output and no recording" {
	local secret
	run_container secretive $BUSYBOX -e "IMAGE_TOKEN=${secrets[6]}"
	inside secretive sh -c "cp $TOOLS/act /opt/x && /opt/x true plain-word --colour=always --password=${secrets[0]} \
		--password ${secrets[1]} MY_TOKEN=${secrets[2]} https://user:${secrets[3]}@host.example/path \
		-H 'Authorization: Bearer ${secrets[4]}' --pin=${secrets[5]} && exec env DB_PASSWORD=${secrets[7]} true"
	inside -e "API_KEY=${secrets[6]}" secretive $TOOLS/act write /data/01
	sync_agent
	expect_alert drift.exec.new secretive '.process.args | index("plain-word") and index("--colour=always") and
		index("--password=***") and index("MY_TOKEN=***")' '.process.args | any(test("^https://.*host.example/path$"))'
	no_secret "the alerts" "$D/alerts.json" "$D/second.json"
	no_secret "the text" "$D/agent.log"
	no_secret "the recording" "$D/records"
	grep -qaF plain-word "$D/records"
	timeout 20 "$PLM" replay "$D/records" >"$D/replayed.json" 2>"$D/replay.log" || fail "$(cat "$D/replay.log")"
	grep -qF plain-word "$D/replayed.json"
	no_secret "the replay" "$D/replayed.json" "$D/replay.log"
}

# ---- outputs and reloading ----

@test "the file's own output holds what the command line's does" {
	local lines
	sync_agent
	lines=$(wc -l <"$D/second.json")
	[ "$lines" -gt 10 ]
	diff <(head -n "$lines" "$D/alerts.json" | jq -r .event.id) <(head -n "$lines" "$D/second.json" | jq -r .event.id)
}

@test "SIGHUP: a new policy changes what is told; a broken one is refused and the old one stays" {
	local before
	run_container reloaded $BUSYBOX
	create reloaded /etc/plm/1
	create reloaded /data/empty/01/1
	sync_agent
	before=$(reloads)
	policy_write 'writable: ["/twice/**"]'
	kill -HUP "$(<"$D/agent.pid")"
	wait_line 10 "$(<"$D/agent.pid")" "$D/agent.log" 'policy\.yaml:[0-9]+:[0-9]+: '
	wait_line 10 "$(<"$D/agent.pid")" "$D/agent.log" '^plimsoll: .*refused.*old'
	create reloaded /data/empty/01/2
	sync_agent
	[ "$(reloads)" -eq "$before" ]
	expect_alert mutation.file reloaded '.file.path == "/etc/plm/1"'
	expect_alert mutation.file reloaded
	policy_write
	sed -i -e 's|^writable:.*|writable: ["/etc/plm/**"]|' -e 's|"--pin=\*"|"--pin=*", "--puk=*"|' "$D/policy.yaml"
	kill -HUP "$(<"$D/agent.pid")"
	wait_for 10 eval '[ "$(reloads)" -gt '"$before"' ]'
	# What the old one's exceptions let through is told as it goes: the waiver that ended never did.
	jq -es '[.[] | select(.plimsoll.state.kind == "exception") | .message]
		| any(test("allow of line [0-9]+ \\(signed plugins\\) matched [1-9]")) and any(test("\\(OPS-1\\) never matched"))' \
		"$D/alerts.json" >/dev/null
	create reloaded /etc/plm/2
	create reloaded /data/empty/01/3
	inside reloaded sh -c "cp $TOOLS/act /tmp/x; /tmp/x true --puk=Uph7eiqu"
	sync_agent
	expect_alert mutation.file reloaded '.file.path == "/data/empty/01/3"'
	expect_alert mutation.file reloaded '.file.path == "/tmp/x"'
	expect_alert -n 3 mutation.file reloaded
	expect_alert drift.exec.new reloaded '.process.args == ["/tmp/x", "true", "--puk=***"]'
	! grep -qaF Uph7eiqu "$D/alerts.json" "$D/records" "$D/agent.log" || fail "it is there"
}

# ---- folding ----

@test "a higher severity is told at once, a lower one is folded" {
	run_container rising $BUSYBOX
	inside rising sh -c "chmod 0700 $TOOLS/script; chmod 0755 $TOOLS/script"
	sync_agent
	expect_alert mutation.file rising '.plimsoll.severity == "low"'
	inside rising $TOOLS/act write $TOOLS/script
	sync_agent
	expect_alert mutation.file rising '.plimsoll.severity == "high"'
	inside rising chmod 0711 $TOOLS/script
	sync_agent
	expect_alert -n 2 mutation.file rising ".file.path == \"$TOOLS/script\""
}

@test "the same finding 50 times is told once, and at the end once more with the count" {
	run_container folded $BUSYBOX
	inside folded sh -c "cp $TOOLS/act /opt/x; i=0; while [ \$i -lt 50 ]; do /opt/x true; i=\$((i + 1)); done"
	sync_agent
	expect_alert drift.exec.new folded
	jq -e '.containers[] | select(.container.name == "folded") | .plimsoll.findings.critical == 50' "$D/ps.json"
	stop_agent || [ $? -eq 127 ] # its status is setup_file's to ask
	jq -es '.[-1].plimsoll.state.kind == "stop"' "$D/alerts.json" >/dev/null
	expect_alert drift.exec.new folded '.event.action == "repeat"' '.plimsoll.fold.count == 49' \
		'.plimsoll.fold.first_seen < .plimsoll.fold.last_seen' '.plimsoll.severity == "critical"' \
		'.file.path == "/opt/x"'
	expect_alert -n 2 drift.exec.new folded
	[ "$(alerts folded 'select(.rule.id == "drift.exec.new") | .plimsoll.fold.id' | sort -u | wc -l)" -eq 1 ]
}

@test "twin: what came once has no repeat" {
	expect_alert drift.exec.new ended
	expect_alert drift. allowed
}
