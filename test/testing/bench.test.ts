import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FailureHandlers, Request } from '../../src/api/index.ts';
import { testRoutes } from '../../src/testing/index.ts';

const relaying = {
  request: (request: Request) => void (request.routeWithinDialog() || request.relay({ to: 'sip:a.example' })),
};

test('an expectation that is not met tells what happened instead', async () => {
  const bench = await testRoutes(relaying, { carrier: 'a.example' });
  bench.phone.invite();
  await assert.rejects(Promise.resolve(bench.carrier.expect('BYE')), (error: Error) => {
    assert.match(
      error.message,
      /^carrier got no BYE\n {2}phone → server: INVITE sip:bob@192\.0\.2\.1:5060 \(CSeq 1 INVITE\)\n/,
    );
    assert.match(error.message, /server → carrier: INVITE/);
    return true;
  });
  await assert.rejects(bench.carrier.expectNothing(), /carrier got more than was expected/);
  bench.stop();
});

test('routes that cannot be used are refused with every problem', async () => {
  await assert.rejects(testRoutes({ request: 1 }), /request is a number and not a function.*CFG_CODE_EXPORT/);
  await assert.rejects(testRoutes({ request: () => {}, config: { modules: { uca: {} } } }), /CFG_UNKNOWN_MODULE/);
});

test('time: a transaction ends when the clock says so; a peer by name takes over', async () => {
  const failure: FailureHandlers = { NEXT: (failed) => void failed.relay({ to: 'sip:b.example:5070' }) };
  const routes = {
    failure,
    request: (request: Request) => void request.relay({ to: 'sip:a.example', onFailure: 'NEXT' }),
  };
  const bench = await testRoutes(routes, { carrier: 'a.example' });
  const second = bench.peer('second', 'b.example:5070');
  const call = bench.phone.invite();
  await bench.carrier.expect('INVITE');
  await second.expectNothing();
  await bench.advance(30.5);
  await second.expect('INVITE').reply(200, 'OK');
  await call.expect(200);
  bench.stop();
});

test('a call from end to end: fork, in-dialog requests of both sides, own requests', async () => {
  const seen: string[] = [];
  const routes = {
    request: async (request: Request) => {
      if (request.routeWithinDialog()) return;
      const reply = await request.send({
        method: 'MESSAGE',
        to: '<sip:watch@w.example>',
        from: '"Wächter" <sip:server@w.example>',
        headers: { 'X-Call': request.callId },
        body: `call of ${request.from.user}`,
        credential: { user: 'u', password: 'p' },
      });
      seen.push(`${reply.status} ${reply.reason} ${reply.local}`);
      request.relay({ to: ['sip:a.example', 'sip:b.example'] });
    },
  };
  const bench = await testRoutes(routes, { carrier: 'a.example' });
  const [second, watch] = [bench.peer('second', 'b.example'), bench.peer('watch', 'w.example')];
  const call = bench.phone.invite();
  const first = await watch.expect('MESSAGE').challenge(401, 'w.example');
  assert.equal(first.header('X-Call'), call.callId);
  const message = await watch.expect('MESSAGE').reply(202, 'Accepted');
  assert.ok(message.provesPassword('u', 'p'));
  assert.ok(!message.provesPassword('u', 'q'));
  assert.deepEqual(
    [message.body, message.header('From').split(';')[0]],
    ['call of phone', '"Wächter" <sip:server@w.example>'],
  );
  const [one, other] = [await bench.carrier.expect('INVITE'), await second.expect('INVITE')];
  assert.deepEqual(seen, ['202 Accepted false']);
  one.reply(180);
  other.reply(200, 'OK');
  await call.expect(200);
  await bench.carrier.expect('CANCEL').reply(200, 'OK');
  one.reply(487);
  call.ack();
  await second.expect('ACK');
  const callee = other.dialog();
  callee.bye();
  await bench.phone.expect('BYE').reply(200, 'OK');
  await callee.expect(200);
  bench.stop();
});

test('a kamailio.cfg is tested alike', async () => {
  const bench = await testRoutes(new URL('../../examples/trunk/kamailio.cfg', import.meta.url), {
    carrier: '127.0.0.1:5080',
  });
  const call = bench.phone.invite();
  await bench.carrier.expect('INVITE').challenge(407, 'any');
  const again = await bench.carrier.expect('INVITE');
  assert.ok(again.provesPassword('test', 'test'));
  again.reply(603, 'No');
  await call.expect(603);
  bench.stop();
});
