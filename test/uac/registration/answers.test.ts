import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { challenge, challenging, grant, granting, Harness, type Registrar, row } from './support.ts';

/** Registers one account at a registrar and lets a second pass. */
function registered(registrar: Registrar, over = {}, settings = {}): Harness {
  const bench = new Harness(registrar, settings);
  bench.engine.add(row('u1', over));
  bench.advance(1000);
  return bench;
}

describe('the REGISTER', () => {
  it('has the shape of Kamailio’s', () => {
    const bench = registered(granting, {}, { userAgent: 'trunkline' });
    const [start, via, ...lines] = bench.last.message.raw.split('\r\n');
    assert.equal(start, 'REGISTER sip:r.dom SIP/2.0');
    assert.match(via ?? '', /^Via: SIP\/2\.0\/UDP 192\.0\.2\.1:5060;branch=z9hG4bK[0-9a-f]{24};rport$/);
    assert.equal(lines[0], 'To: <sip:r-u1@r.dom>');
    assert.match(lines[1] ?? '', /^From: <sip:r-u1@r\.dom>;tag=\S{10,}$/);
    assert.equal(lines[2], 'CSeq: 10 REGISTER');
    assert.match(lines[3] ?? '', /^Call-ID: \S{16,}$/);
    assert.deepEqual(lines.slice(4), [
      'Max-Forwards: 70',
      'Content-Length: 0',
      'User-Agent: trunkline',
      'Contact: <sip:u1@192.0.2.1:5060>',
      'Expires: 3600',
      '',
      '',
    ]);
  });

  it('has the Contact of the row, its user in the line parameter when the carrier chooses the user', () => {
    const contact = (over: object): string => registered(granting, over).last.contact;
    assert.equal(contact({ contactAddr: '10.0.0.1:5070;x=y' }), '<sip:u1@10.0.0.1:5070;x=y>');
    assert.equal(contact({ contactUser: '4930' }), '<sip:4930@192.0.2.1:5060;line=u1>');
    assert.equal(contact({ uuid: 'u1', remoteDomain: 'r.dom:5070' }), '<sip:u1@192.0.2.1:5060>');
  });

  it('cannot be broken by what a row holds', () => {
    const bench = new Harness(granting);
    const strange = { remoteUser: 'a b@c:d', contactUser: 'é%;line=x', authUser: 'q"\\' };
    bench.registrars.set('', challenging());
    assert.equal(bench.engine.add(row('u;1?x', strange)), 'added');
    bench.advance(1000);
    assert.equal(bench.view('u;1?x').state, 'registered');
    assert.equal(bench.last.message.to?.uri, 'sip:a%20b%40c%3Ad@r.dom');
    assert.equal(bench.last.contact, '<sip:%C3%A9%25;line=x@192.0.2.1:5060;line=u%3B1%3Fx>');
    assert.match(bench.last.authorization, /username="q\\"\\\\"/);
  });

  it('announces outbound with an instance (RFC 5626) and Path', () => {
    const bench = registered(granting, {}, { instance: 'urn:uuid:0-1', regId: 1 });
    assert.equal(bench.last.contact, '<sip:u1@192.0.2.1:5060>;+sip.instance="<urn:uuid:0-1>";reg-id=1');
    assert.equal(bench.last.header('Supported'), 'path, outbound');
    assert.equal(registered(granting, {}, { path: true }).last.header('Supported'), 'path');
  });
});

describe('callidSeed', () => {
  const seeded = { callidSeed: 'a seed of this server' };

  it('Call-ID stays and CSeq rises over a restart; another seed and another account have their own', () => {
    const first = registered(granting, {}, seeded);
    first.advance(3_600_000);
    assert.ok(first.requests.length > 1);
    const callIds = new Set(first.requests.map((request) => request.header('Call-ID')));
    assert.equal(callIds.size, 1);
    const again = new Harness(granting, seeded, 2);
    again.clock.advance(3_700_000);
    again.engine.add(row('u1'));
    again.engine.add(row('u2'));
    again.advance(1000);
    const [one, two] = again.requests;
    assert.equal(one?.header('Call-ID'), first.last.header('Call-ID'));
    assert.ok((one?.cseq ?? 0) > first.last.cseq, `${one?.cseq} after ${first.last.cseq}`);
    assert.notEqual(two?.header('Call-ID'), one?.header('Call-ID'));
    const other = registered(granting, {}, { callidSeed: 'a seed of that server' });
    assert.notEqual(other.last.header('Call-ID'), first.last.header('Call-ID'));
  });

  it('a registrar that takes the CSeq for an old one is asked with another Call-ID', () => {
    const bench = registered((request, count) => (count === 1 ? { status: 500 } : grant(request)), {}, seeded);
    bench.advance(120_000);
    assert.equal(bench.view().state, 'registered');
    assert.notEqual(bench.requests[0]?.header('Call-ID'), bench.last.header('Call-ID'));
  });
});

describe('challenges', () => {
  for (const [name, params] of [
    ['MD5', 'realm="r", nonce="n", qop="auth", algorithm=MD5'],
    ['SHA-256', 'realm="r", nonce="n", qop="auth", algorithm=SHA-256'],
    ['SHA-512-256', 'realm="r", nonce="n", qop="auth", algorithm=SHA-512-256'],
    ['MD5-sess', 'realm="r", nonce="n", qop="auth", algorithm=MD5-sess'],
    ['auth-int', 'realm="r", nonce="n", qop="auth-int"'],
    ['no qop', 'realm="r", nonce="n"'],
  ] as const)
    it(`answers ${name}`, () => {
      const bench = registered(challenging(params));
      assert.equal(bench.view().state, 'registered');
      assert.equal(bench.requests.length, 2);
      const [first, second] = bench.requests;
      assert.equal(second?.cseq, (first?.cseq ?? 0) + 1);
      assert.equal(second?.message.callId, first?.message.callId);
      assert.equal(second?.auth('uri'), 'sip:r.dom');
    });

  it('a 407 after the 401: both kinds of credentials go together', () => {
    const bench = registered((request) => {
      if (request.authorization === '') return challenge('realm="r", nonce="n"');
      return request.header('Proxy-Authorization') === '' ? challenge('realm="p", nonce="m"', 407) : grant(request);
    });
    assert.equal(bench.view().state, 'registered');
    assert.equal(bench.requests.length, 3);
    bench.advance(3600_000);
    assert.equal(bench.requests.length, 4, 'the refresh sends both ahead');
  });

  it('a stale nonce is answered again, three in a row are not', () => {
    let nonces = 0;
    const stale: Registrar = () => challenge(`realm="r", nonce="s${++nonces}", stale=true`);
    const twice = registered((request, count) => (count < 3 ? stale(request, count) : grant(request)));
    assert.equal(twice.view().state, 'registered');
    const bench = registered(stale);
    assert.equal(bench.view().state, 'rejected');
    assert.equal(bench.requests.length, 4);
    assert.match(bench.view().lastReason, /nonces were stale/);
  });

  it('the nonce serves the refresh, counted, in one round trip', () => {
    const bench = registered(challenging());
    bench.advance(3600_000);
    assert.equal(bench.requests.length, 3);
    assert.equal(bench.requests[1]?.auth('nc'), '00000001');
    assert.equal(bench.last.auth('nc'), '00000002');
    assert.notEqual(bench.last.auth('cnonce'), bench.requests[1]?.auth('cnonce'));
    assert.equal(bench.last.message.callId, bench.requests[0]?.message.callId);
    assert.equal(bench.last.cseq, 12);
  });

  it('takes the nonce that Authentication-Info hands out', () => {
    const bench = registered((request) =>
      request.authorization === ''
        ? challenge('realm="r", nonce="n1", qop="auth"')
        : grant(request, 3600, 'Authentication-Info: nextnonce="n2"'),
    );
    bench.advance(3600_000);
    assert.equal(bench.last.auth('nonce'), 'n2');
    assert.equal(bench.last.auth('nc'), '00000001');
  });

  it('a new challenge at the refresh is answered once, with or without stale', () => {
    let nonce = 'n1';
    const bench = registered((request) =>
      request.auth('nonce') === nonce ? grant(request) : challenge(`realm="r", nonce="${nonce}", qop="auth"`),
    );
    nonce = 'n2';
    bench.advance(3600_000);
    assert.equal(bench.view().state, 'registered');
    assert.equal(bench.requests.length, 4);
    assert.equal(bench.engine.results('credentials'), 0);
  });

  it('a registrar whose nonces serve once is asked without after three misses', () => {
    let number = 0;
    const good = new Set<string>();
    const bench = registered((request) => {
      if (good.delete(request.auth('nonce'))) return grant(request);
      good.add(`n${++number}`);
      return challenge(`realm="r", nonce="n${number}", qop="auth"`);
    });
    bench.advance(4 * 3600_000);
    assert.equal(bench.view().state, 'registered');
    assert.equal(bench.requests.at(-2)?.authorization, '');
  });

  it('a wrong password is tried twice and then rarely, visible as rejected', () => {
    let nonce = 0;
    const bench = registered(() => challenge(`realm="r", nonce="n${++nonce}"`));
    assert.equal(bench.requests.length, 2);
    assert.deepEqual(bench.story(), ['registering', 'rejected']);
    const { state, lastReason, failures } = bench.view();
    assert.deepEqual(
      { state, lastReason, failures },
      { state: 'rejected', lastReason: 'user or password refused, realm "r"', failures: 1 },
    );
    assert.equal(bench.engine.results('credentials'), 1);
    assert.ok(bench.nextIn() > 140 && bench.nextIn() <= 300, `${bench.nextIn()}`);
    bench.advance(6 * 3600_000);
    assert.ok(bench.requests.length < 30, `${bench.requests.length} requests in six hours`);
    assert.ok(!bench.log.some((line) => line.includes('secret')));
  });

  it('a realm that is not the row’s says which was expected', () => {
    const bench = registered(challenging('realm="other", nonce="n"'), { realm: 'mine' });
    assert.equal(bench.view().state, 'rejected');
    assert.equal(bench.view().lastReason, 'realm "mine" expected, got "other"');
    assert.equal(bench.requests.length, 1);
  });

  it('a reason keeps both realms; what is too long is cut with dots', () => {
    const theirs = 'y'.repeat(300);
    const bench = new Harness(challenging(`realm="${theirs}", nonce="n"`));
    bench.engine.add(row('u1', { realm: 'x'.repeat(79) }));
    bench.advance(1000);
    const cut = `${'y'.repeat(77)}...`;
    assert.equal(bench.view().lastReason, `realm "${'x'.repeat(79)}" expected, got "${cut}"`);
  });

  it('an algorithm that is not allowed is not answered, and the reason says so; of several the allowed one is', () => {
    const md5 = 'realm="r", nonce="n", qop="auth", algorithm=MD5';
    const strict = new Harness(challenging(md5), { algorithms: ['SHA-256', 'SHA-256-sess'] });
    strict.engine.add(row());
    strict.advance(1000);
    const { state, lastReason } = strict.view();
    assert.equal(state, 'rejected');
    assert.equal(lastReason, '401, realm "r": its algorithm is not allowed (reg_algorithms)');
    assert.ok(
      strict.requests.every(({ authorization }) => authorization === ''),
      'no digest left',
    );
    const both = challenge(md5);
    const offers = [...(both.headers ?? []), ...(challenge(md5.replace('MD5', 'SHA-256')).headers ?? [])];
    const bench = new Harness(
      (request) => (request.authorization === '' ? { status: 401, headers: offers } : grant(request)),
      { algorithms: ['MD5'] },
    );
    bench.engine.add(row());
    bench.advance(1000);
    assert.equal(bench.view().state, 'registered');
    assert.equal(bench.last.auth('algorithm'), 'MD5');
  });

  it('an HA1 wins over the password and answers MD5 only', () => {
    const ha1 = { authHa1: '0123456789ABCDEF0123456789abcdef' };
    assert.equal(registered(challenging('realm="r", nonce="n"'), ha1).view().state, 'registered');
    const bench = registered(challenging('realm="r", nonce="n", algorithm=SHA-256'), ha1);
    assert.equal(bench.view().state, 'rejected');
    assert.match(bench.view().lastReason, /auth_ha1 answers MD5 challenges only/);
    const both = registered(
      (request) =>
        request.authorization === ''
          ? {
              status: 401,
              headers: [
                'WWW-Authenticate: Digest realm="r", nonce="n", algorithm=SHA-256',
                'WWW-Authenticate: Digest realm="r", nonce="n", algorithm=MD5',
              ],
            }
          : grant(request),
      ha1,
    );
    assert.equal(both.last.auth('algorithm'), 'MD5');
  });
});

describe('refusals and redirections', () => {
  it('423 is tried again at once with Min-Expires, which the row does not learn', () => {
    const bench = registered(
      (request) => (request.expires < 600 ? { status: 423, headers: ['Min-Expires: 600'] } : grant(request)),
      { expires: 60 },
    );
    assert.equal(bench.view().state, 'registered');
    assert.equal(bench.view().expires, 600);
    assert.equal(bench.view().row.expires, 60);
    assert.equal(bench.requests.length, 2);
    bench.engine.refresh(row('u1', { expires: 700 }));
    bench.advance(100);
    assert.equal(bench.last.expires, 700, 'another row begins anew');
  });

  it('after a challenge 423 is answered with the nonce used once more: counted, with another cnonce and response', () => {
    const bench = registered(
      (request) =>
        request.authorization === ''
          ? challenge('realm="r", nonce="n1", qop="auth"')
          : request.expires < 600
            ? { status: 423, headers: ['Min-Expires: 600'] }
            : grant(request),
      { expires: 60 },
    );
    const [, first, second] = bench.requests;
    assert.equal(bench.requests.length, 3);
    assert.deepEqual([first?.auth('nc'), second?.auth('nc')], ['00000001', '00000002']);
    assert.notEqual(first?.auth('cnonce'), second?.auth('cnonce'));
    assert.notEqual(first?.auth('response'), second?.auth('response'));
  });

  it('a challenge with the same nonce, called stale after it was sent ahead, goes on being counted', () => {
    let strict = false;
    const bench = registered((request) =>
      request.authorization === '' || (strict && request.auth('nc') === '00000002')
        ? challenge('realm="r", nonce="n1", qop="auth"')
        : grant(request),
    );
    strict = true;
    bench.advance(3600_000);
    const counts = bench.requests.map((request) => request.auth('nc'));
    assert.deepEqual(counts.slice(0, 4), ['', '00000001', '00000002', '00000003']);
  });

  for (const [what, header, asked] of [
    ['none', [], 120],
    ['0', ['Min-Expires: 0'], 120],
    ['no number', ['Min-Expires: soon'], 120],
    ['less than asked', ['Min-Expires: 30'], 120],
    ['absurd', ['Min-Expires: 4294967295'], 604_800],
  ] as const)
    it(`423 with Min-Expires ${what}`, () => {
      const bench = registered((request, count) => (count === 1 ? { status: 423, headers: header } : grant(request)), {
        expires: 60,
      });
      assert.equal(bench.last.expires, asked);
      assert.equal(bench.view().state, 'registered');
    });

  it('423 for ever is given up and tried again later', () => {
    const bench = registered(() => ({ status: 423 }));
    assert.equal(bench.view().state, 'retrying');
    assert.equal(bench.requests.length, 4);
    assert.equal(bench.engine.results('interval-too-brief'), 1);
  });

  it('503 with Retry-After: nobody comes earlier, and the registrar’s other accounts wait too', () => {
    const bench = registered(() => ({ status: 503, headers: ['Retry-After: 120 (busy)'] }));
    assert.equal(bench.view().state, 'retrying');
    assert.ok(bench.nextIn() >= 119 && bench.nextIn() <= 133, `${bench.nextIn()}`);
    bench.engine.add(row('u2'));
    bench.advance(60_000);
    assert.equal(bench.requests.length, 1);
    assert.equal(bench.view('u2').state, 'queued');
    bench.registrars.set('', granting);
    bench.advance(75_000);
    assert.equal(bench.engine.online, 2);
  });

  it('Retry-After of any refusal counts, within a day', () => {
    const bench = registered(() => ({ status: 403, headers: ['Retry-After: 4000000000'] }));
    assert.ok(bench.nextIn() >= 86_399 && bench.nextIn() <= 95_100, `${bench.nextIn()}`);
  });

  for (const status of [403, 404, 603])
    it(`${status} is a refusal: slow and visible`, () => {
      const bench = registered(() => ({ status }));
      assert.equal(bench.view().state, 'rejected');
      assert.equal(bench.view().lastCode, status);
      assert.ok(bench.nextIn() > 140, `${bench.nextIn()}`);
    });

  for (const status of [408, 480, 500, 504])
    it(`${status} may pass: back-off that grows to half an hour`, () => {
      const bench = registered(() => ({ status }));
      assert.equal(bench.view().state, 'retrying');
      assert.ok(bench.nextIn() >= 28 && bench.nextIn() <= 60, `${bench.nextIn()}`);
      bench.advance(4 * 3600_000);
      assert.ok(bench.nextIn() <= 1800);
      const gap = bench.last.at - (bench.requests.at(-2)?.at ?? 0);
      assert.ok(gap >= 900_000 && gap <= 1_801_000, `${gap}`);
      bench.registrars.set('', granting);
      bench.advance(1_801_000);
      assert.equal(bench.view().state, 'registered');
      assert.equal(bench.view().failures, 0);
    });

  it('302: goes where it is sent, at most three times, to sip and sips only', () => {
    const bench = registered((request) =>
      request.to.ip === '198.51.100.1'
        ? {
            status: 302,
            headers: ['Contact: <http://x.example>, <sip:198.51.100.8>;q=0.1, <sip:u@198.51.100.9:5070>;q=0.9'],
          }
        : grant(request),
    );
    assert.equal(bench.view().state, 'registered');
    assert.equal(`${bench.last.to.ip}:${bench.last.to.port}`, '198.51.100.9:5070');
    assert.equal(bench.last.message.requestUri, 'sip:198.51.100.9:5070');
    let hop = 9;
    const ever = registered(() => ({ status: 302, headers: [`Contact: <sip:198.51.100.${++hop}>`] }));
    assert.equal(ever.requests.length, 4);
    assert.equal(ever.view().state, 'retrying');
    assert.equal(ever.engine.results('redirected'), 1);
    const loop = registered(() => ({ status: 302, headers: ['Contact: <sip:198.51.100.1:5060>'] }));
    assert.equal(loop.requests.length, 1);
  });

  it('a redirection takes no credentials along that were meant for another server', () => {
    const bench = registered(challenging());
    bench.registrars.set('', (request) =>
      request.to.ip === '198.51.100.1' ? { status: 302, headers: ['Contact: <sip:203.0.113.5>'] } : grant(request),
    );
    bench.advance(3600_000);
    assert.equal(bench.last.to.ip, '203.0.113.5');
    assert.equal(bench.last.authorization, '');
  });
});

describe('what a 2xx grants', () => {
  const granted = (headers: readonly string[], status = 200, over = {}): Harness =>
    registered(() => ({ status, headers }), over);

  it('without any Contact: what Expires says, or what was asked for; said once', () => {
    assert.equal(granted(['Expires: 100']).view().granted, 100);
    const bench = granted([]);
    assert.equal(bench.view().granted, 3600);
    bench.advance(2 * 3600_000);
    assert.equal(bench.log.filter((line) => line.includes('UAC_REG_NO_CONTACT')).length, 1);
    assert.equal(granted(['Contact: *']).view().state, 'registered');
  });

  it('any 2xx counts', () =>
    assert.equal(granted(['Contact: <sip:u1@192.0.2.1:5060>'], 202).view().state, 'registered'));

  it('only foreign Contacts: tried again, with a pause', () => {
    const bench = granted(['Contact: <sip:other@203.0.113.9>;expires=60, <sip:u2@192.0.2.1:5060>;expires=60']);
    assert.equal(bench.view().state, 'retrying');
    assert.equal(bench.engine.results('no-binding'), 1);
    assert.equal(bench.view().online, false);
    assert.ok(bench.nextIn() > 25);
  });

  for (const [what, contact, over] of [
    ['the whole URI among others', '<sip:x@1.1.1.1>;expires=9, <sip:u1@192.0.2.1:5060>;expires=60', {}],
    ['the line parameter', '<sip:x@1.1.1.1;line=u1>;expires=60', { contactUser: '4930' }],
    ['the user part after a rewrite', '<sip:u1@203.0.113.1:1024;ob>;expires=60', {}],
    ['the Expires header where the Contact says nothing', '<sip:u1@192.0.2.1:5060>', {}],
  ] as const)
    it(`our binding is known by ${what}`, () =>
      assert.equal(granted([`Contact: ${contact}`, 'Expires: 60'], 200, over).view().granted, 60));

  it('with a contact user the line parameter decides, not the user part', () =>
    assert.equal(
      granted(['Contact: <sip:u1@1.1.1.1;line=u2>;expires=60'], 200, { contactUser: '4930' }).view().state,
      'retrying',
    ));

  it('our binding is known by its instance', () => {
    const bench = registered(
      () => ({ status: 200, headers: ['Contact: <sip:x@1.1.1.1>;+sip.instance="<urn:uuid:0>";reg-id=1;expires=70'] }),
      {},
      { instance: 'urn:uuid:0', regId: 1 },
    );
    assert.equal(bench.view().granted, 70);
  });

  it('0 seconds is no grant, and no reason for haste', () => {
    const bench = granted(['Contact: <sip:u1@192.0.2.1:5060>;expires=0']);
    assert.equal(bench.view().state, 'retrying');
    bench.advance(60_000);
    assert.ok(bench.requests.length <= 3, `${bench.requests.length}`);
  });

  for (const seconds of [5, 20, 60, 600, 3600, 86_400])
    it(`${seconds} s are refreshed in time, and not too often`, () => {
      const bench = registered((request) => grant(request, seconds));
      bench.advance(seconds * 10_000);
      assert.ok(!bench.log.some((line) => line.includes('UAC_REG_EXPIRED')), 'no lapse');
      assert.equal(bench.view().online, true);
      assert.ok(bench.requests.length <= 25, `${bench.requests.length} in ten lifetimes`);
      assert.ok(bench.requests.length >= 10);
    });

  it('keeps Service-Route and the address that the registrar sees', () => {
    const bench = registered((request) => ({
      ...grant(request, 60, 'Service-Route: <sip:orig@scscf.example;lr>'),
      via: ';received=203.0.113.7;rport=40000',
    }));
    assert.deepEqual(bench.view().serviceRoute, ['<sip:orig@scscf.example;lr>']);
    assert.equal(bench.view().publicAddress, '203.0.113.7:40000');
    assert.equal(bench.requests.length, 1);
  });

  it('learnContact: registers once more with the address seen, and removes the other', () => {
    const bench = registered(
      (request) => ({ ...grant(request), via: ';received=203.0.113.7;rport=40000' }),
      {},
      { learnContact: true },
    );
    assert.equal(bench.requests.length, 2);
    assert.equal(bench.last.contact, '<sip:u1@203.0.113.7:40000>, <sip:u1@192.0.2.1:5060>;expires=0');
    bench.advance(3600_000);
    assert.equal(bench.last.contact, '<sip:u1@203.0.113.7:40000>');
    assert.equal(bench.requests.length, 3);
  });
});
