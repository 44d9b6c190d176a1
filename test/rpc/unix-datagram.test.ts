import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { RpcError } from '../../src/rpc/errors.ts';
import { openUnixDatagram } from '../../src/rpc/unix-datagram.ts';
import { peer } from '../support/peers.ts';
import { sleep } from '../support/servers.ts';

describe('Unix datagram sockets', { skip: peer('perl').skip }, () => {
  let directory = '';
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'trunkline-dgram-'));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  it('answers a client that bound a path, with bytes as they are', async () => {
    const path = join(directory, 'a.sock');
    const server = await openUnixDatagram(path, 0o640, (bytes, from) =>
      server.send(from, Buffer.concat([bytes, bytes])),
    );
    const got: Buffer[] = [];
    const sizes = [1, 256, 60_000];
    const client = await openUnixDatagram(join(directory, 'client.sock'), 0o600, (bytes) => got.push(bytes));
    try {
      assert.equal(statSync(path).mode & 0o777, 0o640);
      for (const size of sizes) client.send(path, Buffer.alloc(size, size));
      for (let tries = 0; got.length < 3 && tries < 300; tries++) await sleep(10);
      assert.deepEqual(
        got.map((bytes) => bytes.length),
        [2, 512, 120_000],
      );
      assert.ok(got[2]?.every((byte) => byte === (60_000 & 0xff)));
    } finally {
      await client.close();
      await server.close();
    }
    assert.equal(existsSync(path), false);
  });

  it('says when it cannot open: no directory, something else there, somebody else there', async () => {
    const refused = (path: string, text: RegExp) =>
      assert.rejects(
        openUnixDatagram(path, 0o600, () => {}),
        (error) => error instanceof RpcError && error.code === 'RPC_DATAGRAM_OPEN' && text.test(error.message),
      );
    await refused(join(directory, 'none', 'a.sock'), /bind: No such file/);
    await refused(join(directory, 'x'.repeat(110)), /longer than/);
    const file = join(directory, 'file');
    writeFileSync(file, 'precious');
    await refused(file, /no socket/);
    assert.ok(existsSync(file));
    const path = join(directory, 'b.sock');
    const first = await openUnixDatagram(path, 0o600, () => {});
    await refused(path, /another process listens/);
    await first.close();
  });

  it('replaces the socket of a dead process, and comes back when its own process dies', async () => {
    const path = join(directory, 'c.sock');
    const reports: string[] = [];
    let seen = 0;
    const server = await openUnixDatagram(path, 0o600, () => seen++, { report: (code) => reports.push(code) });
    const pid = (server as unknown as { child: { pid: number } }).child.pid;
    process.kill(pid, 'SIGKILL');
    for (let tries = 0; !reports.includes('RPC_DATAGRAM_ENDED') && tries < 300; tries++) await sleep(10);
    const client = await openUnixDatagram(join(directory, 'client2.sock'), 0o600, () => {});
    for (let tries = 0; seen === 0 && tries < 300; tries++) {
      client.send(path, Buffer.from('x'));
      await sleep(20);
    }
    assert.ok(seen > 0);
    await client.close();
    await server.close();
    assert.equal(existsSync(path), false);
  });

  it('a client that does not read holds nobody up', async () => {
    const path = join(directory, 'd.sock');
    const reports: string[] = [];
    const server = await openUnixDatagram(path, 0o600, (bytes, from) => server.send(from, bytes), {
      patience: 100,
      report: (code) => reports.push(code),
    });
    const lazy = await lazyClient(join(directory, 'lazy.sock'), path, 600);
    const got: string[] = [];
    const client = await openUnixDatagram(join(directory, 'client3.sock'), 0o600, (bytes) => got.push(`${bytes}`));
    client.send(path, Buffer.from('hello'));
    for (let tries = 0; got.length === 0 && tries < 300; tries++) await sleep(10);
    assert.deepEqual(got, ['hello']);
    for (let tries = 0; reports.length === 0 && tries < 300; tries++) await sleep(10);
    assert.ok(reports.includes('RPC_DATAGRAM_SEND'));
    lazy.kill();
    await client.close();
    await server.close();
  });
});

/** A process that sends datagrams and never reads the answers. */
async function lazyClient(own: string, to: string, count: number): Promise<{ kill(): void }> {
  const { spawn } = await import('node:child_process');
  const child = spawn(
    'perl',
    [
      '-MSocket',
      '-e',
      'socket(S,AF_UNIX,SOCK_DGRAM,0); bind(S,pack_sockaddr_un($ARGV[0])); for (1..$ARGV[2]) { send(S,"x",0,pack_sockaddr_un($ARGV[1])) } $|=1; print "sent"; sleep 60',
      own,
      to,
      `${count}`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(child.stdout, 'data');
  return { kill: () => child.kill() };
}
