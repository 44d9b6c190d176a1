/**
 * A registrar that costs as little as it can, as a process of its own: it challenges a REGISTER without credentials (MD5, qop=auth), grants one
 * with, whatever they are, and counts. Started with `{"port":…, "accounts":…}` by registration.ts, with which it speaks by IPC: any message is answered
 * with the {@link Counts} so far; `"clear"` sets them back first. It checks no digest: that is the same work for every server it is asked by.
 */
import { createSocket } from 'node:dgram';

/** What was counted since the start or the last clear. */
export interface Counts {
  /** REGISTERs, retransmissions not among them. */
  readonly plain: number;
  readonly credentials: number;
  /** Same Call-ID and a CSeq that its account had sent already. */
  readonly retransmissions: number;
  /** Accounts that were granted a binding at least once. */
  readonly accounts: number;
  /** REGISTERs that asked for 0 seconds. */
  readonly removals: number;
  /** Times of the first REGISTER and of the last grant to an account that had none, ms since 1970; 0 for never. */
  readonly first: number;
  readonly last: number;
}

const plan = JSON.parse(process.argv[2] ?? '{}') as { readonly port: number; readonly accounts: number };
// Last transaction of each account: hash of its Call-ID and CSeq. Typed arrays, so that a million accounts are nothing.
const callIds = new Int32Array(plan.accounts);
const cseqs = new Uint32Array(plan.accounts);
const granted = new Uint8Array(plan.accounts);
const none = { plain: 0, credentials: 0, retransmissions: 0, accounts: 0, removals: 0, first: 0, last: 0 };
let counts = { ...none };

const socket = createSocket({
  type: 'udp4',
  recvBufferSize: 8 << 20,
  sendBufferSize: 8 << 20,
  lookup: (host: string, _options: unknown, done: (error: null, address: string, family: number) => void) =>
    done(null, host, 4),
} as never);

function header(text: string, name: string): string {
  const at = text.indexOf(`\r\n${name}: `);
  if (at < 0) return '';
  const start = at + name.length + 4;
  return text.slice(start, text.indexOf('\r\n', start));
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value | 0;
}

socket.on('message', (data, from) => {
  const text = data.toString('latin1');
  const to = header(text, 'To');
  const account = Number(/trunk(\d+)@/.exec(to)?.[1] ?? -1);
  if (!(account >= 0 && account < plan.accounts)) return;
  if (counts.first === 0) counts.first = Date.now();
  const callId = header(text, 'Call-ID');
  const cseqText = header(text, 'CSeq');
  const cseq = Number.parseInt(cseqText, 10);
  const id = hash(callId);
  const proven = text.includes('\r\nAuthorization: ');
  if (callIds[account] === id && cseq <= (cseqs[account] as number)) counts.retransmissions++;
  else {
    callIds[account] = id;
    cseqs[account] = cseq;
    if (proven) counts.credentials++;
    else counts.plain++;
  }
  const common = `Via: ${header(text, 'Via')}\r\nFrom: ${header(text, 'From')}\r\nTo: ${to};tag=r${account}\r\nCall-ID: ${callId}\r\nCSeq: ${cseqText}\r\n`;
  let reply: string;
  if (proven) {
    const expires = header(text, 'Expires');
    if (expires === '0') counts.removals++;
    if (granted[account] === 0) {
      granted[account] = 1;
      counts.accounts++;
      counts.last = Date.now();
    }
    reply = `SIP/2.0 200 OK\r\n${common}Contact: ${header(text, 'Contact')};expires=${expires}\r\nContent-Length: 0\r\n\r\n`;
  } else {
    reply = `SIP/2.0 401 Unauthorized\r\n${common}WWW-Authenticate: Digest realm="carrier.example.com", nonce="${callId}", qop="auth", algorithm=MD5\r\nContent-Length: 0\r\n\r\n`;
  }
  socket.send(Buffer.from(reply, 'latin1'), from.port, from.address);
});
socket.on('error', () => {});
process.on('message', (message) => {
  if (message === 'clear') {
    counts = { ...none };
    granted.fill(0);
  }
  process.send?.(counts);
});
process.on('disconnect', () => process.exit(0));
socket.bind(plan.port, '127.0.0.1', () => process.send?.(counts));
