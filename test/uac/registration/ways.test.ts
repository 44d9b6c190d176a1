import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ResolvedTarget } from '../../../src/proxy/next-hop.ts';
import { challenge, grant, granting, Harness, type Registrar, row } from './support.ts';

function target(ip: string): ResolvedTarget {
  return { proto: 'udp', ip, port: 5060, serverName: '' };
}

const A = target('198.51.100.10');
const B = target('198.51.100.20');

function named(registrar: Registrar, targets: readonly ResolvedTarget[] | null = [A, B]): Harness {
  const bench = new Harness(registrar);
  bench.names.set('reg.example', targets);
  return bench;
}

const byName = { proxy: 'sip:reg.example' };

describe('targets', () => {
  it('the next target within the attempt: on silence, on 503, when it cannot be sent; denied for a while', () => {
    for (const fault of ['silence', '503', 'refused'] as const) {
      const one = named(granting);
      if (fault === 'refused') one.broken.set(`${A.ip}:5060`, 'TRANSPORT_UNREACHABLE');
      else one.registrars.set(`${A.ip}:5060`, () => (fault === '503' ? { status: 503 } : null));
      one.engine.add(row('u1', byName));
      one.advance(31_000);
      assert.equal(one.view().state, 'registered', fault);
      assert.equal(one.last.to.ip, B.ip);
      assert.deepEqual(one.denied, [`${A.ip}:5060`]);
      assert.equal(one.view().failures, 0);
      assert.ok(
        one.engine.registrars().every(({ outstanding }) => outstanding === 0),
        'no place is kept',
      );
      assert.equal(one.view().registrar, `udp:${B.ip}:5060`);
    }
  });

  it('503 with Retry-After blocks that target for everybody, not the other one', () => {
    const bench = named(granting);
    bench.registrars.set(`${A.ip}:5060`, () => ({ status: 503, headers: ['Retry-After: 600'] }));
    bench.engine.add(row('u1', byName));
    bench.advance(100);
    bench.engine.add(row('u2', byName));
    bench.advance(100);
    assert.equal(bench.engine.online, 2);
    assert.equal(bench.requests.filter(({ to }) => to.ip === A.ip).length, 1);
  });

  it('sticky to the target that answered, as long as the name leads there', () => {
    const bench = named(granting, [B]);
    bench.engine.add(row('u1', byName));
    bench.advance(100);
    bench.names.set('reg.example', [A, B]);
    bench.advance(3600_000);
    assert.equal(bench.last.to.ip, B.ip);
    bench.names.set('reg.example', [A]);
    bench.advance(3600_000);
    assert.equal(bench.last.to.ip, A.ip);
    assert.equal(bench.requests.length, 3);
  });

  it('a name that cannot be resolved is tried again soon, then with pauses; one look-up for all', async () => {
    const bench = named(granting, null);
    bench.cached = false;
    for (let n = 0; n < 50; n++) bench.engine.add(row(`u${n}`, byName));
    await bench.settle();
    assert.equal(bench.view('u0').state, 'retrying');
    assert.equal(bench.engine.results('unresolvable'), 50);
    assert.ok(bench.nextIn('u0') <= 4);
    bench.names.set('reg.example', [A]);
    bench.advance(4000);
    await bench.settle();
    bench.advance(100);
    assert.equal(bench.engine.online, 50);
  });

  it('a name without addresses fails the account, not the engine', () => {
    const bench = named(granting, []);
    bench.engine.add(row('u1', byName));
    assert.equal(bench.view().state, 'retrying');
    assert.match(bench.view().lastReason, /no address/);
  });

  it('each target has its own place: one that is silent holds up nobody at the other', () => {
    const bench = named(granting, [A]);
    bench.registrars.set(`${A.ip}:5060`, () => null);
    bench.engine.add(row('u1', byName));
    bench.engine.add(row('u2', { proxy: `sip:${B.ip}` }));
    bench.advance(100);
    assert.equal(bench.view('u2').state, 'registered');
  });
});

describe('pace', () => {
  function crowd(registrar: Registrar, count: number, settings = {}): Harness {
    const bench = new Harness(registrar, settings);
    const load = bench.engine.beginLoad();
    load.take(Array.from({ length: count }, (_, n) => row(`u${n}`)));
    load.commit();
    return bench;
  }

  /** A registrar that serves one request a millisecond and has room for 90: more are lost. */
  function small(bench: () => Harness): Registrar {
    let free = 0;
    let lost = 0;
    return (request) => {
      const now = bench().clock.now();
      free = Math.max(free, now) + 1;
      if (free - now > 90) {
        free--;
        lost++;
        return null;
      }
      const after = free - now;
      assert.equal(lost, 0, 'lost');
      return request.authorization === ''
        ? { ...challenge('realm="r", nonce="n", qop="auth"'), after }
        : { ...grant(request), after };
    };
  }

  it('thousands at a start: nothing is lost, nothing repeated, and the registrar is kept busy', () => {
    let bench: Harness | null = null;
    bench = crowd(
      small(() => bench as Harness),
      0,
    );
    bench.watched = false; // it would look at thousands after each answer
    const load = bench.engine.beginLoad();
    load.take(Array.from({ length: 3000 }, (_, n) => row(`u${n}`)));
    load.commit();
    bench.advance(10_000);
    assert.equal(bench.engine.online, 3000);
    assert.equal(bench.requests.length, 6000);
    assert.equal(bench.repeats, 0);
    assert.deepEqual(bench.engine.assertAlive(), []);
    const [way] = bench.engine.registrars();
    assert.ok((way?.window ?? 0) <= 64 && (way?.window ?? 0) >= 32);
  });

  it('a registrar that is silent is asked by a few only, and by all when it is back', () => {
    const bench = crowd(() => null, 500);
    bench.advance(300_000);
    assert.ok(bench.requests.length < 60, `${bench.requests.length} in five minutes`);
    assert.equal(
      bench.engine.count('queued') + bench.engine.count('registering') + bench.engine.count('retrying'),
      500,
    );
    bench.registrars.set('', granting);
    bench.advance(20_000);
    assert.ok(bench.engine.online > 480, `${bench.engine.online}`);
    bench.advance(300_000);
    assert.equal(bench.engine.online, 500);
  });

  it('a link that loses one in twenty by chance keeps its window; one that loses every third does not', () => {
    const lossy = (every: number) => {
      let count = 0;
      const bench = crowd((request) => (++count % every === 0 ? null : { ...grant(request), after: 2 }), 0);
      bench.watched = false;
      const load = bench.engine.beginLoad();
      load.take(Array.from({ length: 3000 }, (_, n) => row(`u${n}`)));
      load.commit();
      // By then all but the last answers, which come after repetitions alone, have come.
      bench.advance(1000);
      const window = bench.engine.registrars()[0]?.window ?? 0;
      bench.advance(2500);
      return { online: bench.engine.online, window };
    };
    const chance = lossy(20);
    assert.equal(chance.window, 64);
    assert.equal(chance.online, 3000);
    const jam = lossy(3);
    assert.ok(jam.window < 40, `${jam.window}`);
  });

  it('a way that is long gets a wide window', () => {
    const bench = crowd((request) => ({ ...grant(request), after: 100 }), 3000);
    bench.advance(8000);
    assert.ok((bench.engine.registrars()[0]?.window ?? 0) > 200, JSON.stringify(bench.engine.registrars()));
    assert.equal(bench.repeats, 0);
  });

  it('reg_rate is a hard bound, answers to challenges included', () => {
    const bench = crowd(
      (request) => (request.authorization === '' ? challenge('realm="r", nonce="n"') : grant(request)),
      300,
      { rate: 20 },
    );
    bench.advance(40_000);
    assert.equal(bench.engine.online, 300);
    for (let from = 0; from < 40_000; from += 500) {
      const sent = bench.requests.filter(({ at }) => at >= from && at < from + 1000).length;
      assert.ok(sent <= 22, `${sent} in the second from ${from}`);
    }
    assert.ok((bench.requests.at(-1)?.at ?? 0) >= 29_000);
  });

  it('refreshes go before first registrations', () => {
    const bench = new Harness(granting, { rate: 5 });
    bench.engine.add(row('first', { expires: 60 }));
    bench.advance(1000);
    for (let n = 0; n < 1000; n++) bench.engine.add(row(`u${n}`));
    bench.advance(120_000);
    assert.equal(bench.view('first').online, true);
    assert.ok(!bench.log.some((line) => line.includes('UAC_REG_EXPIRED')));
  });

  it('refreshes of those who registered together are spread', () => {
    const bench = crowd(granting, 1000);
    bench.watched = false;
    bench.advance(3600_000);
    const refreshes = bench.requests.slice(1000).map(({ at }) => Math.floor(at / 10_000));
    const most = Math.max(...[...new Set(refreshes)].map((slot) => refreshes.filter((one) => one === slot).length));
    assert.equal(refreshes.length, 1000);
    assert.ok(most < 150, `${most} of 1000 in ten seconds`);
  });
});

describe('keepalives', () => {
  it('one for each way while a binding is held', () => {
    const bench = new Harness(granting, { keepaliveInterval: 20 });
    for (let n = 0; n < 5; n++) bench.engine.add(row(`u${n}`));
    bench.advance(101_000);
    // RFC 5626 §4.4: after 16 to 20 seconds each.
    const { length } = bench.pings;
    assert.ok(length === 5 || length === 6, `${length} keepalives`);
    for (let n = 0; n < 5; n++) bench.engine.disable(`u${n}`);
    bench.advance(100_000);
    assert.equal(bench.pings.length, length);
    bench.engine.enable('u0');
    bench.advance(41_000);
    assert.equal(bench.pings.length, length + 2);
  });
});
