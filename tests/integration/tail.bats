# SPDX-License-Identifier: Apache-2.0
# What the agent keeps of what it told, and `plimsoll tail`: past and live, alone and a hundred at once.
load lib

setup_file() {
	suite_start
	chmod 0755 "$D"
	start_agent
	run_container tail-box $BUSYBOX
	news tail-box first 3
	sync_agent
}

teardown_file() { suite_end; }

teardown() {
	local pid
	for pid in "$D"/follow.*.pid; do [ ! -e "$pid" ] || kill -KILL "$(<"$pid")" 2>/dev/null || :; done
	rm -f "$D"/follow.*
	[ ! -S "$D/tmux.sock" ] || tmux -S "$D/tmux.sock" kill-server || :
}

# news CONTAINER NAME COUNT [WORD]: so many programs that the image lacks are executed there, each a finding of its own;
# WORD is their argument.
news() {
	inside "$1" sh -c 'i=0; while [ $i -lt $2 ]; do cp '$TOOLS/act' "/opt/$1-$i"; "/opt/$1-$i" true $3 || exit; i=$((i + 1)); done' \
		sh "$2" "$3" "${4:-}"
}

plm_tail() { timeout "${TAIL_SECONDS:-30}" "$PLM" tail --state-dir "$D/state" --runtime-dir "$D/control" "$@"; }

# follower NAME OPTION...: `tail -f --json` in the background, in a session of its own (a stopped process among ours would have
# the kernel hang up on all of them); its lines are in $D/follow.NAME.
follower() {
	local name=$1
	shift
	setsid "$PLM" tail -f --json --state-dir "$D/state" --runtime-dir "$D/control" "$@" >"$D/follow.$name" \
		2>"$D/follow.$name.err" 3>&- &
	echo $! >"$D/follow.$name.pid"
}

# followers_show COUNT TEXT: all of them do. With -n 1 a line of the past shows that it follows.
followers_show() { [ "$(grep -lF "$2" "$D"/follow.* | grep -c '[0-9a-z]$')" -ge "$1" ]; }
following() { wait_for 60 followers_show "$1" '@timestamp'; }

# marked FILE NAME: it has the finding of that program.
marker() { echo "\"rule\":{\"id\":\"drift.exec.new\".*\"file\":{\"path\":\"/opt/$1-0\""; }
marked() { wait_line 30 $$ "$1" "$(marker "$2")"; }
until_marker() { sed "/$(marker "$2" | sed 's|/|\\/|g')/q" "$1"; }

@test "past: every line that was told, as it was told, in its order" {
	cp "$D/alerts.json" "$D/told"
	plm_tail --json --since 1d >"$D/tail"
	[ "$(wc -l <"$D/told")" -gt 5 ]
	cmp -n "$(stat -c %s "$D/told")" "$D/told" "$D/tail"
}

@test "past: the last ten, or so many as asked for, without an agent's help" {
	local all
	all=$(plm_tail --json --since 1d --rule 'drift.*' --container tail-box | wc -l)
	[ "$all" -eq 3 ]
	[ "$(plm_tail --json --runtime-dir /nonexistent | wc -l)" -eq 10 ] || [ "$(wc -l <"$D/alerts.json")" -lt 10 ]
	[ "$(plm_tail --json -n 2 | wc -l)" -eq 2 ]
	[ "$(plm_tail --json -n 2 --rule 'drift.*' --container tail-box | jq -r .file.path)" = $'/opt/first-1\n/opt/first-2' ]
	[ "$(plm_tail --json -n 0 | wc -l)" -eq 0 ]
	[ "$(plm_tail --json --since 1d --until 2020-01-01 | wc -l)" -eq 0 ]
}

# tails COUNT OPTION...: so many lines of tail-box fit.
tails() {
	local count=$1 got
	shift
	got=$(plm_tail --json --since 1d "$@" | jq -c 'select(.container.name == "tail-box" and .rule.id == "drift.exec.new")' | wc -l)
	[ "$got" -eq "$count" ] || fail "$*: $got, not $count"
}

@test "patterns, severity and expressions pick, and their twins do not" {
	local id
	id=$(jq -r 'select(.container.name == "tail-box") | .container.id' "$D/alerts.json" | head -n 1)
	tails 3 --container 'tail-*'
	tails 3 --container "${id:0:12}"
	tails 0 --container 'tail'
	tails 3 --image "$BUSYBOX" --severity critical
	tails 0 --image "$BUSYBOX:1"
	tails 3 --rule 'drift.*'
	tails 0 --rule 'root.*'
	tails 0 --namespace '**'
	tails 3 --filter 'process.user.id == 0 and file.path =~ "/opt/*"'
	tails 0 --filter 'process.user.id == 1000 and file.path =~ "/opt/*"'
	tails 1 --filter "file.path in ('/opt/first-1', '/x') and not plimsoll.allowed"
	plm_tail --since 1d --severity low --json | jq -es 'length > 0 and all(.[]; .plimsoll.severity != "info")'
}

@test "text is what run shows of the same alert" {
	plm_tail --since 1d --rule drift.exec.new --container tail-box >"$D/text"
	[ "$(wc -l <"$D/text")" -eq 3 ]
	grep -qE '^[0-9:.]{12} CRITICAL drift\.exec\.new +tail-box \('$BUSYBOX:$TAG'\) .*/opt/first-0.* pid=[0-9]+ user=0' "$D/text" ||
		fail "$(cat "$D/text")"
}

@test "names cannot steer the terminal" {
	inside tail-box sh -c "n=\$(printf '/opt/a\\033[2J\\nb'); cp $TOOLS/act \"\$n\" && \"\$n\" true"
	sync_agent
	plm_tail --since 1d --rule drift.exec.new --container tail-box -n 1 >"$D/text"
	grep -qF '/opt/a\x1b[2J\nb' "$D/text" || fail "$(cat -v "$D/text")"
	! LC_ALL=C grep -q $'[\x01-\x09\x0b-\x1f]' "$D/text" || fail "it is there"
}

@test "what is wrong is said in one line, with a caret under the place" {
	run -2 --separate-stderr plm_tail --filter 'process.user.id = 0'
	[ "$stderr" = $'plimsoll: --filter: \'=\' is written \'==\' here\nprocess.user.id = 0\n                ^' ] || fail "$stderr"
	run -2 --separate-stderr plm_tail --filter "$(printf '(%.0s' {1..100000})"
	[ "$stderr" = "plimsoll: --filter: the expression is longer than 64 KiB" ] || fail "$stderr"
	run -2 --separate-stderr plm_tail --since 2026-02-30
	[[ $stderr == *"'2026-02-30'"*calendar* ]]
	run -2 --separate-stderr plm_tail --severity hgih
	[[ $stderr == *"did you mean high?" ]]
	run -2 --separate-stderr plm_tail --since soon
	run -2 --separate-stderr plm_tail -n -1
	run -2 --separate-stderr plm_tail --rule ''
	run -2 --separate-stderr plm_tail here
	run -3 --separate-stderr plm_tail -f --runtime-dir "$D/nobody"
	[[ $stderr == "plimsoll: no agent runs on "* ]]
	run -3 --separate-stderr plm_tail --state-dir "$D/nobody"
	[[ $stderr == "plimsoll: no alerts are kept in "* ]]
	[ -z "$output" ]
}

@test "past and live: five followers, no seam and no repeat, while a container goes on" {
	local i
	run_container tail-busy $BUSYBOX
	news tail-busy seam 150 &
	for i in 1 2 3 4 5; do
		follower "$i" --since 1d
		wait_line 30 $$ "$D/alerts.json" "/opt/seam-$((i * 20))\""
	done
	wait %1 || wait
	news tail-busy marker 1
	for i in 1 2 3 4 5; do marked "$D/follow.$i" marker; done
	[ "$(until_marker "$D/alerts.json" marker | grep -c '"path":"/opt/seam-')" -ge 150 ]
	for i in 1 2 3 4 5; do
		diff <(until_marker "$D/alerts.json" marker) <(until_marker "$D/follow.$i" marker) >"$D/follow.diff" ||
			fail "follower $i:" "$(head -c 1000 "$D/follow.diff")"
	done
}

@test "live alone shows nothing of before" {
	local i=0
	follower live --container tail-box
	follower all
	wait_for 20 eval 'news tail-box live-$((i++)) 1; followers_show 2 /opt/live-'
	[ "$(head -n 1 "$D/follow.live" | jq -r .container.name)" = tail-box ]
	! grep -q '/opt/first-' "$D/follow.live" "$D/follow.all" || fail "it is there"
	plm_tail -f --until 2020-01-01 --json >"$D/told" # its end has come
	[ ! -s "$D/told" ]
}

@test "who reads may end first" {
	TAIL_SECONDS=20 plm_tail -f --since 1d | head -n 1 >"$D/told"
	[ "${PIPESTATUS[0]}" -eq 0 ]
	[ -s "$D/told" ]
	plm_tail --since 1d --json 2>"$D/told.err" | true
	[ ! -s "$D/told.err" ] || fail "$(cat "$D/told.err")"
}

@test "one that never reads is cut off, and one beside it misses nothing" {
	follower deaf -n 1
	follower reader -n 1
	following 2
	kill -STOP "$(<"$D/follow.deaf.pid")"
	news tail-box deaf 350 "$(printf 'x%.0s' {1..3900})"
	wait_line 20 $$ "$D/alerts.json" 'followed alerts and were cut off'
	news tail-box beside 1
	marked "$D/follow.reader" beside
	[ "$(grep -c '"rule":{"id":"drift.exec.new".*"path":"/opt/deaf-' "$D/follow.reader")" -eq 350 ]
	kill -CONT "$(<"$D/follow.deaf.pid")"
	wait_line 20 $$ "$D/follow.deaf.err" 'cut this reader off'
	sync_agent
}

@test "a hundred at once, and still an answer for who asks" {
	local i
	for i in {1..100}; do follower "$i" -n 1; done
	following 100
	news tail-box hundred 1
	wait_for 30 followers_show 100 '"path":"/opt/hundred-0"'
	timeout 10 "$PLM" ps --runtime-dir "$D/control" | grep -q tail-box
	run -3 --separate-stderr plm_tail -f
	[[ $stderr == "plimsoll: the agent on "*"too many at once"* ]] || fail "$stderr"
}

# pane REGEX: the terminal shows it.
pane() { tmux -S "$D/tmux.sock" capture-pane -p | grep -qE -- "$1"; }

@test "on a terminal: in colour, as wide as it is, until Ctrl-C" {
	TERM=screen-256color tmux -S "$D/tmux.sock" -f /dev/null new-session -d -x 100 -y 24 \
		"trap : INT; \"$PLM\" tail -f -n 1 --container tail-box --state-dir \"$D/state\" --runtime-dir \"$D/control\"; echo ended \$?; exec cat"
	wait_for 20 pane 'tail-box \('
	news tail-box screen 1
	wait_for 20 pane '^[0-9:.]{12} CRITICAL drift\.exec\.new +tail-box '
	tmux -S "$D/tmux.sock" capture-pane -pe | grep -q $'\e\\[.*41mCRITICAL' || fail "$(tmux -S "$D/tmux.sock" capture-pane -pe | cat -v)"
	tmux -S "$D/tmux.sock" resize-window -x 60 -y 20
	news tail-box resized 1
	wait_for 20 pane '^[0-9:.]{12} CRITICAL drift\.exec\.new +tail-box '
	[ "$(tmux -S "$D/tmux.sock" display -p '#{pane_width}')" -eq 60 ]
	wait_for 20 eval 'tmux -S "$D/tmux.sock" capture-pane -pJ | grep -q /opt/resized-0'
	tmux -S "$D/tmux.sock" send-keys C-c
	wait_for 20 pane '^(\^C)?ended 130'
	! pane 'plimsoll: ' || fail "it is there"
}

@test "the group that the configuration names may follow and read, and nobody else" {
	local within=(setpriv --reuid 65534 --regid 4711 --clear-groups)
	stop_agent || [ $? -eq 127 ] # it is not this shell's child
	echo 'group: "4711"' >"$D/group.yaml"
	start_agent --config "$D/group.yaml"
	TAIL_SECONDS=20 "${within[@]}" "$PLM" tail --json --since 1d --state-dir "$D/state" --rule 'drift.*' | grep -q /opt/first-0
	"${within[@]}" timeout 20 "$PLM" ps --runtime-dir "$D/control" | grep -q tail-box
	"${within[@]}" timeout 20 "$PLM" tail -f -n 1 --json --state-dir "$D/state" --runtime-dir "$D/control" | head -n 1 | jq -e .event.id
	within[4]=4712
	run -3 --separate-stderr "${within[@]}" timeout 20 "$PLM" tail --state-dir "$D/state"
	[[ $stderr == "plimsoll: only root, and the group"* ]] || fail "$stderr"
	run -3 --separate-stderr "${within[@]}" timeout 20 "$PLM" tail -f --state-dir "$D/state" --runtime-dir "$D/control"
	[[ $stderr == "plimsoll: only root, and the group"* ]] || fail "$stderr"
	[ "$(stat -c %a "$D/state/state.db")" = 600 ]
	echo '{}' >"$D/group.yaml"
	kill -HUP "$(<"$D/agent.pid")"
	wait_line 10 "$(<"$D/agent.pid")" "$D/agent.log" '^plimsoll: reloaded'
	within[4]=4711
	run -3 "${within[@]}" timeout 20 "$PLM" tail --state-dir "$D/state"
	run -3 "${within[@]}" timeout 20 "$PLM" ps --runtime-dir "$D/control"
	stop_agent
}

@test "killed and started again: what was told before is there, once, and what is told after" {
	stop_agent || [ $? -eq 127 ]
	start_agent
	follower killed --since 1d
	wait_line 60 $$ "$D/follow.killed" '@timestamp'
	news tail-box before 20
	sync_agent
	kill -KILL "$(<"$D/agent.pid")"
	wait_line 20 $$ "$D/follow.killed.err" '^plimsoll: the agent on .* ended'
	end_process agent 5 || :
	start_agent
	news tail-box after 20
	sync_agent
	plm_tail --json --since 1d >"$D/tail"
	[ -z "$(jq -r .event.id "$D/tail" | sort | uniq -d)" ]
	[ "$(grep -c '"rule":{"id":"drift.exec.new".*"path":"/opt/before-' "$D/tail")" -eq 20 ]
	[ "$(grep -c '"rule":{"id":"drift.exec.new".*"path":"/opt/after-' "$D/tail")" -eq 20 ]
	[ "$(grep -c '"rule":{"id":"drift.exec.new".*"path":"/opt/before-' "$D/follow.killed")" -eq 20 ]
	stop_agent
}
