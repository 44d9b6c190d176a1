/** Registration over real sockets: each thing a registrar may do, once. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { accountRow, EngineBench, FAST_TIMERS } from '../support/registration.ts';
import { OPEN, ScriptedRegistrar, SILENT, TRUNK } from '../support/scripted-registrar.ts';
import { sleep } from '../support/servers.ts';

describe('registration', { concurrency: true }, () => {
  let bench: EngineBench;
  let registrar: ScriptedRegistrar;
  /** An account of its own for each test: they run side by side. */
  const add = (uuid: string, over: Parameters<typeof accountRow>[2] = {}): void => {
    assert.equal(bench.engine.add(accountRow(uuid, registrar.uri, over)), 'added');
  };
  const view = (uuid: string) => {
    const found = bench.engine.find('l_uuid', uuid);
    assert.ok(found !== null, `${uuid} is unknown`);
    return found;
  };

  before(async () => {
    registrar = await ScriptedRegistrar.open();
    bench = await EngineBench.open({
      timerInterval: 1,
      backOff: { base: 0.2, max: 1, refusedBase: 0.5, refusedMax: 1 },
    });
  });
  after(async () => {
    await bench?.close();
    await registrar?.leave();
  });

  it('registers: challenged, answered, granted', async () => {
    add('plain');
    await bench.until('plain', 'registered');
    const [first, second, ...more] = registrar.log.of('plain');
    assert.equal(more.length, 0);
    assert.deepEqual([first?.nc, second?.nc], [0, 1]);
    assert.equal(second?.callId, first?.callId);
    assert.equal(second?.cseq, (first?.cseq ?? 0) + 1);
    const { message } = second as NonNullable<typeof second>;
    assert.equal(message.uri, 'sip:carrier.test');
    assert.equal(message.uriOf('To'), 'sip:plain@carrier.test');
    assert.equal(message.uriOf('From'), 'sip:plain@carrier.test');
    assert.equal(message.uriOf('Contact'), `sip:plain@127.0.0.1:${bench.port}`);
    assert.equal(message.header('Expires'), '60');
    const { online, granted, flags, registrar: name, publicAddress } = view('plain');
    assert.deepEqual({ online, granted, flags }, { online: true, granted: 60, flags: 20 });
    assert.equal(name, `udp:${registrar.address}`);
    assert.equal(publicAddress, `127.0.0.1:${bench.port}`);
  });

  it('refreshes in one round trip: same Call-ID, the nonce again with a count that rises', async () => {
    add('refresh', { expires: 2 });
    await bench.holds(
      () => registrar.log.of('refresh').length >= 5,
      8_000,
      () => `${registrar.log.story('refresh')}\n${bench.story('refresh')}`,
    );
    const seen = registrar.log.of('refresh').slice(0, 5);
    assert.deepEqual(
      seen.map(({ nc }) => nc),
      [0, 1, 2, 3, 4],
    );
    assert.equal(new Set(seen.map(({ callId }) => callId)).size, 1);
    assert.equal(new Set(seen.slice(1).map(({ nonce }) => nonce)).size, 1);
    // In time, and not in haste: between a third and all of the two seconds.
    for (const gap of registrar.log.gaps('refresh').slice(1, 4)) assert.ok(gap > 600 && gap < 2_000, `${gap}`);
    assert.ok(!bench.events.some((event) => event.account.row.uuid === 'refresh' && event.to === 'retrying'));
  });

  it('a 407 after the 401: both kinds of credentials go together', async () => {
    registrar.next('both', registrar.challenge({ status: 401, realm: 'registrar' }), (register) => {
      assert.ok(register.proven);
      return registrar.challenge({ status: 407, realm: 'proxy' });
    });
    add('both');
    await bench.until('both', 'registered');
    const last = registrar.log.of('both')[2];
    assert.match(last?.message.header('Authorization') ?? '', /realm="registrar"/);
    assert.match(last?.message.header('Proxy-Authorization') ?? '', /realm="proxy"/);
  });

  it('stale=true is no refusal: answered with the new nonce', async () => {
    registrar.next('stale', registrar.challenge({ nonce: 'old' }), registrar.challenge({ nonce: 'new', stale: true }));
    add('stale');
    await bench.until('stale', 'registered');
    assert.deepEqual(
      registrar.log.of('stale').map(({ nonce, nc }) => `${nonce} ${nc}`),
      [' 0', 'old 1', 'new 1'],
    );
  });

  it('a wrong password is asked for twice and no more, then rarely', async () => {
    add('wrong', { authPassword: 'guess' });
    await bench.until('wrong', 'rejected');
    assert.equal(registrar.log.of('wrong').length, 2);
    assert.equal(view('wrong').lastCode, 401);
    assert.ok(!bench.story('wrong').includes('guess'));
  });

  it('takes SHA-256 where it is offered, and works without qop', async () => {
    registrar.next('sha', registrar.challenge({ algorithm: 'SHA-256' }));
    registrar.next('old', registrar.challenge({ qop: '' }));
    add('sha');
    add('old');
    await bench.until('sha', 'registered');
    await bench.until('old', 'registered');
    assert.match(registrar.log.of('sha')[1]?.message.header('Authorization') ?? '', /algorithm=SHA-256/);
    assert.equal(registrar.log.of('old')[1]?.nc, 0);
  });

  it('423 with Min-Expires: asks for that at once, and keeps to it', async () => {
    const brief = { status: 423, reason: 'Interval Too Brief', headers: ['Min-Expires: 300'] };
    registrar.next('brief', registrar.challenge(), brief);
    add('brief');
    await bench.until('brief', 'registered');
    const seen = registrar.log.of('brief').map(({ message }) => message.header('Expires'));
    assert.equal(seen.at(-1), '300');
    assert.equal(seen.length, 3);
    assert.equal(view('brief').granted, 300);
  });

  it('423 without a usable Min-Expires: doubles, never below what was asked', async () => {
    for (const [index, value] of [
      '',
      'Min-Expires: never',
      'Min-Expires: 0',
      'Min-Expires: 99999999999999999999',
    ].entries()) {
      registrar.next(`odd${index}`, registrar.challenge(), {
        status: 423,
        headers: value === '' ? [] : [value],
      });
      add(`odd${index}`);
    }
    for (let index = 0; index < 4; index++) await bench.until(`odd${index}`, 'registered');
    const asked = [0, 1, 2, 3].map((index) =>
      Number(registrar.log.of(`odd${index}`).at(-1)?.message.header('Expires')),
    );
    assert.deepEqual(asked.slice(0, 3), [120, 120, 120]);
    assert.ok((asked[3] as number) >= 120 && (asked[3] as number) <= 604_800, `${asked[3]}`);
  });

  it('423 for ever is given up, and tried again later', async () => {
    registrar.next('never', ...Array.from({ length: 40 }, () => ({ status: 423, headers: ['Min-Expires: 90'] })));
    add('never');
    await bench.until('never', 'retrying');
    assert.ok(registrar.log.of('never').length < 12, registrar.log.story('never'));
  });

  it('403 and 404 are refusals: tried again slowly, with what was said', async () => {
    registrar.next('forbidden', { status: 403, reason: 'Account blocked' });
    add('forbidden');
    await bench.until('forbidden', 'rejected');
    const { lastCode, lastReason } = view('forbidden');
    assert.deepEqual([lastCode, lastReason], [403, 'Account blocked']);
    registrar.next('unknown', { status: 404, reason: 'Not Found' });
    add('unknown');
    await bench.until('unknown', 'rejected');
    // Nothing is refused for ever: somebody may correct the account at the carrier.
    await bench.until('forbidden', 'registered');
    await bench.until('unknown', 'registered');
    assert.ok((registrar.log.gaps('forbidden')[0] ?? 0) >= 240, registrar.log.story('forbidden'));
  });

  it('302: goes where it is sent', async () => {
    const other = await ScriptedRegistrar.open();
    registrar.next('moved', { status: 302, reason: 'Moved', headers: [`Contact: <sip:${other.address}>`] });
    add('moved');
    await bench.until('moved', 'registered');
    assert.equal(other.log.of('moved').length, 2);
    assert.equal(view('moved').registrar, `udp:${other.address}`);
    await other.leave();
  });

  it('a 200 without Contact counts, with what its Expires says or what was asked for', async () => {
    registrar.next('bare', registrar.challenge(), { status: 200, reason: 'OK' });
    registrar.next('header', registrar.challenge(), { status: 200, reason: 'OK', headers: ['Expires: 45'] });
    add('bare');
    add('header');
    await bench.until('bare', 'registered');
    await bench.until('header', 'registered');
    assert.deepEqual([view('bare').granted, view('header').granted], [60, 45]);
  });

  it('finds its own among foreign Contacts', async () => {
    registrar.next('many', registrar.challenge(), ({ message }) => ({
      status: 200,
      headers: [
        'Contact: <sip:many@192.0.2.1>;expires=3000, "x" <sip:other@192.0.2.2>;expires=2',
        `Contact: ${message.header('Contact')};expires=33`,
        'Contact: <sip:192.0.2.3>;expires=7',
      ],
    }));
    registrar.next('absent', registrar.challenge(), {
      status: 200,
      headers: ['Contact: <sip:somebody@192.0.2.1>;expires=60'],
    });
    add('many');
    add('absent');
    await bench.until('many', 'registered');
    assert.equal(view('many').granted, 33);
    // A binding that is not there is no registration; the next attempt is made by itself.
    await bench.holds(
      () => registrar.log.of('absent').length > 2,
      5_000,
      () => bench.story('absent'),
    );
  });

  it('a shorter time than asked for is believed', async () => {
    registrar.next('short', registrar.challenge(), (register) => registrar.accept(register, 2));
    add('short', { expires: 3600 });
    await bench.until('short', 'registered');
    assert.equal(view('short').granted, 2);
    await bench.holds(
      () => registrar.log.of('short').length > 2,
      2_500,
      () => bench.story('short'),
    );
    assert.ok((registrar.log.gaps('short')[1] ?? 0) < 2_000);
  });

  it('a late answer counts, and the request is repeated as UDP wants it', async () => {
    registrar.next('late', { ...registrar.challenge(), delay: 350 });
    add('late');
    await bench.until('late', 'registered');
    const repeated = registrar.log.all.filter(({ account, repeated }) => account === 'late' && repeated).length;
    assert.equal(repeated, 2, registrar.log.story('late'));
    assert.ok(view('late').roundTrip >= 0);
  });

  it('an operator unregisters, enables and disables', async () => {
    add('operated');
    await bench.until('operated', 'registered');
    bench.engine.unregister('operated');
    await bench.until('operated', 'unregistered');
    assert.equal(registrar.log.of('operated').at(-1)?.message.header('Expires'), '0');
    assert.equal(registrar.holds('operated'), false);
    bench.engine.enable('operated');
    await bench.until('operated', 'registered');
    assert.equal(registrar.log.of('operated').at(-1)?.message.header('Expires'), '60');
    bench.engine.disable('operated');
    await bench.until('operated', 'disabled');
    await bench.holds(
      () => !registrar.holds('operated'),
      2_000,
      () => registrar.log.story('operated'),
    );
  });
});

describe('registration, the ways to a registrar', () => {
  it('503 with Retry-After: nobody comes earlier', async () => {
    const registrar = await ScriptedRegistrar.open({ script: OPEN });
    const bench = await EngineBench.open({ timerInterval: 1, backOff: { base: 0.1, max: 0.2 } });
    registrar.next('busy', { status: 503, headers: ['Retry-After: 2 (maintenance);duration=60'] });
    bench.engine.add(accountRow('busy', registrar.uri));
    await bench.until('busy', 'retrying');
    bench.engine.add(accountRow('other', registrar.uri));
    await bench.until('busy', 'registered', 4_000);
    await bench.until('other', 'registered');
    const [first = 0, ...others] = registrar.log.all.map(({ at }) => at);
    assert.deepEqual(
      others.filter((at) => at - first < 1_990),
      [],
      'the whole registrar is left alone',
    );
    await bench.close();
    await registrar.leave();
  });

  it('500 with Retry-After: that account comes no earlier, others go on', async () => {
    const registrar = await ScriptedRegistrar.open({ script: OPEN });
    const bench = await EngineBench.open({ timerInterval: 1, backOff: { base: 0.1, max: 0.2 } });
    registrar.next('hurt', { status: 500, headers: ['Retry-After: 1'] });
    bench.engine.add(accountRow('hurt', registrar.uri));
    await bench.until('hurt', 'retrying');
    bench.engine.add(accountRow('well', registrar.uri));
    await bench.until('well', 'registered', 500);
    await bench.until('hurt', 'registered', 3_000);
    assert.ok((registrar.log.gaps('hurt')[0] ?? 0) >= 990, registrar.log.story('hurt'));
    await bench.close();
    await registrar.leave();
  });

  it('silence: the second target of the name takes over; then a name without answers is tried again', async () => {
    const silent = await ScriptedRegistrar.open({ script: SILENT });
    const second = await ScriptedRegistrar.open({ script: TRUNK });
    const bench = await EngineBench.open({ timerInterval: 1, backOff: { base: 0.1, max: 0.3 } });
    bench.dns.srv('carrier.test', silent.port, second.port);
    bench.engine.add(accountRow('over', 'sip:carrier.test'));
    await bench.until('over', 'registered');
    assert.ok(silent.log.retransmissions > 0);
    assert.equal(bench.engine.find('l_uuid', 'over')?.registrar, `udp:${second.address}`);
    bench.dns.down = true;
    bench.engine.add(accountRow('unnamed', 'sip:elsewhere.test'));
    await bench.until('unnamed', 'retrying');
    bench.dns.srv('elsewhere.test', second.port);
    bench.dns.down = false;
    await bench.until('unnamed', 'registered', 12_000);
    await bench.close();
    await silent.leave();
    await second.leave();
  });

  it('a registrar that never answers some of its accounts: the others register meanwhile', async () => {
    const suspended = (account: string): boolean => Number(account.slice(1)) % 5 < 2;
    const registrar = await ScriptedRegistrar.open({
      script: (register, self) => (suspended(register.account) ? null : TRUNK(register, self)),
    });
    // Their transactions last longer than the test waits.
    const bench = await EngineBench.open({}, { ...FAST_TIMERS, fr: 30_000, maxNonInvLifetime: 32_000 });
    for (let n = 0; n < 300; n++) bench.engine.add(accountRow(`s${n}`, registrar.uri));
    await bench.holds(
      () => bench.engine.online === 180,
      15_000,
      () => `${bench.engine.online} online; ${JSON.stringify(bench.engine.registrars())}`,
    );
    assert.equal(bench.engine.results('timeout'), 0);
    assert.equal(registrar.bound, 180);
    registrar.log.assertOrder();
    await bench.close();
    await registrar.leave();
  });

  it('at its stop the engine takes its bindings back, and waits for the answers', async () => {
    const registrar = await ScriptedRegistrar.open();
    const bench = await EngineBench.open();
    for (let n = 0; n < 50; n++) bench.engine.add(accountRow(`s${n}`, registrar.uri));
    await bench.holds(
      () => bench.engine.online === 50,
      5_000,
      () => bench.log.join('\n'),
    );
    assert.equal(registrar.bound, 50);
    assert.equal(registrar.log.requests.length, 100);
    assert.equal(registrar.log.retransmissions, 0);
    await bench.close(true);
    assert.equal(registrar.bound, 0);
    const before = registrar.log.all.length;
    assert.equal(registrar.log.requests.length, 150, 'one request each, with the nonce that is known');
    await sleep(300);
    assert.equal(registrar.log.all.length, before);
    registrar.log.assertOrder();
    await registrar.leave();
  });
});
