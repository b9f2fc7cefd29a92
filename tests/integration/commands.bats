# SPDX-License-Identifier: Apache-2.0
# The commands beside `run`, and what `run` can write beside alerts as JSON.
load lib

setup_file() {
	suite_start
	start_agent -o text --record "$D/records" --events
	run_container bad $BUSYBOX
	inside bad sh -c "cp $TOOLS/act /opt/new && /opt/new true && $TOOLS/act write /data/01"
	sync_agent
}

teardown_file() { suite_end; }

plm() { timeout 30 "$PLM" "$@"; }

@test "check: monitoring would work here, hook by hook" {
	run -0 plm check
	[ "${#lines[@]}" -gt 3 ]
	[[ $output == *exec* && $output == *tracepoint* ]]
}

@test "every command has a help on standard output" {
	local command
	for command in run check ps policy replay; do
		run -0 --separate-stderr plm $command --help
		[[ $output == "Usage: plimsoll $command"* ]] || fail "$command: $output"
		[ -z "$stderr" ]
	done
	run -0 --separate-stderr plm --help
	[[ $output == *"Usage: plimsoll"* ]]
}

@test "text: a line for each alert, with its severity, rule, container and path" {
	local line
	line=$(grep -E 'drift\.exec\.new +bad ' "$D/agent.log")
	[ "$(wc -l <<<"$line")" -eq 1 ]
	[[ $line == *[Cc][Rr][Ii][Tt]* && $line == *bad* && $line == */opt/new* ]]
}

@test "events: an exec of the image's is told as an event, never as an alert" {
	jq -es 'any(.[]; .event.kind == "event" and .event.action == "exec" and .container.name == "bad" and
		.process.executable == "/bin/busybox")' "$D/alerts.json" >/dev/null
	jq -es 'all(.[] | select(.event.kind == "event"); .rule == null)' "$D/alerts.json" >/dev/null
}

@test "replay: the same findings from the recording" {
	[ -s "$D/records" ]
	run -0 --separate-stderr plm replay "$D/records"
	diff <(jq -r 'select(.event.kind == "alert" and .event.action != "repeat" and .container.name == "bad") | .rule.id + " " + (.file.path // "")' <<<"$output" | sort) \
		<(alerts bad '.rule.id + " " + (.file.path // "")' | jq -r . | sort)
}

@test "replay: a file that is no recording" {
	head -c 4096 /dev/urandom >"$D/noise"
	run --separate-stderr plm replay "$D/noise"
	[ "$status" -eq 2 ] || [ "$status" -eq 3 ]
	[[ $stderr == "plimsoll: "* ]]
}

@test "policy check: a good one" {
	printf 'writable: ["/tmp/**"]\nrules:\n  root.exec: {severity: low}\n' >"$D/good.yaml"
	run -0 plm policy check "$D/good.yaml"
}

@test "ps: a table that fits 100 columns, a line for each container" {
	run_container "long-$(printf 'x%.0s' {1..60})" $BUSYBOX
	sync_agent
	run -0 --separate-stderr plm ps --runtime-dir "$D/control"
	[[ ${lines[0]} == ID*NAME*IMAGE*STATE*C/H/M/L*EVENTS ]]
	grep -q '~xxxxxxxxxx' <<<"$output" || fail "$output"
	grep -qE '^[0-9a-f]{12}  bad +[^ ]*busybox:'$TAG' +named ' <<<"$output" || fail "$output"
	[ "$(awk '{ if (length($0) > n) n = length($0) } END { print n }' <<<"$output")" -le 100 ] || fail "$output"
}

@test "ps without an agent says so" {
	mkdir -p "$D/nobody"
	run -3 --separate-stderr plm ps --runtime-dir "$D/nobody"
	[[ $stderr == "plimsoll: "* ]]
}
