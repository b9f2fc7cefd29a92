# SPDX-License-Identifier: Apache-2.0
# Containers on a kernel of their own (gVisor's runsc): nobody can look into them from outside, which is said once, and
# the sandbox's own processes are not taken for the container's.
#
# runsc itself makes cgroups in v1 where it is mounted beside v2, and in v2 alone asks for controllers that such a
# machine does not have there. So a wrapper joins a cgroup of v2, as runsc does on a machine with v2 alone, and runsc
# is told to leave cgroups be.
load lib

ALONE=$(printf 'a%.0s' {1..64}) # an id

sandbox_wrapper() {
	local cgroups=/sys/fs/cgroup/unified
	[ -d $cgroups ] || cgroups=/sys/fs/cgroup
	cat >"$D/runsc" <<-END
		#!/bin/bash
		# The id is the last word; a container's processes come from "create" and "run".
		for id; do :; done
		case " \$* " in *" create "* | *" run "*)
			mkdir -p "$cgroups/docker" && mkdir "$cgroups/docker/\$id" && echo \$\$ >"$cgroups/docker/\$id/cgroup.procs" &&
				echo "$cgroups/docker/\$id" >>"$D/cgroups" ;;
		esac
		exec /usr/bin/runsc --platform=ptrace --network=none --ignore-cgroups "\$@"
	END
	chmod 0755 "$D/runsc"
}

# dockerd reads its runtimes anew on SIGHUP.
docker_sandbox() {
	sandbox_wrapper
	jq -n --arg path "$D/runsc" '{runtimes: {runsc: {path: $path}}}' >"$D/docker.json"
	kill -HUP "$(<"$D/dockerd.pid")"
	wait_line 10 "$(<"$D/dockerd.pid")" "$D/dockerd.log" 'Reloaded configuration'
}

setup_file() {
	command -v runsc >/dev/null || skip "runsc is not installed"
	suite_start
	docker_sandbox
	run_sandbox before pause
	start_agent
}

# The sandbox's processes take a moment to go.
teardown_file() {
	local status=0 cgroup
	[ -d "${D:-}" ] || return 0
	setup
	stop_agent || status=$?
	docker ps -aq | xargs -r timeout 60 docker -H "unix://$D/docker.sock" rm -f >/dev/null
	runsc --root "$D/runsc-state" delete -force "$ALONE" 2>/dev/null || :
	for cgroup in $(cat "$D/cgroups"); do wait_for 10 rmdir "$cgroup"; done
	suite_end || status=$?
	return $status
}

# run_sandbox NAME ACT...: a container that says when its entry point runs.
run_sandbox() {
	local name=$1
	shift
	docker run -d --runtime runsc --network none --name "$name" $BUSYBOX:$TAG \
		sh -c "cp $TOOLS/act /opt/new && /opt/new true && echo x >/data/01 && echo ready && exec $TOOLS/act $*" >/dev/null
	wait_for 20 container_ready "$name"
}

container_ready() { docker logs "$1" | grep -q ready; }

ps_of() {
	jq -ce --arg c "$1" '.containers[] | select(.container.name == $c or .container.id == $c)' "$D/ps.json"
}

@test "sandbox: listed as not covered, and told once" {
	run_sandbox sandboxed pause
	docker exec sandboxed sh -c 'echo x >/data/02 && rm /data/03'
	docker exec sandboxed $TOOLS/act true
	sync_agent
	[ "$(ps_of sandboxed | jq -r .plimsoll.state)" = not-covered ] || fail "$(ps_of sandboxed)"
	expect_alert coverage.container sandboxed ".container.image.name == \"$BUSYBOX\""
	expect_quiet sandboxed coverage.container
}

@test "sandbox: there before the agent" {
	local id
	id=$(docker inspect -f '{{.Id}}' before)
	docker exec before $TOOLS/act true
	sync_agent
	[ "$(ps_of "$id" | jq -r .plimsoll.state)" = not-covered ] || fail "$(cat "$D/ps.json")"
	expect_alert coverage.container "$id"
	expect_quiet "$id" coverage.container
}

@test "sandbox: a runtime that nobody tells of is known by what it does" {
	local bundle=$D/bundle/alone id=$ALONE
	mkdir -p "$bundle/rootfs"
	tar --xattrs --xattrs-include='*' -C "$bundle/rootfs" -xf "$(image_tar busybox)"
	runc spec -b "$bundle"
	jq '.process.terminal = false | .process.args = ["'$TOOLS'/act", "pause"] | .root.readonly = false |
		del(.process.rlimits)' "$bundle/config.json" >"$bundle/config.new"
	mv "$bundle/config.new" "$bundle/config.json"
	"$D/runsc" --root "$D/runsc-state" run -detach --bundle "$bundle" "$id" >"$bundle/log" 2>&1 </dev/null 3>&- ||
		fail "$(cat "$bundle/log")"
	sync_agent
	wait_for 15 said_of "$id"
	[ "$(ps_of "$id" | jq -r .plimsoll.state)" = not-covered ] || fail "$(ps_of "$id")"
	expect_alert coverage.container "$id"
	expect_quiet "$id" coverage.container
	runsc --root "$D/runsc-state" delete -force "$id"
}

# Nobody will name it: that is known a while after it began.
said_of() {
	sync_agent
	[ -n "$(alerts "$1")" ]
}

@test "sandbox: an ordinary container beside it is watched as ever" {
	run_container ordinary $BUSYBOX
	inside ordinary sh -c "cp $TOOLS/act /opt/new && /opt/new true; $TOOLS/act write /data/01"
	sync_agent
	expect_alert drift.exec.new ordinary '.file.path == "/opt/new"'
	expect_alert mutation.file ordinary '.file.path == "/data/01"'
	expect_quiet ordinary root.exec session.exec drift.exec.new mutation.file
	[ "$(ps_of ordinary | jq -r .plimsoll.state)" = named ]
}
