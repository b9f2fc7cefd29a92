# SPDX-License-Identifier: Apache-2.0
# What every integration test shares: images, container runtimes of the tests' own, the agent, and the questions that
# are asked of its alerts. A test file begins with `load lib` and says in setup_file what it needs:
#
#     setup_file() {
#             suite_start debian
#             start_agent
#     }
#     teardown_file() { suite_end; }
#
# Everything that is started lives below one directory, $D, and ends in teardown_file, whatever happened before.
# PLM_CACHE keeps what is slow to make (a Debian root file system) from run to run; removing it is always safe.
# LAYOUT=v2 before suite_start gives daemons and agent a mount namespace where cgroup v2 alone is at /sys/fs/cgroup.

bats_require_minimum_version 1.5.0

# Debian's own programs, also where the machine has others by the same name.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL=C.UTF-8

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
case ${B:=build} in /*) ;; *) B=$(cd "$HERE/../.." && pwd)/$B ;; esac
PLM_CACHE=${PLM_CACHE:-/var/cache/plimsoll-tests}
PLM=$B/plimsoll
PROGS=$B/tests/progs
export B HERE PLM_CACHE PLM PROGS

DEBIAN=plm/debian
BUSYBOX=plm/busybox
TAG=7.1
# Nearly what --privileged gives, which itself fails on machines that lack one of the capabilities it asks for.
privileged=(--cap-add SYS_ADMIN --cap-add SYS_PTRACE --cap-add DAC_READ_SEARCH --security-opt seccomp=unconfined
	--security-opt apparmor=unconfined --security-opt systempaths=unconfined)
TOOLS=/usr/lib/plm # where the images have the helper programs

fail() {
	printf '%s\n' "$@" >&2
	return 1
}

# wait_for SECONDS COMMAND...: until it succeeds. Only for what has no event to wait for.
wait_for() {
	local until=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	until "$@" 2>/dev/null; do
		[ "${EPOCHREALTIME/./}" -lt $until ] || return 1
		read -rt 0.02 <><(:) || :
	done
}

# wait_line SECONDS PID FILE REGEX: until FILE has such a line; fails when PID ends first.
wait_line() {
	timeout "$1" grep -qEm1 -e "$4" < <(exec tail -n +1 -f --pid="$2" "$3" 3>&- 2>/dev/null) && return
	fail "waited in vain for '$4' in $3:" "$(tail -n 15 "$3")"
}

# ---- helper programs ----

# program NAME SOURCE FLAGS...: built when its source is newer.
program() {
	local name=$1 source=$HERE/progs/$2
	shift 2
	[ "$PROGS/$name" -nt "$source" ] && return
	gcc -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -o "$PROGS/$name.new" "$source" "$@" &&
		mv "$PROGS/$name.new" "$PROGS/$name"
}

build_programs() {
	mkdir -p "$PROGS"
	program act act.c -static
	program act32 act.c -static -m32
	program act80 act.c -static -no-pie -mno-red-zone -DINT80
	program ids ids.c -static -pthread
	program drop.so drop.c -shared -fPIC -nostdlib
	program interp start.c -nostdlib -static-pie -fpie
	program needs-interp start.c -nostdlib -pie -fpie -Wl,-dynamic-linker,/opt/interp
}

# needs_calls PROGRAM: skips the test where this machine refuses the calls that the program makes; tried, not guessed.
needs_calls() {
	local -A calls=([act32]="32-bit programs" [act80]="int 0x80")
	"$PROGS/$1" open-read-write /dev/null 2>/dev/null || skip "this machine refuses ${calls[$1]}"
}

# ---- images ----

# A minimal Debian root from the mirror that this machine's apt uses, less documentation, as a tar in the cache.
debian_tar() {
	local tar=$PLM_CACHE/bookworm.tar root mirror
	[ -s "$tar" ] && return
	mkdir -p "$PLM_CACHE"
	mirror=$(apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(SITE)' 'Created-By: Packages' |
		sed -n 's/^bookworm main //p' | head -n 1)
	[ -n "$mirror" ] || fail "apt knows no mirror of bookworm main" || return
	root=$(mktemp -d "$PLM_CACHE/root.XXXXXX")
	debootstrap --variant=minbase bookworm "$root" "$mirror" >"$PLM_CACHE/debootstrap.log" 2>&1 ||
		fail "debootstrap failed:" "$(tail "$PLM_CACHE/debootstrap.log")" || return
	rm -rf "$root"/{usr/share/{doc,man,locale,info},var/cache/apt,var/lib/apt/lists,dev,proc,sys,run,tmp}/*
	tar --xattrs -C "$root" -cf "$tar.new" . && mv "$tar.new" "$tar"
	rm -rf "$root"
}

# What the tests expect in both images, laid over a root: helper programs, and files to be changed.
image_furnish() {
	local root=$1 i
	mkdir -p "$root"{/usr/lib/plm,/etc/plm,/data/empty,/data/way,/opt,/tmp,/run,/var/log,/home/user,/usr/sbin}
	chmod 1777 "$root/tmp"
	chmod 0755 "$root"
	cp "$PROGS"/{act,act32,act80,ids,drop.so,interp,needs-interp} "$root$TOOLS/"
	cp "$PROGS/ids" "$root$TOOLS/ids-suid" && chmod 4755 "$root$TOOLS/ids-suid"
	cp "$PROGS/ids" "$root$TOOLS/ids-cap" && setcap cap_setuid+ep "$root$TOOLS/ids-cap"
	printf '#!/bin/sh\nexit 0\n' >"$root$TOOLS/script" && chmod 0755 "$root$TOOLS/script"
	for i in {01..40}; do echo "file $i of the image" >"$root/data/$i"; done
	mkdir "$root"/data/empty/{01..09}
	ln -s ../../data "$root/etc/plm/alias"
	echo "key = value" >"$root/etc/plm/app.conf"
	chown -R 1000:1000 "$root/home/user"
}

busybox_root() {
	local root=$1 name
	mkdir -p "$root"/{bin,etc,proc,sys,dev}
	cp /bin/busybox "$root/bin/busybox"
	for name in $(/bin/busybox --list); do
		[ "$name" = busybox ] || ln -s busybox "$root/bin/$name"
	done
	printf 'root:x:0:0::/:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n' >"$root/etc/passwd"
	printf 'root:x:0:\nuser:x:1000:\n' >"$root/etc/group"
}

debian_root() {
	tar --xattrs --xattrs-include='*' -C "$1" -xf "$PLM_CACHE/bookworm.tar"
	echo 'user:x:1000:1000::/home/user:/bin/sh' >>"$1/etc/passwd"
	echo 'user:*:19000:0:99999:7:::' >>"$1/etc/shadow"
}

# image_tar NAME: where the tar of an image (debian or busybox) is, by what it is made of: several checkouts may share
# the cache.
image_tar() {
	echo "$PLM_CACHE/$1-image-$(cat "$HERE/lib.bash" "$HERE"/progs/* | sha256sum | cut -c1-16).tar"
}

# image_make NAME: makes it where it is not there; what was made of something else, weeks ago, goes.
image_make() {
	local tar root
	tar=$(image_tar "$1")
	[ ! -s "$tar" ] || return 0
	find "$PLM_CACHE" -maxdepth 1 -name "$1-image*.tar" -mtime +14 -delete
	root=$(mktemp -d "$PLM_CACHE/root.XXXXXX")
	"$1_root" "$root" && image_furnish "$root" &&
		tar --xattrs --xattrs-include='*' -C "$root" -cf "$tar.new" . && mv "$tar.new" "$tar"
	rm -rf "$root"
}

build_images() {
	build_programs
	debian_tar
	image_make busybox
	image_make debian
}

# ---- runtimes ----

# launch NAME COMMAND...: a daemon, in the suite's namespace, that cannot outlive this shell; its pid is in $D/NAME.pid. In
# a session of its own: a stopped process among ours would have the kernel hang up on all of them.
launch() {
	local name=$1
	shift
	: >"$D/$name.log" # there before anyone waits for a line of it
	(exec setsid "${ENTER[@]}" setpriv --pdeathsig TERM "$@" >>"$D/$name.log" 2>&1 3>&- </dev/null) &
	echo $! >"$D/$name.pid"
}

# end_process NAME SECONDS: TERM, then KILL; gives back its exit status.
end_process() {
	local pid status=0
	[ -s "$D/$1.pid" ] || return 0
	pid=$(<"$D/$1.pid")
	rm -f "$D/$1.pid"
	kill "$pid" 2>/dev/null
	timeout "$2" tail -s 0.02 -f --pid="$pid" /dev/null 2>/dev/null || kill -KILL "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null || status=$?
	return $status
}

# A kubelet's side of containerd: no CNI is needed for the node's network.
containerd_cri() {
	cat <<-END
		[plugins."io.containerd.grpc.v1.cri"]
		sandbox_image = "docker.io/plm/pause:$TAG"
		restrict_oom_score_adj = true
		[plugins."io.containerd.grpc.v1.cri".cni]
		bin_dir = "$D/cni"
		conf_dir = "$D/cni"
	END
}

start_containerd() {
	local cri='disabled_plugins = ["io.containerd.grpc.v1.cri"]'
	[[ " $* " != *" cri "* ]] || cri=
	cat >"$D/containerd.toml" <<-END
		version = 2
		root = "$D/containerd/root"
		state = "$D/containerd/state"
		$cri
		[grpc]
		address = "$D/containerd.sock"
		[ttrpc]
		address = "$D/containerd.sock.ttrpc"
	END
	[ -n "$cri" ] || containerd_cri >>"$D/containerd.toml"
	launch containerd containerd --config "$D/containerd.toml"
	wait_line 20 "$(<"$D/containerd.pid")" "$D/containerd.log" 'containerd successfully booted'
}

start_docker() {
	echo '{}' >"$D/docker.json"
	launch dockerd dockerd --iptables=false --ip6tables=false --bridge=none --storage-driver overlay2 \
		--exec-opt native.cgroupdriver=cgroupfs --containerd "$D/containerd.sock" --config-file "$D/docker.json" \
		--data-root "$D/docker" --exec-root "$D/dexec" --pidfile "$D/docker.pid" -H "unix://$D/docker.sock"
	wait_line 30 "$(<"$D/dockerd.pid")" "$D/dockerd.log" 'API listen on'
}

# proxies DIR SECONDS: sockets of both daemons in DIR, through which each answer comes so late (progs/delay.pl).
proxies() {
	local name
	for name in docker containerd; do
		launch "$name-proxy" perl "$HERE/progs/delay.pl" "$1/$name.sock" "$D/$name.sock" "$2"
		wait_line 5 "$(<"$D/$name-proxy.pid")" "$D/$name-proxy.log" listening
	done
}

docker() { command docker -H "unix://$D/docker.sock" "$@"; }
ctr() { "${ENTER[@]}" ctr -a "$D/containerd.sock" "$@"; }
runc() { "${ENTER[@]}" runc --root "$D/runc" "$@"; }

docker_images() {
	local name
	for name in "$@"; do
		docker import -c 'CMD ["/usr/lib/plm/act", "pause"]' "$(image_tar "$name")" "plm/$name:$TAG" >/dev/null
	done
}

# The same images in containerd's default namespace.
containerd_images() {
	docker save "$BUSYBOX:$TAG" >"$D/save.tar" && ctr images import --snapshotter overlayfs "$D/save.tar" >/dev/null
	rm -f "$D/save.tar"
}

# runc_bundle NAME [JQ FILTER]: a bundle in $D/bundle/NAME whose root is an overlay over the busybox image.
runc_bundle() {
	local bundle=$D/bundle/$1
	mkdir -p "$bundle"/{upper,work,rootfs} "$D/lower"
	[ -e "$D/lower/bin" ] || tar --xattrs --xattrs-include='*' -C "$D/lower" -xf "$(image_tar busybox)"
	"${ENTER[@]}" mount -t overlay overlay \
		-o "lowerdir=$D/lower,upperdir=$bundle/upper,workdir=$bundle/work" "$bundle/rootfs"
	runc spec -b "$bundle"
	jq '.process.terminal = false | .process.args = ["'$TOOLS'/act", "pause"] | .root.readonly = false |
		del(.process.rlimits) | '"${2:-.}" "$bundle/config.json" >"$bundle/config.new"
	mv "$bundle/config.new" "$bundle/config.json"
}

# run_ctr NAME [OPTION...]: the busybox image by containerd, detached. No weight of CPU time: cgroup v2 may lack it.
run_ctr() {
	local name=$1
	shift
	ctr run -d --cpu-shares 0 --snapshotter overlayfs "$@" "docker.io/$BUSYBOX:$TAG" "$name" </dev/null 3>&-
}

# run_runc NAME: runs that bundle, detached.
run_runc() {
	runc run -d --bundle "$D/bundle/$1" "$1" >"$D/bundle/$1/log" 2>&1 </dev/null 3>&-
}

# ---- the suite ----

# A mount namespace in which cgroup v2 alone is at /sys/fs/cgroup; ENTER runs things in it.
enter_v2() {
	local pid
	launch namespace unshare -m --propagation private sh -c \
		'mount -t cgroup2 none /sys/fs/cgroup && echo ready && exec sleep infinity'
	pid=$(<"$D/namespace.pid")
	wait_line 10 "$pid" "$D/namespace.log" '^ready$'
	ENTER=(nsenter -t "$pid" -m --)
	export NAMESPACE_PID=$pid
}

# suite_start [debian] [containerd] [cri]: dockerd over a containerd, both the test's own, with the busybox image; with
# the Debian image too; with the busybox image in containerd's default namespace too; with containerd's side for kubelets.
suite_start() {
	[ "$(id -u)" = 0 ] || { skip "needs root"; }
	D=$(mktemp -d /tmp/plm.XXXXXX)
	export D
	ENTER=(env)
	build_images
	[ "${LAYOUT:-}" != v2 ] || enter_v2
	: >"$D/alerts.json"
	start_containerd "$@"
	start_docker
	docker_images busybox
	[[ " $* " != *" debian "* ]] || docker_images debian
	[[ " $* " != *" containerd "* ]] || containerd_images
}

# Each test runs in a shell of its own: what suite_start knew is found again here.
setup() {
	ENTER=(env)
	[ -z "${NAMESPACE_PID:-}" ] || ENTER=(nsenter -t "$NAMESPACE_PID" -m --)
}

# Processes whose arguments name our directory: what a daemon that died may have left behind.
leftovers() {
	local file
	for file in /proc/[0-9]*/cmdline; do
		grep -sqF "$D/" "$file" && echo "${file//[^0-9]/}"
	done
}

runtimes_end() {
	local name
	[ ! -S "$D/docker.sock" ] || docker ps -aq | xargs -r timeout 60 docker -H "unix://$D/docker.sock" rm -f
	if [ -S "$D/containerd.sock" ]; then
		for name in $(ctr tasks ls -q); do ctr tasks rm -f "$name"; done
		for name in $(ctr containers ls -q); do ctr containers rm "$name"; done
	fi
	for name in $(runc list -q 2>/dev/null); do runc delete -f "$name"; done
	end_process dockerd 20
	end_process containerd 20
}

# An agent that setup_file started ended well, on SIGTERM, and a sanitizer found nothing in it.
agent_end() {
	local status=0
	[ -s "$D/agent.pid" ] || return 0
	end_process agent 15 || status=$?
	[ $status -eq 0 ] || fail "the agent ended with status $status:" "$(tail -n 30 "$D/agent.log")" || return
	! grep -qE 'AddressSanitizer|LeakSanitizer|runtime error:' "$D/agent.log" || fail "$(cat "$D/agent.log")"
}

suite_end() {
	local status=0
	setup
	[ -d "${D:-}" ] || return 0
	agent_end || status=$?
	runtimes_end >"$D/end.log" 2>&1 || :
	leftovers | grep -vx $$ | xargs -r kill -KILL 2>/dev/null || :
	end_process namespace 5 || :
	awk -v d="$D/" 'index($5, d) == 1 {print $5}' /proc/self/mountinfo | sort -r | xargs -r -n 1 umount -l
	rm -rf --one-file-system "$D"
	return $status
}

# ---- the agent ----

agent_options() {
	printf '%s\n' --docker-socket "$D/docker.sock" --containerd-socket "$D/containerd.sock" --runc-root "$D/runc" \
		--state-dir "$D/state" --runtime-dir "$D/control" -o "json:$D/alerts.json"
}

# start_agent [OPTION...]: returns when it is ready.
start_agent() {
	local -a options
	mapfile -t options < <(agent_options)
	mkdir -p "$D/state" "$D/control"
	launch agent "$PLM" run "${options[@]}" "$@"
	wait_line "${READY_SECONDS:-15}" "$(<"$D/agent.pid")" "$D/agent.log" '^plimsoll: ready'
}

# Ends it with SIGTERM; its exit status is 0, and it drained what was queued.
stop_agent() {
	end_process agent 15
}

# Returns when everything that the kernel had queued before this call has been told, of every container of the host: a
# transaction of packages that another suite began is waited for too.
sync_agent() {
	timeout 130 "$PLM" ps --json --wait --runtime-dir "$D/control" >"$D/ps.json"
}

# ---- questions ----

# alerts_told CONTAINER [JQ FILTER]: its alerts, one object a line. CONTAINER is a name or an id.
alerts_told() {
	jq -c --arg c "$1" 'select(.event.kind == "alert") |
		select(.container.name == $c or .container.id == $c)'"${2:+ | $2}" "$D/alerts.json"
}

# alerts CONTAINER [JQ FILTER]: each as what corrected it says, where something did: a digest can take long on a busy machine.
alerts() {
	alerts_told "$1" | jq -c -n '[inputs] | (map(select(.plimsoll.corrects) | {(.plimsoll.corrects): .}) | add) as $later |
		.[] | select(.plimsoll.corrects | not) | $later[.event.id] // .'"${2:+ | $2}"
}

# What a person needs to see of them when a test fails.
alerts_shown() {
	alerts_told "$1" '"  \(.rule.id) \(.plimsoll.severity) \(.event.action) \(.file.path // .process.executable) " +
		"layer=\(.plimsoll.layer) cause=\(.plimsoll.cause) exe=\(.process.executable): \(.message)"'
}

# What was told without a name: where nothing is told of a container it may be among that.
nameless_shown() {
	jq -r 'select(.event.kind == "alert" and .container.name == null) |
		"  without a name: \(.rule.id) \(.file.path // .process.executable) in \(.container.id) at \(."@timestamp")"' \
		"$D/alerts.json" | tail -n 5
}

# expect_alert [-n COUNT] RULE CONTAINER [JQ CONDITION...]: exactly COUNT (1) alerts of that rule that meet all
# conditions. A RULE that ends in "." is a family.
expect_alert() {
	local count=1 rule container filter=. condition got
	[ "$1" != -n ] || { count=$2 && shift 2; }
	rule=$1 container=$2
	shift 2
	for condition in "$@"; do filter+=" | select($condition)"; done
	got=$(alerts "$container" "select(.rule.id == \"$rule\" or (\"$rule\" | endswith(\".\")) and
		(.rule.id | startswith(\"$rule\"))) | $filter" | wc -l)
	[ "$got" -eq "$count" ] ||
		fail "$container: expected $count of $rule $*, got $got, of:" "$(alerts_shown "$container")" "$(nameless_shown)"
}

# Silence proves something only of a container that the agent watches: the last sync_agent listed it, or it was told of.
expect_watched() {
	jq -e --arg c "$1" 'any(.containers[].container; .name == $c or .id == $c)' "$D/ps.json" >/dev/null ||
		[ -n "$(alerts "$1")" ] || fail "$1 is not watched: $(cat "$D/ps.json")"
}

# expect_quiet CONTAINER [RULE...]: no alert but of these rules (a RULE that ends in "." is a family), and of the images' own
# helper programs, which no package owns.
expect_quiet() {
	local container=$1 rule filter=.
	shift
	set -- image.unpackaged "$@"
	expect_watched "$container"
	for rule in "$@"; do
		filter+=" | select((.rule.id == \"$rule\" or (\"$rule\" | endswith(\".\")) and
			(.rule.id | startswith(\"$rule\"))) | not)"
	done
	[ "$(alerts "$container" "$filter" | wc -l)" -eq 0 ] ||
		fail "$container: expected nothing but: $*; got:" "$(alerts_shown "$container")"
}

# ---- containers ----

# On the node's network where a test does not say otherwise: for a network of its own, dockerd runs itself again, which takes
# as much CPU time as all the rest of a start.
NETWORK=host

# run_container NAME IMAGE [DOCKER OPTION...] [-- COMMAND...]: detached; without a command it only waits.
run_container() {
	local name=$1 image=$2
	local -a options=()
	shift 2
	while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1") && shift; done
	[ $# -eq 0 ] || shift
	docker run -d --network $NETWORK --name "$name" "${options[@]}" "$image:$TAG" "$@" >/dev/null
}

# inside NAME COMMAND...: by `docker exec`, as root, no terminal, standard input empty. Not the entry point's tree, so
# what it does is never taken for the entry point's own set-up.
inside() {
	docker exec "$@" </dev/null
}
