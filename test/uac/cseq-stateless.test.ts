import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bench, header, replyText, requestText } from './bench.ts';

const ROUTE = 'Route: <sip:127.0.0.1:5060;lr;ftag=F;csd=2>\r\n';
const IN_DIALOG = { to: '<sip:bob@biloxi.example.com>;tag=C', cseq: 8 };

/** An in-dialog request of a dialog whose numbers differ by two, forwarded without a transaction. */
function forwarded(method: string, headers = ROUTE) {
  const bench = new Bench({ stateless: [method] });
  const [out] = bench.receive(requestText({ ...IN_DIALOG, method, headers }));
  assert.ok(out);
  return { bench, out };
}

test('the reply to a statelessly forwarded request gets the requester’s number back', () => {
  const { bench, out } = forwarded('INFO');
  assert.equal(header(out.message, 'CSeq'), '10 INFO');
  assert.match(header(out.message, 'Via'), /;csq=8$/);
  const [back] = bench.reply(out, 200);
  assert.equal(back?.message.status, 200);
  assert.equal(header(back.message, 'CSeq'), '8 INFO');
  assert.equal(bench.transactions.size, 0);
});

test('a number that nobody shifted needs no parameter', () => {
  const { out } = forwarded('INFO', '');
  assert.equal(header(out.message, 'CSeq'), '8 INFO');
  assert.doesNotMatch(header(out.message, 'Via'), /csq/);
});

test('an ACK has no reply and no parameter', () => {
  const { out } = forwarded('ACK');
  assert.equal(header(out.message, 'CSeq'), '10 ACK');
  assert.doesNotMatch(header(out.message, 'Via'), /csq/);
});

test('with a transaction nothing is said in Via', () => {
  const bench = new Bench();
  const [out] = bench.receive(requestText({ ...IN_DIALOG, method: 'INFO', headers: ROUTE }));
  assert.equal(header(out!.message, 'CSeq'), '10 INFO');
  assert.doesNotMatch(header(out!.message, 'Via'), /csq/);
});

for (const value of ['x', '99999999999', '4294967295', ''])
  test(`nonsense in the parameter changes nothing: "${value}"`, () => {
    const { bench, out } = forwarded('INFO');
    const text = replyText(out.message, 200, '', 'C').replace(';csq=8', `;csq=${value}`);
    const [back] = bench.receive(text, '192.0.2.99', 5060);
    assert.equal(header(back!.message, 'CSeq'), '10 INFO');
  });
