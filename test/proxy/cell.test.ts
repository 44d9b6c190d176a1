import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Target } from '../../src/proxy/target.ts';
import { ProxyBench, request, sentTo } from './support.ts';

function forkTo(...uris: string[]) {
  return {
    request: (
      state: import('../../src/proxy/request-state.ts').RequestState,
      proxy: import('../../src/proxy/proxy.ts').SipProxy,
    ) => {
      if (state.message.method === 'INVITE' && uris.length > 0) {
        state.target.uri = uris[0] as string;
        state.branches = uris.slice(1).map((uri) => new Target(uri));
      }
      proxy.relay(state);
    },
  };
}

describe('a request relayed to one target', () => {
  test('100 at once, provisional and final replies upstream with our Via taken off', () => {
    const bench = new ProxyBench(forkTo());
    bench.receive(request('INVITE'));
    const sent = bench.take();
    assert.deepEqual(
      sent.map((one) => one.message.status || one.message.method),
      [100, 'INVITE'],
    );
    const invite = sentTo(sent, '192.0.2.1', 'INVITE');
    assert.equal(invite.message.vias.length, 2);
    assert.equal(invite.message.topVia?.host, '10.0.0.1');
    bench.answer(invite, 180);
    bench.answer(invite, 200);
    const replies = bench.take();
    assert.deepEqual(
      replies.map((one) => one.message.status),
      [180, 200],
    );
    assert.deepEqual(
      replies.map((one) => one.message.vias.length),
      [1, 1],
    );
    assert.equal(replies[0]?.destination.ip, '10.0.0.9');
  });

  test('parameters that the script wants stand in our own Via', () => {
    const bench = new ProxyBench({
      request: (state, proxy) => {
        state.viaParams = ';srvid=7';
        proxy.relay(state);
      },
    });
    bench.receive(request('INVITE'));
    assert.match(sentTo(bench.take(), '192.0.2.1', 'INVITE').message.topVia?.params ?? '', /;srvid=7$/);
  });

  test('a 100 from below is not passed on', () => {
    const bench = new ProxyBench(forkTo());
    bench.receive(request('INVITE'));
    bench.answer(sentTo(bench.take(), '192.0.2.1', 'INVITE'), 100);
    assert.deepEqual(bench.trace(), []);
  });

  test('a retransmitted request gets the last reply again and is not relayed twice', () => {
    const bench = new ProxyBench(forkTo());
    bench.receive(request('INVITE'));
    bench.take();
    bench.receive(request('INVITE'));
    assert.deepEqual(bench.trace(), ['100>10.0.0.9:5060']);
  });

  test('a negative final is acknowledged downstream here and forwarded', () => {
    const bench = new ProxyBench(forkTo());
    bench.receive(request('INVITE'));
    bench.answer(sentTo(bench.take(), '192.0.2.1', 'INVITE'), 486);
    assert.deepEqual(bench.trace(), ['ACK>192.0.2.1:5060', '486>10.0.0.9:5060']);
    bench.receive(request('ACK', { toTag: 'uas' }));
    assert.deepEqual(bench.trace(), [], 'the caller’s ACK ends here');
  });

  test('no reply at all: 408 after fr_timer', () => {
    const bench = new ProxyBench(forkTo());
    bench.receive(request('INVITE'));
    bench.take();
    bench.time.clock.advance(31_000);
    const trace = bench.trace();
    assert.equal(trace.at(-1)?.slice(0, 4), '408>');
    assert.ok(trace.filter((one) => one.startsWith('INVITE')).length >= 6, 'the INVITE was repeated');
  });

  test('ringing for ever: CANCEL and 408 after fr_inv_timer', () => {
    const bench = new ProxyBench(forkTo());
    bench.receive(request('INVITE'));
    bench.answer(sentTo(bench.take(), '192.0.2.1', 'INVITE'), 180);
    bench.take();
    bench.time.clock.advance(121_000);
    const trace = bench.trace();
    assert.ok(trace.includes('CANCEL>192.0.2.1:5060'), trace.join(' '));
    assert.ok(trace.includes('408>10.0.0.9:5060'), trace.join(' '));
  });

  test('a 503 goes up as 500 (RFC 3261 §16.7 step 6)', () => {
    const bench = new ProxyBench(forkTo());
    bench.receive(request('INVITE'));
    bench.answer(sentTo(bench.take(), '192.0.2.1', 'INVITE'), 503);
    assert.ok(bench.trace().includes('500>10.0.0.9:5060'));
  });

  test('a 2xx that is repeated goes up each time (RFC 6026 §8)', () => {
    const bench = new ProxyBench(forkTo());
    bench.receive(request('INVITE'));
    const invite = sentTo(bench.take(), '192.0.2.1', 'INVITE');
    bench.answer(invite, 200);
    bench.answer(invite, 200);
    assert.deepEqual(bench.trace(), ['200>10.0.0.9:5060', '200>10.0.0.9:5060']);
  });

  test('a second 2xx with another To tag on the same branch is another answer: From and CSeq restored like in the first', () => {
    const bench = new ProxyBench({
      request: (state, proxy) => {
        const from = state.message.from!;
        state.edits.replace(from.uriStart, from.uriEnd, 'sip:trunk@c.test', 'from-uri');
        state.addReplyTransform({
          key: 'from',
          apply: (one, _branch, reply, edits) =>
            edits.replace(reply.from!.uriStart, reply.from!.uriEnd, one.pristine.from!.uri, 'from-uri'),
        });
        proxy.relay(state);
      },
    });
    bench.receive(request('INVITE'));
    const invite = sentTo(bench.take(), '192.0.2.1', 'INVITE');
    assert.equal(invite.message.from?.uri, 'sip:trunk@c.test');
    for (const tag of ['one', 'two', 'one']) bench.answer(invite, 200, { tag });
    const replies = bench.take().map((one) => `${one.message.status} ${one.message.to?.tag} ${one.message.from?.uri}`);
    assert.deepEqual(
      replies,
      ['one', 'two', 'one'].map((tag) => `200 ${tag} sip:alice@a.test`),
    );
  });

  test('the transaction limit: 503 with Retry-After, counted, and the rest goes on', () => {
    const bench = new ProxyBench(forkTo(), 2);
    bench.receive(request('INVITE'));
    bench.take();
    bench.receive(request('INVITE', { branch: 'z9hG4bKother' }));
    const [refusal] = bench.take();
    assert.equal(refusal?.message.status, 503);
    assert.equal(refusal?.message.findByName('Retry-After').length, 1);
    assert.equal(bench.proxy.counters.refusedFull, 1);
  });
});

describe('forking', () => {
  test('the first 2xx wins and the others are cancelled', () => {
    const bench = new ProxyBench(forkTo('sip:b@192.0.2.1', 'sip:b@192.0.2.2', 'sip:b@192.0.2.3'));
    bench.receive(request('INVITE'));
    const sent = bench.take();
    for (const ip of ['192.0.2.1', '192.0.2.2']) bench.answer(sentTo(sent, ip, 'INVITE'), 180, { tag: ip });
    bench.answer(sentTo(sent, '192.0.2.1', 'INVITE'), 200, { tag: 'one' });
    const trace = bench.trace();
    assert.deepEqual(trace.slice(0, 3), ['180>10.0.0.9:5060', '180>10.0.0.9:5060', '200>10.0.0.9:5060']);
    assert.ok(trace.includes('CANCEL>192.0.2.2:5060'));
    assert.ok(!trace.includes('CANCEL>192.0.2.3:5060'), 'no CANCEL before a provisional reply (RFC 3261 §9.1)');
    bench.answer(sentTo(sent, '192.0.2.3', 'INVITE'), 180, { tag: 'three' });
    assert.deepEqual(bench.trace(), ['CANCEL>192.0.2.3:5060']);
  });

  for (const [statuses, winner] of [
    [[486, 404, 480], 404],
    [[302, 404, 503], 302],
    [[500, 401, 486], 401],
    [[486, 603, 404], 603],
    [[408, 500, 503], 408],
  ] as const)
    test(`of ${statuses.join(', ')} the caller gets ${winner}`, () => {
      const bench = new ProxyBench(forkTo('sip:b@192.0.2.1', 'sip:b@192.0.2.2', 'sip:b@192.0.2.3'));
      bench.receive(request('INVITE'));
      const sent = bench.take();
      for (const [i, status] of statuses.entries()) bench.answer(sentTo(sent, `192.0.2.${i + 1}`, 'INVITE'), status);
      const upstream = bench.trace().filter((one) => one.endsWith('>10.0.0.9:5060'));
      assert.deepEqual(upstream, [`${winner}>10.0.0.9:5060`]);
    });

  test('a 6xx cancels what still rings', () => {
    const bench = new ProxyBench(forkTo('sip:b@192.0.2.1', 'sip:b@192.0.2.2'));
    bench.receive(request('INVITE'));
    const sent = bench.take();
    bench.answer(sentTo(sent, '192.0.2.2', 'INVITE'), 180);
    bench.answer(sentTo(sent, '192.0.2.1', 'INVITE'), 603);
    assert.ok(bench.trace().includes('CANCEL>192.0.2.2:5060'));
    bench.answer(sentTo(sent, '192.0.2.2', 'INVITE'), 487);
    assert.ok(bench.trace().includes('603>10.0.0.9:5060'));
  });

  test('challenges of all branches go into the one reply (RFC 3261 §16.7 step 7)', () => {
    const bench = new ProxyBench(forkTo('sip:b@192.0.2.1', 'sip:b@192.0.2.2'));
    bench.receive(request('INVITE'));
    const sent = bench.take();
    bench.answer(sentTo(sent, '192.0.2.1', 'INVITE'), 401, {
      headers: 'WWW-Authenticate: Digest realm="a", nonce="1"\r\n',
    });
    bench.answer(sentTo(sent, '192.0.2.2', 'INVITE'), 407, {
      headers: 'Proxy-Authenticate: Digest realm="b", nonce="2"\r\n',
    });
    const reply = bench.take().find((one) => one.destination.ip === '10.0.0.9')?.message;
    assert.equal(reply?.status, 401);
    assert.equal(reply?.findByName('WWW-Authenticate').length, 1);
    assert.equal(reply?.findByName('Proxy-Authenticate').length, 1);
  });

  test('serial forking from a failure_route; only a changed target makes a new branch', () => {
    const tried: number[] = [];
    const bench = new ProxyBench({
      request: (state, proxy) => {
        state.onFailure = 'F';
        proxy.relay(state);
      },
      failure: (state, branch, proxy) => {
        tried.push(branch.status);
        if (tried.length === 1) {
          assert.equal(proxy.relay(state), -1, 'nothing changed: nothing to send');
          state.target.uri = 'sip:b@192.0.2.2';
          state.onFailure = 'F';
          assert.equal(proxy.relay(state), 1);
        }
      },
    });
    bench.receive(request('INVITE'));
    bench.answer(sentTo(bench.take(), '192.0.2.1', 'INVITE'), 486);
    const second = sentTo(bench.take(), '192.0.2.2', 'INVITE');
    bench.answer(second, 180);
    bench.answer(second, 404);
    assert.deepEqual(tried, [486, 404], 'the better of both legs is looked at last');
    assert.deepEqual(bench.trace().slice(-1), ['404>10.0.0.9:5060']);
  });

  test('t_reply in a failure_route replaces the winning reply', () => {
    const bench = new ProxyBench({
      request: (state, proxy) => {
        state.onFailure = 'F';
        proxy.relay(state);
      },
      failure: (state, _branch, proxy) => {
        proxy.reply(state, 480, 'Later');
      },
    });
    bench.receive(request('INVITE'));
    bench.answer(sentTo(bench.take(), '192.0.2.1', 'INVITE'), 486);
    assert.deepEqual(bench.trace(), ['ACK>192.0.2.1:5060', '480>10.0.0.9:5060']);
  });

  test('an asynchronous failure_route is waited for', async () => {
    const bench = new ProxyBench({
      request: (state, proxy) => {
        state.onFailure = 'F';
        proxy.relay(state);
      },
      failure: async (state, _branch, proxy) => {
        await Promise.resolve();
        state.target.uri = 'sip:b@192.0.2.2';
        proxy.relay(state);
      },
    });
    bench.receive(request('INVITE'));
    bench.answer(sentTo(bench.take(), '192.0.2.1', 'INVITE'), 486);
    assert.deepEqual(bench.trace(), ['ACK>192.0.2.1:5060']);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(bench.trace(), ['INVITE>192.0.2.2:5060']);
  });
});

describe('CANCEL', () => {
  test('200 to the CANCEL, CANCEL downstream, 487 upstream', () => {
    const bench = new ProxyBench(forkTo());
    bench.receive(request('INVITE'));
    const invite = sentTo(bench.take(), '192.0.2.1', 'INVITE');
    bench.answer(invite, 180);
    bench.take();
    bench.receive(request('CANCEL', { headers: 'Reason: SIP;cause=200;text="elsewhere"\r\n' }));
    const sent = bench.take();
    const cancel = sentTo(sent, '192.0.2.1', 'CANCEL').message;
    assert.equal(cancel.topVia?.branch, invite.message.topVia?.branch);
    assert.equal(cancel.value(30), 'SIP;cause=200;text="elsewhere"');
    assert.equal(sent.find((one) => one.message.status === 200)?.destination.ip, '10.0.0.9');
    bench.answer(invite, 487);
    assert.ok(bench.trace().includes('487>10.0.0.9:5060'));
  });

  test('before any reply: the CANCEL waits for the first provisional one', () => {
    const bench = new ProxyBench(forkTo());
    bench.receive(request('INVITE'));
    const invite = sentTo(bench.take(), '192.0.2.1', 'INVITE');
    bench.receive(request('CANCEL'));
    assert.deepEqual(bench.trace(), ['200>10.0.0.9:5060']);
    bench.answer(invite, 180);
    assert.ok(bench.trace().includes('CANCEL>192.0.2.1:5060'));
  });

  test('nothing new is sent for a canceled request', () => {
    let canceled = false;
    const bench = new ProxyBench({
      request: (state, proxy) => {
        state.onFailure = 'F';
        proxy.relay(state);
      },
      failure: (state, _branch, proxy) => {
        canceled = state.transaction?.isCanceled === true;
        state.target.uri = 'sip:b@192.0.2.2';
        assert.equal(proxy.relay(state), -1);
      },
    });
    bench.receive(request('INVITE'));
    const invite = sentTo(bench.take(), '192.0.2.1', 'INVITE');
    bench.answer(invite, 180);
    bench.receive(request('CANCEL'));
    bench.answer(invite, 487);
    assert.ok(canceled);
    assert.ok(bench.trace().includes('487>10.0.0.9:5060'));
  });

  test('a CANCEL that matches nothing is forwarded with the branch its INVITE had', () => {
    const bench = new ProxyBench({
      request: (state, proxy) => {
        if (state.message.method === 'INVITE') proxy.forward(state);
        else {
          proxy.options.unmatchedCancel = 1;
          proxy.relay(state);
        }
      },
    });
    bench.receive(request('INVITE'));
    bench.receive(request('CANCEL'));
    const [invite, cancel] = bench.take();
    assert.equal(cancel?.message.method, 'CANCEL');
    assert.equal(cancel?.message.topVia?.branch, invite?.message.topVia?.branch);
  });
});

describe('next hops', () => {
  test('an address that gives no answer is left for the next one (RFC 3263 §4.3)', () => {
    const bench = new ProxyBench(forkTo('sip:b@multi.test'));
    bench.receive(request('INVITE'));
    bench.take();
    bench.time.clock.advance(30_500);
    const trace = bench.trace();
    assert.ok(trace.includes('INVITE>192.0.2.2:5060'), trace.join(' '));
    assert.ok(!trace.some((one) => one.startsWith('408')));
    assert.equal(bench.resolver.deniedTargets[0]?.ip, '192.0.2.1');
  });

  test('so is one that answers 503', () => {
    const bench = new ProxyBench(forkTo('sip:b@multi.test'));
    bench.receive(request('INVITE'));
    const first = sentTo(bench.take(), '192.0.2.1', 'INVITE');
    bench.answer(first, 503);
    const second = sentTo(bench.take(), '192.0.2.2', 'INVITE');
    assert.notEqual(second.message.topVia?.branch, first.message.topVia?.branch);
    bench.answer(second, 200);
    assert.deepEqual(bench.trace(), ['200>10.0.0.9:5060']);
  });

  test('a name that does not exist: one 478, and a negative code for the script', () => {
    let code = 0;
    const bench = new ProxyBench({
      request: (state, proxy) => {
        state.target.uri = 'sip:b@none.test';
        code = proxy.relay(state);
      },
    });
    bench.receive(request('INVITE'));
    assert.equal(code, -478);
    assert.deepEqual(bench.trace(), ['100>10.0.0.9:5060', '478>10.0.0.9:5060']);
  });

  test('a name that has to be looked up: the branch waits, the script does not', async () => {
    let code = 0;
    const bench = new ProxyBench({
      request: (state, proxy) => {
        state.target.uri = 'sip:b@slow.test';
        code = proxy.relay(state);
      },
    });
    bench.receive(request('INVITE'));
    assert.equal(code, 1);
    assert.deepEqual(bench.trace(), ['100>10.0.0.9:5060']);
    for (const release of bench.resolver.waiting) release();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(bench.trace(), ['INVITE>192.0.2.9:5060']);
  });

  test('a CANCEL while DNS is asked ends the call', async () => {
    const bench = new ProxyBench({
      request: (state, proxy) => {
        if (state.message.method === 'INVITE') state.target.uri = 'sip:b@slow.test';
        proxy.relay(state);
      },
    });
    bench.receive(request('INVITE'));
    bench.receive(request('CANCEL'));
    for (const release of bench.resolver.waiting) release();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(bench.trace(), ['100>10.0.0.9:5060', '200>10.0.0.9:5060', '487>10.0.0.9:5060']);
  });

  test('a send that fails later: 477 and a report', () => {
    const bench = new ProxyBench(forkTo());
    bench.receive(request('INVITE'));
    const invite = sentTo(bench.take(), '192.0.2.1', 'INVITE');
    invite.observer?.sendFailed('TRANSPORT_CONNECT_FAILED', invite.destination);
    bench.time.clock.advance(20);
    assert.deepEqual(bench.trace(), ['477>10.0.0.9:5060']);
    assert.deepEqual(bench.reports, ['TRANSPORT_CONNECT_FAILED']);
  });
});

describe('stateless replies', () => {
  test('the same To tag for a retransmission, and the ACK ends here', () => {
    const bench = new ProxyBench({ request: (state, proxy) => void proxy.statelessReply(state, 404, 'No') });
    bench.receive(request('INVITE'));
    bench.receive(request('INVITE'));
    const [first, second] = bench.take();
    const tag = first?.message.to?.tag ?? '';
    assert.notEqual(tag, '');
    assert.equal(second?.message.to?.tag, tag);
    bench.receive(request('ACK', { toTag: tag }));
    assert.deepEqual(bench.trace(), []);
    assert.equal(bench.proxy.counters.ackFiltered, 1);
  });

  test('received and rport are written into the Via of replies', () => {
    const bench = new ProxyBench({ request: (state, proxy) => void proxy.statelessReply(state, 200, 'OK') });
    bench.receive(
      request('OPTIONS').replace('10.0.0.9:5060;branch', '192.168.1.7:5060;rport;branch'),
      '10.0.0.9',
      40001,
    );
    const [reply] = bench.take();
    assert.match(reply?.message.value(1) ?? '', /;received=10\.0\.0\.9;rport=40001/);
    assert.equal(reply?.destination.port, 40001);
  });
});

describe('stateless forwarding', () => {
  test('an ACK to a 2xx goes on without a transaction', () => {
    const bench = new ProxyBench(forkTo());
    bench.receive(request('ACK', { toTag: 'uas' }));
    assert.deepEqual(bench.trace(), ['ACK>192.0.2.1:5060']);
    assert.equal(bench.transactions.size, 0);
  });

  test('a reply without a transaction goes where its second Via says', () => {
    const bench = new ProxyBench(forkTo());
    bench.receive(
      'SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKx\r\nVia: SIP/2.0/UDP h.test;received=10.0.0.8;rport=5099;branch=z9hG4bKy\r\n' +
        'From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n',
    );
    assert.deepEqual(bench.trace(), ['200>10.0.0.8:5099']);
  });
});
