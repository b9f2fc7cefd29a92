# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by tools/bench: how long a container of Docker or containerd is without its name, and what the agent's memory
# is with a crowd of containers. Everything lies below $work.

born=${QUICK:+10}
born=${born:-100}           # containers of each runtime, one after the other
crowds=(10 100 1000)
[ -z "${QUICK:-}" ] || crowds=(10 50 100)
crowd_pids=() daemons=()

# ---- birth to name ----

# daemon NAME COMMAND...: until identity_end.
daemon() {
	local name=$1
	shift
	setpriv --pdeathsig TERM "$@" >"$work/$name.log" 2>&1 </dev/null &
	daemons+=($!)
}

# there COMMAND...: waits until it succeeds.
there() {
	local i
	for ((i = 0; i < deadline * 20; i++)); do
		! "$@" >/dev/null 2>&1 || return 0
		read -r -t 0.05 <>"$work/never" || true
	done
	fail "in vain: $*"
}

own_docker() { docker -H "unix://$work/docker.sock" "$@"; }
own_ctr() { ctr -a "$work/containerd.sock" "$@"; }

daemons_start() {
	cat >"$work/containerd.toml" <<-END
		version = 2
		root = "$work/containerd/root"
		state = "$work/containerd/state"
		disabled_plugins = ["io.containerd.grpc.v1.cri"]
		[grpc]
		address = "$work/containerd.sock"
		[ttrpc]
		address = "$work/containerd.sock.ttrpc"
	END
	echo '{}' >"$work/docker.json"
	daemon containerd containerd --config "$work/containerd.toml"
	there own_ctr version
	daemon dockerd dockerd --iptables=false --ip6tables=false --bridge=none --storage-driver overlay2 \
		--exec-opt native.cgroupdriver=cgroupfs --containerd "$work/containerd.sock" --config-file "$work/docker.json" \
		--data-root "$work/docker" --exec-root "$work/dexec" --pidfile "$work/docker.pid" -H "unix://$work/docker.sock"
	there own_docker version
	tar -C "$work/image" -c . | own_docker import - plm/bench:1 >/dev/null
	own_docker save plm/bench:1 >"$work/bench.tar"
	own_ctr images import --snapshotter overlayfs "$work/bench.tar" >/dev/null
}

born_docker() { own_docker run --rm --network none plm/bench:1 true; }
born_ctr() { own_ctr run --rm --cpu-shares 0 --snapshotter overlayfs docker.io/plm/bench:1 "born-$1" true; }

# Each container's entry point is root, which is an alert: from the moment of its exec until the line with the image's
# name arrives.
measure_names() { # RUNTIME
	local i reader
	local agent_options=(--docker-socket "$work/docker.sock" --containerd-socket "$work/containerd.sock"
		--runc-root "$work/runc" --state-dir "$work/agent/state" --runtime-dir "$work/agent/run")
	rm -f "$work/lines"
	mkfifo "$work/lines"
	"$work/bench-probe" lag <"$work/lines" >"$work/lags" &
	reader=$!
	start_agent -o json >"$work/lines"
	for ((i = 1; i <= born; i++)); do
		"born_$1" $i >>"$work/places.log" 2>&1 </dev/null || fail "$1: $(tail -n 1 "$work/places.log")"
	done
	counters >/dev/null
	stop_agent
	wait "$reader" || fail "the reader of alerts ended badly"
	jq -Rc --arg runtime "$1" 'split(" ") | select(.[2] == "root.exec" and (.[3] | endswith("plm/bench"))) |
		{what: "name", runtime: $runtime, ns: (.[0] | tonumber)}' "$work/lags" >>"$work/samples"
	sample '{what: "born", runtime: $runtime, count: $count}' --arg runtime "$1" --argjson count "$born"
}

# ---- a crowd ----

# Containers of plain runc that only wait, as a user, over one image.
crowd_add() { # NUMBER
	local bundle=$work/crowd/$1
	mkdir -p "$bundle"/{root,upper,work}
	mount -t overlay crowd -o "lowerdir=$work/image,upperdir=$bundle/upper,workdir=$bundle/work" "$bundle/root"
	sed "s/@NUMBER@/$1/" "$work/crowd/config.json" >"$bundle/config.json"
	runc --root "$work/runc" run --detach --bundle "$bundle" --pid-file "$bundle/pid" "crowd-$1" </dev/null \
		>>"$work/places.log" 2>&1
	crowd_pids+=("$(<"$bundle/pid")")
}

crowd_config() {
	mkdir -p "$work/crowd"
	(cd "$work/crowd" && runc spec)
	jq '.process.terminal = false | .process.args = ["/bin/sleep", "1000000"] | .process.user = {uid: 1000, gid: 1000} |
		.root = {path: "root", readonly: false} | .linux.cgroupsPath = "/plm-bench/crowd-@NUMBER@" | del(.process.rlimits) |
		.mounts |= map(select(.destination == "/proc" or .destination == "/dev"))' \
		"$work/crowd/config.json" >"$work/crowd/config.new"
	mv "$work/crowd/config.new" "$work/crowd/config.json"
}

measure_crowds() {
	local size at=0
	crowd_config
	start_agent -o "json:$work/alerts.json"
	for size in "${crowds[@]}"; do
		while [ $at -lt "$size" ]; do
			at=$((at + 1))
			crowd_add $at || fail "container $at of a crowd: $(tail -n 1 "$work/places.log")"
		done
		counters >/dev/null
		memory '{what: "crowd", containers: $containers, pss: $pss, maps: $maps}' --argjson containers "$size"
	done
	stop_agent
	crowd_end
}

crowd_end() {
	[ ${#crowd_pids[@]} -gt 0 ] || return 0
	kill -KILL "${crowd_pids[@]}" 2>/dev/null || true
	crowd_pids=()
	there crowd_gone
	awk -v d="$work/crowd/" 'index($5, d) == 1 {print $5}' /proc/self/mountinfo | xargs -r -n 1 umount
	rm -rf "$work/runc/crowd-"*
}

crowd_gone() {
	find /sys/fs/cgroup -depth -type d -path '*/plm-bench*' -exec rmdir {} + 2>/dev/null || true
	! find /sys/fs/cgroup -maxdepth 3 -type d -name plm-bench | grep -q .
}

identity_end() {
	local pid
	crowd_end
	# In the reverse order: Docker's daemon needs the other to end well.
	for pid in $(printf '%s\n' "${daemons[@]}" | tac); do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	awk -v d="$work/" 'index($5, d) == 1 {print $5}' /proc/self/mountinfo | sort -r | xargs -r -n 1 umount -l
}
