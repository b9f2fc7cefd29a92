# SPDX-License-Identifier: Apache-2.0
# Since when, until when: violations of real containers, from the first sighting to the mending.
load lib

setup_file() {
	suite_start
	cat >"$D/policy.yaml" <<-END
		rules: {root.exec: {grace: 9s}, mutation.file: {grace: none}}
		ledger: {resolve_after: 5s, waiver_max: 30d}
		waivers:
		  - {rule: drift.exec.new, workload: "ledger/job", until: 2099-01-01, owner: dba, reason: "OPS-7"}
		  - {rule: drift.library, workload: "ledger/never", until: 2099-01-01, owner: dba, reason: "OPS-8"}
	END
}
teardown_file() { suite_end; }

# An agent ends with the test that starts it; the state stays.
start() { start_agent --config "$D/policy.yaml"; }

# serve NAME [DOCKER OPTION...]: a container of workload ledger/NAME, with a name that Docker makes up; gives its id.
serve() {
	local service=$1
	shift
	docker run -d --network "$NETWORK" --label com.docker.compose.project=ledger --label "com.docker.compose.service=$service" \
		--label com.docker.compose.config-hash=1 "$@" "$BUSYBOX:$TAG"
}

violations() { "$PLM" compliance --format json --state-dir "$D/state"; }

# violation WORKLOAD RULE [JQ FILTER]: of the one violation of that workload and rule.
violation() {
	violations | jq -er --arg w "$1" --arg r "$2" \
		'[.violations[] | select(.workload == $w and .rule == $r)] | if length == 1 then .[0] else empty end | '"${3:-.}"
}

# Of the container that its image starts as root.
of_image() { violations | jq -er ".violations[] | select(.workload == \"ledger/web\" and .subject == \"0 image\") | $1"; }
is_in_state() { [ "$(violation "$1" "$2" .state)" = "$3" ]; }
told() { jq -es "any(.[]; $1)" "$D/alerts.json" >/dev/null; }

restart_killed() {
	kill -KILL "$(<"$D/agent.pid")"
	end_process agent 5 || :
	start
}

waive() { "$PLM" waive --runtime-dir "$D/control" --state-dir "$D/state" --owner dba --reason "OPS-1" "$@"; }

@test "from the first sighting to the mending, through a new container and a killed agent" {
	local first second opened id head
	start
	first=$(serve db)
	wait_for 10 violation ledger/db root.exec
	opened=$(violation ledger/db root.exec .opened)
	id=$(violation ledger/db root.exec .id)
	[ "$(violation ledger/db root.exec '.state + " " + .present')" = "grace yes" ]
	# Made anew under another generated name: one violation still, and its clock goes on.
	docker rm -f "$first" >/dev/null
	second=$(serve db)
	restart_killed
	wait_for 10 eval '[ "$(violation ledger/db root.exec ".sightings | length")" = 2 ]'
	[ "$(violation ledger/db root.exec .opened)" = "$opened" ]
	[ "$(violation ledger/db root.exec .id)" = "$id" ]
	# It becomes overdue, and pages.
	wait_for 20 told ".rule.id == \"compliance.overdue\" and .plimsoll.compliance.id == \"$id\""
	wait_for 5 is_in_state ledger/db root.exec overdue
	[ "$(violation ledger/db root.exec .opened)" = "$opened" ]
	run -1 "$PLM" compliance --state-dir "$D/state" --workload ledger/db --fail-on overdue
	# It is waived; the waiver ends; it is overdue again.
	waive "${id:0:12}" --until 7s | grep -q "is waived until"
	wait_for 10 is_in_state ledger/db root.exec waived
	[ "$(violation ledger/db root.exec '.waiver.owner + .waiver.reason')" = dbaOPS-1 ]
	"$PLM" compliance --state-dir "$D/state" --workload ledger/db --fail-on overdue
	wait_for 20 told ".rule.id == \"compliance.waiver-ending\""
	wait_for 20 is_in_state ledger/db root.exec overdue
	# It is mended.
	docker rm -f "$second" >/dev/null
	serve db -u 1000 >/dev/null
	wait_for 30 is_in_state ledger/db root.exec resolved
	[ "$(violation ledger/db root.exec '[.history[].kind] | join(" ")')" = \
		"opened overdue waived waiver-ended overdue resolved" ]
	sync_agent
	head=$(jq -r 'select(.plimsoll.ledger.head) | .plimsoll.ledger.head' "$D/alerts.json" | tail -n 1)
	"$PLM" compliance --state-dir "$D/state" --verify --head "$head"
	stop_agent
}

@test "twin: a container without root opens nothing, nor does a rule without a clock" {
	local id
	start
	id=$(serve calm -u 1000)
	docker exec "$id" sh -c "echo x >/home/user/x"
	sync_agent
	expect_alert mutation.file "$id"
	run ! violation ledger/calm root.exec
	run ! violation ledger/calm mutation.file
	stop_agent
}

@test "an alert says which violation it is of, and a repeat of it moves nothing" {
	local id
	start
	id=$(serve web)
	sync_agent
	expect_alert root.exec "$id" '.plimsoll.compliance.state == "grace"' '.plimsoll.compliance.opened < .plimsoll.compliance.deadline' \
		'.plimsoll.ledger.head | length == 64'
	docker exec "$id" sh -c "cp $TOOLS/act /opt/new && /opt/new true"
	sync_agent
	expect_alert drift.exec.new "$id" '.plimsoll.compliance.state == "overdue"'
	wait_for 5 is_in_state ledger/web drift.exec.new overdue
	[ "$(violation ledger/web drift.exec.new '.deadline == .opened')" = true ]
	told '.rule.id == "compliance.overdue" and (.message | contains("drift.exec.new of ledger/web"))' && return 1
	# The file goes, and with it the condition: resolved after it was seen absent for long enough.
	docker exec "$id" rm /opt/new
	wait_for 30 is_in_state ledger/web drift.exec.new resolved
	stop_agent
}

@test "a policy's waiver: what it lets through is recorded, and it says how often" {
	local id
	start
	id=$(serve job)
	docker exec "$id" sh -c "cp $TOOLS/act /opt/new && /opt/new true"
	sync_agent
	expect_alert -n 0 drift.exec.new "$id"
	jq -es --arg c "$id" 'any(.[]; .container.id == $c and .rule.id == "drift.exec.new" and .event.kind == "event" and
		.plimsoll.allowed == "OPS-7" and .plimsoll.compliance.state == "waived")' "$D/alerts.json" >/dev/null
	wait_for 5 is_in_state ledger/job drift.exec.new waived
	wait_for 5 eval 'violations | jq -e "any(.waivers[]; .reason == \"OPS-7\" and .matched > 0 and .last_matched)" >/dev/null'
	violations | jq -e 'any(.waivers[]; .reason == "OPS-8" and .matched == 0 and (.last_matched | not))' >/dev/null
	"$PLM" compliance --waivers --state-dir "$D/state" | grep -A3 ledger/never | grep -q never
	stop_agent
}

@test "waivers that are none" {
	local -A says=(
		["--until 2020-01-01"]="in the past"
		["--until 2027-02-30"]="not in the calendar"
		["--until tomorrow"]="no date"
		["--until 31d"]="later than the policy allows"
	)
	local option
	start
	for option in "${!says[@]}"; do
		run -2 waive --rule root.exec --workload x $option
		[[ "$output" == "plimsoll: "*"${says[$option]}"* ]] || fail "$option: $output"
		[ ${#lines[@]} -eq 1 ]
	done
	run -2 waive --rule root.exec --workload x
	run -2 waive --rule root.exec --until 1d
	run -2 waive --until 1d
	run -2 waive 00000000 --until 1d
	run -2 waive --rule session.exec --workload x --until 1d
	run -2 waive --rule root.exec --workload x --until 1d --reason $'a\tb'
	run -2 waive --rule root.exec --workload x --until 1d --reason $'\xff'
	run -2 waive --rule root.exec --workload x --until 1d --digest 1234
	run -2 "$PLM" waive --revoke W0 --runtime-dir "$D/control"
	run -2 "$PLM" waive --revoke W0 --reason r --runtime-dir "$D/control"
	stop_agent
}

# 200 at once, half of them revoked again, while the agent is killed: some are answered by it, some by the next, some by the
# ledger itself.
@test "two hundred waivers and revocations at once, and the agent killed among them" {
	local made revoked crowd
	start
	export -f waive
	seq 140 | xargs -P 24 -I{} bash -c 'id=$(waive --rule root.exec --workload "many/{}" --until 1d --json | jq -r .waiver.id) &&
		[ -n "$id" ] && echo "$id" && { [ $(({} % 2)) = 1 ] || { "$PLM" waive --revoke "$id" --reason r --runtime-dir "$D/control" --state-dir "$D/state" >/dev/null &&
		echo "$id" >>"$D/revoked"; }; }' >"$D/made" 2>"$D/refused" &
	crowd=$!
	wait_for 10 test -s "$D/made"
	restart_killed
	wait $crowd || :
	made=$(sort "$D/made" | jq -Rnc '[inputs]')
	revoked=$(sort "$D/revoked" | jq -Rnc '[inputs]')
	[ "$(jq length <<<"$made")" -gt 110 ]
	# Nothing that was acknowledged is lost, doubled, or still in force; what was not says why.
	violations | jq -e --argjson made "$made" --argjson revoked "$revoked" \
		'[.waivers[] | select(.workload | startswith("many/"))] as $all | ($all | map(.id)) as $ids |
		($made - $ids == []) and ($ids | length == (unique | length)) and
		all($all[]; select(.id | IN($revoked[])) | .state == "revoked")' >/dev/null ||
		fail "$(cat "$D/refused")"
	"$PLM" compliance --state-dir "$D/state" --verify
	! grep -v "^plimsoll: " "$D/refused" || fail "$(cat "$D/refused")"
	stop_agent
}

@test "without an agent: the past is there, nothing is known to be present, and waivers go through the lock" {
	local id
	id=$(of_image .id)
	[ "$(of_image .present)" = unknown ]
	waive "$id" --until 1d
	violations | jq -e --arg w ledger/web 'any(.waivers[]; .workload == $w and .state == "in-force")' >/dev/null
	"$PLM" compliance --state-dir "$D/state" --verify
	start
	wait_for 10 eval '[ "$(of_image .state)" = waived ]'
	stop_agent
}

@test "a damaged ledger is told at once, watching goes on, and a new one begins" {
	printf 'no database' | dd of="$D/state/ledger.db" conv=notrunc status=none
	run -3 "$PLM" compliance --state-dir "$D/state"
	[[ "$output" == "plimsoll: "* ]]
	start
	grep -q "ledger.db was damaged: it is set aside" "$D/agent.log"
	sync_agent
	wait_for 10 of_image .opened
	"$PLM" compliance --state-dir "$D/state" --verify
	stop_agent
}
