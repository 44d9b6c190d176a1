import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { HDR_CONTACT } from '../../src/message/header-name.ts';
import { sl } from '../../src/modules/sl.ts';
import { parse, request } from '../proxy/support.ts';
import { ModuleBench, type Scope, untested } from './proxy-bench.ts';

/** Runs a request_route; what left, with its codes. */
function routed(route: (scope: Scope, bench: ModuleBench) => void, method = 'INVITE'): string[] {
  const bench = new ModuleBench(sl, { request: (scope) => route(scope, bench) });
  bench.wire.receive(request(method));
  return bench.wire.take().map(({ message }) => `${message.status || message.method} ${message.reason}`.trim());
}

after(() => assert.deepEqual(untested(sl), [], 'functions without a test'));

describe('replies without a transaction', () => {
  for (const name of ['sl_send_reply', 'sl_reply', 'send_reply'])
    test(name, () => {
      const codes: number[] = [];
      const sent = routed(({ call: run }) => {
        codes.push(run(name, '000', 'Bad'), run(name, 'abc', 'Bad'), run(name, '404', 'Not\r\nX-Evil: 1'));
        codes.push(run(name, '500', 'Again'));
      });
      assert.deepEqual(sent, ['404 Not X-Evil: 1']);
      assert.deepEqual(codes, [-1, -1, 1, -2]);
    });

  test('an ACK is never answered', () => {
    assert.deepEqual(
      routed(({ call: run }) => assert.equal(run('sl_send_reply', '404', 'No'), -1), 'ACK'),
      [],
    );
  });

  test('sl_reply_error and send_reply_error: the last internal error, else 500', () => {
    for (const name of ['sl_reply_error', 'send_reply_error']) {
      assert.deepEqual(
        routed(({ call: run }) => assert.equal(run(name), 1)),
        ["500 I'm terribly sorry, server error occurred (1/SL)"],
      );
      assert.deepEqual(
        routed(({ ctx, call: run }) => {
          ctx.state.errorStatus = 478;
          ctx.state.errorReason = 'Unresolvable destination (478/TM)';
          assert.equal(run(name), 1);
        }),
        ['478 Unresolvable destination (478/SL)'],
      );
    }
  });

  test('a redirect names the new target and the branches', () => {
    const bench = new ModuleBench(sl, {
      request: ({ ctx, call: run }) => {
        ctx.target.uri = 'sip:carol@192.0.2.3';
        run('sl_send_reply', '302', 'Moved');
      },
    });
    bench.wire.receive(request('INVITE'));
    assert.equal(bench.wire.take()[0]?.message.value(HDR_CONTACT), '<sip:carol@192.0.2.3>');
  });
});

describe('replies of a transaction', () => {
  test('send_reply is stateful then, send_reply_mode 2 is not', () => {
    const tags: string[] = [];
    const bench = new ModuleBench(sl, {
      request: ({ ctx, call: run, read }) => {
        bench.wire.proxy.newTransaction(ctx.state);
        tags.push(String(read('ltt', 't')), String(read('ltt', 's')), String(read('ltt', 'x')));
        assert.equal(run('send_reply', '180', 'Ringing'), 1);
        assert.equal(run('send_reply_mode', '183', 'Progress', 2), 1);
        assert.equal(run('send_reply_mode', '486', 'Busy', 1), 1);
        assert.equal(run('send_reply', '404', 'No'), -1);
        assert.equal(run('sl_reply_error'), -3, 'the transaction has answered');
      },
    });
    bench.wire.receive(request('INVITE'));
    const [stateful, stateless, any] = tags;
    assert.equal(any, stateful);
    assert.deepEqual(
      bench.wire.take().map(({ message }) => `${message.status} ${message.to?.tag}`),
      [`180 ${stateful}`, `183 ${stateless}`, `486 ${stateful}`],
    );
  });

  test('bind_tm 0: always without it', () => {
    const bench = new ModuleBench(
      sl,
      {
        request: ({ ctx, call: run, read }) => {
          bench.wire.proxy.newTransaction(ctx.state);
          run('send_reply', '486', 'Busy');
          assert.notEqual(read('ltt', 's'), read('ltt', 't'));
        },
      },
      { bind_tm: 0 },
    );
    bench.wire.receive(request('INVITE'));
    assert.equal(bench.wire.take().length, 1);
  });

  test('sl_reply_error after a failed relay: one answer, not two', () => {
    assert.deepEqual(
      routed(({ ctx, call: run }, bench) => {
        ctx.target.uri = 'sip:x@none.test';
        assert.equal(bench.wire.proxy.relay(ctx.state), -478);
        assert.equal(run('sl_reply_error'), -3);
      }, 'MESSAGE'),
      ['478 Unresolvable destination (478/TM)'],
    );
  });

  test('sl_reply_error with a transaction that has not answered is stateful', () => {
    assert.deepEqual(
      routed(({ ctx, call: run }, bench) => {
        bench.wire.proxy.newTransaction(ctx.state);
        assert.equal(run('send_reply_error'), 1);
        assert.equal(ctx.state.transaction?.lastStatus, 500);
      }),
      ["500 I'm terribly sorry, server error occurred (1/SL)"],
    );
  });
});

describe('sl_forward_reply', () => {
  const REPLY =
    'SIP/2.0 183 Progress\r\nVia: SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKx\r\nVia: SIP/2.0/UDP 10.0.0.8:5099;branch=z9hG4bKy\r\n' +
    'From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n';
  for (const [args, code, sent] of [
    [[], 1, '183 Progress'],
    [['180', 'Ringing'], 1, '180 Ringing'],
    [['180'], 1, '180 Progress'],
    [['200', 'OK'], -1, ''],
    [['1xx'], -1, ''],
  ] as const)
    test(`(${args.join(', ')}): ${code}`, () => {
      const bench = new ModuleBench(sl);
      bench.coreReply(parse(REPLY), ({ call: run }) => assert.equal(run('sl_forward_reply', ...args), code));
      const [reply] = bench.wire.take();
      assert.equal(reply === undefined ? '' : `${reply.message.status} ${reply.message.reason}`, sent);
      if (reply !== undefined) assert.equal(reply.destination.port, 5099);
    });

  test('a reply that has nowhere to go: -1', () => {
    const bench = new ModuleBench(sl);
    const reply = parse(REPLY.replace(/Via: SIP\/2\.0\/UDP 10\.0\.0\.8[^\r]*\r\n/, ''));
    bench.coreReply(reply, ({ call: run }) => assert.equal(run('sl_forward_reply'), -1));
    assert.deepEqual(bench.wire.trace(), []);
  });
});

test('statistics by code and class', () => {
  const bench = new ModuleBench(sl, {
    request: ({ ctx, call: run }) => {
      run('sl_send_reply', '404', 'No');
      run('sl_send_reply', 'x', 'No');
      ctx.state.repliedStateless = false;
      bench.wire.sender.refuse = true;
      run('sl_send_reply', '500', 'No');
    },
  });
  bench.wire.receive(request('OPTIONS'));
  const values = new Map(bench.host.statistics.list().map(({ name, value }) => [name, value]));
  assert.deepEqual(
    ['sent_replies', 'failures', '4xx_replies', '404_replies', '5xx_replies'].map((name) => values.get(name)),
    [1, 1, 0, 1, 0],
  );
});
