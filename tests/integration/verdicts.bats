# SPDX-License-Identifier: Apache-2.0
# What ran, by its content: digest, package, verdict, writer; scripts; and files that were changed when the image was made.
load lib

TAMPERED=plm/tampered

setup_file() {
	suite_start debian
	make_tampered
	start_agent
}

teardown_file() { suite_end; }

# An image whose build changed a program and a library of its packages.
make_tampered() {
	run_container building $DEBIAN
	inside building sh -c 'echo >>/usr/bin/tac; for f in /usr/lib/x86_64-linux-gnu/libacl.so.1.*; do echo >>$f; done
		echo "# edited" >>/etc/bash.bashrc'
	docker commit building "$TAMPERED:$TAG" >/dev/null
	docker rm -f building >/dev/null
}

sum_of() { inside "$1" sha256sum "$2" | cut -d' ' -f1; }

@test "as shipped: digest, package and verdict" {
	run_container shipped $DEBIAN
	sync_agent # its image has been read
	inside shipped /usr/bin/ls / >/dev/null
	sync_agent
	expect_alert session.exec shipped '.file.path == "/usr/bin/ls"' '.plimsoll.verdict == "shipped"' \
		'.package.name == "coreutils"' '.package.type == "deb"' '.package.version | test("^9")' \
		".file.hash.sha256 == \"$(sum_of shipped /usr/bin/ls)\"" '.plimsoll.expected == null'
}

@test "modified: the digest, and the one that the image has" {
	run_container modified $DEBIAN
	expected=$(sum_of modified /usr/bin/tac)
	inside modified sh -c "cp $TOOLS/ids /usr/bin/tac; sleep 0.1; tac"
	sync_agent
	expect_alert drift.exec.modified modified '.file.path == "/usr/bin/tac"' '.plimsoll.verdict == "modified"' \
		".file.hash.sha256 == \"$(sum_of modified /usr/bin/tac)\"" ".plimsoll.expected == \"$expected\"" \
		'.package.name == "coreutils"' '.plimsoll.writer.executable == "/usr/bin/cp"' '.plimsoll.writer.pid > 1' \
		'.plimsoll.writer.session != null'
	expect_alert mutation.file modified '.file.path == "/usr/bin/tac"' '.plimsoll.severity == "high"' '.package.name == "coreutils"'
}

@test "twin: replaced by the same content is no drift" {
	run_container same $DEBIAN
	inside same sh -c 'cp /usr/bin/tac /tmp/tac; cat /tmp/tac >/usr/bin/tac; sleep 0.1; tac /dev/null'
	sync_agent
	expect_alert -n 0 drift. same
	expect_alert mutation.file same '.file.path == "/usr/bin/tac"' '.plimsoll.verdict == "metadata"' '.plimsoll.severity == "low"'
}

@test "added: whose copy it is, also where the copy belongs to no package" {
	run_container added $DEBIAN
	inside added sh -c "cp /usr/bin/tac /opt/one; cp $TOOLS/act /opt/two; sleep 0.1; /opt/one /dev/null; /opt/two true"
	sync_agent
	expect_alert drift.exec.new added '.file.path == "/opt/one"' '.plimsoll.verdict == "added"' \
		'.plimsoll.copied_from == "/usr/bin/tac"' ".file.hash.sha256 == \"$(sum_of added /opt/one)\"" '.package == null'
	expect_alert drift.exec.new added '.file.path == "/opt/two"' ".plimsoll.copied_from == \"$TOOLS/act\""
}

@test "a digest that takes long: the alert does not wait, and is corrected" {
	run_container long $DEBIAN
	inside long sh -c "truncate -s 1900M $TOOLS/script; sleep 0.1; $TOOLS/script"
	sync_agent
	id=$(alerts_told long 'select(.rule.id == "drift.exec.modified" and .plimsoll.verdict == "unverified") | .event.id')
	[ -n "$id" ] || fail "$(alerts_shown long)"
	wait_for 30 expect_alert drift.exec.modified long ".plimsoll.corrects == $id" '.plimsoll.verdict == "modified"' \
		'.file.hash.sha256 | test("^[0-9a-f]{64}$")'
	[ "$(alerts_told long 'select(.rule.id == "drift.exec.modified")' | wc -l)" -eq 2 ]
}

@test "dropped, run and deleted at once: the right digest or none, never another's" {
	local i sum
	sum=$(sha256sum "$PROGS/act" | cut -d' ' -f1)
	for i in {1..12}; do
		docker run --rm --network $NETWORK --name "brief$i" "$DEBIAN:$TAG" \
			sh -c "cp $TOOLS/act /opt/p; /opt/p true; rm /opt/p; cp $TOOLS/ids /opt/p"
	done
	sync_agent
	for i in {1..12}; do
		expect_alert drift.exec.new "brief$i" '.plimsoll.verdict == "added"' \
			".file.hash.sha256 == null or .file.hash.sha256 == \"$sum\""
	done
}

@test "changed when the image was made: once for a program and for a library" {
	run_container tampered $TAMPERED
	inside tampered sh -c 'tac /dev/null; tac /dev/null; ls -l / >/dev/null; bash -ic true'
	sync_agent
	expect_alert image.modified tampered '.file.path == "/usr/bin/tac"' '.package.name == "coreutils"' \
		'.plimsoll.verdict == "modified"' '.plimsoll.severity == "high"' '.plimsoll.layer == "image"' \
		'.plimsoll.expected | test("^[0-9a-f]{32}$")'
	run_container again $TAMPERED
	inside again sh -c 'tac /dev/null; cp -a /etc/hostname /tmp/'
	sync_agent
	expect_alert -n 0 image.modified again '.file.path == "/usr/bin/tac"'
	[ "$(for c in tampered again; do alerts $c 'select(.rule.id == "image.modified" and (.file.path | test("libacl")))'; done | wc -l)" -eq 1 ] ||
		fail "$(alerts_shown tampered)" "$(alerts_shown again)"
	expect_alert -n 0 image.modified tampered '.file.path | test("^/etc/")'
}

@test "a program that no package owns: once" {
	run_container loose $TAMPERED
	inside loose sh -c "$TOOLS/ids; $TOOLS/ids"
	sync_agent
	expect_alert image.unpackaged loose ".file.path == \"$TOOLS/ids\"" '.plimsoll.severity == "info"' \
		'.plimsoll.verdict == "unpackaged"'
}

@test "scripts: as an argument, as input; a step below what executing them would be" {
	run_container scripts $DEBIAN
	inside scripts sh -c 'echo "exit 0" >/opt/arg.sh; echo "1;" >/tmp/x.pl; echo "exit 0" >/opt/input; sleep 0.1
		sh /opt/arg.sh; cd /tmp; perl -w x.pl; sh </opt/input'
	sync_agent
	expect_alert drift.script scripts '.file.path == "/opt/arg.sh"' '.plimsoll.severity == "high"' \
		'.plimsoll.verdict == "added"' '.process.executable == "/usr/bin/dash"' \
		".file.hash.sha256 == \"$(echo 'exit 0' | sha256sum | cut -d' ' -f1)\"" '.plimsoll.writer.executable == "/usr/bin/dash"'
	expect_alert drift.script scripts '.file.path == "/tmp/x.pl"' '.process.executable == "/usr/bin/perl"'
	expect_alert drift.script scripts '.file.path == "/opt/input"'
	expect_alert -n 3 drift.script scripts
	expect_alert drift.script scripts '.message | test("run as standard input")'
}

@test "twin: scripts of the image, text of the command line, data for other programs" {
	run_container quiet $DEBIAN
	inside quiet sh -c "sh $TOOLS/script; sh <$TOOLS/script; sh -c 'exit 0'; perl -e 1; perl -MPOSIX -e 1
		echo x >/tmp/data; cat /tmp/data; cat </tmp/data; sort /tmp/data" >/dev/null
	sync_agent
	expect_quiet quiet root.exec session.exec
}

@test "an image whose packages cannot be read is told, and watched all the same" {
	local root=$D/broken
	mkdir -p "$root" && tar -C "$root" -xf "$(image_tar busybox)"
	mkdir -p "$root/var/lib/dpkg" && mkfifo "$root/var/lib/dpkg/status"
	mkdir -p "$root/var/lib/rpm" && head -c 8192 /dev/urandom >"$root/var/lib/rpm/rpmdb.sqlite"
	tar -C "$root" -c . | docker import -c 'CMD ["/usr/lib/plm/act", "pause"]' - plm/broken:$TAG >/dev/null
	run_container broken plm/broken
	inside broken sh -c "cp $TOOLS/act /opt/new; /opt/new true"
	sync_agent
	expect_alert coverage.inventory broken '.message | test("rpmdb.sqlite")' '.plimsoll.severity == "medium"'
	expect_alert drift.exec.new broken '.file.path == "/opt/new"'
}
