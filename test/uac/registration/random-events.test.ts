import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { challenge, grant, Harness, type Reply, row } from './support.ts';

const RATE = 25;
const UUIDS = ['u0', 'u1', 'u2', 'u3', 'u4', 'u5'];

type Action =
  | { readonly kind: 'enable' | 'disable' | 'register' | 'unregister' | 'remove'; readonly uuid: string }
  | { readonly kind: 'put'; readonly uuid: string; readonly expires: number; readonly password: string }
  | { readonly kind: 'load'; readonly uuids: readonly string[] }
  | { readonly kind: 'active'; readonly value: boolean }
  | { readonly kind: 'registrar'; readonly mood: number }
  | { readonly kind: 'wait'; readonly ms: number };

const uuid = fc.constantFrom(...UUIDS);
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('enable', 'disable', 'register', 'unregister', 'remove' as const),
      uuid,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('put' as const),
      uuid,
      expires: fc.constantFrom(0, 5, 60, 3600),
      password: fc.constantFrom('a', 'b'),
    }),
  },
  fc.record({ kind: fc.constant('load' as const), uuids: fc.subarray(UUIDS) }),
  fc.record({ kind: fc.constant('active' as const), value: fc.boolean() }),
  fc.record({ kind: fc.constant('registrar' as const), mood: fc.nat(9) }),
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 20, 300, 5000, 40_000, 700_000),
    }),
  },
);

/** What a registrar in this mood answers. */
function answer(mood: number, request: Parameters<typeof grant>[0], count: number): Reply | null {
  const nonce = request.authorization === '';
  switch (mood) {
    case 0:
      return null;
    case 1:
      return { status: 503, headers: ['Retry-After: 3'] };
    case 2:
      return { status: 500, after: 700 };
    case 3:
      return challenge(`realm="r", nonce="${count}", stale=${count % 2 === 0}`);
    case 4:
      return { status: 423, headers: [`Min-Expires: ${(count * 37) % 5000}`] };
    case 5:
      return { status: 302, headers: [`Contact: <sip:198.51.100.${count % 4}>`] };
    case 6:
      return { status: 200, headers: ['Contact: <sip:other@h>;expires=0'] };
    case 7:
      return { status: 404 };
    case 8:
      return nonce ? challenge('realm="r", nonce="n", qop="auth"') : { ...grant(request), after: 900 };
    default:
      return nonce ? challenge('realm="r", nonce="n", qop="auth"') : grant(request);
  }
}

it('random events never leave an account behind, and never go beyond the rate', () => {
  fc.assert(
    fc.property(fc.array(action, { minLength: 5, maxLength: 60 }), fc.nat(1000), (actions, seed) => {
      let mood = 9;
      const bench = new Harness(
        (request, count) => answer(mood, request, count),
        { rate: RATE, timerInterval: 10 },
        seed,
      );
      const { engine } = bench;
      for (const one of actions) {
        switch (one.kind) {
          case 'put':
            engine.refresh(row(one.uuid, { expires: one.expires, authPassword: one.password }));
            break;
          case 'load': {
            const load = engine.beginLoad();
            load.take(one.uuids.map((name) => row(name)));
            load.commit();
            break;
          }
          case 'active':
            engine.active = one.value;
            break;
          case 'registrar':
            ({ mood } = one);
            break;
          case 'wait':
            bench.advance(one.ms);
            break;
          default:
            engine[one.kind](one.uuid);
        }
        assert.deepEqual(engine.assertAlive(), []);
        const views = [...engine.list()];
        assert.equal(views.length, engine.size);
        for (const view of views)
          if (view.online) assert.ok(view.timerExpires >= bench.clock.wall() / 1000 - 1, 'online past its end');
      }
      assert.equal(engine.repairs, 0);
      // By registrar: each way has a rate of its own.
      const byWay = Map.groupBy(bench.requests, ({ to }) => `${to.ip}:${to.port}`);
      for (const requests of byWay.values())
        for (let i = 0; i + RATE < requests.length; i++) {
          const end = requests[Math.min(i + RATE + 2, requests.length - 1)];
          const begin = requests[i];
          if (end !== undefined && begin !== undefined && i + RATE + 2 < requests.length)
            assert.ok(end.at - begin.at >= 990, `${RATE + 3} REGISTERs in ${end.at - begin.at} ms`);
        }
      // When all is well everybody who is to be registered is, within the longest pause and a refused one's.
      mood = 9;
      engine.active = true;
      bench.advance(3_700_000 * 2);
      for (const { state, row: account } of engine.list())
        assert.ok(
          ['registered', 'refreshing', 'disabled', 'unregistered', 'idle'].includes(state),
          `${account.uuid} is ${state}`,
        );
      assert.equal(
        engine.online,
        [...engine.list()].filter(({ state }) => state === 'registered' || state === 'refreshing').length,
      );
    }),
    { numRuns: 150 },
  );
});
