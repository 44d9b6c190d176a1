/** Run: node --test routes.test.ts */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testRoutes } from 'trunkline/testing';
import * as routes from './routes.ts';

test('the carrier’s challenge is answered; the phone never notices, and sees its own name', async () => {
  const bench = await testRoutes(routes, { carrier: '127.0.0.1:5080' });

  const call = bench.phone.invite({
    ruri: 'sip:+4930123456@127.0.0.1:5070',
    from: '"Alice" <sip:alice@office.example>',
  });
  await bench.carrier.expect('INVITE').challenge(401, 'carrier.example');
  const invite = await bench.carrier.expect('INVITE');
  assert.ok(invite.provesPassword('test', 'test'));
  assert.match(invite.header('From'), /^<sip:anonymous@anonymous\.invalid>/);
  invite.reply(180);
  await call.expect(180);
  invite.reply(200, 'OK');
  const answer = await call.expect(200);
  assert.match(answer.header('From'), /^"Alice" <sip:alice@office\.example>/);
  call.ack();
  await bench.carrier.expect('ACK');

  call.bye();
  const bye = await bench.carrier.expect('BYE');
  assert.match(bye.header('From'), /^<sip:anonymous@anonymous\.invalid>/);
  bye.reply(200);
  await call.expect(200);
  await bench.phone.expectNothing();
  bench.stop();
});

test('without an answer the phone gets 408 when the time is up', async () => {
  const bench = await testRoutes(routes, { carrier: '127.0.0.1:5080' });
  const call = bench.phone.invite();
  await bench.carrier.expect('INVITE');
  await bench.advance(31);
  await call.expect(408);
  bench.stop();
});

test('the phone hangs up while it rings', async () => {
  const bench = await testRoutes(routes, { carrier: '127.0.0.1:5080' });
  const call = bench.phone.invite();
  const invite = await bench.carrier.expect('INVITE').reply(180, 'Ringing');
  await call.expect(180);
  call.cancel();
  await bench.carrier.expect('CANCEL').reply(200, 'OK');
  invite.reply(487, 'Request Terminated');
  await call.expect(487);
  bench.stop();
});

test('nothing but calls', async () => {
  const bench = await testRoutes(routes);
  await bench.phone.request('SUBSCRIBE').expect(405);
  bench.stop();
});
