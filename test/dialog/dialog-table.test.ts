import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CallDialog } from '../../src/dialog/call-dialog.ts';
import { DialogTable } from '../../src/dialog/dialog-table.ts';
import { fakeTime } from '../../src/time/fake-clock.ts';
import { seededRandom } from '../../src/time/random.ts';

const SETTINGS = { timeouts: { early: 300, noAck: 60, end: 300 }, slots: 4096, idStart: 0, idStep: 1 };

function bench(settings = SETTINGS) {
  const { clock, wheel } = fakeTime();
  const table = new DialogTable({ wheel, random: seededRandom(3), settings });
  const told: string[] = [];
  table.listener = {
    expiring: (dialog) => told.push(`expiring ${dialog.callId}`),
    timedOut: (dialog, change) => told.push(`${change} ${dialog.callId}`),
    changed: () => {},
    removed: (dialog) => told.push(`removed ${dialog.callId}`),
  };
  const make = (callId: string, lifetime = 100, tag = 'F'): CallDialog => {
    const dialog = table.create({ callId, fromUri: 'sip:a@x', toUri: 'sip:b@x', requestUri: 'sip:b@y' }, lifetime);
    dialog.caller.tag = tag;
    return dialog;
  };
  return { table, told, make, pass: (seconds: number) => clock.advance(seconds * 1000), wheel };
}

describe('matching', () => {
  test('by number, and by tags in both directions', () => {
    const { table, make } = bench();
    const dialog = make('c');
    assert.equal(table.byNumber(dialog), dialog);
    assert.equal(table.byNumber({ entry: dialog.entry, id: dialog.id + 1 }), null);
    dialog.callee.tag = 'T';
    assert.equal(table.match('c', 'F', 'T')?.side, 'caller');
    assert.equal(table.match('c', 'T', 'F')?.side, 'callee');
    for (const [from, to] of [
      ['F', 'x'],
      ['x', 'F'],
      ['T', 'x'],
      ['x', 'y'],
    ] as const)
      assert.equal(table.match('c', from, to), null);
    assert.equal(table.match('other', 'F', 'T'), null);
  });

  test('before the answer any tag of the called side, later those of the other answers as well', () => {
    const { table, make } = bench();
    const dialog = make('c');
    assert.equal(table.match('c', 'F', 'anything')?.side, 'caller');
    assert.equal(table.match('c', 'anything', 'F')?.side, 'callee');
    dialog.callee.tag = 'T';
    dialog.otherTags = ['T2'];
    assert.equal(table.match('c', 'T2', 'F')?.side, 'callee');
    assert.equal(table.match('c', 'T3', 'F'), null);
  });

  test('a call under way before one of the same Call-ID that is over', () => {
    const { table, make } = bench();
    const first = make('c');
    table.apply(first, 'refused');
    const second = make('c');
    assert.equal(table.match('c', 'F', 'T')?.dialog, second);
    assert.equal(table.begunBy('c', 'F'), second);
  });

  test("slots are Kamailio's", () => {
    const { make } = bench();
    assert.deepEqual(
      ['c1795229126754179393@x', 'c1795229277789903601@x', 'c1795230547155049630@x'].map((id) => make(id).entry),
      [1997, 643, 787],
    );
  });

  test('numbers begin and step as they are told to', () => {
    const { make } = bench({ ...SETTINGS, idStart: 3, idStep: 10 });
    const [a, b] = [make('a'), make('b')];
    assert.equal(a.id % 10, 3);
    assert.equal(b.id - a.id, 10);
  });
});

describe('timers', () => {
  test('no final reply: lost after early_timeout', () => {
    const { table, told, make, pass } = bench();
    make('c');
    pass(299);
    assert.deepEqual(told, []);
    pass(2);
    assert.deepEqual(told, ['lost c']);
    pass(6);
    assert.equal(table.size, 0);
    assert.deepEqual(told, ['lost c', 'removed c']);
  });

  test('no ACK: some last seconds after noack_timeout', () => {
    const { table, told, make, pass } = bench();
    const dialog = make('c');
    table.apply(dialog, 'answered');
    pass(61);
    assert.equal(dialog.lifetime, 10);
    assert.deepEqual(told, []);
    pass(11);
    assert.deepEqual(told, ['expiring c', 'expired c']);
    assert.equal(table.counters.expired, 1);
  });

  test('the lifetime runs from the answer, and a request begins it anew', () => {
    const { table, told, make, pass } = bench();
    const dialog = make('c', 100);
    pass(50);
    table.apply(dialog, 'answered');
    table.apply(dialog, 'acked');
    pass(90);
    table.startLifetime(dialog, dialog.lifetime);
    pass(90);
    assert.deepEqual(told, []);
    pass(11);
    assert.deepEqual(told, ['expiring c', 'expired c']);
  });

  test('an ACK in time: nothing of noack_timeout is left', () => {
    const { table, told, make, pass } = bench();
    const dialog = make('c', 1000);
    table.apply(dialog, 'answered');
    pass(30);
    table.apply(dialog, 'acked');
    pass(960);
    assert.deepEqual(told, []);
    pass(11);
    assert.deepEqual(told, ['expiring c', 'expired c']);
  });

  test('whoever is told of the end may put it off, or end the call otherwise', () => {
    const { table, told, make, pass } = bench();
    const [later, bye] = [make('later', 10), make('bye', 10)];
    for (const dialog of [later, bye]) {
      table.apply(dialog, 'answered');
      table.apply(dialog, 'acked');
    }
    table.listener!.expiring = (dialog) => {
      if (dialog === bye) table.apply(dialog, 'bye');
      else table.setLifetime(dialog, 50);
    };
    pass(11);
    assert.deepEqual(told, []);
    assert.deepEqual([later.state, bye.state, later.lifetime], [4, 5, 50]);
    assert.equal(table.counters.expired, 0);
  });

  test('no timer stays when everything is over', () => {
    const { table, make, pass, wheel } = bench();
    for (const name of ['a', 'b', 'c']) table.apply(make(name), name === 'a' ? 'refused' : 'answered');
    pass(500);
    assert.deepEqual([table.size, wheel.size], [0, 0]);
  });
});

test('counters and profiles follow the states', () => {
  const { table, make } = bench();
  table.profiles.define('user', true);
  table.profiles.define('all', false);
  const [a, b] = [make('a'), make('b')];
  for (const dialog of [a, b]) {
    table.addToProfile(dialog, table.profiles.link('user', 'u')!);
    table.addToProfile(dialog, table.profiles.link('all', 'ignored')!);
  }
  assert.deepEqual([table.profiles.size('user', 'u'), table.profiles.size('user', 'x')], [2, 0]);
  assert.deepEqual([table.profiles.size('all', 'x'), table.profiles.size('none', null)], [2, null]);
  assert.equal(table.profiles.link('user', null), null);
  table.apply(a, 'ringing');
  assert.deepEqual({ ...table.counters }, { early: 1, active: 0, processed: 2, failed: 0, expired: 0 });
  table.apply(a, 'answered');
  table.apply(b, 'refused');
  assert.deepEqual({ ...table.counters }, { early: 0, active: 1, processed: 2, failed: 1, expired: 0 });
  assert.equal(table.profiles.size('user', 'u'), 1);
  table.removeFromProfile(a, { profile: 'user', value: 'u' });
  assert.equal(table.removeFromProfile(a, { profile: 'user', value: 'u' }), false);
  assert.equal(table.profiles.size('user', null), 0);
  table.remove(a);
  assert.deepEqual([table.counters.active, table.profiles.size('all', null)], [0, 0]);
});
