import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { xlog } from '../../../src/modules/xlog.ts';
import { bench } from './support.ts';

/** What each variable prints for the sample request, as Kamailio 5.6.3 does. */
const VECTORS: readonly (readonly [string, string])[] = [
  ['$ru', 'sip:bob@127.0.0.1:17326'],
  ['$rU', 'bob'],
  ['$rd', '127.0.0.1'],
  ['$rp', '17326'],
  ['$rP', 'UDP'],
  ['$rz', 'sip'],
  ['$rm', 'OPTIONS'],
  ['$rs', '<null>'],
  ['$rr', '<null>'],
  ['$rv', 'SIP/2.0'],
  ['$ou', 'sip:bob@127.0.0.1:17326'],
  ['$oU', 'bob'],
  ['$od', '127.0.0.1'],
  ['$du', '<null>'],
  ['$dd', '<null>'],
  ['$dp', '<null>'],
  ['$dP', '<null>'],
  ['$fu', 'sip:alice@example.com'],
  ['$fU', 'alice'],
  ['$fd', 'example.com'],
  ['$fn', '"Alice A"'],
  ['$ft', 'ft1'],
  ['$tu', 'sip:bob@example.org'],
  ['$tU', 'bob'],
  ['$td', 'example.org'],
  ['$tn', '"Bob B"'],
  ['$tt', 'tt9'],
  ['$ci', 'cid838052420@x'],
  ['$cs', '1'],
  ['$ct', '<sip:alice@10.0.0.1:5070;transport=udp>;expires=60, <sip:al2@10.0.0.2>'],
  ['$cT', 'application/sdp'],
  ['$cl', '29'],
  ['$ua', 'UA/1.0'],
  ['$si', '127.0.0.1'],
  ['$sp', '40682'],
  ['$Ri', '127.0.0.1'],
  ['$Rp', '17326'],
  ['$Ru', 'sip:127.0.0.1:17326'],
  ['$Rut', 'sip:127.0.0.1:17326;transport=udp'],
  ['$su', 'sip:127.0.0.1:40682'],
  ['$sut', 'sip:127.0.0.1:40682;transport=udp'],
  ['$sas', 'udp:127.0.0.1:40682'],
  ['$Ras', 'udp:127.0.0.1:17326'],
  ['$proto', 'udp'],
  ['$pr', 'udp'],
  ['$prid', '1'],
  ['$mi', '1'],
  ['$mf', '0'],
  ['$bf', '0'],
  ['$sf', '0'],
  ['$fs', '<null>'],
  ['$au', 'alice'],
  ['$ad', 'dom'],
  ['$aU', 'alice@dom'],
  ['$ar', 'dom'],
  ['$adu', 'sip:dom'],
  ['$Au', 'alice@example.com'],
  ['$AU', 'alice'],
  ['$aa', 'MD5'],
  ['$adn', 'nn'],
  ['$adc', 'cc'],
  ['$adr', 'rr'],
  ['$ai', 'sip:pai@x.y'],
  ['$pu', '<null>'],
  ['$pU', '<null>'],
  ['$re', '<null>'],
  ['$di', '<null>'],
  ['$hdr(X-A)', 'one'],
  ['$(hdr(X-A)[0])', 'one'],
  ['$(hdr(X-A)[1])', 'two'],
  ['$(hdr(X-A)[2])', 'three, four'],
  ['$(hdr(X-A)[-1])', 'three, four'],
  ['$(hdr(X-A)[*])', 'one,two,three, four'],
  ['$(hdrc(X-A))', '3'],
  ['$(hdr(x-a))', 'one'],
  ['$hdr(Subject)', 'hello'],
  ['$hdr(s)', 'hello'],
  ['$hdr(Via)', 'SIP/2.0/UDP 127.0.0.1:40682;branch=z9hG4bK741984478'],
  ['$hdr(Contact)', '<sip:alice@10.0.0.1:5070;transport=udp>;expires=60, <sip:al2@10.0.0.2>'],
  ['$hdr(m)', '<sip:alice@10.0.0.1:5070;transport=udp>;expires=60, <sip:al2@10.0.0.2>'],
  ['$(hdr(Route)[0])', '<sip:p1.example.com;lr;ftag=abc>, <sip:p2.example.com;lr>'],
  ['$hdr(Nope)', '<null>'],
  ['$(hfl(Contact)[0])', '<sip:al2@10.0.0.2>'],
  ['$(hfl(Contact)[1])', '<sip:alice@10.0.0.1:5070;transport=udp>;expires=60'],
  ['$hflc(Contact)', '2'],
  ['$rb', 'v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\n'],
  ['$bs', '29'],
  ['$mt', '1'],
  ['$mts', 'rq'],
  ['$nh(u)', 'sip:bob@127.0.0.1:17326'],
  ['$nh(U)', 'bob'],
  ['$nh(d)', '127.0.0.1'],
  ['$nh(p)', '17326'],
  ['$nh(P)', 'UDP'],
  ['$br', '<null>'],
  ['$bR', '<null>'],
  ['$ds', '<null>'],
  ['$true', '1'],
  ['$null', '<null>'],
  ['$rc', '0'],
  ['$expires(min)', '60'],
  ['$expires(max)', '60'],
  ['$version(num)', '5.6.3'],
  ['$def(X)', '<null>'],
  ['$_s($fU-$rU)', 'alice-bob'],
  ['$ruid', '<null>'],
  ['$location_ua', '<null>'],
  ['$sel(via[0].host)', '<null>'],
  ['$sel(cseq.num)', '1'],
  ['$rUl', '3'],
  ['$fUl', '5'],
  ['$csb', '1 OPTIONS'],
  ['$rsi', '0'],
  ['$siz', '127.0.0.1'],
  ['$sid', '0'],
  ['$af(name)', 'IPv4'],
  ['$cnt($avp(x))', '0'],
  ['$RAi', '127.0.0.1'],
  ['$RAp', '17326'],
  ['$via0(host)', '127.0.0.1'],
  ['$via1(host)', '<null>'],
  ['$snd(ip)', '<null>'],
  ['$sndto(ip)', '<null>'],
  ['$sndfrom(ip)', '<null>'],
  ['$C(rx)x$C(xx)', '\x1b[0;31;49mx\x1b[0;39;49m'],
  ['$branch(uri)', '<null>'],
  ['$sbranch(uri)', '<null>'],
  ['$err.class', '<null>'],
  ['$_s(a)', 'a'],
  ['$ksr(ver)', '5.6.3'],
  ['$rpl(duri)', '<null>'],
  ['$var(a)', '0'],
  ['$avp(x)', '<null>'],
  ['$rb{s.len}', 'v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\n{s.len}'],
  ['$(rb{s.len})', '29'],
];

describe('variables of a sample request', () => {
  const { show, ctx, host } = bench(undefined, { modules: [xlog] });
  for (const [text, expected] of VECTORS) it(text, () => assert.equal(show(text), expected));

  it('$ml, $msg(len) and the length of $mb agree', () => {
    const length = String(ctx.message.raw.length);
    assert.equal(show('$ml $msg(len) $(mb{s.len})'), `${length} ${length} ${length}`);
  });
  it('$msg(hdrs) is the header lines', () => {
    assert.match(show('$msg(hdrs)'), /^Via: SIP\/2\.0\/UDP 127\.0\.0\.1:40682;branch=z9hG4bK741984478\r\n/);
    assert.match(show('$msg(hdrs)'), /Content-Length: 29$/);
  });
  it('$TS $Ts $TV(s) $Tb are seconds', () => assert.match(show('$TS $Ts $TV(s) $Tb'), /^(\d+ ){3}\d+$/));
  it('$Tf $TF are dates as ctime prints them', () =>
    assert.match(show('$Tf|$TF'), /^(?:[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}\|?){2}$/));
  it('$time(hour) $timef(%Y) $utimef(%H)', () =>
    assert.match(show('$time(hour) $timef(%Y) $utimef(%H)'), /^\d\d? \d{4} \d\d$/));
  it('$pp is the process', () => assert.equal(show('$pp'), String(process.pid)));
  it('$version(full) names release and platform', () =>
    assert.match(show('$version(full)'), /^kamailio 5\.6\.3 \(\w+\/\w+\) $/));
  it('$stat(rcv_requests) reads a statistic', () => {
    host.statistics.counter('core', 'rcv_requests').value = 1;
    assert.equal(show('$stat(rcv_requests)'), '1');
    assert.equal(show('$stat(nope)'), '<null>');
  });
  it('$env(PATH)', () => assert.equal(show('$env(PATH)$env(NO_SUCH_THING)'), `${process.env.PATH}<null>`));
});
