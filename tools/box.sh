# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by tools/demo and tools/bench: throw-away containers of plain runc, which needs no daemon, on overlay
# roots. Everything lies below $work, which the caller makes; boxes_end takes all of it away again.

boxes=()

# box_image DIR: a root file system of busybox alone.
box_image() {
	mkdir -p "$1"/{bin,dev,etc,proc,root,sys,tmp}
	chmod 1777 "$1/tmp"
	cp /bin/busybox "$1/bin/busybox"
	"$1/bin/busybox" --list | while read -r applet; do
		[ "$applet" = busybox ] || ln -s busybox "$1/bin/$applet"
	done
	printf 'root::0:0:root:/root:/bin/sh\napp:x:1000:1000:app:/tmp:/bin/sh\n' >"$1/etc/passwd"
	printf 'root:x:0:\napp:x:1000:\n' >"$1/etc/group"
}

# box_start NAME IMAGE FILTER ARGS...: starts a container from the image, with this command's descriptors 0-2, and
# leaves it running. FILTER is a jq filter over the container's config.json, for what is not as usual.
box_start() {
	local name=$1 image=$2 filter=$3 bundle=$work/box/$1 arg args
	shift 3
	args=$(for arg; do printf %s "$arg" | jq -Rs .; done | jq -s .)
	mkdir -p "$bundle"/{root,upper,work}
	mount -t overlay "$name" -o "lowerdir=$image,upperdir=$bundle/upper,workdir=$bundle/work" "$bundle/root"
	boxes+=("$name")
	(cd "$bundle" && rm -f config.json && runc spec)
	jq --argjson args "$args" --arg name "$name" '.process.terminal = false | .process.args = $args
		| .process.env = ["PATH=/bin", "TERM=xterm"] | .root = {path: "root", readonly: false}
		| .hostname = $name | '"$filter" <"$bundle/config.json" >"$bundle/config.new"
	mv "$bundle/config.new" "$bundle/config.json"
	runc --root "$work/runc" run --detach --bundle "$bundle" "$name"
}

box_end() {
	runc --root "$work/runc" delete --force "$1" 2>/dev/null || true
	umount "$work/box/$1/root" 2>/dev/null || true
}

# Ends every box and removes $work, unless something is still mounted there.
boxes_end() {
	local name
	for name in "${boxes[@]}"; do box_end "$name"; done
	rm -rf --one-file-system "$work"
}
