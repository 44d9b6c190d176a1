/**
 * The other end of a Unix datagram socket: Node.js has none, perl-base, which every Debian has, does. One process serves one socket; it ends, and
 * takes the socket's file away, when its standard input does.
 *
 * Frames on both pipes: `N` length of what follows, one letter, the rest.
 *   to it:    `S` `n` length of the address, the address, the datagram
 *   from it:  `R` ready; `E` text, it cannot start; `F` text, a datagram that could not be sent; `M` as `S`
 * An address is what the kernel names the client's socket by (sun_path), so that abstract ones work, too. Arguments: path, mode, milliseconds
 * that a datagram may wait for a client that does not read.
 */
export const UNIX_DATAGRAM_BRIDGE = String.raw`
use strict; use warnings; use Socket; use Errno qw(EAGAIN EWOULDBLOCK ENOBUFS EINTR);
my ($path, $mode, $patience) = ($ARGV[0], $ARGV[1] + 0, $ARGV[2]);
$0 = "trunkline: datagrams of $path";
$SIG{PIPE} = 'IGNORE'; $SIG{INT} = 'IGNORE'; $SIG{TERM} = 'IGNORE';
binmode STDIN; binmode STDOUT;
sub put { my ($kind, $rest) = @_; my $out = pack('N', 1 + length $rest) . $kind . $rest;
  while (length $out) { my $n = syswrite STDOUT, $out; if (!defined $n) { next if $! == EINTR; finish(1) } substr($out, 0, $n, '') } }
my $mine = 0;
sub finish { my ($code) = @_; if ($mine) { my @now = lstat $path; unlink $path if @now && -S _ && $now[1] == $mine } exit $code }
sub refuse { put('E', $_[0]); finish(1) }
refuse("the path is longer than 107 bytes") if length $path > 107;
socket(my $sock, AF_UNIX, SOCK_DGRAM, 0) or refuse("socket: $!");
if (lstat $path) {
  refuse("it exists and is no socket") unless -S _;
  socket(my $probe, AF_UNIX, SOCK_DGRAM, 0) or refuse("socket: $!");
  refuse("another process listens there") if connect $probe, pack_sockaddr_un($path);
  close $probe;
  unlink $path or refuse("cannot replace it: $!");
}
umask(0777 & ~$mode);
bind($sock, pack_sockaddr_un($path)) or refuse("bind: $!");
$mine = (lstat $path)[1];
setsockopt($sock, SOL_SOCKET, SO_SNDBUF, pack('l', 1 << 20));
put('R', '');
my ($in, @waiting) = ('');
sub deliver { my ($to, $data, $until) = @_;
  return 1 if defined send $sock, $data, MSG_DONTWAIT, pack('S', AF_UNIX) . $to;
  my $why = $!;
  return 0 if ($why == EAGAIN || $why == EWOULDBLOCK || $why == ENOBUFS) && time < $until;
  put('F', "$why"); return 1 }
while (1) {
  my $bits = ''; vec($bits, fileno(STDIN), 1) = 1; vec($bits, fileno($sock), 1) = 1;
  my $n = select $bits, undef, undef, @waiting ? 0.01 : undef;
  if ($n < 0) { next if $! == EINTR; finish(1) }
  @waiting = grep { !deliver(@$_) } @waiting if @waiting;
  next if $n == 0;
  if (vec $bits, fileno($sock), 1) {
    my $from = recv $sock, my $data, 1 << 20, MSG_DONTWAIT;
    if (defined $from) { my $to = length $from > 2 ? substr($from, 2) : '';
      $to =~ s/(?<=.)\0+\z//s; put('M', pack('n', length $to) . $to . $data) }
  }
  if (vec $bits, fileno(STDIN), 1) {
    my $got = sysread STDIN, $in, 65536, length $in;
    finish(0) if defined $got && $got == 0;
    finish(1) if !defined $got && $! != EINTR;
    while (length $in >= 4) {
      my $size = unpack 'N', $in; last if length $in < 4 + $size;
      my $frame = substr $in, 5, $size - 1; substr($in, 0, 4 + $size, '');
      my $to = substr $frame, 2, unpack 'n', $frame; my $data = substr $frame, 2 + length $to;
      $to .= "\0" unless substr($to, 0, 1) eq "\0";
      my $until = time + $patience / 1000;
      push @waiting, [$to, $data, $until] unless deliver($to, $data, $until) || @waiting >= 256;
    }
  }
}
`;
