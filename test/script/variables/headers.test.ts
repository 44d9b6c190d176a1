import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setSending } from '../../../src/script/variables/addresses.ts';
import { authorize } from '../../modules/authorized.ts';
import { bench, RECEIVED, SOCKET, sampleRaw, TCP6 } from './support.ts';

const RICH = sampleRaw({
  method: 'INVITE',
  contact:
    'Contact: <sip:alice@10.0.0.1:5070;transport=udp>;expires=60;q=0.5, "X, Y" <sip:al2@10.0.0.2>\r\nContact: <sip:al3@10.0.0.3>;expires=3\r\n',
  extra:
    'Via: SIP/2.0/TCP h2.com;branch=zz;received=1.2.3.4;i=3, SIP/2.0/TLS [2001:db8::1]:5061;branch=yy\r\n' +
    'X-E:\r\nX-F:   abc  \r\n   folded  \r\n' +
    'Diversion: <sip:d1@x>;reason=unconditional;privacy=off;counter=2, <sip:d2@y>;reason=no-answer\r\nDiversion: <sip:d3@z>\r\n' +
    'Remote-Party-ID: "R" <sip:rpid@x.y>;party=calling\r\nRefer-To: <sip:ref@x.y>\r\n' +
    'P-Preferred-Identity: "Pn" <sip:ppi@x.y>, <tel:+123>\r\nExpires: 77\r\n',
});

describe('headers', () => {
  const { show, value, set } = bench(RICH);
  it('an empty one is there, an absent one is undefined', () => {
    assert.deepEqual([value('$hdr(X-E)'), value('$hdr(X-G)')], ['', null]);
    assert.equal(show('$hdrc(X-E)$hdrc(X-G)'), '10');
  });
  it('a folded one is as it stands', () => assert.equal(show('$hdr(X-F)'), 'abc  \r\n   folded'));
  it('indexes and names may be variables', () => {
    set('$var(h)', 'X-A');
    set('$var(i)', 1);
    assert.equal(
      show('$hdr($var(h))|$(hdr(X-A)[$var(i)])|$(hdr($var(h))[-1])|$(hdr(X-A)[-9])'),
      'one|two|three, four|<null>',
    );
  });
  it('* is any header', () => {
    assert.match(show('$hdr(*)'), /^SIP\/2\.0\/UDP/);
    assert.equal(show('$(hdr(*)[-1])'), '29');
  });
  it('$hfl takes lists apart, quotes and brackets untouched', () => {
    assert.equal(
      show('$hflc(Contact)|$(hfl(Contact)[0])|$(hfl(Contact)[2])|$(hfl(Contact)[-1])'),
      '3|"X, Y" <sip:al2@10.0.0.2>|<sip:al3@10.0.0.3>;expires=3|<sip:al3@10.0.0.3>;expires=3',
    );
    assert.equal(show('$hflc(Via)|$(hfl(Via)[1])'), '3|SIP/2.0/TCP h2.com;branch=zz;received=1.2.3.4;i=3');
    assert.equal(show('$hflc(Diversion)|$(hfl(Diversion)[2])|$hflc(Route)'), '3|<sip:d3@z>|2');
    assert.equal(show('$hflc(X-A)|$(hfl(X-A)[2])|$hfl(Nope)|$hflc(Nope)'), '3|three, four|<null>|0');
  });
  it('$ct is the first line, $ctu its URI', () => {
    assert.equal(show('$ct'), '<sip:alice@10.0.0.1:5070;transport=udp>;expires=60;q=0.5, "X, Y" <sip:al2@10.0.0.2>');
    assert.equal(show('$ctu $cts'), 'sip:alice@10.0.0.1:5070;transport=udp 0');
  });
  it('$expires looks at every Contact and at Expires', () => assert.equal(show('$expires(min) $expires(max)'), '3 77'));
  it('identities', () => {
    assert.equal(show('$ai|$pu|$pU|$pd|$pn|$(pu[1])|$(pU[1])'), 'sip:pai@x.y|sip:ppi@x.y|ppi|x.y|"Pn"|tel:+123|+123');
    assert.equal(show('$re|$rt|$di|$dir|$dip|$dic'), 'sip:rpid@x.y|sip:ref@x.y|sip:d1@x|unconditional|off|2');
  });
  it('Vias', () => {
    assert.equal(
      show('$via0(host)|$via0(port)|$via0(proto)|$via0(branch)|$via0(rport)|$via0(received)'),
      '127.0.0.1|40682|UDP|z9hG4bK741984478|<null>|<null>',
    );
    assert.equal(show('$via1(host)|$via1(port)|$via1(proto)|$via1(received)|$via1(i)'), 'h2.com|5060|TCP|1.2.3.4|3');
    assert.equal(show('$viaZ(host)|$viaZ(port)'), '[2001:db8::1]|5061');
  });
  it('$msg and $msgbuf', () => {
    assert.equal(show('$msg(fline)'), 'INVITE sip:bob@127.0.0.1:17326 SIP/2.0');
    assert.match(show('$msg(lpart)'), /^Via: /);
    assert.equal(show('$msg(body)$rb{x}'), `${show('$rb')}${show('$rb')}{x}`);
    assert.equal(show('$msgbuf(0)$msgbuf(1)$msgbuf(99999)'), 'IN<null>');
  });
  it('unknown keys are refused with those that exist', () => {
    for (const text of ['$nh(x)', '$time(dst)', '$af(x)', '$(rm[1])', '$branch(idx)', '$K(ipv4)', '$hdr()'])
      assert.throws(() => show(text), text);
    assert.throws(() => show('$nh(x)'), /it knows u, U, d, p, P/);
  });
});

describe('credentials', () => {
  const proxy =
    'Proxy-Authorization: Digest username="u", realm="px, y", nonce="n\\"q", algorithm=SHA-256, opaque=o\r\n';
  it('of Proxy-Authorization come first, but in a REGISTER', () => {
    assert.equal(
      bench(sampleRaw({ extra: proxy })).show('$au|$aU|$ad|$ar|$aa|$adn|$ado|$adr'),
      'u|u||px, y|SHA-256|n"q|o|',
    );
    assert.equal(bench(sampleRaw({ extra: proxy, method: 'REGISTER' })).show('$aU|$ar|$ado'), 'alice@dom|dom|');
  });
  it('of another scheme are none', () => {
    const raw = sampleRaw().replace('Authorization: Digest', 'Authorization: Basic');
    assert.equal(bench(raw).show('$au|$ar|$aa'), '<null>|<null>|<null>');
  });
  it('that cannot be read are none', () => {
    for (const value of ['Digest username="u', 'Digest', 'Digest username=u, username=v, realm=r']) {
      const raw = sampleRaw().replace(/Authorization: .*/, `Authorization: ${value}`);
      assert.equal(bench(raw).show('$au|$aU|$ad|$ar|$adu'), '<null>|<null>|<null>|<null>|<null>', value);
    }
    const short = sampleRaw().replace(/Authorization: .*/, 'Authorization: Digest,x.username=v, realm="r"');
    assert.equal(bench(short).show('$au|$aU|$ad|$ar|$adu'), '|||r|<null>');
  });
  it('$Au and $AU name who was accepted, else From', () => {
    const { ctx, show } = bench();
    assert.equal(show('$Au $AU'), 'alice@example.com alice');
    authorize(ctx, 'carol@home', 'dom');
    assert.equal(show('$Au $AU $au $ad $aU $ar $adn'), 'carol@home carol carol home carol@home dom n');
    authorize(ctx, 'carol', 'dom');
    assert.equal(show('$Au'), 'carol@dom');
  });
});

describe('addresses', () => {
  it('IPv6 over TCP, with an advertised name', () => {
    const { show, int } = bench(sampleRaw(), {
      received: { ...RECEIVED, socket: TCP6, ip: '2001:db8::7', port: 5, connection: 12 },
    });
    assert.equal(
      show('$si|$siz|$su|$sas|$conid'),
      '2001:db8::7|[2001:db8::7]|sip:[2001:db8::7]:5;transport=tcp|tcp:[2001:db8::7]:5|12',
    );
    assert.equal(
      show('$Ri|$Rp|$Rn|$Ru|$Ras'),
      '2001:db8::1|17326|<null>|sip:[2001:db8::1]:17326;transport=tcp|tcp:[2001:db8::1]:17326',
    );
    assert.equal(
      show('$RAi|$RAp|$RAu|$RAut'),
      'sip.example.net|5080|sip:sip.example.net:5080;transport=tcp|sip:sip.example.net:5080;transport=tcp',
    );
    assert.equal(show('$pr|$prid|$af(id)|$af(name)|$K(IPv6)'), 'tcp|2|10|IPv6|10');
    assert.equal(int('$proto'), 2);
  });
  it('what an onsend_route sends', () => {
    const { ctx, show } = bench();
    setSending(ctx, {
      destination: { socket: SOCKET, proto: 'udp', ip: '10.9.8.7', port: 5066, connection: 0, serverName: '' },
      text: 'abc',
    });
    assert.equal(
      show('$snd(ip)|$snd(port)|$sndto(ip)|$sndto(port)|$snd(len)|$sndto(buf)|$sndto(af)'),
      '127.0.0.1|17326|10.9.8.7|5066|3|abc|2',
    );
  });
});

describe('server and configuration', () => {
  const { show, set, value } = bench();
  it('definitions', () => {
    assert.equal(show('$def(AA)|$def(BB)|$def(CC)|$defn(AA)|$defn(X)|$defs(BB)|$defv(BB)'), '5|"bb"||5|<null>|bb|bb');
    assert.equal(value('$defn(AA)'), 5);
  });
  it('custom settings can be changed and keep their type', () => {
    assert.equal(show('$ccp(grp.x) $ccp(grp.s) $ccp(grp.nope) $sel(cfg_get.grp.x)'), '5 str <null> 5');
    assert.equal(set('$ccp(grp.x)', 9), true);
    assert.equal(set('$ccp(grp.x)', 'text'), false);
    assert.equal(set('$ccp(grp.nope)', 1), false);
    assert.equal(show('$ccp(grp.x) $sel(cfg_get.grp.x)'), '9 9');
  });
  it('$Ts is one moment for the whole run, $TS is now', () => {
    const one = bench();
    const first = one.show('$Ts $TV(s)');
    one.host.clock.advance(5000);
    assert.equal(one.show('$Ts $TV(s)'), first);
    assert.equal(Number(one.show('$TS')), Number(first.split(' ')[0]) + 5);
  });
  it('$_s prints what is undefined', () => assert.equal(show('$_s($avp(no)-x)$_s($avp(no))$_s()'), '<null>-x<null>'));
  it('$rc', () => {
    const one = bench();
    one.ctx.rc = -5;
    assert.equal(one.show('$rc $retcode $?'), '-5 -5 -5');
  });
  it('characters that are hard to write', () =>
    assert.equal(show('$En$Es$Eq$Eb$Ec$Ei$Ej$Ek$Er$Et$Ev'), '\n "\\,:;\'\r\t`'));
});

describe('selects', () => {
  const { show } = bench(RICH);
  const VECTORS: readonly (readonly [string, string])[] = [
    ['ruri.user', 'bob'],
    ['ruri.host', '127.0.0.1'],
    ['from.uri.user', 'alice'],
    ['from.tag', 'ft1'],
    ['from.name', 'Alice A'],
    ['to.tag', 'tt9'],
    ['contact.uri', 'sip:alice@10.0.0.1:5070;transport=udp'],
    ['contact.uri.user', 'alice'],
    ['contact.uri.host', '10.0.0.1'],
    ['contact.uri.params.transport', 'udp'],
    ['contact.expires', '60'],
    ['via.host', '127.0.0.1'],
    ['via[0].host', '<null>'],
    ['via[1].branch', 'z9hG4bK741984478'],
    ['via[2].branch', 'zz'],
    ['via[2].received', '1.2.3.4'],
    ['via[-1].port', '5061'],
    ['via[9].host', '<null>'],
    ['cseq.num', '1'],
    ['cseq.method', 'INVITE'],
    ['hf_value.X-A', 'one,two,three,four'],
    ['hf_value.X_A[3]', 'three'],
    ['hf_value.route.uri', 'sip:p1.example.com;lr;ftag=abc,sip:p2.example.com;lr'],
    ['hf_value.route[2].uri.host', 'p2.example.com'],
    ['hf_value.diversion[1].param.reason', 'unconditional'],
    ['hf_value.diversion[2].p.reason', 'no-answer'],
    ['msg.header.Subject', 'hello'],
    ['msg.header["Subject"]', 'hello'],
    ['msg.header.Nope', '<null>'],
    ['received.proto', 'udp'],
    ['received.ip', '127.0.0.1'],
    ['received.port', '17326'],
    ['src.ip', '127.0.0.1'],
    ['src.port', '40682'],
    ['dst.ip', '127.0.0.1'],
    ['method', 'INVITE'],
  ];
  for (const [path, expected] of VECTORS) it(`@${path}`, () => assert.equal(show(`$sel(${path})`), expected));
  it('@sys.unique is another text each time', () => {
    const list = [show('$sel(sys.unique)'), show('$sel(sys.unique)')];
    assert.match(list[0] as string, /^[0-9a-f]+-[0-9a-f]+-[0-9a-f]{8}$/);
    assert.notEqual(list[0], list[1]);
  });
  it('unknown ones are refused', () => {
    for (const path of ['nope', 'from.nope', 'cseq.x', '', 'via[', 'cfg_get.x'])
      assert.throws(() => show(`$sel(${path})`), path);
  });
});
