import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ListenSocket, type Proto, replyDestination } from '../../src/transport/index.ts';
import { parsed, request } from './support.ts';

function socket(proto: Proto, family: 4 | 6 = 4): ListenSocket {
  const address = family === 4 ? '127.0.0.1' : '::1';
  return { index: 0, proto, address, family, port: 5060, name: '', displayHost: address, displayPort: 5060 };
}

interface Row {
  readonly name: string;
  readonly proto: Proto;
  readonly via: string;
  readonly ip?: string;
  readonly force?: boolean;
  readonly expected: readonly [ip: string, port: number, connection: number];
}

// The request comes from 192.0.2.9 port 40000, on a stream by connection 7.
const TABLE: readonly Row[] = [
  { name: 'sent-by port', proto: 'udp', via: 'UDP host.example.com:5070', expected: ['192.0.2.9', 5070, 0] },
  { name: 'default port', proto: 'udp', via: 'UDP host.example.com', expected: ['192.0.2.9', 5060, 0] },
  { name: 'sent-by address is not used', proto: 'udp', via: 'UDP 10.0.0.1:5070', expected: ['192.0.2.9', 5070, 0] },
  { name: 'rport (RFC 3581 §4)', proto: 'udp', via: 'UDP host:5070;rport', expected: ['192.0.2.9', 40000, 0] },
  {
    name: 'rport with a value of the client',
    proto: 'udp',
    via: 'UDP host:5070;rport=1',
    expected: ['192.0.2.9', 40000, 0],
  },
  { name: 'force_rport()', proto: 'udp', via: 'UDP host:5070', force: true, expected: ['192.0.2.9', 40000, 0] },
  { name: 'maddr', proto: 'udp', via: 'UDP host:5070;maddr=192.0.2.77', expected: ['192.0.2.77', 5070, 0] },
  { name: 'maddr without port', proto: 'udp', via: 'UDP host;ttl=1;maddr=224.2.0.1', expected: ['224.2.0.1', 5060, 0] },
  {
    name: 'maddr that is a name',
    proto: 'udp',
    via: 'UDP host:5070;maddr=x.example.com',
    expected: ['192.0.2.9', 5070, 0],
  },
  {
    name: 'maddr of the other family',
    proto: 'udp',
    via: 'UDP host:5070;maddr=[2001:db8::1]',
    expected: ['192.0.2.9', 5070, 0],
  },
  {
    name: 'received of the client is not believed',
    proto: 'udp',
    via: 'UDP h;received=10.9.9.9',
    expected: ['192.0.2.9', 5060, 0],
  },
  { name: 'TCP', proto: 'tcp', via: 'TCP host:5070', expected: ['192.0.2.9', 5070, 7] },
  { name: 'TCP, default port', proto: 'tcp', via: 'TCP host', expected: ['192.0.2.9', 5060, 7] },
  { name: 'TLS, default port', proto: 'tls', via: 'TLS host', expected: ['192.0.2.9', 5061, 7] },
  {
    name: 'TCP goes by its connection whatever maddr says',
    proto: 'tcp',
    via: 'TCP h;maddr=192.0.2.1',
    expected: ['192.0.2.9', 5060, 7],
  },
  { name: 'WSS', proto: 'wss', via: 'WSS df7jal23ls0d.invalid;rport', expected: ['192.0.2.9', 0, 7] },
];

describe('where a reply goes (RFC 3261 §18.2.2, RFC 3581)', () => {
  for (const { name, proto, via, force, expected } of TABLE) {
    it(`${proto}: ${name}`, () => {
      const message = parsed(request('INVITE', 'c', via));
      const connection = proto === 'udp' ? 0 : 7;
      const from = { socket: socket(proto), ip: '192.0.2.9', port: 40_000, connection, at: 0 };
      const to = replyDestination(message, from, force);
      assert.deepEqual([to.ip, to.port, to.connection], expected);
      assert.equal(to.socket, from.socket);
      assert.equal(to.proto, proto);
    });
  }

  it('IPv6', () => {
    const from = { socket: socket('udp', 6), ip: '2001:db8::9', port: 40_000, connection: 0, at: 0 };
    const to = replyDestination(parsed(request('INVITE', 'c', 'UDP [2001:db8::1]:5070')), from);
    assert.deepEqual([to.ip, to.port], ['2001:db8::9', 5070]);
  });
});
