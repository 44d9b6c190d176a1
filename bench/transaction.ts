/**
 * Transactions: bytes kept per completed transaction (aim: at most 2 KB), and time per transaction of its whole life.
 * Run with `node bench/transaction.ts`. Prints; asserts nothing.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ParseFailure, parseMessage } from '../src/message/parser.ts';
import { FakeClock } from '../src/time/fake-clock.ts';
import { HashedTimerWheel } from '../src/time/hashed-timer-wheel.ts';
import { Timer } from '../src/time/timer-wheel.ts';
import {
  type ClientTransactionUser,
  DEFAULT_TIMERS,
  type ServerTransactionUser,
} from '../src/transaction/transaction.ts';
import { TransactionLayer } from '../src/transaction/transaction-layer.ts';
import type { Destination, ListenSocket, Received, TransportSender } from '../src/transport/transport.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const COUNT = 100_000;
const SOCKET: ListenSocket = {
  index: 0,
  proto: 'udp',
  address: '192.0.2.1',
  family: 4,
  port: 5060,
  name: '',
  displayHost: '192.0.2.1',
  displayPort: 5060,
};

// A real transport writes the text into a buffer, and that is what flattens it in V8; so does this one.
const wire = Buffer.alloc(65_536);
const sender: TransportSender = {
  sockets: [SOCKET],
  send(text) {
    wire.write(text, 'latin1');
    return true;
  },
  socketFor: () => SOCKET,
  isMyself: () => false,
};

/** As the socket delivers it: a string and addresses of their own for each datagram. */
function datagram(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

function received(i: number): Received {
  return { socket: SOCKET, ip: datagram(`198.51.${(i >> 8) & 255}.${i & 255}`), port: 5060, connection: 0, at: i };
}

function destination(from: Received): Destination {
  return { socket: SOCKET, proto: 'udp', ip: from.ip, port: from.port, connection: 0, serverName: '' };
}

const PADDING = `X-Padding: ${'x'.repeat(600)}\r\n`;

function requestText(method: string, i: number): string {
  return datagram(
    `${method} sip:bob@example.com SIP/2.0\r\n` +
      `Via: SIP/2.0/UDP client${i}.example.com:5060;rport;branch=z9hG4bK${i.toString(16).padStart(24, '0')}\r\n` +
      'Max-Forwards: 70\r\n' +
      `From: "Alice" <sip:alice@example.com>;tag=${i.toString(36).padStart(12, '0')}\r\n` +
      'To: <sip:bob@example.com>\r\n' +
      `Call-ID: ${i.toString(16).padStart(32, '0')}@client.example.com\r\n` +
      `CSeq: 1 ${method}\r\n` +
      'Contact: <sip:alice@198.51.100.7:5060>\r\n' +
      `${PADDING}Content-Length: 0\r\n\r\n`,
  );
}

function parse(text: string): Exclude<ReturnType<typeof parseMessage>, ParseFailure> {
  const message = parseMessage(text);
  if (message instanceof ParseFailure) throw new Error(message.code);
  return message;
}

/** A response as a proxy builds it: pieces of the request, concatenated. */
function responseTo(raw: string, status: number): string {
  const headers = raw.slice(raw.indexOf('\r\n') + 2, raw.indexOf('Contact:'));
  return `SIP/2.0 ${status} OK\r\n${headers}Server: bench\r\nContent-Length: 0\r\n\r\n`;
}

const user: ClientTransactionUser & ServerTransactionUser = {
  onResponse() {},
  onTimeout() {},
  onSendFailed() {},
  onServerTerminated() {},
};

function heap(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

function world(): { clock: FakeClock; wheel: HashedTimerWheel; layer: TransactionLayer } {
  const clock = new FakeClock();
  const wheel = new HashedTimerWheel({ clock, manual: true });
  clock.attach(wheel);
  return { clock, wheel, layer: new TransactionLayer({ sender, wheel, maxTransactions: 10 * COUNT }) };
}

function serverLife(layer: TransactionLayer, method: string, status: number, i: number): void {
  const request = parse(requestText(method, i));
  const from = received(i);
  if (layer.matchRequest(request, from).kind !== 'new') throw new Error('not new');
  const server = layer.createServer(request, from, user, DEFAULT_TIMERS);
  if (typeof server === 'string') throw new Error(server);
  server.respond(status, responseTo(request.raw, status), destination(from));
}

function clientLife(layer: TransactionLayer, method: string, status: number, i: number): void {
  const text = requestText(method, i);
  const from = received(i);
  const client = layer.createClient({
    branch: `z9hG4bK${i.toString(16).padStart(24, '0')}`,
    method,
    text,
    destination: destination(from),
    timers: DEFAULT_TIMERS,
    user,
  });
  if (typeof client === 'string') throw new Error(client);
  layer.receiveResponse(parse(datagram(responseTo(text, status))), from);
}

const KINDS: readonly (readonly [string, (layer: TransactionLayer, i: number) => void])[] = [
  ['server, OPTIONS 200', (layer, i) => serverLife(layer, 'OPTIONS', 200, i)],
  ['server, INVITE 200', (layer, i) => serverLife(layer, 'INVITE', 200, i)],
  ['server, INVITE 486, no ACK yet', (layer, i) => serverLife(layer, 'INVITE', 486, i)],
  ['client, OPTIONS 200', (layer, i) => clientLife(layer, 'OPTIONS', 200, i)],
  ['client, INVITE 200', (layer, i) => clientLife(layer, 'INVITE', 200, i)],
  ['client, INVITE 486', (layer, i) => clientLife(layer, 'INVITE', 486, i)],
];

console.log(
  `memory: ${COUNT} completed transactions of each kind (message of ${requestText('OPTIONS', 0).length} bytes)`,
);
for (const [name, live] of KINDS) {
  const { layer } = world();
  const before = heap();
  for (let i = 0; i < COUNT; i++) live(layer, i);
  const bytes = (heap() - before) / COUNT;
  if (layer.size !== COUNT) throw new Error('transactions missing');
  console.log(`  ${name.padEnd(32)} ${bytes.toFixed(0).padStart(6)} bytes each`);
}

console.log(
  'time: build, parse, match, create, respond, and the end after wt; 1000 transactions per second of clock time',
);
/** What the bench itself costs per transaction: two messages built, one parsed. */
function baseline(i: number): void {
  const text = requestText('OPTIONS', i);
  destination(received(i));
  wire.write(responseTo(parse(text).raw, 200), 'latin1');
}

const TIMED: typeof KINDS = [['nothing: messages built, parsed', (_, i) => baseline(i)], ...KINDS];
for (const [name, live] of TIMED) {
  const { clock, layer } = world();
  let i = 0;
  const run = (count: number): void => {
    for (const end = i + count; i < end; i++) {
      live(layer, i);
      clock.advance(1);
    }
  };
  run(20_000);
  const start = process.cpuUsage();
  run(COUNT);
  const { user: micros, system } = process.cpuUsage(start);
  console.log(`  ${name.padEnd(32)} ${((micros + system) / COUNT).toFixed(2).padStart(6)} µs each`);
}

class Idle extends Timer {
  override fire(): void {}
}

{
  const clock = new FakeClock();
  const wheel = new HashedTimerWheel({ clock, manual: true });
  const timers = Array.from({ length: COUNT }, () => new Idle());
  const start = performance.now();
  for (let round = 0; round < 20; round++) {
    for (const [i, timer] of timers.entries()) wheel.start(timer, 500 + (i % 30_000));
  }
  for (const timer of timers) wheel.stop(timer);
  const ns = ((performance.now() - start) * 1e6) / (21 * COUNT);
  console.log(`wheel: restart or stop of one of ${COUNT} timers ${ns.toFixed(0)} ns`);
}
