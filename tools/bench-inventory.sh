# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by tools/bench: what it takes to read a Debian root's packages and to verify its files, each beside the tools
# that answer the same, and what the agent grows by when it holds such an inventory.

inventory_rounds=${QUICK:+3}
inventory_rounds=${inventory_rounds:-11}
verify_rounds=${QUICK:+1}
verify_rounds=${verify_rounds:-3}
bench_root=${PLM_CACHE:-/var/cache/plimsoll-tests}/bench-root

# Some 480 packages and 36,000 files; made once, in minutes.
bench_root_make() {
	local mirror
	[ ! -e "$bench_root/var/lib/dpkg/status" ] || return 0
	mirror=$(apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(SITE)' 'Created-By: Packages' |
		sed -n 's/^bookworm main //p' | head -n 1)
	rm -rf "$bench_root.new"
	mkdir -p "$bench_root.new"
	debootstrap --variant=minbase --include=build-essential,git,python3-dev,default-jre-headless,imagemagick,postgresql,nginx,emacs-nox,cmake,vim,openssh-server,libgtk-3-dev \
		bookworm "$bench_root.new" "$mirror" >"$work/debootstrap.log" 2>&1 || fail "debootstrap: $(tail -n 1 "$work/debootstrap.log")"
	mv "$bench_root.new" "$bench_root"
}

# timed_once WHAT COMMAND...: wall time in ns; what it prints is thrown away.
timed_once() {
	local what=$1 begin end
	shift
	begin=${EPOCHREALTIME/./}
	"$@" >/dev/null 2>&1 || true
	end=${EPOCHREALTIME/./}
	sample '{what: "inventory", of: $of, round: $round, ns: $ns}' --arg of "$what" --argjson round "$round" \
		--argjson ns "$(((end - begin) * 1000))"
}

read_ours() { "$AGENT" inventory --format json --state-dir "$work/none" "$bench_root"; }
read_dpkg() { dpkg-query --admindir="$bench_root/var/lib/dpkg" -W -f '${Package} ${Version}\n'; }
verify_ours() { "$AGENT" inventory --verify --format json --state-dir "$work/none" "$bench_root"; }
verify_debsums() { debsums -s -r "$bench_root"; }
verify_md5sum() { (cd "$bench_root" && xargs -d '\n' -n 1000 -P "$(nproc)" md5sum <"$work/owned"); }

# The same bytes for all: files that packages have digests of.
owned_list() {
	"$AGENT" inventory --files --format json --state-dir "$work/none" "$bench_root" >"$work/inventory.json"
	jq -r --arg root "$bench_root" '.files[] | select(.plimsoll.expected) | ".\(.file.path)"' "$work/inventory.json" |
		(cd "$bench_root" && while IFS= read -r path; do [ ! -f "$path" ] || printf '%s\n' "$path"; done) >"$work/owned"
}

measure_inventories() {
	local round
	bench_root_make
	owned_list
	verify_md5sum >/dev/null 2>&1 # once, that all of it is in memory
	for ((round = 0; round < inventory_rounds; round++)); do
		timed_once read read_ours
		timed_once dpkg-query read_dpkg
	done
	for ((round = 0; round < verify_rounds; round++)); do
		timed_once verify verify_ours
		timed_once md5sum verify_md5sum
		timed_once debsums verify_debsums
	done
	sample '{what: "inventory root", packages: $packages, files: $files}' \
		--argjson packages "$(jq '.packages | length' "$work/inventory.json")" \
		--argjson files "$(jq '.files | length' "$work/inventory.json")"
	measure_held
}

# A container of that root, with one program beside it that no package owns: its alert says that the inventory is there.
measure_held() {
	mkdir -p "$work/own/usr/local/bin"
	cp /bin/busybox "$work/own/usr/local/bin/sleep"
	start_agent -o "json:$work/held.json"
	counters >/dev/null
	memory '{what: "held", when: "before", pss: $pss}'
	box_start held "$work/own:$bench_root" . /usr/local/bin/sleep 1000000 </dev/null >>"$work/places.log" 2>&1 ||
		fail "held: $(tail -n 1 "$work/places.log")"
	there grep -q '"image.unpackaged".*/usr/local/bin/sleep' "$work/held.json"
	counters >/dev/null
	memory '{what: "held", when: "after", pss: $pss}'
	stop_agent
	box_end held
}
