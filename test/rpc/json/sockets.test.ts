import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  createReadStream,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { openJsonUdp, openJsonUnixDatagram } from '../../../src/rpc/json/datagram.ts';
import type { JsonService } from '../../../src/rpc/json/endpoint.ts';
import { JsonFifo } from '../../../src/rpc/json/fifo.ts';
import { JsonRpcServer } from '../../../src/rpc/json/server.ts';
import { JsonTcp } from '../../../src/rpc/json/tcp.ts';
import { RpcRegistry } from '../../../src/rpc/registry.ts';
import { openUnixDatagram } from '../../../src/rpc/unix-datagram.ts';
import { RpcSeveral, type RpcValue, struct } from '../../../src/rpc/value.ts';
import { peer } from '../../support/peers.ts';
import { freePort } from '../../support/ports.ts';
import { sleep } from '../../support/servers.ts';

const nobody = { uid: null, gid: null };
let directory = '';
let reports: string[] = [];
let runs = 0;

function* many(count: number): Generator<RpcValue> {
  for (let i = 0; i < count; i++) yield struct({ l_uuid: `trunk${i}`, flags: 20 });
}

function service(): JsonService {
  const registry = new RpcRegistry();
  const add = (name: string, run: () => RpcValue | RpcSeveral): void => {
    registry.add({ name, doc: [], array: false, run });
  };
  add('ping', () => `pong ${++runs}`);
  add('many', () => new RpcSeveral(many(20_000)));
  return {
    rpc: new JsonRpcServer(registry, { pretty: false, failed: () => {} }),
    report: (code, text) => reports.push(`${code}: ${text}`),
  };
}

function request(method: string, more: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({ jsonrpc: '2.0', method, ...more, id: 1 });
}

const PONG = /^\{"jsonrpc":"2.0","result":"pong \d+","id":1\}$/;

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition() && tries < 400; tries++) await sleep(10);
  assert.ok(condition(), 'it did not happen');
}

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'trunkline-json-'));
});
beforeEach(() => {
  reports = [];
});
after(() => rmSync(directory, { recursive: true, force: true }));

describe('JSON-RPC by FIFO', () => {
  let fifo: JsonFifo;
  let path = '';
  let names = 0;

  before(async () => {
    path = join(directory, 'rpc.fifo');
    fifo = await JsonFifo.open({ path, mode: 0o620, owner: nobody, replyDirectory: directory }, service());
  });
  after(() => fifo.close());

  function send(text: string): void {
    const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    writeSync(fd, text);
    closeSync(fd);
  }

  /** A new FIFO for replies. */
  function replies(): string {
    const name = `reply${++names}`;
    execFileSync('mkfifo', [join(directory, name)]);
    return name;
  }

  /** Everything that comes by a FIFO until its writer ends. */
  async function read(name: string): Promise<string> {
    let text = '';
    for await (const part of createReadStream(join(directory, name), 'utf8')) text += part;
    return text;
  }

  it('answers each request by the FIFO that it names, whoever is first', async () => {
    assert.equal(statSync(path).mode & 0o777, 0o620);
    const [first, second] = [replies(), replies()];
    const texts = Promise.all([read(first), read(second)]);
    send(
      `${request('ping', { reply_name: first })}\n{"jsonrpc":"2.0",\n"method":"ping","id":1,"reply_name":"${second}"}\n`,
    );
    for (const text of await texts) assert.match(text, PONG);
  });

  it('waits a moment for a reader that is late', async () => {
    const name = replies();
    send(request('ping', { reply_name: name }));
    await sleep(150);
    assert.match(await read(name), PONG);
  });

  it('streams a large result, and drops it when its reader goes', async () => {
    const whole = replies();
    const text = read(whole);
    send(request('many', { reply_name: whole }));
    assert.equal((JSON.parse(await text) as { result: unknown[] }).result.length, 20_000);
    const name = replies();
    const stream = createReadStream(join(directory, name));
    stream.once('data', () => stream.destroy());
    send(request('many', { reply_name: name }));
    await until(() => reports.length > 0);
    assert.match(reports[0] ?? '', /^JSONRPC_FIFO_REPLY: /);
  });

  it('writes to nothing but a FIFO of the reply directory', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    for (const name of ['file', '../rpc.fifo', '/tmp/x', '..', 'no\nline']) {
      reports = [];
      send(request('ping', { reply_name: name }));
      await until(() => reports.length > 0);
      assert.match(reports[0] ?? '', /^JSONRPC_FIFO_REPLY: .*(no FIFO|no plain file name)$/);
    }
    assert.equal(readFileSync(file, 'latin1'), '');
  });

  it('without reply_name the command is carried out, and nobody hears of it', async () => {
    const before = runs;
    send(request('ping'));
    await until(() => runs > before);
    assert.deepEqual(reports, []);
  });

  it('goes on after what is no request', async () => {
    const name = replies();
    const text = read(name);
    send(`garbage\n[]\n${request('ping', { reply_name: name })}`);
    assert.match(await text, PONG);
  });

  it('is not taken from a server that lives; replaces that of a dead one; leaves other files alone', async () => {
    const place = { path, mode: 0o600, owner: nobody, replyDirectory: directory };
    await assert.rejects(JsonFifo.open(place, service()), /another process reads/);
    const dead = join(directory, 'dead.fifo');
    execFileSync('mkfifo', [dead]);
    const taken = await JsonFifo.open({ ...place, path: dead }, service());
    await taken.close();
    assert.equal(existsSync(dead), false);
    await assert.rejects(JsonFifo.open({ ...place, path: join(directory, 'file') }, service()), /is no FIFO/);
    await assert.rejects(JsonFifo.open({ ...place, path: join(directory, 'none', 'x') }, service()), /mkfifo/);
  });
});

describe('JSON-RPC by TCP', () => {
  let tcp: JsonTcp;
  let port = 0;
  before(async () => {
    port = await freePort();
    tcp = await JsonTcp.open('127.0.0.1', port, service());
  });
  after(() => tcp.close());

  async function ask(parts: readonly string[], end = false): Promise<string> {
    const socket = connect(port, '127.0.0.1');
    for (const part of parts) {
      socket.write(part);
      await sleep(10);
    }
    if (end) socket.end();
    let text = '';
    for await (const part of socket.setEncoding('utf8')) text += part;
    return text;
  }

  it('answers one request and ends the connection', async () => {
    assert.match(await ask([request('ping')]), PONG);
    assert.match(await ask([request('ping').slice(0, 9), request('ping').slice(9)]), PONG);
    assert.equal((JSON.parse(await ask([request('many')])) as { result: unknown[] }).result.length, 20_000);
  });

  it('answers what is no request with an error', async () => {
    assert.match(await ask(['garbage\n']), /"code":-32700/);
    assert.match(await ask(['{"jsonrpc":'], true), /"code":-32700/);
    assert.match(await ask(['{"', 'x'.repeat(1 << 20), 'y']), /Request too large/);
  });
});

describe('JSON-RPC by datagram', () => {
  it('udp: the reply goes where the request came from, an error when it is too large', async () => {
    const port = await freePort();
    const server = await openJsonUdp('127.0.0.1', port, service());
    const client = createSocket('udp4');
    client.bind(0, '127.0.0.1');
    await once(client, 'listening');
    const ask = async (text: string): Promise<string> => {
      client.send(text, port, '127.0.0.1');
      const [bytes] = (await once(client, 'message')) as [Buffer];
      return bytes.toString();
    };
    assert.match(await ask(request('ping')), PONG);
    assert.match(await ask('{'), /"code":-32700/);
    assert.match(
      await ask(request('many')),
      /"error":\{"code":500,"message":"Reply too large for a datagram"\},"id":1/,
    );
    client.close();
    await server.close();
  });

  it('unix', { skip: peer('perl').skip }, async () => {
    const path = join(directory, 'rpc.sock');
    const place = { path, mode: 0o660, owner: nobody, server: null, patience: 500 };
    const server = await openJsonUnixDatagram(place, service());
    const got: string[] = [];
    const client = await openUnixDatagram(join(directory, 'client.sock'), 0o600, (bytes) => got.push(`${bytes}`));
    assert.equal(statSync(path).mode & 0o777, 0o660);
    client.send(path, Buffer.from(request('ping')));
    client.send(path, Buffer.from(request('many')));
    await until(() => got.length === 2);
    assert.ok(got.some((text) => PONG.test(text)));
    assert.ok(got.some((text) => text.includes('Reply too large')));
    await client.close();
    await server.close();
    assert.equal(existsSync(path), false);
  });
});
