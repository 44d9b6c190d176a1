import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type NameAddr, parseNameAddr, parseNameAddrList } from '../../src/message/name-addr.ts';

function value(text: string): NameAddr {
  const parsed = parseNameAddr(text, 0, text.length);
  assert.ok(parsed !== null, text);
  return parsed;
}

test('quoted name, brackets, parameters', () => {
  const text = ' "A \\"B\\" <x>" \r\n <sip:a@h;lr> ; x=1;tag = t1';
  const parsed = value(text);
  assert.equal(parsed.display, '"A \\"B\\" <x>"');
  assert.equal(parsed.uri, 'sip:a@h;lr');
  assert.equal(parsed.tag, 't1');
  assert.equal(parsed.params, '; x=1;tag = t1');
  assert.equal(parsed.end, text.length);
  assert.equal(parsed.bracketed, true);
});

test('unquoted names: tokens, none, without blank, UTF-8', () => {
  assert.equal(value('token1~` token2 <sip:a@h>').display, 'token1~` token2');
  assert.equal(value('<sip:a@h>').display, '');
  assert.equal(value('caller<sip:a@h>').display, 'caller');
  assert.equal(value('J\xc3\xbcrgen (Sales) <sip:a@h>').display, 'J\xc3\xbcrgen (Sales)');
});

test('an addr-spec gives its parameters to the header', () => {
  const parsed = value('sip:a@h:5070;tag=t1;x');
  assert.deepEqual(
    [parsed.uri, parsed.params, parsed.tag, parsed.bracketed],
    ['sip:a@h:5070', ';tag=t1;x', 't1', false],
  );
});

test('other schemes', () => {
  assert.equal(value('<http://www.example.com>;tag=1').uri, 'http://www.example.com');
  assert.equal(value('isbn:2983792873').uri, 'isbn:2983792873');
});

test('what is none is null', () => {
  const bad = [
    '',
    '  ',
    '"open <sip:a@h>',
    '"x" sip:a@h',
    '"x"',
    '<sip:a@h',
    '< sip:a@h >',
    '<>',
    '<a@h>',
    '<sip:>',
    'Bell, Alexander <sip:a@h>',
    'sip:a@h?Route=x',
    '<sip:a@h>x',
    '<sip:a@h>;;',
    '<sip:a@h>;',
    '<sip:a@h>;a="x',
    'sip:a b@h',
    '<sip:a@h\r\n >',
    'name',
    '*',
  ];
  for (const text of bad) assert.equal(parseNameAddr(text, 0, text.length), null, JSON.stringify(text));
});

test('lists are taken apart at commas outside of quotes and brackets', () => {
  const text = '"a, b" <sip:a,x@h>;q=1 , sip:b@h;x="1,2",<sip:c@h>';
  const list = parseNameAddrList(text, 0, text.length);
  assert.deepEqual(
    list?.map((one) => one.uri),
    ['sip:a,x@h', 'sip:b@h', 'sip:c@h'],
  );
  assert.equal(parseNameAddrList('<sip:a@h>,', 0, 10), null);
  assert.equal(parseNameAddrList('<sip:a@h>,,<sip:b@h>', 0, 20), null);
});

test('a tag that only quotes can hold is none: it would break out of the URIs that carry it', () => {
  for (const tag of ['"a>b"', '"a b"', '"a;b"', '"a,b"', '"a\r\n b"', '"a\\"b"'])
    assert.equal(parseNameAddr(`<sip:a@h>;tag=${tag}`, 0, 14 + tag.length), null, tag);
  const odd = '<sip:a@h>;tag=1:2/3@x';
  assert.equal(parseNameAddr(odd, 0, odd.length)?.tag, '1:2/3@x');
});

test('offsets cut out what the fields say, wherever the value stands', () => {
  const name = fc.oneof(
    fc.constant(''),
    fc.stringMatching(/^[A-Za-z0-9]{1,8}( [A-Za-z]{1,5})?$/).map((text) => `${text} `),
    fc.stringMatching(/^[ !#-[\]-~\x80-\xff]{0,12}$/).map((text) => `"${text}" `),
  );
  const user = fc.stringMatching(/^[A-Za-z0-9;,?&=+$/_.!~*'()%-]{1,10}$/);
  const tag = fc.option(fc.stringMatching(/^[A-Za-z0-9.~-]{1,8}$/), { nil: '' });
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z ]{0,9}$/), name, user, tag, (before, display, who, mark) => {
      const own = `${display}<sip:${who}@h.example>${mark === '' ? '' : `;tag=${mark}`}`;
      const text = `${before}\n${own},rest`;
      const parsed = parseNameAddr(text, before.length + 1, text.length);
      assert.ok(parsed !== null, text);
      assert.equal(text.slice(parsed.start, parsed.end), own);
      assert.equal(parsed.display, display.trim());
      assert.equal(text.slice(parsed.displayStart, parsed.displayEnd), parsed.display);
      assert.equal(text.slice(parsed.uriStart, parsed.uriEnd), parsed.uri);
      assert.equal(parsed.uri, `sip:${who}@h.example`);
      assert.equal(text.slice(parsed.paramsStart, parsed.end), parsed.params);
      assert.equal(parsed.tag, mark);
    }),
    { numRuns: 2000 },
  );
});
