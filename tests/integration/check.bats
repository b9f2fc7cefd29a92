# SPDX-License-Identifier: Apache-2.0
# plimsoll check: each runtime with its version and socket, or why it could not be asked. No runtime is needed for it.
load lib

setup_file() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	D=$(mktemp -d /tmp/plm.XXXXXX)
	ENTER=(env)
	export D
}

teardown_file() { rm -rf --one-file-system "$D"; }

teardown() {
	end_process liar 5 || :
	rm -f "$D/liar.sock"
}

# lie [ANSWER]: somebody listens at $D/liar.sock, who gives that answer, or none.
lie() {
	launch liar perl "$HERE/progs/liar.pl" "$D/liar.sock" "$@"
	wait_line 10 "$(<"$D/liar.pid")" "$D/liar.log" listening
}

# expect_line STATE RUNTIME SOCKET DETAIL: exactly one line of the last answer, with that detail.
expect_line() {
	local want
	want=$(printf '%-4s %-25s %-10s  %-34s %s' "$1" "$2" "" "$3" "$4")
	[ "$(grep -cxF -e "$want" <<<"$output")" -eq 1 ] || fail "expected: $want" "got:" "$output"
}

@test "its version, with what a terminal must not get made harmless" {
	lie $'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"Version": "1.2 \\u001b[31m\\n"}'
	run -0 "$PLM" check --docker-socket "$D/liar.sock"
	expect_line ok docker "$D/liar.sock" '1.2 \x1b[31m\n'
	run -0 "$PLM" check --json --docker-socket "$D/liar.sock"
	jq -e --arg s "$D/liar.sock" 'any(.checks[]; .section == "runtimes" and .mechanism == $s and .state == "ok" and
		.detail == "1.2 \\x1b[31m\\n")' <<<"$output"
}

@test "not there" {
	run -0 "$PLM" check --docker-socket "$D/none" --podman-socket "$D/none" --containerd-socket "$D/none" --crio-socket "$D/none"
	for runtime in docker podman containerd cri-o; do expect_line - $runtime "$D/none" "not there"; done
}

@test "nobody at its socket" {
	: >"$D/file.sock"
	run -0 "$PLM" check --podman-socket "$D/file.sock"
	expect_line no podman "$D/file.sock" "nobody answers at its socket"
}

@test "no answer within two seconds, from any" {
	lie
	run -0 timeout 25 "$PLM" check --docker-socket "$D/liar.sock" --podman-socket "$D/liar.sock" \
		--containerd-socket "$D/liar.sock" --crio-socket "$D/liar.sock"
	for runtime in docker podman containerd cri-o; do
		expect_line no $runtime "$D/liar.sock" "did not answer within 2 s"
	done
}

@test "rubbish" {
	lie $'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"Id": 7]'
	run -0 "$PLM" check --docker-socket "$D/liar.sock" --containerd-socket "$D/liar.sock" --crio-socket "$D/liar.sock"
	for runtime in docker containerd cri-o; do
		expect_line no $runtime "$D/liar.sock" "what answers there is another program, or broken"
	done
}

@test "no permission" {
	lie
	chown 65534 "$D/liar.sock"
	chmod 0 "$D/liar.sock"
	run -0 setpriv --bounding-set -dac_override,-dac_read_search "$PLM" check --docker-socket "$D/liar.sock"
	expect_line no docker "$D/liar.sock" "may not be asked: permission denied"
}

@test "libcurl is loaded by who asks a runtime, and only then; without it the answer says so" {
	local library
	library=$(ldconfig -p | awk '$1 == "libcurl.so.4" {print $NF; exit}')
	lie $'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"Version": "1.2"}'
	LD_DEBUG=files run -0 "$PLM" check --docker-socket "$D/liar.sock"
	[[ $output == *libcurl* ]]
	LD_DEBUG=files run -0 "$PLM" check --docker-socket "$D/none.sock" --podman-socket "$D/none.sock" \
		--containerd-socket "$D/none.sock" --crio-socket "$D/none.sock"
	[[ $output == *libsqlite3* && $output != *libcurl* ]]
	run -0 unshare -m --propagation private sh -c 'mount --bind /dev/null "$1" && exec "$2" check --docker-socket "$3"' sh \
		"$library" "$PLM" "$D/liar.sock"
	expect_line no docker "$D/liar.sock" 'cannot be asked: libcurl.so.4 is not there, or too old'
	[ "$(grep -c 'libcurl.so.4 is not there, or too old: no runtime' <<<"$output")" -eq 1 ]
}
