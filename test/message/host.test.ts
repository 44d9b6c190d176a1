import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { isIPv4, isIPv6, skipHost } from '../../src/message/host.ts';

test('IPv6 addresses are those that node:net knows, zones aside', () => {
  const group = fc.stringMatching(/^[0-9a-fA-F]{0,5}$/);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.ipV6(),
        fc.array(group, { maxLength: 10 }).map((groups) => groups.join(':')),
        fc.stringMatching(/^[0-9a-f:.]{0,24}$/),
      ),
      (text) => {
        assert.equal(isIPv6(text), net.isIPv6(text), text);
      },
    ),
    { numRuns: 3000 },
  );
});

test('IPv4 addresses are those that node:net knows', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.stringMatching(/^[0-9.]{0,16}$/)), (text) => {
      // node:net refuses leading zeros, which the SIP grammar (1*3DIGIT) allows.
      if (/(^|\.)0\d/.test(text)) return;
      assert.equal(isIPv4(text), net.isIPv4(text), text);
    }),
    { numRuns: 2000 },
  );
});

test('an IPv4 tail may follow :: directly (RFC 5954) but not three colons', () => {
  assert.equal(isIPv6('2001:db8::192.0.2.1'), true);
  assert.equal(isIPv6('2001:db8:::192.0.2.1'), false);
  assert.equal(isIPv6('::ffff:192.0.2.256'), false);
});

test('skipHost ends after a name, an address, a bracketed reference', () => {
  const cases: [string, number][] = [
    ['example.org:5060', 11],
    ['192.0.2.1;x', 9],
    ['[2001:db8::1]:5060', 13],
    ['[2001:db8::1', -1],
    ['[]', -1],
    ['[example.org]', -1],
    ['', -1],
    [';x', -1],
    ['my_host', 7],
  ];
  for (const [text, end] of cases) assert.equal(skipHost(text, 0, text.length), end, text);
});
