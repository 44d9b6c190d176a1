/**
 * Bytes that an account costs in the registration engine, registered and with its nonce kept, beyond the text of its row; and how long the
 * event loop is held up meanwhile. Run with `node --max-old-space-size=8192 bench/registration-memory.ts [accounts]`. Prints; asserts nothing.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ParseFailure, parseMessage } from '../src/message/parser.ts';
import { realClock } from '../src/time/clock.ts';
import { HashedTimerWheel } from '../src/time/hashed-timer-wheel.ts';
import type { ClientTransactionHandle, ClientTransactionParams } from '../src/transaction/transaction.ts';
import type { ListenSocket, Received } from '../src/transport/transport.ts';
import type { AccountRow } from '../src/uac/registration/account-row.ts';
import { createRegistrationEngine } from '../src/uac/registration/create-engine.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const COUNT = Number(process.argv[2] ?? 1_000_000);
const CHUNK = 1000;
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

/** As a database driver delivers it: texts of their own. */
function text(value: string): string {
  return Buffer.from(value, 'latin1').toString('latin1');
}

function row(n: number): AccountRow {
  return {
    uuid: text(`customer-${n}-trunk`),
    localUser: text(`pbx${n}`),
    localDomain: text('pbx.example.com'),
    remoteUser: text(`4930${10_000_000 + n}`),
    remoteDomain: text('carrier.example.net'),
    realm: text('carrier.example.net'),
    authUser: text(`auth${n}`),
    authPassword: text(`secret-${n}-word`),
    authHa1: '',
    proxy: text('sip:192.0.2.9:5060'),
    expires: 3600,
    flags: 0,
    delay: 0,
    contactAddr: '',
    contactUser: '',
    socket: '',
  };
}

/** Characters of a row that are its alone. */
function ownText(one: AccountRow): number {
  return one.uuid.length + one.localUser.length + one.remoteUser.length + one.authUser.length + one.authPassword.length;
}

const outstanding: ClientTransactionParams[] = [];
const wheel = new HashedTimerWheel({ clock: realClock });
const target = [{ proto: 'udp' as const, ip: '192.0.2.9', port: 5060, serverName: '' }];
const engine = createRegistrationEngine({
  settings: { contactAddr: '192.0.2.1:5060' },
  wheel,
  sender: { sockets: [SOCKET], send: () => true, socketFor: () => SOCKET, isMyself: () => false },
  resolver: { resolveNow: () => target, resolve: async () => target, denied() {} },
  transactions: {
    createClient(params) {
      outstanding.push(params);
      const { branch, method, destination } = params;
      return {
        branch,
        method,
        destination,
        lastStatus: 0,
        isPending: true,
        sentText: null,
        cancel() {},
        setTimers() {},
        handOver() {},
        abandon() {},
      };
    },
  },
});

/** What a registrar answers: a challenge, then a grant. */
function answer(params: ClientTransactionParams): void {
  const request = parseMessage(params.text);
  if (request instanceof ParseFailure) throw new Error(request.reason);
  const copied = params.text.split('\r\n').filter((line) => /^(Via|To|From|CSeq|Call-ID|Contact):/.test(line));
  const challenged = params.text.includes('\r\nAuthorization: ');
  const nonce = Buffer.from(`${params.branch}-nonce-of-some-length`).toString('base64');
  const extra = challenged
    ? 'Expires: 3600'
    : `WWW-Authenticate: Digest realm="carrier.example.net", nonce="${nonce}", qop="auth", algorithm=MD5`;
  const status = challenged ? '200 OK' : '401 Unauthorized';
  const reply = parseMessage(
    text(`SIP/2.0 ${status}\r\n${copied.join('\r\n')}\r\n${extra}\r\nContent-Length: 0\r\n\r\n`),
  );
  if (reply instanceof ParseFailure) throw new Error(reply.reason);
  const from: Received = { socket: SOCKET, ip: '192.0.2.9', port: 5060, connection: 0, at: realClock.now() };
  const handle = engineHandles.get(params) as ClientTransactionHandle;
  params.user.onResponse(handle, reply, from);
}

/** The engine compares handles by identity, so the one it was given is found again. */
const engineHandles = {
  get(params: ClientTransactionParams): ClientTransactionHandle | null {
    return (params.user as { readonly client?: ClientTransactionHandle }).client ?? null;
  },
};

function heap(): number {
  collect();
  collect();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external - arrayBuffers;
}

const before = heap();
let texts = 0;
let longest = 0;
const timed = (work: () => void): void => {
  const start = performance.now();
  work();
  longest = Math.max(longest, performance.now() - start);
};
const started = performance.now();
const load = engine.beginLoad();
for (let n = 0; n < COUNT; n += CHUNK) {
  const rows = Array.from({ length: Math.min(CHUNK, COUNT - n) }, (_, i) => row(n + i));
  for (const one of rows) texts += ownText(one);
  timed(() => load.take(rows));
  await new Promise(setImmediate);
}
timed(() => load.commit());
const loaded = performance.now() - started;
console.log(`${COUNT} accounts loaded in ${(loaded / 1000).toFixed(1)} s; longest step ${longest.toFixed(1)} ms`);
const queued = heap();
console.log(
  `${((queued - before) / COUNT).toFixed(0)} bytes each while they wait, ${(texts / COUNT).toFixed(0)} characters of their own`,
);
longest = 0;
const wave = performance.now();
while (engine.online < COUNT) {
  const batch = outstanding.splice(0, 64);
  timed(() => {
    for (const params of batch) answer(params);
  });
  await new Promise(setImmediate);
}
console.log(`registered in ${((performance.now() - wave) / 1000).toFixed(1)} s; longest step ${longest.toFixed(1)} ms`);
const all = heap();
const each = (all - before) / COUNT;
console.log(
  `${each.toFixed(0)} bytes each when registered, ${(each - texts / COUNT).toFixed(0)} beyond the characters of the row`,
);
longest = 0;
timed(() => void engine.assertAlive());
console.log(`watchdog over all at once: ${longest.toFixed(0)} ms (in service 2000 accounts at a time)`);
await engine.stop(false, 0);
