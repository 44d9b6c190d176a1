/** The gate against who should not pass. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { encodeKamailio, encodeOpenser, kamailioSecrets } from '../../src/auth/foreign-nonce.ts';
import { type AuthRequest, Gate } from '../../src/auth/gate.ts';
import { qopList } from '../../src/auth/offer.ts';
import { LocalUseStore } from '../../src/auth/use-store.ts';
import { Secret } from '../../src/digest/secret.ts';
import { parsed } from '../modules/support.ts';
import { type Answer, GateBench, REALM, register, SCOPE, SETTINGS } from './gate-bench.ts';

describe('who may pass', () => {
  test('every algorithm with every qop', () => {
    const bench = new GateBench();
    for (const algorithm of [
      'MD5',
      'MD5-sess',
      'SHA-256',
      'SHA-256-sess',
      'SHA-512-256',
      'SHA-512-256-sess',
    ] as const) {
      for (const qop of ['auth', 'auth-int'] as const) {
        for (const body of ['', 'v=0\r\n']) {
          const nonce = bench.nonce(['auth', 'auth-int'], { algorithm });
          assert.equal(bench.ask({ nonce, qop, algorithm, body }), 'ok', `${algorithm} ${qop}`);
        }
      }
      if (!algorithm.endsWith('-sess')) {
        assert.equal(bench.ask({ nonce: bench.nonce([], { algorithm }), algorithm }), 'ok');
      }
    }
  });

  test('everything that a challenge can offer, in either order', () => {
    const bench = new GateBench();
    for (const offer of ['0', '1', 'auth', 'auth-int', 'auth,auth-int', 'auth-int,auth']) {
      const list = qopList(offer) ?? [];
      for (const qop of list.length === 0 ? [''] : list) {
        assert.equal(bench.ask({ nonce: bench.nonce(list), qop }), 'ok', `${offer}: ${qop}`);
      }
    }
  });

  test('auth-int: another body is another message', () => {
    const bench = new GateBench();
    const text = register({ nonce: bench.nonce(['auth-int']), qop: 'auth-int', body: 'v=0\r\n' });
    assert.equal(bench.verdict(text.replace('v=0', 'v=1')).outcome, 'wrong-password');
    assert.equal(bench.verdict(text).outcome, 'ok');
  });

  test('ACK and CANCEL always, PRACK in Kamailio’s dialect', () => {
    const bench = new GateBench();
    for (const method of ['ACK', 'CANCEL', 'PRACK']) {
      const text = register({ nonce: 'x', method });
      assert.equal(bench.verdict(text).outcome, 'exempt');
      assert.equal(bench.verdict(text, { flavour: 'opensips' }).outcome, method === 'PRACK' ? 'bad-nonce' : 'exempt');
    }
  });

  test('backslashes, hashed undone or as they stand', () => {
    const bench = new GateBench();
    for (const user of ['DOM\\alice', 'al\\"ice'])
      assert.equal(bench.ask({ nonce: bench.nonce(), qop: 'auth', user }), 'ok', user);
  });
});

describe('replay', () => {
  test('the same answer in another message; the message itself once more is a retransmission', () => {
    const bench = new GateBench();
    for (const qop of ['', 'auth']) {
      const nonce = bench.nonce(qop === '' ? [] : ['auth']);
      assert.equal(bench.ask({ nonce, qop }), 'ok');
      assert.equal(bench.ask({ nonce, qop }), 'ok');
      assert.equal(bench.ask({ nonce, qop, contact: 'thief' }), 'replayed stale');
      assert.equal(bench.ask({ nonce, qop }, { source: '192.0.2.66' }), 'replayed stale');
      assert.equal(bench.ask({ nonce, qop }, { sender: '5061 0' }), 'replayed stale');
      bench.clock.at += 65_000;
      assert.equal(bench.ask({ nonce, qop, contact: 'thief' }), 'replayed stale');
    }
  });

  test('nonce counts: each once, late ones too, an old one never', () => {
    const bench = new GateBench();
    const nonce = bench.nonce();
    const count = (nc: number, contact = 'me'): string =>
      bench.ask({ nonce, qop: 'auth', nc: nc.toString(16).padStart(8, '0'), contact });
    assert.deepEqual([count(1), count(3), count(2), count(100)], ['ok', 'ok', 'ok', 'ok']);
    for (const nc of [1, 2, 3, 50, 100]) assert.equal(count(nc, 'thief'), 'replayed stale');
    assert.equal(count(0), 'malformed');
    assert.equal(count(0xffffffff), 'ok');
  });

  test('a wrong password, an unknown user, a spoofed identity: who uses up what', () => {
    const bench = new GateBench({ settings: { checkIdentity: true } });
    const nonce = bench.nonce();
    assert.equal(bench.ask({ nonce, qop: 'auth', password: 'guess' }), 'wrong-password');
    assert.equal(bench.ask({ nonce, qop: 'auth', nc: 'ffffffff', password: 'guess' }), 'wrong-password');
    assert.equal(bench.uses.size, 0);
    assert.equal(bench.ask({ nonce, qop: 'auth' }), 'ok');
    assert.equal(bench.ask({ nonce, qop: 'auth', nc: '00000002', from: 'bob' }), 'identity');
    assert.equal(bench.ask({ nonce, qop: 'auth', nc: '00000003', to: 'bob' }), 'identity');
  });

  test('a use before the start is not known, and refused', () => {
    const bench = new GateBench();
    const nonce = bench.nonce();
    bench.clock.at += 5;
    const restarted = new Gate(SETTINGS, bench.nonces, new LocalUseStore(bench.clock, 1000), bench.guard);
    const found = restarted.present({
      message: parsed(register({ nonce, qop: 'auth' })),
      flavour: 'kamailio',
      hop: 'www',
      realm: REALM,
      source: 'x',
      connected: false,
      sender: '',
      bound: '',
    });
    assert.ok(!found.done);
    const proof = restarted.proof(found, { secret: new Secret('secret'), ha1: false }, false);
    const verdict = bench.decide(found, proof, restarted);
    assert.deepEqual([verdict.outcome, verdict.stale], ['replayed', true]);
  });

  test('one-time nonces are used once whatever the count; replays can be allowed', () => {
    const once = new GateBench({ settings: { reuse: 'once' } });
    const nonce = once.nonce();
    assert.equal(once.ask({ nonce, qop: 'auth' }), 'ok');
    assert.equal(once.ask({ nonce, qop: 'auth', nc: '00000002' }), 'reused stale');
    const free = new GateBench({ settings: { reuse: 'free' } });
    const again = free.nonce();
    for (const contact of ['a', 'b']) assert.equal(free.ask({ nonce: again, qop: 'auth', contact }), 'ok');
  });
});

describe('nonces of elsewhere', () => {
  test('another realm, hop, algorithm, qop, binding or key; too old; not yet; garbage', () => {
    const bench = new GateBench();
    const ask = (nonce: string, more: Partial<Answer> = {}, request: Partial<AuthRequest> = {}): string =>
      bench.ask({ nonce, qop: 'auth', ...more }, request);
    assert.equal(ask(bench.nonce(['auth'], { realm: 'other.example' })), 'stale stale');
    assert.equal(ask(bench.nonce(['auth'], { hop: 'proxy' })), 'stale stale');
    // Another nonce would not help a phone that cannot do what was asked for.
    assert.equal(ask(bench.nonce(['auth'], { algorithm: 'SHA-256' })), 'not-offered');
    assert.equal(ask(bench.nonce(['auth'], { algorithm: 'MD5-sess' })), 'not-offered');
    assert.equal(ask(bench.nonce(['auth-int'])), 'not-offered');
    assert.equal(ask(bench.nonce([])), 'not-offered');
    assert.equal(ask(bench.nonce(['auth-int'], { realm: 'other.example' })), 'stale stale');
    assert.equal(ask(bench.nonce(['auth'], { bound: '192.0.2.9' }), {}, { bound: '192.0.2.1' }), 'stale stale');
    assert.equal(ask(bench.service({ key: Buffer.alloc(32, 2) }).issue(SCOPE, ['auth'])), 'stale stale');
    assert.equal(ask('garbage'), 'bad-nonce stale');
    const nonce = bench.nonce();
    bench.clock.at += 300_001;
    assert.equal(ask(nonce), 'stale stale');
    bench.clock.at -= 310_000;
    assert.equal(ask(nonce), 'stale stale');
    // Who does not know the password is not told what is wrong with the nonce.
    assert.equal(ask('garbage', { password: 'x' }), 'wrong-password');
    assert.equal(ask(nonce, { password: 'x' }), 'wrong-password');
  });

  test('SHA-256 was asked for: MD5 with its nonce does not pass', () => {
    const bench = new GateBench();
    const nonce = bench.nonce(['auth'], { algorithm: 'SHA-256' });
    assert.equal(bench.ask({ nonce, qop: 'auth', algorithm: 'MD5' }), 'not-offered');
    assert.equal(bench.ask({ nonce, qop: 'auth', algorithm: 'SHA-256' }), 'ok');
  });

  test('a qop that was asked for cannot be left out, unless that is allowed; and not for a replay', () => {
    const bench = new GateBench();
    assert.equal(bench.ask({ nonce: bench.nonce() }), 'qop-missing');
    const lenient = new GateBench({ settings: { qopOptional: true } });
    const nonce = lenient.nonce();
    assert.equal(lenient.ask({ nonce }), 'ok');
    assert.equal(lenient.ask({ nonce, contact: 'thief' }), 'replayed stale');
  });

  test('secrets: any length from 8, shared between servers, changed without a storm', () => {
    const old = new Secret('an old secret');
    const young = new Secret('x'.repeat(100));
    const bench = new GateBench({ nonces: { secret: young, previous: [old] } });
    const before = bench.service({ secret: old });
    assert.equal(bench.ask({ nonce: before.issue(SCOPE, ['auth']), qop: 'auth' }), 'ok');
    const peer = bench.service({ secret: young });
    assert.equal(bench.ask({ nonce: peer.issue(SCOPE, ['auth']), qop: 'auth' }), 'ok');
    assert.equal(before.check(bench.nonce(), SCOPE, 'auth').state, 'unknown');
    assert.throws(() => bench.service({ secret: new Secret('short') }), { code: 'AUTH_SECRET' });
    assert.throws(() => bench.service({ accept: ['kamailio'] }), { code: 'AUTH_NONCE_FORMAT' });
    assert.throws(() => bench.service({ secret: old, accept: ['opensips'] }), { code: 'AUTH_SECRET' });
  });

  test('a farm: nonces of the servers before, each used once, by each of the users who got the same one', () => {
    const secret = new Secret('0123456789abcdef0123456789abcdef');
    const bytes = Buffer.from(secret.reveal());
    const bench = new GateBench({ nonces: { secret, accept: ['kamailio', 'openser', 'opensips-old', 'opensips'] } });
    bench.clock.at += 2_000;
    const seconds = Math.floor(bench.clock.at / 1000);
    const nonces = [
      encodeKamailio(kamailioSecrets(bytes, false), { expires: seconds + 300, since: seconds }),
      encodeOpenser(bytes, seconds + 300),
      encodeOpenser(bytes, seconds + 300, 7),
    ];
    for (const format of ['kamailio', 'openser', 'opensips-old', 'opensips'] as const) {
      nonces.push(bench.service({ secret, format }).issue(SCOPE, ['auth']));
    }
    for (const [at, nonce] of nonces.entries()) {
      const answer = { nonce, qop: 'auth', cnonce: `c${at}` };
      assert.equal(bench.ask(answer), 'ok', nonce);
      assert.equal(bench.ask({ ...answer, contact: 'thief' }), 'replayed stale');
      assert.equal(bench.ask({ ...answer, user: 'bob' }), 'ok');
      // None of them says for which algorithm it was, or it was MD5.
      assert.equal(bench.ask({ ...answer, cnonce: 'd', algorithm: 'SHA-256' }), 'not-offered');
    }
    const int = bench.service({ secret, format: 'opensips' }).issue(SCOPE, ['auth-int']);
    assert.equal(bench.ask({ nonce: int, qop: 'auth', cnonce: 'e' }), 'not-offered');
    assert.equal(bench.ask({ nonce: int, qop: 'auth-int', cnonce: 'e' }), 'ok');
    bench.clock.at += 302_000;
    for (const nonce of nonces) assert.equal(bench.ask({ nonce, qop: 'auth', user: 'carol' }), 'stale stale');
    const strict = new GateBench({ nonces: { secret } });
    for (const nonce of nonces) assert.equal(strict.nonces.check(nonce, SCOPE, 'auth').state, 'garbage');
  });
});

describe('credentials that cannot be trusted', () => {
  test('parameters twice, missing, oversized; unknown algorithm and qop; other schemes', () => {
    const bench = new GateBench();
    const ask = (more: Partial<Answer>, edit = (text: string): string => text): string =>
      bench.verdict(edit(register({ nonce: bench.nonce(), qop: 'auth', ...more }))).outcome;
    assert.equal(ask({ more: ', username="bob"' }), 'malformed');
    assert.equal(ask({ more: ', qop=auth' }), 'malformed');
    for (const name of ['username', 'realm', 'nonce', 'uri', 'response'])
      assert.equal(
        ask({}, (text) => text.replace(new RegExp(`([ ,])${name}="[^"]*",?`), '$1')),
        'malformed',
        name,
      );
    assert.equal(
      ask({}, (text) => text.replace(/, cnonce="[^"]*"/, '')),
      'malformed',
    );
    assert.equal(
      ask({}, (text) => text.replace(/, nc=\d+/, '')),
      'malformed',
    );
    assert.equal(ask({ algorithm: 'SHA-1' }), 'malformed');
    assert.equal(ask({ qop: 'auth-conf' }), 'malformed');
    assert.equal(ask({ cnonce: 'x'.repeat(5000) }), 'malformed');
    assert.equal(ask({ more: Array.from({ length: 60 }, (_, at) => `, x${at}=1`).join('') }).length > 0, true);
    assert.equal(
      ask({}, (text) => text.replace('Digest ', 'Basic ')),
      'no-credentials',
    );
    assert.equal(ask({ realm: 'other' }), 'no-credentials');
  });

  test('a broken header does not hide a good one', () => {
    const bench = new GateBench();
    const good = (): string => register({ nonce: bench.nonce(), qop: 'auth' });
    for (const bad of [
      'Digest username="',
      'Digest',
      `Digest ${'a'.repeat(5000)}`,
      'Basic x',
      'Digest realm="example.org"',
    ])
      assert.equal(
        bench.verdict(good().replace('Authorization:', `Authorization: ${bad}\r\nAuthorization:`)).outcome,
        'ok',
        bad.slice(0, 30),
      );
  });

  test('the digest’s uri can be held against the Request-URI', () => {
    for (const [check, outcomes] of [
      [0, ['ok', 'ok', 'ok']],
      [1, ['ok', 'ok', 'uri']],
      [2, ['ok', 'uri', 'uri']],
    ] as const) {
      const bench = new GateBench({ settings: { uriCheck: check } });
      const found = ['sip:example.org', 'sip:EXAMPLE.org;transport=udp', 'sip:evil.example'].map((uri) =>
        bench.ask({ nonce: bench.nonce(), qop: 'auth', uri }),
      );
      assert.deepEqual(found, outcomes);
    }
  });

  test('an HA1 of another length or no HA1 is an error, never a pass', () => {
    const bench = new GateBench();
    for (const ha1 of ['', 'xyz', 'a'.repeat(64), 'g'.repeat(32)]) {
      const found = bench.gate.present({
        message: parsed(register({ nonce: bench.nonce(), qop: 'auth' })),
        flavour: 'kamailio',
        hop: 'www',
        realm: REALM,
        source: 'x',
        connected: false,
        sender: '',
        bound: '',
      });
      assert.ok(!found.done);
      const proof = bench.gate.proof(found, { secret: new Secret(ha1), ha1: true }, true);
      assert.equal(bench.decide(found, proof).outcome, 'error');
    }
  });
});

test('a hundred thousand challenges cost no memory', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const bench = new GateBench();
  const flood = async (): Promise<number> => {
    for (let at = 0; at < 100_000; at++) bench.nonce();
    await new Promise((resolve) => setTimeout(resolve, 20));
    collect();
    return process.memoryUsage().heapUsed;
  };
  await flood();
  const before = await flood();
  const grown = (await flood()) - before;
  assert.ok(grown < 1_000_000, `${grown} bytes`);
  assert.equal(bench.uses.size, 0);
});
