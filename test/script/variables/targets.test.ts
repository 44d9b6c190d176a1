import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { forwarded } from '../../modules/support.ts';
import { bench, sampleRaw } from './support.ts';

describe('$ru and its parts', () => {
  it('are written at once and keep what they do not name', () => {
    const { set, show } = bench();
    set('$ru', 'sip:al%41:pw@Host.com:5070;transport=tcp;x=1?h=1');
    assert.equal(show('$rU|$rd|$rp|$rP|$rz|$rUl|$ou'), 'al%41|Host.com|5070|tcp|sip|5|sip:bob@127.0.0.1:17326');
    set('$rU', 'new');
    set('$rd', 'd.com');
    set('$rp', 6000);
    assert.equal(show('$ru'), 'sip:new:pw@d.com:6000;transport=tcp;x=1?h=1');
    set('$rp', '6001');
    assert.equal(show('$ru'), 'sip:new:pw@d.com:6001;transport=tcp;x=1?h=1');
    set('$rp', null);
    assert.equal(show('$ru'), 'sip:new:pw@d.com;transport=tcp;x=1?h=1');
    set('$rU', null);
    assert.equal(show('$ru|$rU|$rUl'), 'sip:d.com;transport=tcp;x=1?h=1|<null>|0');
    set('$rd', 'x.org:99');
    assert.equal(show('$ru|$rd|$rp'), 'sip:x.org:99;transport=tcp;x=1?h=1|x.org|99');
  });
  it('refuse what Kamailio refuses', () => {
    const { set, show } = bench();
    for (const [name, value] of [
      ['$ru', null],
      ['$ru', 5],
      ['$rU', 12],
      ['$rd', null],
      ['$rd', 5],
      ['$rp', 70000],
      ['$rp', 0],
      ['$rp', 'abc'],
    ] as const)
      assert.equal(set(name, value), false, `${name} = ${value}`);
    assert.equal(show('$ru'), 'sip:bob@127.0.0.1:17326');
  });
  it('never take a line end, which would start another header', () => {
    const { set, show } = bench();
    assert.equal(set('$ru', 'sip:a@b\r\nX: y'), false);
    assert.equal(set('$rU', 'a\r\nX: y'), false);
    assert.equal(set('$du', 'sip:a@b\r\nX: y'), false);
    assert.equal(set('$fu', 'sip:a@b\r\nX: y'), false);
    assert.equal(set('$fn', 'a\r\nX: y'), false);
    assert.equal(show('$ru'), 'sip:bob@127.0.0.1:17326');
  });
  it('have the ports and transports of other URIs', () => {
    const { set, show } = bench();
    const parts = (uri: string): string => {
      set('$ru', uri);
      return show('$rU|$rd|$rp|$rP|$rz');
    };
    assert.equal(parts('sip:a@b;transport=tls'), 'a|b|5061|tls|sip');
    assert.equal(parts('sip:b.com'), '<null>|b.com|5060|UDP|sip');
    assert.equal(parts('tel:+123;phone-context=x'), '+123|<null>|5060|UDP|tel');
    assert.equal(parts('sip:[::1]:55'), '<null>|[::1]|55|UDP|sip');
    assert.equal(parts('urn:service:sos'), 'service|sos|5060|UDP|urn');
    // 5.6 says 5060; RFC 3261 §19.1.2 says 5061.
    assert.equal(parts('sips:a@b'), 'a|b|5061|UDP|sips');
  });
  it('an unreadable one is undefined and logged', () => {
    const { set, show, host } = bench();
    assert.equal(set('$ru', 'bogus'), true);
    assert.equal(show('$ru|$rU|$rd|$rp|$rP|$rz'), '<null>|<null>|<null>|<null>|<null>|<null>');
    assert.ok(host.log.codes.includes('PV_RURI_INVALID'));
  });
  it('are undefined in a reply', () => {
    const raw =
      'SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:17326;branch=z9hG4bK1, SIP/2.0/TCP 10.0.0.9;received=10.0.0.7;rport=77;branch=z\r\n' +
      'From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 7 INVITE\r\nContent-Length: 0\r\n\r\n';
    const { show, set, int } = bench(raw);
    assert.equal(show('$ru|$rU|$du|$ou|$rUl'), '<null>|<null>|<null>|<null>|<null>');
    assert.equal(show('$rm|$rs|$rr|$mt|$mts|$cs'), 'INVITE|200|OK|2|rp|7');
    assert.equal(int('$rs'), 200);
    assert.equal(set('$ru', 'sip:a@b'), false);
    assert.equal(show('$nh(u)|$nh(d)|$nh(p)|$nh(P)'), 'sip:10.0.0.7:77;transport=tcp|10.0.0.7|77|tcp');
    assert.equal(
      show('$rpl(duri)|$rpl(dhost)|$rpl(dport)|$rpl(dproto)|$rpl(cntvia)'),
      'sip:10.0.0.7:77;transport=tcp|10.0.0.7|77|TCP|2',
    );
  });
  it('have integer faces', () => {
    const { int } = bench();
    assert.equal(int('$rm'), 512);
    assert.equal(int('$proto'), 1);
    assert.equal(int('$rp'), 17326);
    assert.equal(int('$rP'), 1);
    assert.equal(int('$rz'), 1);
    assert.equal(int('$rs'), 0);
  });
});

describe('$du, $nh, $fs', () => {
  it('$du is written, cleared and read in parts', () => {
    const { set, show } = bench();
    set('$du', 'sip:u@1.2.3.4:55;transport=tcp');
    assert.equal(show('$du|$dd|$dp|$dP|$nh(U)|$nh(d)'), 'sip:u@1.2.3.4:55;transport=tcp|1.2.3.4|55|tcp|u|1.2.3.4');
    set('$du', 'sip:1.2.3.4');
    assert.equal(show('$dd|$dp|$dP|$nh(u)|$nh(p)|$nh(P)|$nh(U)'), '1.2.3.4|5060|UDP|sip:1.2.3.4|5060|UDP|<null>');
    set('$du', 'bogus');
    assert.equal(show('$du|$dd|$dp|$dP'), 'bogus|<null>|<null>|<null>');
    set('$du', '');
    assert.equal(show('$du'), '<null>');
    set('$duri', 'sip:x');
    set('$du', null);
    assert.equal(show('$duri'), '<null>');
  });
  it('$fs names one of our sockets, with or without protocol and port', () => {
    const { set, show, host } = bench();
    set('$fs', 'udp:127.0.0.1:15099');
    assert.equal(show('$fs|$fsn|$fsp'), 'udp:127.0.0.1:15099|nm|15099');
    set('$fs', '127.0.0.1:17326');
    assert.equal(show('$fs|$fsn'), 'udp:127.0.0.1:17326|<null>');
    set('$fs', 'tcp:[2001:db8::1]:17326');
    assert.equal(show('$fs'), 'tcp:[2001:db8::1]:17326');
    set('$fs', 'tcp:sip.example.net:5080');
    assert.equal(show('$fs'), 'tcp:[2001:db8::1]:17326');
    assert.equal(set('$fs', 'udp:1.1.1.1:3'), true);
    assert.equal(show('$fs'), 'tcp:[2001:db8::1]:17326');
    assert.ok(host.log.codes.includes('PV_SOCKET_UNKNOWN'));
    assert.equal(set('$fs', ''), false);
    set('$fs', null);
    assert.equal(show('$fs'), '<null>');
    set('$fsn', 'nm');
    assert.equal(show('$fs'), 'udp:127.0.0.1:15099');
    set('$fsn', null);
    assert.equal(show('$fsn'), '<null>');
  });
});

describe('$fu, $tu and their parts', () => {
  const sent = (change: (one: ReturnType<typeof bench>) => void, raw = sampleRaw()): string => {
    const one = bench(raw);
    change(one);
    return forwarded(one.ctx);
  };
  it('are queued: reading still shows what was received', () => {
    const { set, show } = bench();
    set('$fu', 'sip:x@y');
    assert.equal(show('$fu|$fU'), 'sip:alice@example.com|alice');
  });
  it('writes of several parts add up', () => {
    const text = sent(({ set }) => {
      set('$fU', 'x');
      set('$fd', 'd.com');
      set('$fn', 'New Name');
      set('$tu', 'sip:q@r.s;a=b');
      set('$tU', 'k');
    });
    assert.match(text, /\r\nFrom: New Name <sip:x@d\.com>;tag=ft1\r\n/);
    assert.match(text, /\r\nTo: "Bob B" <sip:k@r\.s;a=b>;tag=tt9\r\n/);
  });
  it('the last of two writes of the same wins, where Kamailio makes a mess of both', () => {
    const text = sent(({ set }) => {
      set('$fu', 'sip:one@a');
      set('$fu', 'sip:two@b');
      set('$fn', 'One');
      set('$fn', 'Two');
    });
    assert.match(text, /\r\nFrom: Two <sip:two@b>;tag=ft1\r\n/);
  });
  it('$fn = $null takes the name away, one that needs quotes gets them', () => {
    assert.match(
      sent(({ set }) => set('$fn', null)),
      /\r\nFrom: <sip:alice@example\.com>;tag=ft1\r\n/,
    );
    assert.match(
      sent(({ set }) => set('$fn', 'A, <b>')),
      /\r\nFrom: "A, <b>" <sip:alice@example\.com>;tag=ft1\r\n/,
    );
  });
  it('$fU = $null leaves no empty user behind', () => {
    assert.match(
      sent(({ set }) => set('$fU', null)),
      /\r\nFrom: "Alice A" <sip:example\.com>;tag=ft1\r\n/,
    );
  });
  it('an address without brackets gets them when it needs them', () => {
    const raw = sampleRaw().replace('"Alice A" <sip:alice@example.com>', 'sip:alice@example.com');
    assert.match(
      sent(({ set }) => set('$fu', 'sip:a@b;c=d'), raw),
      /\r\nFrom: <sip:a@b;c=d>;tag=ft1\r\n/,
    );
    assert.match(
      sent(({ set }) => set('$fn', 'Al'), raw),
      /\r\nFrom: Al <sip:alice@example\.com>;tag=ft1\r\n/,
    );
    assert.match(
      sent(({ set }) => {
        set('$fn', 'Al');
        set('$fU', 'bob');
      }, raw),
      /\r\nFrom: Al <sip:bob@example\.com>;tag=ft1\r\n/,
    );
  });
  it('what is no URI is refused', () => {
    const { set } = bench();
    assert.equal(set('$fu', null), false);
    assert.equal(set('$fu', 5), false);
    assert.equal(set('$fu', 'bogus'), false);
    assert.equal(set('$fd', 'a b'), false);
  });
  it('$mbu shows what would be sent', () => {
    const { set, show } = bench();
    set('$fu', 'sip:x@y');
    set('$ru', 'sip:new@host');
    assert.match(show('$mbu'), /^OPTIONS sip:new@host SIP\/2\.0\r\nVia: .*\r\nFrom: "Alice A" <sip:x@y>;tag=ft1\r\n/);
    assert.equal(show('$hdr(From)'), '"Alice A" <sip:alice@example.com>;tag=ft1');
  });
});

describe('branches and flags', () => {
  it('$branch reads and writes additional branches', () => {
    const { ctx, set, show } = bench();
    assert.equal(set('$branch(uri)', 'sip:b1@x'), false);
    set('$br', 'sip:b1@x');
    set('$br', 'sip:b2@y');
    set('$(branch(q)[0])', 500);
    assert.equal(
      show('$branch(count)|$branch(uri)|$(branch(uri)[1])|$(branch(uri)[-1])|$br|$bR|$branch(q)|$(branch(q)[1])'),
      '2|sip:b1@x|sip:b2@y|sip:b2@y|sip:b1@x|<sip:b1@x>;q=0.5, sip:b2@y|500|<null>',
    );
    set('$branch(dst_uri)', 'sip:d@z');
    set('$branch(send_socket)', 'udp:127.0.0.1:15099');
    set('$branch(flags)', 5);
    assert.equal(
      show('$branch(dst_uri)|$branch(send_socket)|$branch(flags)|$branch(path)|$branch(otcpid)'),
      'sip:d@z|udp:127.0.0.1:15099|5|<null>|0',
    );
    assert.equal(show('$ds'), 'Contact: <sip:b1@x>;q=0.5, <sip:b2@y>');
    set('$branch(uri)', null);
    assert.equal(show('$branch(count)|$branch(uri)'), '1|sip:b2@y');
    assert.equal(ctx.state.branches.length, 1);
  });
  it('flag words and single flags', () => {
    const { set, show, int } = bench();
    set('$bf', 3);
    set('$mf', 5);
    set('$sf', 7);
    assert.equal(
      show('$bf $bF $mf $mF $sf $sF $Mf(0) $Mf(1) $Bf(0) $Sf(2)'),
      '3 00000003 5 00000005 7 00000007 1 0 1 1',
    );
    set('$Mf(1)', 1);
    set('$Bf(4)', 1);
    set('$Sf(0)', 0);
    assert.equal(show('$mf $bf $sf'), '7 19 6');
    assert.equal(int('$mF'), 7);
    assert.equal(set('$mf', '7'), false);
    set('$mf', -1);
    assert.equal(show('$mf $mF'), '4294967295 ffffffff');
    set('$mf', null);
    assert.equal(show('$mf'), '0');
    assert.throws(() => show('$Mf(32)'));
  });
});
