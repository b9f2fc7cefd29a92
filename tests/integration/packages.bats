# SPDX-License-Identifier: Apache-2.0
# Packages that change in a running container: one drift.package for a transaction, with what came with it.
load lib

setup_file() {
	suite_start debian
	make_packages
	start_agent
}

teardown_file() { suite_end; }

# deb NAME VERSION: 300 files, and two programs.
deb() {
	local root=$D/debs/$1-$2 i
	mkdir -p "$root"/{DEBIAN,usr/bin,"usr/share/$1"}
	printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\nDescription: a test\n' \
		"$1" "$2" >"$root/DEBIAN/control"
	for i in {1..300}; do echo "$i of $1 $2" >"$root/usr/share/$1/$i"; done
	for i in one two; do
		cp "$PROGS/act" "$root/usr/bin/$1-$i"
		echo "$1 $2 $i" >>"$root/usr/bin/$1-$i"
	done
	printf '#!/bin/sh\ntouch /etc/made-by-%s\n' "$1" >"$root/DEBIAN/postinst"
	chmod 0755 "$root/DEBIAN/postinst"
	dpkg-deb --root-owner-group -b "$root" "$D/debs/$1_$2.deb" >/dev/null
}

# wheel NAME VERSION: as pip unpacks it.
wheel() {
	local info=$D/debs/wheels/$1-$2.dist-info
	mkdir -p "$info" "$D/debs/wheels/$1"
	echo "print('$1')" >"$D/debs/wheels/$1/__init__.py"
	printf 'Metadata-Version: 2.1\nName: %s\nVersion: %s\n' "$1" "$2" >"$info/METADATA"
	printf '%s/__init__.py,,\n%s-%s.dist-info/METADATA,,\n%s-%s.dist-info/RECORD,,\n' "$1" "$1" "$2" "$1" "$2" >"$info/RECORD"
}

make_packages() {
	deb foo 1.0
	deb foo 2.0
	wheel barlib 3.1
	mkdir -p "$D/debs/modules/left"
	echo '{"name": "left", "version": "1.2.3"}' >"$D/debs/modules/left/package.json"
	echo 'module.exports = 1' >"$D/debs/modules/left/index.js"
	chmod -R a+rX "$D/debs"
}

# Files of packages are not told one by one; what else a transaction wrote is told in it.
expect_package() {
	expect_alert drift.package "$@"
	expect_alert drift.package "$1"
}

@test "dpkg -i: one alert for a package of 300 files, and one when its programs run" {
	run_container installed $DEBIAN -v "$D/debs:/debs:ro"
	inside installed dpkg -i /debs/foo_1.0.deb >/dev/null
	sync_agent
	expect_package installed '.plimsoll.packages.added == [{"name": "foo", "type": "deb", "architecture": "all", "version": "1.0"}]' \
		'.plimsoll.packages.total == 1' '.plimsoll.severity == "high"' '.event.action == "add"' \
		'.event.category == ["package"]' '.process.executable | test("/dpkg$")' \
		'.message | test("^1 package added .foo 1.0. in installed by .*dpkg")' \
		'.message | test(", 1 of them of files that no package owns ./etc/made-by-foo")'
	expect_alert drift.exec.new installed '.file.path == "/var/lib/dpkg/info/foo.postinst"'
	expect_quiet installed drift.package drift.exec.new root.exec session.exec
	inside installed sh -c 'foo-one true && foo-two true && foo-one true'
	sync_agent
	expect_alert -n 2 drift.exec.new installed
	expect_alert drift.exec.new installed '.package.name == "foo"'  '.package.version == "1.0"' \
		'.package.type == "deb"' '.plimsoll.verdict == "added"'
	expect_quiet installed drift.package drift.exec.new root.exec session.exec
}

@test "another payload at the path of such a package is told again" {
	run_container switched $DEBIAN -v "$D/debs:/debs:ro"
	inside switched sh -c 'dpkg -i /debs/foo_1.0.deb >/dev/null'
	sync_agent
	inside switched sh -c "foo-one true; cp $TOOLS/ids /usr/bin/foo-one; sleep 0.1; foo-one"
	sync_agent
	expect_alert drift.exec.new switched '.package.name == "foo"'
	expect_alert drift.exec.new switched '.plimsoll.copied_from != null' '.package == null'
}

@test "an upgrade and a removal, each one alert" {
	run_container upgraded $DEBIAN -v "$D/debs:/debs:ro"
	inside upgraded dpkg -i /debs/foo_1.0.deb >/dev/null
	sync_agent
	inside upgraded dpkg -i /debs/foo_2.0.deb >/dev/null
	sync_agent
	expect_alert drift.package upgraded \
		'.plimsoll.packages.changed == [{"name": "foo", "type": "deb", "architecture": "all", "from": "1.0", "to": "2.0"}]'
	inside upgraded dpkg -r foo >/dev/null
	sync_agent
	expect_alert drift.package upgraded '.plimsoll.packages.removed[0].name == "foo"' '.event.action == "remove"'
	expect_alert -n 3 drift.package upgraded
	expect_alert -n 2 drift.exec.new upgraded '.file.path == "/var/lib/dpkg/info/foo.postinst"'
	expect_quiet upgraded drift.package drift.exec.new root.exec session.exec
}

@test "a database removed" {
	run_container removed $DEBIAN
	inside removed rm /var/lib/dpkg/status
	sync_agent
	expect_package removed '.event.action == "remove"' '.plimsoll.packages.total > 50' \
		'(.plimsoll.packages.removed | length) == 64' '.process.executable | test("/rm$")'
}

@test "a database edited" {
	run_container edited $DEBIAN
	inside edited sed -i '/^Package: bash$/,/^$/ s/^Version: .*/Version: 9.9/' /var/lib/dpkg/status
	sync_agent
	expect_package edited '.plimsoll.packages.changed[0].name == "bash"' '.plimsoll.packages.changed[0].to == "9.9"' \
		'.process.executable | test("/sed$")'
}

# ended_unreaped NAME PROGRAM: it has ended in that container, whose first process waits for nobody.
ended_unreaped() { inside "$1" grep -qsE "^[0-9]+ \($2\) Z" /proc/{1..300}/stat; }

@test "a writer that nobody reaps: its transaction ends as any other" {
	run_container unreaped $DEBIAN -- sleep 1000
	inside unreaped sh -c "sed -i '/^Package: bash$/,/^$/ s/^Version: .*/Version: 9.8/' /var/lib/dpkg/status &"
	wait_for 10 ended_unreaped unreaped sed
	timeout 30 "$PLM" ps --json --wait --runtime-dir "$D/control" >"$D/ps.json"
	expect_package unreaped '.plimsoll.packages.changed[0].name == "bash"' '.plimsoll.packages.changed[0].to == "9.8"'
	ended_unreaped unreaped sed
}

@test "apk's database" {
	run_container apk $BUSYBOX
	inside apk sh -c 'mkdir -p /lib/apk/db && printf "P:musl\nV:1.2.4-r2\nA:x86_64\nL:MIT\nF:lib\nR:libc.so\n\n" >/lib/apk/db/installed &&
		echo x >/lib/libc.so'
	sync_agent
	expect_package apk '.plimsoll.packages.added == [{"name": "musl", "type": "apk", "architecture": "x86_64", "version": "1.2.4-r2"}]'
	expect_alert -n 2 mutation.file apk '.event.action == "create"' '.file.path | test("^/lib(/apk)?$")'
	expect_quiet apk drift.package mutation.file root.exec session.exec
}

@test "a Python and a Node package" {
	run_container languages $BUSYBOX -v "$D/debs:/debs:ro"
	inside languages sh -c 'mkdir -p /usr/lib/python3/dist-packages && cp -r /debs/wheels/. /usr/lib/python3/dist-packages/'
	sync_agent
	expect_alert drift.package languages '.plimsoll.packages.added == [{"name": "barlib", "type": "pypi", "version": "3.1"}]'
	inside languages sh -c 'mkdir -p /app/node_modules && cp -r /debs/modules/. /app/node_modules/'
	sync_agent
	expect_alert drift.package languages '.plimsoll.packages.added == [{"name": "left", "type": "npm", "version": "1.2.3"}]'
	expect_quiet languages drift.package mutation.file root.exec session.exec
}

# The tools themselves, of the host's /usr, which the container sees as a volume: its own image has none of them.
tools_container() {
	run_container "$1" $DEBIAN -v /usr:/host/usr:ro -v /usr/lib/rpm:/usr/lib/rpm:ro -v "$D/debs:/debs:ro" \
		-e LD_LIBRARY_PATH=/host/usr/lib/x86_64-linux-gnu -e PYTHONHOME=/host/usr -e HOME=/tmp
}

expect_added() { # CONTAINER TYPE NAME VERSION
	expect_package "$1" '.plimsoll.packages.total == 1' ".plimsoll.packages.added[0] | .name == \"$3\" and .type == \"$2\" and
		.version == \"$4\""
}

@test "rpm, pip and npm, each by its own tool" {
	local host=/host/usr
	tool_packages
	tools_container by-rpm
	inside by-rpm $host/bin/rpm -i --nodeps --ignorearch --noscripts --dbpath /var/lib/rpm /debs/gamma-3.0-1.noarch.rpm
	sync_agent
	expect_added by-rpm rpm gamma 3.0-1
	tools_container by-pip
	inside by-pip $host/bin/python3 -m pip install -q --no-index --no-deps --no-compile --target /opt/site-packages \
		/debs/delta-4.1-py3-none-any.whl
	sync_agent
	expect_added by-pip pypi delta 4.1
	tools_container by-npm
	inside by-npm sh -c "mkdir /srv/app && cd /srv/app && $host/bin/node $host/lib/node_modules/npm/bin/npm-cli.js \
		install --offline --no-audit --no-fund --cache /tmp/npm /debs/epsilon-5.2.0.tgz"
	sync_agent
	expect_added by-npm npm epsilon 5.2.0
}

# One package of each, as its own tool makes it.
tool_packages() {
	mkdir -p "$D/made/delta/delta" "$D/made/epsilon"
	printf 'Name: gamma\nVersion: 3.0\nRelease: 1\nSummary: c\nLicense: MIT\nBuildArch: noarch\n%%description\nc\n%%install\nmkdir -p %%{buildroot}/opt/gamma\necho x >%%{buildroot}/opt/gamma/x\n%%files\n/opt/gamma\n' >"$D/made/gamma.spec"
	HOME=$D/made rpmbuild -bb --define "_topdir $D/made/rpm" "$D/made/gamma.spec" >"$D/made/log" 2>&1
	cp "$D"/made/rpm/RPMS/noarch/*.rpm "$D/debs/"
	echo 'x = 1' >"$D/made/delta/delta/__init__.py"
	echo 'from setuptools import setup; setup(name="delta", version="4.1", packages=["delta"])' >"$D/made/delta/setup.py"
	python3 -m pip wheel -q --no-build-isolation --no-index --no-deps -w "$D/debs" "$D/made/delta" >"$D/made/log" 2>&1
	echo '{"name": "epsilon", "version": "5.2.0"}' >"$D/made/epsilon/package.json"
	(cd "$D/made/epsilon" && npm pack --silent --cache "$D/made/npm" --pack-destination "$D/debs" >/dev/null)
	chmod -R a+rX "$D/debs"
}

@test "what somebody else writes meanwhile is told as what it is" {
	run_container unowned $DEBIAN -v "$D/debs:/debs:ro"
	inside unowned sh -c 'dpkg -i /debs/foo_1.0.deb >/dev/null & echo evil >/etc/evil; wait'
	sync_agent
	expect_package unowned
	expect_alert mutation.file unowned '.file.path == "/etc/evil"'
}

@test "twin: what only looks at packages, or changes none" {
	run_container looking $DEBIAN -v "$D/debs:/debs:ro"
	inside looking sh -c 'dpkg -l >/dev/null; dpkg -S /bin/bash >/dev/null; dpkg --configure -a; touch /var/lib/dpkg/status'
	sync_agent
	expect_alert -n 0 drift.package looking
	inside looking sh -c 'mkdir -p /opt/site-packages/x && echo 1 >/opt/site-packages/x/y.py'
	sync_agent
	expect_alert -n 0 drift.package looking
	expect_alert mutation.file looking '.file.path == "/opt/site-packages/x/y.py"'
}
