/** The test cases of RFC 5118 (IPv6 in SIP), each with a message of our own. The subtests carry the usual file names. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { messageContacts } from '../../src/message/contact.ts';
import { parseUri } from '../../src/message/uri.ts';
import { parsed, refused, request } from './support.ts';

const VIA6 = 'Via: SIP/2.0/UDP [2001:db8:0:7::1];branch=z9hG4bKv6';

describe('RFC 5118', () => {
  test('ipv6-good §4.1: an IPv6 reference in Request-URI, Via and Contact', () => {
    const message = parsed(
      request('REGISTER', 'sip:[2001:db8::a1]', { Via: VIA6 }, ['Contact: "C" <sip:c@[2001:db8::b2]>']),
    );
    assert.deepEqual([message.ruri?.host, message.topVia?.host], ['[2001:db8::a1]', '[2001:db8:0:7::1]']);
    assert.equal(parseUri(messageContacts(message)?.contacts[0]?.addr.uri ?? '')?.host, '[2001:db8::b2]');
  });
  test('ipv6-bad §4.2: no brackets', () => {
    const failure = refused(request('REGISTER', 'sip:2001:db8::a1', { Via: VIA6 }));
    assert.deepEqual([failure.code, failure.status], ['SIP_PARSE_REQUEST_URI', 400]);
  });
  test('port-ambiguous §4.3: within the brackets it is the address', () => {
    assert.deepEqual(
      [parseUri('sip:[2001:db8::a1:5070]')?.port, parsed(request('REGISTER', 'sip:[2001:db8::a1:5070]')).ruri?.host],
      [0, '[2001:db8::a1:5070]'],
    );
  });
  test('port-unambiguous §4.4: behind the brackets it is the port', () => {
    assert.equal(parsed(request('REGISTER', 'sip:[2001:db8::a1]:5070')).ruri?.port, 5070);
  });
  test('via-received-param-with-delim §4.5: received with brackets', () => {
    assert.equal(
      parsed(request('BYE', 'sip:[::1]', { Via: `${VIA6};received=[2001:db8::c3:255]` })).topVia?.received,
      '[2001:db8::c3:255]',
    );
  });
  test('via-received-param-no-delim §4.5: received without brackets', () => {
    assert.equal(
      parsed(request('OPTIONS', 'sip:[::1]', { Via: `${VIA6};received=2001:db8::c3:255` })).topVia?.received,
      '2001:db8::c3:255',
    );
  });
  test('ipv6-in-sdp §4.6: the body is nobody’s business', () => {
    const body = 'v=0\r\no=a 1 0 IN IP6 2001:db8::d4\r\ns=x\r\nc=IN IP6 2001:db8::d4\r\nt=0 0\r\n';
    assert.equal(
      parsed(request('INVITE', 'sip:u@[2001:db8::a1]', { Via: VIA6 }, ['Content-Type: application/sdp'], body)).body,
      body,
    );
  });
  test('mult-ip-in-header §4.7: both families in the Via list', () => {
    const vias = parsed(
      request('BYE', 'sip:h', {
        Via: `${VIA6}\r\nVia: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bK2, SIP/2.0/TCP [2001:db8::e5]:6050;branch=z9hG4bK3;received=192.0.2.5`,
      }),
    ).vias;
    assert.deepEqual(
      vias.map((via) => [via.host, via.port]),
      [
        ['[2001:db8:0:7::1]', 0],
        ['192.0.2.4', 0],
        ['[2001:db8::e5]', 6050],
      ],
    );
  });
  test('mult-ip-in-sdp §4.8: both families in the body', () => {
    const body =
      'v=0\r\no=b 1 0 IN IP4 h.example\r\ns=-\r\nt=0 0\r\nm=audio 2 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\nm=video 4 RTP/AVP 31\r\nc=IN IP6 2001:db8::1\r\n';
    assert.equal(parsed(request('INVITE', 'sip:h', {}, [], body)).body, body);
  });
  test('ipv4-mapped-ipv6 §4.9: IPv4-mapped addresses', () => {
    const message = parsed(
      request('INVITE', 'sip:h', { Via: 'Via: SIP/2.0/UDP [::ffff:192.0.2.30]:19823;branch=z9hG4bKm' }, [
        'm: <sip:t@[::ffff:192.0.2.3]>',
      ]),
    );
    assert.deepEqual([message.topVia?.host, message.topVia?.port], ['[::ffff:192.0.2.30]', 19823]);
    assert.equal(parseUri(messageContacts(message)?.contacts[0]?.addr.uri ?? '')?.host, '[::ffff:192.0.2.3]');
  });
  test('ipv6-bug-abnf-3-colons §4.10: three colons are refused (RFC 5954)', () => {
    assert.equal(refused(request('OPTIONS', 'sip:u@[2001:db8:::192.0.2.9]')).code, 'SIP_PARSE_REQUEST_URI');
  });
  test('ipv6-correct-abnf-2-colons §4.10: two are right', () => {
    assert.equal(parsed(request('OPTIONS', 'sip:u@[2001:db8::192.0.2.9]')).ruri?.host, '[2001:db8::192.0.2.9]');
  });
});
