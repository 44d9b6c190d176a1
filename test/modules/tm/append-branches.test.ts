import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { tm } from '../../../src/modules/tm.ts';
import { Cell } from '../../../src/proxy/cell.ts';
import { Target } from '../../../src/proxy/target.ts';
import { request, sentTo } from '../../proxy/support.ts';
import { ModuleBench, type Route, type Routes } from '../proxy-bench.ts';

describe('t_cell_append_branches', () => {
  /** A call whose branches are added by the request_route of an OPTIONS. */
  function appended(routes: Routes, uris: readonly string[], index?: number): [ModuleBench, number] {
    let names: readonly [number, number] = [0, 0];
    let code = 0;
    const bench = new ModuleBench(tm, {
      ...routes,
      request: (scope) => {
        const { ctx, call: run } = scope;
        if (ctx.message.method === 'OPTIONS') {
          ctx.state.branches = uris.map((uri) => new Target(uri));
          code = run('t_cell_append_branches', index ?? names[0], names[1]);
          assert.deepEqual(ctx.state.branches, []);
          return;
        }
        ctx.state.onBranch = 'B';
        routes.request?.(scope);
        const { transaction } = ctx.state;
        assert.ok(transaction);
        names = [transaction.index, transaction.label];
      },
    });
    bench.wire.receive(request('INVITE'));
    bench.wire.take();
    bench.wire.receive(request('OPTIONS', { branch: 'z9hG4bKo' }));
    return [bench, code];
  }

  test('a call that rings rings there as well, and the first branch still counts', () => {
    const seen: string[] = [];
    const [bench, code] = appended(
      { request: ({ call: run }) => void run('t_relay'), branch: ({ ctx }) => void seen.push(ctx.target.uri) },
      ['sip:a@192.0.2.5', 'sip:b@192.0.2.6'],
    );
    assert.equal(code, 1);
    assert.deepEqual(seen, ['sip:bob@192.0.2.1', 'sip:a@192.0.2.5', 'sip:b@192.0.2.6']);
    const sent = bench.wire.take();
    bench.wire.answer(sentTo(sent, '192.0.2.5'), 486);
    bench.wire.answer(sentTo(sent, '192.0.2.6'), 200);
    assert.ok(bench.wire.trace().includes('200>10.0.0.9:5060'));
  });

  test('a call that waits for its first branch begins with them', () => {
    const [bench, code] = appended(
      {
        request: ({ ctx, call: run }) => {
          run('t_newtran');
          assert.ok(ctx.state.transaction instanceof Cell);
          ctx.state.transaction.suspended = 1;
        },
      },
      ['sip:a@192.0.2.5'],
    );
    assert.equal(code, 1);
    const sent = bench.wire.take();
    bench.wire.answer(sentTo(sent, '192.0.2.5'), 486);
    assert.ok(bench.wire.trace().includes('486>10.0.0.9:5060'));
  });

  test('nothing to add, and no such transaction: -1', () => {
    const relay: Route = ({ call: run }) => void run('t_relay');
    assert.equal(appended({ request: relay }, [])[1], -1);
    assert.equal(appended({ request: relay }, ['sip:a@192.0.2.5'], 4711)[1], -1);
  });
});
