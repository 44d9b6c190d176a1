/** Who guesses passwords, and who must not suffer from it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Guard } from '../../src/auth/guard.ts';
import { networkOf, sourceOf } from '../../src/auth/network.ts';
import { Secret } from '../../src/digest/secret.ts';
import { type Answer, Clock, GateBench, LIMITS, register } from './gate-bench.ts';

const HOME = '198.51.100.7';

/** A nonce that was sent to a source. */
function nonceFor(bench: GateBench, source: string): string {
  return bench.nonce(['auth'], {}, source);
}

/** An attempt from a source, as alice with a wrong password unless told otherwise. */
function guess(bench: GateBench, source: string, more: Partial<Answer> = {}, stored: string | null = 'secret'): string {
  return bench.ask({ nonce: nonceFor(bench, source), qop: 'auth', password: 'x', ...more }, { source }, stored);
}

const right = { password: 'secret' };

describe('a source', () => {
  test('that guesses is refused as if it were wrong, for any user; others are not', () => {
    const bench = new GateBench({ limits: { perSource: 5 } });
    for (let at = 0; at < 5; at++) assert.equal(guess(bench, '192.0.2.9', { user: `user${at}` }), 'wrong-password');
    const refused = bench.verdict(register({ nonce: nonceFor(bench, '192.0.2.9'), qop: 'auth' }), {
      source: '192.0.2.9',
    });
    assert.deepEqual([refused.outcome, refused.stale], ['banned', false]);
    assert.deepEqual(bench.guard.bans(), [{ kind: 'source', key: '192.0.2.9', leftMs: 300_000, refused: 1 }]);
    assert.equal(guess(bench, '192.0.2.10', right), 'ok');
    bench.clock.at += 300_001;
    assert.equal(guess(bench, '192.0.2.9', right), 'ok');
    assert.equal(bench.guard.liftAll(), 0);
  });

  test('unknown users and users without a usable secret count like wrong passwords', () => {
    for (const stored of [null, 'secret']) {
      const bench = new GateBench({ limits: { perSource: 3 } });
      for (let at = 0; at < 3; at++) guess(bench, HOME, {}, stored);
      assert.equal(guess(bench, HOME, right, stored), 'banned');
    }
    const bench = new GateBench({ limits: { perSource: 3 } });
    const unusable = (): string => {
      const found = bench.present(register({ nonce: nonceFor(bench, HOME), qop: 'auth' }), { source: HOME });
      if (found.done) return found.outcome;
      const proof = bench.gate.proof(found, { secret: new Secret(''), ha1: true }, true);
      return bench.decide(found, proof).outcome;
    };
    assert.deepEqual([unusable(), unusable(), unusable(), unusable()], ['error', 'error', 'error', 'banned']);
  });

  test('of IPv6 is a /64: its owner has all of its addresses', () => {
    const bench = new GateBench({ limits: { perSource: 5 } });
    for (let at = 1; at <= 5; at++) assert.equal(guess(bench, `2001:db8:0:7:${at}::1`), 'wrong-password');
    assert.equal(guess(bench, '2001:db8:0:7::99', right), 'banned');
    assert.equal(bench.guard.isBanned('2001:db8:0:7:ffff::'), true);
    assert.equal(guess(bench, '2001:db8:0:8::1', right), 'ok');
    assert.deepEqual(
      bench.guard.bans().map(({ key }) => key),
      ['2001:db8:0:7::/64'],
    );
    assert.equal(bench.guard.lift('2001:db8:0:7:1::1'), 1, 'by one of its addresses');
    assert.equal(guess(bench, '2001:db8:0:7::99', right), 'ok');
    assert.deepEqual(['::1', '::ffff:192.0.2.1', 'fe80::1%eth0', '2001:DB8:1:2:3:4:5:6', '192.0.2.1'].map(sourceOf), [
      '0:0:0:0::/64',
      '192.0.2.1',
      'fe80:0:0:0::/64',
      '2001:db8:1:2::/64',
      '192.0.2.1',
    ]);
    assert.deepEqual(['::1', '192.0.2.1', 'local'].map(networkOf), ['0:0:0::/48', '192.0.2.0/24', 'local']);
  });

  test('cannot outrun the count: attempts that were let in together and looked up later', () => {
    const bench = new GateBench({ limits: { perSource: 5 } });
    const presented = Array.from({ length: 50 }, () =>
      bench.present(register({ nonce: nonceFor(bench, HOME), qop: 'auth', password: 'x' }), { source: HOME }),
    );
    const outcomes = presented.map((one) => {
      assert.ok(!one.done);
      const proof = bench.gate.proof(one, { secret: new Secret('secret'), ha1: false }, false);
      return bench.decide(one, proof).outcome;
    });
    assert.equal(outcomes.filter((outcome) => outcome === 'wrong-password').length, 5);
    assert.equal(outcomes.filter((outcome) => outcome === 'banned').length, 45);
  });

  test('slow guessing is no guessing, and many names fill no memory', () => {
    const guard = new Guard({ ...LIMITS, perSource: 3, perUser: 3 }, new Clock());
    for (let at = 0; at < 50_000; at++) guard.failed(`s${at}`, `u${at}`);
    assert.equal(guard.bans().length, 0);
    const bench = new GateBench({ limits: { perSource: 3 } });
    for (let at = 0; at < 20; at++) {
      assert.equal(guess(bench, HOME), 'wrong-password');
      bench.clock.at += 40_000;
    }
  });
});

describe('a user', () => {
  /** A bot of its own network. */
  const bot = (at: number): string => `10.${at >> 8}.${at & 255}.66`;

  test('whom many sources guess: each network gets one attempt a ban, and the ban can be lifted', () => {
    const bench = new GateBench({ limits: { perUser: 8 } });
    for (let at = 0; at < 8; at++) assert.equal(guess(bench, bot(at)), 'wrong-password');
    assert.deepEqual(
      bench.guard.bans().map(({ kind, key }) => [kind, key]),
      [['user', 'alice@example.org']],
    );
    let looked = 0;
    for (let round = 0; round < 20; round++) {
      for (let at = 0; at < 50; at++) if (guess(bench, bot(at)) !== 'banned') looked++;
    }
    assert.equal(looked, 42, 'of 1000 guesses those of networks that had not failed');
    // Addresses of a network that failed are no new ones.
    assert.equal(guess(bench, '10.0.3.67', right), 'banned');
    assert.equal(guess(bench, bot(3), { ...right, user: 'bob' }), 'ok', 'other users are not meant');
    assert.equal(bench.guard.lift('alice@example.org'), 1);
    assert.equal(guess(bench, bot(3), right), 'ok');
  });

  test('who is known where he comes from, or comes from somewhere new, gets in while he is guessed', () => {
    const bench = new GateBench({ limits: { perUser: 8 } });
    assert.equal(guess(bench, HOME, right), 'ok');
    for (let hour = 0; hour < 24; hour++) {
      for (let at = 0; at < 300; at++) {
        guess(bench, bot(at));
        bench.clock.at += 1_000;
      }
      assert.equal(guess(bench, HOME, right), 'ok');
      assert.equal(guess(bench, `203.0.113.${hour}`, right), 'ok', `hour ${hour}`);
    }
  });

  test('who mistypes at a new address waits for the end of the ban, no longer', () => {
    const bench = new GateBench({ limits: { perUser: 8 } });
    for (let at = 0; at < 8; at++) guess(bench, bot(at));
    assert.equal(guess(bench, HOME), 'wrong-password');
    assert.equal(guess(bench, HOME, right), 'banned');
    bench.clock.at += 300_001;
    // The guessing goes on, and bans him again.
    for (let at = 0; at < 20; at++) guess(bench, bot(at));
    bench.clock.at += 61_000;
    assert.equal(guess(bench, HOME, right), 'ok');
  });

  test('is one whatever the spelling: letter case, domain, scheme', () => {
    const bench = new GateBench({ limits: { perUser: 6 } });
    for (const user of ['alice', 'ALICE', 'aLice', 'alice@a.example', 'alice@b.example', 'sip:alice'])
      assert.equal(guess(bench, HOME, { user }), 'wrong-password');
    assert.deepEqual(
      bench.guard.bans().map(({ key }) => key),
      ['alice@example.org'],
    );
    for (const user of ['Alice', 'alice@c.example', 'x:alice', 'x:ALICE@d'])
      assert.equal(guess(bench, HOME, { ...right, user }), 'banned', user);
  });

  test('is guarded from who sits behind the same gateway, too', () => {
    const bench = new GateBench({ limits: { perUser: 8 } });
    let looked = 0;
    for (let at = 0; at < 200; at++) {
      // The phone proves itself again and again; that must not wipe out the count.
      if (at % 4 === 0) guess(bench, HOME, right);
      if (guess(bench, HOME) === 'wrong-password') looked++;
    }
    assert.equal(looked, 16, 'a budget of the address, then one of the user');
    bench.clock.at += 300_001;
    assert.equal(guess(bench, HOME, right), 'ok');
  });
});

describe('a forged address', () => {
  const limits = { perSource: 3, perUser: 3 };
  /** What somebody elsewhere can send in another's name: every nonce but a fresh one that was sent there. */
  const nonces = (bench: GateBench): readonly string[] => {
    const old = nonceFor(bench, HOME);
    bench.clock.at += 300_001;
    // In the part that tells to whom it was sent.
    const altered = nonceFor(bench, HOME).replace(/^(.{24})(.)/, (_, head, one) => head + (one === 'A' ? 'B' : 'A'));
    return ['x', bench.nonce(), nonceFor(bench, '192.0.2.66'), altered, old];
  };

  test('has nobody refused, and guesses nothing: whatever the password, it is asked for again', () => {
    const bench = new GateBench({ limits });
    for (const nonce of nonces(bench)) {
      for (const password of ['x', 'y', 'z', 'secret']) {
        const { outcome, stale } = bench.verdict(register({ nonce, qop: 'auth', password }), { source: HOME });
        assert.deepEqual([outcome, stale], [nonce === 'x' ? 'bad-nonce' : 'stale', true], nonce);
      }
    }
    assert.deepEqual(bench.guard.bans(), []);
    assert.equal(guess(bench, HOME, right), 'ok');
  });

  test('is none where a connection shows it: whatever the nonce, it counts', () => {
    for (const nonce of ['x', 'own']) {
      const bench = new GateBench({ limits: { perSource: 3 } });
      const outcomes = Array.from({ length: 4 }, () => {
        const answer = { nonce: nonce === 'own' ? bench.nonce() : nonce, qop: 'auth', password: 'x' };
        return bench.ask(answer, { source: HOME, connected: true });
      });
      assert.deepEqual(outcomes, ['wrong-password', 'wrong-password', 'wrong-password', 'banned']);
    }
  });

  test('cannot be told where nonces are those of other servers: they are looked at and not counted', () => {
    const secret = new Secret('a long secret');
    const bench = new GateBench({ limits, nonces: { secret, format: 'kamailio' } });
    for (let at = 0; at < 9; at++) {
      assert.equal(guess(bench, HOME), 'wrong-password');
      bench.clock.at += 1_000;
    }
    assert.equal(guess(bench, HOME, right), 'ok');
  });

  test('is none for an answer to what was not asked: a phone that can do no other is not asked again without end', () => {
    const bench = new GateBench({ limits: { perSource: 3 } });
    const int = (): string => bench.nonce(['auth-int'], {}, HOME);
    const elsewhere = (): string => bench.nonce(['auth'], { realm: 'other' }, HOME);
    assert.equal(bench.ask({ nonce: int(), qop: 'auth' }, { source: HOME }), 'not-offered');
    assert.equal(bench.ask({ nonce: int(), qop: 'auth-int', algorithm: 'SHA-256' }, { source: HOME }), 'not-offered');
    assert.equal(bench.ask({ nonce: elsewhere(), qop: 'auth' }, { source: HOME }), 'stale stale');
    for (const nonce of [int(), elsewhere(), int()])
      assert.equal(bench.ask({ nonce, qop: 'auth', password: 'x' }, { source: HOME }), 'wrong-password');
    assert.equal(guess(bench, HOME, right), 'banned');
  });

  test('of the same /64 is the same source', () => {
    const bench = new GateBench({ limits });
    const nonce = nonceFor(bench, '2001:db8:0:7:1::1');
    assert.equal(bench.ask({ nonce, qop: 'auth' }, { source: '2001:db8:0:7:2::2' }), 'ok');
    assert.equal(bench.ask({ nonce, qop: 'auth', nc: '00000002' }, { source: '2001:db8:0:8::1' }), 'stale stale');
  });
});
