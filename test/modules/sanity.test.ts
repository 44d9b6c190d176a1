import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SipMessage } from '../../src/message/message.ts';
import { ParseFailure, parseMessage } from '../../src/message/parser.ts';
import { sanity } from '../../src/modules/sanity.ts';
import { context, load, request, testHost } from './support.ts';

/** Code and reply of one check on a request. */
function check(message: SipMessage, bits: number, uris?: number, params = {}): [number, string | undefined, string] {
  const host = testHost();
  const ctx = context(host, message);
  const module = load(sanity, host, { autodrop: 0, ...params });
  const code =
    uris === undefined ? module.call(ctx, 'sanity_check', bits) : module.call(ctx, 'sanity_check', bits, uris);
  return [code as number, host.replies[0], ctx.state.replyHeaders];
}

/** A message even if the parser has objections: the checks must stand on their own. */
function raw(text: string): SipMessage {
  const result = parseMessage(text);
  const message = result instanceof ParseFailure ? result.message : result;
  if (!(message instanceof SipMessage)) throw new Error('no message');
  return message;
}

const LINES =
  'Via: SIP/2.0/UDP h;branch=z9hG4bKa\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@c>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n';

test('a good request passes everything', () => {
  const host = testHost();
  const module = load(sanity, host);
  assert.equal(module.call(context(host), 'sanity_check'), 1);
  assert.equal(module.call(context(host), 'sanity_check', 17895, 7), 1);
  assert.equal(module.call(context(host), 'sanity_check', 131071, 15), 1);
  assert.deepEqual(host.replies, []);
});

test('autodrop decides between 0 and -1', () => {
  const host = testHost();
  const message = request({ headers: 'Expires: abc\r\n' });
  assert.equal(load(sanity, host).call(context(host, message), 'sanity_check', 256), 0);
  assert.equal(load(sanity, host, { autodrop: 0 }).call(context(host, message), 'sanity_check', 256), -1);
  assert.deepEqual(host.replies, ['400 Expires value is illegal', '400 Expires value is illegal']);
});

test('noreply keeps the reply for sanity_reply', () => {
  const host = testHost();
  const module = load(sanity, host, { noreply: 1 });
  const ctx = context(host, request({ headers: 'Proxy-Require: foo, bar\r\n' }));
  assert.equal(module.call(ctx, 'sanity_reply'), -1);
  assert.equal(module.call(ctx, 'sanity_check', 512), 0);
  assert.deepEqual(host.replies, []);
  assert.equal(module.call(ctx, 'sanity_reply'), 1);
  assert.deepEqual(host.replies, ['420 Bad Proxy Require Extension']);
  assert.equal(ctx.state.replyHeaders, 'Unsupported: foo, bar\r\n');
  assert.equal(module.call(ctx, 'sanity_reply'), -1);
});

test('start line', () => {
  assert.deepEqual(check(raw(`INVITE sip:a@b SIP/3.0\r\n${LINES}\r\n`), 1), [
    -1,
    '505 Version Not Supported (R-URI)',
    '',
  ]);
  assert.deepEqual(check(request({ ruri: 'foo:a@b' }), 2), [-1, '416 Unsupported URI Scheme in Request URI', '']);
  assert.equal(check(request({ ruri: 'urn:service:sos' }), 2)[0], 1);
  assert.equal(check(request({ ruri: 'tel:+123' }), 2)[0], 1);
  assert.deepEqual(check(raw(`INVITE sip: SIP/2.0\r\n${LINES}\r\n`), 1024, 1), [-1, '400 Bad Request URI', '']);
  assert.deepEqual(check(raw(`INVITE sip: SIP/2.0\r\n${LINES}\r\n`), 2), [-1, '400 Bad Request URI', '']);
});

test('required headers, CSeq, Content-Length, Expires', () => {
  const start = 'INVITE sip:a@b SIP/2.0\r\n';
  assert.equal(check(raw(`${start}${LINES.replace('Call-ID: c\r\n', '')}\r\n`), 4)[0], -1);
  assert.deepEqual(check(raw(`${start}${LINES.replace('1 INVITE', '1 BYE')}\r\n`), 32), [
    -1,
    '400 CSeq method does not match request method',
    '',
  ]);
  assert.deepEqual(check(raw(`${start}${LINES.replace('1 INVITE', '9999999999999 INVITE')}\r\n`), 64), [
    -1,
    '400 CSeq number is illegal',
    '',
  ]);
  assert.deepEqual(check(raw(`${start}${LINES}Content-Length: 5\r\n\r\nabc`), 128), [
    -1,
    '400 Content-Length mis-match',
    '',
  ]);
  assert.deepEqual(check(raw(`${start}${LINES}Content-Length: 2\r\n\r\nabc`), 128), [
    -1,
    '400 Content-Length mis-match',
    '',
  ]);
  assert.equal(check(raw(`${start}${LINES}\r\nabc`), 128)[0], 1);
  assert.equal(check(request({ headers: 'Expires: 99999999999\r\n' }), 256)[1], '400 Expires value is illegal');
  assert.equal(check(request({ headers: 'Expires: 3600\r\n' }), 256)[0], 1);
});

test('Proxy-Require', () => {
  const message = request({ headers: 'Proxy-Require: Foo, bar\r\nProxy-Require: qux\r\n' });
  assert.deepEqual(check(message, 512), [-1, '420 Bad Proxy Require Extension', 'Unsupported: Foo, bar, qux\r\n']);
  assert.deepEqual(check(message, 512, 0, { proxy_require: 'foo, QUX' }), [
    -1,
    '420 Bad Proxy Require Extension',
    'Unsupported: bar\r\n',
  ]);
  assert.equal(check(message, 512, 0, { proxy_require: 'foo,bar, qux' })[0], 1);
});

test('URIs', () => {
  const start = 'INVITE sip:a@b SIP/2.0\r\n';
  assert.equal(check(raw(`${start}${LINES.replace('<sip:a@b>', '<aa>')}\r\n`), 1024, 2)[1], '400 Invalid From Header');
  assert.equal(check(raw(`${start}${LINES.replace('<sip:b@c>', '<aa>')}\r\n`), 1024, 4)[1], '400 Ivalid To Header');
  assert.equal(check(request({ contact: 'Contact: <aa>\r\n' }), 1024, 8)[1], '400 Bad Contact Header');
  assert.equal(check(request({ contact: 'Contact: <sip:a@b:0>\r\n' }), 1024, 8)[1], '400 Bad Contact URI');
  assert.equal(check(request({ contact: 'Contact: *\r\n' }), 1024, 8)[0], 1);
  assert.equal(check(request({ contact: '' }), 1024, 8)[0], 1);
});

test('digest credentials', () => {
  const auth = (params: string, name = 'Authorization'): SipMessage => request({ headers: `${name}: ${params}\r\n` });
  const full = 'Digest username="a", realm="r", nonce="n", uri="sip:x", response="00000000000000000000000000000000"';
  assert.equal(check(auth(full), 2048)[0], 1);
  assert.equal(check(auth(full.replace('"n"', '""')), 2048)[1], '400 Auth Empty Nonce');
  assert.equal(check(auth(full.replace('"a"', '""')), 2048)[1], '400 Auth Empty User');
  assert.equal(check(auth(full.replace(/"0+"/, '""')), 2048)[1], '400 Auth Empty Response');
  assert.equal(check(auth('Digest username="a", realm="r", uri="sip:x"'), 2048)[1], '400 Bad Auth Credentials');
  assert.equal(check(auth(`${full}, qop=auth`), 2048)[1], '400 Bad Auth Credentials');
  assert.deepEqual(check(auth('Basic abc', 'Proxy-Authorization'), 2048), [-1, undefined, '']);
  assert.equal(check(auth('Basic abc'), 8192)[0], 1);
  assert.equal(check(auth('Digest username="a", realm="r", uri="sip:x"'), 8192)[1], '400 Bad Auth Credentials');
  assert.equal(check(auth('Digest username="a", realm="r", uri="sip:x"', 'Proxy-Authorization'), 8192)[0], 1);
});

test('tags, Via, RFC 3261 peers', () => {
  assert.equal(check(request({ from: '<sip:a@b>;tag=1;tag=2' }), 4096)[1], '400 Many From Tag Params');
  assert.equal(check(request({ to: '<sip:a@b>;tag=1;tag=2' }), 4096)[1], '400 Many To Tag Params');
  assert.equal(check(request(), 16384)[0], 1);
  assert.equal(check(request({ headers: 'Route: <sip:h;lr>\r\n' }), 32768)[0], 1);
  assert.equal(check(request({ headers: 'Route: <sip:h>\r\n' }), 32768)[1], '400 Strict Router');
  assert.equal(
    check(raw(`INVITE sip:a@b SIP/2.0\r\n${LINES.replace('z9hG4bKa', '1')}\r\n`), 32768)[1],
    '400 Bad Via Branch',
  );
});

test('sizes', () => {
  const long = 'x'.repeat(300);
  assert.equal(check(request({ ruri: `sip:${long}@h` }), 65536)[1], '414 Request-URI Too Long');
  assert.equal(check(request({ from: `<sip:${long}@h>;tag=1` }), 65536)[1], '400 From URI Too Long');
  assert.equal(check(request({ to: `<sip:${long}@h>` }), 65536)[1], '400 To URI Too Long');
  assert.equal(check(request({ contact: `Contact: <sip:${long}@h>\r\n` }), 65536)[1], '400 Contact URI Too Long');
  assert.equal(check(request({ headers: `X: ${'x'.repeat(2100)}\r\n` }), 65536)[1], '400 Header Too Large');
  assert.equal(check(request({ body: 'x'.repeat(9000) }), 65536)[1], '413 Body Too Large');
  assert.equal(check(request({ body: 'x'.repeat(17000) }), 65536)[1], '513 Message Too Large');
  assert.equal(check(request({ headers: `Path: <sip:${long}>\r\n` }), 65536, 0, { size_path_uri: 400 })[0], 1);
});
