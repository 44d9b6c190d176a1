import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { rr } from '../../src/modules/rr.ts';
import { request } from '../proxy/support.ts';
import { ModuleBench, type Scope, untested } from './proxy-bench.ts';

interface Plan {
  readonly route: (scope: Scope) => void;
  readonly branch?: (scope: Scope) => void;
  readonly headers?: string;
  readonly toTag?: string;
  readonly fromTag?: string;
  readonly uri?: string;
  readonly params?: Readonly<Record<string, number | string>>;
  readonly method?: string;
}

/** Runs a request_route and relays; the Record-Route and Route values and the destination of what left. */
function relayed(plan: Plan) {
  const bench = new ModuleBench(
    rr,
    {
      request: (scope) => {
        scope.ctx.state.onBranch = 'B';
        plan.route(scope);
        bench.wire.proxy.relay(scope.ctx.state);
      },
      ...(plan.branch === undefined ? {} : { branch: plan.branch }),
    },
    plan.params ?? {},
  );
  const { headers = '', toTag = '', uri = 'sip:bob@192.0.2.1', method = 'INVITE', fromTag = 'f1' } = plan;
  bench.wire.receive(request(method, { uri, toTag, headers }).replace('tag=f1', `tag=${fromTag}`));
  const sent = bench.wire.take().find((one) => one.message.isRequest);
  const values = (id: number) => sent?.message.headers.filter((h) => h.id === id).map((h) => sent.message.valueOf(h));
  return { records: values(8), routes: values(7), to: sent?.destination.ip, bench };
}

after(() => assert.deepEqual(untested(rr), [], 'functions without a test'));

describe('Record-Route', () => {
  const rows: readonly (readonly [string, (scope: Scope) => void, string, Plan['params']?])[] = [
    ['plain', ({ call: run }) => assert.equal(run('record_route'), 1), '<sip:10.0.0.1:5070;lr;ftag=f1>'],
    [
      'with parameters, the semicolon added',
      ({ call: run }) => void run('record_route', 'a=1;b'),
      '<sip:10.0.0.1:5070;lr;ftag=f1;a=1;b>',
    ],
    [
      'once',
      ({ call: run }) => {
        run('record_route', ';a=1');
        assert.equal(run('record_route', ';a=2'), -1);
      },
      '<sip:10.0.0.1:5070;lr;ftag=f1;a=1>',
    ],
    [
      'add_rr_param before and after',
      ({ call: run }) => {
        assert.equal(run('add_rr_param', ';x=1'), 1);
        run('record_route', ';a=1');
        run('add_rr_param', 'y=2');
      },
      '<sip:10.0.0.1:5070;lr;ftag=f1;a=1;x=1;y=2>',
    ],
    [
      'what would end the header is refused',
      ({ call: run }) => {
        assert.equal(run('record_route', ';a=1>\r\nX: 1'), -1);
        assert.equal(run('add_rr_param', ';a="1"'), -1);
        assert.equal(run('record_route_preset', 'host x'), -1);
        assert.equal(run('record_route_advertised_address', '<host>'), -1);
        run('record_route');
      },
      '<sip:10.0.0.1:5070;lr;ftag=f1>',
    ],
    [
      'preset',
      ({ call: run }) => assert.equal(run('record_route_preset', '1.2.3.4:5090;p=1'), 1),
      '<sip:1.2.3.4:5090;p=1;ftag=f1;lr>',
    ],
    [
      'preset of two',
      ({ call: run }) => assert.equal(run('record_route_preset', '1.2.3.4:5090', '5.6.7.8'), 1),
      '<sip:1.2.3.4:5090;r2=on;ftag=f1;lr> <sip:5.6.7.8;r2=on;ftag=f1;lr>',
    ],
    [
      'advertised',
      ({ call: run }) => assert.equal(run('record_route_advertised_address', 'edge.example.com:5090'), 1),
      '<sip:edge.example.com:5090;lr;ftag=f1>',
    ],
    [
      'removed again, the received one too',
      ({ call: run }) => {
        run('record_route');
        assert.equal(run('remove_record_route'), 1);
      },
      '',
    ],
    [
      'append_fromtag 0, enable_full_lr, add_username',
      ({ call: run }) => void run('record_route'),
      '<sip:alice@10.0.0.1:5070;lr=on>',
      { append_fromtag: 0, enable_full_lr: 1, add_username: 1 },
    ],
    [
      'enable_double_rr 2: always two',
      ({ call: run }) => void run('record_route'),
      '<sip:10.0.0.1:5070;r2=on;lr;ftag=f1> <sip:10.0.0.1:5070;r2=on;lr;ftag=f1>',
      { enable_double_rr: 2 },
    ],
  ];
  for (const [name, route, expected, params = {}] of rows)
    test(name, () => assert.equal(relayed({ route, params }).records?.join(' '), expected));

  test('in a branch_route it is the branch’s; asking for the same once more is no mistake', () => {
    const { records } = relayed({
      route: () => {},
      branch: ({ call: run }) => {
        assert.equal(run('record_route', ';b=1'), 1);
        assert.equal(run('record_route', ';b=1'), 1, 'a branch that repeats another brings its wish along');
        assert.equal(run('record_route', ';b=2'), -1);
        assert.equal(run('add_rr_param', ';c=3'), 1);
      },
    });
    assert.deepEqual(records, ['<sip:10.0.0.1:5070;lr;ftag=f1;b=1;c=3>']);
  });

  test('in a branch_route of a request that has one: -1', () => {
    const { records } = relayed({
      route: ({ call: run }) => void run('record_route'),
      branch: ({ call: run }) => assert.equal(run('record_route'), -1),
    });
    assert.equal(records?.length, 1);
  });
});

describe('loose_route and what it tells', () => {
  const OURS = 'Route: <sip:10.0.0.1:5070;lr;ftag=f1;vsf=abc>\r\n';
  const NEXT = 'Route: <sip:192.0.2.77;lr>\r\n';

  for (const [name, plan, code, to] of [
    ['no Route', {}, -1, '192.0.2.1'],
    ['ours, in a dialog', { headers: OURS, toTag: 't1' }, 1, '192.0.2.1'],
    ['ours, outside of one', { headers: OURS }, -3, '192.0.2.1'],
    ['ours and another', { headers: OURS + NEXT }, 1, '192.0.2.77'],
    ['another', { headers: NEXT }, 1, '192.0.2.77'],
    [
      'strict',
      { headers: 'Route: <sip:bob@192.0.2.50>\r\n', uri: 'sip:10.0.0.1:5070;lr', toTag: 't1' },
      1,
      '192.0.2.50',
    ],
  ] as const)
    test(`${name}: ${code}`, () => {
      const { to: went } = relayed({
        ...plan,
        route: ({ call: run }) => assert.equal(run('loose_route'), code),
      });
      assert.equal(went, to);
    });

  test('loose_route_mode 1: no look for strict routers', () => {
    const { to } = relayed({
      headers: NEXT,
      uri: 'sip:10.0.0.1:5070;lr',
      toTag: 't1',
      route: ({ call: run }) => assert.equal(run('loose_route_mode', 1), 1),
    });
    assert.equal(to, '192.0.2.77');
  });

  test('loose_route_preloaded: 1 outside of a dialog, -1 in one', () => {
    relayed({ headers: OURS, route: ({ call: run }) => assert.equal(run('loose_route_preloaded'), 1) });
    relayed({ route: ({ call: run }) => assert.equal(run('loose_route_preloaded'), -1) });
    relayed({ headers: OURS, toTag: 't1', route: ({ call: run }) => assert.equal(run('loose_route_preloaded'), -1) });
  });

  for (const [way, tags, upstream] of [
    ['downstream', { fromTag: 'f1', toTag: 't1' }, false],
    ['upstream', { fromTag: 't1', toTag: 'f1' }, true],
  ] as const)
    test(`${way}: is_direction, $rdir, $fti, $tti, check_route_param, $route_uri`, () => {
      relayed({
        headers: OURS,
        ...tags,
        method: 'BYE',
        route: ({ call: run, read }) => {
          assert.equal(run('check_route_param', /vsf=abc/i), -1, 'before loose_route');
          assert.equal(run('is_direction', 'downstream'), -1);
          assert.equal(read('route_uri'), 'sip:10.0.0.1:5070;lr;ftag=f1;vsf=abc');
          run('loose_route');
          assert.equal(run('check_route_param', /vsf=abc/i), 1);
          assert.equal(run('check_route_param', /vst/i), -1);
          assert.equal(run('is_direction', 'upstream'), upstream ? 1 : -1);
          assert.equal(run('is_direction', 'downstream'), upstream ? -1 : 1);
          assert.deepEqual([read('rdir', 'id'), read('rdir', 'name')], [upstream ? 2 : 1, way]);
          assert.deepEqual([read('fti'), read('tti')], ['f1', 't1'], 'of the dialog’s first request');
          assert.equal(read('route_uri'), 'sip:10.0.0.1:5070;lr;ftag=f1;vsf=abc');
        },
      });
    });

  test('rr_next_hop_route: the first Route as next hop', () => {
    const { to } = relayed({
      headers: NEXT,
      route: ({ call: run }) => assert.equal(run('rr_next_hop_route'), 1),
    });
    assert.equal(to, '192.0.2.77');
    relayed({ route: ({ call: run }) => assert.equal(run('rr_next_hop_route'), -1) });
  });

  test('without a Route there is no $route_uri, without a To tag no $tti', () => {
    relayed({
      route: ({ read }) => assert.deepEqual([read('route_uri'), read('fti'), read('tti')], [null, 'f1', null]),
    });
  });
});
