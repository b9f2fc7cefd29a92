# SPDX-License-Identifier: Apache-2.0
# plimsoll show: an alert and all that belongs to it, with a real agent and real containers.
load lib

setup_file() {
	suite_start
	start_agent
}

teardown_file() {
	[ ! -S "$D/tmux.sock" ] || tmux -S "$D/tmux.sock" kill-server || :
	suite_end
}

# on_a_terminal COMMAND...: util-linux's script gives it a terminal; what it writes is dropped.
on_a_terminal() {
	timeout 30 script -qec "$(printf '%q ' "$@")" /dev/null </dev/null >/dev/null
}

show() { timeout 30 "$PLM" show --state-dir "$D/state" --runtime-dir "$D/control" "$@"; }

# id_of CONTAINER [JQ CONDITION]: the event.id of its first such alert that corrects no other.
id_of() { alerts_told "$1" "select(.plimsoll.corrects | not) | select(${2:-true}) | .event.id" | head -n 1 | tr -d '"'; }

# told_end CONTAINER: the agent said that a session of it ended.
told_end() { jq -es --arg c "$1" 'any(.[]; .container.name == $c and .event.action == "session-end")' "$D/alerts.json" >/dev/null; }

# expect JQ CONDITION: of $D/shown.json.
expect() { jq -e "$1" "$D/shown.json" >/dev/null || fail "not so: $1" "$(jq . "$D/shown.json")"; }

@test "an interactive session is one story, with its end" {
	local session
	mkdir "$D/signal"
	mkfifo "$D/signal/go"
	run_container show-typed $BUSYBOX -v "$D/signal:/signal:ro"
	on_a_terminal docker -H "unix://$D/docker.sock" exec -it -e KUBERNETES_EXEC_AUDIT_ID=6f1c2d9e-0b7a-4c55-9d1e-2a3b4c5d6e7f \
		show-typed sh -c 'cp '$TOOLS/act' /opt/evil; read line </signal/go; /opt/evil true; echo done >/etc/plm/mark; sh -c "exit 0"' 3>&- &
	session=$!
	wait_for 20 eval '[ -n "$(id_of show-typed ".file.path == \"/opt/evil\"")" ]' # told when it has settled: so it has a digest
	echo go >"$D/signal/go"
	wait $session
	sync_agent
	wait_for 10 told_end show-typed
	show --json "$(id_of show-typed '.rule.id == "drift.exec.new"')" >"$D/shown.json"
	expect '.alert.rule.id == "drift.exec.new" and .alert.process.executable == "/opt/evil"'
	expect '.alert.plimsoll.audit_id == "6f1c2d9e-0b7a-4c55-9d1e-2a3b4c5d6e7f"'
	expect '.session.plimsoll.audit_id == "6f1c2d9e-0b7a-4c55-9d1e-2a3b4c5d6e7f"'
	expect '.session.state == "ended" and .session.ended > .session.began and .session.duration > 0'
	expect '.session.process | .args[0:2] == ["sh", "-c"] and .user.id == "0" and .tty.char_device.major == 136'
	expect '.session.ran | any(.process.executable == "/opt/evil" and .process.args == ["/opt/evil", "true"])'
	expect '.session.changed | any(.file.path == "/opt/evil") and any(.file.path == "/etc/plm/mark")'
	expect '.tree[0].process.entity_id == .session.process.entity_id'
	expect '.tree[-1].process | .executable == "/opt/evil" and .args == ["/opt/evil", "true"]'
	expect '.tree[0].wrote | any(.file.path == "/etc/plm/mark")'
	expect '.file.plimsoll.verdict == "added" and .file.plimsoll.writer.session == .alert.plimsoll.session'
	expect '(.file.file.hash.sha256 | length) == 64'
	expect '[.around[].alert.rule.id] | index("session.exec") and index("mutation.file")'
}

@test "twin: without the audit id there is none, and nothing else of the session is less" {
	run_container show-plain $BUSYBOX
	on_a_terminal docker -H "unix://$D/docker.sock" exec -it -e OTHER_AUDIT_ID=x show-plain sh -c "cp $TOOLS/act /opt/evil"
	sync_agent
	wait_for 10 told_end show-plain
	show --json "$(id_of show-plain '.rule.id == "session.exec"')" >"$D/shown.json"
	expect '[.. | .audit_id? | select(.)] == []'
	expect '.session.state == "ended" and (.session.changed | any(.file.path == "/opt/evil"))'
	expect '.tree | length == 1'
}

@test "a session that goes on is said to, and one that ends with its container to end" {
	run_container show-open $BUSYBOX
	docker exec -d -e KUBERNETES_EXEC_AUDIT_ID='no id' show-open sh -c "cp $TOOLS/act /opt/evil; exec /opt/evil pause"
	wait_for 20 eval 'sync_agent; [ -n "$(id_of show-open ".rule.id == \"drift.exec.new\"")" ]'
	show --json "$(id_of show-open '.rule.id == "drift.exec.new"')" >"$D/shown.json"
	expect '.session.state == "open" and (.session | has("ended") | not)'
	expect '.session.plimsoll | has("audit_id") | not'
	docker kill show-open
	wait_for 20 told_end show-open
	show --json "$(id_of show-open '.rule.id == "drift.exec.new"')" >"$D/shown.json"
	expect '.session.state == "ended"'
}

@test "a session goes on to be watched by the next agent" {
	run_container show-across $BUSYBOX
	docker exec -d -e KUBERNETES_EXEC_AUDIT_ID=across show-across sh -c "cp $TOOLS/act /opt/evil; exec /opt/evil pause"
	wait_for 20 eval 'sync_agent; [ -n "$(id_of show-across ".rule.id == \"drift.exec.new\"")" ]'
	wait_for 10 grep -q across "$D/state/sessions.json"
	stop_agent || [ $? -eq 127 ] # it is not this shell's child
	start_agent
	show --json "$(id_of show-across '.rule.id == "drift.exec.new"')" >"$D/shown.json"
	expect '.session.state == "open" and .session.plimsoll.audit_id == "across"'
	docker kill show-across
	wait_for 20 told_end show-across
	show --json "$(id_of show-across '.rule.id == "drift.exec.new"')" >"$D/shown.json"
	expect '.session.state == "ended"'
	stop_agent
}

@test "one that ended while no agent ran is not said to end" {
	local id
	start_agent
	run_container show-lost $BUSYBOX
	docker exec -d show-lost sh -c "cp $TOOLS/act /opt/evil; exec /opt/evil pause"
	wait_for 20 eval 'sync_agent; [ -n "$(id_of show-lost ".rule.id == \"drift.exec.new\"")" ]'
	id=$(id_of show-lost '.rule.id == "drift.exec.new"')
	stop_agent
	docker kill show-lost
	start_agent
	sync_agent
	show --json "$id" >"$D/shown.json"
	expect '.session.state == "unwatched" and (.session | has("ended") | not)'
	stop_agent
}

@test "a container's own drift: the processes from its entry point down, and no session" {
	start_agent
	run_container show-own $BUSYBOX -- sh -c 'sh -c "cp '$TOOLS/act' /opt/own; /opt/own true --password=hunter2; :"; exec '$TOOLS'/act pause'
	sync_agent
	show --json "$(id_of show-own '.rule.id == "drift.exec.new"')" >"$D/shown.json"
	expect 'has("session") | not'
	expect '[.tree[].process.args[0]] == ["sh", "sh", "/opt/own"]'
	expect 'all(.tree[].process; .user.id == "0" and (.start | length) == 30)'
	expect '.tree[0] | has("gap") | not'
	show "$(id_of show-own '.rule.id == "drift.exec.new"')" >"$D/shown.txt"
	grep -q '^Processes, from the container' "$D/shown.txt"
	! grep -q '^Exec session' "$D/shown.txt" || fail "it is there"
	stop_agent
}

@test "what is blanked in an alert is blanked in the tree" {
	! grep -rqF hunter2 "$D/shown.json" "$D/shown.txt" "$D/alerts.json" || fail "a secret was told"
	expect '.tree[1].process.args[2] | contains("--password=***")'
	grep -qF -- '--password=***' "$D/shown.txt"
	run ! grep -rqF hunter2 "$D/state"
}

@test "an alert by a part of its id, and from standard input" {
	local id=$(id_of show-own '.rule.id == "drift.exec.new"') digits=31
	show "$id" >"$D/whole.txt"
	show "${id:0:24}" | diff <(grep -v ' ago' "$D/whole.txt") <(grep -v ' ago' -)
	alerts_told show-own "select(.event.id == \"$id\")" | show - | diff <(grep -v ' ago' "$D/whole.txt") <(grep -v ' ago' -)
	alerts_told show-own "select(.event.id == \"$id\")" | timeout 30 "$PLM" show --state-dir "$D/none" - >"$D/alone.txt"
	grep -q '/opt/own' "$D/alone.txt"
	run -1 --separate-stderr show ffffffff
	[[ $stderr == "plimsoll: no alert in "* ]] && [ "${#stderr_lines[@]}" -eq 1 ] || fail "$stderr"
	while [ "$(jq -r .event.id "$D/alerts.json" | grep -c "^${id:0:digits}")" -lt 2 ]; do digits=$((digits - 1)); done
	run -1 --separate-stderr show "${id:0:digits}" # what the fewest share: of many only some are shown
	[ "${#stderr_lines[@]}" -eq 1 ] && grep -q "^$id  " <<<"$output" || fail "$stderr" "$output"
	run -2 --separate-stderr show "${id:0:7}"
	run -2 --separate-stderr show ../../../etc
	run -2 --separate-stderr show
	run -2 --separate-stderr show - <<<'{"message": "no alert"}'
	run -2 --separate-stderr show - <<<'nothing'
}

# pane REGEX: the terminal shows it.
pane() { tmux -S "$D/tmux.sock" capture-pane -p -S - | grep -qE -- "$1"; }

@test "on a terminal of 80 columns: in colour, and no line is cut" {
	local id=$(id_of show-typed '.rule.id == "drift.exec.new"')
	TERM=screen-256color tmux -S "$D/tmux.sock" -f /dev/null new-session -d -x 80 -y 200 \
		"\"$PLM\" show --state-dir \"$D/state\" --runtime-dir \"$D/control\" $id; echo ended \$?; exec cat"
	wait_for 20 pane '^ended 0'
	tmux -S "$D/tmux.sock" capture-pane -p >"$D/pane"
	tmux -S "$D/tmux.sock" capture-pane -pJ >"$D/joined" # as the program wrote it: what the terminal itself broke is one line
	[ "$(wc -L <"$D/joined")" -le 80 ] || fail "$(cat "$D/joined")"
	tmux -S "$D/tmux.sock" capture-pane -pe | grep -q $'\e\\[.*31m.*critical'
	grep -q '^Exec session' "$D/pane"
	grep -q '^  audit id    6f1c2d9e-0b7a-4c55-9d1e-2a3b4c5d6e7f' "$D/pane"
	grep -qE '^  until       20[0-9-]+ [0-9:]{8} UTC, after ' "$D/pane"
	grep -q '^> ' "$D/pane"
	cat "$D/pane" >&2
}
