# SPDX-License-Identifier: Apache-2.0
# The same, in short, where cgroup v2 alone is mounted: each runtime, each family of rules, and their twins.
load lib

setup_file() {
	LAYOUT=v2 suite_start containerd
	run_container before $BUSYBOX
	start_agent
}

teardown_file() { suite_end; }

@test "v2: the daemons see cgroup v2 alone" {
	[ "$(docker info -f '{{.CgroupVersion}}')" = 2 ]
}

@test "v2: drift, mutation, root and sessions in a docker container" {
	run_container docker $BUSYBOX
	inside docker sh -c "cp $TOOLS/act /opt/new && /opt/new true && $TOOLS/act write /data/01"
	sync_agent
	expect_alert drift.exec.new docker '.file.path == "/opt/new"' ".container.image.name == \"$BUSYBOX\""
	expect_alert mutation.file docker '.file.path == "/data/01"'
	expect_alert root.exec docker '.plimsoll.cause == "image"'
	expect_alert session.exec docker '.plimsoll.severity == "low"'
	expect_quiet docker drift.exec.new mutation.file root.exec session.exec
}

@test "v2: containerd" {
	run_ctr by-ctr
	ctr tasks exec --exec-id one by-ctr $TOOLS/act write /data/01 </dev/null
	sync_agent
	expect_alert mutation.file by-ctr '.file.path == "/data/01"' ".container.image.name == \"docker.io/$BUSYBOX\""
	expect_quiet by-ctr mutation.file root.exec session.exec
}

@test "v2: runc" {
	runc_bundle by-runc
	run_runc by-runc
	runc exec by-runc $TOOLS/act write /data/01 </dev/null
	sync_agent
	expect_alert mutation.file by-runc '.file.path == "/data/01"' '.container.runtime == "runc"'
	expect_quiet by-runc mutation.file root.exec session.exec
}

@test "v2: a container that was there before the agent" {
	inside before $TOOLS/act write /data/01
	sync_agent
	expect_alert mutation.file before ".container.image.name == \"$BUSYBOX\""
}

@test "v2: a process that leaves" {
	run_container leaver $BUSYBOX "${privileged[@]}" --cgroupns host
	inside leaver sh -c 'mkdir /tmp/g && mount -t cgroup2 none /tmp/g && echo $$ >/tmp/g/cgroup.procs; umount -l /tmp/g'
	sync_agent
	expect_alert escape.cgroup leaver
}

@test "v2: twins" {
	run_container quiet $BUSYBOX -v named:/not/in/image --health-cmd true --health-interval 1s
	inside quiet sh -c 'echo x >/tmp/f; echo x >/not/in/image/f; chmod 600 /tmp/f'
	docker restart -t 0 quiet >/dev/null
	sync_agent
	expect_quiet quiet root.exec session.exec
}
