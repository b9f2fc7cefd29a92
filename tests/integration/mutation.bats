# SPDX-License-Identifier: Apache-2.0
# Changes of a container's root file system, call by call, and what must not be told as one.
load lib

setup_file() {
	suite_start
	start_agent
}

teardown_file() { suite_end; }

# Rows of "PATH ACTION WORDS OF act...": each is one mutation.file of PATH with that action. At most 20 subjects a
# minute are told one by one, so at most 16 rows go into one container.
writes='
/data/01 modify write /data/01
/data/new create create /data/new
/data/new2 create creat /data/new2
/data/02 modify openat /data 02
/data/03 modify cwd /data write 03
/data/04 modify chroot /data write /04
/data/05 modify write /etc/plm/alias/05
/data/tmp create|link tmpfile /data /data/tmp
/data/06 modify truncate /data/06
/data/07 modify ftruncate /data/07
/data/08 modify open-truncate /data/08
/data/09 modify fallocate /data/09
/data/10 modify shared-store /data/10'

names='
/data/moved rename rename /data/11 /data/moved
/data/13 rename exchange /data/12 /data/13
/data/at rename renameat /data 14 at
/data/15 delete unlink /data/15
/data/16 delete unlinkat /data 16
/data/17 delete chroot /data unlink /17
/data/18 delete unlink /etc/plm/alias/18
/data/empty/01 delete rmdir /data/empty/01
/data/dir create mkdir /data/dir
/data/link link link /data/20 /data/link
/data/symlink create symlink /data/20 /data/symlink
/data/fifo create mknod /data/fifo
/data/21 delete cwd /data unlink ./empty/../21'

metadata='
/data/22 metadata chmod /data/22 0600
/data/23 metadata fchmod /data/23 0600
/data/24 metadata chown /data/24
/data/25 metadata setxattr /data/25
/data/26 metadata setcap /data/26
/data/27 metadata cwd /data chmod 27 0640
/data/28 metadata chroot /data chown /28'

# act_rows NAME PROGRAM: does the rows on standard input, one by one, in one exec session.
act_rows() {
	local path action words script=
	while read -r path action words; do
		[ -z "$path" ] || script+="$TOOLS/$2 $words || exit 1; "
	done
	inside "$1" sh -c "$script"
}

# expect_rows NAME PROGRAM: one alert for each row on standard input, by that program, and no other mutation.
expect_rows() {
	local path action words rows=0 failures=0
	while read -r path action words; do
		[ -n "$path" ] || continue
		rows=$((rows + 1))
		expect_alert mutation.file "$1" ".file.path == \"$path\"" \
			".event.action | test(\"^($action)\$\")" ".process.executable == \"$TOOLS/$2\"" 2>/dev/null ||
			{ failures=1 && echo "not told: $action of $path ($words)" >&2; }
	done
	[ $failures -eq 0 ] || { alerts_shown "$1" >&2; return 1; }
	expect_alert -n $rows mutation. "$1"
	expect_quiet "$1" mutation.file root.exec session.exec
}

# changes NAME PROGRAM ROWS
changes() {
	run_container "$1" $BUSYBOX
	act_rows "$1" "$2" <<<"$3"
	sync_agent
	expect_rows "$1" "$2" <<<"$3"
}

@test "writes, by 64-bit calls" { changes writes act "$writes"; }
@test "writes, by 32-bit calls" { needs_calls act32; changes writes32 act32 "$writes"; }
@test "writes, by int 0x80 of a 64-bit program" { needs_calls act80; changes writes80 act80 "$writes"; }
@test "names, by 64-bit calls" { changes names act "$names"; }
@test "names, by 32-bit calls" { needs_calls act32; changes names32 act32 "$names"; }
@test "names, by int 0x80 of a 64-bit program" { needs_calls act80; changes names80 act80 "$names"; }
@test "metadata, by 64-bit calls" { changes metadata act "$metadata"; }
@test "metadata, by 32-bit calls" { needs_calls act32; changes metadata32 act32 "$metadata"; }
@test "metadata, by int 0x80 of a 64-bit program" { needs_calls act80; changes metadata80 act80 "$metadata"; }

@test "a rename tells the old name too" {
	run_container rename $BUSYBOX
	inside rename $TOOLS/act rename /data/01 /data/moved
	sync_agent
	expect_alert mutation.file rename '.file.path == "/data/moved"' '.plimsoll.from == "/data/01"'
}

@test "severities: metadata low, data medium, programs and privilege high" {
	run_container severities $BUSYBOX
	inside severities sh -c "$TOOLS/act chmod /data/01 0600; $TOOLS/act write /data/02
		cp $TOOLS/act /opt/program; $TOOLS/act write $TOOLS/script
		$TOOLS/act chmod /data/03 4755; $TOOLS/act setcap /data/04"
	sync_agent
	expect_alert mutation.file severities '.file.path == "/data/01"' '.plimsoll.severity == "low"'
	expect_alert mutation.file severities '.file.path == "/data/02"' '.plimsoll.severity == "medium"'
	expect_alert mutation.file severities ".file.path == \"$TOOLS/script\"" '.plimsoll.severity == "high"'
	expect_alert mutation.file severities '.file.path == "/data/03"' '.plimsoll.severity == "high"'
	expect_alert mutation.file severities '.file.path == "/data/04"' '.plimsoll.severity == "high"'
	[ "$(alerts severities 'select(.file.path == "/opt/program" and .plimsoll.severity == "high")' | wc -l)" -ge 1 ]
}

@test "evidence: container, image, process, ids and file" {
	run_container evidence $BUSYBOX
	docker exec -u 1000:1000 -w /home/user evidence $TOOLS/act create new </dev/null
	sync_agent
	expect_alert mutation.file evidence '.file.path == "/home/user/new"' '.event.action == "create"' \
		".container.id == \"$(docker inspect -f '{{.Id}}' evidence)\"" '.container.runtime == "docker"' \
		".container.image.name == \"$BUSYBOX\"" ".container.image.tag == [\"$TAG\"]" \
		'.process.user.id == "1000"' '.process.group.id == "1000"' ".process.executable == \"$TOOLS/act\"" \
		".file.inode == \"$(inside evidence stat -c %i /home/user/new)\"" '.plimsoll.layer == "upper"' \
		'.event.category | index("file")' '.process.vpid > 1' '.plimsoll.session'
}

@test "mounted over" {
	run_container mounted $BUSYBOX "${privileged[@]}"
	inside mounted $TOOLS/act mount /data/empty
	sync_agent
	expect_alert mutation.file mounted '.file.path == "/data/empty"' '.event.action == "mount"'
}

@test "the same change again is not told again" {
	run_container again $BUSYBOX
	inside again sh -c "for i in 1 2 3 4 5; do $TOOLS/act write /data/01; done"
	sync_agent
	expect_alert mutation. again
}

@test "more than twenty subjects become a roll-up" {
	run_container many $BUSYBOX
	inside many sh -c 'for f in /data/[0-9]*; do echo x >>$f; done'
	sync_agent
	told=$(alerts many 'select(.rule.id == "mutation.file")' | wc -l)
	[ "$told" -ge 20 ] && [ "$told" -le 22 ] || fail "$told were told:" "$(alerts_shown many)"
}

# ---- what is not a change ----

@test "twin: opened for reading and writing, and not written" {
	run_container opened $BUSYBOX
	inside opened $TOOLS/act open-read-write /data/01
	sync_agent
	[ "$(alerts opened 'select(.rule.id == "mutation.file" and .plimsoll.severity != "info")' | wc -l)" -eq 0 ] ||
		fail "$(alerts_shown opened)"
}

@test "twin: what the policy calls writable" {
	run_container writable $BUSYBOX
	inside writable sh -c 'for d in /tmp /run /var/log; do
		mkdir -p $d/a && echo x >$d/a/f && mv $d/a/f $d/a/g && chmod 600 $d/a/g && rm $d/a/g && rmdir $d/a; done'
	sync_agent
	expect_quiet writable root.exec session.exec
}

@test "twin: volumes, a tmpfs, and a volume on a path that the image lacks" {
	mkdir -p "$D/volume"
	run_container volumes $BUSYBOX -v "$D/volume:/data" -v named:/srv/not/in/image --tmpfs /scratch
	inside volumes sh -c 'for d in /data /srv/not/in/image /scratch /dev/shm; do
		echo x >$d/f && mv $d/f $d/g && chmod 600 $d/g && rm $d/g; done'
	sync_agent
	expect_quiet volumes root.exec session.exec
}

@test "twin: attempts that fail" {
	run_container attempts $BUSYBOX
	run_container attempts-ro $BUSYBOX --read-only
	docker exec -u 1000 attempts sh -c 'for op in write truncate unlink setxattr "creat" "open-truncate"; do
		! /usr/lib/plm/act $op /data/01 2>/dev/null || exit 1; done
		! /usr/lib/plm/act create /data/new 2>/dev/null && ! /usr/lib/plm/act mkdir /data/dir 2>/dev/null &&
		! /usr/lib/plm/act rename /data/02 /data/new 2>/dev/null && ! /usr/lib/plm/act chown /data/03 2>/dev/null' \
		</dev/null
	inside attempts-ro sh -c '! /usr/lib/plm/act write /data/01 2>/dev/null &&
		! /usr/lib/plm/act create /data/new 2>/dev/null && ! /usr/lib/plm/act unlink /data/02 2>/dev/null &&
		! /usr/lib/plm/act create /data/01 2>/dev/null'
	sync_agent
	expect_quiet attempts root.exec session.exec
	expect_quiet attempts-ro root.exec session.exec
}

@test "twin: reading everything" {
	run_container reading $BUSYBOX
	inside reading sh -c 'find / -xdev -type f -exec cat {} + >/dev/null; tar -C /data -cf /dev/null .'
	sync_agent
	expect_quiet reading root.exec session.exec
}

@test "set-up: the runtime's own work in a new and in a restarted container" {
	mkdir -p "$D/volume2"
	run_container restarted $BUSYBOX -v "$D/volume2:/not/in/image" --hostname plm --add-host a:127.0.0.1 -w /made/dir
	docker restart -t 0 restarted >/dev/null
	sync_agent
	expect_quiet restarted root.exec
}

@test "set-up: the entry point's chown -R and sed -i are one roll-up" {
	run_container entry $BUSYBOX -- sh -c 'chown -R 1000:1000 /data; sed -i s/value/other/ /etc/plm/app.conf
		echo generated >/etc/plm/generated.conf; echo done >/tmp/done; exec /usr/lib/plm/act pause'
	wait_for 10 inside entry test -e /tmp/done
	sync_agent
	[ "$(alerts entry 'select(.rule.id == "mutation.file")' | wc -l)" -eq 1 ] || fail "$(alerts_shown entry)"
	expect_quiet entry mutation.file root.exec session.exec
}

@test "set-up: what the entry point wrote and then ran is drift all the same" {
	run_container entry-drift $BUSYBOX -- sh -c "cp $TOOLS/act /opt/late; /opt/late true; exec $TOOLS/act pause"
	wait_for 10 eval 'docker exec entry-drift test -e /opt/late </dev/null'
	sync_agent
	expect_alert drift.exec.new entry-drift '.file.path == "/opt/late"'
}

@test "twin: what is done by name below a mount that the container made is not the root's" {
	run_container mounting $BUSYBOX "${privileged[@]}"
	inside mounting sh -c 'mount -t tmpfs none /data/way && usleep 100000
		echo x >/data/way/a && mv /data/way/a /data/way/b && chmod 700 /data/way/b && rm /data/way/b; mv /data/01 /data/moved'
	sync_agent
	expect_alert mutation.file mounting '.event.action == "mount"' '.file.path == "/data/way"'
	expect_alert mutation.file mounting '.file.path == "/data/moved"' # it can fail
	expect_alert -n 0 mutation.file mounting '.file.path | startswith("/data/way/")'
}
