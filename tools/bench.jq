# SPDX-License-Identifier: Apache-2.0
# From the samples of tools/bench (slurped) to its result: statistics, aims, and "table", the text for a terminal.

def quantile($q): sort | if length == 0 then null else
	((length - 1) * $q) as $at | ($at | floor) as $i
	| .[$i] + ($at - $i) * ((.[$i + 1] // .[$i]) - .[$i]) end;
def median: quantile(0.5);
def spread: {median: median, q1: quantile(0.25), q3: quantile(0.75), min: min, max: max};

# What is aimed at: the load, which states' ratio, and at most what.
def aims: [
	{place: "box", load: "exec", over: "off", at_most: 1.03},
	{place: "box", load: "open", over: "off", at_most: 1.10},
	{place: "box", load: "openmany", over: "off", at_most: 1.10},
	{place: "box", load: "mix", over: "off", at_most: 1.05},
	(("exec", "open", "openmany", "mix", "getppid") | {place: "host", load: ., over: "floor", at_most: 1.03})
];
def what_is: {exec: "start a program", open: "open one file", openmany: "open many files", mix: "build step",
	getppid: "getppid"};
def verdict($aim): if $aim == null or . == null then null elif . <= $aim then "met"
	elif $aim == 0 then "missed"
	else "missed by \((. / $aim - 1) * 1000 | round / 10) %" end;

# A row's verdict is of the median; one whose quartiles lie on both sides of the aim says so.
def row_verdict($aim): (.median | verdict($aim))
	+ (if .q1 <= $aim and .q3 > $aim then ", within the spread" else "" end);

# {off, floor, agent} of each round, of `value`.
def by_round(value): group_by(.round) | map(map({(.state): (value / .count)}) | add);

# The samples of one load in one place -> one row of the loads' table.
def row: .[0].place as $place | .[0].load as $load
	| by_round(.ns) as $rounds | by_round(.cpu_ns) as $cpu_rounds
	| (map(select(.state == "agent")) | {cpu: (map(.agent_cpu_ns) | add // 0), ns: (map(.ns) | add // 1)}) as $cpu
	| ([$rounds[].off] | [.[1:], .[:-1]] | transpose | map(.[0] / .[1])) as $noise
	| (aims[] | select(.place == $place and .load == $load)) // null
	| . as $aim
	| {place: $place, load: $load, what: what_is[$load],
		ns: ($rounds | {off: map(.off) | median, floor: map(.floor) | median, agent: map(.agent) | median}),
		floor_over_off: ($rounds | map(.floor / .off) | spread),
		agent_over_off: ($rounds | map(.agent / .off) | spread),
		agent_over_floor: ($rounds | map(.agent / .floor) | spread),
		cpu_agent_over_off: ($cpu_rounds | map(.agent / .off) | spread),
		cpu_agent_over_floor: ($cpu_rounds | map(.agent / .floor) | spread),
		noise: ($noise | if length > 0 then spread else null end),
		agent_cpu_share: ($cpu.cpu / $cpu.ns), aim: $aim}
	| .verdict = (if $aim == null then null else .["agent_over_" + $aim.over] | row_verdict($aim.at_most) end);

def figure($name; $unit; $value; $aim): {name: $name, unit: $unit, value: $value, aim: $aim,
	verdict: ($value | verdict($aim))};

def lags($when; $rule): map(select(.what == "lag" and .when == $when and .kind == "alert"
	and (.rule | startswith($rule))) | .ns / 1e6);
def lag_figures($when): ("mutation.file", "drift.exec") as $rule | lags($when; $rule) as $lags
	| figure("\($rule), \($when): p50 of \($lags | length)"; "ms"; $lags | median; null),
	figure("\($rule), \($when): p99"; "ms"; $lags | quantile(0.99); 5);

def flood: map(select(.what == "flood")) as $all | ($all | map(select(.lost == 0)) | max_by(.managed)) as $best
	| ($all | map(.lost) | add > 0) as $limit
	| figure("changes a second without a drop" + (if $limit then "" else " (all that the load could make)" end);
		"/s"; $best.managed; null),
	figure("records a second then"; "/s"; $best.records; null);

def memory($containers): map(select(.what == "memory") | . + {all: (.pss + .maps)}) | max_by(.all) as $peak
	| if $peak == null then empty else
	figure("peak memory, \($containers) containers: PSS and kernel maps"; "MiB"; $peak.all / 1048576; 16),
	figure("  of which PSS"; "MiB"; $peak.pss / 1048576; null),
	figure("  of which kernel maps"; "MiB"; $peak.maps / 1048576; null),
	figure("BPF programs beside it"; "MiB"; $peak.programs / 1048576; null) end;

def names: ("docker", "ctr") as $runtime | map(select(.what == "name" and .runtime == $runtime) | .ns / 1e6) as $ms
	| (map(select(.what == "born" and .runtime == $runtime).count) | add // 0) as $born | {docker: "Docker", ctr: "containerd"}[$runtime] as $name
	| figure("birth to name, \($name): p50 of \($ms | length)"; "ms"; $ms | median; null),
	figure("birth to name, \($name): p99"; "ms"; $ms | quantile(0.99); null),
	figure("  without a name in the end"; ""; $born - ($ms | length); 0);

def crowd: map(select(.what == "crowd") | . + {all: (.pss + .maps)}) | sort_by(.containers) as $all
	| ($all[] | figure("memory, \(.containers) waiting containers of one image"; "MiB"; .all / 1048576; null)),
	(if $all | length > 1 then
	figure("  each, from \($all[0].containers) to \($all[-1].containers)"; "KiB";
		($all[-1].all - $all[0].all) / ($all[-1].containers - $all[0].containers) / 1024; 8) else empty end);

# Pairs of one round of it, $ours to $theirs.
def inventory_pairs($ours; $theirs; value): map(select(.what == "inventory" and (.of == $ours or .of == $theirs)))
	| group_by(.round) | map(map({(.of): .ns}) | add | value);
def inventories: (map(select(.what == "inventory root")) | first) as $root | if $root == null then empty else
	(map(select(.what == "inventory" and .of == "read") | .ns / 1e6) | median) as $read
	| (inventory_pairs("read"; "dpkg-query"; (.read - .["dpkg-query"]) / 1e6) | median) as $more
	| (inventory_pairs("verify"; "debsums"; .debsums / .verify) | median) as $debsums
	| (inventory_pairs("verify"; "md5sum"; .verify / .md5sum) | median) as $md5sum
	| (map(select(.what == "held")) | map({(.when): .pss}) | add) as $held
	| figure("inventory of \($root.packages) packages, \($root.files) files"; "ms"; $read; null),
	figure("  more than dpkg-query takes"; "ms"; $more; 100),
	figure("  verifying, to debsums"; ""; 1 / $debsums; 0.25),
	figure("  verifying, to md5sum of the same files"; ""; $md5sum; 1.3),
	figure("  what the agent grows by: PSS"; "MiB"; ($held.after - $held.before) / 1048576; 4) end;

def figures($containers): [
	figure("start to ready, median of \(map(select(.what == "ready")) | length)"; "ms";
		map(select(.what == "ready") | .ns / 1e6) | median; 300),
	lag_figures("quiet"), lag_figures("busy"), flood,
	figure("agent's CPU, idle"; "% of a core"; (map(select(.what == "idle").share * 100) | median); null),
	memory($containers), names, crowd, inventories,
	figure("records lost in the timed rounds"; ""; map(select(.what == "lost in timed rounds").count) | add; 0)
];

# ---- the text ----

def pad($n): tostring | . + " " * ([0, $n - length] | max);
def lpad($n): tostring | " " * ([0, $n - length] | max) + .;
def fixed($digits): if . == null then "-" else
	pow(10; $digits) as $scale | (. * $scale | round) as $n
	| if $digits == 0 then "\($n)" else
	($n / $scale | floor) as $whole | "\($whole)." + ("\($n - $whole * $scale)" | ("0" * ($digits - length)) + .) end end;
def ns: if . == null then "-" elif . < 1e3 then "\(fixed(1)) ns" elif . < 1e6 then "\(. / 1e3 | fixed(2)) us"
	else "\(. / 1e6 | fixed(2)) ms" end;
def ratio: if . == null then "-" else "\(.median | fixed(3)) [\(.q1 | fixed(3)) \(.q3 | fixed(3))]" end;
def noise: if . == null then "-" else "[\(.q1 | fixed(3)) \(.q3 | fixed(3))]" end;
def aim_text: if . == null then "" else "agent/\(.over) <= \(.at_most | fixed(2))" end;

def load_order: {exec: 0, open: 1, openmany: 2, mix: 3, getppid: 4}[.load];
def columns: [22, 10, 21, 21, 21, 15, 9, 9];
def cells: [.[1:], columns[1:]] as $rest | (.[0] | pad(columns[0]))
	+ ($rest | transpose | map(.[1] as $n | .[0] | lpad($n)) | add);
def row_text:
	([(.place | pad(5)) + .what, (.ns.off | ns), (.floor_over_off | ratio), (.agent_over_off | ratio),
	(.agent_over_floor | ratio), (.noise | noise), (.cpu_agent_over_off.median | fixed(3)),
	(.cpu_agent_over_floor.median | fixed(3))] | cells)
	+ "\(.agent_cpu_share * 100 | fixed(0) | lpad(6)) %  \(.aim | aim_text | pad(20))\(.verdict // "")";
def header_text: (["", "off", "floor/off", "agent/off", "agent/floor", "off/off", "CPU a/o", "CPU a/f"] | cells) + "   agent  aim";
def figure_value: if . == null then "-" elif . >= 100 or . == 0 then fixed(0) else fixed(2) end;
def figure_text: "\(.name | pad(56))\(.value | figure_value | lpad(9)) "
	+ "\(.unit | pad(12))" + (if .aim == null then "" else "aim <= \(.aim): \(.verdict // "not measured")" end);
def machine_text: "\(.cpu), \(.cores) cores, \(.memory_kib / 1048576 | round) GiB, Linux \(.kernel); \(.date); load \(.load)\n"
	+ "\(.rounds) paired rounds, seed \(.seed); agent: \(.agent); medians [quartiles] of the ratios made pair by pair;\n"
	+ "off/off: the machine against itself, round to round; CPU a/o, a/f: agent/off and agent/floor of the load's CPU time,\n"
	+ "which others on the machine disturb less; agent: its own CPU";

(map(select(.what == "machine")) | first) as $machine
| $machine.containers as $containers
| map(select(.what == "time")) as $times
| {
	machine: $machine,
	loads: ($times | group_by([.place, .load]) | map(row)
		| sort_by(.place, load_order)),
	figures: (if $times == [] then [inventories] else figures($containers) end),
	samples: .
}
| .table = (["", (.machine | machine_text), "", (if .loads == [] then empty else header_text, (.loads[] | row_text), "" end), (.figures[] | figure_text)]
	| join("\n"))
