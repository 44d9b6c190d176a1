import { request, response, sip } from './support.ts';

/** Messages that between them use every corner of the grammar the parsers know; the fuzzer starts from these. */
export const CORPUS: readonly string[] = [
  request(),
  request(
    'INVITE',
    'sip:bob:pw@[2001:db8::1]:5070;transport=tcp;lr',
    {},
    [
      'Route: <sip:p1;lr>, <sip:p2>;x="a,b"',
      'Record-Route: <sip:p0;lr>',
      'm: "A \\" B" <sip:a@h;x=1>;q=0.5;expires=60, sip:b@h',
      'Timestamp: 5 .1',
      'Content-Type: application/sdp',
    ],
    'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n',
  ),
  request('REGISTER', 'sip:example.org', {}, [
    'Contact: *',
    'Expires: 0',
    'Authorization: Digest username="a", realm="r", nonce="n", uri="sip:example.org", response="x"',
  ]),
  request('SUBSCRIBE', 'tel:+49-30-1;phone-context=h', {
    To: 'To: tel:+49',
    From: 'f : "J\xc3\xbcrgen" <sips:j@h>\r\n ;tag=1',
  }),
  request(
    'MESSAGE',
    'urn:service:sos',
    { Via: 'v: SIP / 2.0 / TLS  [::1] : 5061 ; received=192.0.2.9;rport ; branch=z9hG4bK1 , SIP/2.0/UDP h;rport=5' },
    ['X: a\r\n b\r\n\tc', 'Empty:', 's:'],
    '\0\xff\r\r\n\n',
  ),
  request('ACK'),
  request('OPTIONS', 'sip:%00;a=b%40c@h.example', {
    From: 'From: tok1 tok2 <http://x/y>;tag=1;a="q\\"";b',
    CSeq: 'CSeq: 00017\r\n OPTIONS',
  }),
  response(),
  response(100, ''),
  response(401, 'Unauthorized', [
    'WWW-Authenticate: Digest realm="x, y", nonce="n\\"", qop="auth,auth-int", stale=true',
  ]),
  response(183, '\xd0\xbd', ['Record-Route: <sip:p;lr>', 'RSeq: 1', 'Require: 100rel']),
  sip(['BYE sip:a@h SIP/2.0', 'Via: SIP/2.0/UDP h', 'From: sip:a@h', 'To: sip:b@h', 'i: 1', 'CSeq: 2 BYE']),
  sip(['GET / HTTP/1.1', 'Host: h']),
  '\r\n\r\n',
];
