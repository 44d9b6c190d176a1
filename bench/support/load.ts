/**
 * The other side of a benchmark: one process that plays caller and carrier over UDP in a closed loop, with messages made from templates
 * so that it costs as little as it can. Started by run.ts with its plan as JSON; prints one JSON line when it is done.
 */
import { hash } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { BENCH_PASSWORD, benchUser } from './users.ts';

interface Plan {
  readonly mode: 'stateless' | 'stateful' | 'relay' | 'trunk' | 'auth';
  readonly serverPort: number;
  readonly callerPort: number;
  readonly carrierPort: number;
  /** Units to complete after the warm-up. */
  readonly units: number;
  readonly warmUp: number;
  /** Units in the air at once. */
  readonly outstanding: number;
  /** Of mode auth: the digest algorithm to answer with, and how many users there are, `user0` and so on; 0 for alice alone. */
  readonly algorithm: 'MD5' | 'SHA-256';
  readonly users: number;
}

const plan = JSON.parse(process.argv[2] ?? '{}') as Plan;
const options = {
  type: 'udp4' as const,
  lookup: (h: string, _o: unknown, cb: (e: null, a: string, f: number) => void) => cb(null, h, 4),
};
const caller: Socket = createSocket({ ...options, recvBufferSize: 8 << 20 } as never);
const carrier: Socket = createSocket({ ...options, recvBufferSize: 8 << 20 } as never);
const run = `${Date.now().toString(36)}${process.pid.toString(36)}`;

let started = 0;
let done = 0;
let failed = 0;
let warm = false;
/** Time of the last progress of each open unit, to see lost ones. */
const open = new Map<number, number>();

function header(text: string, name: string): string {
  const at = text.indexOf(`\r\n${name}: `);
  if (at < 0) return '';
  const start = at + name.length + 4;
  return text.slice(start, text.indexOf('\r\n', start));
}

/** All header lines of a name, each with CRLF. */
function lines(text: string, name: string): string {
  let out = '';
  let at = 0;
  for (;;) {
    at = text.indexOf(`\r\n${name}: `, at);
    if (at < 0) return out;
    const end = text.indexOf('\r\n', at + 2);
    out += text.slice(at + 2, end + 2);
    at = end;
  }
}

const sdp = `v=0\r\no=alice 2890844526 2890844526 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 49170 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n`;

/** Who registers in the unit of this Call-ID. */
function userOf(id: string): string {
  return plan.users === 0 ? 'alice' : benchUser(Number(id.slice(id.lastIndexOf('-') + 1)) % plan.users);
}

/** A REGISTER of the unit of this Call-ID, with credentials once it was challenged. */
function register(id: string, cseq: number, credentials: string): Buffer {
  const user = userOf(id);
  const text =
    `REGISTER sip:bench.example.com SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${plan.callerPort};branch=z9hG4bK${id}r${cseq}\r\n` +
    `Max-Forwards: 70\r\nFrom: <sip:${user}@bench.example.com>;tag=f${id}\r\nTo: <sip:${user}@bench.example.com>\r\nCall-ID: ${id}\r\n` +
    `CSeq: ${cseq} REGISTER\r\nContact: <sip:${user}@127.0.0.1:${plan.callerPort}>\r\n${credentials}User-Agent: bench\r\nExpires: 300\r\nContent-Length: 0\r\n\r\n`;
  return Buffer.from(text, 'latin1');
}

const HASH = plan.algorithm === 'SHA-256' ? 'sha256' : 'md5';
const HA1 = new Map<string, string>();
const HA2 = hash(HASH, 'REGISTER:sip:bench.example.com');

function credentials(challenge: string, id: string): string {
  const nonce = /nonce="([^"]*)"/.exec(challenge)?.[1] ?? '';
  const user = userOf(id);
  let ha1 = HA1.get(user);
  if (ha1 === undefined) {
    ha1 = hash(HASH, `${user}:bench.example.com:${BENCH_PASSWORD}`);
    HA1.set(user, ha1);
  }
  const response = hash(HASH, `${ha1}:${nonce}:00000001:${id}:auth:${HA2}`);
  return (
    `Authorization: Digest username="${user}", realm="bench.example.com", nonce="${nonce}", uri="sip:bench.example.com", ` +
    `qop=auth, nc=00000001, cnonce="${id}", response="${response}", algorithm=${plan.algorithm}\r\n`
  );
}

function sendUnit(): void {
  const n = started++;
  open.set(n, performance.now());
  const id = `${run}-${n}`;
  if (plan.mode === 'auth') {
    caller.send(register(id, 1, ''), plan.serverPort, '127.0.0.1');
    return;
  }
  const via = `Via: SIP/2.0/UDP 127.0.0.1:${plan.callerPort};branch=z9hG4bK${id}`;
  const text =
    plan.mode === 'trunk'
      ? `INVITE sip:+15551234@127.0.0.1:${plan.carrierPort} SIP/2.0\r\n${via}i\r\nMax-Forwards: 70\r\nFrom: "Alice A" <sip:alice@atlanta.example.com>;tag=f${id}\r\nTo: <sip:+15551234@127.0.0.1:${plan.carrierPort}>\r\nCall-ID: ${id}\r\nCSeq: 1 INVITE\r\nContact: <sip:alice@127.0.0.1:${plan.callerPort}>\r\nUser-Agent: bench\r\nAllow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE\r\nSupported: replaces, timer\r\nContent-Type: application/sdp\r\nContent-Length: ${sdp.length}\r\n\r\n${sdp}`
      : `OPTIONS sip:bob@127.0.0.1:${plan.serverPort} SIP/2.0\r\n${via}\r\nMax-Forwards: 70\r\nFrom: <sip:alice@example.com>;tag=f${id}\r\nTo: <sip:bob@example.com>\r\nCall-ID: ${id}\r\nCSeq: 1 OPTIONS\r\nContact: <sip:alice@127.0.0.1:${plan.callerPort}>\r\nUser-Agent: bench\r\nAccept: application/sdp\r\nContent-Length: 0\r\n\r\n`;
  caller.send(Buffer.from(text, 'latin1'), plan.serverPort, '127.0.0.1');
}

function finish(callId: string, ok: boolean): void {
  const n = Number(callId.slice(callId.lastIndexOf('-') + 1));
  if (!open.delete(n)) return;
  done++;
  if (!ok) failed++;
  if (!warm && done >= plan.warmUp) {
    warm = true;
    process.stdout.write('{"event":"warm"}\n');
  }
  if (done >= plan.warmUp + plan.units) {
    process.stdout.write(`${JSON.stringify({ event: 'done', failed })}\n`);
    setTimeout(() => process.exit(0), 200);
    return;
  }
  if (started < plan.warmUp + plan.units) sendUnit();
}

caller.on('message', (buffer) => {
  const text = buffer.toString('latin1');
  const status = Number(text.slice(8, 11));
  if (status < 200) return;
  const callId = header(text, 'Call-ID');
  if (plan.mode === 'auth' && status === 401 && header(text, 'CSeq').startsWith('1 ')) {
    const answer = credentials(header(text, 'WWW-Authenticate'), callId);
    caller.send(register(callId, 2, answer), plan.serverPort, '127.0.0.1');
    return;
  }
  if (plan.mode !== 'trunk') {
    finish(callId, status === 200);
    return;
  }
  const cseq = header(text, 'CSeq');
  if (cseq.endsWith('BYE')) {
    finish(callId, status === 200);
    return;
  }
  const route = lines(text, 'Record-Route').replaceAll('Record-Route', 'Route');
  const target = header(text, 'Contact').replace(/^.*<|>.*$/g, '') || `sip:127.0.0.1:${plan.carrierPort}`;
  const dialog = `From: ${header(text, 'From')}\r\nTo: ${header(text, 'To')}\r\nCall-ID: ${callId}\r\n`;
  const via = (method: string): string =>
    `Via: SIP/2.0/UDP 127.0.0.1:${plan.callerPort};branch=z9hG4bK${callId}${method}\r\nMax-Forwards: 70\r\n`;
  if (status >= 300) {
    finish(callId, false);
    return;
  }
  const ack = `ACK ${target} SIP/2.0\r\n${via('a')}${route}${dialog}CSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n`;
  caller.send(Buffer.from(ack, 'latin1'), plan.serverPort, '127.0.0.1');
  const bye = `BYE ${target} SIP/2.0\r\n${via('b')}${route}${dialog}CSeq: 2 BYE\r\nContent-Length: 0\r\n\r\n`;
  caller.send(Buffer.from(bye, 'latin1'), plan.serverPort, '127.0.0.1');
});

const seen = new Map<string, string>();

carrier.on('message', (buffer, from) => {
  const text = buffer.toString('latin1');
  const method = text.slice(0, text.indexOf(' '));
  if (method === 'ACK') return;
  const common = `${lines(text, 'Via')}${lines(text, 'Record-Route')}From: ${header(text, 'From')}\r\n`;
  const rest = `Call-ID: ${header(text, 'Call-ID')}\r\nCSeq: ${header(text, 'CSeq')}\r\n`;
  const to = header(text, 'To');
  const tagged = to.includes(';tag=') ? to : `${to};tag=c${header(text, 'Call-ID')}`;
  const reply = (status: string, more: string, body: string): void => {
    const out = `SIP/2.0 ${status}\r\n${common}To: ${tagged}\r\n${rest}${more}Content-Length: ${body.length}\r\n\r\n${body}`;
    carrier.send(Buffer.from(out, 'latin1'), from.port, '127.0.0.1');
  };
  if (method !== 'INVITE') {
    reply('200 OK', '', '');
    return;
  }
  const auth = header(text, 'Authorization');
  if (auth === '') {
    reply(
      '401 Unauthorized',
      `WWW-Authenticate: Digest realm="carrier.example.com", nonce="${header(text, 'Call-ID')}", qop="auth", algorithm=MD5\r\n`,
      '',
    );
    return;
  }
  seen.set('auth', auth);
  const contact = `Contact: <sip:carrier@127.0.0.1:${plan.carrierPort}>\r\n`;
  reply('180 Ringing', contact, '');
  reply('200 OK', `${contact}Content-Type: application/sdp\r\n`, sdp);
});

// A unit that made no progress for ten seconds is lost: it counts as failed, the loop goes on.
setInterval(() => {
  const now = performance.now();
  for (const [n, at] of open) if (now - at > 10_000) finish(`${run}-${n}`, false);
}, 1000).unref();

caller.bind(plan.callerPort, '127.0.0.1', () => {
  carrier.bind(plan.carrierPort, '127.0.0.1', () => {
    for (let i = 0; i < plan.outstanding; i++) sendUnit();
  });
});
