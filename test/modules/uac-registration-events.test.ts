import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RegistrationReporter, registrationVariable } from '../../src/modules/uac/reg-events.ts';
import { REGISTRATION_ROUTE } from '../../src/modules/uac/registration.ts';
import type { ScriptContext } from '../../src/script/context.ts';
import type { Program } from '../../src/script/program.ts';
import { fakeRegistration, row } from './registration-support.ts';
import { context, testHost } from './support.ts';

function reader(name: string): (ctx: ScriptContext) => unknown {
  const access = registrationVariable.bind(undefined)({ constant: name, get: () => name }, null, `$uac_reg(${name})`);
  if (typeof access === 'string') throw new Error(access);
  return (ctx) => access.get(ctx);
}

async function world(count = 1) {
  const base = testHost();
  const runs: string[] = [];
  const names = ['uuid', 'old', 'new', 'code', 'reason', 'online', 'l_domain'];
  const program: Program = {
    ...base.program(),
    route: (kind, name) =>
      kind === 'event' && name === REGISTRATION_ROUTE
        ? (ctx) => {
            runs.push(names.map((field) => reader(field)(ctx)).join(' '));
            return 1;
          }
        : null,
  };
  const host = { ...base, program: () => program };
  const rows = Array.from({ length: count }, (_, i) => row(`u${i}`));
  const made = await fakeRegistration(host, rows);
  base.log.lines.length = 0;
  base.log.codes.length = 0;
  return { host, runs, ...made };
}

test('event_route[uac:registration] runs when an account has settled in another state', async () => {
  const { engine, runs } = await world();
  engine.set('u0', { state: 'registering' });
  engine.set('u0', { state: 'registered', online: true, lastCode: 200, lastReason: 'OK' });
  engine.set('u0', { state: 'refreshing' });
  engine.set('u0', { state: 'registered' });
  assert.deepEqual(runs, ['u0 waiting registered 200 OK 1 l.dom'], 'a refresh is no news');
  engine.set('u0', { state: 'refreshing' });
  engine.set('u0', { state: 'retrying', lastCode: 503, lastReason: 'Busy' });
  engine.set('u0', { state: 'registering' });
  engine.set('u0', { state: 'retrying', lastCode: 503 });
  assert.equal(runs.at(-1), 'u0 registered retrying 503 Busy 1 l.dom');
  assert.equal(runs.length, 2, 'the same failure again is no news');
  engine.set('u0', { state: 'retrying', lastCode: 408, online: false, lastReason: 'Timeout' });
  engine.set('u0', { state: 'rejected', lastCode: 403, lastReason: 'No' });
  assert.deepEqual(runs.slice(2), ['u0 retrying retrying 408 Timeout 0 l.dom', 'u0 retrying rejected 403 No 0 l.dom']);
});

test('a line for each change: success at INFO, failure with a code', async () => {
  const { engine, host } = await world();
  engine.set('u0', { state: 'registered', granted: 60, registrar: 'udp:127.0.0.1:5090' });
  engine.set('u0', { state: 'retrying', lastCode: 503, lastReason: 'Busy', nextAttempt: 105, since: 100 });
  engine.set('u0', { state: 'rejected', lastCode: 403, lastReason: 'No' });
  engine.set('u0', { state: 'faulty', lastCode: 0, lastReason: 'socket' });
  engine.set('u0', { state: 'disabled' });
  engine.set('u0', { state: 'registering' });
  engine.set('u0', { state: 'registered' });
  engine.set('u0', { state: 'refreshing' });
  engine.set('u0', { state: 'disabled', lastCode: 408, lastReason: 'Timeout' });
  assert.deepEqual(host.log.lines, [
    'account u0 is registered at udp:127.0.0.1:5090 for 60 s',
    'account u0 could not be registered at sip:127.0.0.1:5090: 503 Busy; next attempt in 5 s',
    'account u0 is refused at sip:127.0.0.1:5090: 403 No; next attempt in 5 s',
    'account u0 cannot work as it is: socket',
    'account u0 is disabled',
    'account u0 is registered at udp:127.0.0.1:5090 for 60 s',
    'account u0 could not be registered at sip:127.0.0.1:5090: 408 Timeout; it is disabled for good (reg_retry_interval 0)',
  ]);
  assert.deepEqual(host.log.codes, [
    '',
    'UAC_REG_FAILED',
    'UAC_REG_REJECTED',
    'UAC_REG_FAULTY',
    '',
    '',
    'UAC_REG_FAILED',
  ]);
});

test('20 000 accounts that fail together are a dozen lines', async () => {
  const { engine, host, runs } = await world(20_000);
  for (const uuid of engine.accounts.keys())
    engine.set(uuid, { state: 'retrying', lastCode: 408, lastReason: 'Timeout' });
  assert.equal(host.log.lines.length, 10);
  host.clock.advance(10_000);
  assert.equal(host.log.lines.length, 11);
  assert.equal(host.log.lines.at(-1), '19990 more accounts retrying (408) at sip:127.0.0.1:5090');
  assert.equal(host.log.codes.at(-1), 'UAC_REG_FAILED');
  assert.equal(runs.length, 20_000, 'the route hears of each');
  host.clock.advance(60_000);
  assert.equal(host.log.lines.length, 11);
});

test('the program in force hears of changes; the one before it again when the start of this one failed', async () => {
  const { engine, host } = await world();
  const reporter = new RegistrationReporter(engine, host.log, host.wheel);
  const heard: string[] = [];
  const endFirst = reporter.listen(({ state }) => heard.push(`first ${state}`));
  engine.set('u0', { state: 'registered' });
  const endSecond = reporter.listen(({ state }) => heard.push(`second ${state}`));
  engine.set('u0', { state: 'retrying' });
  endSecond();
  engine.set('u0', { state: 'rejected' });
  endFirst();
  engine.set('u0', { state: 'disabled' });
  reporter.close();
  assert.deepEqual(heard, ['first registered', 'second retrying', 'first rejected']);
});

test('states of removed accounts are forgotten', async () => {
  const { engine, holder, runs } = await world();
  for (let i = 0; i < 5000; i++) {
    engine.set(`x${i}`, { state: 'registered' });
    engine.remove(`x${i}`);
  }
  engine.set('x0', { state: 'registered' });
  assert.equal(runs.length, 5001, 'an account of that name is a new one');
  assert.equal(holder.registration.engine.size, 2);
});

test('$uac_reg: names are checked, and it is undefined elsewhere', () => {
  const bind = registrationVariable.bind(undefined);
  assert.match(String(bind({ constant: 'colour', get: () => 'colour' }, null, '$uac_reg(colour)')), /uuid, old, new/);
  assert.equal(typeof bind({ constant: null, get: () => 'uuid' }, null, '$uac_reg($var(x))'), 'string');
  assert.equal(reader('uuid')(context(testHost())), null);
});
