# SPDX-License-Identifier: Apache-2.0
# What a runtime does to a container is not the container's doing. Beside each, in the same container, something that
# is, so that the silence means something.
load lib

setup_file() {
	suite_start containerd
	start_agent
}

teardown_file() { suite_end; }

# Nothing so far of what the runtime did: but for a process that is root, as the entry point is.
expect_untouched() {
	sync_agent
	expect_quiet "$1" root.exec
}

# expect_still_told CONTAINER [RULE...]: an image's file is changed there, which is told, and nothing else but these.
expect_still_told() {
	local container=$1
	shift
	inside "$container" $TOOLS/act write /data/40
	sync_agent
	expect_alert mutation.file "$container" '.file.path == "/data/40"' '.event.action == "modify"'
	expect_quiet "$container" mutation.file session.exec root.exec "$@"
}

# How many findings of mutation there are: that which was meant, and nothing beside it.
expect_mutations() {
	expect_alert -n "$2" mutation.file "$1"
}

pid_of() { docker inspect -f '{{.State.Pid}}' "$1"; }

@test "volumes and tmpfs on paths that the image lacks" {
	mkdir -p "$D/volume"
	run_container volumes $BUSYBOX -v "$D/volume:/missing/deep/data" -v named:/missing-too -v /anonymous/data \
		--tmpfs /scratch/deep --mount "type=bind,src=$D/volume,dst=/opt/made/for/it,readonly"
	docker exec volumes sh -c 'test -d /missing/deep/data && test -d /scratch/deep && test -d /opt/made/for/it'
	sync_agent
	expect_quiet volumes root.exec session.exec
	inside volumes $TOOLS/act create /missing/deep/data/in-the-volume
	inside volumes $TOOLS/act create /missing/deep/beside-it
	expect_still_told volumes
	expect_alert mutation.file volumes '.file.path == "/missing/deep/beside-it"'
	expect_mutations volumes 2
}

@test "volumes over what the image has" {
	run_container over $BUSYBOX -v full:/data -v "$D/volume:/etc/plm" --tmpfs /opt
	expect_untouched over
	inside over $TOOLS/act create /data/of-over
	inside over $TOOLS/act create /etc/plm/of-over
	inside over $TOOLS/act write /etc/passwd
	sync_agent
	expect_alert mutation.file over '.file.path == "/etc/passwd"'
	expect_mutations over 1
	expect_quiet over mutation.file session.exec root.exec
}

@test "files mounted on paths that the image lacks, and over its own" {
	echo "key = other" >"$D/app.conf"
	run_container files $BUSYBOX -v "$D/app.conf:/etc/missing/deep/app.conf" -v "$D/app.conf:/etc/plm/app.conf:ro" \
		-v "$D/app.conf:/new.conf"
	expect_untouched files
	expect_still_told files
	expect_mutations files 1
}

@test "names, hosts and DNS" {
	run_container names $BUSYBOX --dns 192.0.2.1 --dns-search example.org --add-host peer:192.0.2.2 --hostname other
	docker exec names grep -q 192.0.2.2 /etc/hosts
	docker exec names grep -q 192.0.2.1 /etc/resolv.conf
	sync_agent
	expect_quiet names root.exec session.exec
	inside names sh -c 'echo 192.0.2.3 further >>/etc/hosts' # is the runtime's file, mounted
	expect_still_told names
	expect_mutations names 1
}

@test "restart" {
	local pid
	run_container restarted $BUSYBOX
	inside restarted $TOOLS/act write /data/01
	pid=$(pid_of restarted)
	docker restart -t 0 restarted
	[ "$(pid_of restarted)" != "$pid" ]
	sync_agent
	expect_alert mutation.file restarted '.file.path == "/data/01"'
	expect_quiet restarted mutation.file session.exec root.exec
	expect_still_told restarted
	expect_mutations restarted 2
}

@test "stop, and start with volumes whose mount points are there" {
	run_container stopped $BUSYBOX -v "$D/volume:/missing/deep/data"
	docker stop -t 0 stopped
	docker start stopped
	expect_untouched stopped
	docker kill stopped
	docker start stopped
	expect_untouched stopped
	expect_still_told stopped
	expect_mutations stopped 1
}

@test "an entry point that changes its image is told once, however often it starts" {
	run_container starter $BUSYBOX -- sh -c "$TOOLS/act write /data/01; exec $TOOLS/act pause"
	wait_for 10 docker exec starter grep -q written /data/01
	docker restart -t 0 starter
	wait_for 10 eval 'docker top starter | grep -q "act pause"'
	sync_agent
	expect_alert mutation.file starter '.file.path == "/data/01"' '.event.action == "modify"'
	expect_still_told starter
}

@test "a health check of the image's: low, once" {
	docker import -c 'CMD ["/usr/lib/plm/act", "pause"]' -c 'HEALTHCHECK --interval=1s CMD ["/usr/lib/plm/act", "true"]' \
		"$(image_tar busybox)" "plm/healthy:$TAG" >/dev/null
	run_container healthy plm/healthy
	wait_for 20 eval '[ "$(docker inspect -f "{{len .State.Health.Log}}" healthy)" -ge 3 ]'
	sync_agent
	expect_alert session.exec healthy '.plimsoll.severity == "low"' '.process.args == ["/usr/lib/plm/act", "true"]'
	expect_quiet healthy session.exec root.exec
	docker exec healthy $TOOLS/act write /data/40
	sync_agent
	expect_alert mutation.file healthy '.file.path == "/data/40"'
	expect_mutations healthy 1
}

@test "a health check that does more than to look is told" {
	run_container unhealthy $BUSYBOX --health-interval 1s --health-cmd "$TOOLS/act write /data/01"
	wait_for 20 eval '[ "$(docker inspect -f "{{len .State.Health.Log}}" unhealthy)" -ge 1 ]'
	sync_agent
	expect_alert mutation.file unhealthy '.file.path == "/data/01"'
	expect_quiet unhealthy mutation.file session.exec root.exec
}

@test "exec with a user, a directory and variables" {
	run_container entered $BUSYBOX
	docker exec -u 1000:1000 -w /home/user -e A=b entered $TOOLS/act true
	docker exec -u user -w /nowhere entered $TOOLS/act true || : # is refused, after the runtime was inside
	sync_agent
	expect_alert session.exec entered
	expect_quiet entered session.exec root.exec
	docker exec -u 1000:1000 -w /home/user entered $TOOLS/act create /home/user/made
	sync_agent
	expect_alert mutation.file entered '.file.path == "/home/user/made"' '.process.user.id == "1000"'
	expect_mutations entered 1
}

@test "containerd: exec with a user and a directory" {
	run_ctr entered-ctr
	ctr tasks exec --exec-id one --user 1000:1000 --cwd /home/user entered-ctr $TOOLS/act true </dev/null
	ctr tasks exec --exec-id two entered-ctr $TOOLS/act true </dev/null
	sync_agent
	expect_alert session.exec entered-ctr
	expect_quiet entered-ctr session.exec root.exec
	ctr tasks exec --exec-id three --user 1000:1000 --cwd /home/user entered-ctr $TOOLS/act create made </dev/null
	sync_agent
	expect_alert mutation.file entered-ctr '.file.path == "/home/user/made"'
	expect_mutations entered-ctr 1
}

@test "containerd: mounts on paths that the image lacks, pause, and a task that is run again" {
	mkdir -p "$D/volume"
	run_ctr mounts-ctr --mount "type=bind,src=$D/volume,dst=/missing/deep/data,options=rbind:rw" \
		--mount type=tmpfs,dst=/scratch/deep,src=tmpfs --cwd /missing/cwd
	expect_untouched mounts-ctr
	ctr tasks pause mounts-ctr
	ctr tasks resume mounts-ctr
	ctr tasks kill -s KILL mounts-ctr
	wait_for 10 eval '! ctr tasks ls | grep -q "^mounts-ctr .*RUNNING"'
	ctr tasks rm mounts-ctr || :
	ctr tasks start -d mounts-ctr </dev/null 3>&-
	expect_untouched mounts-ctr
	ctr tasks exec --exec-id one mounts-ctr $TOOLS/act write /data/40 </dev/null
	sync_agent
	expect_alert mutation.file mounts-ctr '.file.path == "/data/40"'
	expect_mutations mounts-ctr 1
}

# A comparison of the upper directory may find the copied file later, as something that no event told: only of that path.
@test "files copied in and out from the host" {
	run_container copied $BUSYBOX
	mkdir -p "$D/out"
	docker cp copied:/data "$D/out/"
	docker cp copied:$TOOLS/act "$D/out/"
	[ -s "$D/out/data/01" ]
	expect_untouched copied
	docker cp "$D/out/act" copied:/opt/from-host
	docker cp "$D/out/data" copied:/tmp/
	sync_agent
	[ "$(alerts copied 'select(.rule.id == "root.exec" or
		(.rule.id == "mutation.file" and .file.path == "/opt/from-host") | not)' | wc -l)" -eq 0 ] ||
		fail "$(alerts_shown copied)"
	inside copied /opt/from-host true
	sync_agent
	expect_alert drift.exec.new copied '.file.path == "/opt/from-host"'
	expect_still_told copied drift.exec.new
}

@test "files copied into a container before it starts, or while it is stopped" {
	docker create --network $NETWORK --name prepared "$BUSYBOX:$TAG" >/dev/null
	docker cp "$D/alerts.json" prepared:/opt/before
	docker start prepared
	expect_untouched prepared
	expect_still_told prepared
	expect_mutations prepared 1
}

@test "pause and update" {
	run_container paused $BUSYBOX
	docker pause paused
	docker unpause paused
	docker update --restart=on-failure:3 --pids-limit 100 paused
	docker update --cpu-shares 512 paused || : # cgroup v2 may lack it
	expect_untouched paused
	expect_still_told paused
	expect_mutations paused 1
}

@test "commit, export, diff, top, logs, stats" {
	run_container looked-at $BUSYBOX
	docker commit looked-at plm/committed:1 >/dev/null
	docker commit --pause=false looked-at plm/committed:2 >/dev/null
	docker export looked-at | tar -t >/dev/null
	docker diff looked-at
	docker top looked-at
	docker logs looked-at
	docker stats --no-stream looked-at
	expect_untouched looked-at
	expect_still_told looked-at
	expect_mutations looked-at 1
}

@test "rename: it goes by the name that it started with, until it is started again" {
	run_container old-name $BUSYBOX
	expect_untouched old-name
	docker rename old-name new-name
	inside new-name $TOOLS/act write /data/01
	sync_agent
	expect_alert mutation.file old-name '.file.path == "/data/01"'
	expect_quiet old-name mutation.file session.exec root.exec
	docker restart -t 0 new-name
	expect_still_told new-name
	expect_mutations new-name 1
	expect_mutations old-name 1
}

@test "logs that the runtime rotates" {
	local id
	run_container chatty $BUSYBOX --log-opt max-size=16k --log-opt max-file=2 -- sh -c \
		"yes 'a line of some length for the log' | head -n 2000; exec $TOOLS/act pause"
	id=$(docker inspect -f '{{.Id}}' chatty)
	wait_for 20 [ -s "$D/docker/containers/$id/$id-json.log.1" ]
	expect_untouched chatty
	expect_still_told chatty
	expect_mutations chatty 1
}

@test "a terminal, resized; attached to" {
	run_container tty $BUSYBOX -t
	timeout 20 docker attach --no-stdin --detach-keys=ctrl-x tty </dev/null >/dev/null 2>&1 &
	local attached=$!
	expect_untouched tty
	kill $attached 2>/dev/null || :
	wait $attached || :
	expect_still_told tty
	expect_mutations tty 1
}

@test "a read-only root with its volumes" {
	run_container read-only $BUSYBOX --read-only -v "$D/volume:/missing/deep/data" --tmpfs /run:exec
	inside read-only $TOOLS/act create /missing/deep/data/of-read-only
	sync_agent
	expect_quiet read-only session.exec root.exec
	inside read-only sh -c "cp $TOOLS/act /run/new && /run/new true"
	sync_agent
	expect_alert drift.exec. read-only '.process.executable == "/run/new"'
}
