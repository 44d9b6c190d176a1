/**
 * Asks a server with OPTIONS every few milliseconds, from a process of its own, and knows the longest it had to wait: what a call would have
 * felt. Started with `{"port":…, "server":…}`; any message is answered with the {@link ProbeReading}
 * since the last one; after `"forget"` what was sent before does not count.
 */
import { createSocket } from 'node:dgram';

export interface ProbeReading {
  readonly answered: number;
  /** Sent more than 5 seconds ago and never answered. */
  readonly lost: number;
  /** Milliseconds; the age of an unanswered one counts. */
  readonly longest: number;
  readonly mean: number;
}

const EVERY = 10;
const plan = JSON.parse(process.argv[2] ?? '{}') as { readonly port: number; readonly server: number };
const socket = createSocket('udp4');
const waiting = new Map<number, number>();
let serial = 0;
let answered = 0;
let lost = 0;
let longest = 0;
let sum = 0;

socket.on('message', (data) => {
  const number = Number(/\r\nCall-ID: probe-(\d+)/.exec(data.toString('latin1'))?.[1]);
  const sent = waiting.get(number);
  if (sent === undefined) return;
  waiting.delete(number);
  const took = performance.now() - sent;
  answered++;
  sum += took;
  longest = Math.max(longest, took);
});
socket.on('error', () => {});
process.on('message', (message) => {
  const now = performance.now();
  if (message === 'forget') waiting.clear();
  for (const sent of waiting.values()) longest = Math.max(longest, now - sent);
  process.send?.({ answered, lost, longest, mean: sum / Math.max(answered, 1) } satisfies ProbeReading);
  answered = 0;
  lost = 0;
  longest = 0;
  sum = 0;
});
process.on('disconnect', () => process.exit(0));

socket.bind(plan.port, '127.0.0.1', () => {
  setInterval(() => {
    const now = performance.now();
    for (const [number, sent] of waiting) {
      if (now - sent < 5_000) break;
      waiting.delete(number);
      lost++;
    }
    const number = ++serial;
    waiting.set(number, now);
    const text = `OPTIONS sip:ping@127.0.0.1:${plan.server} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${plan.port};branch=z9hG4bKprobe${number}\r\nMax-Forwards: 70\r\nFrom: <sip:probe@127.0.0.1>;tag=p\r\nTo: <sip:ping@127.0.0.1>\r\nCall-ID: probe-${number}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`;
    socket.send(Buffer.from(text, 'latin1'), plan.server, '127.0.0.1');
  }, EVERY);
  process.send?.('ready');
});
