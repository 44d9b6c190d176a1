import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type BranchHandlers,
  defineConfig,
  type EventHandlers,
  type FailureHandlers,
  type Ksr,
  type OnsendHandler,
  type ReplyHandler,
  type ReplyHandlers,
  type RequestHandler,
} from '../../src/api/index.ts';
import { testRoutes } from '../../src/testing/index.ts';

test('every kind of export runs for what it is named after', async () => {
  const ran: string[] = [];
  const request: RequestHandler = (request) => {
    ran.push(`request ${request.source.ip} ${request.from.host} ${request.cseq} ${request.inDialog}`);
    request.relay({ to: 'sip:a.example', onBranch: 'OUT', onReply: 'BACK', onFailure: 'AGAIN' });
  };
  const reply: ReplyHandler = (reply) => {
    ran.push(`reply ${reply.status}`);
    if (reply.headers.has('X-Drop')) reply.drop();
  };
  const onsend: OnsendHandler = (sent) => void ran.push(`onsend ${sent.method}`);
  const branch: BranchHandlers = {
    OUT(branch) {
      ran.push(`branch ${branch.nextHop}`);
      branch.ruri = 'sip:else@b.example';
      if (branch.headers.get('X-Stop') === 'here') branch.drop();
    },
  };
  const onreply: ReplyHandlers = { BACK: (back) => void ran.push(`onreply ${back.status} ${back.reason}`) };
  const failure: FailureHandlers = {
    AGAIN(failed) {
      ran.push(`failure ${failed.status} ${failed.reply?.header('X-Why')} ${failed.challenged} ${failed.timedOut}`);
    },
  };
  const event: EventHandlers = { 'core:worker-one-init': (event) => void ran.push(event.name) };
  const config = defineConfig({
    listen: { address: 'udp:10.0.0.1:5060', advertise: 'sip.me.example:5062' },
    alias: 'me.example',
  });
  const bench = await testRoutes(
    { config, request, reply, onsend, branch, onreply, failure, event },
    { carrier: 'a.example' },
  );
  const call = bench.phone.invite();
  const invite = await bench.carrier.expect('INVITE');
  assert.equal(invite.ruri, 'sip:else@b.example');
  assert.match(invite.header('Via'), /^SIP\/2\.0\/UDP sip\.me\.example:5062;/);
  invite.reply(180, 'Ringing', { headers: ['X-Drop: 1'] });
  invite.reply(404, 'Nobody', { headers: ['X-Why: gone'] });
  await call.expect(404);
  assert.deepEqual(
    ran.filter((line) => !/^onsend (?:ACK|100)/.test(line)),
    [
      'core:worker-one-init',
      'request 192.0.2.10 192.0.2.10 1 false',
      'branch sip:a.example',
      'onsend INVITE',
      'reply 180',
      'reply 404',
      'onreply 404 Nobody',
      'failure 404 gone false false',
    ],
  );
  bench.stop();
});

test('what is wrong in a handler’s hands is refused and does not reach the wire', async () => {
  const tries: RequestHandler[] = [
    (request) => {
      request.ruri = 'sip:a@b\r\nX: y';
    },
    (request) => request.headers.append('X', 'a\r\nY: b'),
    (request) => request.headers.append('X Y', 'a'),
    (request) => request.reply(42),
    (request) => request.reply(200, 'OK', { headers: { X: 'a\r\n\r\nbody' } }),
    (request) => request.send({ method: 'OPTIONS', to: 'nonsense' }),
    (request) => request.send({ method: 'OPTIONS', to: 'sip:a@b', headers: { X: 'a\nY: b' } }),
  ];
  for (const request of tries) {
    const bench = await testRoutes({ request });
    await bench.phone.request('OPTIONS').expect(500);
    assert.match(bench.log.find(({ level }) => level < 0)?.code ?? '', /^API_(?:ARGUMENT|HEADER|SEND)$/);
    await bench.carrier.expectNothing();
    bench.stop();
  }
});

test('line ends in a reason phrase do not make headers', async () => {
  const request: RequestHandler = (request) => request.reply(403, 'No\r\nX-Evil: 1');
  const bench = await testRoutes({ request });
  assert.equal((await bench.phone.request('OPTIONS').expect(403)).header('X-Evil'), '');
  bench.stop();
});

test('a handler that was given up says nothing more when it wakes', async () => {
  let wake = (): void => {};
  const request: RequestHandler = async (request) => {
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
    assert.equal(request.reply(200), false);
    assert.equal(request.relay({ to: 'sip:a.example' }), false);
  };
  const bench = await testRoutes({ request }, { carrier: 'a.example' });
  const call = bench.phone.request('OPTIONS');
  await bench.phone.expectNothing();
  await bench.advance(10.1);
  await call.expect(500);
  wake();
  await bench.phone.expectNothing();
  await bench.carrier.expectNothing();
  assert.deepEqual(
    bench.log.filter(({ level }) => level < 0).map(({ code }) => code),
    ['API_HANDLER_SLOW'],
  );
  bench.stop();
});

/** Never run: the type checker says here what an editor says there. */
export function wrongNames(KSR: Ksr, request: Parameters<RequestHandler>[0]): void {
  // @ts-expect-error no such function
  KSR.uac.uac_aut();
  // @ts-expect-error a number is wanted
  KSR.tm.t_set_fr('soon');
  // @ts-expect-error an argument is missing
  KSR.sl.send_reply(200);
  // @ts-expect-error no such module
  KSR.tmm.t_relay();
  // @ts-expect-error no such parameter
  defineConfig({ modules: { uac: { restore_mod: 'auto' } } });
  // @ts-expect-error a list is wanted
  defineConfig({ modules: { uac: { credential: 7 } } });
  // @ts-expect-error a status is wanted
  request.reply('403');
  // @ts-expect-error no such option
  request.relay({ onFail: () => {} });
}
