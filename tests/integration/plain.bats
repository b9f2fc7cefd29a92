# SPDX-License-Identifier: Apache-2.0
# A root that is no overlay: a directory of the host's own file system, where volumes lie as well. Nothing there tells
# what the image shipped, but what has changed since the container began is told.
load lib

# plain_bundle NAME [JQ FILTER]: a bundle whose root is a plain directory, with a volume from the same file system.
plain_bundle() {
	local bundle=$D/bundle/$1
	mkdir -p "$bundle"/{rootfs,volume}
	tar --xattrs --xattrs-include='*' -C "$bundle/rootfs" -xf "$(image_tar busybox)"
	mkdir "$bundle/rootfs/volume"
	cp "$bundle/rootfs$TOOLS/act" "$bundle/volume/act"
	runc spec -b "$bundle"
	jq --arg volume "$bundle/volume" '.process.terminal = false | .process.args = ["'$TOOLS'/act", "pause"] |
		.root.readonly = false | del(.process.rlimits) |
		.mounts += [{destination: "/volume", type: "bind", source: $volume, options: ["bind", "rw"]}] | '"${2:-.}" \
		"$bundle/config.json" >"$bundle/config.new"
	mv "$bundle/config.new" "$bundle/config.json"
}

run_plain() {
	plain_bundle "$@"
	run_runc "$1"
}

# A second dockerd, whose storage driver copies the image into a directory.
start_docker_vfs() {
	launch dockerd-vfs dockerd --iptables=false --ip6tables=false --bridge=none --storage-driver vfs \
		--exec-opt native.cgroupdriver=cgroupfs --containerd "$D/containerd.sock" --containerd-namespace vfs \
		--containerd-plugins-namespace vfs-plugins --config-file "$D/docker.json" --data-root "$D/docker-vfs" \
		--exec-root "$D/dexec-vfs" --pidfile "$D/docker-vfs.pid" -H "unix://$D/docker-vfs.sock"
	wait_line 30 "$(<"$D/dockerd-vfs.pid")" "$D/dockerd-vfs.log" 'API listen on'
}

docker_vfs() { command docker -H "unix://$D/docker-vfs.sock" "$@"; }

setup_file() {
	suite_start containerd
	start_docker_vfs
	run_plain before
	runc exec before cp $TOOLS/act /opt/running </dev/null
	runc exec -d before /opt/running pause </dev/null >/dev/null 2>&1 3>&-
	start_agent $PLAIN_OPTIONS
}

teardown_file() {
	[ ! -S "${D:-}/docker-vfs.sock" ] || docker_vfs ps -aq | xargs -r timeout 60 docker -H "unix://$D/docker-vfs.sock" rm -f
	[ ! -d "${D:-}" ] || end_process dockerd-vfs 20 || :
	suite_end
}

@test "plain: what was there at the start is quiet, and may be written where the policy says" {
	run_plain twin
	runc exec twin sh -c "$TOOLS/act true; $TOOLS/script; echo x >/tmp/f; mkdir /tmp/d; mv /tmp/f /tmp/d/g; rm -r /tmp/d;
		echo x >/volume/f; mv /volume/f /volume/g; chmod 600 /volume/g; rm /volume/g" </dev/null
	sync_agent
	expect_quiet twin root.exec session.exec coverage.container
}

@test "plain: told once that the image cannot be compared" {
	sync_agent
	run_plain once
	runc exec once true </dev/null
	runc exec once true </dev/null
	sync_agent
	expect_alert coverage.container once '.message | test("no overlay")'
}

@test "plain: a new program" {
	run_plain new
	runc exec new sh -c "cp $TOOLS/act /opt/new && /opt/new true" </dev/null
	sync_agent
	expect_alert drift.exec.new new '.file.path == "/opt/new"' '.plimsoll.verdict == "unverified"' \
		'.plimsoll.layer == null' '.plimsoll.severity == "critical"' '.message | test("no overlay")'
	expect_alert mutation.file new '.file.path == "/opt/new"' '.event.action == "create"'
	expect_quiet new root.exec session.exec coverage.container mutation.file drift.exec.new
}

@test "plain: a program that the entry point itself writes, and runs at once" {
	run_plain at-once '.process.args = ["sh", "-c", "cp '$TOOLS'/act /tmp/x && /tmp/x true && echo ready && exec /tmp/x pause"]'
	wait_line 10 $$ "$D/bundle/at-once/log" '^ready'
	sync_agent
	expect_alert drift.exec.new at-once '.file.path == "/tmp/x"'
}

@test "plain: a program of the root that was written anew" {
	run_plain modified
	runc exec modified sh -c "cat /bin/busybox >$TOOLS/ids; $TOOLS/ids true" </dev/null || :
	sync_agent
	expect_alert drift.exec.modified modified ".file.path == \"$TOOLS/ids\"" '.plimsoll.verdict == "unverified"'
	expect_alert mutation.file modified ".file.path == \"$TOOLS/ids\"" '.event.action == "modify"'
}

@test "plain: an old program under a new name" {
	run_plain renamed
	runc exec renamed sh -c "mv $TOOLS/act /opt/moved && /opt/moved true" </dev/null
	sync_agent
	expect_alert drift.exec. renamed '.file.path == "/opt/moved"' '.plimsoll.verdict == "unverified"'
	expect_alert mutation.file renamed '.event.action == "rename"' '.file.path == "/opt/moved"'
}

@test "plain: a script and a library" {
	run_plain script
	runc exec script sh -c "printf '#!/bin/sh\ntrue\n' >/opt/script && chmod 755 /opt/script && /opt/script" </dev/null
	runc exec script sh -c "cp $TOOLS/drop.so /opt/drop.so && $TOOLS/act map-executable /opt/drop.so" </dev/null
	sync_agent
	expect_alert drift.exec.new script '.file.path == "/opt/script"'
	expect_alert drift.library script '.file.path == "/opt/drop.so"' '.plimsoll.verdict == "unverified"'
}

@test "plain: a volume of the same file system is foreign" {
	run_plain volume
	runc exec volume /volume/act true </dev/null
	runc exec volume sh -c "echo x >>/volume/act; cp $TOOLS/act /volume/new" </dev/null
	sync_agent
	expect_alert drift.exec.foreign volume '.file.path == "/volume/act"' '.plimsoll.layer == "volume"'
	expect_quiet volume root.exec session.exec coverage.container drift.exec.foreign
}

@test "plain: changes of every kind" {
	run_plain changes
	runc exec changes sh -c 'echo x >>/data/01; rm /data/02; mv /data/03 /data/moved; ln /data/04 /data/hard
		ln -s /data/05 /data/soft; chmod 600 /data/06; mkdir /data/made; rmdir /data/empty/01
		: >/data/08; cd /etc/plm && echo x >>alias/09' </dev/null
	sync_agent
	expect_alert mutation.file changes '.file.path == "/data/01"' '.event.action == "modify"'
	expect_alert mutation.file changes '.file.path == "/data/02"' '.event.action == "delete"'
	expect_alert mutation.file changes '.file.path == "/data/moved"' '.event.action == "rename"'
	expect_alert mutation.file changes '.file.path == "/data/hard"' '.event.action == "link"'
	expect_alert mutation.file changes '.file.path == "/data/soft"' '.event.action == "create"'
	expect_alert mutation.file changes '.file.path == "/data/06"' '.event.action == "metadata"'
	expect_alert mutation.file changes '.file.path == "/data/made"' '.event.action == "create"'
	expect_alert mutation.file changes '.file.path == "/data/empty/01"' '.event.action == "delete"'
	expect_alert mutation.file changes '.file.path == "/data/08"' '.event.action == "modify"'
	expect_alert mutation.file changes '.file.path == "/data/09"' '.event.action == "modify"'
	expect_alert -n 0 mutation.file changes '.plimsoll.layer != null'
	expect_alert -n 0 mutation.file changes '.message | test("unconfirmed")'
}

@test "plain: there before the agent" {
	runc exec before sh -c 'rm /data/01' </dev/null
	runc exec before $TOOLS/act true </dev/null
	sync_agent
	expect_alert drift.exec.new before '.file.path == "/opt/running"'
	expect_alert mutation.file before '.file.path == "/data/01"'
	expect_quiet before root.exec session.exec coverage.container mutation.file drift.exec.new
}

@test "plain: Docker's vfs driver" {
	local id
	docker_vfs import -c 'CMD ["'$TOOLS'/act", "pause"]' "$(image_tar busybox)" "$BUSYBOX:$TAG" >/dev/null
	id=$(docker_vfs run -d --network $NETWORK -v named:/not/in/image "$BUSYBOX:$TAG")
	docker_vfs exec "$id" sh -c "$TOOLS/act true; echo x >/not/in/image/f; echo x >/tmp/f" </dev/null
	sync_agent
	expect_quiet "$id" root.exec session.exec coverage.container
	docker_vfs exec "$id" sh -c "cp $TOOLS/act /opt/new && /opt/new true; rm /data/01" </dev/null
	sync_agent
	expect_alert drift.exec.new "$id" '.file.path == "/opt/new"'
	expect_alert mutation.file "$id" '.file.path == "/data/01"' '.event.action == "delete"'
	expect_quiet "$id" root.exec session.exec coverage.container drift.exec.new mutation.file
}

@test "plain: containerd's native snapshotter" {
	run_ctr native --snapshotter native
	ctr tasks exec --exec-id one native sh -c "$TOOLS/act true; echo x >/tmp/f" </dev/null
	sync_agent
	expect_quiet native root.exec session.exec coverage.container
	ctr tasks exec --exec-id two native sh -c "cp $TOOLS/act /opt/new && /opt/new true; rm /data/01" </dev/null
	sync_agent
	expect_alert drift.exec.new native '.file.path == "/opt/new"'
	expect_alert mutation.file native '.file.path == "/data/01"' '.event.action == "delete"'
}

@test "an overlay whose layers are nowhere to be found: said once, and who waits does not wait for its image" {
	local hidden=$D/hidden
	mkdir -p "$hidden"
	mount -t tmpfs tmpfs "$hidden"
	mkdir "$hidden"/{lower,upper,work}
	runc_bundle hidden
	umount "$D/bundle/hidden/rootfs"
	cp -a "$D/lower/." "$hidden/lower"
	mount -t overlay overlay -o "lowerdir=$hidden/lower,upperdir=$hidden/upper,workdir=$hidden/work" "$D/bundle/hidden/rootfs"
	umount -l "$hidden"
	run_runc hidden
	runc exec hidden $TOOLS/act true </dev/null
	timeout 20 "$PLM" ps --json --wait --runtime-dir "$D/control" >"$D/ps.json"
	expect_alert coverage.container hidden '.message | test("its layers could not be read")'
	expect_alert session.exec hidden
}
