import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { tmx } from '../../src/modules/tmx.ts';
import { Target } from '../../src/proxy/target.ts';
import type { ScriptContext } from '../../src/script/context.ts';
import { request, type Sent, sentTo } from '../proxy/support.ts';
import { ModuleBench, type Routes, type Scope, untested } from './proxy-bench.ts';

/** A call relayed to these addresses, with every route that is given armed, up to its INVITEs. */
function call(routes: Routes, ...ips: string[]): [ModuleBench, Sent[]] {
  const bench = new ModuleBench(tmx, {
    ...routes,
    request: (scope) => {
      const { state } = scope.ctx;
      if (state.message.method === 'INVITE') {
        if (ips.length > 0) {
          state.target.uri = `sip:bob@${ips[0]}`;
          state.branches = ips.slice(1).map((ip) => new Target(`sip:bob@${ip}`));
        }
        state.onBranch = 'B';
        state.onReply = 'R';
        state.onFailure = 'F';
      }
      routes.request?.(scope);
      if (state.transaction === null) bench.wire.proxy.relay(state);
    },
  });
  bench.wire.receive(request('INVITE'));
  return [bench, bench.wire.take()];
}

after(() => assert.deepEqual(untested(tmx), [], 'functions without a test'));

test('the kind of route', () => {
  const seen: string[] = [];
  const look = ({ call: run }: Scope): void =>
    void seen.push(['request', 'branch', 'reply', 'failure'].filter((kind) => run(`t_is_${kind}_route`) === 1).join());
  const [bench, sent] = call({ request: look, branch: look, reply: look, failure: look });
  bench.wire.answer(sentTo(sent, '192.0.2.1'), 486);
  assert.deepEqual(seen, ['request', 'branch', 'reply', 'failure']);
});

test('nothing is ever handled elsewhere: t_precheck_trans', () => {
  call({ request: ({ call: run }) => assert.equal(run('t_precheck_trans'), -1) });
});

describe('t_suspend and t_continue', () => {
  test('the route that goes on is one of a failure', () => {
    let names: unknown[] = [];
    const bench = new ModuleBench(tmx, {
      request: ({ ctx, call: run, read }) => {
        if (ctx.message.method === 'OPTIONS') {
          const [index, label] = names;
          assert.equal(run('t_continue', index, Number(label) + 1, 'LATER'), -1);
          assert.equal(run('t_continue', index, label, 'LATER'), 1);
          assert.equal(run('t_continue', index, label, 'LATER'), -1, 'once');
          return;
        }
        assert.equal(run('t_suspend'), 1);
        names = [read('T', 'id_index'), read('T', 'id_label')];
      },
    });
    bench.compiled.set('LATER', (ctx: ScriptContext) => {
      assert.equal(bench.scope(ctx).call('t_is_failure_route'), 1);
      ctx.target.uri = 'sip:bob@192.0.2.7';
      return bench.wire.proxy.relay(ctx.state);
    });
    bench.wire.receive(request('INVITE'));
    assert.deepEqual(bench.wire.trace(), []);
    bench.wire.receive(request('OPTIONS', { branch: 'z9hG4bKo' }));
    assert.deepEqual(bench.wire.trace(), ['100>10.0.0.9:5060', 'INVITE>192.0.2.7:5060']);
  });

  test('a route that does not exist is said, and the caller gets an answer', () => {
    const bench = new ModuleBench(tmx, {
      request: ({ call: run, read }) => {
        run('t_suspend');
        run('t_continue', read('T', 'id_index'), read('T', 'id_label'), 'NONE');
      },
    });
    bench.wire.receive(request('INVITE'));
    assert.deepEqual(bench.host.log.codes, ['TMX_NO_ROUTE']);
    assert.deepEqual(bench.wire.trace(), ['500>10.0.0.9:5060']);
  });
});

describe('t_drop', () => {
  for (const [code, trace] of [
    [404, ['404>10.0.0.9:5060']],
    [undefined, []],
  ] as const)
    test(code === undefined ? 'without a code nothing is sent' : `with ${code}`, () => {
      const bench = new ModuleBench(tmx, {
        request: ({ ctx, call: run }) => {
          assert.equal(run('t_drop'), -1);
          bench.wire.proxy.newTransaction(ctx.state);
          assert.equal(code === undefined ? run('t_drop') : run('t_drop', code), 1);
        },
      });
      bench.wire.receive(request('INVITE'));
      assert.deepEqual(bench.wire.trace(), trace);
      bench.wire.time.clock.advance(40_000);
      assert.equal(bench.wire.transactions.size, 0);
    });
});

describe('cancelling', () => {
  for (const [which, cancelled] of [
    ['all', ['192.0.2.1', '192.0.2.2']],
    ['others', ['192.0.2.2']],
    ['this', ['192.0.2.1']],
  ] as const)
    test(`t_cancel_branches("${which}")`, () => {
      const [bench, sent] = call(
        {
          reply: ({ ctx, call: run }) => {
            if (ctx.branch?.index === 0 && ctx.reply?.status === 183) assert.equal(run('t_cancel_branches', which), 1);
          },
        },
        '192.0.2.1',
        '192.0.2.2',
      );
      for (const ip of ['192.0.2.1', '192.0.2.2']) bench.wire.answer(sentTo(sent, ip), 180);
      bench.wire.answer(sentTo(sent, '192.0.2.1'), 183);
      const left = bench.wire.take().filter((one) => one.message.method === 'CANCEL');
      assert.deepEqual(
        left.map((one) => one.destination.ip),
        cancelled,
      );
    });

  test('t_cancel_branch_idx by the names of the transaction', () => {
    let names: unknown[] = [];
    const [bench, sent] = call({
      branch: ({ read }) => {
        names = [read('T', 'id_index'), read('T', 'id_label'), read('T_branch_idx')];
      },
      request: ({ ctx, call: run }) => {
        if (ctx.message.method !== 'OPTIONS') return;
        assert.equal(run('t_cancel_branch_idx', names[0], names[1], 5), -1);
        assert.equal(run('t_cancel_branch_idx', ...names), 1);
      },
    });
    bench.wire.answer(sentTo(sent, '192.0.2.1'), 180);
    bench.wire.receive(request('OPTIONS', { branch: 'z9hG4bKo' }));
    assert.ok(bench.wire.trace().includes('CANCEL>192.0.2.1:5060'));
  });

  test('t_cancel_callid cancels and sets a flag; t_reply_callid answers', () => {
    let flags = 0;
    const [bench, sent] = call({
      request: ({ ctx, call: run }) => {
        if (ctx.message.method !== 'OPTIONS') return;
        assert.equal(run('t_cancel_callid', 'nobody', '1', 4), -1);
        assert.equal(run('t_cancel_callid', 'call-1', '1', 4), 1);
      },
      failure: ({ ctx }) => {
        flags = ctx.state.flags;
      },
    });
    const invite = sentTo(sent, '192.0.2.1');
    bench.wire.answer(invite, 180);
    bench.wire.receive(request('OPTIONS', { branch: 'z9hG4bKo', cseq: 9 }));
    assert.ok(bench.wire.trace().includes('CANCEL>192.0.2.1:5060'));
    bench.wire.answer(invite, 487);
    assert.equal(flags, 16);

    const [other, others] = call({
      request: ({ ctx, call: run }) => {
        if (ctx.message.method !== 'OPTIONS') return;
        assert.equal(run('t_reply_callid', 'call-1', '1', 'xyz', 'No'), -1);
        assert.equal(run('t_reply_callid', 'call-1', '7', '480', 'Away'), -1);
        assert.equal(run('t_reply_callid', 'call-1', '1', '480', 'Away'), 1);
      },
    });
    other.wire.answer(sentTo(others, '192.0.2.1'), 180);
    other.wire.receive(request('OPTIONS', { branch: 'z9hG4bKo', cseq: 9 }));
    const trace = other.wire.trace();
    assert.ok(trace.includes('480>10.0.0.9:5060') && trace.includes('CANCEL>192.0.2.1:5060'), trace.join(' '));
  });
});

test('flags: t_flush_flags and t_flush_xflags need a transaction', () => {
  const bench = new ModuleBench(tmx, {
    request: ({ ctx, call: run }) => {
      assert.deepEqual([run('t_flush_flags'), run('t_flush_xflags')], [-1, -1]);
      bench.wire.proxy.newTransaction(ctx.state);
      assert.deepEqual([run('t_flush_flags'), run('t_flush_xflags')], [1, 1]);
      bench.wire.proxy.reply(ctx.state, 200, 'OK');
    },
  });
  bench.wire.receive(request('OPTIONS'));
});

test('t_reuse_branch: the failed branch becomes the main target; the next hop stays the request’s', () => {
  const [bench, sent] = call(
    {
      request: ({ ctx, call: run }) => {
        ctx.state.onBranchFailure = 'X';
        assert.equal(run('t_reuse_branch'), -1, 'there is no branch');
      },
      branch: ({ ctx }) => {
        if (ctx.branch?.index !== 0) return;
        ctx.target.uri = 'sip:changed@192.0.2.8';
        ctx.target.dstUri = 'sip:192.0.2.1';
        ctx.target.path = '<sip:192.0.2.77;lr>';
        ctx.target.ruid = 'r-1';
        ctx.target.instance = '<urn:i>';
        ctx.target.flags = 32;
      },
      branchFailure: ({ ctx, call: run }) => {
        if (ctx.branch?.index !== 0) return;
        assert.equal(run('t_reuse_branch'), 1);
        const { uri, dstUri, path, ruid, instance, flags } = ctx.state.target;
        assert.deepEqual(
          { uri, dstUri, path, ruid, instance, flags },
          {
            uri: 'sip:changed@192.0.2.8',
            dstUri: '',
            path: '<sip:192.0.2.77;lr>',
            ruid: 'r-1',
            instance: '<urn:i>',
            flags: 32,
          },
        );
        assert.equal(bench.wire.proxy.relay(ctx.state), 1);
      },
    },
    '192.0.2.1',
  );
  bench.wire.answer(sentTo(sent, '192.0.2.1'), 480);
  assert.equal(sentTo(bench.wire.take(), '192.0.2.8').message.requestUri, 'sip:changed@192.0.2.8');
});

test('t_vbflag_*: flags of the transaction’s request', () => {
  const bench = new ModuleBench(tmx, {
    request: ({ ctx, call: run }) => {
      assert.equal(run('t_vbflag_set', 3), -1, 'no transaction');
      bench.wire.proxy.newTransaction(ctx.state);
      assert.equal(run('t_vbflag_is_set', 3), -1);
      assert.equal(run('t_vbflag_set', 3), 1);
      assert.equal(run('t_vbflag_set', 31), 1);
      assert.equal(run('t_vbflag_set', 32), -1);
      assert.equal(run('t_vbflag_is_set', 3), 1);
      assert.equal(run('t_vbflag_reset', 3), 1);
      assert.equal(run('t_vbflag_is_set', 3), -1);
      assert.equal(run('t_vbflag_is_set', 31), 1);
    },
  });
  bench.wire.receive(request('OPTIONS'));
});

test('what is not offered says so', () => {
  const bench = new ModuleBench(tmx, {
    request: ({ call: run }) => assert.equal(run('t_uac_ack_local', 'a', 'b'), -1),
  });
  bench.wire.receive(request('OPTIONS'));
  assert.deepEqual(bench.host.log.codes, ['TMX_NOT_SUPPORTED']);
});

test('variables in the routes of a call', () => {
  const NAMES = ['T_branch_idx', 'T_reply_code', 'T_reply_reason', 'T_reply_last', 'T_reply_ruid'] as const;
  const seen: unknown[][] = [];
  const look = ({ read }: Scope): void => void seen.push(NAMES.map((name) => read(name)));
  const [bench, sent] = call({ request: look, branch: look, reply: look, failure: look });
  bench.wire.answer(sentTo(sent, '192.0.2.1'), 486);
  assert.deepEqual(seen, [
    [0, 0, null, 0, null],
    [0, 100, null, 0, null],
    [0, 486, 'X', 0, null],
    [1, 486, 'X', 486, null],
  ]);
});

test('messages of the transaction: $T_req, $T_rpl, $T_inv, $T_branch', () => {
  const seen: unknown[] = [];
  const [bench, sent] = call({
    request: ({ ctx, read }) => {
      if (ctx.message.method === 'CANCEL') seen.push(read('T_inv', 'rm'));
    },
    branch: ({ read }) => void seen.push(read('T_branch', 'uri'), read('T_branch', 'flags')),
    reply: ({ read }) => void seen.push(read('T_req', 'rm'), read('T_rpl', 'rs')),
  });
  // The bench has no variables of other modules: what is read is what they would be asked.
  bench.host.variables.set('$rm', 'method').set('$rs', 'status');
  bench.wire.answer(sentTo(sent, '192.0.2.1'), 180);
  bench.wire.receive(request('CANCEL'));
  assert.deepEqual(seen, ['sip:bob@192.0.2.1', 0, 'method', 'status', 'method']);
});

test('statistics count what was done', () => {
  const [bench, sent] = call({});
  bench.wire.answer(sentTo(sent, '192.0.2.1'), 404);
  const values = new Map(bench.host.statistics.list().map(({ name, value }) => [name, value]));
  assert.deepEqual(
    ['UAS_transactions', 'inuse_transactions', '4xx_transactions', 'rpl_received', 'rpl_relayed'].map((name) =>
      values.get(name),
    ),
    [1, 0, 1, 1, 1],
  );
});
