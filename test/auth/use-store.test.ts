/** Stores of uses, and the gate with one that answers later. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Presented, Verdict } from '../../src/auth/gate.ts';
import { LocalUseStore, USE_STORE_LIMIT_MS, type UseResult, WatchedUseStore } from '../../src/auth/use-store.ts';
import { Secret } from '../../src/digest/secret.ts';
import { realClock } from '../../src/time/clock.ts';
import { fakeTime } from '../../src/time/fake-clock.ts';
import { type Answer, GateBench, register } from './gate-bench.ts';
import { LaterUseStore, SharedEntries } from './later-use-store.ts';
import { useOf, usesAreKept } from './use-store-conformance.ts';

describe('the store of one process', () => {
  usesAreKept(() => {
    const store = new LocalUseStore(realClock, 1000);
    return [store, store];
  });
});

describe('a shared store that answers later', () => {
  usesAreKept(() => {
    const entries = new SharedEntries();
    return [new LaterUseStore(entries), new LaterUseStore(entries)];
  });
});

describe('the same, watched', () => {
  usesAreKept(() => {
    const entries = new SharedEntries();
    const { wheel } = fakeTime();
    const end = (): WatchedUseStore =>
      new WatchedUseStore(new LaterUseStore(entries), wheel, (why) => assert.fail(why));
    return [end(), end()];
  });
});

describe('a watched store', () => {
  const { clock, wheel } = fakeTime();
  const reasons: string[] = [];
  const watched = (use: () => unknown): WatchedUseStore =>
    new WatchedUseStore({ use: use as () => UseResult }, wheel, (reason) => void reasons.push(reason));

  test('answers at once where the store does', () => {
    for (const result of ['first', 'again', 'replay'] as const)
      assert.equal(watched(() => result).use(useOf('n'), 'a'), result);
    assert.deepEqual(reasons.splice(0), []);
  });

  test('does not know what a store says that fails, throws, or gives no answer that there is', async () => {
    const refused = async (): Promise<never> => {
      throw new Error('connection refused');
    };
    const thrown = (): never => {
      throw new TypeError('no such thing');
    };
    const stores = [refused, thrown, () => 'yes', async () => undefined, async () => 'unknown'];
    for (const use of stores) assert.equal(await watched(use).use(useOf('n'), 'a'), 'unknown');
    assert.deepEqual(reasons.splice(0), [
      'connection refused',
      'no such thing',
      'its answer is none that a store gives',
      'its answer is none that a store gives',
      'it cannot tell',
    ]);
  });

  test('waits for an answer, but not without end; one that comes too late counts for nothing', async () => {
    let answer: (result: UseResult) => void = () => {};
    const slow = watched(() => new Promise<UseResult>((resolve) => (answer = resolve)));
    const inTime = slow.use(useOf('n'), 'a');
    clock.advance(USE_STORE_LIMIT_MS - 1);
    answer('first');
    assert.equal(await inTime, 'first');
    assert.equal(wheel.size, 0);
    const tooLate = slow.use(useOf('m'), 'a');
    clock.advance(USE_STORE_LIMIT_MS + 100);
    answer('first');
    assert.equal(await tooLate, 'unknown');
    assert.deepEqual(reasons.splice(0), ['no answer within 1000 ms']);
  });
});

describe('the gate with a store that answers later', () => {
  /** Credentials that were looked at, up to the store. */
  function begun(
    bench: GateBench,
    answer: Answer,
    password = 'secret',
  ): { presented: Presented; verdict: Verdict | Promise<Verdict> } {
    const presented = bench.present(register(answer));
    assert.ok(!presented.done);
    const proof = bench.gate.proof(presented, { secret: new Secret(password), ha1: false }, false);
    return { presented, verdict: bench.gate.decide(presented, proof) };
  }
  const said = async (bench: GateBench, answer: Answer): Promise<string> => {
    const { outcome, stale } = await begun(bench, answer).verdict;
    return stale ? `${outcome} stale` : outcome;
  };

  test('lets in, takes retransmissions, refuses replays with stale=true', async () => {
    for (const [reuse, refusal] of [
      ['counted', 'replayed'],
      ['once', 'reused'],
    ] as const) {
      const bench = new GateBench({ uses: new LaterUseStore(), settings: { reuse } });
      const nonce = bench.nonce();
      assert.equal(await said(bench, { nonce, qop: 'auth' }), 'ok');
      assert.equal(await said(bench, { nonce, qop: 'auth' }), 'ok');
      assert.equal(await said(bench, { nonce, qop: 'auth', contact: 'thief' }), `${refusal} stale`);
      const next = await said(bench, { nonce, qop: 'auth', nc: '00000002' });
      assert.equal(next, reuse === 'counted' ? 'ok' : 'reused stale');
    }
  });

  test('of two copies at once one gets in, here or at a server that shares the store', async () => {
    const entries = new SharedEntries();
    const here = new GateBench({ uses: new LaterUseStore(entries) });
    const there = new GateBench({ uses: new LaterUseStore(entries) });
    const nonce = here.nonce();
    const outcomes = await Promise.all([
      said(here, { nonce, qop: 'auth', contact: 'one' }),
      said(here, { nonce, qop: 'auth', contact: 'two' }),
      said(there, { nonce, qop: 'auth', contact: 'three' }),
    ]);
    assert.deepEqual(outcomes.sort(), ['ok', 'replayed stale', 'replayed stale']);
  });

  test('the identity is looked at all the same', async () => {
    const bench = new GateBench({ uses: new LaterUseStore(), settings: { checkIdentity: true } });
    assert.equal(await said(bench, { nonce: bench.nonce(), qop: 'auth', from: 'bob' }), 'identity');
  });

  test('who does not know the password makes nobody ask it', async () => {
    const uses = new LaterUseStore();
    const bench = new GateBench({ uses });
    const { verdict } = begun(bench, { nonce: bench.nonce(), qop: 'auth' }, 'another');
    assert.equal((await verdict).outcome, 'wrong-password');
    assert.equal(uses.calls, 0);
  });

  test('a store that fails lets nobody in, and they are asked again', async () => {
    const uses = new LaterUseStore();
    const bench = new GateBench({ uses });
    uses.failing = () => Promise.reject(new Error('gone'));
    const nonce = bench.nonce();
    assert.equal(await said(bench, { nonce, qop: 'auth' }), 'use-unknown stale');
    uses.failing = async () => 'unknown';
    assert.equal(await said(bench, { nonce, qop: 'auth' }), 'use-unknown stale');
    uses.failing = null;
    assert.equal(await said(bench, { nonce, qop: 'auth' }), 'ok');
  });
});
