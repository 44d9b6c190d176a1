import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Target } from '../../src/proxy/target.ts';
import { ProxyBench, request, sentTo, type TestRoutes, turn } from './support.ts';

/** Relays everything, INVITEs to these targets. */
function relayTo(uris: readonly string[], more: Partial<TestRoutes> = {}): ProxyBench {
  return new ProxyBench({
    request: (state, proxy) => {
      if (state.message.method === 'INVITE') {
        state.target.uri = uris[0] as string;
        state.branches = uris.slice(1).map((uri) => new Target(uri));
        if (more.failure !== undefined) state.onFailure = 'F';
        if (more.reply !== undefined) state.onReply = 'R';
      }
      proxy.relay(state);
    },
    ...more,
  });
}

describe('a CANCEL finds its INVITE', () => {
  test('waiting for DNS: 487 at once, and nothing is sent when the name is known', async () => {
    const bench = relayTo(['sip:b@slow.test']);
    bench.receive(request('INVITE'));
    bench.receive(request('CANCEL'));
    assert.deepEqual(bench.trace(), ['100>10.0.0.9:5060', '200>10.0.0.9:5060', '487>10.0.0.9:5060']);
    for (const release of bench.resolver.waiting) release();
    await turn();
    assert.deepEqual(bench.trace(), []);
  });

  test('with one branch ringing and one waiting for DNS', async () => {
    const bench = relayTo(['sip:b@192.0.2.1', 'sip:b@slow.test']);
    bench.receive(request('INVITE'));
    const invite = sentTo(bench.take(), '192.0.2.1');
    bench.answer(invite, 180);
    bench.receive(request('CANCEL'));
    for (const release of bench.resolver.waiting) release();
    await turn();
    bench.answer(invite, 487);
    assert.deepEqual(
      bench.trace().filter((one) => !one.startsWith('ACK')),
      ['180>10.0.0.9:5060', '200>10.0.0.9:5060', 'CANCEL>192.0.2.1:5060', '487>10.0.0.9:5060'],
    );
  });

  test('in a failure_route that waits: 487 at once, and its relay fails', async () => {
    let code = 0;
    const bench = relayTo(['sip:b@192.0.2.1'], {
      failure: async (state, _branch, proxy) => {
        await turn();
        state.target.uri = 'sip:b@192.0.2.2';
        code = proxy.relay(state);
      },
    });
    bench.receive(request('INVITE'));
    bench.answer(sentTo(bench.take(), '192.0.2.1'), 486);
    bench.take();
    bench.receive(request('CANCEL'));
    assert.deepEqual(bench.trace(), ['200>10.0.0.9:5060', '487>10.0.0.9:5060']);
    for (let i = 0; i < 3; i++) await turn();
    assert.equal(code, -1);
    assert.deepEqual(bench.trace(), []);
    assert.equal(bench.proxy.liveCells(), 0);
  });

  test('suspended: 487', () => {
    const bench = new ProxyBench({
      request: (state, proxy) => {
        if (state.message.method === 'INVITE') proxy.suspend(state);
        else proxy.relay(state);
      },
    });
    bench.receive(request('INVITE'));
    bench.receive(request('CANCEL'));
    assert.deepEqual(bench.trace(), ['200>10.0.0.9:5060', '487>10.0.0.9:5060']);
  });

  test('being repeated with credentials: the repetition is cancelled', () => {
    const bench = relayTo(['sip:b@192.0.2.1'], {
      failure: (state, branch, proxy) => {
        if (branch.status !== 401) return;
        state.target.uri = 'sip:b@192.0.2.1';
        state.target.seed = (next) => {
          next.replaces = branch;
        };
        proxy.relay(state);
      },
    });
    bench.receive(request('INVITE'));
    bench.answer(sentTo(bench.take(), '192.0.2.1'), 401);
    const second = sentTo(bench.take(), '192.0.2.1');
    bench.receive(request('CANCEL'));
    bench.answer(second, 100);
    bench.answer(second, 487);
    assert.deepEqual(bench.trace(), [
      '200>10.0.0.9:5060',
      'CANCEL>192.0.2.1:5060',
      'ACK>192.0.2.1:5060',
      '487>10.0.0.9:5060',
    ]);
  });

  test('answered with 2xx: 200 to the CANCEL, the call stays (RFC 3261 §9.2)', () => {
    const bench = relayTo(['sip:b@192.0.2.1']);
    bench.receive(request('INVITE'));
    bench.answer(sentTo(bench.take(), '192.0.2.1'), 200);
    bench.take();
    bench.receive(request('CANCEL'));
    assert.deepEqual(bench.trace(), ['200>10.0.0.9:5060']);
  });

  test('crossed by a 2xx: that goes up', () => {
    const bench = relayTo(['sip:b@192.0.2.1']);
    bench.receive(request('INVITE'));
    const invite = sentTo(bench.take(), '192.0.2.1');
    bench.answer(invite, 180);
    bench.receive(request('CANCEL'));
    bench.take();
    bench.answer(invite, 200);
    assert.deepEqual(bench.trace(), ['200>10.0.0.9:5060']);
  });
});

describe('a CANCEL itself', () => {
  test('with a transaction that the script made before (t_newtran) is answered, not forwarded', () => {
    const bench = new ProxyBench({
      request: (state, proxy) => {
        proxy.newTransaction(state);
        assert.equal(proxy.relay(state), 1);
      },
    });
    bench.receive(request('INVITE'));
    const invite = sentTo(bench.take(), '192.0.2.1');
    bench.answer(invite, 180);
    bench.take();
    bench.receive(request('CANCEL'));
    const sent = bench.take();
    assert.deepEqual(
      sent.filter((one) => one.message.isRequest).map((one) => one.message.method),
      ['CANCEL'],
    );
    assert.equal(sentTo(sent, '192.0.2.1', 'CANCEL').message.topVia?.branch, invite.message.topVia?.branch);
    assert.equal(sent.filter((one) => one.message.status === 200).length, 1);
  });

  test('and its INVITE are answered with one To tag (RFC 3261 §9.2)', () => {
    const bench = relayTo(['sip:b@slow.test']);
    bench.receive(request('INVITE'));
    bench.receive(request('CANCEL'));
    const tags = bench
      .take()
      .filter((one) => one.message.status >= 200)
      .map((one) => one.message.to?.tag);
    assert.equal(tags.length, 2);
    assert.equal(tags[0], tags[1]);
  });

  for (const [mode, trace] of [
    [0, ['200>10.0.0.9:5060', '487>10.0.0.9:5060']],
    [2, ['CANCEL>192.0.2.1:5060', '200>10.0.0.9:5060']],
  ] as const)
    test(`cancel_b_method ${mode}`, () => {
      const bench = relayTo(['sip:b@192.0.2.1']);
      bench.proxy.options.cancelBMethod = mode;
      bench.receive(request('INVITE'));
      bench.take();
      bench.receive(request('CANCEL'));
      assert.deepEqual(bench.trace().sort(), [...trace].sort());
    });
});

describe('a 6xx (RFC 3261 §16.7 step 5)', () => {
  test('ends a branch that waits for DNS', async () => {
    const bench = relayTo(['sip:b@192.0.2.1', 'sip:b@slow.test']);
    bench.receive(request('INVITE'));
    bench.answer(sentTo(bench.take(), '192.0.2.1'), 603);
    assert.deepEqual(bench.trace(), ['ACK>192.0.2.1:5060', '603>10.0.0.9:5060']);
    for (const release of bench.resolver.waiting) release();
    await turn();
    assert.deepEqual(bench.trace(), []);
  });

  test('lets no other branch go on to its next address', () => {
    const bench = relayTo(['sip:b@192.0.2.7', 'sip:b@multi.test']);
    bench.receive(request('INVITE'));
    const sent = bench.take();
    bench.answer(sentTo(sent, '192.0.2.1'), 180);
    bench.answer(sentTo(sent, '192.0.2.7'), 603);
    bench.answer(sentTo(sent, '192.0.2.1'), 503);
    const trace = bench.trace();
    assert.ok(!trace.includes('INVITE>192.0.2.2:5060'), trace.join(' '));
    assert.equal(trace.at(-1), '603>10.0.0.9:5060');
  });

  test('disable_6xx_block: the others go on', async () => {
    const bench = relayTo(['sip:b@192.0.2.1', 'sip:b@slow.test']);
    bench.proxy.options.disable6xxBlock = true;
    bench.receive(request('INVITE'));
    bench.answer(sentTo(bench.take(), '192.0.2.1'), 603);
    for (const release of bench.resolver.waiting) release();
    await turn();
    assert.ok(bench.trace().includes('INVITE>192.0.2.9:5060'));
  });
});

describe('late replies', () => {
  test('a 2xx after we said 487 ourselves goes up, each time it comes (RFC 3261 §16.7 step 5)', () => {
    const bench = relayTo(['sip:b@192.0.2.1']);
    bench.proxy.options.cancelBMethod = 0;
    bench.receive(request('INVITE'));
    const invite = sentTo(bench.take(), '192.0.2.1');
    bench.receive(request('CANCEL'));
    assert.deepEqual(bench.trace(), ['200>10.0.0.9:5060', '487>10.0.0.9:5060']);
    bench.answer(invite, 200);
    bench.answer(invite, 200);
    bench.answer(invite, 200, { tag: 'another' });
    assert.deepEqual(bench.trace(), ['200>10.0.0.9:5060', '200>10.0.0.9:5060', '200>10.0.0.9:5060']);
  });

  test('a 2xx of a cancelled branch goes up when the transaction of the first one has gone', () => {
    const bench = relayTo(['sip:b@192.0.2.1', 'sip:b@192.0.2.2']);
    bench.receive(request('INVITE'));
    const sent = bench.take();
    bench.answer(sentTo(sent, '192.0.2.2'), 180, { tag: 'two' });
    bench.answer(sentTo(sent, '192.0.2.1'), 200, { tag: 'one' });
    bench.time.clock.advance(8_000);
    bench.take();
    bench.answer(sentTo(sent, '192.0.2.2'), 200, { tag: 'two' });
    const [reply] = bench.take();
    assert.equal(reply?.message.status, 200);
    assert.equal(reply?.message.to?.tag, 'two');
    assert.equal(reply?.destination.ip, '10.0.0.9');
  });

  test('a provisional one whose onreply_route waited past the final one changes nothing', async () => {
    const waiting: (() => void)[] = [];
    const bench = relayTo(['sip:b@192.0.2.1', 'sip:b@192.0.2.2'], {
      reply: (_state, _branch, reply) =>
        reply.status < 200 ? new Promise<boolean>((resolve) => waiting.push(() => resolve(true))) : true,
    });
    bench.receive(request('INVITE'));
    const sent = bench.take();
    bench.answer(sentTo(sent, '192.0.2.1'), 180);
    bench.answer(sentTo(sent, '192.0.2.1'), 486);
    for (const go of waiting) go();
    await turn();
    bench.answer(sentTo(sent, '192.0.2.2'), 404);
    assert.deepEqual(bench.trace().slice(-1), ['404>10.0.0.9:5060']);
  });

  test('a dropped provisional reply is not relayed, a dropped final one is', () => {
    const bench = relayTo(['sip:b@192.0.2.1'], { reply: () => false });
    bench.receive(request('INVITE'));
    const invite = sentTo(bench.take(), '192.0.2.1');
    bench.answer(invite, 183);
    assert.deepEqual(bench.trace(), []);
    bench.answer(invite, 200);
    assert.deepEqual(bench.trace(), ['200>10.0.0.9:5060']);
  });
});
