import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SipProxy } from '../../src/proxy/proxy.ts';
import type { RequestState } from '../../src/proxy/request-state.ts';
import { Target } from '../../src/proxy/target.ts';
import { ProxyBench, parse, request, sentTo, turn } from './support.ts';

function routed(route: (state: RequestState, proxy: SipProxy) => void): ProxyBench {
  return new ProxyBench({ request: route });
}

describe('a transaction that its route leaves', () => {
  test('without reply, relay or wait is released; after wt_timer the request is new again', () => {
    let runs = 0;
    const bench = routed((state, proxy) => {
      runs++;
      proxy.newTransaction(state);
    });
    bench.receive(request('INVITE'));
    assert.deepEqual(bench.reports, ['TM_NOT_FINISHED']);
    bench.receive(request('INVITE'));
    assert.equal(runs, 1);
    bench.time.clock.advance(6_000);
    assert.equal(bench.transactions.size, 0);
    assert.equal(bench.proxy.liveCells(), 0);
    bench.receive(request('INVITE'));
    assert.equal(runs, 2);
  });

  test('ringing, suspended or relayed stays', () => {
    for (const route of [
      (state: RequestState, proxy: SipProxy) => {
        proxy.newTransaction(state);
        proxy.reply(state, 180, 'Ringing');
      },
      (state: RequestState, proxy: SipProxy) => void proxy.suspend(state),
      (state: RequestState, proxy: SipProxy) => void proxy.relay(state),
      (state: RequestState, proxy: SipProxy) => {
        state.target.uri = 'sip:b@slow.test';
        proxy.relay(state);
      },
    ]) {
      const bench = routed(route);
      bench.receive(request('INVITE'));
      bench.time.clock.advance(6_000);
      assert.equal(bench.proxy.liveCells(), 1);
      assert.deepEqual(bench.reports, []);
    }
  });

  test('one that is never answered gets a 408 when its lifetime is over', () => {
    const bench = routed((state, proxy) => void proxy.suspend(state));
    for (const method of ['INVITE', 'MESSAGE']) bench.receive(request(method, { branch: `z9hG4bK${method}` }));
    bench.time.clock.advance(211_000);
    const statuses = bench.take().map((one) => one.message.status);
    assert.equal(statuses.filter((status) => status !== 408).length, 0);
    assert.ok(statuses.length >= 2);
    bench.time.clock.advance(60_000);
    assert.equal(bench.transactions.size, 0);
    assert.equal(bench.proxy.liveCells(), 0);
  });

  test('a request that may last longer (t_set_max_lifetime) is answered all the same', () => {
    const bench = routed((state, proxy) => {
      state.maxInvLifetime = 600_000;
      state.frInv = 500_000;
      proxy.relay(state);
    });
    bench.receive(request('INVITE'));
    const invite = sentTo(bench.take(), '192.0.2.1');
    bench.answer(invite, 180);
    bench.take();
    bench.time.clock.advance(400_000);
    bench.answer(invite, 200);
    assert.deepEqual(bench.trace(), ['200>10.0.0.9:5060']);
  });
});

describe('t_suspend and t_continue', () => {
  function suspended(continued: (state: RequestState, proxy: SipProxy) => void): ProxyBench {
    const bench = routed((state, proxy) => {
      proxy.suspend(state);
      const { index = 0, label = 0 } = state.transaction ?? {};
      queueMicrotask(() => proxy.resume(index, label, (one) => continued(one, proxy)));
    });
    bench.receive(request('INVITE'));
    return bench;
  }

  test('goes on with what it was suspended with', async () => {
    const bench = suspended((state, proxy) => {
      state.target.uri = 'sip:b@192.0.2.2';
      proxy.relay(state);
    });
    await turn();
    assert.deepEqual(bench.trace(), ['100>10.0.0.9:5060', 'INVITE>192.0.2.2:5060']);
  });

  test('a route that does nothing with it: 500, as in the original', async () => {
    const bench = suspended(() => {});
    await turn();
    assert.deepEqual(bench.trace(), ['500>10.0.0.9:5060']);
    assert.equal(bench.proxy.liveCells(), 0);
  });

  test('suspended again it goes on waiting', async () => {
    const bench = suspended((state, proxy) => void proxy.suspend(state));
    await turn();
    assert.deepEqual(bench.trace(), []);
    assert.equal(bench.proxy.liveCells(), 1);
  });

  test('a wrong label, or one that is not suspended: -1', () => {
    const bench = routed((state, proxy) => void proxy.relay(state));
    bench.receive(request('INVITE'));
    assert.equal(
      bench.proxy.resume(1, 1, () => {}),
      -1,
    );
  });

  test('in a failure_route the winner waits, and goes up when nothing new was sent', async () => {
    const bench = new ProxyBench({
      request: (state, proxy) => {
        state.onFailure = 'F';
        proxy.relay(state);
      },
      failure: (state, _branch, proxy) => void proxy.suspend(state),
    });
    bench.receive(request('INVITE'));
    bench.answer(sentTo(bench.take(), '192.0.2.1'), 486);
    assert.deepEqual(bench.trace(), ['ACK>192.0.2.1:5060']);
    const [cell] = bench.proxy.cells.values();
    assert.equal(
      bench.proxy.resume(cell?.index ?? 0, cell?.label ?? 0, () => {}),
      1,
    );
    assert.deepEqual(bench.trace(), ['486>10.0.0.9:5060']);
  });
});

describe('replies made here', () => {
  test('a To tag for all but 100, and the same one for every reply of a transaction', () => {
    const bench = routed((state, proxy) => {
      proxy.newTransaction(state);
      for (const status of [100, 180, 183, 486]) proxy.reply(state, status, 'X');
    });
    bench.receive(request('INVITE'));
    const tags = bench.take().map((one) => one.message.to?.tag);
    assert.equal(tags[0], '');
    assert.equal(new Set(tags.slice(1)).size, 1);
    assert.notEqual(tags[1], '');
  });

  test('one final reply: none without a transaction after one with, nor a second one', () => {
    const codes: number[] = [];
    const bench = routed((state, proxy) => {
      if (state.message.method === 'INVITE') {
        proxy.newTransaction(state);
        codes.push(proxy.reply(state, 486, 'Busy'), proxy.statelessReply(state, 500, 'No'));
      } else codes.push(...[404, 500, 100].map((status) => proxy.statelessReply(state, status, 'X')));
    });
    bench.receive(request('INVITE'));
    bench.receive(request('OPTIONS', { branch: 'z9hG4bKo' }));
    assert.deepEqual(codes, [1, -2, 1, -2, -2]);
    assert.deepEqual(bench.trace(), ['486>10.0.0.9:5060', '404>10.0.0.9:5060']);
  });

  test('no line can be added by a reason, a header or a redirect target', () => {
    const bench = routed((state, proxy) => {
      state.target.uri = 'sip:b@192.0.2.2\r\nX-Evil: 1';
      state.branches = [new Target('sip:c@192.0.2.3\r\n\r\nbody')];
      state.replyHeaders = 'X-A: 1\r\n\r\nX-B: 2\r\n';
      proxy.statelessReply(state, 302, 'Moved\r\nX-Evil: 2');
    });
    bench.receive(request('INVITE'));
    const [reply] = bench.take();
    assert.equal(reply?.message.findByName('X-Evil').length, 0);
    assert.equal(reply?.message.findByName('X-B').length, 1);
    assert.equal(reply?.message.findByName('Contact').length, 1);
  });

  test('sip_warning: the Warning of the original, with nothing that ends it', () => {
    const bench = routed((state, proxy) => {
      proxy.options.sipWarning = true;
      state.target.uri = 'sip:"x"@192.0.2.2';
      proxy.statelessReply(state, 404, 'No');
    });
    bench.receive(request('OPTIONS'));
    const [reply] = bench.take();
    const [warning] = reply?.message.findByName('Warning') ?? [];
    assert.ok(warning);
    assert.match(
      reply?.message.valueOf(warning) ?? '',
      /^392 10\.0\.0\.1:5070 "Noisy feedback tells: {2}pid=\d+ req_src_ip=10\.0\.0\.9 req_src_port=5060 in_uri=sip:bob@192\.0\.2\.1 out_uri=sip:x@192\.0\.2\.2 via_cnt==1"$/,
    );
  });
});

describe('the transaction limit', () => {
  test('a branch too many: 503 for that call, the others go on', () => {
    const bench = new ProxyBench({ request: (state, proxy) => void proxy.relay(state) }, 3);
    bench.receive(request('INVITE'));
    bench.take();
    bench.receive(request('INVITE', { branch: 'z9hG4bKother' }));
    assert.deepEqual(bench.trace(), ['100>10.0.0.9:5060', '503>10.0.0.9:5060']);
    assert.equal(bench.proxy.liveCells(), 1);
  });

  test('a CANCEL is taken even then', () => {
    const bench = new ProxyBench({ request: (state, proxy) => void proxy.relay(state) }, 2);
    bench.receive(request('INVITE'));
    bench.answer(sentTo(bench.take(), '192.0.2.1'), 180);
    bench.take();
    bench.receive(request('CANCEL'));
    assert.ok(bench.trace().includes('CANCEL>192.0.2.1:5060'));
  });
});

describe('what is kept', () => {
  test('no call is kept once its transactions have gone', () => {
    const bench = new ProxyBench({ request: (state, proxy) => void proxy.relay(state) });
    for (let i = 0; i < 50; i++) {
      bench.receive(request('INVITE', { branch: `z9hG4bK${i}` }));
      bench.answer(sentTo(bench.take(), '192.0.2.1'), [200, 486, 603][i % 3] as number);
      bench.take();
    }
    assert.equal(bench.proxy.liveCells(), 0);
    bench.time.clock.advance(40_000);
    assert.equal(bench.transactions.size, 0);
  });
});

describe('next hops', () => {
  test('a tel URI goes by its next hop; without one it cannot be resolved', () => {
    const codes: number[] = [];
    const bench = routed((state, proxy) => {
      if (codes.length === 0) state.target.dstUri = 'sip:192.0.2.5';
      codes.push(proxy.relay(state));
    });
    const tel = request('INVITE', { uri: 'tel:+4930123' });
    bench.receive(tel);
    assert.equal(sentTo(bench.take(), '192.0.2.5').message.requestUri, 'tel:+4930123');
    bench.receive(tel.replace('caller1', 'caller2'));
    assert.deepEqual(codes, [1, -478]);
  });

  test('a sips Request-URI gives a sips Record-Route, also when only the branch has it', () => {
    const bench = new ProxyBench({
      request: (state, proxy) => {
        state.recordRoute = { params: '', preset: [], advertised: '' };
        state.target.dstUri = 'sip:192.0.2.5';
        state.onBranch = 'B';
        proxy.relay(state);
      },
      branch: (_state, branch) => {
        branch.target.uri = 'SIPS:bob@b.test';
        return true;
      },
    });
    bench.receive(request('INVITE'));
    assert.match(sentTo(bench.take(), '192.0.2.5').message.value(8) ?? '', /^<sips:10\.0\.0\.1:5070;lr/);
  });

  test('t_next_contacts changes the target that the running route holds', () => {
    const bench = routed((state, proxy) => {
      const { target } = state;
      target.q = 500;
      const better = new Target('sip:b@192.0.2.9');
      better.q = 900;
      state.branches = [better];
      assert.equal(proxy.loadContacts(state, false), 1);
      assert.equal(proxy.nextContacts(state), 1);
      assert.equal(target.uri, 'sip:b@192.0.2.9');
      assert.equal(state.target, target);
      proxy.relay(state);
    });
    bench.receive(request('INVITE'));
    assert.ok(bench.trace().includes('INVITE>192.0.2.9:5060'));
  });
});

test('a retransmission is recognised whatever the script made of the message (RFC 2543 matching)', () => {
  let runs = 0;
  const bench = routed((state, proxy) => {
    runs++;
    state.message = parse(state.message.raw.replaceAll('bob@192.0.2.1', 'carol@192.0.2.1'));
    proxy.newTransaction(state);
    proxy.reply(state, 180, 'Ringing');
  });
  const old = request('INVITE', { branch: 'old' });
  bench.receive(old);
  bench.receive(old);
  assert.equal(runs, 1);
});
