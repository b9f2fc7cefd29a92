# SPDX-License-Identifier: Apache-2.0
# An agent that comes after its containers, or comes again: it tells what is already so, misses no change that lasted,
# and says nothing twice.
load lib

setup_file() { suite_start debian containerd; }

teardown_file() { suite_end; }

teardown() {
	end_process agent 15 || :
	docker ps -aq | xargs -r docker -H "unix://$D/docker.sock" rm -f >/dev/null
	rm -rf "$D/state" "$D/control" "$D/alerts.json"
}

# Ends it as nobody should, and returns when it is gone.
kill_agent() {
	local pid
	pid=$(<"$D/agent.pid")
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null || :
	rm -f "$D/agent.pid"
}

# told CONTAINER CONDITION: by an alert, when all that was queued has been told.
told() {
	sync_agent
	[ -n "$(alerts "$1" "select($2)")" ]
}

# await CONTAINER CONDITION: an alert, which may come after `ready`.
await() { wait_for 30 told "$@" || fail "$1: nothing told with $2:" "$(alerts_shown "$1")"; }

# The numbers of `ps` for the container: seen, folded, lost, missed.
events() { jq -e --arg c "$1" ".containers[] | select(.container.name == \$c) | .plimsoll.events.$2" "$D/ps.json"; }

# expect_disk CONTAINER PATH ACTION: told from the disk, once, with the time of the change that the container's own stat
# shows (of a whiteout nothing shows it).
expect_disk() {
	expect_alert mutation.file "$1" ".file.path == \"$2\"" ".event.action == \"$3\"" '.plimsoll.backend == "disk"'
	[ "$3" = delete ] ||
		expect_alert mutation.file "$1" ".file.path == \"$2\"" \
			"(.[\"@timestamp\"][:19] + \"Z\" | fromdate) == $(inside "$1" stat -c %Z "$2")"
}

# expect_nothing_twice CONTAINER [RULE]: no two alerts of one rule about one file but repeats. A RULE that ends in "." is
# a family.
expect_nothing_twice() {
	local twice
	twice=$(alerts "$1" "select(.event.action != \"repeat\" and .file.path and (.rule.id |
			startswith(\"${2:-}\") and (startswith(\"session.\") | not)))" |
		jq -sc 'group_by([.rule.id, .container.id, .file.path])[] | select(length > 1) |
			[.[0].rule.id, .[0].file.path, map(.["@timestamp"])]')
	[ -z "$twice" ] || fail "told twice:" "$(head -n 10 <<<"$twice")"
}

# expect_all_told CONTAINER: of every file below its /data/w there is a line, its own or that of a roll-up above it.
expect_all_told() {
	alerts "$1" 'select(.rule.id == "mutation.file") | [.event.action == "repeat", .file.path]' >"$D/told.json"
	inside "$1" find /data/w -type f | sort >"$D/made"
	[ -s "$D/made" ]
	jq -rR --slurpfile told "$D/told.json" '. as $path | select(any($told[]; . as $line | $line[1] == $path or
		($line[0] and ($line[1] == "/" or ($path | startswith($line[1] + "/"))))) | not)' <"$D/made" >"$D/untold"
}

# pid_in CONTAINER COMMAND: as the host sees it.
pid_in() {
	docker top "$1" | awk -v command="$2" 'substr($0, length($0) - length(command) + 1) == command {
		print $2; found = 1} END {exit !found}'
}

# ---- what is already so ----

@test "files changed before the agent: each told, with the time of its change" {
	run_container changed $BUSYBOX -v named:/not/in/image
	inside changed sh -c 'echo x >>/data/01; rm /data/02; chmod 700 /data/03; echo x >/opt/made; touch /data/04
		echo x >/tmp/made; echo x >/not/in/image/made; mkdir -p /data/one/two; echo x >/data/one/two/three'
	wait_for 3 eval "[ \$(date +%s) -gt $(date +%s) ]" # the time of the change is not that of the agent's start
	start_agent
	await changed '.file.path == "/data/one/two/three"'
	expect_disk changed /data/01 modify
	expect_disk changed /data/02 delete
	expect_disk changed /data/03 metadata
	expect_disk changed /opt/made create
	expect_disk changed /data/one/two/three create
	expect_alert mutation.file changed '.file.path == "/data/03"' '.plimsoll.severity == "low"'
	expect_alert -n 0 mutation. changed '.file.path == "/data/04"' # copied up, and as the image has it
	expect_alert -n 0 mutation. changed '.file.path | startswith("/tmp") or startswith("/not") or startswith("/etc")'
	[ "$(events changed missed)" -ge 5 ] || fail "missed: $(events changed missed)"
	expect_nothing_twice changed
}

@test "twin: containers that changed nothing, of each runtime" {
	run_container untouched $BUSYBOX -v named:/srv/not/in/image --hostname other --tmpfs /scratch
	inside untouched sh -c 'echo x >/tmp/made; cat /data/01 >/dev/null'
	run_ctr untouched-ctr
	runc_bundle untouched-runc
	run_runc untouched-runc
	start_agent
	sync_agent
	expect_quiet untouched root.exec session.exec
	expect_quiet untouched-ctr root.exec
	expect_quiet untouched-runc root.exec
	[ "$(events untouched missed)" -eq 0 ]
	ctr tasks rm -f untouched-ctr && ctr containers rm untouched-ctr
	runc delete -f untouched-runc
}

@test "what runs before the agent: from the upper layer, from a file that is gone, as root; and twins" {
	run_container drifted $BUSYBOX
	inside drifted sh -c "cp $TOOLS/act /opt/stays && cp $TOOLS/act /opt/goes"
	docker exec -d drifted /opt/stays pause
	docker exec -d drifted /opt/goes pause
	wait_for 10 pid_in drifted '/opt/goes pause'
	inside drifted rm /opt/goes
	run_container rootless $BUSYBOX --user 1000:1000
	start_agent
	await drifted '.file.path == "/opt/stays" and .rule.id == "drift.exec.new"'
	expect_alert drift.exec.new drifted '.file.path == "/opt/stays"' \
		".process.pid == $(pid_in drifted '/opt/stays pause')"
	expect_alert drift.exec.memory drifted ".process.pid == $(pid_in drifted '/opt/goes pause')"
	expect_alert root.exec drifted ".process.pid == $(pid_in drifted "$TOOLS/act pause")"
	expect_quiet rootless
}

@test "there before the agent: copied up and run for a moment is no drift, written to and run is" {
	run_container copies $DEBIAN
	start_agent
	sync_agent
	kill -STOP "$(<"$D/agent.pid")" # so that all of them have ended when it looks
	inside copies sh -c 'for p in tac true id ls wc tr cut head tail nl; do chmod 0711 /usr/bin/$p; /usr/bin/$p --version; done' >/dev/null
	inside copies sh -c "cp $TOOLS/act /usr/bin/tee; /usr/bin/tee true"
	kill -CONT "$(<"$D/agent.pid")"
	sync_agent
	expect_alert -n 10 mutation.file copies '.event.action == "metadata"' '.plimsoll.severity == "low"'
	expect_alert drift.exec.modified copies '.file.path == "/usr/bin/tee"'
	expect_alert drift. copies '.plimsoll.severity != "info"' # nothing else, or it was corrected
}

@test "libraries mapped before the agent: from the upper layer, and one that is gone" {
	run_container has-mapped $DEBIAN
	inside has-mapped sh -c "cp $TOOLS/drop.so /opt/stays.so && cp $TOOLS/drop.so /opt/goes.so"
	docker exec -d -e LD_PRELOAD=/opt/stays.so:/opt/goes.so has-mapped sleep 1000
	wait_for 10 eval 'grep -q /opt/goes.so "/proc/$(pid_in has-mapped "sleep 1000")/maps"'
	inside has-mapped rm /opt/goes.so
	run_container unmapped $DEBIAN -- sleep 1000
	start_agent
	await has-mapped '.rule.id == "drift.library"'
	expect_alert drift.library has-mapped '.file.path == "/opt/stays.so"'
	expect_alert -n 2 drift.library has-mapped
	expect_quiet unmapped root.exec
}

@test "containers of each runtime that were there: all are listed with their names" {
	run_container stood $BUSYBOX
	run_ctr stood-ctr
	runc_bundle stood-runc
	run_runc stood-runc
	start_agent
	sync_agent
	jq -e '[.containers[].container | select(.name // "" | startswith("stood")) | [.name, .runtime]] | sort ==
		[["stood", "docker"], ["stood-ctr", "containerd"], ["stood-runc", "runc"]]' "$D/ps.json" ||
		fail "$(jq -c '.containers[].container' "$D/ps.json")"
	ctr tasks rm -f stood-ctr && ctr containers rm stood-ctr
	runc delete -f stood-runc
}

# ---- killed, and started again ----

# The storm: in the container, a file a moment in nine directories, until it is told to stop.
storm='i=0; while [ ! -e /tmp/stop ]; do i=$((i + 1)); mkdir -p /data/w/$((i % 9)); echo $i >/data/w/$((i % 9))/$i
	usleep 5000; done; touch /tmp/stopped'

files_made() { [ "$(inside "$1" find /data/w -type f | wc -l)" -ge "$2" ]; }

missed_least() { sync_agent && [ "$(events "$1" missed)" -ge "$2" ]; }

stop_storm() {
	inside "$1" touch /tmp/stop
	wait_for 10 inside "$1" test -e /tmp/stopped
}

@test "killed in a storm, dead meanwhile, started again: every file is told, nothing twice" {
	run_container stormy $BUSYBOX
	start_agent
	sync_agent
	docker exec -d stormy sh -c "$storm"
	wait_for 20 files_made stormy 100
	kill_agent
	wait_for 20 files_made stormy 200
	inside stormy sh -c 'echo x >/data/made-while-dead; rm /data/07; echo x >>/data/08'
	start_agent
	wait_for 20 files_made stormy 300
	stop_storm stormy
	wait_for 30 missed_least stormy 3 || fail "missed: $(events stormy missed)"
	stop_agent # which tells what it was still counting
	# in a storm they are told with their directory
	expect_alert mutation.file stormy '.event.action == "repeat"' '.file.path == "/data"' '.plimsoll.fold.count >= 2'
	expect_all_told stormy
	[ ! -s "$D/untold" ] ||
		fail "$(wc -l <"$D/untold") of $(wc -l <"$D/made") files are not told:" "$(head -n 5 "$D/untold")"
	expect_nothing_twice stormy
}

@test "killed ten times while single files are made: each is told once" {
	local i
	run_container single $BUSYBOX
	start_agent
	for i in {01..10}; do
		inside single sh -c "echo x >>/data/$i"
		kill_agent
		inside single sh -c "echo x >>/data/$((10#$i + 20))"
		start_agent
	done
	for i in {01..10}; do
		await single ".file.path == \"/data/$i\""
		await single ".file.path == \"/data/$((10#$i + 20))\""
	done
	expect_nothing_twice single
}

@test "ended well and started again: nothing is told twice, and nothing counts as missed" {
	run_container left-well $BUSYBOX
	start_agent
	inside left-well sh -c "echo x >>/data/01; cp $TOOLS/act /opt/new; /opt/new true; chmod 600 /data/02; rm /data/03"
	docker exec -d left-well /opt/new pause
	sync_agent
	stop_agent
	cp "$D/alerts.json" "$D/before.json"
	start_agent
	inside left-well sh -c 'echo x >>/data/04'
	await left-well '.file.path == "/data/04"'
	expect_nothing_twice left-well
	[ "$(events left-well missed)" -eq 0 ]
	expect_alert mutation.file left-well '.file.path == "/data/01"'
	expect_alert drift.exec.new left-well '.file.path == "/opt/new"' '.event.action != "repeat"'
	expect_alert root.exec left-well ".process.executable == \"$TOOLS/act\""
}

@test "the container is started again while the agent is dead: what was told is not told again" {
	run_container twice $BUSYBOX
	start_agent
	inside twice sh -c 'echo x >>/data/01'
	sync_agent
	kill_agent
	docker restart -t 0 twice >/dev/null
	inside twice sh -c 'echo x >>/data/02'
	start_agent
	await twice '.file.path == "/data/02"'
	expect_nothing_twice twice mutation.
}

@test "the container is started again while the agent lives: what was told is not told again" {
	run_container anew $BUSYBOX
	start_agent
	inside anew sh -c 'echo x >>/data/01'
	sync_agent
	docker restart -t 0 anew >/dev/null
	inside anew sh -c 'echo x >>/data/02'
	await anew '.file.path == "/data/02"'
	expect_nothing_twice anew mutation.
	[ "$(events anew missed)" -eq 0 ]
}

@test "a state file that is a link is not followed, and said" {
	mkdir -p "$D/state"
	echo "not a database, but somebody's" >"$D/victim"
	ln -s "$D/victim" "$D/state/state.db"
	start_agent || : # it may also refuse to run
	grep '^plimsoll: ' "$D/agent.log" | grep -F state || fail "$(cat "$D/agent.log")"
	[ -L "$D/state/state.db" ] && [ "$(<"$D/victim")" = "not a database, but somebody's" ]
}

@test "a damaged state file is set aside, and said" {
	mkdir -p "$D/state"
	head -c 100000 /dev/urandom >"$D/state/state.db"
	run_container damaged $BUSYBOX
	start_agent
	inside damaged sh -c 'echo x >>/data/01'
	sync_agent
	expect_alert mutation.file damaged '.file.path == "/data/01"'
	[ -e "$D/state/state.db.damaged" ]
	grep '^plimsoll: ' "$D/agent.log" | grep -F damaged
}
