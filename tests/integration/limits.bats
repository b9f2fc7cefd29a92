# SPDX-License-Identifier: Apache-2.0
# Long, deep, many, short-lived and ugly: told whole up to the promised bound, and a cut is marked beyond it.
load lib

setup_file() {
	mkdir -p "$PROGS"
	program threads threads.c -static -pthread
	suite_start
	start_agent -o text
}

teardown_file() { suite_end; }

# repeated WORD COUNT
repeated() { printf "$1%.0s" $(seq "$2"); }

# below ROOT NAME COUNT: directories in each other, however long the path becomes, with act as the last one's `x`.
below() {
	perl -e 'my ($at, $name, $count, $program) = @ARGV; chdir $at or die "$at: $!";
		for (1 .. $count) { mkdir $name; chdir $name or die "$_: $!" }
		system("cp", $program, "x") == 0 or die' "$1" "$2" "$3" "$PROGS/act"
}

# A runc container with such a tree in its upper layer, made before it starts.
deep_container() {
	runc_bundle "$1"
	mkdir "$D/bundle/$1/upper/deep"
	below "$D/bundle/$1/upper/deep" "$2" "$3"
	run_runc "$1"
}

valid_lines() { jq -Re 'fromjson | type == "object"' "$D/alerts.json" | grep -cvx true; }

# ---- paths ----

@test "a path of 700 components is told whole" {
	local path
	path=/deep$(repeated /d 700)/x
	deep_container components d 700
	runc exec components "$path" true </dev/null
	sync_agent
	expect_alert drift.exec.new components ".file.path == \"$path\"" ".process.executable == \"$path\"" \
		'.plimsoll.truncated == null'
}

@test "a path of 1900 components is whole, or marked and never another's" {
	local path
	path=/deep$(repeated /d 1900)/x
	deep_container letters d 1900
	runc exec letters "$path" true </dev/null
	sync_agent
	expect_alert drift.exec.new letters "(.file.path == \"$path\" and .plimsoll.truncated == null) or
		((.plimsoll.truncated | index(\"file.path\")) and (.file.path | endswith(\"/d/d/d/d/d/x\")))"
}

@test "a path beyond PATH_MAX keeps its end and is marked as cut" {
	local name
	name=$(repeated n 199)
	deep_container beyond "$name" 25
	runc exec beyond sh -c "cd -P /deep; i=0; while [ \$i -lt 25 ]; do cd -P $name || exit 1; i=\$((i + 1)); done
		./x true" </dev/null
	sync_agent
	expect_alert drift.exec.new beyond '.plimsoll.truncated | index("file.path")' \
		'.process.args == ["./x", "true"]' ".file.path | endswith(\"/$name/x\")" \
		'(.file.path | length) > 3000 and (.file.path | length) < 4096 + 256'
	expect_alert -n 1 drift. beyond
}

@test "twin: a short path is not marked, and a program of the image in a deep directory is no drift" {
	run_container shallow $BUSYBOX
	inside shallow sh -c "cp $TOOLS/act /opt/x && /opt/x true"
	inside -w /data/empty/01 shallow sh -c "$TOOLS/act true"
	sync_agent
	expect_alert drift.exec.new shallow '.plimsoll.truncated == null'
	expect_quiet shallow drift.exec.new root.exec session.exec mutation.file
}

# ---- arguments ----

@test "more than 8 KiB of arguments are cut, and marked" {
	run_container long-args $BUSYBOX
	inside long-args sh -c "cp $TOOLS/act /opt/x && exec /opt/x true first $(repeated a 5000) $(repeated b 5000) last"
	sync_agent
	expect_alert drift.exec.new long-args '.plimsoll.truncated == ["process.args"]' \
		'.process.args[:3] == ["/opt/x", "true", "first"]' \
		'(.process.args | join(" ") | length) | . > 7000 and . <= 8192' \
		'.process.args[3] | test("^a{5000}$")' '.process.args[4] | test("^b+$")'
}

@test "300 arguments are told whole" {
	run_container many-args $BUSYBOX
	inside many-args sh -c "cp $TOOLS/act /opt/x && exec /opt/x true $(seq -s ' ' 300)"
	sync_agent
	expect_alert drift.exec.new many-args '.plimsoll.truncated == null' '.process.args | length == 302' \
		'.process.args[-1] == "300"' '.process.args[2:] == [range(1; 301) | tostring]'
}

@test "empty arguments are kept, and no arguments at all is no harm" {
	run_container empty-args $BUSYBOX
	inside empty-args sh -c "cp $TOOLS/act /opt/x && exec /opt/x true '' '' z"
	sync_agent
	expect_alert drift.exec.new empty-args '.process.args == ["/opt/x", "true", "", "", "z"]'
}

# ---- names ----

@test "a name with newline, escape, invalid UTF-8 and a reversed direction: JSON stays a line, text is escaped" {
	local line
	run_container ugly $BUSYBOX
	inside ugly sh -c 'n=$(printf "/opt/a\nplimsoll: b\033[31mc\377d\342\200\256e\"\\f"); cp /usr/lib/plm/act "$n" &&
		"$n" true "$n"'
	sync_agent
	[ "$(valid_lines)" -eq 0 ]
	expect_alert drift.exec.new ugly \
		'.file.path == "/opt/a\nplimsoll: b\u001b[31mc\ufffdd\u202ee\"\f"' '.process.args[2] == .file.path' \
		".plimsoll.raw.file.path == \"$(printf '/opt/a\nplimsoll: b\033[31mc\377d\342\200\256e"\f' | base64 -w 0)\""
	line=$(grep -aF drift.exec.new "$D/agent.log" | grep -aF ugly)
	[ "$(wc -l <<<"$line")" -eq 1 ]
	[[ $line == *'/opt/a\nplimsoll:'* && $line == *'\x1b[31mc\xffd\u{202e}e"\x0c'* ]] || fail "$line"
	! grep -qaP '\x1b|\xff|\xe2\x80\xae' "$D/agent.log" || fail "it is there"
}

@test "an ugly name that is changed, renamed and removed" {
	run_container ugly-file $BUSYBOX
	inside ugly-file sh -c 'n=$(printf "/data/\033]0;x\007\377\nend"); echo x >"$n"; mv "$n" "$n.2"; rm "$n.2"
		echo x >/data/plain'
	sync_agent
	[ "$(valid_lines)" -eq 0 ]
	expect_alert mutation.file ugly-file '.file.path == "/data/\u001b]0;x\u0007\ufffd\nend"' '.event.action == "create"'
	expect_alert mutation.file ugly-file '.file.path == "/data/\u001b]0;x\u0007\ufffd\nend.2"' \
		'.event.action == "rename"' '.plimsoll.from == "/data/\u001b]0;x\u0007\ufffd\nend"'
	expect_alert mutation.file ugly-file '.file.path == "/data/plain"'
	! grep -qaP '\x1b|\x07|\xff' "$D/agent.log" || fail "it is there"
}

# ---- threads and cgroups ----

@test "an execution by a thread that is not the leader, among 300" {
	local vpid
	run_container threads $BUSYBOX -v "$PROGS/threads:/usr/bin/threads:ro"
	vpid=$(inside threads sh -c "cp $TOOLS/act /opt/x; echo \$\$; exec /usr/bin/threads 300 /opt/x true")
	sync_agent
	expect_alert drift.exec.new threads '.file.path == "/opt/x"' ".process.vpid == $vpid" \
		'.process.args == ["/opt/x", "true"]'
	expect_alert drift.exec.foreign threads '.file.path == "/usr/bin/threads"'
	expect_quiet threads drift.exec.new drift.exec.foreign mutation.file root.exec session.exec
}

@test "twin: a thread that executes a program of the image" {
	run_container threads-twin $BUSYBOX -v "$PROGS/threads:/usr/bin/threads:ro"
	inside threads-twin /usr/bin/threads 300 $TOOLS/act true
	sync_agent
	expect_quiet threads-twin drift.exec.foreign root.exec session.exec
}

# The container's cgroup in the v2 hierarchy, as the host sees it.
cgroup_of() {
	local mount
	mount=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)
	printf '%s%s\n' "$mount" "$(sed -n 's/^0:://p' "/proc/$(docker inspect -f '{{.State.Pid}}' "$1")/cgroup")"
}

@test "200 cgroups in each other: what runs in the last is still the container's" {
	local cgroup at i
	mkfifo "$D/nested.go"
	run_container nested $BUSYBOX -v "$D/nested.go:/signal" -- sh -c "cp $TOOLS/act /opt/x
		read line </signal; exec /opt/x true"
	cgroup=$(cgroup_of nested)
	[ -d "$cgroup" ] && [[ $cgroup == *docker* ]] || fail "no such cgroup: $cgroup"
	at=$cgroup
	for i in {1..200}; do at+=/n; mkdir "$at"; done
	docker inspect -f '{{.State.Pid}}' nested >"$at/cgroup.procs"
	echo go >"$D/nested.go"
	timeout 20 docker -H "unix://$D/docker.sock" wait nested >/dev/null
	find "$cgroup/n" -depth -type d -exec rmdir {} + 2>/dev/null || :
	sync_agent
	expect_alert drift.exec.new nested '.file.path == "/opt/x"' ".container.image.name == \"$BUSYBOX\""
	expect_alert -n 0 escape. nested
}

# ---- short lives ----

brief_runc() {
	runc run --bundle "$D/bundle/$1" "$1" >"$D/bundle/$1/log" 2>&1 </dev/null 3>&-
}

# four_at_a_time COMMAND NAME...: the command for each name.
four_at_a_time() {
	local command=$1 name started=0
	shift
	for name in "$@"; do
		[ $((started++)) -lt 4 ] || wait -n || :
		"$command" "$name" &
	done
	wait
}

@test "30 containers of runc that live for a tenth of a second, four at a time: each by its id, name and runtime" {
	local name
	for name in brief-{1..30}; do
		runc_bundle "$name" '.process.args = ["sh", "-c", "cp '$TOOLS'/act /opt/x && /opt/x true; usleep 100000"]'
	done
	four_at_a_time brief_runc brief-{1..30}
	sync_agent
	for name in brief-{1..30}; do
		expect_alert drift.exec.new "$name" '.file.path == "/opt/x"' ".container.id == \"$name\"" \
			".container.name == \"$name\"" '.container.runtime == "runc"'
	done
}

brief_docker() {
	docker run --rm --network $NETWORK --name "$1" "$BUSYBOX:$TAG" \
		sh -c "cp $TOOLS/act /opt/x && /opt/x true; usleep 100000" </dev/null 3>&-
}

@test "8 containers of docker that live for a tenth of a second, four at a time: each by its name and image" {
	local name
	four_at_a_time brief_docker dbrief-{1..8}
	sync_agent
	for name in dbrief-{1..8}; do
		expect_alert drift.exec.new "$name" '.file.path == "/opt/x"' ".container.image.name == \"$BUSYBOX\""
	done
}

@test "twin: containers of a moment that do nothing wrong" {
	local name
	for name in calm-{1..4}; do runc_bundle "$name" '.process.args = ["'$TOOLS'/act", "true"]'; done
	four_at_a_time brief_runc calm-{1..4}
	sync_agent
	for name in calm-{1..4}; do expect_quiet "$name" root.exec; done
}

@test "nothing of all this was lost or refused" {
	sync_agent
	[ "$(valid_lines)" -eq 0 ]
	[ "$(jq -c 'select(.plimsoll.state.kind == "loss")' "$D/alerts.json" | wc -l)" -eq 0 ] ||
		fail "$(jq -c 'select(.event.kind == "state")' "$D/alerts.json")"
}
