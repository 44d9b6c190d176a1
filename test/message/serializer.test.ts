import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EditList, type Outbound } from '../../src/message/edits.ts';
import {
  HDR_CALL_ID,
  HDR_CONTENT_LENGTH,
  HDR_CSEQ,
  HDR_FROM,
  HDR_MAX_FORWARDS,
  HDR_ROUTE,
  HDR_TO,
  HDR_VIA,
} from '../../src/message/header-name.ts';
import {
  addReceivedRport,
  buildAck,
  buildCancel,
  buildForwardedRequest,
  buildForwardedResponse,
  buildResponse,
  hasCrlf,
  sanitizeHeaderLines,
  sanitizeReason,
} from '../../src/message/serializer.ts';
import { parsed, refused, request, response, sip } from './support.ts';

const UDP: Outbound = { proto: 'udp', host: '198.51.100.1', port: 5060 };
const TCP: Outbound = { ...UDP, proto: 'tcp' };
const VIA = 'SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKours';

function forward(raw: string, options: Partial<Parameters<typeof buildForwardedRequest>[1]> = {}): string {
  return buildForwardedRequest(parsed(raw), {
    requestUri: 'sip:next@hop',
    via: VIA,
    edits: null,
    branchEdits: null,
    out: UDP,
    ...options,
  });
}

test('a forwarded request: start line and Via are ours, all other bytes are those received', () => {
  const raw = request('INVITE', 'sip:b@h', { From: 'f :  "x"\r\n <sip:a@h> ;tag=1' }, ['X-Odd :  ;;,,  '], 'b\0\xff');
  const text = forward(raw);
  assert.equal(text, `INVITE sip:next@hop SIP/2.0\r\nVia: ${VIA}\r\n${raw.slice(raw.indexOf('Via:'))}`);
});

test('Max-Forwards: replaced where it stands, added when missing, left to a script that set it', () => {
  assert.equal(parsed(forward(request(), { maxForwards: 69 })).maxForwards, 69);
  const added = forward(request('INVITE', 'sip:b@h', { 'Max-Forwards': '' }), { maxForwards: 70 });
  assert.match(added, /^INVITE sip:next@hop SIP\/2\.0\r\nVia: [^\r]+\r\nMax-Forwards: 70\r\n/);
  const message = parsed(request());
  const header = message.find(HDR_MAX_FORWARDS);
  assert.ok(header);
  const edits = new EditList();
  edits.replace(header.valueStart, header.valueEnd, '5', 'max-forwards');
  assert.equal(parsed(forward(request(), { maxForwards: 69, edits })).maxForwards, 5);
});

test('octets behind the body are not forwarded; Content-Length is added on a stream', () => {
  assert.equal(forward(`${request('INVITE', 'sip:b@h', {}, [], 'abc')}JUNK`).endsWith('\r\n\r\nabc'), true);
  const without = request('INVITE', 'sip:b@h', { 'Content-Length': '' }, [], 'abcd');
  assert.equal(parsed(forward(without)).find(HDR_CONTENT_LENGTH), undefined);
  const onStream = parsed(forward(without, { out: TCP }));
  assert.deepEqual([onStream.value(HDR_CONTENT_LENGTH), onStream.body], ['4', 'abcd']);
});

test('an edited body has its Content-Length, of the branch that edited it', () => {
  for (const line of ['Content-Length: 3', '', 'l: 3\r\nContent-Length: 003']) {
    const raw = request('INVITE', 'sip:b@h', { 'Content-Length': line }, [], 'abc');
    const { bodyStart, bodyEnd } = parsed(raw);
    const edits = new EditList();
    edits.replace(bodyStart, bodyEnd, 'abcdefghijk', 'body');
    const branchEdits = new EditList();
    assert.equal(parsed(forward(raw, { edits, branchEdits })).value(HDR_CONTENT_LENGTH), '11');
    branchEdits.replace(bodyStart, bodyEnd, 'ab', 'body');
    const message = parsed(forward(raw, { edits, branchEdits }));
    assert.deepEqual([message.value(HDR_CONTENT_LENGTH), message.body], ['2', 'ab']);
    branchEdits.replace(bodyStart, bodyEnd, '', 'body');
    assert.deepEqual(parsed(forward(raw, { edits, branchEdits })).value(HDR_CONTENT_LENGTH), '0');
  }
});

test('a Request-URI or Via from variables cannot add lines', () => {
  const text = forward(request(), { requestUri: 'sip:x@h SIP/2.0\r\nEvil: 1\r\n\r\n', via: `${VIA}\r\nEvil: 1` });
  assert.equal(/\r\nEvil/.test(text), false);
});

test('a forwarded response loses our Via, alone on its line or in a list', () => {
  const raw = response();
  const text = buildForwardedResponse(parsed(raw), { edits: null, branchEdits: null, out: UDP });
  assert.equal(text, raw.replace(/Via: SIP\/2\.0\/UDP 198[^\n]*\n/, ''));
  const list = raw.replace('z9hG4bKours\r\nVia: ', 'z9hG4bKours , ');
  const cut = buildForwardedResponse(parsed(list), { edits: null, branchEdits: null, out: UDP });
  assert.deepEqual(
    parsed(cut).vias.map((via) => via.host),
    ['192.0.2.7'],
  );
});

test('a forwarded response with edits, another status, and Content-Length on a stream', () => {
  const raw = response(404, 'Not Found', ['X: 1']).replace('Content-Length: 0\r\n', '');
  const message = parsed(raw);
  const edits = new EditList();
  const from = message.from;
  assert.ok(from);
  edits.replace(from.uriStart, from.uriEnd, 'sip:restored@h', 'from-uri');
  const out = parsed(
    buildForwardedResponse(message, { edits, branchEdits: null, out: TCP, status: 486, reason: 'Busy\r\nEvil: 1' }),
  );
  assert.deepEqual(
    [out.status, out.reason, out.from?.uri, out.value(HDR_CONTENT_LENGTH)],
    [486, 'Busy Evil: 1', 'sip:restored@h', '0'],
  );
});

test('a response copies what RFC 3261 §8.2.6 says', () => {
  const raw = request('INVITE', 'sip:b@h', {}, [
    'v: SIP/2.0/TCP p.example',
    'Record-Route: <sip:p;lr>',
    'Timestamp: 54',
    'Contact: <sip:a@h>',
  ]);
  const text = buildResponse(parsed(raw), 180, 'Ringing', {
    toTag: 't9',
    headers: 'X-A: 1\r\n',
    server: 'Server: s',
    contentType: 'text/plain',
    body: 'hi',
  });
  assert.equal(
    text,
    sip(
      [
        'SIP/2.0 180 Ringing',
        'Via: SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bK7a1',
        'Via: SIP/2.0/TCP p.example',
        'Record-Route: <sip:p;lr>',
        'From: "Ann" <sip:ann@example.net>;tag=f1',
        'To: <sip:bob@example.org>;tag=t9',
        'Call-ID: c1@192.0.2.7',
        'CSeq: 17 INVITE',
        'X-A: 1',
        'Server: s',
        'Content-Type: text/plain',
        'Content-Length: 2',
      ],
      'hi',
    ),
  );
});

test('100 has no tag but Timestamp; 3xx no Record-Route; a tag that is there stays', () => {
  const raw = request('INVITE', 'sip:b@h', {}, ['Record-Route: <sip:p;lr>', 'Timestamp: 54']);
  const trying = buildResponse(parsed(raw), 100, 'Trying', { toTag: 't9' });
  assert.match(trying, /\r\nTo: <sip:bob@example.org>\r\n/);
  assert.match(trying, /\r\nTimestamp: 54\r\n/);
  assert.equal(/Record-Route/.test(trying), false);
  assert.equal(/Record-Route/.test(buildResponse(parsed(raw), 302, 'Moved')), false);
  const tagged = request('BYE', 'sip:b@h', { To: 'To: sip:b@h;TAG=x' });
  assert.match(buildResponse(parsed(tagged), 200, 'OK', { toTag: 't9' }), /\r\nTo: sip:b@h;TAG=x\r\n/);
});

test('a broken request is answered with what it has', () => {
  const bare = refused(
    sip(['INVITE sip:b@h SIP/2.0', 'CSeq: 193942 INVITE', 'Via: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bK1']),
  );
  assert.ok(bare.message);
  assert.equal(
    buildResponse(bare.message, 400, bare.reason, { toTag: 'x' }),
    sip([
      'SIP/2.0 400 Missing required header',
      'Via: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bK1',
      'CSeq: 193942 INVITE',
      'Content-Length: 0',
    ]),
  );
});

test('no argument can add a line to a response', () => {
  const evil = 'x\r\nEvil: 1\r\n\r\nbody';
  const text = buildResponse(parsed(request()), 400, evil, {
    toTag: evil,
    server: `Server: ${evil}`,
    contentType: evil,
    body: 'b',
    headers: ' folded: x\r\n\r\nA: 1\rB: 2\nX-C: 3',
  });
  const message = parsed(text);
  assert.equal(message.findByName('Evil').length, 0);
  assert.deepEqual(
    ['A', 'B', 'X-C', 'folded'].map((name) => message.findByName(name).length),
    [1, 1, 1, 1],
  );
  assert.equal(message.body, 'b');
});

test('sanitizers', () => {
  assert.equal(hasCrlf('a\nb') && hasCrlf('a\rb') && !hasCrlf('ab'), true);
  assert.equal(sanitizeReason('\xd0\xbd OK'), '\xd0\xbd OK');
  assert.equal(sanitizeReason('a\r\n\0b'), 'a b');
  assert.equal(sanitizeHeaderLines('A: 1\r\n 2\r\nB: 3\r\n'), 'A: 1\r\n 2\r\nB: 3\r\n');
  assert.equal(sanitizeHeaderLines('A: 1'), 'A: 1\r\n');
  // The second half of a UTF-8 "à" is no blank.
  assert.equal(sanitizeHeaderLines('A: voil\xc3\xa0'), 'A: voil\xc3\xa0\r\n');
  assert.equal(sanitizeReason('\n voil\xc3\xa0 \n'), 'voil\xc3\xa0');
  assert.equal(sanitizeHeaderLines('A: 1\r\n  \r\nB: 2\r\n'), 'A: 1\r\nB: 2\r\n');
});

function stamped(via: string, ip: string, port: number, force = false): string {
  const message = parsed(request('INVITE', 'sip:b@h', { Via: `Via: ${via}` }));
  const edits = new EditList();
  const recorded = addReceivedRport(message, edits, ip, port, force);
  assert.equal(recorded, !edits.isEmpty);
  const sent = buildForwardedRequest(message, { requestUri: 'sip:b@h', via: VIA, edits, branchEdits: null, out: UDP });
  const second = parsed(sent).findAll(HDR_VIA)[1];
  assert.ok(second);
  const inRequest = parsed(sent).valueOf(second);
  assert.equal(parsed(buildResponse(message, 200, 'OK', { edits })).value(HDR_VIA), inRequest);
  return inRequest;
}

test('received and rport (RFC 3261 §18.2.1, RFC 3581 §4)', () => {
  const cases: [string, string, boolean, string][] = [
    [
      'SIP/2.0/UDP 192.0.2.7;received=203.0.113.9;branch=b',
      '192.0.2.7',
      false,
      'SIP/2.0/UDP 192.0.2.7;branch=b;received=192.0.2.7',
    ],
    ['SIP/2.0/UDP 192.0.2.7;branch=b', '192.0.2.7', false, 'SIP/2.0/UDP 192.0.2.7;branch=b'],
    ['SIP/2.0/UDP pc.example;branch=b', '192.0.2.7', false, 'SIP/2.0/UDP pc.example;branch=b;received=192.0.2.7'],
    ['SIP/2.0/UDP pc.example', '192.0.2.7', false, 'SIP/2.0/UDP pc.example;received=192.0.2.7'],
    [
      'SIP/2.0/UDP 192.0.2.7;rport;branch=b',
      '192.0.2.7',
      false,
      'SIP/2.0/UDP 192.0.2.7;branch=b;received=192.0.2.7;rport=4444',
    ],
    ['SIP/2.0/UDP 192.0.2.7;branch=b', '192.0.2.7', true, 'SIP/2.0/UDP 192.0.2.7;branch=b;rport=4444'],
    [
      'SIP/2.0/UDP 192.0.2.7;received=203.0.113.9;rport=1;branch=b',
      '192.0.2.7',
      false,
      'SIP/2.0/UDP 192.0.2.7;branch=b;received=192.0.2.7;rport=4444',
    ],
    ['SIP/2.0/UDP [2001:DB8::1];branch=b', '2001:db8::1', false, 'SIP/2.0/UDP [2001:DB8::1];branch=b'],
    ['SIP/2.0/UDP [2001:db8::1]', '[2001:db8::2]', false, 'SIP/2.0/UDP [2001:db8::1];received=2001:db8::2'],
    [
      'SIP/2.0/UDP pc.example;branch=b , SIP/2.0/TCP q',
      '192.0.2.7',
      false,
      'SIP/2.0/UDP pc.example;branch=b;received=192.0.2.7 , SIP/2.0/TCP q',
    ],
  ];
  for (const [via, ip, force, wanted] of cases) assert.equal(stamped(via, ip, 4444, force), wanted);
});

test('ACK for a failure (RFC 3261 §17.1.1.3) and CANCEL (§9.1)', () => {
  const sent = forward(
    request(
      'INVITE',
      'sip:b@h',
      { From: 'From: <sip:replaced@h>;tag=f1' },
      ['Route: <sip:p1;lr>, <sip:p2;lr>', 'Route: <sip:p3;lr>', 'Proxy-Authorization: Digest x'],
      'body',
    ),
  );
  const busy = parsed(response(486, 'Busy'));
  const ack = parsed(buildAck(sent, busy));
  const cancel = parsed(buildCancel(parsed(sent), 'Reason: SIP;cause=200'));
  for (const message of [ack, cancel]) {
    assert.equal(message.requestUri, 'sip:next@hop');
    assert.deepEqual(
      message.vias.map((via) => via.branch),
      ['z9hG4bKours'],
    );
    assert.deepEqual(
      message.findAll(HDR_ROUTE).map((header) => message.valueOf(header)),
      ['<sip:p1;lr>, <sip:p2;lr>', '<sip:p3;lr>'],
    );
    assert.equal(message.value(HDR_FROM), '<sip:replaced@h>;tag=f1');
    assert.equal(message.value(HDR_CALL_ID), 'c1@192.0.2.7');
    assert.equal(message.body, '');
  }
  assert.deepEqual([ack.value(HDR_TO), ack.value(HDR_CSEQ)], ['<sip:bob@example.org>;tag=t1', '17 ACK']);
  assert.deepEqual([cancel.value(HDR_TO), cancel.value(HDR_CSEQ)], ['<sip:bob@example.org>', '17 CANCEL']);
  assert.equal(cancel.findByName('Reason').length, 1);
  assert.equal(buildAck('garbage', busy), '');
  assert.equal(buildAck('SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\r\n', busy), '');
  // A server may have been told to let longer ones through.
  const long = sent.replace('\r\nFrom:', `${'\r\nX-Filler: y'.repeat(2000)}\r\nFrom:`);
  assert.equal(buildAck(long, busy), buildAck(sent, busy));
});
