# SPDX-License-Identifier: Apache-2.0
# `plimsoll drift`: what differs now between a container and its image, with no agent, and with one that knows who wrote.
load lib

setup_file() {
	suite_start debian containerd
	mkdir -p "$D/state" "$D/debs"
	make_packages
}

teardown_file() { suite_end; }

# What dpkg, pip and npm would bring.
make_packages() {
	local root=$D/debs/foo
	mkdir -p "$root"/{DEBIAN,usr/bin,usr/share/foo} "$D/debs/python/barlib-3.1.dist-info" "$D/debs/python/barlib" \
		"$D/debs/modules/left"
	printf 'Package: foo\nVersion: 1:2.0-1\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\nDescription: a test\n' \
		>"$root/DEBIAN/control"
	cp "$PROGS/act" "$root/usr/bin/foo"
	echo data >"$root/usr/share/foo/data"
	dpkg-deb --root-owner-group -b "$root" "$D/debs/foo.deb" >/dev/null
	printf 'Metadata-Version: 2.1\nName: barlib\nVersion: 3.1\n' >"$D/debs/python/barlib-3.1.dist-info/METADATA"
	printf 'barlib/__init__.py,,\n' >"$D/debs/python/barlib-3.1.dist-info/RECORD"
	echo 'print("bar")' >"$D/debs/python/barlib/__init__.py"
	echo '{"name": "left", "version": "1.2.3"}' >"$D/debs/modules/left/package.json"
	chmod -R a+rX "$D/debs"
}

sources() { printf '%s\n' --docker-socket "$D/docker.sock" --containerd-socket "$D/containerd.sock" --runc-root "$D/runc"; }

# drift CONTAINER [OPTION...]
drift() {
	local -a options
	mapfile -t options < <(sources)
	"$PLM" drift "${options[@]}" --state-dir "$D/state" --runtime-dir "$D/control" "$@"
}

# packages CONTAINER: one a line, of what `drift --json` last said.
packages() { jq -c '.packages[] | [.plimsoll.change, .package.type, .package.name, .plimsoll.from, .plimsoll.to]' "$D/drift.json"; }

# expect_file CONTAINER PATH JQ CONDITION...
expect_file() {
	local container=$1 path=$2 condition filter
	shift 2
	filter=".files[] | select(.file.path == \"$path\")"
	for condition in "$@"; do filter+=" | select($condition)"; done
	[ "$(jq -c "$filter" "$D/drift.json" | wc -l)" -eq 1 ] || fail "$container: $path is not $*:" "$(jq . "$D/drift.json")"
}

@test "twin: a container as it was shipped differs in nothing, whoever runs it" {
	local name
	run_container as-shipped $DEBIAN
	inside as-shipped true
	run_ctr differs-ctr
	runc_bundle differs-runc
	run_runc differs-runc
	for name in as-shipped differs-ctr differs-runc; do
		drift $name --fail-on any || fail "$(drift $name)"
		[ "$(drift $name --json | jq -c '[.files, .packages, .plimsoll]')" = '[[],[],null]' ]
	done
	[ "$(drift as-shipped)" = "as-shipped: as its image" ]
}

@test "twin: a working directory that the runtime made; told once it holds something" {
	run_container working $DEBIAN -w /made/for/me
	drift working --fail-on any || fail "$(drift working)"
	inside working touch empty
	run -1 drift working --fail-on any
	[[ $output == "working: 2 added"*"/made/for/me/ time="*"/made/for/me/empty time="* ]]
}

@test "what was changed in an earlier life is told; so is what was put there before the first" {
	docker create --network $NETWORK --name twice-begun $DEBIAN:$TAG >/dev/null
	echo early >"$D/early"
	docker cp "$D/early" twice-begun:/opt/early 2>/dev/null
	docker start twice-begun >/dev/null
	inside twice-begun sh -c 'echo x >/opt/file; chmod 700 /etc/plm'
	docker restart -t 0 twice-begun >/dev/null
	drift twice-begun --json >"$D/drift.json"
	expect_file twice-begun /opt/early '.plimsoll.change == "added"'
	expect_file twice-begun /opt/file '.plimsoll.change == "added"'
	expect_file twice-begun /etc/plm '.plimsoll.change == "metadata"' '.file.type == "dir"'
	[ "$(jq '.files | length' "$D/drift.json")" -eq 3 ]
}

@test "twin: a volume, a tmpfs and files that the runtime mounts are not the image's" {
	run_container with-volumes $DEBIAN -v "$D/state:/volume" --tmpfs /mem
	inside with-volumes sh -c 'echo x >/volume/x; echo x >/mem/x; echo 127.0.0.9 h >>/etc/hosts'
	drift with-volumes --fail-on any
}

@test "added, modified, removed, metadata only; digests and packages" {
	run_container differs $DEBIAN
	inside differs sh -c 'echo x >/opt/new; echo y >>/etc/debian_version; rm /etc/plm/app.conf; chmod 700 /usr/bin/id; rm -r /usr/share/debconf; touch /bin/ls'
	drift differs --json >"$D/drift.json"
	expect_file differs /opt/new '.plimsoll.change == "added"' '.plimsoll.layer == "upper"' '.file.size == 2' \
		".file.hash.sha256 == \"$(echo x | sha256sum | cut -d' ' -f1)\"" '.package == null'
	expect_file differs /etc/debian_version '.plimsoll.change == "modified"' '.package.name == "base-files"' \
		'.plimsoll.expected != .file.hash.sha256' '.plimsoll.expected | test("^[0-9a-f]{64}$")'
	expect_file differs /etc/plm/app.conf '.plimsoll.change == "removed"' '.file.hash == null'
	expect_file differs /usr/bin/id '.plimsoll.change == "metadata"' '.package.name == "coreutils"' '.file.mode == "0700"' \
		'.plimsoll.expected == .file.hash.sha256'
	expect_file differs /usr/share/debconf '.plimsoll.change == "removed"' '.plimsoll.files > 2'
	[ "$(jq '.files | length' "$D/drift.json")" -eq 5 ]
	[ "$(jq -r .container.name "$D/drift.json")" = differs ]
	run -1 drift differs --fail-on removed
	[[ $output == "differs: 1 added, 1 modified, 1 metadata, 2 removed"* ]]
	drift differs --fail-on packages >/dev/null
}

@test "dpkg -i: a package added, and its files with it" {
	run_container installed $DEBIAN -v "$D/debs:/debs:ro"
	inside installed dpkg -i /debs/foo.deb >/dev/null
	drift installed --json >"$D/drift.json"
	[ "$(packages)" = '["added","deb","foo",null,"1:2.0-1"]' ]
	expect_file installed /usr/bin/foo '.plimsoll.change == "added"' '.package.name == "foo"' \
		'.package.version == "1:2.0-1"' '.package.type == "deb"' '.file.mode == "0755"' \
		".file.hash.sha256 == \"$(sha256sum "$D/debs/foo/usr/bin/foo" | cut -d' ' -f1)\""
	expect_file installed /usr/share/foo/data '.package.name == "foo"'
	expect_file installed /var/lib/dpkg/status '.plimsoll.change == "modified"'
	run -1 drift installed --fail-on packages
	[[ $output == "installed: "*", 1 package added"* ]]
	inside installed dpkg -P foo >/dev/null
	drift installed --fail-on packages >/dev/null
}

@test "packages of Python and Node" {
	run_container languages $DEBIAN -v "$D/debs:/debs:ro"
	inside languages sh -c 'mkdir -p /usr/lib/python3/dist-packages /app/node_modules &&
		cp -r /debs/python/. /usr/lib/python3/dist-packages/ && cp -r /debs/modules/. /app/node_modules/'
	drift languages --json >"$D/drift.json"
	[ "$(packages)" = '["added","pypi","barlib",null,"3.1"]
["added","npm","left",null,"1.2.3"]' ]
	expect_file languages /usr/lib/python3/dist-packages/barlib/__init__.py '.package.name == "barlib"'
}

@test "a database removed, and one that nobody can read" {
	local name
	run_container lost $DEBIAN
	run_container stuck $DEBIAN
	inside lost rm /var/lib/dpkg/status
	inside stuck sh -c 'rm /var/lib/dpkg/status && mkfifo /var/lib/dpkg/status'
	for name in lost stuck; do
		run -1 timeout 60 "$PLM" drift $(sources) --state-dir "$D/state" $name --fail-on packages --json
		echo "$output" >"$D/drift.json"
		[ "$(packages | grep -c '"removed","deb"')" -gt 50 ]
		[ "$(packages | grep -vc '"removed","deb"')" -eq 0 ]
	done
	drift lost --json >"$D/drift.json"
	expect_file lost /var/lib/dpkg/status '.plimsoll.change == "removed"'
}

@test "a sparse file of many gigabytes costs no time, and what is too deep is not called fine" {
	run_container deep $DEBIAN
	inside deep sh -c 'truncate -s 3T /opt/sparse; cd /opt; for i in $(seq 70); do mkdir d; cd d; done; echo x >evil'
	run -1 timeout 60 "$PLM" drift $(sources) --state-dir "$D/state" deep --fail-on any --json
	[ "$(jq -c '[.plimsoll.unseen, .plimsoll.unhashed]' <<<"$output")" = '[1,1]' ]
	[ "$(jq '[.files[] | select(.file.path | test("^/opt/(d(/d)*|sparse)$"))] | length' <<<"$output")" -ge 60 ]
	run -3 --separate-stderr drift deep --fail-on modified
	[[ $stderr == "plimsoll: deep was not looked at whole: --fail-on modified cannot be answered" ]]
	[[ $output == *"not looked at: 1 entries"* ]]
	drift deep >/dev/null
	drift deep --fail-on packages >/dev/null
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
	run_container odd-names $DEBIAN
	inside odd-names sh -c "touch \"\$(printf '/opt/a\\033[31mb')\""
	drift odd-names >"$D/drift.out"
	! grep -q $'\033' "$D/drift.out" || fail "$(cat -v "$D/drift.out")"
	drift odd-names --json | jq -e '.files[0].file.path == "/opt/a\u001b[31mb"'
}

@test "what cannot be answered says so in one line" {
	run -3 drift nobody
	[[ $output == "plimsoll: no running container on this host is called 'nobody'"* ]]
	run -2 drift
	[[ $output == "plimsoll: drift takes one CONTAINER"* ]]
	run -2 drift as-shipped --fail-on everything
	[[ $output == "plimsoll: --fail-on is any,"* ]]
}
