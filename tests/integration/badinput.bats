# SPDX-License-Identifier: Apache-2.0
# What goes wrong around the agent: one clear line, the right exit status, and it goes on watching where it can.
load lib

setup_file() { suite_start; }

teardown_file() { suite_end; }

teardown() {
	end_process agent 10 || :
	end_process liar 5 || :
	! mountpoint -q "$D/tiny" || umount -l "$D/tiny"
	rm -f "$D/alerts.json"
}

# refused STATUSES REGEX OPTION...: `run` ends with one of those, says what REGEX asks for, and nothing but such lines.
# What is in the array `within` goes before the command.
within=()
refused() {
	local statuses=$1 regex=$2
	shift 2
	local -a options
	mapfile -t options < <(agent_options)
	run --separate-stderr timeout 20 "${within[@]}" "$PLM" run "${options[@]}" "$@"
	[[ $status == $statuses ]] || fail "exit status $status, expected $statuses: $stderr"
	[ -z "$output" ] || fail "on standard output: $output"
	grep -qE "$regex" <<<"$stderr" || fail "expected $regex, got: $stderr"
	! grep -qvE '^(plimsoll: |[^ ]+:[0-9]+:[0-9]+: )' <<<"$stderr" || fail "$stderr"
}

# It sees and tells a new program in a new container.
expect_watching() {
	run_container "$1" $BUSYBOX
	inside "$1" sh -c "cp $TOOLS/act /opt/new && /opt/new true"
	sync_agent
}

# told_new: a program at /opt/new was told, whoever it was. Not the last line's status, as jq -e alone gives.
told_new() {
	jq -es 'any(.[]; .rule.id == "drift.exec.new" and .file.path == "/opt/new")' "$D/alerts.json" >/dev/null
}

@test "not root" {
	run -3 --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups timeout 20 "$PLM" run --state-dir /tmp --runtime-dir /tmp
	[[ $stderr == "plimsoll: "* ]]
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
}

# impossible REGEX: `run` says so in one line and exits 3, and `check` exits 1; both as `within` has it.
impossible() {
	refused 3 "$1"
	[ "$(wc -l <<<"$stderr")" -eq 1 ] || fail "$stderr"
	[ ! -s "$D/alerts.json" ] || jq -es 'all(.[]; .event.kind != "alert")' "$D/alerts.json"
	run -1 timeout 20 "${within[@]}" "$PLM" check
}

@test "no BTF" {
	mkdir -p "$D/nothing"
	within=(unshare -m sh -c 'mount --bind "$0" /sys/kernel/btf && exec "$@"' "$D/nothing")
	impossible 'BTF'
}

@test "bpf(2) is refused" {
	within=(setpriv --bounding-set -bpf,-perfmon,-sys_admin)
	impossible '(refuse|permit|privilege|CAP_)'
}

@test "twin: check, where nothing is missing" {
	run -0 timeout 20 "$PLM" check
}

@test "unknown options and commands" {
	run -2 --separate-stderr timeout 20 "$PLM" run --no-such-option
	[[ $stderr == "plimsoll: "* ]]
	run -2 --separate-stderr timeout 20 "$PLM" no-such-command
	[[ $stderr == "plimsoll: "* ]]
}

@test "a policy with errors" {
	printf 'writable: ["/tmp/**"]\nrules:\n  no.such.rule: {severity: loud}\n' >"$D/bad.yaml"
	refused 2 'bad\.yaml:3:[0-9]+: ' --config "$D/bad.yaml"
	run -1 timeout 20 "$PLM" policy check "$D/bad.yaml"
	[[ $output == *"bad.yaml:3:"* ]]
}

@test "a policy that is not there, or is a directory" {
	refused 2 'nowhere\.yaml' --config "$D/nowhere.yaml"
	refused 2 "$D" --config "$D"
}

@test "an output that cannot be written" {
	refused '[23]' 'no/such/dir' -o "json:$D/no/such/dir/alerts.json"
}

@test "directories that cannot be made" {
	: >"$D/a-file"
	refused 3 'a-file' --state-dir "$D/a-file/state"
	refused 3 'a-file' --runtime-dir "$D/a-file/control"
	mkdir -p "$D/tiny"
	mount -t tmpfs -o ro tmpfs "$D/tiny"
	refused 3 'tiny' --state-dir "$D/tiny/state"
	refused 3 'tiny' --runtime-dir "$D/tiny/control"
	refused '[23]' 'tiny' -o "json:$D/tiny/alerts.json"
	refused '[23]' 'tiny' --record "$D/tiny/records"
}

@test "an unknown output" {
	refused 2 'smoke-signals' -o smoke-signals
}

@test "no runtime's socket at all: containers are watched without a name" {
	start_agent --docker-socket "$D/none.sock" --containerd-socket "$D/none2.sock"
	expect_watching nameless
	told_new
	stop_agent
}

@test "a socket that never answers" {
	launch liar perl "$HERE/progs/liar.pl" "$D/hang.sock"
	wait_line 10 "$(<"$D/liar.pid")" "$D/liar.log" listening
	start_agent --docker-socket "$D/hang.sock"
	expect_watching hanging
	wait_for 20 told_new
	stop_agent
}

@test "a socket that answers rubbish" {
	launch liar perl "$HERE/progs/liar.pl" "$D/rubbish.sock" \
		$'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"Id": 7]'
	wait_line 10 "$(<"$D/liar.pid")" "$D/liar.log" listening
	start_agent --docker-socket "$D/rubbish.sock" --containerd-socket "$D/rubbish.sock"
	expect_watching rubbish
	wait_for 20 told_new
	stop_agent
}

@test "a socket that is a file" {
	echo '[]' >"$D/file.sock"
	start_agent --docker-socket "$D/file.sock" --containerd-socket "$D/file.sock"
	expect_watching file
	told_new
	stop_agent
}

@test "sockets that never answer: another runtime's containers are named and told within the resolver's patience" {
	launch liar perl "$HERE/progs/liar.pl" "$D/hang-too.sock"
	wait_line 10 "$(<"$D/liar.pid")" "$D/liar.log" listening
	agent_options() {
		printf '%s\n' --runc-root "$D/runc" --state-dir "$D/state" --runtime-dir "$D/control" -o "json:$D/alerts.json"
	}
	start_agent --docker-socket "$D/hang-too.sock" --containerd-socket "$D/hang-too.sock"
	runc_bundle prompt
	run_runc prompt
	runc exec prompt sh -c "cp $TOOLS/act /opt/new && /opt/new true" </dev/null
	wait_for 8 eval 'alerts prompt | grep -q drift.exec.new' ||
		fail "not told within eight seconds: $(cat "$D/alerts.json")"
	expect_alert drift.exec.new prompt '.container.runtime == "runc"' '.container.name == "prompt"'
	runc delete -f prompt
	stop_agent
}

@test "a disk that is full for a while: what was seen meanwhile is there once there is room" {
	local tiny=$D/tiny
	mkdir -p "$tiny"
	mount -t tmpfs -o size=256k tmpfs "$tiny"
	start_agent -o "json:$tiny/alerts.json"
	cat /dev/zero >"$tiny/filler" 2>/dev/null || :
	expect_watching while-full
	expect_alert drift.exec.new while-full
	wait_line 10 "$(<"$D/agent.pid")" "$D/agent.log" '^plimsoll: .*tiny/alerts.json'
	! grep -q drift.exec.new "$tiny/alerts.json" || fail "it is there"
	rm "$tiny/filler"
	wait_for 10 grep -q drift.exec.new "$tiny/alerts.json"
	inside while-full $TOOLS/act write /data/01
	sync_agent
	stop_agent
	diff <(jq -r .event.id "$D/alerts.json") <(jq -r .event.id "$tiny/alerts.json")
	expect_alert mutation.file while-full '.file.path == "/data/01"'
}

@test "a full disk: it goes on, says so, and tells the other output" {
	start_agent -o json:/dev/full
	expect_watching full
	expect_alert drift.exec.new full
	grep -q '^plimsoll: .*/dev/full' "$D/agent.log"
	stop_agent
}

@test "SIGHUP: a good policy is taken, a bad one refused and the old one kept" {
	printf 'writable: ["/tmp/**"]\n' >"$D/policy.yaml"
	start_agent --config "$D/policy.yaml"
	run_container reload $BUSYBOX
	printf 'writable: ["/data/**"]\n' >"$D/policy.yaml"
	kill -HUP "$(<"$D/agent.pid")"
	wait_for 10 eval 'jq -es "any(.[]; .plimsoll.state.kind == \"reload\")" "$D/alerts.json" >/dev/null'
	inside reload $TOOLS/act write /data/01
	printf 'writable: {}\nnonsense: 1\n' >"$D/policy.yaml"
	kill -HUP "$(<"$D/agent.pid")"
	wait_line 10 "$(<"$D/agent.pid")" "$D/agent.log" 'policy\.yaml:[12]:'
	inside reload $TOOLS/act write /data/02
	inside reload sh -c 'echo x >/etc/plm/app.conf'
	sync_agent
	expect_alert mutation.file reload '.file.path == "/etc/plm/app.conf"'
	stop_agent
}

@test "SIGHUP: output files are opened anew" {
	start_agent
	mv "$D/alerts.json" "$D/alerts.1"
	kill -HUP "$(<"$D/agent.pid")"
	wait_for 10 test -s "$D/alerts.json"
	expect_watching rotated
	expect_alert drift.exec.new rotated
	stop_agent
}

@test "SIGTERM: what the kernel had queued is told" {
	start_agent
	run_container drained $BUSYBOX
	inside drained sh -c "cp $TOOLS/act /opt/new && /opt/new true"
	stop_agent
	expect_alert drift.exec.new drained
}

@test "an agent that is started again knows its containers" {
	run_container back $BUSYBOX
	start_agent
	stop_agent
	start_agent
	inside back $TOOLS/act write /data/01
	sync_agent
	expect_alert mutation.file back ".container.image.name == \"$BUSYBOX\""
	stop_agent
}

@test "a second agent ends at once and disturbs nothing; after a killed one the next starts" {
	start_agent
	refused 3 'another agent'
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
	expect_watching undisturbed
	expect_alert drift.exec.new undisturbed
	jq -es 'map(select(.plimsoll.state.kind == "start")) | length == 1' "$D/alerts.json" >/dev/null
	kill -KILL "$(<"$D/agent.pid")"
	end_process agent 5 || :
	start_agent
	inside undisturbed $TOOLS/act write /data/01
	sync_agent
	expect_alert mutation.file undisturbed '.file.path == "/data/01"'
	stop_agent
}
