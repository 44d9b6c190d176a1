import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseVia, type Via } from '../../src/message/via.ts';

function via(text: string): Via {
  const parsed = parseVia(text, 0, text.length);
  assert.ok(parsed !== null, text);
  return parsed;
}

test('a usual Via', () => {
  const text = 'SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKx;received=198.51.100.2;rport=1234;x="a,b"';
  assert.deepEqual(via(text), {
    start: 0,
    end: text.length,
    transport: 'UDP',
    host: '192.0.2.1',
    port: 5070,
    branch: 'z9hG4bKx',
    received: '198.51.100.2',
    rport: 1234,
    params: ';branch=z9hG4bKx;received=198.51.100.2;rport=1234;x="a,b"',
    loose: false,
  });
});

test('blanks and folding wherever the grammar has them; end is the comma', () => {
  const text = 'SIP  / 2.0\r\n /tcp  spindle.example : 5061 ;\r\n branch  =   b1  ,SIP/2.0/UDP h';
  const first = via(text);
  assert.deepEqual([first.transport, first.host, first.port, first.branch], ['TCP', 'spindle.example', 5061, 'b1']);
  assert.equal(text[first.end], ',');
  assert.equal(parseVia(text, first.end + 1, text.length)?.host, 'h');
});

test('rport as a flag, with nothing after =, absent', () => {
  assert.equal(via('SIP/2.0/UDP h;rport').rport, 0);
  assert.equal(via('SIP/2.0/UDP h;rport=').rport, 0);
  assert.equal(via('SIP/2.0/UDP h').rport, -1);
});

test('received in both spellings of RFC 5118 §4.5', () => {
  assert.equal(via('SIP/2.0/UDP [::1];received=2001:db8::9:255').received, '2001:db8::9:255');
  assert.equal(via('SIP/2.0/UDP [::1];received=[2001:db8::9:255]').received, '[2001:db8::9:255]');
});

test('another version is readable, so that it can be answered 505', () => {
  assert.equal(via('SIP/7.0/UDP h').host, 'h');
});

test('empty parameters are marked', () => {
  assert.equal(via('SIP/2.0/UDP 192.0.2.15;;,;,,').loose, true);
});

test('what is no Via is null', () => {
  const bad = [
    '',
    'SIP/2.0',
    'SIP/2.0/UDP',
    'SIP/2.0/UDP ',
    'SIP/2.0/UDPh',
    'SIP/2.0/UDP[::1]',
    'SIP/2.0/UDP h:0',
    'SIP/2.0/UDP h:65536',
    'SIP/2.0/UDP h:',
    'SIP/2.0/UDP [x]',
    'SIP/2.0/UDP h x',
    'SIP/2.0/UDP h;rport=x',
    'SIP/2.0/UDP h;a="',
    '/2.0/UDP h',
    'SIP/2.0/ h',
  ];
  for (const text of bad) assert.equal(parseVia(text, 0, text.length), null, text);
});
