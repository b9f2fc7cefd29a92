# SPDX-License-Identifier: Apache-2.0
# The agent on a node: built from source into an image without a shell, run by Docker as the DaemonSet says, under the
# unit's restrictions, and installed. Nothing is fetched but Debian's packages, once, into the cache.
load lib

ROOT=$HERE/../..
NODE=plimsoll # the agent's container
MANIFEST=$ROOT/deploy/plimsoll.yaml
UNIT=$ROOT/deploy/plimsoll.service

setup_file() {
	LAYOUT=v2 suite_start
	build_base
	manifest_read
	"${ENTER[@]}" mount --make-rshared / # as on a host with systemd
	node_runtime
	docker import "$(base_tar)" plm/build:$TAG >/dev/null
	image_build >"$D/image.log" 2>&1 || fail "$(tail -n 30 "$D/image.log")"
	odd_image
	run_container earlier $BUSYBOX
	node_start $NODE
}

teardown_file() { suite_end; }

# ---- the image ----

# By what it is made of: the list of the build's packages.
base_tar() {
	echo "$PLM_CACHE/build-image-$(sed -n "/\[build\]=/,/'\$/p" "$ROOT/tools/deps" | sha256sum | cut -c1-16).tar"
}

# Debian with what tools/deps says the build needs: what the image's build stage would install, were there a network.
build_base() {
	local tar root
	tar=$(base_tar)
	[ ! -s "$tar" ] || return 0
	find "$PLM_CACHE" -maxdepth 1 -name 'build-image*.tar' -mtime +14 -delete
	root=$(mktemp -d "$PLM_CACHE/root.XXXXXX")
	tar --xattrs --xattrs-include='*' -C "$root" -xf "$PLM_CACHE/bookworm.tar"
	cp /etc/resolv.conf "$root/etc/resolv.conf"
	cp "$ROOT/tools/deps" "$root/root/deps"
	unshare -m --propagation private sh -c 'mount --bind /dev "$1/dev" && mount -t proc proc "$1/proc" &&
		exec chroot "$1" /root/deps build' sh "$root" >"$PLM_CACHE/build-base.log" 2>&1 ||
		fail "installing the build's packages failed:" "$(tail "$PLM_CACHE/build-base.log")" || return
	rm -rf "$root"/{usr/share/{doc,man,locale,info},var/cache/apt,var/lib/apt/lists}/*
	tar --xattrs -C "$root" -cf "$tar.new" . && mv "$tar.new" "$tar"
	rm -rf "$root"
}

# A make that is not a part of the one that runs the tests.
own_make() { env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make --no-print-directory -C "$ROOT" "$@"; }

image_build() {
	own_make image ENGINE="docker -H unix://$D/docker.sock" ENGINE_ARGS="--network none" BASE=plm/build:$TAG
	docker tag "$(docker images -q plimsoll | head -n 1)" "$(pod .image)"
}

# An image with what takes a capability to look at: a directory that hides a lower layer's, and one user's own files.
odd_image() {
	docker run --name odd --network $NETWORK $BUSYBOX:$TAG sh -c 'rm -rf /data && mkdir /data /home/user/own &&
		cp '$TOOLS'/act /home/user/own/tool && chown -R 1000:1000 /home/user/own && chmod -R 0700 /home/user/own'
	docker commit odd plm/odd:$TAG >/dev/null
	docker rm -f odd >/dev/null
}

# ---- the DaemonSet's settings ----

manifest_read() { yq . "$MANIFEST" | jq -s . >"$D/manifest.json"; }

of_kind() { jq -re --arg kind "$1" ".[] | select(.kind == \$kind) | $2" "$D/manifest.json"; }

# pod FILTER: of its only container. A FILTER that begins with "spec:" is of the pod itself.
pod() {
	case $1 in
	spec:*) of_kind DaemonSet ".spec.template.spec | ${1#spec:}" ;;
	*) of_kind DaemonSet ".spec.template.spec.containers[0] | $1" ;;
	esac
}

# Debian's Docker is older than CAP_BPF and CAP_PERFMON, and so is its seccomp profile: where a container names its
# capabilities in the environment, this runtime writes them into its configuration as newer engines do.
node_runtime() {
	cat >"$D/node-runc" <<-'END'
		#!/bin/bash
		arguments=("$@") bundle='' create=''
		while [ $# -gt 0 ]; do
			case $1 in --bundle) bundle=$2 ;; create) create=1 ;; esac
			shift
		done
		if [ -n "$create" ]; then
			jq '[.process.env[] | select(startswith("NODE_CAPS=")) | .[10:] | split(" ")[] | "CAP_" + .] as $caps |
				.process.env |= map(select(startswith("NODE_CAPS=") | not)) |
				.process.capabilities = {bounding: $caps, effective: $caps, permitted: $caps} |
				if any($caps[]; . == "CAP_BPF" or . == "CAP_SYS_ADMIN") then
					.linux.seccomp.syscalls += [{names: ["bpf"], action: "SCMP_ACT_ALLOW"}] else . end |
				if any($caps[]; . == "CAP_SYS_ADMIN") then
					.linux.seccomp.syscalls += [{names: ["clone", "clone3", "mount", "move_mount", "open_tree",
						"setns", "umount", "umount2", "unshare"], action: "SCMP_ACT_ALLOW"}] else . end |
				if any($caps[]; . == "CAP_SYS_CHROOT") then
					.linux.seccomp.syscalls += [{names: ["chroot"], action: "SCMP_ACT_ALLOW"}] else . end' \
				"$bundle/config.json" >"$bundle/config.new" && mv "$bundle/config.new" "$bundle/config.json"
		fi
		exec runc "${arguments[@]}"
	END
	chmod 0755 "$D/node-runc"
	echo "{\"runtimes\": {\"node\": {\"path\": \"$D/node-runc\"}}}" >"$D/docker.json"
	kill -HUP "$(<"$D/dockerd.pid")"
	wait_for 10 docker_has_node
}

docker_has_node() { docker info -f '{{json .Runtimes}}' | jq -e .node >/dev/null; }

# node_volumes NAME: each volume of the pod as an option of Docker's. What the agent may write to is the test's own, not
# this machine's.
node_volumes() {
	local row name path readonly propagation source options
	while read -r row; do
		IFS=$'\t' read -r name path readonly propagation <<<"$row"
		options=rw
		[ "$readonly" = false ] || options=ro
		[ "$propagation" != HostToContainer ] || options+=,rslave
		source=$(pod "spec:.volumes[] | select(.name == \"$name\") | .hostPath.path // \"\"")
		[ -n "$source" ] || source=$D/config
		[ $readonly = true ] || source=$D/$1$source
		mkdir -p "$source"
		printf '%s\n' -v "$source:$path:$options"
	done < <(pod '.volumeMounts[] | [.name, .mountPath, .readOnly // false, .mountPropagation // "None"] | @tsv')
}

# node_start NAME [CAPABILITY...]: the agent, as the DaemonSet has it; with these capabilities instead of its own.
node_start() {
	local name=$1 caps
	local -a options arguments
	shift
	caps=$*
	[ -n "$caps" ] || caps=$(pod '.securityContext.capabilities.add | join(" ")')
	mkdir -p "$D/config"
	# Docker's containers have no namespace.
	of_kind ConfigMap '.data["plimsoll.yaml"]' | sed 's/namespace: plimsoll, //' >"$D/config/plimsoll.yaml"
	mapfile -t options < <(node_volumes "$name"
		pod 'if .securityContext.readOnlyRootFilesystem then "--read-only" else empty end'
		pod 'if .securityContext.allowPrivilegeEscalation then empty else "--security-opt=no-new-privileges" end'
		pod '.securityContext | "--user=\(.runAsUser):\(.runAsGroup)"'
		pod 'spec:if .hostPID then "--pid=host" else empty end')
	mapfile -t arguments < <(pod '.args[]'
		printf '%s\n' --docker-socket "/host$D/docker.sock" --containerd-socket "/host$D/containerd.sock" \
			--runc-root "/host$D/runc" --output json:/var/lib/plimsoll/alerts.json)
	docker run -d --name "$name" --runtime node --cap-drop ALL --env "NODE_CAPS=$caps" --network none \
		"${options[@]}" "$(pod .image)" "${arguments[@]}" >/dev/null
	timeout 15 grep -qm1 '^plimsoll: ready' < <(docker logs -f "$name" 2>&1 3>&-) ||
		 fail "$(docker logs "$name" 2>&1 | tail)"
}

# Everything that the kernel had queued is told; the questions of lib.bash are about the agent NAME from here on.
node_sync() {
	docker exec "${1:-$NODE}" /usr/bin/plimsoll ps --json --wait >"$D/ps.json"
	cp "$D/${1:-$NODE}/var/lib/plimsoll/alerts.json" "$D/alerts.json"
}

# ---- the image ----

@test "the image is built from source, by its Containerfile" {
	grep -q 'LINK  build/plimsoll' "$D/image.log"
	! grep -q 'plimsoll: installing' "$D/image.log" || fail "it is there"
	[ "$(docker run --rm --network $NETWORK "$(pod .image)" --help)" = "$("$PLM" --help)" ]
}

@test "the image holds one program, its libraries, and nothing that could run another" {
	local id size
	id=$(docker create --network $NETWORK "$(pod .image)")
	docker export "$id" | tar -t >"$D/files"
	docker rm "$id" >/dev/null
	run -0 grep -vE '/$|^\.dockerenv$|^etc/(hostname|hosts|mtab|resolv\.conf)$|^dev/console$|\.so(\.[0-9]+)*$' "$D/files"
	[ "$output" = usr/bin/plimsoll ] || fail "$output"
	size=$(docker image inspect -f '{{.Size}}' "$(pod .image)")
	echo "# the image has $((size / 1000)) kB in $(grep -cE '\.so(\.|$)' "$D/files") libraries and one program" >&3
	[ "$size" -lt 30000000 ]
}

@test "no shell in it" {
	run docker exec $NODE sh -c true
	[ "$status" -ne 0 ]
	run docker exec $NODE /bin/sh
	[ "$status" -ne 0 ]
}

# ---- as the DaemonSet has it ----

@test "it has the named capabilities, seccomp and a read-only root, and is one process" {
	local pid want
	pid=$(docker inspect -f '{{.State.Pid}}' $NODE)
	want=$(pod '.securityContext.capabilities.add | map("cap_" + ascii_downcase) | sort | join(",")')
	capsh --decode="$(awk '/^CapEff/ {print $2}' "/proc/$pid/status")" >"$D/caps"
	[ "$(sed 's/.*=//' "$D/caps" | tr , '\n' | sort | paste -sd,)" = "$want" ] || fail "$(<"$D/caps")"
	grep -q '^Seccomp:.2' "/proc/$pid/status"
	grep -q '^NoNewPrivs:.1' "/proc/$pid/status"
	[ "$(docker top $NODE -o pid | tail -n +2 | wc -l)" -eq 1 ]
	awk '$5 == "/" || $5 == "/host" {print $5, $6}' "/proc/$pid/mountinfo" >"$D/mounts"
	[ "$(grep -cE ' ro(,|$)' "$D/mounts")" -eq 2 ] || fail "$(<"$D/mounts")"
}

@test "another container misbehaves: alerts with its name and image, on standard output too" {
	run_container shop $BUSYBOX
	inside shop sh -c "cp $TOOLS/act /opt/new && /opt/new true; $TOOLS/act write /data/01"
	node_sync
	expect_alert drift.exec.new shop '.file.path == "/opt/new"' ".container.image.name == \"$BUSYBOX\"" \
		".container.image.tag == [\"$TAG\"]" ".host.name == \"$(</etc/hostname)\""
	expect_alert mutation.file shop '.file.path == "/data/01"' '.plimsoll.verdict == "modified"'
	expect_quiet shop drift.exec.new mutation.file root.exec session.exec
	wait_for 5 node_logged shop drift.exec.new
}

node_logged() {
	docker logs $NODE 2>/dev/null | jq -se --arg c "$1" --arg rule "$2" \
		'any(.[]; .container.name == $c and .rule.id == $rule)' >/dev/null
}

@test "one that was there before it" {
	inside earlier sh -c "cp $TOOLS/act /opt/new && /opt/new true; chmod 0700 /bin/busybox; /bin/busybox true"
	node_sync
	expect_alert drift.exec.new earlier '.file.path == "/opt/new"' ".container.image.name == \"$BUSYBOX\""
	expect_quiet earlier drift.exec.new mutation.file root.exec session.exec
}

@test "one of another user, with opaque directories and private files" {
	run_container odd plm/odd -u 1000 -- $TOOLS/act pause
	odd_act odd
	node_sync
	expect_alert drift.exec.new odd '.file.path == "/data/05"' '.plimsoll.verdict == "added"'
	expect_alert drift.exec.new odd '.file.path == "/tmp/script"' '.file.inode != null'
	expect_quiet odd drift.exec.new mutation.file root.exec session.exec
	expect_alert -n 0 drift.exec.new odd '.file.path == "/home/user/own/tool"'
}

odd_act() {
	inside -u 0 "$1" sh -c "cp $TOOLS/act /data/05 && /data/05 true"
	inside "$1" sh -c 'cd /home/user/own && chmod 0500 tool && ./tool true'
	inside "$1" sh -c 'printf "#!/bin/sh\nexec '$TOOLS'/act pause\n" >/tmp/script && chmod 0700 /tmp/script'
	inside -d "$1" /tmp/script
}

@test "ps inside lists them, and the agent's own container" {
	node_sync
	jq -e --arg image "$BUSYBOX" '[.containers[].container | select(.image.name == $image) | .name] |
		index("shop") and index("earlier")' "$D/ps.json"
	jq -e --arg node $NODE '.containers[] | select(.container.name == $node)' "$D/ps.json"
	docker exec $NODE /usr/bin/plimsoll ps | grep -qE ' shop '
}

@test "of its own container it tells nothing, but of another program in it" {
	docker exec $NODE /usr/bin/plimsoll ps
	node_sync
	expect_quiet $NODE
	jq -se --arg node $NODE 'all(.[]; .container.name != $node)' "$D/alerts.json"
	docker cp "$PROGS/act" $NODE:/run/plimsoll/act
	docker exec $NODE /run/plimsoll/act true
	node_sync
	expect_alert drift.exec.foreign $NODE '.file.path == "/run/plimsoll/act"'
}

@test "a second agent on the node refuses to start" {
	run docker exec $NODE /usr/bin/plimsoll run --host-root /host
	[ "$status" -eq 3 ]
	[[ $output == *"another agent runs"* ]]
}

# Debian's /var/run is an absolute link, which leads out of the host's root as a container sees it.
@test "the usual places are looked for below --host-root" {
	local root=$BATS_TEST_TMPDIR/host
	mkdir -p "$root/run/containerd" "$root/var"
	ln -s /run "$root/var/run"
	ln -s "$D/docker.sock" "$root/run/docker.sock"
	ln -s "$D/containerd.sock" "$root/run/containerd/containerd.sock"
	"$PLM" check --json --host-root "$root" >"$BATS_TEST_TMPDIR/check.json" || [ $? -eq 1 ]
	jq -e --arg root "$root/" '[.checks[] | select(.section == "runtimes" and .state == "ok" and
		(.mechanism | startswith($root))) | .what] | index("docker") and index("containerd")' "$BATS_TEST_TMPDIR/check.json"
}

@test "stopped, it exits 0" {
	node_start brief
	docker stop -t 15 brief >/dev/null
	[ "$(docker inspect -f '{{.State.ExitCode}}' brief)" = 0 ]
	jq -e 'select(.event.kind == "state" and .event.action == "stop")' "$D/brief/var/lib/plimsoll/alerts.json"
	docker rm brief >/dev/null
}

# ---- what each capability is for, as the manifest says ----

# without CAPABILITY...: the agent with all of the DaemonSet's but these.
without() {
	local -a caps
	mapfile -t caps < <(pod '.securityContext.capabilities.add[]' | grep -vxF "$(printf '%s\n' "$@")")
	docker rm -f less >/dev/null 2>&1 || :
	node_start less "${caps[@]}"
}

@test "without BPF or without PERFMON, and without SYS_ADMIN, it says what it needs" {
	local name
	for name in BPF PERFMON; do
		run without $name SYS_ADMIN
		[ "$status" -ne 0 ]
		[[ $output == *"the kernel refuses"*CAP_BPF*CAP_PERFMON* ]] || fail "$output"
	done
}

@test "without SYS_ADMIN what an image deleted counts as its own" {
	without SYS_ADMIN
	run_container less-admin plm/odd -u 1000 -- $TOOLS/act pause
	odd_act less-admin
	node_sync less
	expect_alert drift.exec.modified less-admin '.file.path == "/data/05"'
	expect_alert -n 0 drift.exec.new less-admin '.file.path == "/home/user/own/tool"'
}

@test "without DAC_READ_SEARCH a user's own file is unverified" {
	without DAC_READ_SEARCH
	run_container less-dac plm/odd -u 1000 -- $TOOLS/act pause
	odd_act less-dac
	node_sync less
	expect_alert drift.exec.new less-dac '.file.path == "/home/user/own/tool"' '.plimsoll.verdict == "unverified"'
}

@test "without SYS_PTRACE of another user's script only the path is known" {
	without SYS_PTRACE
	run_container less-ptrace plm/odd -u 1000 -- $TOOLS/act pause
	odd_act less-ptrace
	node_sync less
	expect_alert drift.exec.new less-ptrace '.file.path == "/tmp/script"' '.file.inode == null'
}

# ---- manifests, unit, make install ----

# Every key stands where Kubernetes's API (v1, apps/v1) has one of that name: a misspelt one would be dropped unseen.
@test "the manifest has only keys that the API knows" {
	jq -r '.[] | .kind as $kind | paths(scalars) | map(if type == "number" then "*" else . end) |
		"\($kind) \(join("/"))"' "$D/manifest.json" |
		sed -E 's#[ /](labels|matchLabels|nodeSelector|data|requests|limits)/.*# \1#; s#^(.*) (.*) (.*)$#\1 \2/\3#' |
		sort -u >"$D/keys"
	sort -u >"$D/known" <<-'END'
		ConfigMap apiVersion
		ConfigMap data
		ConfigMap kind
		ConfigMap metadata/labels
		ConfigMap metadata/name
		ConfigMap metadata/namespace
		DaemonSet apiVersion
		DaemonSet kind
		DaemonSet metadata/labels
		DaemonSet metadata/name
		DaemonSet metadata/namespace
		DaemonSet spec/selector/matchLabels
		DaemonSet spec/template/metadata/labels
		DaemonSet spec/template/spec/automountServiceAccountToken
		DaemonSet spec/template/spec/containers/*/args/*
		DaemonSet spec/template/spec/containers/*/image
		DaemonSet spec/template/spec/containers/*/imagePullPolicy
		DaemonSet spec/template/spec/containers/*/livenessProbe/exec/command/*
		DaemonSet spec/template/spec/containers/*/livenessProbe/failureThreshold
		DaemonSet spec/template/spec/containers/*/livenessProbe/periodSeconds
		DaemonSet spec/template/spec/containers/*/livenessProbe/timeoutSeconds
		DaemonSet spec/template/spec/containers/*/name
		DaemonSet spec/template/spec/containers/*/resources/limits
		DaemonSet spec/template/spec/containers/*/resources/requests
		DaemonSet spec/template/spec/containers/*/securityContext/allowPrivilegeEscalation
		DaemonSet spec/template/spec/containers/*/securityContext/capabilities/add/*
		DaemonSet spec/template/spec/containers/*/securityContext/capabilities/drop/*
		DaemonSet spec/template/spec/containers/*/securityContext/privileged
		DaemonSet spec/template/spec/containers/*/securityContext/readOnlyRootFilesystem
		DaemonSet spec/template/spec/containers/*/securityContext/runAsGroup
		DaemonSet spec/template/spec/containers/*/securityContext/runAsUser
		DaemonSet spec/template/spec/containers/*/securityContext/seccompProfile/type
		DaemonSet spec/template/spec/containers/*/startupProbe/exec/command/*
		DaemonSet spec/template/spec/containers/*/startupProbe/failureThreshold
		DaemonSet spec/template/spec/containers/*/startupProbe/periodSeconds
		DaemonSet spec/template/spec/containers/*/startupProbe/timeoutSeconds
		DaemonSet spec/template/spec/containers/*/volumeMounts/*/mountPath
		DaemonSet spec/template/spec/containers/*/volumeMounts/*/mountPropagation
		DaemonSet spec/template/spec/containers/*/volumeMounts/*/name
		DaemonSet spec/template/spec/containers/*/volumeMounts/*/readOnly
		DaemonSet spec/template/spec/enableServiceLinks
		DaemonSet spec/template/spec/hostIPC
		DaemonSet spec/template/spec/hostNetwork
		DaemonSet spec/template/spec/hostPID
		DaemonSet spec/template/spec/nodeSelector
		DaemonSet spec/template/spec/priorityClassName
		DaemonSet spec/template/spec/serviceAccountName
		DaemonSet spec/template/spec/terminationGracePeriodSeconds
		DaemonSet spec/template/spec/tolerations/*/operator
		DaemonSet spec/template/spec/volumes/*/configMap/name
		DaemonSet spec/template/spec/volumes/*/hostPath/path
		DaemonSet spec/template/spec/volumes/*/hostPath/type
		DaemonSet spec/template/spec/volumes/*/name
		DaemonSet spec/updateStrategy/rollingUpdate/maxSurge
		DaemonSet spec/updateStrategy/rollingUpdate/maxUnavailable
		DaemonSet spec/updateStrategy/type
		Namespace apiVersion
		Namespace kind
		Namespace metadata/labels
		Namespace metadata/name
		ServiceAccount apiVersion
		ServiceAccount automountServiceAccountToken
		ServiceAccount kind
		ServiceAccount metadata/labels
		ServiceAccount metadata/name
		ServiceAccount metadata/namespace
	END
	run -0 comm -23 "$D/keys" "$D/known"
	[ -z "$output" ] || fail "unknown:" "$output"
	[ "$(wc -l <"$D/keys")" -gt 50 ]
}

# holds CONDITION: of the manifest as an array.
holds() { jq -e "$1" "$D/manifest.json" >/dev/null || fail "does not hold: $1"; }

@test "the manifest is sound: names lead somewhere, no rights, no port, not privileged" {
	local name
	yamllint -s -d '{extends: default, rules: {line-length: {max: 120}}}' "$MANIFEST"
	[ "$(jq -r 'map(.kind) | sort | join(" ")' "$D/manifest.json")" = "ConfigMap DaemonSet Namespace ServiceAccount" ]
	holds 'all(.[]; .apiVersion == (if .kind == "DaemonSet" then "apps/v1" else "v1" end))'
	holds '(map(select(.kind == "Namespace"))[0].metadata.name) as $n |
		all(.[] | select(.kind != "Namespace"); .metadata.namespace == $n)'
	holds 'all(.. | .automountServiceAccountToken? // empty; not)'
	holds 'map(select(.kind == "DaemonSet"))[0].spec as $s | $s.selector.matchLabels as $l |
		($l | length) > 0 and ($l | to_entries | all($s.template.metadata.labels[.key] == .value))'
	holds 'map(select(.kind == "DaemonSet"))[0].spec.template.spec as $p |
		($p.volumes | map(.name) | sort) == ($p.containers[0].volumeMounts | map(.name) | sort)'
	holds '[.. | .configMap? // empty | .name] - map(select(.kind == "ConfigMap").metadata.name) == []'
	holds '[.. | .serviceAccountName? // empty] - map(select(.kind == "ServiceAccount").metadata.name) == []'
	holds '[.. | .ports? // empty] == [] and all(.. | .privileged? // empty; not)'
	holds '[.. | select(type == "object" and has("recursiveReadOnly") and has("mountPropagation"))] == []'
	for name in $(pod '.securityContext.capabilities.add[]'); do
		grep -q "^#define CAP_$name\b" /usr/include/linux/capability.h || fail "no capability $name"
	done
}

@test "its policy and the example are good ones, also with all that is commented out" {
	of_kind ConfigMap '.data["plimsoll.yaml"]' >"$BATS_TEST_TMPDIR/map.yaml"
	sed 's/^#\([^ ]\|  \)/\1/' "$ROOT/deploy/plimsoll.example.yaml" >"$BATS_TEST_TMPDIR/whole.yaml"
	run -0 "$PLM" policy check "$BATS_TEST_TMPDIR/map.yaml"
	[[ $output == *"3 rule settings"* ]]
	run -0 "$PLM" policy check "$ROOT/deploy/plimsoll.example.yaml"
	run -0 "$PLM" policy check "$BATS_TEST_TMPDIR/whole.yaml"
	[[ $output == *"1 waiver"* ]]
}

@test "make install: what it brings, where, and what it leaves alone" {
	local to=$BATS_TEST_TMPDIR/root
	own_make install DESTDIR="$to" PREFIX=/usr UNITDIR=/lib/systemd/system >/dev/null
	(cd "$to" && find . -type f ! -path './usr/share/man/*' -printf '%m %p\n' | sort) >"$D/installed"
	diff "$D/installed" - <<-'END'
		644 ./etc/plimsoll/plimsoll.yaml
		644 ./lib/systemd/system/plimsoll.service
		755 ./usr/bin/plimsoll
	END
	[ "$(find "$to/usr/share/man" -type f | wc -l)" -eq "$(find "$ROOT/docs/man" -type f | wc -l)" ]
	cmp "$to/usr/bin/plimsoll" "$PLM"
	grep -qx 'ExecStart=/usr/bin/plimsoll run' "$to/lib/systemd/system/plimsoll.service"
	echo 'rules: {}' >"$to/etc/plimsoll/plimsoll.yaml"
	own_make install DESTDIR="$to" UNITDIR=/lib/systemd/system >/dev/null
	[ "$(<"$to/etc/plimsoll/plimsoll.yaml")" = 'rules: {}' ]
	grep -qx 'ExecStart=/usr/local/bin/plimsoll run' "$to/lib/systemd/system/plimsoll.service"
	[ -x "$to/usr/local/bin/plimsoll" ]
}

@test "systemd finds nothing wrong with the installed unit" {
	local to=$BATS_TEST_TMPDIR/root
	own_make install PREFIX="$to/usr" UNITDIR="$to/unit" SYSCONFDIR="$to/etc" >/dev/null
	MANPATH=$to/usr/share/man run -0 systemd-analyze verify "$to/unit/plimsoll.service"
	[ -z "$output" ] || fail "$output"
	sed -i 's/^ProtectSystem=.*/ProtectSistem=strict/' "$to/unit/plimsoll.service"
	run systemd-analyze verify "$to/unit/plimsoll.service"
	[[ $output == *ProtectSistem* ]]
}

# As far as that goes without systemd: its capabilities, no new privileges, and the file creation mask.
@test "the unit's capabilities are the DaemonSet's, and suffice on the host" {
	local caps
	caps=$(sed -n 's/^CapabilityBoundingSet=//p' "$UNIT")
	[ "$(tr ' ' '\n' <<<"${caps//CAP_/}" | sort)" = "$(pod '.securityContext.capabilities.add[]' | sort)" ]
	caps=${caps//CAP_/+}
	rm -f "$D/alerts.json"
	mkdir -p "$D/state" "$D/control"
	mapfile -t options < <(agent_options)
	launch agent setpriv --no-new-privs --inh-caps=-all --bounding-set="-all,${caps// /,}" sh -c 'umask "$1" && shift &&
		exec "$@"' sh "$(sed -n 's/^UMask=//p' "$UNIT")" "$PLM" run "${options[@]}"
	wait_line 15 "$(<"$D/agent.pid")" "$D/agent.log" '^plimsoll: ready'
	run_container served plm/odd -u 1000 -- $TOOLS/act pause
	odd_act served
	sync_agent
	expect_alert drift.exec.new served '.file.path == "/data/05"' '.plimsoll.verdict == "added"'
	expect_alert drift.exec.new served '.file.path == "/tmp/script"' '.file.inode != null'
	expect_alert -n 0 drift.exec.new served '.file.path == "/home/user/own/tool"'
	agent_end
}
