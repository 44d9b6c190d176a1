/**
 * A registrar that answers most accounts and is silent towards some, as many are towards customers that are suspended or unknown: what that
 * costs the others, and that nothing of it becomes a flood where a registrar is slow, overloaded or gone.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { challenge, grant, Harness, type Registrar, type Request, row } from './support.ts';

/** Most requests at once in front of a registrar that answers quickly. */
const WINDOW = 64;
/** Most of those that were silent last time, beside the window. */
const DOUBTFUL = 16;
/** Most requests whose places are lent out. */
const LENT = 1024;

/** The account's number: its r_username is `r-uN`. */
function numberOf(request: Request): number {
  return Number(/r-u(\d+)/.exec(request.header('To'))?.[1]);
}

/** Challenges and grants, and says nothing to those who are chosen. */
function silentTo(chosen: (n: number) => boolean, after = 5): Registrar {
  return (request) => {
    if (chosen(numberOf(request))) return null;
    if (request.authorization === '') return { ...challenge('realm="r", nonce="n", qop="auth"'), after };
    return { ...grant(request), after };
  };
}

/** Accounts 0 to `count - 1` in the order of a table. */
function fill(bench: Harness, count: number, over: Parameters<typeof row>[1] = {}): void {
  bench.watched = false; // it would look at thousands after each answer
  const load = bench.engine.beginLoad();
  load.take(Array.from({ length: count }, (_, n) => row(`u${n}`, over)));
  load.commit();
}

function way(bench: Harness): { readonly window: number; readonly outstanding: number; readonly waiting: number } {
  const [first] = bench.engine.registrars();
  assert.ok(first !== undefined);
  return first;
}

/** Moves the clock a step at a time. @returns the most requests outstanding at any of them */
function mostOutstanding(bench: Harness, ms: number, step = 20): number {
  let most = 0;
  for (let at = 0; at < ms; at += step) {
    bench.advance(step);
    most = Math.max(most, way(bench).outstanding);
  }
  return most;
}

/** The most REGISTERs, repetitions not counted, in any second from then on. */
function peak(bench: Harness, from = 0): number {
  const at = bench.requests.map((one) => one.at).filter((time) => time >= from);
  let most = 0;
  for (let begin = 0, end = 0; end < at.length; end++) {
    while ((at[begin] ?? 0) < (at[end] ?? 0) - 1000) begin++;
    most = Math.max(most, end - begin + 1);
  }
  return most;
}

/** The same chance for every account and run. */
function hash(n: number): number {
  return (Math.imul(n + 1, 0x9e3779b1) >>> 0) / 0x1_0000_0000;
}

describe('accounts that a registrar never answers', () => {
  const proto = { udp: 'sip:198.51.100.1:5060', tcp: 'sip:198.51.100.1:5060;transport=tcp' };
  const arrangements = {
    'here and there': (n: number) => n % 5 < 2,
    'all of them first': (n: number) => n < 200,
    'all of them in the middle': (n: number) => n >= 150 && n < 350,
    'all of them last': (n: number) => n >= 300,
  };
  for (const [where, chosen] of Object.entries(arrangements))
    for (const [name, proxy] of Object.entries(proto))
      it(`200 of 500, ${where}, by ${name}: the others are registered in seconds`, () => {
        const bench = new Harness(silentTo(chosen), {}, 1, name === 'tcp');
        fill(bench, 500, { proxy });
        bench.advance(8000);
        assert.equal(bench.engine.online, 300, JSON.stringify(bench.engine.registrars()));
        assert.equal(bench.requests.filter((one) => !chosen(numberOf(one))).length, 600);
        assert.deepEqual(bench.engine.assertAlive(), []);
      });

  it('one in twenty of 20,000: the others in half a minute, with no more out than is said', () => {
    const bench = new Harness(silentTo((n) => hash(n) < 0.05));
    fill(bench, 20_000);
    const most = mostOutstanding(bench, 40_000);
    assert.equal(
      bench.engine.online,
      Array.from({ length: 20_000 }, (_, n) => n).filter((n) => hash(n) >= 0.05).length,
    );
    assert.ok(most <= WINDOW + DOUBTFUL + LENT, `${most}`);
    assert.deepEqual(bench.engine.assertAlive(), []);
  });

  it('their silence is no sign of loss: the window stays, and calls go on to that address', () => {
    const bench = new Harness(silentTo((n) => n < 450 && n % 3 === 0));
    fill(bench, 500);
    bench.advance(10_000);
    const { window } = way(bench);
    assert.equal(window, WINDOW);
    for (let n = 0; n < 30; n++) {
      bench.engine.register('u499');
      bench.advance(1000);
    }
    assert.equal(bench.engine.results('timeout'), 150);
    assert.equal(way(bench).window, WINDOW);
    assert.deepEqual(bench.denied, []);
  });

  it('those that are answered after all go on, and many at once do not flood', () => {
    const wakes = 24_500;
    // Those who were silent: whatever comes of them in four seconds is answered at one time.
    const bench = new Harness((request, count) => {
      const { at } = request;
      if (numberOf(request) % 2 !== 0 || at >= wakes) return silentTo(() => false)(request, count);
      return at < wakes - 4100 ? null : { ...challenge('realm="r", nonce="n", qop="auth"'), after: wakes - at };
    });
    fill(bench, 1000);
    bench.advance(wakes - 100);
    assert.equal(bench.engine.online, 500);
    assert.ok(way(bench).outstanding > 250, `${way(bench).outstanding} are out`);
    let burst = 0;
    for (let at = 0; at < 500; at += 4) {
      const { length } = bench.requests;
      bench.advance(4);
      burst = Math.max(burst, bench.requests.length - length);
    }
    assert.ok(burst <= WINDOW + DOUBTFUL, `${burst} at once`);
    assert.ok(bench.engine.online > 750, `${bench.engine.online}`);
    bench.advance(120_000);
    assert.equal(bench.engine.online, 1000);
    assert.equal(way(bench).outstanding, 0);
    assert.deepEqual(bench.engine.assertAlive(), []);
  });

  it('are not counted as a window that is used up', () => {
    const bench = new Harness(silentTo((n) => n > 0));
    fill(bench, 30);
    for (let at = 0; at < 25; at++) {
      bench.engine.register('u0');
      bench.advance(1000);
    }
    assert.equal(way(bench).outstanding, 29);
    assert.ok(way(bench).window <= DOUBTFUL + 2, `${way(bench).window}`);
  });

  it('with a rate they cost the others no more than their requests', () => {
    const bench = new Harness(
      silentTo((n) => n % 5 < 2),
      { rate: 50 },
    );
    fill(bench, 500);
    bench.advance(20_000);
    assert.equal(bench.engine.online, 300);
    assert.ok(peak(bench) <= 55, `${peak(bench)}`);
  });
});

describe('when silent accounts come again', () => {
  it('refreshes of the others wait for none of them, be they many and all at once', () => {
    const bench = new Harness(silentTo((n) => n >= 300));
    fill(bench, 1300, { expires: 90 });
    /** @returns the longest time for which one of the others stood in a queue, in milliseconds */
    const longestWait = (ms: number): number => {
      const waiting = new Map<number, number>();
      let longest = 0;
      for (let at = 0; at < ms; at += 100) {
        bench.advance(100);
        for (let n = 0; n < 300; n++) {
          const waits = bench.view(`u${n}`).state === 'queued' ? (waiting.get(n) ?? 0) + 100 : 0;
          waiting.set(n, waits);
          longest = Math.max(longest, waits);
        }
      }
      return longest;
    };
    // Those who were never asked before stand in the same window: until their places are lent out.
    const first = longestWait(400_000);
    assert.ok(first <= 2100, `${first} ms`);
    assert.ok(bench.engine.results('timeout') >= 1000, `${bench.engine.results('timeout')}`);
    // Later they are told apart. They are all due when the engine goes on.
    for (let round = 0; round < 2; round++) {
      bench.engine.active = false;
      bench.advance(20_000);
      bench.engine.active = true;
      bench.advance(100);
      const wait = longestWait(200_000);
      assert.ok(wait <= 100, `${wait} ms`);
      assert.equal(bench.engine.online, 300);
    }
    assert.ok(!bench.log.some((line) => line.includes('UAC_REG_EXPIRED')));
  });

  it('nobody else being asked for long, they go a few at a time and take no place of those who come then', () => {
    let suspended = false;
    const bench = new Harness(silentTo((n) => suspended && n > 0));
    fill(bench, 300, { expires: 7200 });
    bench.advance(10_000);
    assert.equal(bench.engine.online, 300);
    suspended = true;
    for (let n = 1; n < 300; n++) bench.engine.refresh(row(`u${n}`, { expires: 7201 }));
    // Two of u0 among them: the registrar lives.
    for (let at = 0; at < 60; at++) {
      bench.engine.register('u0');
      bench.advance(1000);
    }
    assert.ok(bench.engine.results('timeout') > 200);
    const before = bench.requests.length;
    bench.advance(3_000_000);
    assert.ok(bench.requests.length - before < 400, `${bench.requests.length - before} in 50 minutes`);
    const sent = bench.engine.sent;
    bench.engine.register('u0');
    assert.equal(bench.engine.sent, sent + 1, 'at once');
    bench.advance(50);
    assert.equal(bench.view('u0').state, 'registered');
    assert.ok(way(bench).outstanding >= DOUBTFUL, `it lives, and more of them go: ${JSON.stringify(way(bench))}`);
  });

  it('a refresh waits for none of those who have no binding, although nobody was answered for long', () => {
    const bench = new Harness(silentTo((n) => n > 0));
    bench.engine.add(row('u0'));
    bench.advance(100);
    for (let n = 1; n < 100; n++) bench.engine.add(row(`u${n}`));
    bench.advance(300_000);
    assert.equal(way(bench).window, 2);
    // Two are out, and will be for long.
    while (bench.clock.now() - bench.last.at > 200) bench.advance(100);
    bench.advance(4000);
    assert.equal(way(bench).outstanding, 2);
    bench.engine.register('u0');
    bench.advance(100);
    assert.equal(bench.view('u0').state, 'registered');
  });

  it('once answered, they are as others', () => {
    let suspended = true;
    const bench = new Harness((request) => {
      if (suspended && numberOf(request) % 2 === 0) return null;
      return { ...grant(request), after: 100 };
    });
    fill(bench, 200, { expires: 600 });
    bench.advance(40_000);
    suspended = false;
    bench.advance(200_000);
    assert.equal(bench.engine.online, 200);
    bench.engine.active = false;
    bench.advance(900_000);
    bench.engine.active = true;
    bench.advance(50);
    assert.equal(way(bench).outstanding, way(bench).window, 'none has a place beside the window');
  });

  it('a command for one of them goes at once', () => {
    const bench = new Harness(silentTo((n) => n % 2 === 0));
    fill(bench, 200);
    bench.advance(20_000);
    bench.engine.active = false;
    bench.advance(150_000);
    bench.engine.active = true;
    bench.advance(100);
    const [waiting] = [...bench.engine.list()].filter(({ state }) => state === 'queued');
    assert.ok(waiting !== undefined, 'more than have a place');
    const { sent } = bench.engine;
    bench.engine.register(waiting.row.uuid);
    assert.equal(bench.engine.sent, sent + 1);
  });
});

describe('a registrar in trouble', () => {
  it('that falls silent to everybody gets no more than its window, and then a few', () => {
    for (const share of [0, 0.05]) {
      let dead = false;
      const bench = new Harness(silentTo((n) => dead || hash(n) < share));
      fill(bench, 20_000);
      bench.advance(1500);
      assert.ok(bench.engine.online > 1000 && bench.engine.online < 19_000, `${bench.engine.online}`);
      dead = true;
      const from = bench.clock.now();
      const before = bench.requests.length;
      bench.advance(30_000);
      // What was out is repeated; two more are tried, in case it is those accounts only, and those that were passed over give their places.
      assert.ok(bench.requests.length - before <= 2 * WINDOW + 2, `${bench.requests.length - before} in 30 s`);
      assert.ok(peak(bench, from + 1) <= WINDOW + 2, `${peak(bench, from + 1)}`);
      bench.advance(270_000);
      assert.ok(bench.requests.length - before <= 3 * WINDOW + 60, `${bench.requests.length - before} in five minutes`);
      const { length } = bench.requests;
      bench.advance(600_000);
      assert.ok(
        bench.requests.length - length <= 2 * (600 / 30 + 1) * 2,
        `${bench.requests.length - length} in ten more`,
      );
      dead = false;
      bench.advance(50_000);
      assert.ok(bench.engine.online > 17_000, `${bench.engine.online} are back`);
      assert.deepEqual(bench.engine.assertAlive(), []);
    }
  });

  it('that was never there is asked by a few of 20,000', () => {
    const bench = new Harness(() => null);
    fill(bench, 20_000);
    bench.advance(31_000);
    const { length } = bench.requests;
    assert.ok(length <= 20, `${length}`);
    bench.advance(600_000);
    assert.ok(bench.requests.length - length <= 2 * (600 / 30 + 1), `${bench.requests.length - length}`);
    bench.registrars.set(
      '',
      silentTo(() => false),
    );
    bench.advance(20_000);
    assert.ok(bench.engine.online > 19_900, `${bench.engine.online}`);
  });

  for (const [name, proxy] of [
    ['udp', 'sip:198.51.100.1'],
    ['tcp', 'sip:198.51.100.1;transport=tcp'],
  ] as const)
    it(`that is slow, some answers before others, by ${name}: lends few places`, () => {
      let count = 0;
      const bench = new Harness(
        // One answer for each request, its repetitions meet a server that is busy with it.
        (request, total) => (total > count ? { ...grant(request), after: 20 + 10_000 * hash(++count) } : null),
        {},
        1,
        name === 'tcp',
      );
      fill(bench, 5000, { proxy });
      const first = mostOutstanding(bench, 60_000);
      assert.ok(first <= 200, `${first} before that is known`);
      const later = mostOutstanding(bench, 120_000);
      assert.ok(later <= 2 * WINDOW + DOUBTFUL, `${later}`);
      assert.ok(bench.engine.online > 100);
      assert.equal(bench.engine.results('timeout'), 0);
      // When it is well again, and the silence is that of accounts, more are lent than now.
      bench.registrars.set(
        '',
        silentTo((n) => n >= 6000),
      );
      bench.advance(60_000);
      for (let n = 6000; n < 7000; n++) bench.engine.add(row(`u${n}`, { proxy }));
      let most = 0;
      for (let at = 0; at < 300; at++) {
        bench.engine.register('u0');
        bench.advance(1000);
        most = Math.max(most, way(bench).outstanding);
      }
      assert.ok(most > 3 * WINDOW, `${most}`);
    });

  it('that drops most of what comes is not pressed harder than a small window does', () => {
    let free = 0;
    // Twenty a second and no room to wait.
    const bench = new Harness((request) => {
      const { at } = request;
      if (at < free) return null;
      free = at + 50;
      return { ...grant(request), after: 50 };
    });
    fill(bench, 2000);
    bench.advance(10_000);
    const most = mostOutstanding(bench, 60_000);
    assert.ok(most <= WINDOW + 2 * DOUBTFUL, `${most}`);
    const sent = bench.requests.length + bench.repeats;
    bench.advance(30_000);
    const rate = (bench.requests.length + bench.repeats - sent) / 30;
    assert.ok(rate < 120, `${rate} datagrams a second`);
    assert.ok(way(bench).window <= 2 * DOUBTFUL, `${way(bench).window}`);
  });

  it('a way that loses a fifth each way keeps its small window, and lends few places in vain', () => {
    let dice = 1;
    const lost = (): boolean => {
      dice = (Math.imul(dice, 1664525) + 1013904223) >>> 0;
      return dice / 0x1_0000_0000 < 0.36;
    };
    const bench = new Harness((request) => (lost() ? null : { ...grant(request), after: 10 }));
    fill(bench, 5000);
    const most = mostOutstanding(bench, 20_000);
    assert.ok(most <= 2 * WINDOW, `${most}`);
    bench.advance(120_000);
    assert.equal(bench.engine.online, 5000);
    assert.equal(bench.engine.results('timeout'), 0);
  });
});
