import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock } from '../../src/time/fake-clock.ts';
import { Blocklist } from '../../src/transport/index.ts';

const A = { proto: 'udp', ip: '192.0.2.1', port: 5060 } as const;
const B = { proto: 'tcp', ip: '192.0.2.1', port: 5060 } as const;

describe('block list', () => {
  it('an entry holds for its time, for one protocol, address and port', () => {
    const clock = new FakeClock();
    const list = new Blocklist(clock, 1000);
    list.deny(A);
    assert.equal(list.has(A), true);
    assert.equal(list.has(B), false);
    assert.deepEqual(list.entries(), [{ target: 'udp 192.0.2.1 5060', left: 1000 }]);
    clock.advance(999);
    list.deny(A, 500);
    clock.advance(499);
    assert.equal(list.has(A), true);
    clock.advance(1);
    assert.equal(list.has(A), false);
    assert.equal(list.isEmpty, true);
  });

  it('a time of 0 denies nothing; the list does not grow for ever', () => {
    const list = new Blocklist(new FakeClock(), 0);
    list.deny(A);
    assert.equal(list.isEmpty, true);
    for (let i = 0; i < 10_050; i++) list.deny({ proto: 'udp', ip: '192.0.2.1', port: i }, 1000);
    assert.equal(list.entries().length, 10_000);
    assert.equal(list.has({ proto: 'udp', ip: '192.0.2.1', port: 0 }), false);
    list.clear();
    assert.equal(list.isEmpty, true);
  });
});
