import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HDR_OTHER, HDR_SUBJECT, HDR_VIA } from '../../src/message/header-name.ts';
import { PARSE_ERRORS } from '../../src/message/parse-errors.ts';
import { DEFAULT_LIMITS, ParseFailure, parseMessage } from '../../src/message/parser.ts';
import { parsed, refused, request, response, sip } from './support.ts';

test('a request', () => {
  const body = 'v=0\r\n';
  const message = parsed(request('INVITE', 'sip:bob@example.org;x=1', {}, ['s: hello'], body));
  assert.equal(message.method, 'INVITE');
  assert.equal(message.methodId, 1);
  assert.equal(message.requestUri, 'sip:bob@example.org;x=1');
  assert.equal(message.raw.startsWith(message.requestUri, message.requestUriStart), true);
  assert.equal(message.ruri?.params, ';x=1');
  assert.equal(message.topVia?.branch, 'z9hG4bK7a1');
  assert.equal(message.from?.tag, 'f1');
  assert.equal(message.to?.uri, 'sip:bob@example.org');
  assert.equal(message.callId, 'c1@192.0.2.7');
  assert.equal(message.cseq?.seq, 17);
  assert.equal(message.maxForwards, 70);
  assert.equal(message.value(HDR_SUBJECT), 'hello');
  assert.equal(message.body, body);
  assert.equal(message.version, 'SIP/2.0');
});

test('a response has the method of its CSeq', () => {
  const message = parsed(response(180, 'Ringing now', [], 'SUBSCRIBE'));
  assert.deepEqual(
    [message.isRequest, message.status, message.reason, message.method, message.methodId],
    [false, 180, 'Ringing now', 'SUBSCRIBE', 64],
  );
  assert.equal(message.ruri, null);
  assert.equal(message.vias.length, 2);
});

test('status lines: no reason, no SP even, any case of the version', () => {
  assert.equal(parsed(response().replace(' 200 OK', ' 200 ')).reason, '');
  assert.equal(parsed(response().replace(' 200 OK', ' 200')).status, 200);
  assert.equal(parsed(response().replace('SIP/2.0 200', 'sip/2.0 200')).status, 200);
  for (const line of [
    'SIP/2.0 99 x',
    'SIP/2.0 700 x',
    'SIP/2.0 2000 x',
    'SIP/2.0  200 x',
    'SIP/2.0 2x0 x',
    'SIP/2.0',
    'SIP/2.0 200 OK\rEvil: 1',
    'SIP/3.0 200 OK',
  ]) {
    assert.equal(refused(response().replace('SIP/2.0 200 OK', line)).status, 0, line);
  }
});

test('request lines that are answered 400', () => {
  const lines: [string, string][] = [
    ['INVITE  sip:b@h SIP/2.0', 'SIP_PARSE_START_LINE'],
    ['INVITE sip:b@h  SIP/2.0', 'SIP_PARSE_START_LINE'],
    ['INVITE sip:b@h SIP/2.0 ', 'SIP_PARSE_START_LINE'],
    ['INVITE\tsip:b@h SIP/2.0', 'SIP_PARSE_START_LINE'],
    ['INVITE sip:b@h', 'SIP_PARSE_START_LINE'],
    ['INVITE sip:b@h HTTP/1.1', 'SIP_PARSE_START_LINE'],
    ['INV@ITE sip:b@h SIP/2.0', 'SIP_PARSE_START_LINE'],
    ['INVITE sip:b@h; lr SIP/2.0', 'SIP_PARSE_REQUEST_URI'],
    ['INVITE sip:b\t@h SIP/2.0', 'SIP_PARSE_REQUEST_URI'],
    ['INVITE <sip:b@h> SIP/2.0', 'SIP_PARSE_REQUEST_URI'],
    ['INVITE sip:b@h?Route=x SIP/2.0', 'SIP_PARSE_REQUEST_URI'],
    ['INVITE sip:b@h:70000 SIP/2.0', 'SIP_PARSE_REQUEST_URI'],
    ['INVITE b SIP/2.0', 'SIP_PARSE_REQUEST_URI'],
  ];
  for (const [line, code] of lines) {
    const failure = refused(request().replace('INVITE sip:bob@example.org SIP/2.0', line));
    assert.deepEqual([failure.code, failure.status], [code, 400], line);
    assert.ok(failure.message !== null, line);
  }
});

test('another version is answered 505, with the message to answer to', () => {
  const failure = refused(request().replace(' SIP/2.0\r', ' SIP/7.0\r').replace('SIP/2.0/UDP', 'SIP/7.0/UDP'));
  assert.deepEqual([failure.code, failure.status, failure.message?.callId], ['SIP_PARSE_VERSION', 505, 'c1@192.0.2.7']);
});

test('a scheme that nobody knows is no parse failure', () => {
  assert.equal(parsed(request('OPTIONS', 'nobody.knows:opaque')).ruri?.host, '');
  assert.equal(parsed(request('OPTIONS', 'tel:+4930')).ruri?.user, '+4930');
});

test('names: blanks before the colon, compact, any case, odd token characters; values: folding, emptiness', () => {
  const message = parsed(
    request('INVITE', 'sip:b@h', { From: 'f \t:\r\n <sip:a@h>\r\n\t;tag=x' }, [
      'sUbJeCt:',
      "!odd.%*+_`'~-Name: \0\x07",
      'X-A:  v1\r\n  v2  ',
    ]),
  );
  assert.equal(message.from?.tag, 'x');
  const [subject] = message.findByName('Subject');
  assert.ok(subject);
  assert.equal(subject.valueStart, subject.valueEnd);
  assert.equal(message.findByName("!ODD.%*+_`'~-name").length, 1);
  const [folded] = message.findByName('x-a');
  assert.ok(folded);
  assert.equal(message.valueOf(folded), 'v1\r\n  v2');
});

test('header lines that are refused', () => {
  for (const line of ['NoColon', 'Two Words: x', ': empty', 'B\xe4d: x', 'Bad@: x', 'X: a\rb', 'X: a\r\r\nY: b']) {
    const failure = refused(request('INVITE', 'sip:b@h', {}, [line]));
    assert.deepEqual([failure.code, failure.status], ['SIP_PARSE_HEADER', 400], JSON.stringify(line));
  }
  assert.equal(refused(request().replace('Via:', ' Via: x\r\nVia:')).code, 'SIP_PARSE_HEADER');
});

test('a datagram cut before the empty line is refused', () => {
  const whole = request();
  assert.equal(refused(whole.slice(0, -2)).code, 'SIP_PARSE_HEADER');
  assert.equal(refused(whole.slice(0, -4)).code, 'SIP_PARSE_HEADER');
});

test('leading line ends are skipped; nothing else is an empty message', () => {
  assert.equal(parsed(`\r\n\r\n\n${request()}`).method, 'INVITE');
  for (const raw of ['', '\r\n\r\n', '\n'])
    assert.deepEqual([refused(raw).code, refused(raw).status], ['SIP_PARSE_EMPTY', 0]);
});

test('bare LFs are read, and become CRLF before anything is passed on', () => {
  const body = 'a\nb';
  const message = parsed(request('INVITE', 'sip:b@h', {}, ['X: 1\n 2'], body).replace(/\r\n/g, '\n'));
  assert.equal(message.raw.slice(0, message.bodyStart).replaceAll('\r\n', '').includes('\n'), false);
  assert.equal(message.body, body);
  assert.equal(message.value(HDR_VIA), 'SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bK7a1');
});

test('each mandatory header must be there', () => {
  for (const name of ['From', 'To', 'Call-ID', 'CSeq']) {
    const failure = refused(request('INVITE', 'sip:b@h', { [name]: '' }));
    assert.deepEqual([failure.code, failure.status], ['SIP_PARSE_HEADERS_MISSING', 400], name);
  }
  // Without a Via there is nowhere to send an answer.
  const silent = refused(request('INVITE', 'sip:b@h', { Via: '' }));
  assert.deepEqual([silent.code, silent.status, silent.message], ['SIP_PARSE_HEADERS_MISSING', 0, null]);
  assert.equal(parsed(request('INVITE', 'sip:b@h', { 'Max-Forwards': '' })).maxForwards, -1);
});

test('headers that may stand once', () => {
  const twice = ['From: <sip:a@h>;tag=2', 't: <sip:a@h>', 'i: c1@192.0.2.7', 'CSeq: 17 INVITE', 'Max-Forwards: 70'];
  for (const line of twice)
    assert.equal(refused(request('INVITE', 'sip:b@h', {}, [line])).code, 'SIP_PARSE_HEADER_REPEATED', line);
});

test('values that are refused', () => {
  const cases: [string, string, string][] = [
    ['Via', 'Via: SIP/2.0/UDP h;;x', 'SIP_PARSE_VIA'],
    ['From', 'From: "x <sip:a@h>', 'SIP_PARSE_FROM'],
    ['From', 'From: <sip:a@h>, <sip:b@h>', 'SIP_PARSE_FROM'],
    ['To', 'To: < sip:a@h >', 'SIP_PARSE_TO'],
    ['To', 'To:', 'SIP_PARSE_TO'],
    ['Call-ID', 'Call-ID:', 'SIP_PARSE_CALL_ID'],
    ['Call-ID', 'Call-ID: a b', 'SIP_PARSE_CALL_ID'],
    ['CSeq', 'CSeq: 2147483648 INVITE', 'SIP_PARSE_CSEQ'],
    ['CSeq', 'CSeq: 1 BYE', 'SIP_PARSE_CSEQ'],
    ['Max-Forwards', 'Max-Forwards: 256', 'SIP_PARSE_MAX_FORWARDS'],
    ['Max-Forwards', 'Max-Forwards: x', 'SIP_PARSE_MAX_FORWARDS'],
    ['Max-Forwards', 'Max-Forwards:', 'SIP_PARSE_MAX_FORWARDS'],
    ['Content-Length', 'Content-Length: -1', 'SIP_PARSE_CONTENT_LENGTH'],
    ['Content-Length', 'Content-Length: 1', 'SIP_PARSE_CONTENT_LENGTH'],
    ['Content-Length', 'Content-Length: 0\r\nl: 1', 'SIP_PARSE_CONTENT_LENGTH'],
    ['Content-Length', 'Content-Length: 99999999999999999999', 'SIP_PARSE_CONTENT_LENGTH'],
    ['Content-Length', 'Content-Length:', 'SIP_PARSE_CONTENT_LENGTH'],
  ];
  for (const [name, line, code] of cases) {
    const failure = refused(request('INVITE', 'sip:b@h', { [name]: line }));
    assert.deepEqual([failure.code, failure.status], [code, 400], line);
  }
});

test('an ACK is never answered', () => {
  assert.equal(refused(request('ACK', 'sip:b@h', { To: '' })).status, 0);
});

test('two Content-Lengths that agree do no harm; octets behind the body are cut off', () => {
  const message = parsed(`${request('INVITE', 'sip:b@h', {}, ['l: 003'], 'abc')}MORE`);
  assert.equal(message.body, 'abc');
  assert.equal(parsed(request('INVITE', 'sip:b@h', { 'Content-Length': '' }, [], 'abc')).body, 'abc');
});

test('limits', () => {
  const limits = { maxMessage: 2000, maxHeaders: 10, maxHeader: 100, maxUri: 30 };
  const fail = (raw: string): [string, number] => {
    const result = parseMessage(raw, limits);
    assert.ok(result instanceof ParseFailure);
    return [result.code, result.status];
  };
  assert.deepEqual(fail(request('INVITE', `sip:${'b'.repeat(40)}@h`)), ['SIP_PARSE_URI_TOO_LONG', 414]);
  assert.deepEqual(fail(request('INVITE', 'sip:b@h', {}, [], 'x'.repeat(2000))), ['SIP_PARSE_TOO_LARGE', 513]);
  assert.deepEqual(fail(request('INVITE', 'sip:b@h', {}, [`X: ${'x'.repeat(100)}`])), [
    'SIP_PARSE_HEADER_TOO_LONG',
    513,
  ]);
  assert.deepEqual(fail(request('INVITE', 'sip:b@h', {}, ['A: 1', 'B: 1', 'C: 1', 'D: 1'])), [
    'SIP_PARSE_TOO_MANY_HEADERS',
    400,
  ]);
  assert.equal(DEFAULT_LIMITS.maxMessage, 65536);
});

test('the index covers the headers without gap: the pieces put together are the message', () => {
  const name = fc
    .stringMatching(/^[A-Za-z0-9.!%*_+`'~-]{1,12}$/)
    .filter((text) => !/^(v|f|t|i|l|via|from|to|call-id|cseq|max-forwards|content-length)$/i.test(text));
  const line = fc.stringMatching(/^[^\r\n]{0,20}$/);
  const header = fc.tuple(name, fc.stringMatching(/^[ \t]{0,2}$/), line, fc.array(line, { maxLength: 2 }));
  fc.assert(
    fc.property(fc.array(header, { maxLength: 8 }), fc.stringMatching(/^[\x00-\xff]{0,30}$/), (headers, body) => {
      const extra = headers.map(([own, blank, value, more]) => `${own}${blank}:${[value, ...more].join('\r\n ')}`);
      const raw = request('OPTIONS', 'sip:b@h', {}, extra, body);
      const message = parsed(raw);
      let text = raw.slice(0, message.headersStart);
      for (const one of message.headers) {
        assert.equal(one.start, text.length);
        text +=
          message.nameOf(one) +
          raw.slice(one.nameEnd, one.valueStart) +
          message.valueOf(one) +
          raw.slice(one.valueEnd, one.end);
        assert.match(raw.slice(one.nameEnd, one.valueStart), /^[ \t]*:[ \t\r\n]*$/);
        assert.match(raw.slice(one.valueEnd, one.end), /^[ \t\r\n]*\r\n$/);
      }
      assert.equal(`${text}\r\n${message.body}`, raw);
      const own = message.headers.filter((one) => one.id === HDR_OTHER || !'vftil'.includes(message.nameOf(one)));
      assert.equal(own.length, message.headers.length);
    }),
    { numRuns: 1000 },
  );
});

test('every code that is used is explained', () => {
  const used = [refused(''), refused('x'), refused(sip(['X sip:a@h SIP/2.0']))];
  for (const { code } of used) assert.ok(code in PARSE_ERRORS, code);
});
