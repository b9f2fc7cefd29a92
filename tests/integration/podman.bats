# SPDX-License-Identifier: Apache-2.0
# Podman: by its API, and by what it keeps on disk where nobody answers. podman_v2.bats (make check-long) is this file again, where cgroup
# v2 alone is mounted: crun, Podman's usual runtime, refuses both hierarchies side by side.
load lib

[[ $BATS_TEST_FILENAME != *_v2.bats ]] || export LAYOUT=v2

POD_IMAGE=localhost/$BUSYBOX
# Podman asks for more files and processes than a machine without CAP_SYS_RESOURCE may give, and for a limit of
# processes where cgroup v2 may have no controllers.
limits=(--ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --pids-limit -1)

setup_file() {
	suite_start
	mkdir -p "$D/podman"
	podman import -c 'CMD ["'$TOOLS'/act", "pause"]' "$(image_tar busybox)" "$POD_IMAGE:$TAG" >"$D/podman/import.log" 2>&1
	podman_service
	wait_for 20 [ -S "$D/podman.sock" ]
	run_podman runc before
	start_agent --podman-socket "$D/podman.sock"
}

teardown_file() {
	local status=0
	[ ! -d "${D:-}" ] || podman rm -fa -t 0 >"$D/podman/end.log" 2>&1 || :
	suite_end || status=$?
	[ ! -d "${OWN_CGROUP:-}" ] || find "$OWN_CGROUP" -depth -type d -exec rmdir {} +
	return $status
}

# Where there is no systemd the service moves all that is in its cgroup into one below: so it has one of its own.
podman_service() {
	OWN_CGROUP=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)/plm-podman-$$
	export OWN_CGROUP
	mkdir "$OWN_CGROUP"
	launch podman sh -c 'echo $$ >"$(findmnt -n -t cgroup2 -o TARGET | tail -n 1)/$0/cgroup.procs" && exec "$@"' \
		"${OWN_CGROUP##*/}" "$(type -P podman)" "${podman_options[@]}" system service --time 0 "unix://$D/podman.sock"
}

podman() {
	podman_options=(--root "$D/podman/root" --runroot "$D/podman/run" --tmpdir "$D/podman/tmp"
		--cgroup-manager cgroupfs --events-backend file --storage-driver overlay)
	"${ENTER[@]}" podman "${podman_options[@]}" "$@"
}

# run_podman RUNTIME NAME [OPTION...] [-- COMMAND...]: detached.
run_podman() {
	local runtime=$1 name=$2
	local -a options=()
	shift 2
	while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1") && shift; done
	[ $# -eq 0 ] || shift
	podman --runtime "$runtime" run -d "${limits[@]}" --network none --name "$name" "${options[@]}" \
		"$POD_IMAGE:$TAG" "$@" </dev/null 3>&- >"$D/podman/run.log" 2>&1 || fail "$(cat "$D/podman/run.log")"
}

# Skips where the machine refuses crun: it takes no two hierarchies side by side, and with v2 it needs CAP_SYS_RESOURCE.
needs() {
	run run_podman "$1" "try-$1"
	[ "$status" -eq 0 ] || ! grep -qE 'hybrid mode not supported|RLIM_MEMLOCK.*not permitted' <<<"$output" ||
		skip "$(tail -n 1 <<<"$output")"
	podman rm -f -t 0 "try-$1" >/dev/null
}

# expect_podman NAME: what it dropped and ran was told, and whose it is.
expect_podman() {
	expect_alert drift.exec.new "$1" '.file.path == "/opt/new"' '.container.runtime == "podman"' \
		".container.id == \"$(podman inspect -f '{{.Id}}' "$1")\"" ".container.name == \"$1\"" \
		".container.image.name == \"$POD_IMAGE\"" ".container.image.tag == [\"$TAG\"]" \
		".container.image.hash.all | index(\"$(podman inspect -f '{{.ImageDigest}}' "$1")\") or
			index(\"sha256:$(podman inspect -f '{{.Image}}' "$1")\")"
}

drop() { podman exec "$1" sh -c "cp $TOOLS/act /opt/new && /opt/new true" </dev/null; }

@test "podman over runc: id, name, runtime, image, tag, digest" {
	run_podman runc by-runc
	drop by-runc
	sync_agent
	expect_podman by-runc
	expect_alert session.exec by-runc
	expect_quiet by-runc drift.exec.new mutation.file session.exec root.exec
}

@test "podman over crun" {
	needs crun
	run_podman crun by-crun
	drop by-crun
	sync_agent
	expect_podman by-crun
	expect_quiet by-crun drift.exec.new mutation.file session.exec root.exec
}

@test "before the agent" {
	drop before
	sync_agent
	expect_podman before
}

@test "twin: what podman sets up, volumes, a restart" {
	run_podman runc quiet -v named:/not/in/image --tmpfs /scratch --hostname other
	podman exec quiet sh -c 'echo x >/not/in/image/f; echo x >/tmp/f' </dev/null
	podman restart -t 0 quiet >/dev/null
	sync_agent
	expect_quiet quiet root.exec session.exec
}

@test "20 containers of a moment, four at a time" {
	local i
	for i in {1..20}; do
		[ "$i" -le 4 ] || wait -n || :
		podman --runtime runc run --rm "${limits[@]}" --network none --name "brief-$i" "$POD_IMAGE:$TAG" \
			sh -c "cp $TOOLS/act /opt/new && /opt/new true; usleep 100000" </dev/null 3>&- >"$D/podman/brief-$i.log" 2>&1 || echo "podman ended with status $?" >>"$D/podman/brief-$i.log" &
	done
	wait
	! grep -H -B3 "^podman ended" "$D"/podman/brief-*.log >&2 || fail "not all ran"
	sync_agent
	for i in {1..20}; do
		expect_alert drift.exec.new "brief-$i" '.file.path == "/opt/new"' ".container.image.name == \"$POD_IMAGE\"" \
			'.container.runtime == "podman"' '.container.image.hash.all != null'
	done
}

@test "its helpers are no containers: ps lists each once, and none of conmon" {
	sync_agent
	jq -e '[.containers[].container | select(.runtime == "podman") | .id] | length > 0 and
		length == (unique | length)' "$D/ps.json"
	jq -e '[.containers[] | select((.container.name // .container.id // "") | test("conmon"))] == []' "$D/ps.json"
}

@test "its API is down: by what it keeps on disk" {
	end_process podman 10 || :
	rm -f "$D/podman.sock"
	run_podman runc on-disk
	drop on-disk
	sync_agent
	expect_podman on-disk
}
