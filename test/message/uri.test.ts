import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  buildUri,
  escapeUser,
  parseUri,
  type SipUri,
  unescapeUser,
  uriParam,
  withHost,
  withHostPort,
  withParam,
  withParams,
  withPassword,
  withPort,
  withUser,
} from '../../src/message/uri.ts';

function uri(text: string): SipUri {
  const parsed = parseUri(text);
  assert.ok(parsed !== null, `${text} is a URI`);
  return parsed;
}

test('a full sip URI', () => {
  assert.deepEqual(uri('SIP:ann:pw@Example.ORG:5070;transport=TCP;lr?Subject=x&a=b'), {
    text: 'SIP:ann:pw@Example.ORG:5070;transport=TCP;lr?Subject=x&a=b',
    scheme: 'sip',
    user: 'ann',
    password: 'pw',
    host: 'Example.ORG',
    port: 5070,
    params: ';transport=TCP;lr',
    headers: '?Subject=x&a=b',
    transport: 'tcp',
  });
});

test('the user part may hold ; ? / , & and escapes', () => {
  const odd = uri('sip:u;p=a%40b?x/y,z&1@host.example;lr');
  assert.equal(odd.user, 'u;p=a%40b?x/y,z&1');
  assert.equal(odd.host, 'host.example');
  assert.equal(odd.params, ';lr');
  assert.equal(odd.headers, '');
  assert.equal(uri('sip:*21#@h.example').user, '*21#');
});

test('no user part, empty user part, no password', () => {
  assert.equal(uri('sip:h.example').user, undefined);
  assert.equal(uri('sip:@h.example').user, '');
  assert.equal(uri('sip:a@h.example').password, undefined);
  assert.equal(uri('sip:a:@h.example').password, '');
});

test('IPv6 references keep their brackets', () => {
  assert.equal(uri('sip:[2001:db8::10]:5070').host, '[2001:db8::10]');
  assert.equal(uri('sip:[2001:db8::10]:5070').port, 5070);
  // RFC 5118 §4.3: the last group, not a port.
  assert.equal(uri('sip:[2001:db8::10:5070]').port, 0);
});

test('sips, tel and opaque URIs', () => {
  assert.equal(uri('sips:a@h').scheme, 'sips');
  const tel = uri('tel:+49-30-1234;phone-context=example.org');
  assert.deepEqual([tel.user, tel.params, tel.host], ['+49-30-1234', ';phone-context=example.org', '']);
  const other = uri('soap.beep://192.0.2.1:3002');
  assert.deepEqual([other.scheme, other.user, other.host], ['soap.beep', undefined, '']);
});

test('what is no URI is null', () => {
  const bad = [
    '',
    'sip:',
    'sip',
    ':x',
    'sip:a@',
    'sip:a@h:',
    'sip:a@h:0',
    'sip:a@h:65536',
    'sip:a@h:5x',
    'sip:2001:db8::10',
    'sip:a@[2001:db8:::192.0.2.1]',
    'sip:a@[::1',
    'sip:a b@h',
    'sip:a@h\r\nEvil: 1',
    '<sip:a@h>',
    'sip:a@h>',
    'sip:a@b@c',
    'sip:a@h h',
    '1sip:a@h',
    'tel:',
    'tel:;x',
    'urn:',
    'http://a b',
  ];
  for (const text of bad) assert.equal(parseUri(text), null, JSON.stringify(text));
});

test('build and parse are inverse', () => {
  const word = fc.stringMatching(/^[A-Za-z0-9_.!~*'()&=+$,;/%-]{1,12}$/);
  const host = fc.oneof(
    fc.domain(),
    fc.ipV4(),
    fc.ipV6().map((ip) => `[${ip}]`),
  );
  const param = fc.stringMatching(/^;[a-z0-9-]{1,8}(=[A-Za-z0-9.%-]{1,8})?$/);
  fc.assert(
    fc.property(
      fc.constantFrom('sip', 'sips'),
      fc.option(word, { nil: undefined }),
      fc.option(word, { nil: undefined }),
      host,
      fc.integer({ min: 0, max: 65535 }),
      fc.array(param, { maxLength: 3 }),
      fc.option(fc.stringMatching(/^\?[a-z]{1,5}=[a-z%0-9]{0,5}$/), { nil: '' }),
      (scheme, user, secret, name, port, list, headers) => {
        const password = user === undefined ? undefined : secret;
        const parts = { scheme, user, password, host: name, port, params: list.join(''), headers };
        const text = buildUri(parts);
        const { text: same, transport: _transport, ...rest } = uri(text);
        assert.equal(same, text);
        assert.deepEqual(rest, parts);
      },
    ),
    { numRuns: 2000 },
  );
});

test('builders keep everything else', () => {
  const base = uri('sip:a:p@h.example:5070;transport=tcp;lr?x=1');
  assert.equal(withUser(base, 'b@x'), 'sip:b%40x:p@h.example:5070;transport=tcp;lr?x=1');
  assert.equal(withUser(base, undefined), 'sip:h.example:5070;transport=tcp;lr?x=1');
  assert.equal(withPassword(base, undefined), 'sip:a@h.example:5070;transport=tcp;lr?x=1');
  assert.equal(withHost(base, '[::1]'), 'sip:a:p@[::1]:5070;transport=tcp;lr?x=1');
  assert.equal(withPort(base, 0), 'sip:a:p@h.example;transport=tcp;lr?x=1');
  assert.equal(withHostPort(base, 'g', 1), 'sip:a:p@g:1;transport=tcp;lr?x=1');
  assert.equal(withParams(base, ''), 'sip:a:p@h.example:5070?x=1');
  assert.equal(withParam(base, 'transport', 'tls'), 'sip:a:p@h.example:5070;transport=tls;lr?x=1');
  assert.equal(withParam(base, 'transport', undefined), 'sip:a:p@h.example:5070;lr?x=1');
  assert.equal(withParam(base, 'ob', ''), 'sip:a:p@h.example:5070;transport=tcp;lr;ob?x=1');
  assert.equal(withHost(uri('tel:+1'), 'h'), 'tel:+1');
  assert.equal(withUser(uri('tel:+1;x=2'), '+3'), 'tel:+3;x=2');
  assert.equal(withUser(uri('tel:+1'), undefined), 'tel:+1');
  assert.equal(withUser(uri('urn:service:sos'), 'a'), 'urn:service:sos');
});

test('a user part from outside cannot add lines or brackets', () => {
  const text = withUser(uri('sip:h'), 'a>\r\nEvil: 1');
  assert.equal(text, 'sip:a%3E%0D%0AEvil:%201@h');
});

test('parameters are found in any case and by their escaped name', () => {
  const odd = uri('sip:h;%6C%72;n%61me=v%61lue;Ob=Yes');
  assert.equal(uriParam(odd, 'lr'), '');
  assert.equal(uriParam(odd, 'name'), 'v%61lue');
  assert.equal(uriParam(odd, 'ob'), 'Yes');
  assert.equal(uriParam(odd, 'x'), undefined);
  assert.equal(uriParam(uri('sip:h'), 'lr'), undefined);
});

test('escapes are taken away once', () => {
  assert.equal(unescapeUser('v%61lue%25%34%31'), 'value%41');
  assert.equal(unescapeUser('%00%Z%4'), '\0%Z%4');
  assert.equal(escapeUser('a%20"b'), 'a%20%22b');
});
