# SPDX-License-Identifier: Apache-2.0
# What `plimsoll compliance` shows of the unit tests' ledgers: its table on terminals, by tmux, and its page in headless Chromium.
# All looks are of one browser, whose start costs more than they do.
load lib

# What a reader of the page's structure expects.
STRUCTURE='(() => {
	const levels = [...document.querySelectorAll("h1, h2, h3, h4, h5")].map(e => +e.tagName[1]);
	const tables = [...document.querySelectorAll("table")], pictures = [...document.querySelectorAll("svg:not([aria-hidden])")];
	return levels[0] === 1 && levels.every((l, i) => i === 0 || l <= levels[i - 1] + 1) && tables.length === 3 &&
		tables.every(t => t.querySelectorAll("th[scope=col]").length > 2) && pictures.length === 2 &&
		pictures.every(p => p.getAttribute("aria-labelledby").split(" ").every(id =>
			p.querySelector("#" + id).textContent.length > 10)) && document.documentElement.lang === "en"; })()'
HOSTILE='[document.querySelectorAll("script, img, [onclick], [onerror]").length,
	document.querySelector(".brand").textContent.includes("<script>alert(1)</script>\"\u0027&amp;\\n\\x1b[31m")]'

# One that overflows, is pale, logs and asks the network; and one that tries to, under the page's own policy.
spoil() {
	sed -e '/Content-Security-Policy/d' -e 's|<main>|<main><div style="width:900px;color:#ddd">pale</div>\
		<img src="http://plimsoll.invalid/x.png"><script>console.error("told"); nothing()</script>|' ordinary.html >bad.html
	sed 's|<main>|<main><img src="http://plimsoll.invalid/x.png"><script>document.title = "ran"</script>|' ordinary.html \
		>held.html
}

looks() {
	local page
	for page in ordinary hostile empty; do
		echo "phone-$page $page.html --width 360"
		echo "phone-$page-open $page.html --width 360 --open"
	done
	echo "wide ordinary.html --eval '${STRUCTURE//$'\n'/ }'"
	echo "dark ordinary.html --dark --eval 'getComputedStyle(document.body).backgroundColor'"
	echo "between hostile.html --width 768 --dark --open --eval '${HOSTILE//$'\n'/ }'"
	echo "paper ordinary.html --paper --pdf page.pdf --width 718"
	echo "many many.html --width 360 --eval 'document.querySelectorAll(\"article\").length'"
	echo "bad bad.html --width 360"
	echo "held held.html --eval document.title"
}

setup_file() {
	local name
	cd "$BATS_FILE_TMPDIR" || return
	for name in ordinary hostile empty many; do "$B/tests/test_compliance_html" $name $name.html; done
	spoil
	looks | timeout 300 python3 "$HERE/../tools/browser.py" >looks.json 2>looks.log || fail "$(<looks.log)"
}

# said NAME JQ...: all of it is true of that look.
said() {
	local name=$1 condition
	shift
	for condition in "$@"; do
		jq -es "map(select(.name == \"$name\")) | length == 1 and (.[0] | $condition)" "$BATS_FILE_TMPDIR/looks.json" \
			>/dev/null ||
			fail "$name is not $condition:" "$(jq -c "select(.name == \"$name\")" "$BATS_FILE_TMPDIR/looks.json")"
	done
}

# Nothing reaches beyond the window; nothing was logged or asked for; every text can be read.
calm() { said "$1" '.scroll <= .client' '.beyond == []' '.logged == []' '.requests == []' '.contrast >= 4.5'; }

@test "a telephone, 360 px wide: nothing beyond the edge, also with everything open" {
	local page
	for page in ordinary hostile empty; do
		calm phone-$page
		calm phone-$page-open
		said phone-$page '.client == 360'
		said phone-$page-open '.client == 360' '.hidden == 0'
	done
}

@test "a wide window, light and dark, and one in between" {
	calm wide
	calm dark
	calm between
	said dark '.value == "rgb(19, 20, 22)"'
}

@test "the history is folded on a screen and whole on paper" {
	said wide '.hidden == 9'
	said paper '.hidden == 0'
	calm paper
	[ "$(head -c 5 "$BATS_FILE_TMPDIR/page.pdf")" = %PDF- ]
}

@test "headings in order, tables with headers, pictures with a title and a text" {
	said wide '.value == true'
}

@test "hostile names are texts: no element of theirs, and whole in what is shown" {
	said between '.value == [0, true]'
}

@test "5,000 violations: shown whole" {
	calm many
	said many '.value == 5000' '.client == 360'
}

@test "twin: what overflows, logs, asks the network or is pale is seen" {
	said bad '(.beyond | length) > 0' '.contrast < 4.5' '(.logged | length) > 1' '.requests == ["http://plimsoll.invalid/x.png"]'
}

@test "twin: with the page's own policy nothing of that runs" {
	said held '.value | startswith("Compliance: 3 overdue")' \
		'[.logged[] | select(contains("Content Security Policy"))] | length >= 2'
}

# terminal COLUMNS [OPTION...]: the table as a terminal so wide shows it; colours too with -e in CAPTURE, and NO_COLOR with
# something in REFUSED.
terminal() {
	local columns=$1 socket=$BATS_TEST_TMPDIR/tmux
	shift
	printf '%q ' "$B/tests/test_compliance_command" --all "$@" >"$BATS_TEST_TMPDIR/command"
	echo '; printf "exit %d\n" $?; tmux wait-for -S shown; tmux wait-for captured' >>"$BATS_TEST_TMPDIR/command"
	NO_COLOR=${REFUSED:-} TERM=xterm-256color tmux -S "$socket" -f /dev/null new-session -d -x "$columns" -y 200 \
		"sh $BATS_TEST_TMPDIR/command"
	timeout 30 tmux -S "$socket" wait-for shown
	tmux -S "$socket" capture-pane -p ${CAPTURE:-}
	tmux -S "$socket" kill-server
}

# Lines that begin in the first column: headings, the last line, the status; what wraps by itself would begin there too.
at_left() { grep -cE '^[^ ]' <<<"$output"; }

@test "a terminal of 80 and one of 140 columns: each as wide as it is, nothing wraps by itself" {
	local columns
	for columns in 80 140; do
		run -0 terminal $columns
		[ "$(awk '{ if (length > n) n = length } END { print n }' <<<"$output")" -gt $((columns - 20)) ]
		[[ $output == *"  overdue by 9 d "*"root.escalation setuid-file,/usr/sbin/postdrop"* ]]
		[[ $output == *"9 violations in 4 workloads: 3 overdue, 4 in grace, 1 waived, 1 resolved"*"exit 0"* ]]
		[ "$(at_left)" -eq 6 ] || fail "$output"
	done
}

@test "colours on a terminal, none where nobody wants them or looks" {
	CAPTURE=-e run -0 terminal 80
	[[ $output == *$'\033[31moverdue by 9 d'* ]] || fail "$output"
	CAPTURE=-e REFUSED=1 run -0 terminal 80
	[[ $output == *"  overdue by 9 d "* && $output != *$'\033'* ]] || fail "$output"
	run -0 "$B/tests/test_compliance_command" --fail-on any --workload 'no/**'
	[ "$output" = "No such violation is open" ]
	run -1 "$B/tests/test_compliance_command" --fail-on overdue
	[[ $output != *$'\033'* ]]
}
