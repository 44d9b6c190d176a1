import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Branch } from '../../src/proxy/branch.ts';
import type { SipProxy } from '../../src/proxy/proxy.ts';
import type { RequestState } from '../../src/proxy/request-state.ts';
import { Target } from '../../src/proxy/target.ts';
import { ProxyBench, request, sentTo, type TestRoutes, turn } from './support.ts';

type Failure = NonNullable<TestRoutes['failure']>;

/** A relay whose failure_route is armed before the first leg and, by the route itself, for each later one. */
function armed(failure: Failure): ProxyBench {
  return new ProxyBench({
    request: (state, proxy) => {
      state.onFailure = 'F';
      proxy.relay(state);
    },
    failure,
  });
}

function header(text: string) {
  return (state: RequestState): void => state.edits.insert(state.message.headersEnd, `${text}\r\n`);
}

function lines(message: { raw: string }, name: string): string[] {
  return message.raw.split('\r\n').filter((line) => line.startsWith(`${name}:`));
}

describe('failure_route', () => {
  test('one that arms itself again and sends nothing runs once for each leg', () => {
    let runs = 0;
    const bench = armed((state, _branch, proxy) => {
      runs++;
      state.onFailure = 'F';
      if (runs > 1) return;
      state.target.dstUri = 'sip:192.0.2.2';
      proxy.relay(state);
    });
    bench.receive(request('INVITE'));
    bench.answer(sentTo(bench.take(), '192.0.2.1'), 404);
    // The better reply is of the first leg, so that the winner is older than the last leg.
    bench.answer(sentTo(bench.take(), '192.0.2.2'), 500);
    assert.equal(runs, 2);
    assert.deepEqual(bench.trace().slice(-1), ['404>10.0.0.9:5060']);
  });

  test('each leg starts from what the request_route left, not from the leg before', () => {
    const seen: string[] = [];
    const bench = new ProxyBench({
      request: (state, proxy) => {
        state.target.uri = 'sip:1bob@b.test';
        state.target.dstUri = 'sip:192.0.2.1';
        header('X-Request: r')(state);
        state.recordRoute = { params: '', preset: [], advertised: '' };
        state.onFailure = 'F';
        proxy.relay(state);
      },
      failure: (state, _branch, proxy) => {
        seen.push(`${state.target.uri} ${state.target.dstUri}`);
        const leg = seen.length + 1;
        if (leg > 3) return;
        state.target.uri = state.target.uri.replace('sip:', `sip:${leg}`);
        state.target.dstUri = `sip:192.0.2.${leg}`;
        header(`X-Leg: ${leg}`)(state);
        state.routeParams.set('', `;leg=${leg}`);
        state.replyHeaders += `X-Reply: ${leg}\r\n`;
        state.onFailure = 'F';
        proxy.relay(state);
      },
    });
    bench.receive(request('INVITE'));
    bench.answer(sentTo(bench.take(), '192.0.2.1'), 480);
    const second = sentTo(bench.take(), '192.0.2.2');
    assert.equal(second.message.requestUri, 'sip:21bob@b.test');
    bench.answer(second, 480);
    const third = sentTo(bench.take(), '192.0.2.3').message;
    assert.equal(third.requestUri, 'sip:31bob@b.test');
    assert.deepEqual(lines(third, 'X-Request'), ['X-Request: r']);
    assert.deepEqual(lines(third, 'X-Leg'), ['X-Leg: 3']);
    assert.deepEqual(lines(third, 'Record-Route'), ['Record-Route: <sip:10.0.0.1:5070;lr;ftag=f1;leg=3>']);
    assert.deepEqual(seen, ['sip:1bob@b.test sip:192.0.2.1', 'sip:1bob@b.test sip:192.0.2.1']);
  });

  test('a leg keeps its changes while its name is looked up and on its next addresses', async () => {
    const bench = armed((state, _branch, proxy) => {
      header('X-Leg: 2')(state);
      state.target.uri = 'sip:bob@multi.test';
      state.branches = [new Target('sip:bob@slow.test')];
      proxy.relay(state);
    });
    bench.receive(request('INVITE'));
    bench.answer(sentTo(bench.take(), '192.0.2.1'), 480);
    for (const release of bench.resolver.waiting) release();
    await turn();
    const sent = bench.take();
    assert.deepEqual(lines(sentTo(sent, '192.0.2.9').message, 'X-Leg'), ['X-Leg: 2']);
    bench.answer(sentTo(sent, '192.0.2.1'), 503);
    assert.deepEqual(lines(sentTo(bench.take(), '192.0.2.2').message, 'X-Leg'), ['X-Leg: 2']);
  });

  test('replies to a request that was never sent before still have received and rport', async () => {
    const bench = new ProxyBench({
      request: (state, proxy) => {
        state.target.uri = 'sip:x@gone.test';
        state.onFailure = 'F';
        proxy.relay(state);
      },
      failure: (state, _branch, proxy) => {
        state.target.uri = 'sip:x@192.0.2.2';
        proxy.relay(state);
      },
    });
    bench.receive(
      request('MESSAGE').replace('10.0.0.9:5060;branch', '192.168.1.7:5060;rport;branch'),
      '10.0.0.9',
      4001,
    );
    for (const release of bench.resolver.waiting) release();
    await turn();
    assert.equal(sentTo(bench.take(), '192.0.2.2', 'MESSAGE').message.vias.length, 2);
    bench.time.clock.advance(31_000);
    const reply = bench.take().find((one) => one.message.status === 408)?.message;
    assert.match(reply?.value(1) ?? '', /;received=10\.0\.0\.9;rport=4001/);
  });

  test('all replies dropped and nothing sent: 500, as the original says', () => {
    const bench = armed((state) => {
      for (const branch of state.transaction?.branches ?? []) branch.discarded = true;
    });
    bench.receive(request('INVITE'));
    bench.answer(sentTo(bench.take(), '192.0.2.1'), 486);
    assert.deepEqual(bench.trace(), ['ACK>192.0.2.1:5060', '500>10.0.0.9:5060']);
  });

  test('failure_reply_mode 3 forgets earlier legs when a new one was sent', () => {
    const bench = armed((state, _branch, proxy) => {
      state.target.uri = 'sip:bob@192.0.2.2';
      proxy.relay(state);
    });
    bench.proxy.options.failureReplyMode = 3;
    bench.receive(request('INVITE'));
    bench.answer(sentTo(bench.take(), '192.0.2.1'), 404);
    bench.answer(sentTo(bench.take(), '192.0.2.2'), 500);
    assert.deepEqual(bench.trace().slice(-1), ['500>10.0.0.9:5060']);
  });

  test('and keeps them when it could not be sent', () => {
    const bench = armed((state, _branch, proxy) => {
      state.target.uri = 'sip:bob@none.test';
      proxy.relay(state);
    });
    bench.proxy.options.failureReplyMode = 3;
    bench.receive(request('INVITE'));
    bench.answer(sentTo(bench.take(), '192.0.2.1'), 404);
    assert.deepEqual(bench.trace().slice(-1), ['404>10.0.0.9:5060']);
  });

  test('a loop of failovers ends at max_branches', () => {
    const codes: number[] = [];
    const bench = armed((state, _branch, proxy) => {
      state.onFailure = 'F';
      state.target.dstUri = `sip:192.0.2.${codes.length + 2}`;
      codes.push(proxy.relay(state));
    });
    bench.proxy.options.maxBranches = 4;
    bench.receive(request('INVITE'));
    for (let i = 1; i <= 4; i++) bench.answer(sentTo(bench.take(), `192.0.2.${i}`), 480);
    assert.deepEqual(codes, [1, 1, 1, -500]);
    assert.deepEqual(bench.trace().slice(-1), ['480>10.0.0.9:5060']);
  });

  test('a relay that fails in it leaves the winner', () => {
    let code = 0;
    const bench = armed((state, _branch, proxy) => {
      state.target.uri = 'sip:bob@none.test';
      code = proxy.relay(state);
    });
    bench.receive(request('INVITE'));
    bench.answer(sentTo(bench.take(), '192.0.2.1'), 486);
    assert.equal(code, -478);
    assert.deepEqual(bench.trace(), ['ACK>192.0.2.1:5060', '486>10.0.0.9:5060']);
  });

  test('a fault in it is reported and the caller gets the winner', () => {
    const bench = armed(() => {
      throw new Error('boom');
    });
    bench.receive(request('INVITE'));
    bench.answer(sentTo(bench.take(), '192.0.2.1'), 486);
    assert.deepEqual(bench.trace(), ['ACK>192.0.2.1:5060', '486>10.0.0.9:5060']);
    assert.deepEqual(bench.reports, ['TM_FAULT']);
  });
});

describe('branch-failure routes', () => {
  /** Answers a failed branch by one that repeats it somewhere, as uac_auth does. */
  function repeat(state: RequestState, branch: Branch, proxy: SipProxy, uri: string): number {
    state.target.uri = uri;
    state.target.seed = (next) => {
      next.replaces = branch;
    };
    return proxy.relay(state);
  }

  function forked(branchFailure: NonNullable<TestRoutes['branchFailure']>, ...uris: string[]): ProxyBench {
    return new ProxyBench({
      request: (state, proxy) => {
        state.target.uri = uris[0] as string;
        state.branches = uris.slice(1).map((uri) => new Target(uri));
        state.onBranchFailure = 'B';
        proxy.relay(state);
      },
      branchFailure,
    });
  }

  test('a repetition that cannot be sent leaves its challenge to the caller', () => {
    const bench = forked(
      (state, branch, proxy) => assert.equal(repeat(state, branch, proxy, 'sip:bob@none.test'), -478),
      'sip:bob@192.0.2.1',
    );
    bench.receive(request('INVITE'));
    bench.answer(sentTo(bench.take(), '192.0.2.1'), 401);
    assert.deepEqual(bench.trace(), ['ACK>192.0.2.1:5060', '401>10.0.0.9:5060']);
  });

  test('one that a branch_route drops does so, too', () => {
    const bench = new ProxyBench({
      request: (state, proxy) => {
        state.onBranchFailure = 'B';
        proxy.relay(state);
      },
      branch: (_state, branch) => branch.index === 0,
      branchFailure: (state, branch, proxy) => {
        state.onBranch = 'R';
        assert.equal(repeat(state, branch, proxy, 'sip:bob@192.0.2.2'), -500);
      },
    });
    bench.receive(request('INVITE'));
    bench.answer(sentTo(bench.take(), '192.0.2.1'), 407);
    assert.deepEqual(bench.trace(), ['ACK>192.0.2.1:5060', '407>10.0.0.9:5060']);
  });

  test('one that is sent takes the challenge away', () => {
    const bench = forked((state, branch, proxy) => {
      if (branch.status === 401) repeat(state, branch, proxy, 'sip:bob@192.0.2.2');
    }, 'sip:bob@192.0.2.1');
    bench.receive(request('INVITE'));
    bench.answer(sentTo(bench.take(), '192.0.2.1'), 401);
    bench.answer(sentTo(bench.take(), '192.0.2.2'), 500);
    assert.deepEqual(bench.trace().slice(-1), ['500>10.0.0.9:5060']);
  });

  test('what else its leg got is kept with failure_reply_mode 3', () => {
    const bench = forked(
      (state, branch, proxy) => {
        if (branch.status === 401) repeat(state, branch, proxy, 'sip:bob@192.0.2.3');
      },
      'sip:bob@192.0.2.1',
      'sip:bob@192.0.2.2',
    );
    bench.proxy.options.failureReplyMode = 3;
    bench.receive(request('INVITE'));
    const sent = bench.take();
    bench.answer(sentTo(sent, '192.0.2.1'), 404);
    bench.answer(sentTo(sent, '192.0.2.2'), 401);
    bench.answer(sentTo(bench.take(), '192.0.2.3'), 500);
    assert.deepEqual(bench.trace().slice(-1), ['404>10.0.0.9:5060']);
  });

  test('two that wait run one after the other, and the call is finished once', async () => {
    const order: string[] = [];
    const bench = forked(
      async (state, branch, proxy) => {
        order.push(`begin ${branch.index} ${state.target.uri}`);
        state.target.uri = `sip:retry@192.0.2.${branch.index + 7}`;
        await turn();
        order.push(`end ${branch.index} ${state.target.uri}`);
        if (branch.leg === 0) proxy.relay(state);
      },
      'sip:bob@192.0.2.1',
      'sip:bob@192.0.2.2',
    );
    bench.receive(request('INVITE'));
    const sent = bench.take();
    bench.answer(sentTo(sent, '192.0.2.1'), 401);
    bench.answer(sentTo(sent, '192.0.2.2'), 401);
    for (let i = 0; i < 4; i++) await turn();
    assert.deepEqual(order, [
      'begin 0 sip:bob@192.0.2.1',
      'end 0 sip:retry@192.0.2.7',
      'begin 1 sip:bob@192.0.2.1',
      'end 1 sip:retry@192.0.2.8',
    ]);
    assert.deepEqual(bench.trace(), [
      'ACK>192.0.2.1:5060',
      'ACK>192.0.2.2:5060',
      'INVITE>192.0.2.7:5060',
      'INVITE>192.0.2.8:5060',
    ]);
  });
});

describe('faults of other layers', () => {
  test('a rule for replies that throws: 500, reported, and no transaction is left waiting', () => {
    const bench = new ProxyBench({
      request: (state, proxy) => {
        state.addReplyTransform({
          key: 'x',
          apply: () => {
            throw new Error('boom');
          },
        });
        proxy.relay(state);
      },
    });
    bench.receive(request('INVITE'));
    bench.answer(sentTo(bench.take(), '192.0.2.1'), 486);
    assert.deepEqual(bench.trace(), ['ACK>192.0.2.1:5060', '500>10.0.0.9:5060']);
    assert.deepEqual(bench.reports, ['TM_FAULT']);
    assert.equal(bench.proxy.liveCells(), 0);
  });

  test('an edit that throws while a branch is written: 500 at once, or when the name is known', async () => {
    for (const uri of ['sip:bob@192.0.2.1', 'sip:bob@slow.test']) {
      const bench = new ProxyBench({
        request: (state, proxy) => {
          state.target.uri = uri;
          state.edits.insert(state.message.headersEnd, () => {
            throw new Error('boom');
          });
          proxy.relay(state);
        },
      });
      bench.receive(request('INVITE'));
      for (const release of bench.resolver.waiting) release();
      await turn();
      assert.deepEqual(bench.trace(), ['100>10.0.0.9:5060', '500>10.0.0.9:5060']);
      assert.deepEqual(bench.reports, ['TM_FAULT']);
      assert.equal(bench.proxy.liveCells(), 0);
    }
  });
});
