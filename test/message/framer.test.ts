import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type FrameEvent, looksLikeHttp, StreamFramer } from '../../src/message/framer.ts';
import { DEFAULT_LIMITS } from '../../src/message/parser.ts';
import { request, response } from './support.ts';

function run(framer: StreamFramer, chunks: Iterable<Buffer>): FrameEvent[] {
  const events: FrameEvent[] = [];
  for (const chunk of chunks) events.push(...framer.push(chunk));
  return events;
}

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function* single(data: Buffer): Generator<Buffer> {
  for (let i = 0; i < data.length; i++) yield data.subarray(i, i + 1);
}

/** Events as words; pongs left out, as a CRLF at a chunk's end cannot be told from half a ping. */
function words(events: readonly FrameEvent[]): string[] {
  return events
    .filter((event) => event.kind !== 'pong')
    .map((event) =>
      event.kind === 'message'
        ? event.raw
        : event.kind === 'error'
          ? `${event.failure.status} ${event.failure.code}`
          : event.kind,
    );
}

test('messages come out whole however they are cut', () => {
  const messages = [
    request('INVITE', 'sip:b@h', {}, [], 'v=0\r\n\r\nx\0'),
    response(),
    request('BYE'),
    request('INFO', 'sip:b@h', { 'Content-Length': 'l:\r\n 3' }, [], 'abc'),
  ];
  const stream = bytes(`\r\n\r\n${messages[0]}${messages[1]}\r\n\r\n${messages[2]}${messages[3]}`);
  const wanted = ['ping', messages[0], messages[1], 'ping', messages[2], messages[3]];
  assert.deepEqual(words(run(new StreamFramer(), [stream])), wanted);
  assert.deepEqual(words(run(new StreamFramer(), single(stream))), wanted);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 40 }), (sizes) => {
      const chunks: Buffer[] = [];
      let at = 0;
      for (const size of sizes) {
        chunks.push(stream.subarray(at, at + size));
        at += size;
      }
      chunks.push(stream.subarray(at));
      assert.deepEqual(words(run(new StreamFramer(), chunks)), wanted);
    }),
  );
});

test('keepalives of RFC 5626: CRLFCRLF is a ping, a lone CRLF a pong', () => {
  const kinds = (framer: StreamFramer, ...texts: string[]): string =>
    texts
      .map((text) =>
        framer
          .push(bytes(text))
          .map((event) => event.kind)
          .join('+'),
      )
      .join(' ');
  assert.equal(kinds(new StreamFramer(), '\r\n\r\n'), 'ping');
  assert.equal(kinds(new StreamFramer(), '\r\n'), 'pong');
  assert.equal(kinds(new StreamFramer(), '\r', '\n', '\r', '\n'), ' pong  ping');
  assert.equal(kinds(new StreamFramer(), '\r\n\r\n\r\n\r\n\r\n'), 'ping+ping+pong');
  assert.equal(kinds(new StreamFramer(), '\r\n', `${request()}`), 'pong message');
  assert.equal(kinds(new StreamFramer(), `\r\n${request()}`), 'pong+message');
});

test('no Content-Length: no body, or an error', () => {
  const raw = request('BYE', 'sip:b@h', { 'Content-Length': '' });
  assert.deepEqual(words(run(new StreamFramer(), [bytes(raw + raw)])), [raw, raw]);
  const strict = new StreamFramer({ missingContentLength: 'error' });
  assert.deepEqual(words(run(strict, [bytes(raw)])), ['400 SIP_PARSE_CONTENT_LENGTH']);
});

test('a Content-Length that cannot be trusted ends the stream, with an answer', () => {
  for (const line of ['Content-Length: -999', 'Content-Length: 1x', 'l:', 'Content-Length: 3\r\nl: 4']) {
    const framer = new StreamFramer();
    const raw = request('INVITE', 'sip:b@h', { 'Content-Length': line }, [], '');
    const [event] = framer.push(bytes(raw));
    assert.ok(event?.kind === 'error', line);
    assert.deepEqual([event.failure.status, event.failure.message?.callId], [400, 'c1@192.0.2.7'], line);
    assert.equal(framer.failed, true);
    assert.deepEqual(framer.push(bytes(request())), []);
    assert.equal(framer.buffered, 0);
  }
  const [event] = new StreamFramer().push(bytes(response(200, 'OK', ['l: 7'])));
  assert.ok(event?.kind === 'error');
  assert.equal(event.failure.status, 0, 'a response is not answered');
});

test('limits: a message, or headers without end, that are too large end the stream with 513', () => {
  const limits = { ...DEFAULT_LIMITS, maxMessage: 1000 };
  const big = request('INVITE', 'sip:b@h', { 'Content-Length': 'Content-Length: 5000' });
  assert.deepEqual(words(new StreamFramer({ limits }).push(bytes(big))), ['513 SIP_PARSE_TOO_LARGE']);
  const endless = `${request('INVITE').slice(0, -2)}X: ${'y'.repeat(5000)}`;
  assert.deepEqual(words(new StreamFramer({ limits }).push(bytes(endless))), ['513 SIP_PARSE_TOO_LARGE']);
  const framer = new StreamFramer({ limits });
  let most = 0;
  for (const byte of single(bytes('z'.repeat(5000)))) {
    framer.push(byte);
    most = Math.max(most, framer.buffered);
  }
  assert.ok(framer.failed);
  assert.ok(most <= 1000, `${most}`);
});

test('what is no SIP ends the stream; a SIP start line with a fault does not', () => {
  const after = request('BYE');
  for (const text of ['hello\r\n\r\n', 'GET / HTTP/1.1\r\nHost: SIP/2.0\r\n\r\n', '\x16\x03\x01\n\n']) {
    const data = bytes(text + after);
    assert.deepEqual(words(run(new StreamFramer(), [data])), ['0 SIP_PARSE_START_LINE']);
    assert.deepEqual(words(run(new StreamFramer(), single(data))), ['0 SIP_PARSE_START_LINE']);
  }
  const web = request('GET').replace(/^.*/, 'GET / HTTP/1.1');
  assert.deepEqual(words(run(new StreamFramer(), [bytes(web)])), ['400 SIP_PARSE_START_LINE']);
  for (const line of [
    'INVITE  sip:b@h SIP/2.0',
    'INVITE sip:b@h sip/2.0 ',
    'INVITE sip:b@h SIP/7.0',
    'SIP/2.0 99999 No',
  ]) {
    const faulty = request('INVITE').replace(/^.*/, line);
    assert.deepEqual(words(run(new StreamFramer(), [bytes(faulty + after)])), [faulty, after]);
  }
});

test('an incomplete message waits', () => {
  const framer = new StreamFramer();
  const raw = request('INVITE', 'sip:b@h', { 'Content-Length': 'Content-Length: 9999' }, [], 'short');
  assert.deepEqual(framer.push(bytes(raw)), []);
  assert.equal(framer.buffered, raw.length);
});

test('one byte at a time is linear: the bytes searched and copied are a small multiple of those received', (t) => {
  const size = 50_000;
  const raw = request(
    'INVITE',
    'sip:b@h',
    { 'Content-Length': `Content-Length: ${size}` },
    [`X: ${'h'.repeat(size)}`],
    'b'.repeat(size),
  );
  const stream = bytes(raw + raw);
  let work = 0;
  const { indexOf, copy } = Buffer.prototype;
  t.mock.method(Buffer.prototype, 'indexOf', function (this: Buffer, value: number, from: number): number {
    const found = indexOf.call(this, value, from);
    work += (found < 0 ? this.length : found) - from;
    return found;
  });
  t.mock.method(Buffer.prototype, 'copy', function (this: Buffer, ...args: Parameters<typeof copy>): number {
    const copied = copy.apply(this, args);
    work += copied;
    return copied;
  });
  const events = run(new StreamFramer({ limits: { ...DEFAULT_LIMITS, maxMessage: 1e6 } }), single(stream));
  assert.deepEqual(words(events), [raw, raw]);
  assert.ok(work > stream.length && work < 4 * stream.length, `${work} for ${stream.length}`);
});

test('what looks like HTTP', () => {
  assert.equal(looksLikeHttp('GET /chat HTTP/1.1\r\nHost: x\r\n'), true);
  assert.equal(looksLikeHttp(request()), false);
  assert.equal(looksLikeHttp('GET /chat'), false);
});
