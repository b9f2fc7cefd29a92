# SPDX-License-Identifier: Apache-2.0
# Pods, as a kubelet makes them through the CRI of a real containerd: on the node's network, which needs no CNI.
load lib

setup_file() {
	suite_start cri
	cri_images
	cat >"$D/policy.yaml" <<-END
		workloads:
		  - match: {label: "tier=storage"}
		    writable: ["/data/**"]
		  - match: {pod: "web-*", namespace: "shop"}
		    rules: {session.exec: {enabled: false}}
	END
	start_pod early bare 1111 && start_container early main
	start_agent --config "$D/policy.yaml"
}

teardown_file() {
	local pod status=0
	agent_end || status=$?
	for pod in "$D"/pods/*/id; do
		cri StopPodSandbox Id Nothing <<<"id: \"$(<"$pod")\"" && cri RemovePodSandbox Id Nothing <<<"id: \"$(<"$pod")\""
	done
	suite_end && return $status
}

# The busybox image, and a pause image of the test's own, as containerd's namespace for pods has them.
cri_images() {
	mkdir -p "$D/pause" "$D/pods" "$D/cni"
	cp "$PROGS/act" "$D/pause/pause"
	tar -C "$D/pause" -c . | docker import -c 'CMD ["/pause", "pause"]' - "plm/pause:$TAG" >/dev/null
	docker save "plm/pause:$TAG" "$BUSYBOX:$TAG" >"$D/save.tar"
	ctr -n k8s.io images import --snapshotter overlayfs "$D/save.tar" >/dev/null
	rm -f "$D/save.tar"
}

# cri METHOD REQUEST ANSWER: asks with that message, which is on standard input as text, and prints the answer so.
cri() {
	local length
	protoc -I "$HERE" --encode="cri_test.$2" "$HERE/cri_test.proto" >"$D/cri.message" || return
	length=$(printf '%08x' "$(stat -c %s "$D/cri.message")")
	{ printf '%b' "\\x00\\x${length:0:2}\\x${length:2:2}\\x${length:4:2}\\x${length:6:2}" && cat "$D/cri.message"; } |
		curl -sS --http2-prior-knowledge --unix-socket "$D/containerd.sock" -H 'content-type: application/grpc' \
			-H 'te: trailers' --data-binary @- -D "$D/cri.headers" -o "$D/cri.answer" \
			"http://containerd/runtime.v1.RuntimeService/$1" || return
	grep -q '^grpc-status: 0' "$D/cri.headers" || fail "$1:" "$(cat "$D/cri.headers")" || return
	tail -c +6 "$D/cri.answer" | protoc -I "$HERE" --decode="cri_test.$3" "$HERE/cri_test.proto"
}

id_of() { sed -n 's/^id: "\(.*\)"$/\1/p'; }

# labels NAME=VALUE...: as text of a message's map.
labels() {
	local label
	for label in "$@"; do echo "labels {key: \"${label%%=*}\" value: \"${label#*=}\"}"; done
}

# start_pod NAME NAMESPACE UID [LABEL=VALUE...]: its sandbox; the labels as a kubelet sets them, and the pod's own.
start_pod() {
	local pod=$D/pods/$1
	mkdir "$pod"
	cat >"$pod/config" <<-END
		metadata {name: "$1" uid: "$3" namespace: "$2"}
		linux {cgroup_parent: "/kubepods/burstable/pod$3"
			security_context {namespace_options {network: 2 pid: 1 ipc: 2}}}
		$(labels "io.kubernetes.pod.name=$1" "io.kubernetes.pod.namespace=$2" "io.kubernetes.pod.uid=$3" "${@:4}")
	END
	printf '%s\n' "$1 $2 $3" >"$pod/name"
	cri RunPodSandbox RunPodSandboxRequest Id <<<"config {$(cat "$pod/config")}" | id_of >"$pod/id"
	[ -s "$pod/id" ]
}

# start_container POD NAME [ANNOTATION=VALUE...]: of the busybox image; only waits.
start_container() {
	local pod=$D/pods/$1 name namespace uid annotation
	read -r name namespace uid <"$pod/name"
	cri CreateContainer CreateContainerRequest Id <<-END | id_of >"$pod/$2"
		pod_sandbox_id: "$(<"$pod/id")"
		sandbox_config {$(cat "$pod/config")}
		config {
			metadata {name: "$2"}
			image {image: "docker.io/$BUSYBOX:$TAG"}
			command: "$TOOLS/act" command: "pause"
			linux {security_context {namespace_options {network: 2 pid: 1 ipc: 2}}}
			$(labels "io.kubernetes.pod.name=$name" "io.kubernetes.pod.namespace=$namespace" \
				"io.kubernetes.pod.uid=$uid" "io.kubernetes.container.name=$2")
			$(for annotation in "${@:3}"; do
				echo "annotations {key: \"${annotation%%=*}\" value: \"${annotation#*=}\"}"
			done)
		}
	END
	[ -s "$pod/$2" ] && cri StartContainer Id Nothing <<<"id: \"$(<"$pod/$2")\""
}

# in_pod POD CONTAINER COMMAND...: as a probe does it.
in_pod() {
	local argument
	{
		echo "container_id: \"$(<"$D/pods/$1/$2")\" timeout: 20"
		for argument in "${@:3}"; do echo "cmd: $(jq -Rs . <<<"$argument" | sed 's/\\n"$/"/')"; done
	} | cri ExecSync ExecSyncRequest ExecSyncResponse >"$D/cri.exec"
	! grep -q '^exit_code' "$D/cri.exec" || fail "$(cat "$D/cri.exec")"
}

# ps_pod POD CONTAINER [FILTER]: what `ps --json` says of it. The sandbox goes by "id".
ps_pod() {
	jq -ce --arg id "$(<"$D/pods/$1/$2")" ".containers[] | select(.container.id == \$id) | ${3:-.}" "$D/ps.json"
}

# expect_pod POD CONTAINER FILTER...
expect_pod() {
	local pod=$1 container=$2 filter
	shift 2
	for filter in "$@"; do
		ps_pod "$pod" "$container" "$filter" >/dev/null ||
			fail "$pod/$container: not $filter:" "$(ps_pod "$pod" "$container")"
	done
}

@test "a pod's container: its pod, name, image and digest on each alert" {
	local id digest
	start_pod web-5d8f9c7b4-x2x4q shop 2222 app=web pod-template-hash=5d8f9c7b4
	start_container web-5d8f9c7b4-x2x4q nginx
	id=$(<"$D/pods/web-5d8f9c7b4-x2x4q/nginx")
	digest=$(ctr -n k8s.io images ls | awk -v image="docker.io/$BUSYBOX:$TAG" '$1 == image {print $3}')
	in_pod web-5d8f9c7b4-x2x4q nginx sh -c "cp $TOOLS/act /opt/new && /opt/new true"
	sync_agent
	expect_alert drift.exec.new "$id" '.file.path == "/opt/new"' '.orchestrator.type == "kubernetes"' \
		'.orchestrator.namespace == "shop"' '.orchestrator.resource.name == "web-5d8f9c7b4-x2x4q"' \
		'.orchestrator.resource.type == "pod"' '.container.name == "nginx"' \
		".container.image.name == \"docker.io/$BUSYBOX\"" ".container.image.tag == [\"$TAG\"]" \
		".container.image.hash.all | index(\"$digest\")"
	expect_pod web-5d8f9c7b4-x2x4q nginx '.orchestrator.namespace == "shop"' '.plimsoll.workload == "shop/web/nginx"'
}

@test "a pod's name and namespace in a policy" {
	expect_alert -n 0 session.exec "$(<"$D/pods/web-5d8f9c7b4-x2x4q/nginx")"
	in_pod early main true
	sync_agent
	expect_alert session.exec "$(<"$D/pods/early/main")" '.orchestrator.namespace == "bare"'
}

@test "a pod's label in a policy, which its container has not" {
	start_pod db-0 shop 3333 tier=storage controller-revision-hash=db-6c9f statefulset.kubernetes.io/pod-name=db-0
	start_container db-0 postgres
	in_pod db-0 postgres $TOOLS/act write /data/01
	in_pod db-0 postgres $TOOLS/act write /etc/plm/app.conf
	sync_agent
	expect_alert -n 0 mutation.file "$(<"$D/pods/db-0/postgres")" '.file.path == "/data/01"'
	expect_alert mutation.file "$(<"$D/pods/db-0/postgres")" '.file.path == "/etc/plm/app.conf"'
	expect_pod db-0 postgres '.plimsoll.workload == "shop/db/postgres"'
}

# workload POD NAMESPACE UID EXPECTED LABEL=VALUE...
expect_workload() {
	start_pod "$1" "$2" "$3" "${@:5}"
	start_container "$1" main
	sync_agent
	expect_pod "$1" main ".plimsoll.workload == \"$4\""
}

@test "workloads: of a DaemonSet, a Job, a CronJob, nothing" {
	expect_workload agent-7k2lp kube-system 4441 kube-system/agent/main controller-revision-hash=7d9f \
		pod-template-generation=1
	expect_workload import-9xkq2 batch 4442 batch/import/main batch.kubernetes.io/job-name=import job-name=import
	expect_workload nightly-29012345-abcde batch 4443 batch/nightly/main batch.kubernetes.io/job-name=nightly-29012345
	expect_workload lonely default 4444 default/lonely/main
}

@test "the pod made anew by its Deployment: another pod and container, the same workload" {
	start_pod web-5d8f9c7b4-zz9pl shop 5555 app=web pod-template-hash=5d8f9c7b4
	start_container web-5d8f9c7b4-zz9pl nginx
	sync_agent
	expect_pod web-5d8f9c7b4-zz9pl nginx '.plimsoll.workload == "shop/web/nginx"' \
		'.orchestrator.resource.name == "web-5d8f9c7b4-zz9pl"'
}

@test "the sandbox is told apart, and cries nothing" {
	sync_agent
	expect_pod web-5d8f9c7b4-x2x4q id '.orchestrator.resource.name == "web-5d8f9c7b4-x2x4q"' \
		'.plimsoll.role == "sandbox"' '.container.image.name == "docker.io/plm/pause"'
	expect_pod web-5d8f9c7b4-x2x4q nginx '.plimsoll.role == "ordinary"'
	expect_quiet "$(<"$D/pods/web-5d8f9c7b4-x2x4q/id")" root.exec
}

@test "a container added to a running pod, as kubectl debug does it, and one that ran first" {
	start_container web-5d8f9c7b4-x2x4q debugger-abcde
	in_pod web-5d8f9c7b4-x2x4q debugger-abcde sh -c "cp $TOOLS/act /opt/tool && /opt/tool true"
	sync_agent
	expect_alert drift.exec.new "$(<"$D/pods/web-5d8f9c7b4-x2x4q/debugger-abcde")" '.container.name == "debugger-abcde"' \
		'.orchestrator.resource.name == "web-5d8f9c7b4-x2x4q"' '.file.path == "/opt/tool"'
	expect_pod web-5d8f9c7b4-x2x4q debugger-abcde '.orchestrator.namespace == "shop"'
}

@test "before the agent: the pod is known, and its sandbox" {
	in_pod early main $TOOLS/act write /data/02
	sync_agent
	expect_alert mutation.file "$(<"$D/pods/early/main")" '.file.path == "/data/02"' '.container.name == "main"' \
		'.orchestrator.namespace == "bare"' '.orchestrator.resource.name == "early"'
	expect_pod early main '.plimsoll.workload == "bare/early/main"'
	expect_pod early id '.plimsoll.role == "sandbox"'
}

@test "a pod's end: it is listed no longer" {
	cri StopPodSandbox Id Nothing <<<"id: \"$(<"$D/pods/early/id")\""
	sync_agent
	[ -z "$(ps_pod early main)$(ps_pod early id)" ] || fail "$(cat "$D/ps.json")"
}
