import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCSeq } from '../../src/message/cseq.ts';

function cseq(text: string): string | null {
  const parsed = parseCSeq(text, 0, text.length);
  return parsed === null ? null : `${text.slice(parsed.seqStart, parsed.seqEnd)}=${parsed.seq} ${parsed.method}`;
}

test('number and method, with leading zeros and folding', () => {
  assert.equal(cseq('0009\r\n  INVITE'), '0009=9 INVITE');
  assert.equal(cseq(' 2147483647 FOO-%.1 '), '2147483647=2147483647 FOO-%.1');
  assert.equal(cseq('0 ACK'), '0=0 ACK');
});

test('2^31, no number, no method, no blank, something behind: none', () => {
  for (const text of [
    '2147483648 INVITE',
    '36893488147419103232 REGISTER',
    '-1 INVITE',
    'INVITE',
    '1',
    '1 ',
    '1INVITE',
    '1 INVITE x',
    '1 IN@VITE',
    '',
  ]) {
    assert.equal(cseq(text), null, text);
  }
});
