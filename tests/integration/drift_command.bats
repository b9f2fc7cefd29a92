# SPDX-License-Identifier: Apache-2.0
# `plimsoll drift`: what differs now between a container and its image, with no agent, and with one that knows who wrote.
load lib

setup_file() { suite_start debian; }
teardown_file() { suite_end; }

sources() { printf '%s\n' --docker-socket "$D/docker.sock" --containerd-socket "$D/containerd.sock" --runc-root "$D/runc"; }

# drift CONTAINER [OPTION...]
drift() {
	local -a options
	mapfile -t options < <(sources)
	"$PLM" drift "${options[@]}" --state-dir "$D/state" --runtime-dir "$D/control" "$@"
}

# expect_file CONTAINER PATH JQ CONDITION...
expect_file() {
	local container=$1 path=$2 condition filter
	shift 2
	filter=".files[] | select(.file.path == \"$path\")"
	for condition in "$@"; do filter+=" | select($condition)"; done
	[ "$(jq -c "$filter" "$D/drift.json" | wc -l)" -eq 1 ] || fail "$container: $path is not $*:" "$(jq . "$D/drift.json")"
}

@test "twin: an untouched container differs in nothing" {
	run_container untouched $DEBIAN
	inside untouched true
	drift untouched --fail-on any
	[ "$(drift untouched --json | jq -c '[.files, .packages]')" = '[[],[]]' ]
	[ "$(drift untouched)" = "untouched: as its image" ]
}

@test "twin: a volume, a tmpfs and files that the runtime mounts are not the image's" {
	run_container mounted $DEBIAN -v "$D/state:/volume" --tmpfs /mem
	inside mounted sh -c 'echo x >/volume/x; echo x >/mem/x; echo 127.0.0.9 h >>/etc/hosts'
	drift mounted --fail-on any
}

@test "added, modified, removed, metadata only; digests and packages" {
	run_container changed $DEBIAN
	inside changed sh -c 'echo x >/opt/new; echo y >>/etc/debian_version; rm /etc/plm/app.conf; chmod 700 /usr/bin/id; rm -r /usr/share/debconf; touch /bin/ls'
	drift changed --json >"$D/drift.json"
	expect_file changed /opt/new '.plimsoll.change == "added"' '.plimsoll.layer == "upper"' '.file.size == 2' \
		".file.hash.sha256 == \"$(echo x | sha256sum | cut -d' ' -f1)\"" '.package == null'
	expect_file changed /etc/debian_version '.plimsoll.change == "modified"' '.package.name == "base-files"' \
		'.plimsoll.expected != .file.hash.sha256' '.plimsoll.expected | test("^[0-9a-f]{64}$")'
	expect_file changed /etc/plm/app.conf '.plimsoll.change == "removed"' '.file.hash == null'
	expect_file changed /usr/bin/id '.plimsoll.change == "metadata"' '.package.name == "coreutils"' '.file.mode == "0700"' \
		'.plimsoll.expected == .file.hash.sha256'
	expect_file changed /usr/share/debconf '.plimsoll.change == "removed"' '.plimsoll.files > 2'
	[ "$(jq '.files | length' "$D/drift.json")" -eq 5 ]
	[ "$(jq -r .container.name "$D/drift.json")" = changed ]
	run -1 drift changed --fail-on removed
	[[ $output == "changed: 1 added, 1 modified, 1 metadata, 2 removed"* ]]
	drift changed --fail-on packages >/dev/null
}

@test "packages that came, and who wrote, where an agent runs" {
	start_agent
	run_container packaged $DEBIAN
	inside packaged sh -c 'sed -i "s/^Version: .*/Version: 9.9/;/^$/q" /var/lib/dpkg/status; cp /bin/true /usr/bin/dropped'
	sync_agent
	drift packaged --json >"$D/drift.json"
	expect_file packaged /usr/bin/dropped '.plimsoll.writer.executable == "/usr/bin/cp"' '.plimsoll.writer.pid > 1' \
		'.plimsoll.writer.session != null' '.plimsoll.writer.time | test("Z$")'
	[ "$(jq '[.packages[] | select(.plimsoll.change == "removed")] | length' "$D/drift.json")" -gt 50 ]
	run -1 drift packaged --fail-on packages
	stop_agent
}

@test "names that would steer a terminal are escaped" {
	run_container names $DEBIAN
	inside names sh -c "touch \"\$(printf '/opt/a\\033[31mb')\""
	drift names >"$D/drift.out"
	! grep -q $'\033' "$D/drift.out" || fail "$(cat -v "$D/drift.out")"
	drift names --json | jq -e '.files[0].file.path == "/opt/a\u001b[31mb"'
}

@test "what cannot be answered says so in one line" {
	run -3 drift nobody
	[[ $output == "plimsoll: no running container on this host is called 'nobody'"* ]]
	run -2 drift
	[[ $output == "plimsoll: drift takes one CONTAINER"* ]]
	run -2 drift untouched --fail-on everything
	[[ $output == "plimsoll: --fail-on is any,"* ]]
}
