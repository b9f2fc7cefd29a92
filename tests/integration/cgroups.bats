# SPDX-License-Identifier: Apache-2.0
# Whose is what runs in a cgroup: below a container's, moved between them, or in one that only looks like a container's.
# cgroups_v2.bats is this file again, where cgroup v2 alone is mounted.
load lib

[[ $BATS_TEST_FILENAME != *_v2.bats ]] || export LAYOUT=v2

setup_file() {
	suite_start debian
	start_agent
}

teardown_file() {
	local at
	at=$(unified)
	rmdir "$at/docker-agent.service" "$at/docker-$hex63.scope" 2>/dev/null || :
	suite_end
}

hex63=$(printf '%063d' 7)

# Where the host has cgroup v2.
unified() { findmnt -n -t cgroup2 -o TARGET | head -n 1; }

# The container's own cgroup, as the host sees it.
cgroup_of() {
	echo "$(unified)$(sed -n 's/^0:://p' "/proc/$(docker inspect -f '{{.State.Pid}}' "$1")/cgroup")"
}

# A container that can make cgroups below its own, which it has at /tmp/g. Its root is there as /host is the host's.
managing_container() {
	run_container "$1" $BUSYBOX "${privileged[@]}" --cgroupns private "${@:2}"
	inside "$1" sh -c 'mkdir /tmp/g && mount -t cgroup2 none /tmp/g'
}

# within CONTAINER CGROUP NAME: in that cgroup below the container's a program is dropped and run: /opt/NAME.
within() {
	inside "$1" sh -c "echo \$\$ >/tmp/g/$2/cgroup.procs && cp $TOOLS/act /opt/$3 && /opt/$3 true"
}

listed() { jq --arg c "$1" '[.containers[].container | select(.name == $c or .id == $c)] | length' "$D/ps.json"; }

# expect_drift CONTAINER NAME: /opt/NAME was run in it, which is named and has its image.
expect_drift() {
	expect_alert drift.exec.new "$1" ".file.path == \"/opt/$2\"" ".container.name == \"$1\"" \
		".container.image.name == \"$BUSYBOX\""
}

@test "cgroups as systemd makes them inside: what runs there is the container's" {
	managing_container nested
	inside nested sh -c 'mkdir -p /tmp/g/init.scope /tmp/g/system.slice/cron.service /tmp/g/user.slice/user-0.slice/session-1.scope'
	within nested init.scope first
	within nested system.slice/cron.service second
	within nested user.slice/user-0.slice/session-1.scope third
	sync_agent
	expect_drift nested first
	expect_drift nested second
	expect_drift nested third
	expect_alert -n 0 escape. nested
	[ "$(listed nested)" -eq 1 ]
}

@test "cgroups inside that are named as a container's: still the outer one's" {
	local other
	other=$(printf '%064d' 8)
	managing_container looks
	inside looks mkdir -p "/tmp/g/docker/$other" "/tmp/g/system.slice/docker-$other.scope" "/tmp/g/kubepods/pod1/$other"
	within looks "docker/$other" first
	within looks "system.slice/docker-$other.scope" second
	within looks "kubepods/pod1/$other" third
	sync_agent
	expect_drift looks first
	expect_drift looks second
	expect_drift looks third
	[ "$(listed "$other")" -eq 0 ]
}

@test "a process moved between cgroups of one container is no escape, and its acts stay the container's" {
	managing_container moving
	inside moving sh -c "mkdir /tmp/g/one /tmp/g/two; for g in one two one; do echo \$\$ >/tmp/g/\$g/cgroup.procs; done
		cp $TOOLS/act /opt/moved && /opt/moved true"
	sync_agent
	expect_drift moving moved
	expect_alert -n 0 escape. moving
}

@test "a process that moves itself to another container's cgroup: told, and its later acts are not lost" {
	local to
	run_container here $BUSYBOX "${privileged[@]}" --cgroupns host
	run_container there $BUSYBOX
	to=$(sed -n 's/^0:://p' "/proc/$(docker inspect -f '{{.State.Pid}}' there)/cgroup")
	inside here sh -c "mkdir /tmp/g && mount -t cgroup2 none /tmp/g && cp $TOOLS/act /opt/first && cp $TOOLS/act /opt/after &&
		/opt/first true && echo \$\$ >/tmp/g$to/cgroup.procs && /opt/after true"
	sync_agent
	expect_drift here first
	expect_alert escape.cgroup here
	jq -es 'any(.[]; .event.kind == "alert" and .process.executable == "/opt/after" and
		(.container.name == "here" or .container.name == "there"))' "$D/alerts.json" || fail "$(alerts_shown here)" "$(alerts_shown there)"
	expect_alert -n 0 escape. there
}

# The host's own, in a cgroup of that name.
host_runs_in() {
	mkdir "$(unified)/$1"
	cp "$PROGS/act" "$D/$2"
	sh -c "echo \$\$ >'$(unified)/$1/cgroup.procs' && '$D/$2' true; echo \$\$ >'$(unified)/cgroup.procs'"
}

@test "a service with a name that begins as a container's is not watched" {
	host_runs_in docker-agent.service agent-of-docker
	host_runs_in "docker-$hex63.scope" one-digit-short
	sync_agent
	! grep -F -e agent-of-docker -e one-digit-short "$D/alerts.json" || fail "the host's own was told"
	jq -e --arg hex $hex63 '[.containers[].container | select(.id // "" | test("agent|" + $hex))] == []' "$D/ps.json"
}

# ---- an engine inside ----

# What runc needs of the host to run in the Debian image, and a bundle.
engine_container() {
	mkdir -p "$D/engine/$1/bundle/rootfs"
	tar --xattrs --xattrs-include='*' -C "$D/engine/$1/bundle/rootfs" -xf "$(image_tar busybox)"
	command runc spec -b "$D/engine/$1/bundle"
	jq '.process.terminal = false | .process.args = ["sh", "-c", "cp /usr/lib/plm/act /opt/inner && /opt/inner true"] |
		.root.readonly = false | del(.process.rlimits) | .linux.cgroupsPath = "/inner" | del(.linux.resources) |
		.linux.namespaces |= map(select(.type != "network")) | .mounts |= map(select(.type != "cgroup"))' \
		"$D/engine/$1/bundle/config.json" >"$D/engine/$1/config.new"
	mv "$D/engine/$1/config.new" "$D/engine/$1/bundle/config.json"
	run_container "$1" $DEBIAN "${privileged[@]}" --cgroupns private -v "$D/engine/$1:/engine" \
		-v "$(type -P runc):/usr/sbin/runc:ro" \
		-v "$(ldd "$(type -P runc)" | awk '/libseccomp/ {print $3}'):/usr/lib/$(uname -m)-linux-gnu/libseccomp.so.2:ro"
	inside "$1" sh -c 'for at in $(awk "\$3 ~ /^cgroup/ {print \$2}" /proc/mounts); do mount -o remount,bind,rw "$at" || exit 1; done'
}

@test "a container engine inside a container: what its container runs is the outer one's" {
	engine_container engine
	inside engine runc --root /engine/state run --no-pivot --bundle /engine/bundle inner
	sync_agent
	expect_alert drift.exec. engine '.process.executable | endswith("/opt/inner")' ".container.image.name == \"$DEBIAN\""
	expect_alert -n 0 escape. engine
	[ "$(listed engine)" -eq 1 ] && [ "$(listed inner)" -eq 0 ]
}

# ---- a crowd ----

lost() { jq -e --arg c "$1" '.containers[] | select(.container.name == $c) | .plimsoll.events.lost' "$D/ps.json"; }

# losses_told NAME: how many events its state lines of kind loss count.
losses_told() {
	jq -s --arg c "$1" 'map(select(.event.kind == "state" and .plimsoll.state.kind == "loss" and
		.container.name == $c) | .plimsoll.state.count) | add // 0' "$D/alerts.json"
}

@test "20,000 cgroups in one container while another starts: both are complete" {
	managing_container crowd
	docker exec -d crowd sh -c 'mkdir /tmp/g/n && cd /tmp/g/n && seq 20000 | xargs mkdir; touch /tmp/made'
	wait_for 20 eval '[ "$(ls "$(cgroup_of crowd)/n" | wc -l)" -gt 2000 ]'
	run_container beside $BUSYBOX -- sh -c "cp $TOOLS/act /opt/start && /opt/start true; exec $TOOLS/act pause"
	wait_for 60 inside crowd test -e /tmp/made
	[ "$(ls "$(cgroup_of crowd)/n" | grep -c '^[0-9]')" -eq 20000 ]
	inside beside sh -c "cp $TOOLS/act /opt/later && /opt/later true"
	within crowd n/1 own
	within crowd n/20000 last
	sync_agent
	expect_drift beside start
	expect_drift beside later
	expect_drift crowd own
	[ "$(lost beside)" -eq 0 ] && [ "$(losses_told beside)" -eq 0 ]
	expect_drift crowd last
	[ "$(lost crowd)" -eq 0 ] && [ "$(losses_told crowd)" -eq 0 ] || fail "lost $(lost crowd), told $(losses_told crowd)"
	expect_alert -n 0 coverage. beside
	expect_alert -n 0 escape. crowd
}

@test "more cgroups with tasks than one container may have: a loss of its own, and no escape" {
	managing_container spread
	inside spread sh -c 'for i in $(seq 1100); do mkdir /tmp/g/$i; echo $$ >/tmp/g/$i/cgroup.procs; done'
	within spread 5 own
	within spread 1099 beyond
	sync_agent
	expect_drift spread own
	expect_alert -n 0 drift.exec.new spread '.file.path == "/opt/beyond"'
	wait_for 5 eval '[ "$(losses_told spread)" -gt 0 ]' || fail "not told: $(alerts_shown spread)" # once a second
	expect_alert -n 0 escape. spread
	[ "$(losses_told beside)" -eq 0 ]
}

@test "... and an agent that starts then is ready, and watches both" {
	stop_agent || : # not this shell's child: its status is lost
	start_agent
	inside beside sh -c "cp $TOOLS/act /opt/last && /opt/last true"
	sync_agent
	[ "$(listed beside)" -eq 1 ] && [ "$(listed crowd)" -eq 1 ]
	expect_drift beside last
	[ "$(lost beside)" -eq 0 ]
	stop_agent
	find "$(cgroup_of crowd)/n" -depth -type d -exec rmdir {} + 2>/dev/null || :
}
