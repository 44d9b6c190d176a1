import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viaValue } from '../../src/proxy/request-forward.ts';
import type { Proto } from '../../src/transport/transport.ts';

test('port 5060 is left out of a Via only where it is the default (RFC 3261 §18.2.2)', () => {
  const via = (proto: Proto, port: number): string => viaValue({ proto, host: 'h', port }, 'z9hG4bKx', false);
  assert.equal(via('udp', 5060), 'SIP/2.0/UDP h;branch=z9hG4bKx');
  assert.equal(via('tcp', 5060), 'SIP/2.0/TCP h;branch=z9hG4bKx');
  assert.equal(via('udp', 5070), 'SIP/2.0/UDP h:5070;branch=z9hG4bKx');
  for (const proto of ['tls', 'ws', 'wss'] as const)
    assert.equal(via(proto, 5060), `SIP/2.0/${proto.toUpperCase()} h:5060;branch=z9hG4bKx`);
});
