import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { tm } from '../../src/modules/tm.ts';
import { Target } from '../../src/proxy/target.ts';
import { parse, request, type Sent, sentTo } from '../proxy/support.ts';
import { ModuleBench, type Route, type Routes, untested } from './proxy-bench.ts';

/** Runs a request_route and tells what left: `INVITE>192.0.2.1:5060`. */
function routed(request_: Route, method = 'INVITE', uri = 'sip:bob@192.0.2.1'): string[] {
  const bench = new ModuleBench(tm, { request: request_ });
  bench.wire.receive(request(method, { uri }));
  return bench.wire.trace();
}

/** A call that is relayed, with routes armed under the names R, F, B and N, up to its first INVITE. */
function call(routes: Routes, params: Readonly<Record<string, number | string>> = {}): [ModuleBench, Sent] {
  const bench = new ModuleBench(
    tm,
    {
      ...routes,
      request: (scope) => {
        if (routes.branch !== undefined) scope.call('t_on_branch', 'B');
        if (routes.reply !== undefined) scope.call('t_on_reply', 'R');
        if (routes.failure !== undefined) scope.call('t_on_failure', 'F');
        if (routes.branchFailure !== undefined) scope.call('t_on_branch_failure', 'N');
        routes.request?.(scope);
        scope.call('t_relay');
      },
    },
    params,
  );
  bench.wire.receive(request('INVITE'));
  return [bench, sentTo(bench.wire.take(), '192.0.2.1')];
}

after(() => assert.deepEqual(untested(tm), [], 'functions without a test'));

describe('t_relay and its kin', () => {
  const TRYING = '100>10.0.0.9:5060';
  const cases: readonly (readonly [name: string, args: readonly unknown[], code: number, trace: readonly string[]])[] =
    [
      ['t_relay', [], 1, [TRYING, 'INVITE>192.0.2.1:5060']],
      ['t_relay', ['192.0.2.9', '5099'], 1, [TRYING, 'INVITE>192.0.2.9:5099']],
      ['t_relay_to_udp', [], 1, [TRYING, 'INVITE>192.0.2.1:5060']],
      ['t_relay_to_udp', ['192.0.2.9', '5099'], 1, [TRYING, 'INVITE>192.0.2.9:5099']],
      ['t_relay_to_tcp', [], 1, [TRYING, 'INVITE>192.0.2.1:5060']],
      ['t_relay_to_tls', [], -500, [TRYING, '500>10.0.0.9:5060']],
      ['t_relay_to_sctp', [], -1, []],
      ['t_relay_to_sctp', ['192.0.2.9', '5060'], -1, []],
      ['t_relay_to', [], 1, [TRYING, 'INVITE>192.0.2.1:5060']],
      ['t_relay_to', ['tcp:192.0.2.9:5099'], 1, [TRYING, 'INVITE>192.0.2.9:5099']],
      ['t_relay_to', ['192.0.2.9', 1], 1, ['INVITE>192.0.2.9:5060']],
      ['t_relay_to', ['1'], 1, ['INVITE>192.0.2.1:5060']],
      ['t_relay_to', ['0x1'], 1, ['INVITE>192.0.2.1:5060']],
      ['t_relay_to', ['none.test', 2], -478, [TRYING]],
      ['t_relay_to', ['not an address'], -1, []],
      ['t_relay_to', ['beef'], 1, [TRYING]],
      ['t_relay_to_proxy', ['192.0.2.9'], 1, [TRYING, 'INVITE>192.0.2.9:5060']],
      ['t_forward_nonack', ['192.0.2.9', '5060'], 1, [TRYING, 'INVITE>192.0.2.9:5060']],
      ['t_forward_nonack_udp', ['192.0.2.9', '5060'], 1, [TRYING, 'INVITE>192.0.2.9:5060']],
      ['t_forward_nonack_tcp', ['192.0.2.9', '5060'], 1, [TRYING, 'INVITE>192.0.2.9:5060']],
      ['t_forward_nonack_tls', ['192.0.2.9', '5061'], -500, [TRYING, '500>10.0.0.9:5060']],
      ['t_forward_nonack_sctp', ['192.0.2.9', '5060'], -1, []],
      ['t_forward_nonack_to', ['192.0.2.9', '5060'], 1, [TRYING, 'INVITE>192.0.2.9:5060']],
      ['t_forward_nonack_uri', [], 1, [TRYING, 'INVITE>192.0.2.1:5060']],
      ['t_relay_to_avp', ['udp', '192.0.2.9:5099'], 1, [TRYING, 'INVITE>192.0.2.9:5099']],
      ['t_relay_to_avp', ['TCP', '192.0.2.9'], 1, [TRYING, 'INVITE>192.0.2.9:5060']],
      ['t_relay_to_avp', ['udp', 'tcp:192.0.2.9:5099'], -1, []],
      ['t_relay_to_avp', ['sctp', '192.0.2.9'], -1, []],
      ['t_relay_to_avp', ['udp', null], -1, []],
    ];
  for (const [name, args, code, trace] of cases)
    test(`${name}(${args.join(', ')}): ${code}`, () => {
      let got = 0;
      assert.deepEqual(
        routed((scope) => {
          got = scope.call(name, ...args);
        }),
        trace,
      );
      assert.equal(got, code);
    });

  test('an ACK is not for t_forward_nonack', () => {
    for (const name of ['t_forward_nonack', 't_forward_nonack_to'])
      assert.deepEqual(
        routed((scope) => assert.equal(scope.call(name, '192.0.2.9', '5060'), -1), 'ACK'),
        [],
      );
    assert.deepEqual(
      routed((scope) => assert.equal(scope.call('t_forward_nonack_uri'), -1), 'ACK'),
      [],
    );
  });

  test('the transport of t_relay_to_tcp', () => {
    const bench = new ModuleBench(tm, { request: (scope) => void scope.call('t_relay_to_tcp') });
    bench.wire.receive(request('INVITE'));
    assert.equal(sentTo(bench.wire.take(), '192.0.2.1').destination.proto, 'tcp');
  });

  test('fr_timer_avp and fr_inv_timer_avp are seconds, and a variable that is none is refused', () => {
    const bench = new ModuleBench(
      tm,
      {
        request: ({ ctx, call: run }) => {
          run('t_relay');
          assert.deepEqual([ctx.state.fr, ctx.state.frInv], [7000, 9000]);
        },
      },
      { fr_timer_avp: '$avp(fr)', fr_inv_timer_avp: '$avp(inv)' },
    );
    bench.host.variables.set('$avp(fr)', 7).set('$avp(inv)', '9');
    bench.wire.receive(request('INVITE'));
  });
});

describe('replies', () => {
  test('t_reply without a transaction: -1', () => {
    assert.deepEqual(
      routed((scope) => assert.equal(scope.call('t_reply', '404', 'No'), -1)),
      [],
    );
  });

  test('t_newtran and t_reply, once; a code that is none is default_code', () => {
    assert.deepEqual(
      routed((scope) => {
        assert.equal(scope.call('t_newtran'), 1);
        assert.equal(scope.call('t_newtran'), 1);
        assert.equal(scope.call('t_reply', 'abc', 'No'), 1);
        assert.equal(scope.call('t_reply', '404', 'No'), -1);
      }),
      ['500>10.0.0.9:5060'],
    );
  });

  test('t_send_reply makes the transaction', () => {
    assert.deepEqual(
      routed((scope) => assert.equal(scope.call('t_send_reply', '480', 'Away'), 1)),
      ['480>10.0.0.9:5060'],
    );
  });

  test('t_reply_error: the last internal error, else 500', () => {
    const reasons: string[] = [];
    for (const status of [0, 478]) {
      const bench = new ModuleBench(tm, {
        request: ({ ctx, call: run }) => {
          run('t_newtran');
          ctx.state.errorStatus = status;
          ctx.state.errorReason = 'Unresolvable destination (478/TM)';
          assert.equal(run('t_reply_error'), 1);
        },
      });
      bench.wire.receive(request('INVITE'));
      const [reply] = bench.wire.take();
      reasons.push(`${reply?.message.status} ${reply?.message.reason}`);
    }
    assert.deepEqual(reasons, [
      "500 I'm terribly sorry, server error occurred (1/TM)",
      '478 Unresolvable destination (478/TM)',
    ]);
  });

  test('t_release, t_retransmit_reply, t_exists, t_lookup_request need a transaction', () => {
    routed(({ call: run }) => {
      for (const name of ['t_release', 't_retransmit_reply', 't_exists', 't_lookup_request', 't_save_lumps'])
        assert.equal(run(name), -1, name);
      run('t_newtran');
      for (const name of ['t_retransmit_reply', 't_exists', 't_lookup_request', 't_save_lumps', 't_release', 't_clean'])
        assert.equal(run(name), 1, name);
    });
  });
});

describe('what a message belongs to', () => {
  test('t_check_trans: a new request -1, a CANCEL of an INVITE that is here 1', () => {
    const codes: string[] = [];
    const bench = new ModuleBench(tm, {
      request: ({ ctx, call: run }) => {
        codes.push(`${ctx.message.method} ${run('t_check_trans')} ${run('t_lookup_cancel')}`);
        if (ctx.message.method === 'INVITE') {
          ctx.state.flags = 8;
          run('t_relay');
        } else {
          if (run('t_lookup_cancel', 1) === 1) assert.equal(ctx.state.flags, 8);
          codes.push(`t_relay_cancel ${run('t_relay_cancel')}`);
        }
      },
    });
    bench.wire.receive(request('CANCEL', { branch: 'z9hG4bKnone' }));
    bench.wire.receive(request('INVITE'));
    bench.wire.receive(request('CANCEL'));
    assert.deepEqual(codes, ['CANCEL -1 -1', 't_relay_cancel 1', 'INVITE -1 -1', 'CANCEL 1 1', 't_relay_cancel 0']);
  });

  test('t_check_trans of a reply: whether a transaction waits for it', () => {
    const codes: number[] = [];
    const [bench, invite] = call({ reply: ({ call: run }) => void codes.push(run('t_check_trans')) });
    const via = invite.message.value(1);
    const reply = (top: string) =>
      parse(
        `SIP/2.0 180 X\r\nVia: ${top}\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: call-1\r\nCSeq: 1 INVITE\r\n\r\n`,
      );
    bench.coreReply(reply(via ?? ''), ({ call: run }) => {
      codes.push(run('t_check_trans'));
      assert.equal(run('t_is_retr_async_reply'), -1);
    });
    bench.coreReply(
      reply('SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKno'),
      ({ call: run }) => void codes.push(run('t_check_trans')),
    );
    bench.wire.answer(invite, 180);
    assert.deepEqual(codes, [1, -1, 1]);
  });
});

describe('how a transaction stands', () => {
  const QUESTIONS = [
    't_is_canceled',
    't_is_expired',
    't_any_replied',
    't_any_timeout',
    't_branch_timeout',
    't_branch_replied',
  ];
  /** Names of the questions that are answered yes. */
  function yes(run: (name: string, ...args: unknown[]) => number): string {
    return QUESTIONS.filter((name) => run(name) === 1).join(' ');
  }

  test('without one every answer is no', () => {
    routed(({ call: run }) => {
      assert.equal(yes(run), '');
      assert.equal(run('t_grep_status', 404), -1);
      assert.equal(run('t_get_status_code'), -1);
    });
  });

  // As measured on the original: the reply at hand does not count as one that came before.
  for (const [what, play, answers] of [
    ['refused at once', [486], ''],
    ['refused after ringing', [180, 486], 't_any_replied t_branch_replied'],
    ['silent', [], 't_any_timeout t_branch_timeout'],
    ['ringing for ever', [180], 't_any_replied t_any_timeout t_branch_timeout t_branch_replied'],
  ] as const)
    test(`failure_route, ${what}: ${answers === '' ? 'no' : answers}`, () => {
      let seen = '-';
      const [bench, invite] = call({
        failure: ({ call: run }) => {
          seen = yes(run);
        },
      });
      for (const status of play) bench.wire.answer(invite, status);
      bench.wire.time.clock.advance(121_000);
      assert.equal(seen, answers);
    });

  test('failure_route past the lifetime of all: t_is_expired', () => {
    let seen = '';
    const [bench, invite] = call(
      {
        failure: ({ call: run }) => {
          seen = yes(run);
        },
      },
      { max_inv_lifetime: 60_000 },
    );
    bench.wire.answer(invite, 180);
    bench.wire.time.clock.advance(61_000);
    assert.match(seen, /t_is_expired/);
  });

  test('statuses: t_check_status, t_grep_status, t_get_status_code by route', () => {
    const seen: string[] = [];
    const look: Route = ({ ctx, call: run }) =>
      void seen.push(
        [
          ctx.routeType,
          run('t_get_status_code'),
          run('t_check_status', /^18/i),
          run('t_check_status', /4[08]/i),
          run('t_grep_status', 486),
        ].join(' '),
      );
    const [bench, invite] = call({ reply: look, failure: look, branchFailure: look, branch: look });
    bench.wire.answer(invite, 180);
    bench.wire.answer(invite, 486);
    assert.deepEqual(
      seen.map((line) => line.split(' ').slice(1).join(' ')),
      ['100 -1 -1 -1', '180 1 -1 -1', '486 -1 1 -1', '486 -1 1 1', '486 -1 1 1'],
    );
  });

  test('t_is_canceled in the failure_route of a cancelled call', () => {
    let code = 0;
    const bench = new ModuleBench(tm, {
      request: ({ call: run }) => {
        run('t_on_failure', 'F');
        run('t_relay');
      },
      failure: ({ call: run }) => {
        code = run('t_is_canceled');
      },
    });
    bench.wire.receive(request('INVITE'));
    const invite = sentTo(bench.wire.take(), '192.0.2.1');
    bench.wire.answer(invite, 180);
    bench.wire.receive(request('CANCEL'));
    bench.wire.answer(invite, 487);
    assert.equal(code, 1);
  });
});

describe('arming and setting', () => {
  test('t_on_* arm and "0" disarms; t_is_set tells', () => {
    routed(({ ctx, call: run }) => {
      const set = () => ['failure_route', 'branch_route', 'onreply_route'].map((what) => run('t_is_set', what));
      assert.deepEqual(set(), [-1, -1, -1]);
      for (const name of ['t_on_failure', 't_on_branch', 't_on_reply', 't_on_branch_failure']) run(name, 'X');
      assert.deepEqual(set(), [1, 1, 1]);
      assert.equal(ctx.state.onBranchFailure, 'X');
      for (const name of ['t_on_failure', 't_on_branch', 't_on_reply', 't_on_branch_failure']) run(name, '0');
      assert.deepEqual(set(), [-1, -1, -1]);
    });
  });

  test('in a branch_route they are the branch’s own', () => {
    const seen: string[] = [];
    const [bench, invite] = call({
      branch: ({ ctx, call: run }) => {
        run('t_on_reply', 'OWN');
        run('t_on_branch_failure', 'OWN');
        assert.equal(run('t_msg_apply_changes'), 1);
        seen.push(`${ctx.branch?.onReply} ${ctx.branch?.onBranchFailure} ${ctx.state.onReply}`);
      },
      branchFailure: () => void seen.push('branch-failure'),
    });
    bench.wire.answer(invite, 486);
    assert.deepEqual(seen, ['OWN OWN ', 'branch-failure']);
  });

  test('timers: t_set_fr before and after the relay, t_reset_fr', () => {
    const bench = new ModuleBench(tm, {
      request: ({ ctx, call: run }) => {
        run('t_set_fr', 20_000, 3_000);
        assert.deepEqual([ctx.state.frInv, ctx.state.fr], [20_000, 3_000]);
        run('t_reset_fr');
        assert.deepEqual([ctx.state.frInv, ctx.state.fr], [0, 0]);
        run('t_relay');
        run('t_set_fr', 0, 1_000);
      },
    });
    bench.wire.receive(request('INVITE'));
    bench.wire.time.clock.advance(1_600);
    assert.ok(bench.wire.trace().includes('408>10.0.0.9:5060'));
  });

  test('settings of one transaction', () => {
    routed(({ ctx: { state }, call: run }) => {
      run('t_set_max_lifetime', 5000, 4000);
      run('t_set_retr', 300, 2000);
      assert.deepEqual(
        [state.maxInvLifetime, state.maxNonInvLifetime, state.retr1, state.retr2],
        [5000, 4000, 300, 2000],
      );
      run('t_reset_max_lifetime');
      run('t_reset_retr');
      assert.deepEqual([state.maxInvLifetime, state.maxNonInvLifetime, state.retr1, state.retr2], [0, 0, 0, 0]);
      for (const [name, field] of [
        ['t_set_auto_inv_100', 'autoInv100'],
        ['t_set_disable_6xx', 'disable6xx'],
        ['t_set_disable_failover', 'disableFailover'],
        ['t_set_disable_internal_reply', 'disableInternalReply'],
        ['t_set_no_e2e_cancel_reason', 'noE2eCancelReason'],
        ['t_disable_e2e_cancel_reason', 'noE2eCancelReason'],
      ] as const) {
        for (const on of [true, false]) {
          assert.equal(run(name, Number(on)), 1);
          assert.equal(state[field], on, name);
        }
      }
      assert.equal(run('t_set_no_auto_ack', 1), 1);
      assert.equal(run('t_use_uac_headers'), 1);
    });
  });

  test('no 100 when t_set_auto_inv_100 says so', () => {
    assert.deepEqual(
      routed(({ call: run }) => {
        run('t_set_auto_inv_100', 0);
        run('t_relay');
      }),
      ['INVITE>192.0.2.1:5060'],
    );
  });

  test('t_set_disable_internal_reply: the script answers itself', () => {
    assert.deepEqual(
      routed(
        ({ call: run }) => {
          run('t_set_disable_internal_reply', 1);
          assert.equal(run('t_relay'), -478);
          run('t_reply', '404', 'Gone');
        },
        'MESSAGE',
        'sip:x@none.test',
      ),
      ['404>10.0.0.9:5060'],
    );
  });

  test('t_drop_replies: a all, l of the last leg, n none', () => {
    for (const [what, answer] of [
      ['a', '500'],
      ['l', '486'],
      ['n', '404'],
      [undefined, '500'],
    ] as const) {
      let runs = 0;
      const failure: Route = ({ ctx, call: run }) => {
        if (runs++ === 0) {
          ctx.target.uri = 'sip:bob@192.0.2.2';
          run('t_on_failure', 'F');
          run('t_relay');
        } else if (what === undefined) run('t_drop_replies');
        else run('t_drop_replies', what);
      };
      const [bench, invite] = call({ failure }, { failure_reply_mode: 0 });
      bench.wire.answer(invite, 486);
      bench.wire.answer(sentTo(bench.wire.take(), '192.0.2.2'), 404);
      assert.deepEqual(bench.wire.trace().slice(-1), [`${answer}>10.0.0.9:5060`], `t_drop_replies(${what})`);
    }
  });
});

describe('serial forking by q', () => {
  test('t_load_contacts, t_next_contacts', () => {
    const codes: number[] = [];
    const trace = routed(({ ctx, call: run }) => {
      codes.push(run('t_next_contacts'), run('t_load_contacts'));
      const better = new Target('sip:b@192.0.2.9');
      better.q = 900;
      ctx.state.branches = [better];
      codes.push(run('t_load_contacts'), run('t_next_contacts'));
      assert.equal(ctx.target.uri, 'sip:b@192.0.2.9', '$ru of the route that runs');
      run('t_relay');
      codes.push(run('t_next_contacts'), run('t_next_contacts'), run('t_next_contact_flow'));
    });
    assert.deepEqual(codes, [-1, -1, 1, 1, 1, -2, -2]);
    assert.deepEqual(trace, ['100>10.0.0.9:5060', 'INVITE>192.0.2.9:5060']);
  });

  test('t_load_contacts with one q and mode 1', () => {
    routed(({ call: run }) => assert.equal(run('t_load_contacts', 1), 1));
  });
});

describe('requests besides the call', () => {
  for (const [name, args, to] of [
    ['t_replicate', ['sip:192.0.2.9'], '192.0.2.9:5060'],
    ['t_replicate', [], '192.0.2.1:5060'],
    ['t_replicate', ['192.0.2.9', '5099'], '192.0.2.9:5099'],
    ['t_replicate_to', ['192.0.2.9', '5099'], '192.0.2.9:5099'],
    ['t_replicate_udp', ['192.0.2.9', '5099'], '192.0.2.9:5099'],
    ['t_replicate_tcp', ['192.0.2.9', '5099'], '192.0.2.9:5099'],
  ] as const)
    test(`${name}(${args.join(', ')})`, () => {
      const bench = new ModuleBench(tm, {
        request: ({ ctx, call: run }) => {
          ctx.edits.insert(ctx.message.headersEnd, 'X-Copy: 1\r\n');
          assert.equal(run(name, ...args), 1);
          ctx.edits.insert(ctx.message.headersEnd, 'X-Later: 1\r\n');
        },
      });
      bench.wire.receive(request('MESSAGE'));
      const [copy] = bench.wire.take();
      assert.equal(`${copy?.destination.ip}:${copy?.destination.port}`, to);
      assert.equal(copy?.message.findByName('X-Copy').length, 1);
      bench.wire.answer(copy as Sent, 200);
      assert.deepEqual(bench.wire.trace(), [], 'its reply is for nobody');
    });

  test('where there is no way', () => {
    routed(({ call: run }) => {
      assert.equal(run('t_replicate_tls', '192.0.2.9', '5061'), -1);
      assert.equal(run('t_replicate_sctp', '192.0.2.9', '5060'), -1);
      assert.equal(run('t_replicate', 'sip:none.test'), -1);
    });
  });

  test('t_uac_send: a request of ours, and no header can end the headers', () => {
    const bench = new ModuleBench(tm, {
      request: ({ call: run }) => {
        const send = (headers: string, method = 'MESSAGE') =>
          run('t_uac_send', method, 'sip:u@192.0.2.8', '', '', headers, 'hello');
        assert.equal(send('X-A: 1\r\nContent-Type: text/plain\r\n'), 1);
        assert.equal(send('\r\nX-B: 2'), 1);
        assert.equal(send('X-A: 1\r\n\r\nX-B: 2'), -1);
        assert.equal(send('', 'MESSAGE\r\nX: 1'), -1);
      },
    });
    bench.wire.receive(request('OPTIONS'));
    const [first, second, ...more] = bench.wire.take().filter((one) => one.message.isRequest);
    assert.deepEqual(more, []);
    assert.equal(first?.message.raw.slice(first.message.bodyStart), 'hello');
    assert.equal(first?.message.findByName('X-A').length, 1);
    assert.equal(second?.message.findByName('X-B').length, 1);
    assert.equal(second?.message.raw.slice(second.message.bodyStart), 'hello');
  });
});

test('what there is no transaction, FIFO or socket for says so', () => {
  const bench = new ModuleBench(tm, {
    request: ({ call: run }) => {
      assert.equal(run('t_cell_append_branches', 1, 2), -1);
      assert.equal(run('t_write_req', 'a', 'b'), -1);
      assert.equal(run('t_write_unix', 'a', 'b'), -1);
    },
  });
  bench.wire.receive(request('OPTIONS'));
  assert.deepEqual(bench.host.log.codes, ['TM_BAD_ARGUMENT', 'TM_BAD_ARGUMENT']);
});
