# SPDX-License-Identifier: Apache-2.0
# plimsoll inventory: of containers, images, archives and directories, in every format, with no agent at all.
load lib

CHANGED=plm/changed

setup_file() {
	suite_start debian containerd
	run_container deb $DEBIAN
	run_ctr inventory-ctr
	runc_bundle inventory-runc
	run_runc inventory-runc
	changed_image
}

teardown_file() { suite_end; }

# inventory [OPTION...] TARGET
inventory() {
	timeout 60 "$PLM" inventory --state-dir "$D/none" --docker-socket "$D/docker.sock" \
		--containerd-socket "$D/containerd.sock" --runc-root "$D/runc" --data-root "$D/docker" \
		--data-root "$D/containerd/root" "$@"
}

packages_of() { inventory -f json "$@" | jq -r '.packages[] | "\(.name) \(.version) \(.architecture)"' | sort; }

# The Debian image and a layer more: one program changed, one removed, one configuration file changed, one program added.
changed_image() {
	docker run --network $NETWORK --name changing "$DEBIAN:$TAG" sh -c 'echo >>/usr/bin/tac && rm /usr/bin/shuf &&
		echo >>/etc/login.defs && cp /bin/true /usr/local/bin/added && chmod 0700 /usr/bin/nice' >/dev/null
	docker commit changing "$CHANGED:$TAG" >/dev/null
	docker rm changing >/dev/null
}

@test "a container: what dpkg says in it, package for package" {
	packages_of deb >"$D/ours"
	docker exec deb dpkg-query -W -f '${Package} ${Version} ${Architecture}\n' | sort >"$D/theirs"
	[ "$(wc -l <"$D/theirs")" -gt 50 ]
	diff "$D/theirs" "$D/ours"
	inventory -f json deb | jq -e --arg id "$(docker inspect -f '{{.Id}}' deb)" '.container.id == $id and
		.container.name == "deb" and .container.runtime == "docker" and .image.name == "'$DEBIAN'" and
		.image.tag == ["'$TAG'"] and .image.layers == 1 and .distribution.id == "debian" and
		any(.unpackaged[]; . == "/usr/lib/plm/act") and all(.packages[]; .type == "deb" and .purl and .files >= 0)'
}

@test "a container: its image, and not what was written in it" {
	run_container altered $DEBIAN
	inventory -f json altered | jq -S . >"$D/before"
	inside altered sh -c 'cp /bin/true /usr/local/bin/new && rm /var/lib/dpkg/status && echo >>/usr/bin/tac'
	inventory -f json altered | jq -S . >"$D/after"
	diff "$D/before" "$D/after"
	[ "$(jq '.packages | length' "$D/after")" -gt 50 ]
}

@test "a container, by name, id and digits" {
	local id word
	id=$(docker inspect -f '{{.Id}}' deb)
	for word in deb "$id" "${id:0:12}"; do
		inventory -f json "$word" | jq -e --arg id "$id" '.container.id == $id' || fail "$word"
	done
}

@test "containers of containerd and runc" {
	inventory -f json inventory-ctr | jq -e '.container.runtime == "containerd" and any(.unpackaged[]; . == "/bin/busybox")'
	inventory -f json inventory-runc | jq -e '.container.runtime == "runc" and any(.unpackaged[]; . == "/bin/busybox")'
}

@test "a container whose root is no overlay: what it holds now" {
	runc_bundle inventory-plain
	"${ENTER[@]}" umount "$D/bundle/inventory-plain/rootfs"
	cp -a "$D/lower/." "$D/bundle/inventory-plain/rootfs"
	run_runc inventory-plain
	inventory -f json inventory-plain | jq -e '.image.layers == null and any(.unpackaged[]; . == "/bin/busybox") and
		all(.unpackaged[]; . != "/opt/added")'
	runc exec inventory-plain cp /bin/busybox /opt/added </dev/null
	inventory -f json inventory-plain | jq -e 'any(.unpackaged[]; . == "/opt/added")'
}

@test "an image, by name, id and digits, as its container has it" {
	local id word
	id=$(docker image inspect -f '{{.Id}}' "$DEBIAN:$TAG")
	inventory -f json deb | jq -S 'del(.container)' >"$D/of-container"
	for word in "$DEBIAN:$TAG" "docker.io/$DEBIAN:$TAG" "$id" "${id#sha256:}" "$(cut -c8-19 <<<"$id")"; do
		inventory -f json "$word" | jq -S . >"$D/of-image"
		diff "$D/of-container" "$D/of-image" || fail "$word"
	done
}

@test "an image of containerd's" {
	run -0 --separate-stderr timeout 60 "$PLM" inventory -f json --state-dir "$D/none" --data-root "$D/containerd/root" \
		"docker.io/$BUSYBOX:$TAG"
	jq -e '.image.name == "docker.io/'$BUSYBOX'" and .image.layers == 1 and any(.unpackaged[]; . == "/bin/busybox")' \
		<<<"$output"
}

@test "an image of Podman's" {
	type -P podman >/dev/null || skip "no podman"
	podman --root "$D/storage" --runroot "$D/storage-run" --tmpdir "$D/storage-tmp" --storage-driver overlay \
		--events-backend file import "$(image_tar busybox)" "localhost/$BUSYBOX:$TAG" >"$D/podman.log" 2>&1 ||
		fail "$(cat "$D/podman.log")"
	run -0 --separate-stderr timeout 60 "$PLM" inventory -f json --state-dir "$D/none" --data-root "$D/storage" \
		"$BUSYBOX:$TAG"
	jq -e '.image.name == "localhost/'$BUSYBOX'" and any(.unpackaged[]; . == "/bin/busybox")' <<<"$output"
}

@test "a root directory, and what is added to it" {
	mkdir "$D/root"
	cp -a "$D/lower/." "$D/root"
	inventory -f json "$D/root" | jq -e --arg path "$D/root" '.image.path == $path and .packages == [] and
		any(.unpackaged[]; . == "/bin/busybox") and all(.unpackaged[]; . != "/opt/added")'
	cp /bin/true "$D/root/opt/added"
	inventory -f json "$D/root" | jq -e 'any(.unpackaged[]; . == "/opt/added")'
}

@test "an archive, as its image" {
	docker save -o "$D/save.tar" "$DEBIAN:$TAG" "$BUSYBOX:$TAG"
	inventory -f json --reference "$DEBIAN:$TAG" "$D/save.tar" | jq -S '.packages, .unpackaged' >"$D/of-archive"
	inventory -f json "$DEBIAN:$TAG" | jq -S '.packages, .unpackaged' >"$D/of-image"
	diff "$D/of-image" "$D/of-archive"
	inventory -f json --reference "$DEBIAN:$TAG" "$D/save.tar" | jq -e --arg id "$(docker inspect -f '{{.Id}}' "$DEBIAN:$TAG")" \
		'.image.id == $id and .image.name == "'$DEBIAN'" and .image.tag == ["'$TAG'"]'
	docker save -o "$D/one.tar" "$BUSYBOX:$TAG"
	inventory -f json "$D/one.tar" | jq -e '.image.name == "'$BUSYBOX'" and .image.tag == ["'$TAG'"]'
	run -3 --separate-stderr inventory "$D/save.tar"
	[[ $stderr == "plimsoll: "*--reference* ]]
	rm "$D/save.tar"
}

@test "an image of several layers: as they are merged" {
	inventory -f json "$CHANGED:$TAG" | jq -e '.image.layers == 2 and any(.unpackaged[]; . == "/usr/local/bin/added")'
	diff <(packages_of deb) <(packages_of "$CHANGED:$TAG")
}

@test "verify: what is not as its package says, and the twin that is" {
	inventory -f json --verify "$CHANGED:$TAG" >"$D/verified"
	diff <(jq -r '.files[] | select(.plimsoll.change == "modified") | .file.path' "$D/verified") - <<-END
		/etc/login.defs
		/usr/bin/tac
	END
	jq -e '.files[] | select(.file.path == "/usr/bin/shuf") | .plimsoll.change == "removed" and
		.package.name == "coreutils"' "$D/verified"
	jq -e '.files[] | select(.file.path == "/etc/login.defs") | .plimsoll.configuration' "$D/verified"
	jq -e '.files[] | select(.file.path == "/usr/bin/tac") | .plimsoll.expected | startswith("md5:")' "$D/verified"
	run -1 inventory --verify --fail-on modified "$CHANGED:$TAG"
	grep -q '^  modified .*/usr/bin/tac' <<<"$output"
	run -0 inventory --verify --fail-on modified "$DEBIAN:$TAG"
	! grep -q '^  modified' <<<"$output" || fail "it is there"
}

@test "table: a line a package, and a sentence" {
	run -0 --separate-stderr inventory deb
	[[ ${lines[0]} == NAME*VERSION*ARCH*TYPE*ORIGIN*FILES ]]
	grep -qE '^bash +[^ ]+ +(amd64|arm64) +deb +[^ ]+ +[0-9]+$' <<<"$output"
	[[ ${lines[-1]} == "$DEBIAN:$TAG (Debian GNU/Linux 12 (bookworm)): "*" packages with "* ]]
	[ -z "$stderr" ]
}

@test "cyclonedx and spdx are valid" {
	local format target
	type -P npm >/dev/null || skip "no npm"
	for format in cyclonedx spdx; do
		for target in deb "$CHANGED:$TAG" "$D/lower"; do
			inventory -f $format "$target" >"$D/document"
			"$HERE/sbom/validate" $format "$D/document" || fail "$format of $target"
		done
	done
}

@test "names that mean harm go nowhere" {
	local root=$D/hostile format
	mkdir -p "$root"/{opt,etc} "$root/usr/lib/python3/dist-packages/x.dist-info"
	printf 'Metadata-Version: 2.1\nName: ev"il\\\xff\x1b[31m\nVersion: 1\nLicense: \x1b(B"\n' \
		>"$root/usr/lib/python3/dist-packages/x.dist-info/METADATA"
	printf 'ID=a\x1bb\n' >"$root/etc/os-release"
	printf '#!/bin/sh\n' >"$root/opt/"$'a\xff\e[31m\n"b' && chmod +x "$root"/opt/*
	ln -s /etc/shadow "$root/opt/shadow"
	for format in table json cyclonedx spdx; do
		inventory -f $format "$root" >"$D/document"
		! grep -qP '[\x00-\x09\x0b-\x1f\x7f]' "$D/document" || fail "$format: $(cat -v "$D/document")"
		[ $format = table ] || jq -e . "$D/document" >/dev/null
	done
	! type -P npm >/dev/null || for format in cyclonedx spdx; do
		inventory -f $format "$root" >"$D/document"
		"$HERE/sbom/validate" $format "$D/document"
	done
}

@test "an inventory is kept by its image, and made anew where it is damaged" {
	local file
	mkdir "$D/state"
	inventory --state-dir "$D/state" -f json deb | jq -S 'del(.container)' >"$D/first"
	file=("$D"/state/inventory/*)
	[ ${#file[@]} -eq 1 ] && [[ $file == *"$(docker image inspect -f '{{.Id}}' "$DEBIAN:$TAG")"* ]]
	inventory --state-dir "$D/state" -f json "$DEBIAN:$TAG" | jq -S . | diff "$D/first" -
	head -c 100 /dev/urandom >"$file"
	inventory --state-dir "$D/state" -f json "$DEBIAN:$TAG" | jq -S . | diff "$D/first" -
	[ "$(ls "$D/state/inventory" | wc -l)" -eq 1 ]
	inventory --state-dir "$D/state" -f json "$D/lower" >/dev/null # nothing tells a directory from its next state
	[ "$(ls "$D/state/inventory" | wc -l)" -eq 1 ]
}

@test "bad targets and options: one line, 2 or 3" {
	local want row
	mkfifo "$D/pipe"
	head -c 4096 /dev/urandom >"$D/noise"
	while read -r want row; do
		run --separate-stderr inventory ${row//@/$D}
		[ "$status" -eq "$want" ] && [ "${#stderr_lines[@]}" -eq 1 ] && [[ $stderr == "plimsoll: "* ]] && [ -z "$output" ] ||
			fail "$row: $status: $stderr"
	done <<-'END'
		2
		2 one two
		2 --format xml one
		2 --files one
		2 --fail-on modified one
		2 --verify --fail-on added one
		3 no-such-thing
		3 plm/debian:no-such-tag
		3 @/no-such-path
		3 @/pipe
		3 @/noise
		3 /dev/zero
	END
}

@test "who is not root reads a directory, and no container" {
	chmod 0755 "$D"
	chmod -R go+rX "$D/root"
	run -0 --separate-stderr setpriv --reuid 1000 --regid 1000 --clear-groups timeout 60 "$PLM" inventory "$D/root"
	[[ $output == *"/bin/busybox"* ]]
	run -3 --separate-stderr setpriv --reuid 1000 --regid 1000 --clear-groups timeout 60 "$PLM" inventory deb
	[[ $stderr == "plimsoll: "*root* ]]
}

@test "progress: on a terminal, and gone at the end" {
	script -qec "$PLM inventory --verify --state-dir $D/none --data-root $D/docker $DEBIAN:$TAG 2>&1 >/dev/null" \
		"$D/typescript" >/dev/null
	grep -qE '\] [0-9]+ of [0-9]+ files' "$D/typescript"
	grep -qE $'\r +\r$' "$D/typescript" # blanks over it, at the very end
	run -0 --separate-stderr inventory --verify "$DEBIAN:$TAG"
	[ -z "$stderr" ]
}
