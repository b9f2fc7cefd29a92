# SPDX-License-Identifier: Apache-2.0
# perl liar.pl SOCKET [ANSWER]: listens there; gives every caller ANSWER, or without one never answers at all.
use strict;
use warnings;
use IO::Socket::UNIX;

my ($path, $answer) = @ARGV;
my $socket = IO::Socket::UNIX->new(Local => $path, Listen => 64) or die "liar: $path: $!\n";
my @held;
$| = 1;
$SIG{PIPE} = 'IGNORE';
print "listening\n";
while (my $caller = $socket->accept) {
	if (defined $answer) {
		sysread($caller, my $question, 4096);
		syswrite($caller, $answer);
		close($caller);
	} else {
		push @held, $caller;
	}
}
