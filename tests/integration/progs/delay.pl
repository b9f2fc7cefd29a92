# SPDX-License-Identifier: Apache-2.0
# perl delay.pl SOCKET TARGET SECONDS: passes on what SOCKET's callers and TARGET say, each answer SECONDS late.
# SIGUSR1: it hangs up on everybody, and its socket is gone; SIGUSR2: it is there again. SIGSTOP makes one that hangs.
use strict;
use warnings;
use IO::Select;
use IO::Socket::UNIX;
use Time::HiRes 'time';

my ($path, $target, $delay) = @ARGV;
my $select = IO::Select->new;
my ($listener, %other, %calls, @late); # @late: [when due, whom it is for, what], in order of time

sub up {
	unlink $path;
	$listener = IO::Socket::UNIX->new(Local => $path, Listen => 128) or die "delay: $path: $!\n";
	$select->add($listener);
	print "listening\n";
}

sub hang_up {
	my ($caller) = @_;
	for my $end ($caller, delete $other{$caller}) {
		delete $calls{$end};
		$select->remove($end);
		close $end;
	}
}

sub down {
	$select->remove($listener);
	close $listener;
	unlink $path;
	while (my ($caller) = values %calls) {
		hang_up($caller);
	}
	print "down\n";
}

sub called {
	my $caller = $listener->accept or return;
	my $server = IO::Socket::UNIX->new(Peer => $target) or return close $caller;
	$other{$caller} = $server;
	$calls{$_} = $caller for $caller, $server;
	$select->add($caller, $server);
}

sub heard {
	my ($end) = @_;
	my $caller = $calls{$end} or return; # hung up a moment ago
	my $got = sysread $end, my $said, 65536;
	if ($end != $caller) {
		push @late, [time + $delay, $caller, $got ? $said : undef];
		$select->remove($end) unless $got;
	} elsif (!$got || !syswrite $other{$caller}, $said) {
		hang_up($caller);
	}
}

sub answer {
	while (@late && $late[0][0] <= time) {
		my (undef, $caller, $said) = @{shift @late};
		next unless exists $calls{$caller};
		hang_up($caller) unless defined $said && syswrite $caller, $said;
	}
}

$| = 1;
$SIG{PIPE} = 'IGNORE';
$SIG{USR1} = \&down;
$SIG{USR2} = \&up;
up();
while (1) {
	my $wait = @late ? $late[0][0] - time : undef;
	$_ == $listener ? called() : heard($_) for $select->can_read(defined $wait && $wait < 0 ? 0 : $wait);
	answer();
}
