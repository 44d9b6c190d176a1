import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { ControlAddress } from '../../../src/rpc/binrpc/address.ts';
import { callRpc, typedArgument } from '../../../src/rpc/binrpc/client.ts';
import { ControlSocket, type ControlSocketOptions } from '../../../src/rpc/binrpc/control-socket.ts';
import { PacketStream, readFault, readReply, requestPacket } from '../../../src/rpc/binrpc/packet.ts';
import { ReplyRoom } from '../../../src/rpc/binrpc/reply-room.ts';
import { RpcFault } from '../../../src/rpc/method.ts';
import { RpcRegistry } from '../../../src/rpc/registry.ts';
import { type RpcResult, RpcSeveral, struct } from '../../../src/rpc/value.ts';
import { freePort } from '../../support/ports.ts';

const directory = mkdtempSync(join(tmpdir(), 'trunkline-binrpc-'));
const open: ControlSocket[] = [];
after(() => {
  for (const socket of open) socket.close();
  rmSync(directory, { recursive: true });
});

const registry = new RpcRegistry();
const method = (
  name: string,
  run: (args: { text(i: number): string | null }) => RpcResult | Promise<RpcResult>,
): void => {
  registry.add({ name, doc: [], array: false, run });
};
method('echo', (args) => args.text(0) ?? 'none');
method('nothing', () => undefined);
method('terminal', () => 'a\x1b[31mb\nc\u009bd\u202ee\rf\r\n\tg\u061c\u2066');
method('fails', () => {
  throw new Error('inside');
});
method('refuses', () => {
  throw new RpcFault(404, 'Record not found');
});
function* many(count: number) {
  for (let i = 0; i < count; i++) yield struct({ l_uuid: `trunk${i}`, expires: 3600, flags: 20, contact: 'sip:x@y' });
}
method('many', (args) => new RpcSeveral(many(Number(args.text(0)))));

let serial = 0;
async function start(address?: ControlAddress, more: Partial<ControlSocketOptions> = {}) {
  const reports: string[] = [];
  const socket = new ControlSocket({
    address: address ?? { kind: 'unix', path: join(directory, `s${serial++}`) },
    file: { mode: 0o600, uid: null, gid: null },
    commands: registry,
    autoConversion: false,
    maxReply: 0,
    report: (code, text) => reports.push(`${code} ${text}`),
    ...more,
  });
  open.push(socket);
  await socket.open();
  return { socket, address: socket.address, reports };
}

const path = (address: ControlAddress): string => ('path' in address ? address.path : '');

/** A connection whose packets can be waited for. */
class Wire {
  readonly socket: Socket;
  private readonly stream = new PacketStream(1 << 30);
  private readonly got: string[] = [];
  closed = false;

  constructor(address: ControlAddress) {
    this.socket = connect(path(address));
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.closed = true;
    });
    this.socket.on('data', (bytes) => {
      this.stream.add(bytes);
      for (let packet = this.stream.next(); packet?.ok; packet = this.stream.next()) {
        const { type, cookie, body } = packet.value;
        const shown = type === 3 ? readFault(body) : readReply(body);
        const value = shown.ok ? (shown.value instanceof RpcFault ? shown.value.message : shown.value) : shown.reason;
        this.got.push(`${cookie.toString('hex')} ${value}`);
      }
    });
  }

  /** Waits until the other side has closed it. */
  async end(): Promise<void> {
    if (!this.closed) await once(this.socket, 'close');
  }

  async packets(count: number): Promise<readonly string[]> {
    const deadline = Date.now() + 5000;
    while (this.got.length < count && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
    return this.got;
  }
}

const ask = (name: string, cookie: string, ...args: string[]): Buffer =>
  requestPacket(Buffer.from(cookie, 'hex'), name, args.map(typedArgument));

test('requests back to back are answered in order, whatever their cookies', async () => {
  const { address } = await start();
  const wire = new Wire(address);
  wire.socket.write(Buffer.concat([ask('echo', '01', 'a'), ask('nix', '0203', 'b'), ask('nothing', '01020304')]));
  assert.deepEqual(await wire.packets(3), ['01 a', '0203 command nix not found', '01020304 undefined']);
  wire.socket.destroy();
});

test('a client may close its half and still gets its replies', async () => {
  const { address } = await start();
  const wire = new Wire(address);
  wire.socket.end(Buffer.concat([ask('echo', '01', 'a'), ask('echo', '02', 'b')]));
  assert.deepEqual(await wire.packets(2), ['01 a', '02 b']);
  await wire.end();
});

test('a request that arrives byte by byte is answered; one that stays half is given up', async () => {
  const { address } = await start(undefined, { patience: 150 });
  const wire = new Wire(address);
  for (const byte of ask('echo', '01', 'slow')) {
    wire.socket.write(Buffer.of(byte));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert.deepEqual(await wire.packets(1), ['01 slow']);
  // Between two requests a connection may rest.
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(wire.closed, false);
  wire.socket.write(ask('echo', '01', 'half').subarray(0, 9));
  await wire.end();
});

test('what is no BINRPC is answered with Kamailio’s fault, and the connection ends', async () => {
  const { address, reports } = await start();
  const wire = new Wire(address);
  wire.socket.write('GET / HTTP/1.1\r\n\r\n');
  assert.deepEqual(await wire.packets(1), ['00 bad request: corrupted packet']);
  await wire.end();
  assert.match(reports.join(), /^BINRPC_CORRUPTED /);
});

test('a reader that stands still is cut off, and holds nobody else up', async () => {
  const { address, reports } = await start(undefined, { patience: 1500 });
  const still = connect(path(address));
  still.on('error', () => {});
  still.pause();
  still.write(ask('many', '01', 's:100000'));
  assert.equal(await callRpc(address, 'echo', [typedArgument('x')]), 'x');
  assert.deepEqual(reports, [], 'others are served before it is given up');
  for (let i = 0; i < 200 && reports.length === 0; i++) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.match(reports.join(), /^BINRPC_SLOW_READER /);
  still.destroy();
});

test('what is held for clients that do not read is bounded, however many ask; the others get theirs in turn', async () => {
  const clients = 12;
  const most = 1_000_000;
  const rows = 10_000;
  const room = new ReplyRoom(most);
  const { address } = await start(undefined, { room });
  let drawn = 0;
  let done = 0;
  method(
    'counted',
    () =>
      new RpcSeveral(
        (function* () {
          for (const one of many(rows)) {
            drawn++;
            yield one;
          }
          done++;
        })(),
      ),
  );
  const deaf = Array.from({ length: clients }, () => {
    const socket = connect(path(address)).on('error', () => {});
    socket.pause();
    socket.write(Buffer.concat([ask('counted', '01'), ask('counted', '02')]));
    return socket;
  });
  const until = async (condition: () => boolean): Promise<void> => {
    for (let i = 0; i < 1000 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.ok(condition(), `held ${room.size}, waiting ${room.waiting}, rows ${drawn}`);
  };
  // Some fit; all others stand at the first 256 KB of theirs.
  await until(() => room.size >= most && room.waiting === clients - done);
  assert.ok((room.size * (done - 1)) / done < most, `${room.size} bytes are held in ${done} replies`);
  assert.ok(drawn < done * rows + (clients - done) * (rows / 2), `${drawn} rows were drawn`);
  assert.equal(await callRpc(address, 'echo', [typedArgument('x')]), 'x', 'short ones do not wait');
  // Who goes makes room for who reads.
  for (const socket of deaf) socket.destroy();
  const wire = new Wire(address);
  wire.socket.write(ask('counted', '03'));
  assert.equal((await wire.packets(1)).length, 1);
  wire.socket.destroy();
  await until(() => room.size === 0 && room.waiting === 0);
});

test('a million structs do not hold the event loop up', async () => {
  const { address } = await start();
  // The client reads in this process too: only its head is looked at.
  const socket = connect(path(address));
  let bytes = 0;
  let head: Buffer | null = null;
  socket.on('data', (data) => {
    head ??= data;
    bytes += data.length;
  });
  // Turns that the event loop gets meanwhile: each slice of the printing ends with one.
  let turns = 0;
  const clock = setInterval(() => {
    turns++;
  }, 1);
  socket.write(ask('many', '01', 's:1000000'));
  const size = (): number => {
    if (head === null || head.length < 7) return Number.POSITIVE_INFINITY;
    return head.readUIntBE(2, (((head[1] as number) >> 2) & 3) + 1);
  };
  const deadline = Date.now() + 60_000;
  while (bytes < size() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  clearInterval(clock);
  socket.destroy();
  assert.ok(bytes > 50_000_000, `${bytes}`);
  assert.ok(turns > 100, `${turns} turns`);
});

test('texts do nothing to a terminal', async () => {
  const { address } = await start();
  assert.equal(await callRpc(address, 'terminal', []), 'a\\x1b[31mb\nc\\x9bd\\u202ee\\x0df\r\n\tg\\u061c\\u2066');
});

test('a command that throws gives fault 500, and its text stays in the log', async () => {
  const { address, reports } = await start();
  await assert.rejects(
    callRpc(address, 'fails', []),
    (error) => error instanceof RpcFault && error.code === 500 && !error.message.includes('inside'),
  );
  assert.match(reports.join(), /^RPC_COMMAND_FAILED fails: Error: inside/);
  await assert.rejects(callRpc(address, 'refuses', []), { code: 404, message: 'Record not found' });
});

test('autoconversion takes a number for a text', async () => {
  const { address } = await start(undefined, { autoConversion: true });
  assert.equal(await callRpc(address, 'echo', [typedArgument('42')]), '42');
  const strict = await start();
  assert.equal(await callRpc(strict.address, 'echo', [typedArgument('42')]), 'none');
});

test('UDP and TCP answer; a reply that no datagram holds is a fault', async () => {
  const port = await freePort();
  for (const kind of ['udp', 'tcp'] as const) {
    const { address } = await start({ kind, host: '127.0.0.1', port });
    assert.equal(await callRpc(address, 'echo', [typedArgument('x')]), 'x');
    const many = callRpc(address, 'many', [typedArgument('s:5000')]);
    if (kind === 'udp') await assert.rejects(many, { code: 500, message: /too large/ });
    else assert.equal([...((await many) as RpcSeveral).values].length, 5000);
  }
});

test('UDP says nothing to what is no request: two servers must not talk to each other for ever', async () => {
  const port = await freePort();
  await start({ kind: 'udp', host: '127.0.0.1', port });
  const socket = createSocket('udp4');
  let heard = 0;
  socket.on('message', () => heard++);
  socket.send('hello', port, '127.0.0.1');
  socket.send(Buffer.from('a1302300200190911e62616420726571', 'hex'), port, '127.0.0.1');
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(heard, 0);
  socket.close();
});

test('binrpc_max_body_size limits replies', async () => {
  const { address } = await start(undefined, { maxReply: 1024 });
  await assert.rejects(callRpc(address, 'many', [typedArgument('s:100')]), { code: 500 });
  assert.equal(await callRpc(address, 'echo', [typedArgument('x')]), 'x');
});

test('the file has its mode from the beginning and goes away at the end', async () => {
  const { address, socket } = await start(undefined, { file: { mode: 0o640, uid: null, gid: null } });
  assert.equal(statSync(path(address)).mode & 0o777, 0o640);
  socket.close();
  assert.equal(existsSync(path(address)), false);
});

test('the socket of a server that is gone is taken over; that of a living one, and other files, are not', async () => {
  const stale = join(directory, 'stale');
  // A process that is killed leaves its socket.
  const dead = createServer().listen(stale);
  await once(dead, 'listening');
  const { spawnSync } = await import('node:child_process');
  dead.close();
  await once(dead, 'close');
  spawnSync(process.execPath, [
    '-e',
    `require('net').createServer().listen(${JSON.stringify(stale)}, () => process.kill(process.pid, 'SIGKILL'))`,
  ]);
  assert.ok(existsSync(stale));
  const first = await start({ kind: 'unix', path: stale });
  assert.equal(await callRpc(first.address, 'echo', [typedArgument('x')]), 'x');
  await assert.rejects(start({ kind: 'unix', path: stale }), { code: 'BINRPC_ADDRESS_IN_USE' });
  assert.equal(await callRpc(first.address, 'echo', [typedArgument('x')]), 'x');
  const file = join(directory, 'file');
  writeFileSync(file, 'precious');
  await assert.rejects(start({ kind: 'unix', path: file }), { code: 'BINRPC_BIND' });
  assert.ok(existsSync(file));
  await assert.rejects(start({ kind: 'unix', path: join(directory, 'no/such/directory') }), { code: 'BINRPC_BIND' });
});

test('the client says what is wrong', async () => {
  const nobody: ControlAddress = { kind: 'unix', path: join(directory, 'nobody') };
  await assert.rejects(callRpc(nobody, 'echo', []), { code: 'BINRPC_UNREACHABLE' });
  const port = await freePort();
  await assert.rejects(callRpc({ kind: 'udp', host: '127.0.0.1', port }, 'echo', []), { code: 'BINRPC_UNREACHABLE' });
  // No resolver has to be asked about an empty label.
  for (const kind of ['udp', 'tcp'] as const)
    await assert.rejects(callRpc({ kind, host: 'a..b', port }, 'echo', []), { code: 'BINRPC_UNREACHABLE' });
  const said: { [name: string]: Buffer | null } = {
    BINRPC_CORRUPTED: Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
    BINRPC_COOKIE: Buffer.from('a1100001', 'hex'),
    BINRPC_TOO_LARGE: Buffer.from('a11fffffffff01020304', 'hex'),
    BINRPC_CLOSED: null,
    BINRPC_TIMEOUT: Buffer.of(),
  };
  for (const [code, bytes] of Object.entries(said)) {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      if (bytes === null) socket.destroy();
      else socket.write(bytes);
    });
    const at: ControlAddress = { kind: 'unix', path: join(directory, code) };
    server.listen(at.path);
    await once(server, 'listening');
    await assert.rejects(callRpc(at, 'echo', [], { timeoutMs: 200 }), { code }, code);
    server.close();
  }
});
