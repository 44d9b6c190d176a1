/**
 * Parses one INVITE of 1179 bytes, over and over, to what a proxy needs of it, and prints messages per second of one core,
 * by the clock and by the CPU time of all threads (which a busy machine disturbs less).
 * Run: node bench/parse.ts [seconds per round]
 */

import { SipMessage } from '../src/message/message.ts';
import { parseMessage } from '../src/message/parser.ts';

const SIZE = 1179;

/** An INVITE as a phone behind a proxy sends it; the SDP is padded to `size` bytes in all. */
export function sampleInvite(size: number): string {
  const head = (length: number): string =>
    'INVITE sip:+4930123456789@sip.carrier.example;user=phone SIP/2.0\r\n' +
    'Via: SIP/2.0/UDP 192.0.2.17:5060;rport;branch=z9hG4bK-524287-1---7f3c2d9a41b8e605\r\n' +
    'Max-Forwards: 70\r\n' +
    'Route: <sip:proxy.example.net;lr>\r\n' +
    'Contact: <sip:alice@192.0.2.17:5060;transport=udp>\r\n' +
    'To: <sip:+4930123456789@sip.carrier.example;user=phone>\r\n' +
    'From: "Alice Example" <sip:+4940987654321@example.net>;tag=5a3c91d7\r\n' +
    'Call-ID: 84113ZDk1MmE5YjA4YzE3ZTRkNGI2OTMwZjA\r\n' +
    'CSeq: 1 INVITE\r\n' +
    'Session-Expires: 1800\r\n' +
    'Allow: INVITE, ACK, CANCEL, BYE, NOTIFY, REFER, MESSAGE, OPTIONS, INFO, SUBSCRIBE, UPDATE, PRACK\r\n' +
    'Content-Type: application/sdp\r\n' +
    'Supported: replaces, timer, 100rel, outbound\r\n' +
    'User-Agent: ExamplePhone 5.6.1 rel 78211\r\n' +
    'P-Preferred-Identity: <sip:+4940987654321@example.net>\r\n' +
    `Content-Length: ${length}\r\n\r\n`;
  const sdp =
    'v=0\r\no=- 13237498632511452 1 IN IP4 192.0.2.17\r\ns=call\r\nc=IN IP4 192.0.2.17\r\nt=0 0\r\n' +
    'm=audio 51234 RTP/AVP 8 0 9 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n';
  const room = size - head(100).length;
  const body = `${sdp + 'a=x-pad:'.padEnd(room - sdp.length - 2, 'x')}\r\n`;
  return head(body.length) + body;
}

/** Reads what a proxy needs of one datagram. */
function once(bytes: Buffer): number {
  const message = parseMessage(bytes.toString('latin1'));
  if (!(message instanceof SipMessage)) throw new Error(`${message.code}: ${message.reason}`);
  return (
    (message.topVia?.branch.length ?? 0) +
    (message.from?.tag.length ?? 0) +
    (message.to?.tag.length ?? 0) +
    message.callId.length +
    (message.cseq?.seq ?? 0) +
    message.maxForwards +
    (message.ruri?.host.length ?? 0)
  );
}

function main(): void {
  const text = sampleInvite(SIZE);
  if (text.length !== SIZE) throw new Error(`sample is ${text.length} bytes`);
  // Several buffers, so that nothing can be kept from one to the next.
  const datagrams = Array.from({ length: 64 }, (_, i) =>
    Buffer.from(text.replace('5a3c91d7', `5a3c9${100 + i}`), 'latin1'),
  );
  const seconds = Number(process.argv[2] ?? 1);
  let sum = 0;
  const rates: number[] = [];
  const cpuRates: number[] = [];
  for (let round = 0; round < 6; round++) {
    const begin = process.hrtime.bigint();
    const until = begin + BigInt(seconds * 1e9);
    const cpu = process.cpuUsage();
    let count = 0;
    do {
      for (let i = 0; i < 1024; i++) sum += once(datagrams[i & 63] as Buffer);
      count += 1024;
    } while (process.hrtime.bigint() < until);
    const rate = count / (Number(process.hrtime.bigint() - begin) / 1e9);
    const used = process.cpuUsage(cpu);
    const cpuRate = count / ((used.user + used.system) / 1e6);
    if (round > 0) {
      rates.push(rate);
      cpuRates.push(cpuRate);
    }
    console.log(
      `round ${round}${round === 0 ? ' (warm-up)' : ''}: ${show(rate)} msgs/s, ${show(cpuRate)} msgs per CPU second`,
    );
  }
  console.log(
    `median: ${show(median(rates))} msgs/s, ${show(median(cpuRates))} msgs per CPU second (checksum ${sum % 1000})`,
  );
}

function show(rate: number): string {
  return Math.round(rate).toLocaleString('en');
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}

if (import.meta.main) main();
