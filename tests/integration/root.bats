# SPDX-License-Identifier: Apache-2.0
# What runs as root, and what becomes root.
load lib

setup_file() {
	suite_start debian
	start_agent
}

teardown_file() { suite_end; }

# as_user NAME COMMAND...
as_user() {
	docker exec -u 1000:1000 "$@" </dev/null
}

@test "an image that starts as root, once" {
	run_container as-image $BUSYBOX -- sh -c 'true; /bin/true; ls /; sh -c "/bin/true; :"; exec /usr/lib/plm/act pause'
	sync_agent
	expect_alert root. as-image '.rule.id == "root.exec"' '.plimsoll.cause == "image"' '.plimsoll.severity == "medium"' \
		'.process.user.id == "0"'
	expect_quiet as-image root.exec
}

@test "an image that starts as a user" {
	run_container as-user $BUSYBOX -u 1000:1000
	as_user as-user $TOOLS/act true
	sync_agent
	expect_quiet as-user session.exec
}

@test "a session as root in a user's container" {
	run_container as-session $BUSYBOX -u 1000:1000
	docker exec -u 0 as-session $TOOLS/act true </dev/null
	sync_agent
	expect_alert root. as-session '.rule.id == "root.exec"' '.plimsoll.cause == "exec-session"'
	expect_quiet as-session root.exec session.exec
}

@test "a set-user-ID file" {
	run_container suid $BUSYBOX -u 1000:1000
	as_user suid $TOOLS/ids-suid expect=0
	sync_agent
	expect_alert root.escalation suid '.plimsoll.cause == "setuid-file"' '.plimsoll.severity == "high"' \
		".process.executable == \"$TOOLS/ids-suid\"" '.process.user.id == "0"' '.process.real_user.id == "1000"' \
		'.plimsoll.before.user.id == "1000"'
	expect_quiet suid root. session.exec
}

@test "a set-user-ID file, run by a shell of the session" {
	run_container suid-shell $BUSYBOX -u 1000:1000
	as_user suid-shell sh -c "$TOOLS/ids-suid expect=0; $TOOLS/ids-cap expect=1000"
	sync_agent
	expect_alert root.escalation suid-shell '.plimsoll.cause == "setuid-file"' '.plimsoll.before.user.id == "1000"'
	expect_alert root.escalation suid-shell '.plimsoll.cause == "file-capability"'
}

@test "a set-user-ID file under no_new_privs does nothing" {
	run_container nnp $BUSYBOX -u 1000:1000 --security-opt no-new-privileges
	as_user nnp $TOOLS/ids-suid expect=1000
	sync_agent
	expect_quiet nnp session.exec
}

@test "a file with capabilities" {
	run_container filecap $BUSYBOX -u 1000:1000
	as_user filecap $TOOLS/ids-cap expect=1000
	sync_agent
	expect_alert root.escalation filecap '.plimsoll.cause == "file-capability"' '.process.user.id == "1000"'
	expect_quiet filecap root.escalation session.exec
}

@test "setuid(0) with CAP_SETUID" {
	run_container setuid $BUSYBOX
	inside setuid $TOOLS/ids keep=1000 raise setuid=0 expect=0
	sync_agent
	expect_alert root.escalation setuid '.plimsoll.cause == "setuid-call"' '.event.action == "setuid"' \
		'.process.user.id == "0"' '.plimsoll.before.user.id == "1000"'
	expect_quiet setuid root. session.exec
}

@test "each call of the family" {
	local call
	for call in setresuid setreuid setfsuid; do
		run_container "by-$call" $BUSYBOX
		inside "by-$call" $TOOLS/ids keep=1000 raise $call=0
	done
	sync_agent
	for call in setresuid setreuid setfsuid; do
		expect_alert root.escalation "by-$call" '.plimsoll.cause == "setuid-call"'
	done
}

@test "one thread alone" {
	run_container thread $BUSYBOX
	inside thread $TOOLS/ids keep=1000 raise thread=0 expect=1000
	sync_agent
	expect_alert root.escalation thread '.plimsoll.cause == "setuid-call"' '.process.thread.id != .process.pid'
}

@test "what a set-user-ID program starts is root, and says why" {
	run_container child $BUSYBOX -u 1000:1000
	as_user child $TOOLS/ids-suid setuid=0 -- $TOOLS/act true
	sync_agent
	expect_alert root.escalation child '.plimsoll.cause == "setuid-file"'
	expect_alert -n 0 root.exec child '.plimsoll.cause == "unexplained"'
}

@test "twin: laying root down" {
	run_container drop $BUSYBOX
	inside drop $TOOLS/ids setgid=1000 setresuid=1000 expect=1000 -- $TOOLS/act true
	inside drop $TOOLS/ids setuid=1000 expect=1000
	sync_agent
	expect_quiet drop root.exec session.exec
}

@test "twin: su to a user, and the same id again" {
	run_container su $DEBIAN
	inside su su user -c 'id -u' >/dev/null
	as_user su $TOOLS/ids setuid=1000 setreuid=1000 setresuid=1000 expect=1000
	sync_agent
	expect_quiet su root.exec session.exec
}

@test "twin: capset within what is permitted" {
	run_container capset $BUSYBOX
	inside capset $TOOLS/ids keep=1000 raise expect=1000
	sync_agent
	expect_quiet capset root.exec session.exec
}
