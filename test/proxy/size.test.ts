import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Destination } from '../../src/transport/transport.ts';
import { ProxyBench, request } from './support.ts';

const BIG = `Subject: ${'x'.repeat(1300)}\r\n`;

/** A proxy that relays everything, with udp_mtu 1000. */
function bench(routes: { forward?: boolean } = {}): ProxyBench {
  const made = new ProxyBench({
    request: (state, proxy) => {
      if (routes.forward === true) proxy.forward(state);
      else proxy.relay(state);
    },
  });
  const { sender } = made;
  Object.assign(sender, {
    fitTransport: (to: Destination, size: number): Destination => {
      const socket = sender.socketFor('tcp', 4, null);
      return to.proto !== 'udp' || to.anySize === true || size <= 1000 || socket === null
        ? to
        : { ...to, proto: 'tcp', socket };
    },
  });
  return made;
}

function invites(made: ProxyBench) {
  return made.take().filter(({ message }) => message.method === 'INVITE' && message.isRequest);
}

test('a small request goes by UDP, a large one by TCP without retransmissions (RFC 3261 §18.1.1, §17.1.1.2)', () => {
  const made = bench();
  made.receive(request('INVITE'));
  const [small] = invites(made);
  assert.equal(small?.destination.proto, 'udp');
  assert.equal(small?.message.topVia?.transport, 'UDP');
  made.answer(small, 486);
  made.receive(request('INVITE', { branch: 'z9hG4bKcaller2', headers: BIG }));
  const [large] = invites(made);
  assert.equal(large?.destination.proto, 'tcp');
  assert.equal(large?.message.topVia?.transport, 'TCP');
  made.time.clock.advance(3000);
  assert.deepEqual(invites(made), []);
});

test('when the stream cannot be opened it goes by UDP, once, with another branch', () => {
  const made = bench();
  made.receive(request('INVITE', { headers: BIG }));
  const [first] = invites(made);
  assert.ok(first);
  first.observer?.sendFailed('TRANSPORT_CONNECT_REFUSED', first.destination);
  made.time.clock.advance(50);
  const [second] = invites(made);
  assert.equal(second?.destination.proto, 'udp');
  assert.equal(second?.message.topVia?.transport, 'UDP');
  assert.notEqual(second?.message.topVia?.branch, first.message.topVia?.branch);
  // The datagram is lost as well: that is the branch's failure.
  second?.observer?.sendFailed('TRANSPORT_UNREACHABLE', second.destination);
  made.time.clock.advance(50);
  assert.deepEqual(made.trace(), ['477>10.0.0.9:5060']);
  assert.deepEqual(made.reports, ['TRANSPORT_UNREACHABLE']);
});

test('a call that was cancelled meanwhile is not tried again', () => {
  const made = bench();
  made.receive(request('INVITE', { headers: BIG }));
  const [first] = invites(made);
  assert.ok(first);
  made.receive(request('CANCEL', { headers: '' }));
  first.observer?.sendFailed('TRANSPORT_CONNECT_REFUSED', first.destination);
  made.time.clock.advance(50);
  assert.deepEqual(invites(made), []);
});

test('stateless: by TCP, by UDP when that fails; a CANCEL goes where its INVITE would by its URI', () => {
  const made = bench({ forward: true });
  made.receive(request('INVITE', { headers: BIG }));
  const [first] = invites(made);
  assert.equal(first?.message.topVia?.transport, 'TCP');
  first.observer?.sendFailed('TRANSPORT_CONNECT_REFUSED', first.destination);
  const [second] = invites(made);
  assert.equal(second?.message.topVia?.transport, 'UDP');
  assert.equal(second?.destination.proto, 'udp');
  made.receive(request('CANCEL', { headers: BIG }));
  assert.equal(made.take()[0]?.destination.proto, 'udp');
});
