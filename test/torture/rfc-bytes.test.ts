/**
 * The bytes of RFC 4475 and RFC 5118 themselves. They are not part of this project: TRUNKLINE_TORTURE_DIR names a directory that
 * holds rfc4475/*.dat and rfc5118/*.dat. Without it every case is reported as skipped, by its name.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type FrameEvent, StreamFramer } from '../../src/message/framer.ts';
import { ParseFailure, parseMessage } from '../../src/message/parser.ts';

const DIR = process.env.TRUNKLINE_TORTURE_DIR;

/** File name → verdict as a datagram ('ok', or status and code) and what a stream gives when it is not that one message. */
type Verdicts = Readonly<Record<string, string | readonly [datagram: string, stream: string]>>;

const PENDING = 'waits';
const HEADER = '400 SIP_PARSE_HEADER';
const START_LINE = '400 SIP_PARSE_START_LINE';
const URI = '400 SIP_PARSE_REQUEST_URI';
const CSEQ = '400 SIP_PARSE_CSEQ';
const LENGTH = '400 SIP_PARSE_CONTENT_LENGTH';

const RFC_4475: Verdicts = {
  wsinv: 'ok',
  intmeth: 'ok',
  esc01: 'ok',
  escnull: 'ok',
  esc02: 'ok',
  lwsdisp: 'ok',
  longreq: 'ok',
  // The second body is longer than its Content-Length says.
  dblreq: ['ok', 'ok ok closed 0 SIP_PARSE_START_LINE'],
  semiuri: 'ok',
  transports: 'ok',
  mpart01: 'ok',
  unreason: 'ok',
  noreason: 'ok',
  badinv01: '400 SIP_PARSE_VIA',
  clerr: [LENGTH, PENDING],
  ncl: [LENGTH, `closed ${LENGTH}`],
  scalar02: CSEQ,
  scalarlg: '0 SIP_PARSE_CSEQ',
  quotbal: '400 SIP_PARSE_TO',
  ltgtruri: URI,
  lwsruri: URI,
  lwsstart: START_LINE,
  trws: START_LINE,
  escruri: URI,
  baddate: 'ok',
  // The Contact is for the registrar to refuse; see the test of the same name in test/message/.
  regbadct: 'ok',
  badaspec: '400 SIP_PARSE_TO',
  baddn: [HEADER, PENDING],
  'baddn.fixed': '400 SIP_PARSE_FROM',
  badvers: '505 SIP_PARSE_VERSION',
  mismatch01: CSEQ,
  mismatch02: CSEQ,
  bigcode: '0 SIP_PARSE_START_LINE',
  badbranch: 'ok',
  insuf: '400 SIP_PARSE_HEADERS_MISSING',
  unkscm: 'ok',
  novelsc: 'ok',
  unksm2: 'ok',
  bext01: 'ok',
  invut: 'ok',
  regaut01: 'ok',
  multi01: '400 SIP_PARSE_HEADER_REPEATED',
  mcl01: [LENGTH, `closed ${LENGTH}`],
  bcast: 'ok',
  zeromf: 'ok',
  cparam01: 'ok',
  cparam02: 'ok',
  regescrt: 'ok',
  sdp01: 'ok',
  // No Content-Length: on a stream there is no body, and the SDP is the beginning of something that never ends.
  inv2543: ['ok', `ok ${PENDING}`],
};

const RFC_5118: Verdicts = {
  'ipv6-good': 'ok',
  'ipv6-bad': URI,
  'port-ambiguous': 'ok',
  'port-unambiguous': 'ok',
  'via-received-param-with-delim': 'ok',
  'via-received-param-no-delim': 'ok',
  // The Content-Length of these three is too small by some octets, which wait on a stream.
  'ipv6-in-sdp': ['ok', `ok ${PENDING}`],
  'mult-ip-in-header': 'ok',
  'mult-ip-in-sdp': ['ok', `ok ${PENDING}`],
  'ipv4-mapped-ipv6': ['ok', `ok ${PENDING}`],
  'ipv6-bug-abnf-3-colons': URI,
  'ipv6-correct-abnf-2-colons': 'ok',
};

function verdict(raw: string): string {
  const result = parseMessage(raw);
  if (result instanceof ParseFailure) return `${result.status} ${result.code}`;
  // Nothing that reads on demand may throw either.
  const { topVia, vias, from, to, cseq, ruri } = result;
  assert.ok(topVia !== null && vias.length > 0 && from !== null && to !== null && cseq !== null);
  assert.equal(ruri !== null, result.isRequest);
  return 'ok';
}

function streamVerdict(data: Buffer, step: number): string {
  const framer = new StreamFramer();
  const events: FrameEvent[] = [];
  for (let at = 0; at < data.length; at += step) events.push(...framer.push(data.subarray(at, at + step)));
  const words: string[] = [];
  for (const event of events) {
    if (event.kind === 'message') words.push(verdict(event.raw));
    else if (event.kind === 'error') words.push(`closed ${event.failure.status} ${event.failure.code}`);
  }
  if (framer.buffered > 0) words.push(PENDING);
  return words.join(' ');
}

function run(rfc: string, verdicts: Verdicts): void {
  for (const [name, expected] of Object.entries(verdicts)) {
    const file = DIR === undefined ? '' : join(DIR, rfc, `${name}.dat`);
    const skip = DIR === undefined ? 'TRUNKLINE_TORTURE_DIR is not set' : !existsSync(file) && `${file} is not there`;
    const [datagram, stream] = typeof expected === 'string' ? [expected, expected] : expected;
    test(`${rfc} ${name}`, { skip }, () => {
      const data = readFileSync(file);
      assert.equal(verdict(data.toString('latin1')), datagram, 'as a datagram');
      assert.equal(streamVerdict(data, 1), stream, 'one octet at a time');
      assert.equal(streamVerdict(data, data.length), stream, 'in one piece');
    });
  }
}

describe('bytes of RFC 4475', () => run('rfc4475', RFC_4475));
describe('bytes of RFC 5118', () => run('rfc5118', RFC_5118));
