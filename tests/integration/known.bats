# SPDX-License-Identifier: Apache-2.0
# What code that is mapped costs: of the image one event for each file, of the upper layer none once it is known to be
# what the image holds. Counted by what the kernel side sends.
load lib

setup_file() {
	suite_start debian
	start_agent
}

teardown_file() { suite_end; }

TIMES=50
LIBRARY=$TOOLS/drop.so

# sent NAME COMMAND: what the kernel side has sent of the container when a shell in it has done the command TIMES times.
sent() {
	inside "$1" sh -c "for i in \$(seq $TIMES); do $2 || exit 1; done" && sync_agent
	jq --arg name "$1" '.containers[] | select(.container.name == $name) | .plimsoll.events.seen' "$D/ps.json"
}

# cost NAME COMMAND: what it sends for that, less what it sends for a command that maps nothing.
cost() {
	local first second
	first=$(sent "$1" "$TOOLS/act true")
	second=$(sent "$1" "$TOOLS/act true")
	echo $(($(sent "$1" "$2") - second - (second - first)))
}

expect_cost() { # EVENTS NAME COMMAND
	local got
	got=$(cost "$2" "$3")
	[ "$got" = "$1" ] || fail "$2: $TIMES times '$3' cost '$got' events, not $1"
}

@test "a library of the image costs one event, and then none" {
	run_container lower $BUSYBOX
	expect_cost 1 lower "$TOOLS/act map-executable $LIBRARY"
	expect_cost 0 lower "$TOOLS/act map-executable $LIBRARY"
	expect_quiet lower root.exec session.exec
}

@test "each container is told of on its own" {
	run_container first $BUSYBOX
	run_container second $BUSYBOX
	expect_cost 1 first "$TOOLS/act map-executable $LIBRARY"
	expect_cost 1 second "$TOOLS/act map-executable $LIBRARY"
}

@test "a program's interpreter and libraries cost one event each" {
	local libraries
	run_container of-debian $DEBIAN
	run_container dynamic $DEBIAN
	libraries=$(inside of-debian ldd /usr/bin/perl | grep -c ' => /')
	[ "$libraries" -gt 1 ]
	expect_cost $((libraries - 1)) dynamic "perl -e 1" # one of them, and the interpreter, the shell has mapped already
	expect_cost 0 dynamic "perl -e 1"
	expect_quiet dynamic root.exec session.exec
}

@test "copied up and still the image's: known from the first look on, until it changes" {
	run_container upper $BUSYBOX
	inside upper chmod 0644 $LIBRARY
	inside upper $TOOLS/act map-executable $LIBRARY
	sync_agent
	expect_cost 0 upper "$TOOLS/act map-executable $LIBRARY"
	inside upper chmod 0755 $LIBRARY
	inside upper $TOOLS/act map-executable $LIBRARY
	sync_agent
	expect_cost 0 upper "$TOOLS/act map-executable $LIBRARY"
	inside upper sh -c "echo more >>$LIBRARY"
	expect_cost $TIMES upper "$TOOLS/act map-executable $LIBRARY"
	expect_alert drift.library upper ".file.path == \"$LIBRARY\"" '.plimsoll.verdict == "modified"'
	expect_quiet upper drift.library mutation.file root.exec session.exec
}

@test "a file that the image does not have is told each time" {
	run_container fresh $BUSYBOX
	inside fresh cp $LIBRARY /opt/added.so
	inside fresh $TOOLS/act map-executable /opt/added.so
	sync_agent
	expect_cost $TIMES fresh "$TOOLS/act map-executable /opt/added.so"
	expect_alert drift.library fresh '.file.path == "/opt/added.so"'
}

@test "with --events all are told" {
	run_container events $BUSYBOX
	expect_cost 1 events "$TOOLS/act map-executable $LIBRARY"
	stop_agent || [ $? -eq 127 ] # its status is setup_file's to ask
	start_agent --events
	sync_agent
	expect_cost $TIMES events "$TOOLS/act map-executable $LIBRARY"
	[ "$(jq -c --arg path $LIBRARY 'select(.event.kind == "event" and .event.action == "map" and
		.container.name == "events" and .file.path == $path)' "$D/alerts.json" | wc -l)" -eq $TIMES ]
	stop_agent
}
