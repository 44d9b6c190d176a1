import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestState } from '../../src/proxy/request-state.ts';
import { type Destination, STREAM_CLOSE, STREAM_NO_CONNECT } from '../../src/transport/transport.ts';
import { ProxyBench, request } from './support.ts';

/** A proxy that relays to one TCP address after the route has said what it wants; `seen` has every destination that was tried. */
function bench(wish: (state: RequestState) => void, isOpen = false) {
  const seen: Destination[] = [];
  const made = new ProxyBench({
    request: (state, proxy) => {
      state.target.dstUri = 'sip:192.0.2.1;transport=tcp';
      wish(state);
      proxy.relay(state);
    },
    branch: (_state, branch) => {
      branch.target.stream |= STREAM_CLOSE;
      return true;
    },
  });
  const { sender } = made;
  const send = sender.send.bind(sender);
  sender.send = (text, to, observer) => {
    seen.push(to);
    if (((to.stream ?? 0) & STREAM_NO_CONNECT) !== 0 && !isOpen) return false;
    return send(text, to, observer);
  };
  return { made, seen };
}

const isRequestTo = ({ ip }: Destination): boolean => ip === '192.0.2.1';

test('no connection open and none allowed: 477, and the address is not avoided for it', () => {
  const { made, seen } = bench((state) => {
    state.forwardStream = STREAM_NO_CONNECT;
  });
  made.receive(request('MESSAGE'));
  made.time.clock.advance(50);
  assert.deepEqual(made.trace(), ['477>10.0.0.9:5060']);
  assert.equal(seen.filter(isRequestTo).length, 1);
  assert.deepEqual(made.resolver.deniedTargets, []);
});

test('what the request and its branch want goes along, to the CANCEL too; replies have their own', () => {
  const { made, seen } = bench((state) => {
    state.forwardStream = STREAM_NO_CONNECT;
    state.replyStream = STREAM_CLOSE;
    state.onBranch = 'B';
  }, true);
  made.receive(request('INVITE'));
  const invite = made.take().find(({ message }) => message.isRequest);
  assert.ok(invite);
  made.answer(invite, 180);
  made.receive(request('CANCEL'));
  const streams = (wanted: boolean): number[] =>
    seen.filter((to) => isRequestTo(to) === wanted).map(({ stream }) => stream ?? 0);
  assert.deepEqual(new Set(streams(true)), new Set([STREAM_NO_CONNECT | STREAM_CLOSE]));
  assert.equal(streams(true).length, 2, 'INVITE and CANCEL');
  assert.ok(streams(false).filter((stream) => stream === STREAM_CLOSE).length >= 2, '100 and 180');
});

test('without a wish a destination is as it was', () => {
  const { made, seen } = bench(() => {});
  made.receive(request('MESSAGE'));
  assert.equal(seen.find(isRequestTo)?.stream, undefined);
});
