/** `last_code` and `last_reason`: what the last attempt that ended came to, never a mixture of two. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccountRow } from '../../../src/uac/registration/account-row.ts';
import { challenge, grant, granting, Harness, type Registrar, row } from './support.ts';

const refusing: Registrar = () => ({ status: 403 });
const challengingThenSilent: Registrar = (request) =>
  request.authorization === '' ? challenge('realm="r", nonce="n1"') : null;

function bench(registrar: Registrar, over: Partial<AccountRow> = {}): Harness {
  const made = new Harness(registrar);
  made.engine.add(row('u1', over));
  made.advance(1000);
  return made;
}

function told(from: Harness): readonly (string | number)[] {
  const { state, lastCode, lastReason } = from.view();
  return [state, lastCode, lastReason];
}

describe('last answer of an account', () => {
  it('a challenge is none: it stays empty until the attempt has ended', () => {
    const one = bench(challengingThenSilent);
    assert.deepEqual(told(one), ['registering', 0, '']);
    one.advance(32_000);
    assert.deepEqual(told(one), ['retrying', 408, 'Request Timeout']);
  });

  it('a retry leaves what failed until it has ended, a success replaces status and reason', () => {
    const one = bench(refusing);
    assert.deepEqual(told(one), ['rejected', 403, 'Reason']);
    one.registrars.set('', (request) => ({ ...grant(request), after: 3000 }));
    while (one.view().state === 'rejected') one.advance(1000);
    assert.deepEqual(told(one), ['registering', 403, 'Reason']);
    one.advance(3000);
    assert.deepEqual(told(one), ['registered', 200, 'Reason']);
  });

  it('a target that is left behind mixes no status with the reason of another answer', async () => {
    const one = new Harness(granting);
    const first = { proto: 'udp', ip: '198.51.100.1', port: 5060, serverName: 'two.example' } as const;
    const second = { proto: 'udp', ip: '198.51.100.2', port: 5060, serverName: 'two.example' } as const;
    one.names.set('two.example', [first, second]);
    one.engine.add(row('u1', { proxy: 'sip:two.example' }));
    await one.settle();
    one.advance(1000);
    assert.deepEqual(told(one), ['registered', 200, 'Reason']);
    one.registrars.set('', () => null);
    one.engine.register('u1');
    await one.settle();
    // The first of the two is given up after 32 seconds.
    one.advance(40_000);
    assert.deepEqual(told(one), ['refreshing', 200, 'Reason']);
  });

  it('an operator or a changed row begins anew, but for an account that is well', () => {
    for (const act of ['enable', 'register', 'refresh'] as const) {
      const one = bench(refusing);
      one.registrars.set('', () => null);
      if (act === 'refresh') one.engine.refresh(row('u1', { authPassword: 'another' }));
      else one.engine[act]('u1');
      one.advance(100);
      assert.deepEqual(told(one), ['registering', 0, ''], act);
    }
    const well = bench(granting);
    well.registrars.set('', () => null);
    well.engine.enable('u1');
    assert.deepEqual(told(well), ['registered', 200, 'Reason']);
    well.engine.register('u1');
    well.advance(100);
    assert.deepEqual(told(well), ['refreshing', 200, 'Reason']);
  });

  it('what is wrong with a row has no status, and goes when the row is right', () => {
    const one = bench(granting);
    one.engine.refresh(row('u1', { proxy: 'tel:1' }));
    assert.deepEqual(told(one), ['faulty', 0, 'auth_proxy is no sip or sips URI']);
    one.registrars.set('', () => null);
    one.engine.refresh(row('u1'));
    one.advance(100);
    assert.deepEqual(told(one).slice(1), [0, '']);
  });
});
