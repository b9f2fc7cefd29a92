#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Usage: B=build tools/bench-tail.sh [MEGABYTES [DAYS]]
# How long `plimsoll tail` takes to show the last hour out of a history of so many megabytes (1024), spread evenly over so
# many days (7) up to now, and `plimsoll show` for alerts of its beginning, middle and end: made of lines as an agent tells
# them, in segments as it writes them.
set -eu
cd "$(dirname "$0")/.."
PLM=${B:-build}/plimsoll megabytes=${1:-1024} days=${2:-7} rounds=9
dir=$(mktemp -d "${TMPDIR:-/tmp}/plimsoll-bench.XXXXXX")
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/alerts"

# Lines of about 1.6 KB; a segment ends at 4 MiB or after an hour, and all but the last are compressed.
awk -v bytes=$((megabytes << 20)) -v seconds=$((days * 86400)) -v end="$(date +%s)" -v dir="$dir/alerts" '
	function begin(now, i, name) {
		if (file) close(command)
		name = sprintf("%08x%08x", int(now * 1e9 / 4294967296), (now * 1e9) % 4294967296)
		file = dir "/" name ".json"
		command = "gzip -6 >" file ".gz"
		size = 0
		since = now
	}
	BEGIN {
		srand(4711)
		for (i = 0; i < 64; i++) {
			digest = ""
			for (j = 0; j < 8; j++) digest = digest sprintf("%08x", int(rand() * 4294967296))
			digests[i] = digest
		}
		split("critical high medium low", severities, " ")
		split("drift.exec.new root.exec mutation.file session.exec", rules, " ")
		for (written = 0; written < bytes; written += length(line) + 1) {
			now = end - seconds + seconds * written / bytes
			if (!file || size >= 4194304 || now - since >= 3600) begin(now)
			n++
			k = int(rand() * 4) + 1
			c = digests[int(rand() * 32)]
			id = sprintf("%08x%08x%06x%010x", int(now * 1e9 / 4294967296), (now * 1e9) % 4294967296, n % 16777216, 4711)
			line = sprintf("{\"@timestamp\":\"%s.%09dZ\",\"ecs\":{\"version\":\"8.11.0\"},\"agent\":{\"name\":\"plimsoll\",\"version\":\"0.1.0\"},\"host\":{\"name\":\"node1\"},\"event\":{\"kind\":\"alert\",\"id\":\"%s\",\"severity\":90,\"outcome\":\"success\",\"category\":[\"process\"],\"type\":[\"start\"],\"action\":\"exec\"},\"rule\":{\"id\":\"%s\",\"name\":\"New program executed\"},\"message\":\"/opt/app/bin/worker-%d is no file of the image and was executed\",\"container\":{\"id\":\"%s\",\"name\":\"web-%s\",\"runtime\":\"containerd\",\"image\":{\"name\":\"registry.example/shop/web\",\"tag\":[\"1.25\"],\"hash\":{\"all\":[\"sha256:%s\"]}}},\"orchestrator\":{\"type\":\"kubernetes\",\"namespace\":\"prod\",\"resource\":{\"name\":\"web-%s-x2x4z\",\"type\":\"pod\"}},\"process\":{\"pid\":%d,\"vpid\":%d,\"entity_id\":\"%x-%x\",\"name\":\"worker-%d\",\"executable\":\"/opt/app/bin/worker-%d\",\"args\":[\"worker-%d\",\"--queue\",\"orders\",\"--batch\",\"%d\"],\"working_directory\":\"/srv\",\"start\":\"%s.%09dZ\",\"user\":{\"id\":\"%d\"},\"real_user\":{\"id\":\"%d\"},\"saved_user\":{\"id\":\"0\"},\"group\":{\"id\":\"0\"},\"real_group\":{\"id\":\"0\"},\"saved_group\":{\"id\":\"0\"},\"thread\":{\"id\":%d},\"interactive\":false,\"parent\":{\"pid\":%d,\"entity_id\":\"1-2\",\"executable\":\"/usr/bin/supervisord\",\"name\":\"supervisord\"}},\"file\":{\"path\":\"/opt/app/bin/worker-%d\",\"type\":\"file\",\"inode\":\"%d\",\"device\":\"0:57\",\"size\":%d,\"mode\":\"0755\",\"uid\":\"0\",\"gid\":\"0\",\"hash\":{\"sha256\":\"%s\"}},\"plimsoll\":{\"severity\":\"%s\",\"layer\":\"upper\",\"verdict\":\"added\",\"session\":\"%x\",\"ancestors\":[{\"pid\":%d,\"entity_id\":\"1-2\",\"executable\":\"/usr/bin/supervisord\"}],\"backend\":\"lsm\",\"workload\":\"prod/web/app\"}}",
				strftime("%Y-%m-%dT%H:%M:%S", now, 1), (now % 1) * 1e9, id, rules[k], n % 5000, c, substr(c, 1, 6), digests[n % 8], substr(c, 1, 8),
				n % 4194304, n % 300, n, n * 7, n % 5000, n % 5000, n % 5000, n, strftime("%Y-%m-%dT%H:%M:%S", now, 1), (now % 1) * 1e9,
				n % 3, n % 3, n, n - 1, n % 5000, n * 13, n % 100000, digests[n % 64], severities[k], n, n - 1)
			print line | command
			size += length(line) + 1
		}
		close(command)
	}'
last=$(printf '%s\n' "$dir"/alerts/*.gz | tail -n 1)
gunzip "$last"

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# timed OPTION...: the median of so many rounds, in ms, and how many lines it was.
timed() {
	local i begun
	for ((i = 0; i < rounds; i++)); do
		begun=${EPOCHREALTIME/./}
		"$PLM" tail --state-dir "$dir" "$@" >"$dir/out"
		echo $(((${EPOCHREALTIME/./} - begun) / 1000))
	done | median | tr '\n' ' '
	echo "ms, $(wc -l <"$dir/out") lines: plimsoll tail $*"
}

echo "$(cat "$dir"/alerts/*.json "$dir"/alerts/*.gz | wc -c) bytes in $(ls "$dir/alerts" | wc -l) segments on disk, $megabytes MiB of lines over $days days"
timed --since 1h
timed --since 1h --json
timed --since 1h --severity high --filter 'process.user.id == 0 and file.path =~ "/opt/**"'
timed
timed --since 1d --json
rounds=1
timed --json --rule 'no.such'
timed --json --filter 'process.pid == 0'

# shown NTH: the same for plimsoll show, of an alert of that segment.
shown() {
	local id what i begun
	id=$(zcat -f "$(ls "$dir"/alerts/* | sed -n "$1p")" 2>/dev/null | sed -n '9s/.*"event":{"kind":"alert","id":"\([0-9a-f]*\)".*/\1/p')
	for what in "$id" "${id:0:12}"; do
		for ((i = 0; i < rounds; i++)); do
			begun=${EPOCHREALTIME/./}
			"$PLM" show --state-dir "$dir" --runtime-dir "$dir" "$what" >"$dir/out"
			echo $(((${EPOCHREALTIME/./} - begun) / 1000))
		done | median | tr '\n' ' '
		echo "ms: plimsoll show $what, of segment $1"
	done
}

rounds=3 segments=$(ls "$dir/alerts" | wc -l)
shown 2
shown $((segments / 2))
shown $((segments - 1))
