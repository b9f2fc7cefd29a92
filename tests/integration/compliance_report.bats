# SPDX-License-Identifier: Apache-2.0
# The page of `plimsoll compliance --format html`, of the unit test's ledgers, as headless Chromium shows it. All looks are of
# one browser, whose start costs more than they do.
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
