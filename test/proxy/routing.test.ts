import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { looseRoute } from '../../src/proxy/loose-route.ts';
import type { OwnRoute, RequestState } from '../../src/proxy/request-state.ts';
import { replyPriority } from '../../src/proxy/response-context.ts';
import { ProxyBench, request } from './support.ts';

/** Runs loose_route on a request with these Route lines and relays it. */
function routed(routes: string, options: { toTag?: string; uri?: string; fromTag?: string } = {}) {
  let code = 0;
  let state: RequestState | null = null;
  const own: OwnRoute[] = [];
  const bench = new ProxyBench({
    request: (one, proxy) => {
      state = one;
      code = looseRoute(one, bench.sender, (_state, route) => own.push(route));
      proxy.relay(one);
    },
  });
  const { toTag = 'uas', uri = 'sip:bob@192.0.2.1', fromTag = 'f1' } = options;
  bench.receive(request('BYE', { toTag, uri, headers: routes }).replace('tag=f1', `tag=${fromTag}`));
  const sent = bench.take().find((one) => one.message.isRequest);
  const left = sent?.message.headers.filter((h) => h.id === 7).map((h) => sent.message.valueOf(h)) ?? [];
  return { code, state: state as RequestState | null, own, sent, left };
}

describe('loose routing (RFC 3261 §16.4, §16.12)', () => {
  test('no Route: -1', () => {
    assert.equal(routed('').code, -1);
  });

  test('only our Route, inside a dialog: removed, to the Request-URI', () => {
    const { code, left, sent, own } = routed('Route: <sip:10.0.0.1:5070;lr;ftag=f1>\r\n');
    assert.equal(code, 1);
    assert.deepEqual(left, []);
    assert.equal(sent?.destination.ip, '192.0.2.1');
    assert.equal(own[0]?.params, ';lr;ftag=f1');
    assert.equal(own[0]?.upstream, false);
  });

  test('the direction is upstream only when the From tag differs from ftag', () => {
    assert.equal(
      routed('Route: <sip:10.0.0.1:5070;lr;ftag=f1>\r\n', { fromTag: 'uas', toTag: 'f1' }).own[0]?.upstream,
      true,
    );
    assert.equal(routed('Route: <sip:10.0.0.1:5070;lr>\r\n', { fromTag: 'uas' }).own[0]?.upstream, false);
  });

  test('ours and another: the other is the next hop and stays', () => {
    const { code, left, sent } = routed('Route: <sip:10.0.0.1:5070;lr>\r\nRoute: <sip:192.0.2.77:5080;lr>\r\n');
    assert.equal(code, 1);
    assert.deepEqual(left, ['<sip:192.0.2.77:5080;lr>']);
    assert.equal(sent?.destination.ip, '192.0.2.77');
    assert.equal(sent?.destination.port, 5080);
  });

  test('both in one header, comma-separated', () => {
    const { left, sent } = routed('Route: <sip:10.0.0.1:5070;lr>, <sip:192.0.2.77;lr>\r\n');
    assert.deepEqual(left, ['<sip:192.0.2.77;lr>']);
    assert.equal(sent?.destination.ip, '192.0.2.77');
  });

  test('our pair of RFC 5658 goes together and names the socket', () => {
    const { left, state } = routed(
      'Route: <sip:10.0.0.1:5070;transport=tcp;r2=on;lr>\r\nRoute: <sip:10.0.0.1:5070;r2=on;lr>\r\n',
    );
    assert.deepEqual(left, []);
    assert.equal(state?.target.socket?.proto, 'udp');
  });

  test('a foreign first Route is the next hop and stays', () => {
    const { code, left, sent, own } = routed('Route: <sip:192.0.2.50;lr>\r\n');
    assert.equal(code, 1);
    assert.deepEqual(left, ['<sip:192.0.2.50;lr>']);
    assert.equal(sent?.destination.ip, '192.0.2.50');
    assert.deepEqual(own, []);
  });

  test('an initial request with only our Route: removed, -3', () => {
    const { code, left } = routed('Route: <sip:10.0.0.1:5070;lr>\r\n', { toTag: '' });
    assert.equal(code, -3);
    assert.deepEqual(left, []);
  });

  test('a strict router before us: the Request-URI comes back from the last Route', () => {
    const { code, sent, left } = routed('Route: <sip:192.0.2.60;lr>\r\nRoute: <sip:bob@192.0.2.61>\r\n', {
      uri: 'sip:10.0.0.1:5070;lr',
    });
    assert.equal(code, 1);
    assert.equal(sent?.message.requestUri, 'sip:bob@192.0.2.61');
    assert.deepEqual(left, ['<sip:192.0.2.60;lr>']);
    assert.equal(sent?.destination.ip, '192.0.2.60');
  });

  test('a strict router after us gets its URI as Request-URI and ours at the end (RFC 3261 §16.6 step 6)', () => {
    const { sent, left } = routed('Route: <sip:10.0.0.1:5070;lr>\r\nRoute: <sip:192.0.2.70>\r\n');
    assert.equal(sent?.message.requestUri, 'sip:192.0.2.70');
    assert.deepEqual(left, ['<sip:bob@192.0.2.1>']);
  });

  test('an unreadable Route: -1, nothing removed', () => {
    const { code, left } = routed('Route: <sip:[bad;lr>\r\n');
    assert.equal(code, -1);
    assert.equal(left.length, 1);
  });
});

describe('Record-Route', () => {
  function recorded(change: (state: RequestState) => void, tcp = false) {
    const bench = new ProxyBench({
      request: (state, proxy) => {
        change(state);
        proxy.relay(state);
      },
    });
    bench.receive(request('INVITE'), '10.0.0.9', 5060, tcp);
    const sent = bench.take().find((one) => one.message.isRequest);
    return sent?.message.headers.filter((h) => h.id === 8).map((h) => sent.message.valueOf(h)) ?? [];
  }
  const plain = { params: '', preset: [], advertised: '' };

  test('our address, lr, ftag', () => {
    assert.deepEqual(
      recorded((state) => {
        state.recordRoute = plain;
      }),
      ['<sip:10.0.0.1:5070;lr;ftag=f1>'],
    );
  });

  test('parameters in order; the last write of a key wins', () => {
    assert.deepEqual(
      recorded((state) => {
        state.recordRoute = { ...plain, params: ';a=1' };
        state.routeParams.set('vsf', ';vsf=old');
        state.routeParams.set('', ';x=2');
        state.routeParams.set('vsf', ';vsf=new');
      }),
      ['<sip:10.0.0.1:5070;lr;ftag=f1;a=1;vsf=new;x=2>'],
    );
  });

  test('two lines when it leaves by another transport (RFC 5658): outbound on top', () => {
    assert.deepEqual(
      recorded((state) => {
        state.recordRoute = plain;
      }, true),
      ['<sip:10.0.0.1:5070;r2=on;lr;ftag=f1>', '<sip:10.0.0.1:5070;transport=tcp;r2=on;lr;ftag=f1>'],
    );
  });

  test('a From tag that is no token cannot become a user part of our URI, and the direction is still known', () => {
    const bench = new ProxyBench({
      request: (state, proxy) => {
        state.recordRoute = plain;
        proxy.relay(state);
      },
    });
    bench.receive(request('INVITE').replace('tag=f1', 'tag=x@evil.test'));
    const sent = bench.take().find((one) => one.message.isRequest);
    const header = sent?.message.value(8);
    assert.equal(header, '<sip:10.0.0.1:5070;lr;ftag=x%40evil.test>');
    assert.equal(routed(`Route: ${header}\r\n`, { fromTag: 'x@evil.test' }).own[0]?.upstream, false);
    assert.equal(routed(`Route: ${header}\r\n`, { fromTag: 'uas', toTag: 'x@evil.test' }).own[0]?.upstream, true);
  });

  test('a preset address', () => {
    assert.deepEqual(
      recorded((state) => {
        state.recordRoute = { ...plain, preset: ['1.2.3.4:5060'] };
      }),
      ['<sip:1.2.3.4:5060;ftag=f1;lr>'],
    );
  });
});

test('reply priorities: 6xx, 3xx, helpful 4xx, other 4xx, 5xx', () => {
  const order = [603, 302, 401, 407, 415, 420, 484, 404, 486, 500, 503];
  assert.deepEqual(
    [...order].sort((a, b) => replyPriority(a) - replyPriority(b)),
    order,
  );
});
