/**
 * What goes wrong around registrations: registrars that go away, datagrams that are lost, names that move, a process that is killed. Each time
 * every account is registered again within the time that the settings promise, none is forgotten, and nobody is flooded.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accountRow, EngineBench } from '../support/registration.ts';
import { ScriptedRegistrar } from '../support/scripted-registrar.ts';
import { sleep } from '../support/servers.ts';

const ACCOUNTS = 300;
/** REGISTERs a second to one registrar; retransmissions come on top. */
const RATE = 400;
/** Longest pause between two attempts, in seconds. */
const LONGEST = 2;

/** Settings with small bounds: all that takes minutes in service takes a second or two. */
const QUICK = {
  timerInterval: 1,
  rate: RATE,
  backOff: { base: 0.25, max: LONGEST, refusedBase: 1, refusedMax: LONGEST },
};

function fill(bench: EngineBench, proxy: string, expires: number): void {
  for (let n = 0; n < ACCOUNTS; n++) bench.engine.add(accountRow(`c${n}`, proxy, { expires }));
}

/** Every account's state, counted. */
function states(bench: EngineBench): string {
  const counts = new Map<string, number>();
  for (const { state } of bench.engine.list()) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
}

/** Waits until every account is registered, here and at the registrar. @returns milliseconds that it took */
async function complete(bench: EngineBench, registrar: ScriptedRegistrar, timeout: number): Promise<number> {
  const start = performance.now();
  await bench.holds(
    () => bench.engine.online === ACCOUNTS && registrar.bound === ACCOUNTS,
    timeout,
    () => `${states(bench)}; ${registrar.bound} bound`,
  );
  return performance.now() - start;
}

describe('chaos', { concurrency: true }, () => {
  it('the registrar goes away and comes back without its bindings', async (t) => {
    const registrar = await ScriptedRegistrar.open();
    const bench = await EngineBench.open(QUICK);
    fill(bench, registrar.uri, 4);
    await complete(bench, registrar, 10_000);
    await registrar.leave();
    registrar.forget();
    await sleep(6_000);
    assert.equal(bench.engine.online, 0, 'no binding outlives its time');
    const back = performance.now();
    await registrar.comeBack();
    // One pause, one attempt that was under way, and the queue.
    const took = await complete(bench, registrar, LONGEST * 1000 + 3_200 + 4_000);
    const peak = registrar.log.peakPerSecond(back);
    t.diagnostic(`all back after ${took.toFixed(0)} ms, at most ${peak} REGISTERs a second`);
    registrar.log.assertNoStorm(RATE * 1.5, back);
    registrar.log.assertOrder();
    await bench.close();
    await registrar.leave();
  });

  it('of 100 datagrams 20 are lost, each way', async (t) => {
    const registrar = await ScriptedRegistrar.open({ seed: 5 });
    const bench = await EngineBench.open(QUICK);
    registrar.loss = 20;
    fill(bench, registrar.uri, 5);
    const took = await complete(bench, registrar, 25_000);
    await sleep(6_000);
    const { online } = bench.engine;
    registrar.loss = 0;
    await complete(bench, registrar, 6_000);
    const { requests, retransmissions } = registrar.log;
    t.diagnostic(
      `all registered after ${took.toFixed(0)} ms; ${online} of ${ACCOUNTS} while it went on; ${requests.length} requests, ${retransmissions} again, at most ${registrar.log.peakPerSecond()} a second`,
    );
    assert.ok(online > ACCOUNTS * 0.8, `${online} online`);
    registrar.log.assertNoStorm(RATE * 2);
    await bench.close();
    await registrar.leave();
  });

  it('the name moves to another registrar', async (t) => {
    const first = await ScriptedRegistrar.open();
    const second = await ScriptedRegistrar.open();
    const bench = await EngineBench.open(QUICK);
    bench.dns.srv('carrier.test', first.port);
    fill(bench, 'sip:carrier.test', 4);
    await complete(bench, first, 10_000);
    bench.dns.srv('carrier.test', second.port);
    await first.leave();
    const took = await complete(bench, second, 4_000 + LONGEST * 1000 + 3_200 + 4_000);
    t.diagnostic(`all moved after ${took.toFixed(0)} ms, at most ${second.log.peakPerSecond()} REGISTERs a second`);
    second.log.assertNoStorm(RATE * 1.5);
    await bench.close();
    await second.leave();
  });

  it('no name server answers for a while: bindings are kept up by what is known, and nobody is forgotten', async (t) => {
    const registrar = await ScriptedRegistrar.open();
    const bench = await EngineBench.open(QUICK);
    bench.dns.srv('carrier.test', registrar.port);
    fill(bench, 'sip:carrier.test', 5);
    await complete(bench, registrar, 10_000);
    bench.dns.down = true;
    await sleep(8_000);
    const { online } = bench.engine;
    const asked = bench.dns.asked.length;
    bench.dns.down = false;
    const took = await complete(bench, registrar, LONGEST * 1000 + 6_000);
    t.diagnostic(`${online} online without names, ${asked} look-ups; all back after ${took.toFixed(0)} ms`);
    assert.ok(asked < 200, `${asked} look-ups`);
    registrar.log.assertNoStorm(RATE * 1.5);
    await bench.close();
    await registrar.leave();
  });
});
