import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Handed out by this process already: nobody may have bound them yet. */
const given = new Set<number>();

/**
 * Below the range that systems give to sockets without a port of their own: a port that is handed out here is bound only a little later,
 * and no other socket may get it by accident until then.
 */
const FIRST = 10_000;
const COUNT = 22_000;

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

/** A port of a loopback address that is free for UDP and TCP, never the same twice. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let tries = 0; tries < 1000; tries++) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (given.has(port) || !(await udpIsFree(port, host)) || !(await tcpIsFree(port, host))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no free port on ${host}`);
}
