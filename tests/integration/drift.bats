# SPDX-License-Identifier: Apache-2.0
# Code that is not the image's: executed, or mapped.
load lib

setup_file() {
	suite_start debian
	start_agent
}

teardown_file() { suite_end; }

noise=(root.exec session.exec mutation.)

# One alert of the family drift, RULE with the conditions; nothing else but noise.
expect_drift() {
	local rule=$1 container=$2
	expect_alert "$@"
	expect_alert drift. "$container"
	expect_quiet "$container" "$rule" "${noise[@]}"
}

@test "a new program" {
	run_container new $DEBIAN
	inside new sh -c "cp $TOOLS/act /opt/new && /opt/new true"
	sync_agent
	expect_drift drift.exec.new new '.file.path == "/opt/new"' '.plimsoll.severity == "critical"' \
		'.plimsoll.layer == "upper"' '.plimsoll.verdict == "added"' '.process.executable == "/opt/new"' \
		'.process.args == ["/opt/new", "true"]' '.process.parent.executable | test("/sh$|/dash$")' \
		".container.image.name == \"$DEBIAN\"" ".container.image.tag == [\"$TAG\"]" \
		".container.id == \"$(docker inspect -f '{{.Id}}' new)\"" \
		".file.inode == \"$(inside new stat -c %i /opt/new)\"" '.process.user.id == "0"'
}

@test "a new program, of a user who is not root, in a folder that may be written" {
	run_container new-user $BUSYBOX -u 1000
	inside new-user sh -c "cp $TOOLS/act /tmp/new && /tmp/new true"
	sync_agent
	expect_alert drift.exec.new new-user '.file.path == "/tmp/new"' '.process.user.id == "1000"'
	expect_quiet new-user drift.exec.new session.exec
}

@test "a copy of a multi-call program under a new name" {
	run_container copied $BUSYBOX
	inside copied sh -c 'cp /bin/busybox /opt/busybox-copy && /opt/busybox-copy true'
	sync_agent
	expect_drift drift.exec.new copied '.file.path == "/opt/busybox-copy"'
}

@test "a new payload under an old name is told again, the same one is not" {
	run_container payload $BUSYBOX
	inside payload sh -c "cp $TOOLS/act /opt/p && /opt/p true && /opt/p true && /opt/p true"
	sync_agent
	expect_drift drift.exec.new payload '.file.path == "/opt/p"'
	inside payload sh -c "rm /opt/p && cp $TOOLS/ids /opt/p && /opt/p"
	sync_agent
	expect_alert -n 2 drift.exec.new payload '.file.path == "/opt/p"'
}

@test "a program of the image overwritten" {
	run_container modified $BUSYBOX
	inside modified sh -c "cat $TOOLS/ids >$TOOLS/interp && usleep 100000 && $TOOLS/interp"
	sync_agent
	expect_drift drift.exec.modified modified ".file.path == \"$TOOLS/interp\"" '.plimsoll.severity == "critical"' \
		'.plimsoll.verdict == "modified"'
}

@test "a program of the image replaced by rename" {
	run_container replaced $BUSYBOX
	inside replaced sh -c "cp $TOOLS/ids /data/other && mv /data/other $TOOLS/interp && $TOOLS/interp"
	sync_agent
	expect_drift drift.exec.modified replaced ".file.path == \"$TOOLS/interp\""
}

@test "from /dev/shm" {
	run_container shm $BUSYBOX "${privileged[@]}"
	inside shm sh -c "mount -o remount,exec /dev/shm && cp $TOOLS/act /dev/shm/x && /dev/shm/x true"
	sync_agent
	expect_alert drift.exec.memory shm '.file.path == "/dev/shm/x"' '.plimsoll.layer == "memory"' \
		'.plimsoll.severity == "critical"'
	expect_alert drift. shm
}

@test "from a tmpfs of the container's own" {
	run_container tmpfs $BUSYBOX --tmpfs /scratch:exec
	inside tmpfs sh -c "cp $TOOLS/act /scratch/x && /scratch/x true"
	sync_agent
	expect_drift drift.exec.memory tmpfs '.file.path == "/scratch/x"'
}

@test "from a memfd" {
	run_container memfd $BUSYBOX
	inside memfd $TOOLS/act memfd $TOOLS/act
	sync_agent
	expect_drift drift.exec.memory memfd '.plimsoll.layer == "memory"' '.plimsoll.severity == "critical"'
}

@test "a file without a name" {
	run_container unlinked $BUSYBOX
	inside unlinked sh -c "cp $TOOLS/act /tmp/gone && $TOOLS/act unlinked /tmp/gone"
	sync_agent
	expect_drift drift.exec.memory unlinked
}

@test "from volumes: medium where writable, low where read-only" {
	mkdir -p "$D/volume" && cp "$PROGS/act" "$D/volume/x"
	run_container volume-rw $BUSYBOX -v "$D/volume:/volume"
	run_container volume-ro $BUSYBOX -v "$D/volume:/volume:ro"
	inside volume-rw /volume/x true
	inside volume-ro /volume/x true
	sync_agent
	expect_drift drift.exec.foreign volume-rw '.file.path == "/volume/x"' '.plimsoll.severity == "medium"' \
		'.plimsoll.layer == "volume"'
	expect_drift drift.exec.foreign volume-ro '.file.path == "/volume/x"' '.plimsoll.severity == "low"'
}

@test "a script that is executed" {
	run_container script $DEBIAN
	inside script sh -c 'printf "#!/bin/sh\nexit 0\n" >/opt/s && chmod 755 /opt/s && /opt/s'
	sync_agent
	expect_drift drift.exec.new script '.file.path == "/opt/s"'
}

@test "a script that is executed by a name relative to a directory" {
	run_container script-cwd $DEBIAN
	inside script-cwd sh -c 'mkdir /opt/d && printf "#!/bin/sh\nexit 0\n" >/opt/d/s && chmod 755 /opt/d/s && cd /opt/d &&
		./s'
	sync_agent
	expect_drift drift.exec.new script-cwd '.file.path == "/opt/d/s"'
}

@test "a script that removes itself, and everything that led to it" {
	run_container script-gone $DEBIAN
	inside script-gone sh -c 'mkdir /opt/d && printf "#!/bin/sh\nrm -r /opt/d\n" >/opt/d/s && chmod 755 /opt/d/s && /opt/d/s'
	sync_agent
	expect_drift drift.exec.new script-gone '.file.path == "/opt/d/s"'
}

@test "after chroot the path is still the container's" {
	run_container jail $BUSYBOX
	inside jail sh -c "mkdir /opt/jail && cp $TOOLS/act /opt/jail/x && chroot /opt/jail /x true"
	sync_agent
	expect_drift drift.exec.new jail '.file.path == "/opt/jail/x"'
}

# ---- libraries ----

@test "LD_PRELOAD of a dropped library" {
	run_container preload $DEBIAN
	inside preload sh -c "cp $TOOLS/drop.so /opt/p.so && LD_PRELOAD=/opt/p.so /bin/true"
	sync_agent
	expect_drift drift.library preload '.file.path == "/opt/p.so"' '.plimsoll.severity == "high"' \
		'.process.executable | test("/bin/true$")'
}

@test "dlopen of a dropped library" {
	run_container dlopen $DEBIAN
	inside dlopen sh -c "cp $TOOLS/drop.so /opt/d.so && perl -MDynaLoader -e '
		DynaLoader::dl_load_file(q(/opt/d.so)) or die DynaLoader::dl_error()'"
	sync_agent
	expect_drift drift.library dlopen '.file.path == "/opt/d.so"' '.process.executable | test("/perl$")'
}

@test "the loader as a command runs a dropped program" {
	run_container loader $DEBIAN
	inside loader sh -c 'cp /bin/true /opt/payload && /lib64/ld-linux-x86-64.so.2 /opt/payload'
	sync_agent
	expect_drift drift.library loader '.file.path == "/opt/payload"'
}

@test "mapped first, made executable later" {
	run_container later $BUSYBOX
	inside later sh -c "cp $TOOLS/drop.so /opt/later.so && $TOOLS/act map-then-protect /opt/later.so"
	sync_agent
	expect_drift drift.library later '.file.path == "/opt/later.so"'
}

@test "made executable later, behind anonymous memory" {
	run_container behind $BUSYBOX
	inside behind sh -c "cp $TOOLS/drop.so /opt/behind.so && $TOOLS/act map-behind-protect /opt/behind.so"
	sync_agent
	expect_drift drift.library behind '.file.path == "/opt/behind.so"'
}

@test "mapped executable at once" {
	run_container mapped $BUSYBOX
	inside mapped sh -c "cp $TOOLS/drop.so /opt/m.so && $TOOLS/act map-executable /opt/m.so"
	sync_agent
	expect_drift drift.library mapped '.file.path == "/opt/m.so"'
}

@test "mapped under READ_IMPLIES_EXEC" {
	run_container implied $BUSYBOX --security-opt seccomp=unconfined
	inside implied sh -c "cp $TOOLS/drop.so /opt/i.so && $TOOLS/act map-implied /opt/i.so"
	sync_agent
	expect_drift drift.library implied '.file.path == "/opt/i.so"'
}

@test "by a 32-bit program" {
	needs_calls act32
	run_container mapped32 $BUSYBOX
	inside mapped32 sh -c "cp $TOOLS/drop.so /opt/m.so && $TOOLS/act32 map-executable /opt/m.so"
	sync_agent
	expect_drift drift.library mapped32 '.file.path == "/opt/m.so"'
}

@test "a dropped program interpreter" {
	run_container interpreter $BUSYBOX
	inside interpreter sh -c "cp $TOOLS/interp /opt/interp && $TOOLS/needs-interp"
	sync_agent
	expect_drift drift.library interpreter '.file.path == "/opt/interp"' \
		".process.executable == \"$TOOLS/needs-interp\""
}

# ---- harmless ----

@test "twin: programs, libraries and scripts of the image" {
	run_container image $DEBIAN
	inside image sh -c "perl -MPOSIX -e 'print 1' && ls / && $TOOLS/script && $TOOLS/act map-executable $TOOLS/drop.so &&
		$TOOLS/act true && sh $TOOLS/script" >/dev/null
	sync_agent
	expect_quiet image root.exec session.exec
}

@test "twin: copied up, same content" {
	run_container touched $BUSYBOX
	inside touched sh -c "chmod 755 $TOOLS/act; touch $TOOLS/act; chown 0:0 $TOOLS/act; $TOOLS/act true
		chmod 0644 $TOOLS/drop.so; $TOOLS/act map-executable $TOOLS/drop.so"
	sync_agent
	expect_quiet touched "${noise[@]}"
	expect_quiet touched root.exec session.exec mutation.file
}

@test "twin: mapped for reading only, from the upper layer" {
	run_container readable $BUSYBOX
	inside readable sh -c "cp $TOOLS/drop.so /tmp/r.so && $TOOLS/act map-readable /tmp/r.so"
	sync_agent
	expect_quiet readable root.exec session.exec
}

@test "twin: a build under /tmp" {
	run_container build $DEBIAN
	inside build sh -c 'mkdir -p /tmp/b/obj && cd /tmp/b && i=0
		while [ $i -lt 200 ]; do
			echo "int f$i;" >s$i.c && cp s$i.c obj/$i.tmp && mv obj/$i.tmp obj/$i.o && i=$((i + 1))
		done
		cat obj/*.o >all.tmp && mv all.tmp all && chmod 644 all && rm -r obj'
	sync_agent
	expect_quiet build root.exec session.exec
}
