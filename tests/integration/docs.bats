# SPDX-License-Identifier: Apache-2.0
# The manual says what the program does, and the other way round. Needs no root and starts nothing.
load lib

ROOT=$HERE/../..
MAN=$ROOT/docs/man
commands=(run check ps tail show inventory drift policy replay)

# long_options: the words that look like one, each once, sorted. Manual pages are rendered first.
long_options() { grep -oE -e '(^|[^[:alnum:]-])--[a-z][a-z-]*[a-z]' | grep -oE -e '--[a-z-]+' | sort -u; }
page() { mandoc -T ascii -O width=200 "$MAN/$1" | col -b; }
usage() { timeout 10 "$PLM" "$@" --help; }

# The part of a page under a heading.
section() { page "$1" | awk -v head="$2" '/^[A-Z]/ {on = index($0, head) == 1} on'; }

@test "every page is there, and mandoc has no complaint" {
	local name
	for name in plimsoll "${commands[@]/#/plimsoll-}"; do [ -s "$MAN/$name.1" ] || fail "no page $name.1"; done
	run mandoc -T lint -W warning "$MAN"/*.[15]
	[ -z "$output" ] || fail "$output"
}

@test "twin: mandoc would complain" {
	run ! mandoc -T lint -W warning /dev/stdin <<<'.Dd today
.Sh NO SUCH MACRO
.Zz'
	[ -n "$output" ]
}

@test "every option of each --help is in its page" {
	local name missing
	for name in "${commands[@]}"; do
		missing=$(comm -23 <(usage $name | long_options) <(page "plimsoll-$name.1" | long_options))
		[ -z "$missing" ] || fail "plimsoll-$name.1 lacks:" "$missing"
	done
	[ "$(usage run | long_options | wc -l)" -gt 8 ]
}

@test "every option that a page lists is in the --help" {
	local name missing
	for name in "${commands[@]}"; do
		missing=$(comm -13 <(usage $name | long_options) <(section "plimsoll-$name.1" SYNOPSIS |
			cat - <(page "plimsoll-$name.1" | grep -E '^ {1,6}(-[a-z], )?--') | long_options))
		[ -z "$missing" ] || fail "plimsoll $name --help lacks:" "$missing"
	done
}

@test "every option of a --help is taken, and another is refused" {
	local name
	for name in "${commands[@]}"; do
		run -2 timeout 10 "$PLM" $name --no-such-option
		usage $name >/dev/null
	done
}

@test "plimsoll(1) and plimsoll --help name every command" {
	local name
	for name in "${commands[@]}"; do
		page plimsoll.1 | grep -qw -- "$name"
		timeout 10 "$PLM" --help | grep -qE "^ +$name( |\$)"
	done
}

@test "every rule that can be told is in plimsoll-rules(5), and none else" {
	local told name
	told=$(grep -ohE '"(drift|mutation|escape|root|session|coverage)\.[a-z_.]+"' "$ROOT"/src/detect/rule.c | tr -d '"' | sort -u)
	[ "$(wc -w <<<"$told")" -gt 15 ]
	for name in $told; do
		page plimsoll-rules.5 | grep -qF -- "$name" || fail "plimsoll-rules.5 lacks $name"
	done
	page plimsoll-rules.5 | grep -oE '\b(drift|mutation|escape|root|session|coverage)\.[a-z_]+(\.[a-z_]+)?\b' | sort -u |
		while read -r name; do grep -qE -- "^${name//./\\.}(\.|\$)" <<<"$told" || fail "no such rule: $name"; done
}

@test "the policy that plimsoll.yaml(5) shows is a good one" {
	mandoc -T markdown "$MAN/plimsoll.yaml.5" | sed -n '/^# EXAMPLES/,/^# SEE/p' | sed -n 's/^\t//p' \
		>"$BATS_TEST_TMPDIR/example.yaml"
	grep -q '^workloads:' "$BATS_TEST_TMPDIR/example.yaml"
	run -0 timeout 10 "$PLM" policy check "$BATS_TEST_TMPDIR/example.yaml"
	sed -i 's/^waivers:/wavers:/' "$BATS_TEST_TMPDIR/example.yaml"
	run -1 timeout 10 "$PLM" policy check "$BATS_TEST_TMPDIR/example.yaml"
}

@test "README: its make targets, files and options exist" {
	local word name
	[ -s "$ROOT/README.md" ] || skip "no README.md yet"
	for word in $(grep -oE '(^ *|`|[#$] )make [a-z][a-z-]*\b' "$ROOT/README.md" | sed 's/.*make //' | sort -u); do
		grep -qE "^([a-z-]+ )*$word( [a-z-]+)*:" "$ROOT/Makefile" || fail "the Makefile has no $word"
	done
	for word in $(grep -oE '\]\([^)#:]+\)' "$ROOT/README.md" | sed -E 's/^\]\((.*)\)$/\1/') \
		$(grep -oE '`(src|bpf|docs|tests|tools|include|vmlinux|deploy)/[A-Za-z0-9_./-]*`' "$ROOT/README.md" | tr -d '`'); do
		[ -e "$ROOT/$word" ] || fail "README names $word, which is not there"
	done
	for word in $(grep -E 'plimsoll' "$ROOT/README.md" | grep -oE 'plimsoll [a-z]+ .*' | long_options); do
		for name in "${commands[@]}"; do usage $name; done | long_options | grep -qx -- "$word" ||
			fail "README names $word, which no command takes"
	done
}
