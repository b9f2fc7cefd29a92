# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced after lib.bash: containers that live for a moment, many of them, and what an agent holds before and after.

WIDTH=8 # how many at a time

# ---- containers ----

# What each does: drops a program that has the container's name, and runs it.
deed() { echo "cp $TOOLS/act /opt/$1 && /opt/$1 true && usleep 100000"; }

brief_docker() {
	docker run --rm --network $NETWORK --cidfile "$D/ids/$1" --name "$1" "$BUSYBOX:$TAG" sh -c "$(deed "$1")"
}

brief_ctr() {
	echo -n "$1" >"$D/ids/$1"
	ctr run --rm --cpu-shares 0 --snapshotter overlayfs "docker.io/$BUSYBOX:$TAG" "$1" sh -c "$(deed "$1")"
}

# swarm RUNTIME FIRST LAST: RUNTIME-FIRST to RUNTIME-LAST, so many at a time. A shell of its own: the daemons are not
# among what it waits for.
swarm() (
	: >"$D/failed"
	for ((i = $2; i <= $3; i++)); do
		[ $((i - $2)) -lt $WIDTH ] || wait -n || :
		(said=$("brief_$1" "$1-$i" 2>&1) || echo "$1-$i: $said" >>"$D/failed") </dev/null 3>&- &
	done
	wait
	[ ! -s "$D/failed" ] || fail "not all ran:" "$(head -n 5 "$D/failed")"
)

# ---- questions ----

# Everything that was told of those containers, {told: ..., own: the name of the container that has this id, deed: the
# one whose program it is about}.
of_swarm() {
	local ids
	ids=$(cd "${SWARM:-$D}/ids" && for name in "$1"-*; do printf '%s %s\n' "$name" "$(<"$name")"; done |
		jq -Rs 'split("\n") | map(select(. != "") | split(" ") | {(.[1]): .[0]}) | add')
	jq -c --argjson ids "$ids" --arg runtime "$1" 'select(.event.kind == "alert" or .event.kind == "event") |
		{told: ., own: $ids[.container.id // ""], deed: ([.file.path, .process.executable, .process.args[]?] |
		map(strings | capture("^/opt/(?<name>\($runtime)-[0-9]+)$").name) | first)} | select(.own or .deed)' "$D/alerts.json"
}

# expect_all_named RUNTIME IMAGE DIGEST
expect_all_named() {
	local wrong
	of_swarm "$1" >"$D/told.json"
	wrong=$(jq -c --arg image "$2" --arg tag $TAG --arg digest "$3" 'select((.told.container.name == .own and
		(.deed == null or .deed == .own) and .told.container.image.name == $image and
		.told.container.image.tag == [$tag] and (.told.container.image.hash.all // [] | index($digest))) | not) |
		{deed, kind: .told.event.kind, action: .told.event.action, container: .told.container}' "$D/told.json")
	[ -z "$wrong" ] || fail "$(wc -l <<<"$wrong") of $(wc -l <"$D/told.json") lines have not the right name:" \
		"$(head -n 5 <<<"$wrong")"
	[ "$(executed)" -eq "$COUNT" ] || fail "of $COUNT executions, told once: $(executed)"
}

# How many containers' dropped programs were told to have run, each once; a digest that came late corrects that.
executed() {
	jq -s 'map(select(.told.rule.id == "drift.exec.new" and .told.plimsoll.corrects == null) | .deed) | group_by(.) | map(select(length == 1)) | length' \
		"$D/told.json"
}

docker_digest() { docker inspect -f '{{.Id}}' "$BUSYBOX:$TAG"; }
ctr_digest() { ctr images ls | awk -v image="docker.io/$BUSYBOX:$TAG" '$1 == image {print $3}'; }

# map_entries NAME: the agent's kernel map of that name, an entry a line: key and value.
map_entries() {
	local id
	for id in $(agent_kernel map_id); do
		[ "$(bpftool -j map show id "$id" | jq -r .name)" != "$1" ] ||
			bpftool -j map dump id "$id" | jq -c '.[].formatted | [.key, .value]'
	done
}

# agent_kernel prog_id or map_id: of what the agent has open.
agent_kernel() { cat "/proc/$(<"$D/agent.pid")/fdinfo/"* 2>/dev/null | awk -v id="$1:" '$1 == id {print $2}' | sort -nu; }

# Cgroups and threads that live, a number a line.
live_cgroups() { find "$(findmnt -n -t cgroup2 -o TARGET | head -n 1)" -type d -printf '%i\n'; }
live_threads() { ls -d /proc/[0-9]*/task/[0-9]* 2>/dev/null | sed 's/.*\///'; }

# dead LIVE: how many of the numbers on standard input are of nothing that LIVE lists.
dead() { grep -vxFf <("$1") | wc -l; }

# What the agent holds, "WHAT NUMBER" a line. Of the kernel maps: what is of a cgroup or thread that is no more.
held() {
	echo "descriptors $(ls "/proc/$(<"$D/agent.pid")/fd" | wc -l)"
	echo "programs $(agent_kernel prog_id | wc -l)"
	echo "maps $(agent_kernel map_id | wc -l)"
	echo "cgroups $(map_entries cgroups | jq '.[0]' | dead live_cgroups)"
	echo "containers $(map_entries containers | jq '.[0]' | dead live_cgroups)"
	echo "roots $(map_entries roots | jq '.[1]' | dead live_cgroups)"
	echo "tasks $(map_entries tasks | jq '.[0]' | dead live_threads)"
	echo "execs $(map_entries execs | jq '.[0]' | dead live_threads)"
	echo "kibibytes $(awk '/^[0-9a-f]+-/ {map = /bpf-map/} /^Pss:/ && !map {n += $2} END {print n}' \
		"/proc/$(<"$D/agent.pid")/smaps")"
}

# grown KIBIBYTES: what is more than it was at first, memory by that much. Each lane of a source keeps a connection once
# it was used.
grown() {
	sync_agent
	held >"$D/held.now"
	join <(sort "$D/held") <(sort "$D/held.now") |
		awk -v kibibytes="$1" 'BEGIN {more["kibibytes"] = kibibytes; more["descriptors"] = 16}
			$3 > $2 + more[$1] {print $1 ": " $2 ", now " $3}'
}

# expect_no_growth KIBIBYTES: a closed connection or an ended container may take a moment to be let go of.
expect_no_growth() {
	local allowed=$1
	! grep -q libasan "/proc/$(<"$D/agent.pid")/maps" || allowed=1000000 # it keeps what was freed
	wait_for 30 eval '[ -z "$(grown $allowed)" ]' || fail "$(grown $allowed)"
	jq -e '[.containers[].container | select(.name // "" | test("^(docker|ctr)-[0-9]+$"))] == []' "$D/ps.json" ||
		fail "$(cat "$D/ps.json")"
}
