import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccountRow } from '../../../src/uac/registration/account-row.ts';
import type { LoadSummary } from '../../../src/uac/registration/engine.ts';
import { challenging, grant, granting, Harness, type Registrar, row } from './support.ts';

function registered(registrar: Registrar, over = {}, settings = {}): Harness {
  const bench = new Harness(registrar, settings);
  bench.engine.add(row('u1', over));
  bench.advance(1000);
  return bench;
}

function load(bench: Harness, rows: readonly AccountRow[]): LoadSummary {
  const loading = bench.engine.beginLoad();
  for (const one of rows) loading.take([one]);
  return loading.commit();
}

describe('delays and retries', () => {
  it('starts after reg_delay, or a random time, and with flag 16 at once', () => {
    const bench = registered(granting, { delay: 100 });
    assert.equal(bench.view().state, 'waiting');
    bench.advance(98_000);
    assert.equal(bench.requests.length, 0);
    bench.advance(2000);
    assert.equal(bench.requests.length, 1);
    assert.equal(registered(granting, { delay: 100, flags: 16 }).requests.length, 1);
    const many = new Harness(granting, { randomDelay: 60 });
    for (let n = 0; n < 60; n++) many.engine.add(row(`u${n}`));
    many.advance(30_000);
    assert.ok(many.engine.online > 10 && many.engine.online < 50, `${many.engine.online}`);
    many.advance(31_000);
    assert.equal(many.engine.online, 60);
  });

  it('silence: tried again with growing pauses, for ever', () => {
    const bench = registered(() => null);
    bench.advance(31_000);
    assert.equal(bench.view().state, 'retrying');
    assert.equal(bench.view().lastCode, 408);
    bench.advance(24 * 3600_000);
    assert.ok(bench.requests.length > 40 && bench.requests.length < 110, `${bench.requests.length} in a day`);
    bench.registrars.set('', granting);
    bench.advance(1_900_000);
    assert.equal(bench.view().state, 'registered');
  });

  it('reg_retry_interval N: no later than N, for what may pass', () => {
    const bench = registered(() => ({ status: 500 }), {}, { retryInterval: 20 });
    bench.advance(200_000);
    assert.ok(bench.requests.length >= 10 && bench.requests.length <= 15, `${bench.requests.length}`);
    const refused = registered(() => ({ status: 403 }), {}, { retryInterval: 20 });
    refused.advance(100_000);
    assert.equal(refused.requests.length, 1);
  });

  it('reg_retry_interval 0: disabled for good, until an operator enables it', () => {
    const bench = registered(() => ({ status: 500 }), {}, { retryInterval: 0 });
    bench.advance(86_400_000);
    assert.equal(bench.view().state, 'disabled');
    assert.equal(bench.view().flags, 17);
    assert.equal(bench.requests.length, 1);
    bench.registrars.set('', granting);
    assert.ok(bench.engine.enable('u1'));
    bench.advance(100);
    assert.equal(bench.view().state, 'registered');
  });

  it('a refresh that fails keeps the binding until it runs out, then tells', () => {
    const bench = registered(granting, { expires: 600 });
    bench.registrars.set('', () => null);
    bench.advance(560_000);
    assert.equal(bench.view().online, true);
    bench.advance(50_000);
    assert.equal(bench.view().online, false);
    assert.equal(bench.engine.online, 0);
    assert.ok(bench.log.some((line) => line.includes('UAC_REG_EXPIRED')));
  });

  it('a connection that cannot be opened is tried again soon once, then backs off', () => {
    const bench = new Harness(granting);
    bench.broken.set('198.51.100.1:5060', 'TRANSPORT_CONNECT_REFUSED');
    bench.engine.add(row('u1', { proxy: 'sip:198.51.100.1;transport=tcp' }));
    bench.advance(1000);
    assert.equal(bench.view().lastReason, 'TRANSPORT_CONNECT_REFUSED');
    assert.equal(bench.engine.results('unreachable'), 1);
    assert.ok(bench.nextIn() <= 4, `${bench.nextIn()}`);
    bench.advance(5000);
    assert.ok(bench.nextIn() >= 50, `${bench.nextIn()}`);
  });

  it('keep_callid 0: a fresh Call-ID for each refresh', () => {
    const bench = registered(challenging(), {}, { keepCallid: false });
    bench.advance(3600_000);
    const [first, second, third] = bench.requests.map(({ message }) => message.callId);
    assert.equal(first, second);
    assert.notEqual(second, third);
    assert.equal(bench.last.cseq, 10);
  });

  it('steps of the wall clock move nothing but what is shown', () => {
    const bench = registered(granting);
    const { nextAttempt } = bench.view();
    bench.step = 10 * 365 * 86_400_000;
    assert.equal(bench.view().nextAttempt, nextAttempt + bench.step / 1000);
    bench.advance(60_000);
    assert.equal(bench.requests.length, 1);
    bench.step = -bench.step;
    bench.advance(3600_000);
    assert.equal(bench.requests.length, 2);
    assert.equal(bench.view().online, true);
  });
});

describe('operators', () => {
  it('unregister removes the binding; enable and register bring it back', () => {
    for (const back of ['enable', 'register'] as const) {
      const bench = registered(challenging());
      assert.ok(bench.engine.unregister('u1'));
      bench.advance(100);
      assert.equal(bench.last.expires, 0);
      assert.equal(bench.last.message.callId, bench.requests[0]?.message.callId);
      assert.equal(bench.view().state, 'unregistered');
      assert.equal(bench.engine.online, 0);
      bench.advance(86_400_000);
      const sent = bench.requests.length;
      assert.ok(bench.engine[back]('u1'));
      bench.advance(100);
      assert.equal(bench.view().state, 'registered');
      assert.equal(bench.last.expires, 3600);
      assert.equal(bench.requests.length, sent + 1);
    }
  });

  it('an answer to the removal needs no Contact; none at all is waited for once', () => {
    const bench = registered(granting);
    bench.registrars.set('', () => null);
    bench.engine.unregister('u1');
    bench.advance(40_000);
    assert.equal(bench.view().state, 'unregistered');
    assert.equal(bench.view().online, false);
    bench.advance(86_400_000);
    assert.equal(bench.requests.length, 2);
  });

  it('disable removes the binding, or with unregister kamailio leaves it', () => {
    const bench = registered(granting);
    bench.engine.disable('u1');
    bench.advance(100);
    assert.equal(bench.last.expires, 0);
    assert.equal(bench.view().state, 'disabled');
    assert.equal(bench.view().flags & 1, 1);
    const legacy = registered(granting, {}, { unregister: 'kamailio' });
    legacy.engine.disable('u1');
    legacy.advance(100);
    assert.equal(legacy.requests.length, 1);
    assert.equal(legacy.view().flags, 21);
    legacy.advance(3700_000);
    assert.equal(legacy.view().flags, 17);
  });

  it('disable while a REGISTER is out: its answer is waited for, then the binding is removed', () => {
    const bench = new Harness((request) => ({ ...grant(request), after: 200 }));
    bench.engine.add(row());
    bench.advance(50);
    bench.engine.disable('u1');
    assert.equal(bench.view().flags & 1, 1);
    bench.advance(1000);
    assert.deepEqual(
      bench.requests.map(({ expires }) => expires),
      [3600, 0],
    );
    assert.equal(bench.view().state, 'disabled');
    bench.engine.disable('u1');
    bench.engine.enable('u1');
    bench.engine.disable('u1');
    bench.engine.enable('u1');
    bench.advance(3000);
    assert.equal(bench.view().state, 'registered');
  });

  it('register sends at once, enable leaves a registered account alone', () => {
    const bench = registered(granting);
    bench.engine.enable('u1');
    bench.advance(100);
    assert.equal(bench.requests.length, 1);
    bench.engine.register('u1');
    bench.advance(100);
    assert.equal(bench.requests.length, 2);
    assert.deepEqual(bench.story(), ['registering', 'registered', 'refreshing', 'registered']);
    assert.equal(bench.engine.register('nobody'), false);
  });

  it('inactive: nothing by itself, commands all the same; active again, what is due follows', () => {
    const bench = registered(granting, {}, { active: false });
    assert.equal(bench.view().state, 'queued');
    assert.equal(bench.requests.length, 0);
    bench.engine.register('u1');
    bench.advance(100);
    assert.equal(bench.view().state, 'registered');
    bench.advance(3700_000);
    assert.equal(bench.requests.length, 1);
    assert.equal(bench.view().online, false);
    bench.engine.active = true;
    bench.advance(100);
    assert.equal(bench.view().online, true);
  });

  it('expires 0 is idle, flag 1 disabled', () => {
    assert.equal(registered(granting, { expires: 0 }).view().state, 'idle');
    const bench = registered(granting, { flags: 1 });
    assert.equal(bench.view().state, 'disabled');
    assert.equal(bench.requests.length, 0);
    assert.equal(bench.view().flags, 1);
  });

  it('a row that gets expires 0 has its binding removed, or with unregister kamailio runs out', () => {
    const bench = registered(granting);
    bench.engine.refresh(row('u1', { expires: 0 }));
    bench.advance(1000);
    assert.equal(bench.last.expires, 0);
    assert.deepEqual([bench.view().state, bench.view().online], ['idle', false]);
    const kamailio = new Harness(granting, { unregister: 'kamailio' });
    kamailio.engine.add(row());
    kamailio.advance(1000);
    kamailio.engine.refresh(row('u1', { expires: 0 }));
    kamailio.advance(1000);
    assert.equal(kamailio.requests.length, 1);
    assert.deepEqual([kamailio.view().state, kamailio.view().online], ['idle', true]);
  });

  it('an account that takes leave is in no state', () => {
    const bench = registered((request) => ({ ...grant(request), after: 100 }));
    bench.engine.remove('u1');
    const { engine } = bench;
    assert.deepEqual(
      [engine.size, engine.leaving, engine.count('unregistering'), engine.count('queued')],
      [0, 1, 0, 0],
    );
    bench.advance(1000);
    assert.equal(engine.leaving, 0);
    engine.add(row());
    bench.advance(1000);
    engine.remove('u1');
    engine.add(row());
    assert.equal(engine.leaving, 0, 'it came back');
    bench.advance(1000);
    assert.equal(engine.count('registered'), 1);
  });

  it('remove: the binding goes, then the account; added again meanwhile it comes back', () => {
    const bench = registered((request) => ({ ...grant(request), after: 100 }));
    assert.ok(bench.engine.remove('u1'));
    assert.equal(bench.engine.find('l_uuid', 'u1'), null);
    assert.equal(bench.engine.size, 0);
    assert.equal(bench.engine.add(row()), 'added');
    bench.advance(1000);
    assert.equal(bench.view().state, 'registered');
    bench.engine.remove('u1');
    bench.advance(1000);
    assert.equal(bench.last.expires, 0);
    assert.equal(bench.engine.online, 0);
    assert.equal(bench.engine.remove('u1'), false);
  });

  it('stop removes the bindings and waits for the answers, but not for ever', async () => {
    for (const [registrar, ms] of [
      [granting, 50],
      [() => null, 2030],
    ] as const) {
      const bench = registered(granting);
      bench.registrars.set('', registrar);
      let stopped = false;
      const stopping = bench.engine.stop(true, 2000).then(() => {
        stopped = true;
      });
      await new Promise(setImmediate);
      bench.clock.advance(ms - 50);
      await new Promise(setImmediate);
      assert.equal(stopped, false);
      bench.clock.advance(50);
      await stopping;
      assert.equal(bench.last.expires, 0);
      bench.clock.advance(86_400_000);
      assert.equal(bench.requests.length, 2);
    }
  });

  it('finds by each attribute, of an l_username the newest; by user and domain', () => {
    const bench = new Harness(granting);
    bench.engine.add(row('a', { localUser: 'same', localDomain: 'one' }));
    bench.engine.add(row('b', { localUser: 'same', localDomain: 'two' }));
    assert.equal(bench.engine.find('l_username', 'same')?.row.uuid, 'b');
    assert.equal(bench.engine.find('r_username', 'r-a')?.row.uuid, 'a');
    assert.equal(bench.engine.find('auth_username', 'a-b')?.row.uuid, 'b');
    assert.equal(bench.engine.findByUri('same', 'ONE')?.row.uuid, 'a');
    assert.equal(bench.engine.findByUri('same', null)?.row.uuid, 'b');
    assert.equal(bench.engine.findByUri('same', 'three'), null);
    assert.deepEqual(
      Array.from(bench.engine.list(), (view) => view.row.uuid),
      ['a', 'b'],
    );
    bench.engine.remove('b');
    assert.equal(bench.engine.find('l_username', 'same')?.row.uuid, 'a');
  });
});

describe('loads', () => {
  const rows = (count: number): AccountRow[] => Array.from({ length: count }, (_, n) => row(`u${n}`));

  it('unchanged rows go on undisturbed, changed ones register again, removed ones leave', () => {
    const bench = new Harness(granting);
    assert.deepEqual(load(bench, rows(5)), { added: 5, changed: 0, unchanged: 0, removed: 0, problems: 0 });
    bench.advance(1000);
    assert.equal(bench.engine.online, 5);
    const next = [...rows(3), row('u3', { authPassword: 'new' }), row('u9')];
    assert.deepEqual(load(bench, next), { added: 1, changed: 1, unchanged: 3, removed: 1, problems: 0 });
    assert.equal(bench.engine.find('l_uuid', 'u4'), null);
    assert.equal(bench.engine.size, 5);
    bench.advance(1000);
    const later = bench.requests.slice(5).map((one) => [one.message.to?.uri, one.expires]);
    assert.deepEqual(
      new Map(later as [string, number][]),
      new Map([
        ['sip:r-u3@r.dom', 3600],
        ['sip:r-u9@r.dom', 3600],
        ['sip:r-u4@r.dom', 0],
      ]),
    );
    assert.equal(bench.engine.online, 5);
  });

  it('a password that changed keeps Call-ID and CSeq; another Contact takes the old binding away', () => {
    const bench = registered(granting);
    bench.engine.refresh(row('u1', { authPassword: 'new' }));
    bench.advance(100);
    assert.equal(bench.last.message.callId, bench.requests[0]?.message.callId);
    assert.equal(bench.last.cseq, 11);
    bench.engine.refresh(row('u1', { contactAddr: '203.0.113.1' }));
    bench.advance(100);
    const two = bench.requests.slice(2).map(({ contact, expires }) => [contact, expires]);
    assert.deepEqual(
      new Map(two as [string, number][]),
      new Map([
        ['<sip:u1@192.0.2.1:5060>', 0],
        ['<sip:u1@203.0.113.1>', 3600],
      ]),
    );
    assert.equal(bench.engine.online, 1);
    assert.equal(bench.engine.count('unregistering'), 0);
  });

  it('a load that is abandoned removes nothing; rows that cannot be accounts are told and spare their account', () => {
    const bench = new Harness(granting);
    load(bench, rows(3));
    const loading = bench.engine.beginLoad();
    const problems = loading.take([row('u0', { authPassword: '' }), row('x', { remoteDomain: 'a\r\nb' })]);
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['UAC_REG_NO_SECRET', 'UAC_REG_BAD_TEXT'],
    );
    loading.abandon();
    assert.equal(bench.engine.size, 3);
    assert.deepEqual(load(bench, [row('u0', { authPassword: '' })]), {
      added: 0,
      changed: 0,
      unchanged: 0,
      removed: 2,
      problems: 1,
    });
    assert.equal(bench.engine.size, 1);
  });

  it('removes thousands a slice at a time, out of sight at once', () => {
    const bench = new Harness(granting, { active: false });
    load(bench, rows(5000));
    load(bench, rows(10));
    assert.equal(bench.engine.size, 10);
    assert.equal(Array.from(bench.engine.list()).length, 10);
    assert.equal(bench.engine.find('l_uuid', 'u4999'), null);
    assert.equal(bench.engine.add(row('u4999')), 'added');
    bench.advance(1000);
    assert.equal(bench.engine.size, 11);
    assert.equal(bench.engine.count('queued'), 11);
  });

  it('accounts added by hand go with the next load', () => {
    const bench = new Harness(granting);
    load(bench, rows(1));
    bench.engine.add(row('hand'));
    assert.equal(load(bench, rows(1)).removed, 1);
    assert.equal(bench.engine.size, 1);
  });
});

describe('accounts that cannot work', () => {
  it('a proxy that is no SIP URI, a socket that is not ours, a line parameter twice: faulty, with the reason', () => {
    for (const [over, reason] of [
      [{ proxy: 'registrar.example' }, /auth_proxy is no sip or sips URI/],
      [{ proxy: 'sip:a b' }, /auth_proxy/],
      [{ socket: 'udp:10.9.9.9:5060' }, /socket udp:10\.9\.9\.9:5060 is none of ours/],
      [{ contactUser: 'x', contactAddr: 'h;line=1' }, /line parameter/],
    ] as const) {
      const bench = registered(granting, over);
      assert.equal(bench.view().state, 'faulty');
      assert.match(bench.view().lastReason, reason);
      assert.equal(bench.requests.length, 0);
      assert.equal(bench.engine.refresh(row()), 'replaced');
      bench.advance(100);
      assert.equal(bench.view().state, 'registered');
    }
  });

  it('leaves by its own socket or not at all', () => {
    assert.equal(registered(granting, { socket: 'udp:192.0.2.1:5080' }).last.to.socket.port, 5080);
    assert.equal(registered(granting, {}, { defaultSocket: 'udp:192.0.2.1:5080' }).last.to.socket.port, 5080);
    const bench = registered(granting, { socket: 'udp:192.0.2.1:5080', proxy: 'sip:198.51.100.1;transport=tcp' });
    assert.equal(bench.requests.length, 0);
    assert.equal(bench.view().state, 'retrying');
    assert.equal(bench.engine.results('local'), 1);
  });

  for (const [over, code] of [
    [{ uuid: '' }, 'UAC_REG_EMPTY_FIELD'],
    [{ proxy: '' }, 'UAC_REG_EMPTY_FIELD'],
    [{ authPassword: '' }, 'UAC_REG_NO_SECRET'],
    [{ authHa1: 'abc' }, 'UAC_REG_BAD_HA1'],
    [{ remoteUser: 'a>b' }, 'UAC_REG_BAD_TEXT'],
    [{ remoteDomain: 'a;b=c' }, 'UAC_REG_BAD_TEXT'],
    [{ contactAddr: 'h>\r\nX: y' }, 'UAC_REG_BAD_TEXT'],
    [{ contactUser: 'a\nb' }, 'UAC_REG_BAD_TEXT'],
    [{ authUser: 'a\rb' }, 'UAC_REG_BAD_TEXT'],
    [{ proxy: 'sip:127.0.0.1\r\nX: y' }, 'UAC_REG_BAD_TEXT'],
    [{ proxy: `sip:${'h'.repeat(2000)}` }, 'UAC_REG_BAD_TEXT'],
    [{ realm: 'r'.repeat(2000) }, 'UAC_REG_BAD_TEXT'],
    [{ socket: 'udp:127.0.0.1:5060\n' }, 'UAC_REG_BAD_TEXT'],
    [{ authPassword: 'p'.repeat(2000) }, 'UAC_REG_BAD_TEXT'],
  ] as const)
    it(`refuses ${JSON.stringify(over).slice(0, 60)}`, () => {
      const outcome = new Harness(granting).engine.add(row('u1', over));
      assert.ok(typeof outcome !== 'string');
      assert.equal(outcome.code, code);
    });
});

describe('watchdog', () => {
  it('an answer that never comes through does not hold an account for ever', () => {
    const bench = new Harness(granting);
    bench.engine.add(row());
    bench.advance(1000);
    // Every transaction of the refresh is lost without a report.
    bench.watched = false;
    const create = bench.transactions.createClient.bind(bench.transactions);
    bench.transactions.createClient = (params) => {
      const client = create({ ...params, user: { onResponse() {}, onTimeout() {}, onSendFailed() {} } });
      bench.transactions.createClient = create;
      return client;
    };
    bench.clock.advance(3600_000);
    assert.equal(bench.view().state, 'registered');
    assert.equal(bench.view().online, true);
    assert.ok(
      bench.log.some((line) => /UAC_REG_(LOST|STUCK)/.test(line)),
      bench.log.join('\n'),
    );
  });
});

describe('rows that change', () => {
  it('disabled in its row: the binding is removed', () => {
    const bench = registered(granting);
    bench.engine.refresh(row('u1', { flags: 1 }));
    bench.advance(100);
    assert.equal(bench.last.expires, 0);
    assert.equal(bench.view().state, 'disabled');
    assert.equal(bench.engine.online, 0);
  });

  it('what the last load left to remove is removed although the walk lost its place', () => {
    const bench = new Harness((request) => ({ ...grant(request), after: 2000 }));
    bench.watched = false;
    load(
      bench,
      Array.from({ length: 3000 }, (_, n) => row(`u${n}`)),
    );
    bench.advance(60_000);
    load(bench, []);
    for (let n = 1000; n < 1010; n++) bench.engine.add(row(`u${n}`));
    bench.advance(600_000);
    assert.equal(bench.engine.size, 10);
    assert.equal(bench.engine.online, 10);
    assert.deepEqual(bench.engine.assertAlive(), []);
  });
});
