import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the range that systems give to sockets without a port of their own: a port that is handed out here is bound only a little later,
 * and no other socket may get it by accident until then.
 */
const FIRST = 10_000;
const COUNT = 22_000;

/**
 * Test files run beside each other, each in a process of its own, so each process has blocks of ports of its own. The first port of a block is its
 * lock: the process keeps it bound, and the kernel lets it go when the process ends, however it ends.
 */
const BLOCK = 200;

/** Ports from one to the next: a server that listens on all transports takes the port after its own for TLS. */
const STEP = 2;

/** The next port of the block that this process has, and the block's end. */
let next = 0;
let end = 0;

/** The port that was asked for last: they are handed out one after the other. */
let last: Promise<unknown> = Promise.resolve();

/** The port that is bound as long as the process that was given this one lives. */
export function lockOf(port: number): number {
  return port - ((port - FIRST) % BLOCK);
}

/** Takes a block that no process has. */
async function claimBlock(): Promise<void> {
  const blocks = COUNT / BLOCK;
  const start = Math.floor(Math.random() * blocks);
  for (let at = 0; at < blocks; at++) {
    const first = FIRST + ((start + at) % blocks) * BLOCK;
    const lock = createServer();
    try {
      lock.listen({ port: first, host: '127.0.0.1', exclusive: true });
      await once(lock, 'listening');
    } catch {
      continue;
    }
    // It must not keep the process.
    lock.unref();
    next = first + STEP;
    end = first + BLOCK;
    return;
  }
  throw new Error('no block of ports is free');
}

async function udpIsFree(port: number, host: string): Promise<boolean> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    socket.bind({ port, address: host, exclusive: true });
    await once(socket, 'listening');
  } catch {
    return false;
  }
  socket.close();
  await once(socket, 'close');
  return true;
}

async function tcpIsFree(port: number, host: string): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ port, host, exclusive: true });
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

async function take(host: string): Promise<number> {
  for (;;) {
    if (next >= end) await claimBlock();
    const port = next;
    next += STEP;
    if ((await udpIsFree(port, host)) && (await tcpIsFree(port, host))) return port;
  }
}

/** A port of a loopback address that is free for UDP and TCP, never the same twice, nor one that another process of the tests was given. */
export function freePort(host = '127.0.0.1'): Promise<number> {
  const port = last.then(() => take(host));
  last = port.catch(() => {});
  return port;
}
