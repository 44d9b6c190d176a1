import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { it } from 'node:test';
import fc from 'fast-check';
import { destination, node, request, until } from './support.ts';

const PIECES = [
  '\r\n',
  '\r\n\r\n',
  '\0',
  ' ',
  'SIP/2.0 200 OK',
  'INVITE sip:a@b SIP/2.0',
  'Content-Length: 9',
  'Via: x',
  '\x01\x01\0\0',
  '\xff',
];

it('noise on UDP and TCP disturbs nobody else', async () => {
  const a = await node([{ host: '127.0.0.1', port: 0 }]);
  const b = await node([{ host: '127.0.0.1', port: 0 }]);
  const { port } = destination(a, b, 'udp');
  const tcpPort = destination(a, b, 'tcp').port;
  const udp = createSocket('udp4');
  const noise = fc.array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 40 })), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(noise, async (pieces) => {
      const data = Buffer.from(pieces.join(''), 'latin1');
      await new Promise((resolve) => udp.send(data, port, '127.0.0.1', resolve));
      const socket = connect({ host: '127.0.0.1', port: tcpPort });
      socket.on('error', () => {});
      await new Promise((resolve) => socket.end(data, () => resolve(null)));
      socket.destroy();
    }),
    { numRuns: 200 },
  );
  udp.close();
  const good = b.user.messages.length;
  a.layer.send(request('OPTIONS', 'by-udp'), destination(a, b, 'udp'), null);
  a.layer.send(request('OPTIONS', 'by-tcp'), destination(a, b, 'tcp'), null);
  await until(() => b.user.messages.length === good + 2);
  assert.equal(b.layer.stats.handlerFailures, 0);
  await until(() => b.layer.connections().length === 1, 'noisy connections are gone');
  await a.layer.stop(0);
  await b.layer.stop(0);
});
