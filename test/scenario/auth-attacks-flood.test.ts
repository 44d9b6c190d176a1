/** A flood of requests that are challenged, over real sockets, at a server in this process: what is left in memory when it is over. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { start } from '../server/support.ts';
import { freePort } from '../support/ports.ts';

/** Requests that are on their way at a time: none is lost on the loopback. */
const WINDOW = 200;
/** Bytes for what a flood of any length may leave: counters, pools, compiled code. */
const SLACK = 1_000_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const CFG = `
log_stderror=yes
auto_aliases=no
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "auth.so"
modparam("auth", "ban_user_limit", 30)
request_route {
  if (method == "ACK") exit;
  if (!pv_www_authenticate("one.example", "secret", "0")) { www_challenge("one.example", "1", "SHA-256,MD5"); exit; }
  sl_send_reply("200", "OK");
}
`;

function requestText(at: number, port: number, method: string, credentials: string): string {
  return (
    `${method} sip:one.example SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bKflood${at}\r\n` +
    `Max-Forwards: 70\r\nFrom: <sip:u${at}@one.example>;tag=${at}\r\nTo: <sip:u${at}@one.example>\r\n` +
    `Call-ID: flood-${at}\r\nCSeq: 1 ${method}\r\nContact: <sip:u@127.0.0.1:${port}>\r\n${credentials}Content-Length: 0\r\n\r\n`
  );
}

/** Sends requests and waits for all of their challenges. */
async function flood(
  client: Socket,
  port: number,
  first: number,
  count: number,
  credentials: (at: number) => string,
): Promise<void> {
  const own = client.address().port;
  let sent = 0;
  let answered = 0;
  const send = (): void => {
    const at = first + sent++;
    client.send(requestText(at, own, at % 2 ? 'REGISTER' : 'INVITE', credentials(at)), port, '127.0.0.1');
  };
  await new Promise<void>((resolve, reject) => {
    const take = (data: Buffer): void => {
      if (!data.includes('SIP/2.0 401 ')) reject(new Error(data.toString('latin1')));
      answered++;
      if (sent < count) send();
      else if (answered === count) {
        client.off('message', take);
        resolve();
      }
    };
    client.on('message', take);
    for (let at = 0; at < WINDOW; at++) send();
  });
}

async function heapAfter(): Promise<number> {
  // What the event loop has still to let go of.
  for (let round = 0; round < 5; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  return process.memoryUsage().heapUsed;
}

interface Flood {
  readonly name: string;
  /** Of the module auth. */
  readonly counter: string;
  /** Requests before the memory is looked at first: they fill what has a limit. */
  readonly first: number;
  readonly count: number;
  readonly credentials: (at: number) => string;
}

const floods: readonly Flood[] = [
  {
    name: 'without credentials',
    counter: 'no_credentials',
    first: 20_000,
    count: 100_000,
    credentials: () => '',
  },
  {
    name: 'with a nonce, a user and an answer of their own',
    // Where bans are on, what shows no nonce of ours is not looked at.
    counter: 'bad_nonce',
    first: 40_000,
    count: 40_000,
    credentials: (at) =>
      `Authorization: Digest username="u${at}", realm="one.example", nonce="n${at}", uri="sip:one.example", ` +
      `response="${at.toString(16).padStart(32, '0')}", qop=auth, nc=00000001, cnonce="c${at}"\r\n`,
  },
];

for (const { name, counter, first, count, credentials } of floods) {
  test(`${count} requests ${name} leave nothing in memory`, async () => {
    const port = await freePort();
    const { server } = await start(CFG, { listen: [`udp:127.0.0.1:${port}`] });
    const counted = (statistic: string): number =>
      server.statistics().find((one) => one.group === 'auth' && one.name === statistic)?.value ?? Number.NaN;
    const client = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
    client.bind(0, '127.0.0.1');
    await once(client, 'listening');
    try {
      await flood(client, port, 0, first, credentials);
      const before = await heapAfter();
      await flood(client, port, first, count, credentials);
      const grown = (await heapAfter()) - before;
      assert.deepEqual([counted(counter), counted('used_nonces')], [first + count, 0]);
      assert.ok(grown < SLACK, `${grown} bytes more after ${count} challenges`);
    } finally {
      client.close();
    }
  });
}
