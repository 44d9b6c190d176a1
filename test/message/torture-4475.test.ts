/**
 * The test cases of RFC 4475, each with a message of our own that has the property the RFC's message has.
 * The subtests carry the RFC's names; test/torture/ runs the RFC's own bytes.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { messageContacts } from '../../src/message/contact.ts';
import { StreamFramer } from '../../src/message/framer.ts';
import {
  HDR_AUTHORIZATION,
  HDR_CONTENT_TYPE,
  HDR_PROXY_REQUIRE,
  HDR_REQUIRE,
  HDR_SUBJECT,
} from '../../src/message/header-name.ts';
import { parseNameAddr } from '../../src/message/name-addr.ts';
import { paramValue, unquote } from '../../src/message/params.ts';
import { parseUri, unescapeUser, uriParam } from '../../src/message/uri.ts';
import { parsed, refused, request, response, sip } from './support.ts';

const VIA = 'Via: SIP/2.0/UDP pbx.example.net;branch=z9hG4bKq81';
const REGISTER = (contact: string): string => request('REGISTER', 'sip:example.org', {}, [contact]);

function rejects(raw: string, code: string, status = 400): void {
  const failure = refused(raw);
  assert.deepEqual([failure.code, failure.status], [code, status]);
  assert.equal(failure.message !== null, status !== 0);
}

describe('RFC 4475 §3.1.1 valid messages', () => {
  test('wsinv: blanks and folding wherever they may stand', () => {
    const raw = sip(
      [
        'INVITE sip:carol@pbx.example.org;odd SIP/2.0',
        'tO :',
        ' sip:carol@pbx.example.org ;   tag    = 77a',
        'FROM   : "Dave \\\\\\""       <sip:dave@example.com>',
        '  ;',
        '  tag = 9z',
        'mAx-fORWARDS: 0042',
        'Call-ID: ws.1@192.0.2.9',
        'Content-Length   : 4',
        'cseq: 0031',
        '  INVITE',
        'Via  : SIP  /   2.0',
        ' /UDP',
        '    192.0.2.9;branch=old',
        's :',
        'NewHeader:   one',
        ' two',
        'StrangeValue: ;;,,;;,;',
        'Route:',
        ' <sip:edge.example.com;lr;a=b;c>',
        'v:  SIP  / 2.0  / TCP     edge.example.com   ;',
        '  branch  =   z9hG4bKe1  ,',
        ' SIP  /    2.0   / UDP  203.0.113.5   ; branch=',
        ' z9hG4bKe2',
        'm:"Quoted \\"\\"" <sip:dave@example.com> ; np =',
        '      nv ;',
        '  sp ; q = 0.21',
      ],
      'v=0\r',
    );
    const message = parsed(raw);
    assert.equal(message.from?.tag, '9z');
    assert.equal(unquote(message.from?.display ?? ''), 'Dave \\"');
    assert.deepEqual(
      [message.to?.tag, message.maxForwards, message.cseq?.seq, message.cseq?.method],
      ['77a', 42, 31, 'INVITE'],
    );
    assert.deepEqual(
      message.vias.map((via) => [via.transport, via.host, via.branch]),
      [
        ['UDP', '192.0.2.9', 'old'],
        ['TCP', 'edge.example.com', 'z9hG4bKe1'],
        ['UDP', '203.0.113.5', 'z9hG4bKe2'],
      ],
    );
    assert.equal(message.value(HDR_SUBJECT), '');
    const contact = messageContacts(message)?.contacts[0];
    assert.deepEqual(
      [contact?.q, paramValue(contact?.addr.params ?? '', 'np'), paramValue(contact?.addr.params ?? '', 'sp')],
      [0.21, 'nv', ''],
    );
    const [strange] = message.findByName('strangevalue');
    assert.equal(strange && message.valueOf(strange), ';;,,;;,;');
  });

  test('intmeth: every character a token, a URI, a quoted string may have', () => {
    const method = "-Any.method_1*+`%ok'~!";
    const user = "2_odd.USER~(is-it!so)&it's+a=$/user?,/;;*";
    const raw = request(
      method,
      `sip:${user}:&pw+has=1,odd!*p$w~d_.(isn't-it)@example.org`,
      {
        To: `To: "BS:\\\b NUL:\\\0 DEL:\\\x7f" <sip:${user}@example.org>`,
        From: `From: tok1~\` tok2'+_ tok3*%!.- <sip:plain@example.org>;p''~+*_!.-%="\xd0\xb4\xd0\xb0";tag=_t~1'+\`*%!-.`,
        'Call-ID': 'Call-ID: im.word%ZK-!.*_+\'@word`~)(><:\\/"][?}{',
        'Max-Forwards': 'Max-Forwards: 255',
      },
      ["odd-Header!.%*+_`'~:\xef\xbb\xbf\xe5\xa4\xa7"],
    );
    const message = parsed(raw);
    assert.deepEqual([message.method, message.methodId, message.ruri?.user], [method, 0, user]);
    assert.deepEqual([message.from?.tag, message.from?.display], ["_t~1'+`*%!-.", "tok1~` tok2'+_ tok3*%!.-"]);
    assert.equal(message.to?.display.includes('\0'), true);
    assert.equal(message.findByName("odd-header!.%*+_`'~").length, 1);
  });

  test('esc01: escapes are part of the name until somebody compares', () => {
    const message = parsed(
      request(
        'INVITE',
        'sip:tel%3A123%40h.example@example.net',
        { From: 'From: <sip:two%20words@example.net>;tag=9' },
        ['m: <sip:c%61r%6Fl@h.example;%6C%72;n%61me=v%61lue%25%34%31>'],
      ),
    );
    assert.deepEqual(
      [message.ruri?.scheme, message.ruri?.user, message.ruri?.host],
      ['sip', 'tel%3A123%40h.example', 'example.net'],
    );
    const uri = parseUri(messageContacts(message)?.contacts[0]?.addr.uri ?? '');
    assert.ok(uri);
    assert.equal(unescapeUser(uri.user ?? ''), 'carol');
    assert.equal(uriParam(uri, 'lr'), '');
    assert.equal(unescapeUser(uriParam(uri, 'name') ?? ''), 'value%41');
  });

  test('escnull: %00 is a byte of the user part', () => {
    const message = parsed(
      request(
        'REGISTER',
        'sip:example.org',
        { To: 'To: sip:n-%00-n@example.org', From: 'From: sip:n-%00-n@example.org;tag=1' },
        ['m: <sip:%00@h.example>', 'm: <sip:%00%00@h.example>'],
      ),
    );
    assert.equal(unescapeUser(parseUri(message.to?.uri ?? '')?.user ?? ''), 'n-\0-n');
    assert.deepEqual(
      messageContacts(message)?.contacts.map((one) => parseUri(one.addr.uri)?.user),
      ['%00', '%00%00'],
    );
  });

  test('esc02: % where it is no escape', () => {
    const message = parsed(
      request(
        'PU%42LISH',
        'sip:example.org',
        { To: 'To: "%Q%4" <sip:r@example.org>', Via: 'Via: SIP/2.0/TCP h.example;branch=z9hG4bK2%fg' },
        ['Contact: <sip:1@h>', 'Con%74act: <sip:2@h>', 'Contact: <sip:3@h>'],
      ),
    );
    assert.deepEqual([message.method, message.methodId, message.topVia?.branch], ['PU%42LISH', 0, 'z9hG4bK2%fg']);
    assert.equal(messageContacts(message)?.contacts.length, 2);
  });

  test('lwsdisp: no blank between the name and <', () => {
    assert.deepEqual(
      [parsed(request('OPTIONS', 'sip:h', { From: 'From: dave<sip:dave@h>;tag=1' })).from?.display],
      ['dave'],
    );
  });

  test('longreq: long values and many Via', () => {
    const long = 'verylong'.repeat(60);
    const vias = Array.from(
      { length: 33 },
      (_, i) => `v: SIP/2.0/TCP host${i}.example.com;branch=z9hG4bK${i}${'q'.repeat(i * 10)}`,
    );
    const message = parsed(
      request(
        'INVITE',
        `sip:${long}@example.org`,
        { From: `From: "${long}" <sip:${long}@h>;tag=${long};p=${long}`, 'Call-ID': `Call-ID: ${long}@${long}` },
        vias,
      ),
    );
    assert.deepEqual([message.vias.length, message.from?.tag, message.callId.length], [34, long, long.length * 2 + 1]);
  });

  test('dblreq: what follows the body of a datagram is discarded', () => {
    const raw = `${REGISTER('m: sip:j@h.example')}\r\n${request('INVITE')}`;
    const message = parsed(raw);
    assert.deepEqual([message.method, message.body], ['REGISTER', '']);
    const events = new StreamFramer().push(Buffer.from(raw, 'latin1'));
    assert.deepEqual(
      events.map((event) => event.kind),
      ['message', 'pong', 'message'],
      'on a stream the second message counts',
    );
  });

  test('semiuri: parameters in the user part belong to the user part', () => {
    assert.equal(
      parsed(request('OPTIONS', 'sip:dave;p=x%40example.net@example.org')).ruri?.user,
      'dave;p=x%40example.net',
    );
  });

  test('transports: Via of any transport', () => {
    const message = parsed(
      request(
        'OPTIONS',
        'sip:h',
        {},
        ['TLS', 'SCTP', 'NOVEL', 'TCP'].map((name, i) => `Via: SIP/2.0/${name} t${i}.example;branch=z9hG4bK${i}`),
      ),
    );
    assert.deepEqual(
      message.vias.map((via) => via.transport),
      ['UDP', 'TLS', 'SCTP', 'NOVEL', 'TCP'],
    );
  });

  test('mpart01: a binary multipart body', () => {
    const body =
      '--b1\r\nContent-Type: text/plain\r\n\r\nHi\r\n--b1\r\nContent-Type: application/octet-stream\r\n\r\n0\x82\0\r\r\n\n\xff\x00\r\n--b1--\r\n';
    const message = parsed(request('MESSAGE', 'sip:h', {}, ['Content-Type: multipart/mixed;boundary=b1'], body));
    assert.equal(message.body, body);
  });

  test('unreason: a reason phrase in UTF-8', () => {
    const reason = '= 3**2 * 7 \xd0\xb4\xd0\xb5\xd0\xb2\xd1\x8f\xd1\x82\xd1\x8c - ok';
    assert.equal(parsed(response(200, reason)).reason, reason);
  });

  test('noreason: an empty reason phrase', () => {
    assert.deepEqual([parsed(response(100, '')).status, parsed(response(100, '')).reason], [100, '']);
  });
});

describe('RFC 4475 §3.1.2 invalid messages', () => {
  test('badinv01: separators without anything between them', () =>
    rejects(
      request('INVITE', 'sip:h', { Via: 'Via: SIP/2.0/UDP 192.0.2.15;;,;,,' }, ['m: "J" <sip:j@h>;;;;']),
      'SIP_PARSE_VIA',
    ));
  test('clerr: Content-Length larger than the datagram', () => {
    const raw = request('INVITE', 'sip:h', { 'Content-Length': 'Content-Length: 9999' }, [], 'v=0\r\n');
    rejects(raw, 'SIP_PARSE_CONTENT_LENGTH');
    assert.deepEqual(new StreamFramer().push(Buffer.from(raw, 'latin1')), [], 'on a stream the rest may come');
  });
  test('ncl: negative Content-Length', () => {
    const raw = request('INVITE', 'sip:h', { 'Content-Length': 'Content-Length: -999' });
    rejects(raw, 'SIP_PARSE_CONTENT_LENGTH');
    assert.equal(new StreamFramer().push(Buffer.from(raw, 'latin1'))[0]?.kind, 'error');
  });
  test('scalar02: numbers beyond their range in a request', () => {
    rejects(request('REGISTER', 'sip:h', { CSeq: 'CSeq: 36893488147419103232 REGISTER' }), 'SIP_PARSE_CSEQ');
    rejects(request('REGISTER', 'sip:h', { 'Max-Forwards': 'Max-Forwards: 300' }), 'SIP_PARSE_MAX_FORWARDS');
    const contacts = messageContacts(parsed(REGISTER('m: <sip:u@h>\r\n  ;expires=280297596632815')));
    assert.equal(contacts?.contacts[0]?.expires, 2 ** 32 - 1);
  });
  test('scalarlg: numbers beyond their range in a response', () =>
    rejects(response(503, 'No').replace('CSeq: 17', 'CSeq: 9292394834772304023312'), 'SIP_PARSE_CSEQ', 0));
  test('quotbal: a quoted string without its end', () =>
    rejects(request('INVITE', 'sip:h', { To: 'To: "Dr. D <sip:d@h>' }), 'SIP_PARSE_TO'));
  test('ltgtruri: <> around the Request-URI', () => rejects(request('INVITE', '<sip:u@h>'), 'SIP_PARSE_REQUEST_URI'));
  test('lwsruri: a blank in the Request-URI', () => rejects(request('INVITE', 'sip:u@h; lr'), 'SIP_PARSE_REQUEST_URI'));
  test('lwsstart: several blanks in the request line', () =>
    rejects(request('INVITE', ' sip:u@h '), 'SIP_PARSE_START_LINE'));
  test('trws: blanks at the end of the request line', () =>
    rejects(request('OPTIONS').replace('SIP/2.0\r', 'SIP/2.0  \r'), 'SIP_PARSE_START_LINE'));
  test('escruri: headers in the Request-URI', () =>
    rejects(request('INVITE', 'sip:u@h?Route=%3Csip:evil.example%3E'), 'SIP_PARSE_REQUEST_URI'));
  test('baddate: a Date of another zone concerns nobody who does not read it', () =>
    assert.equal(parsed(request('INVITE', 'sip:h', {}, ['Date: Sat, 02 Jan 2010 11:00:00 EST'])).method, 'INVITE'));
  test('regbadct: a Contact URI with ? needs brackets', () =>
    assert.equal(messageContacts(parsed(REGISTER('m: sip:u@h?Route=%3Csip:r.example%3E'))), null));
  test('badaspec: blanks within <>', () =>
    rejects(request('OPTIONS', 'sip:h', { To: 'To: "W, T" < sip:t@h >' }), 'SIP_PARSE_TO'));
  test('baddn: a comma in an unquoted name', () =>
    rejects(request('OPTIONS', 'sip:h', { From: 'From:    Doe, Dave <sip:d@h>;tag=43' }), 'SIP_PARSE_FROM'));
  test('badvers: an unknown version', () =>
    rejects(
      request('OPTIONS', 'sip:h', { Via: VIA.replace('2.0', '7.0') }).replace('SIP/2.0\r', 'SIP/7.0\r'),
      'SIP_PARSE_VERSION',
      505,
    ));
  test('mismatch01: start line and CSeq disagree', () =>
    rejects(request('OPTIONS', 'sip:h', { CSeq: 'CSeq: 8 INVITE' }), 'SIP_PARSE_CSEQ'));
  test('mismatch02: so does an unknown method', () =>
    rejects(request('NOVELTY', 'sip:h', { CSeq: 'CSeq: 8 INVITE' }), 'SIP_PARSE_CSEQ'));
  test('bigcode: an overlarge status code', () =>
    rejects(response().replace('200 OK', '4294967301 no'), 'SIP_PARSE_START_LINE', 0));
});

describe('RFC 4475 §3.2 … §3.4', () => {
  test('badbranch: nothing but the magic cookie is no unique branch', () =>
    assert.equal(
      parsed(request('OPTIONS', 'sip:h', { Via: 'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK' })).topVia?.branch,
      'z9hG4bK',
    ));
  test('insuf: no Call-ID, From, To', () =>
    rejects(sip(['INVITE sip:h SIP/2.0', 'CSeq: 1 INVITE', VIA, 'l: 0']), 'SIP_PARSE_HEADERS_MISSING'));
  test('unkscm: a scheme nobody knows is readable', () =>
    assert.deepEqual(
      [
        parsed(request('OPTIONS', 'noSuchScheme:content')).ruri?.scheme,
        parsed(request('OPTIONS', 'noSuchScheme:content')).ruri?.host,
      ],
      ['nosuchscheme', ''],
    ));
  test('novelsc: so is a known one that is not for SIP', () =>
    assert.equal(parsed(request('OPTIONS', 'soap.beep://192.0.2.9:3002')).ruri?.scheme, 'soap.beep'));
  test('unksm2: unknown schemes in To, From, Contact', () => {
    const message = parsed(
      request('REGISTER', 'sip:h', { To: 'To: isbn:2983792873', From: 'From: <http://www.example.org>;tag=3' }, [
        'Contact: <name:Dave_Doe>',
      ]),
    );
    assert.deepEqual(
      [message.to?.uri, message.from?.uri, messageContacts(message)?.contacts[0]?.addr.uri],
      ['isbn:2983792873', 'http://www.example.org', 'name:Dave_Doe'],
    );
  });
  test('bext01: Require and Proxy-Require can be read', () => {
    const message = parsed(request('OPTIONS', 'sip:h', {}, ['Require: a1, a2', 'Proxy-Require: p1, p2']));
    assert.deepEqual([message.value(HDR_REQUIRE), message.value(HDR_PROXY_REQUIRE)], ['a1, a2', 'p1, p2']);
  });
  test('invut: an unknown body type', () => {
    const message = parsed(request('INVITE', 'sip:h', {}, ['Content-Type: application/novel'], '<x/>\r\n'));
    assert.deepEqual([message.value(HDR_CONTENT_TYPE), message.body], ['application/novel', '<x/>\r\n']);
  });
  test('regaut01: an unknown authorization scheme', () =>
    assert.equal(
      parsed(request('REGISTER', 'sip:h', {}, ['Authorization: NoSuchScheme data=here'])).value(HDR_AUTHORIZATION),
      'NoSuchScheme data=here',
    ));
  test('multi01: single-value headers twice', () =>
    rejects(
      request('INVITE', 'sip:h', {}, [
        'CSeq: 59 INVITE',
        'i: other',
        't: <sip:o@h>',
        'f: <sip:o@h>;tag=2',
        'Max-Forwards: 5',
      ]),
      'SIP_PARSE_HEADER_REPEATED',
    ));
  test('mcl01: two Content-Lengths', () =>
    rejects(
      request(
        'OPTIONS',
        'sip:h',
        { 'Content-Length': 'Content-Length: 13' },
        ['Content-Length: 5'],
        'Who knows how much',
      ),
      'SIP_PARSE_CONTENT_LENGTH',
    ));
  test('bcast: a broadcast address in the second Via is read, for the proxy to drop', () =>
    assert.equal(parsed(response().replace('192.0.2.7:5062', '255.255.255.255')).vias[1]?.host, '255.255.255.255'));
  test('zeromf: Max-Forwards 0', () =>
    assert.equal(parsed(request('OPTIONS', 'sip:h', { 'Max-Forwards': 'Max-Forwards: 0' })).maxForwards, 0));
  test('cparam01: an unknown header parameter of Contact', () =>
    assert.equal(
      messageContacts(parsed(REGISTER('m: sip:+1972@gw.example;unknown')))?.contacts[0]?.addr.params,
      ';unknown',
    ));
  test('cparam02: the same inside <> is the URI’s', () =>
    assert.equal(
      messageContacts(parsed(REGISTER('m: <sip:+1972@gw.example;unknown>')))?.contacts[0]?.addr.uri,
      'sip:+1972@gw.example;unknown',
    ));
  test('regescrt: headers in a Contact URI are kept with it', () =>
    assert.equal(
      parseUri(messageContacts(parsed(REGISTER('M: <sip:u@h?Route=%3Csip:r.example%3E>')))?.contacts[0]?.addr.uri ?? '')
        ?.headers,
      '?Route=%3Csip:r.example%3E',
    ));
  test('sdp01: an Accept that no SDP satisfies', () =>
    assert.equal(
      parsed(request('INVITE', 'sip:h', {}, ['Accept: text/noSuchType'], 'v=0\r\n')).findByName('Accept').length,
      1,
    ));
  test('inv2543: the syntax of RFC 2543', () => {
    const message = parsed(
      sip(
        [
          'INVITE sip:b@h SIP/2.0',
          'Via: SIP/2.0/UDP gw.example',
          'From: <sip:+1303@h;user=phone>',
          'Record-Route: <sip:b@h;maddr=p.example>',
          'To: sip:+1650@h;user=phone',
          'Call-ID: i2@h',
          'CSeq: 56 INVITE',
          'Content-Type: application/sdp',
        ],
        'v=0\r\n',
      ),
    );
    assert.deepEqual(
      [message.topVia?.branch, message.from?.tag, message.to?.params, message.maxForwards, message.body],
      ['', '', ';user=phone', -1, 'v=0\r\n'],
    );
    assert.ok(
      parseNameAddr(
        message.raw,
        message.findByName('record-route')[0]?.valueStart ?? 0,
        message.raw.indexOf('\r\nTo:'),
      ),
    );
  });
});
