/** The writer of calls over a store that fails as it is told to, on a fake clock. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DialogTable } from '../../src/dialog/dialog-table.ts';
import { DialogDatabase } from '../../src/modules/dialog/database.ts';
import type { DatabaseMode } from '../../src/modules/dialog/settings.ts';
import { dialogOfRow, rowOfDialog } from '../../src/modules/dialog/stored.ts';
import type { DialogKey, DialogRow, DialogStore } from '../../src/storage/dialog-store.ts';
import { StorageError, type StorageErrorCode } from '../../src/storage/errors.ts';
import { fakeTime } from '../../src/time/fake-clock.ts';
import { seededRandom } from '../../src/time/random.ts';
import { MemoryLog, SOCKET } from './support.ts';

class FakeStore implements DialogStore {
  readonly name = 'table dialog of test';
  readonly rows = new Map<number, DialogRow>();
  readonly calls: string[] = [];
  fault: StorageErrorCode | null = null;
  closed = false;

  private async do(what: string): Promise<void> {
    this.calls.push(what);
    await Promise.resolve();
    if (this.fault !== null) throw new StorageError(this.fault, 'down');
  }

  async readAll(take: (rows: readonly DialogRow[]) => void): Promise<void> {
    await this.do('read');
    take([...this.rows.values()]);
  }

  async save(row: DialogRow): Promise<void> {
    await this.do(`save ${row.callId}`);
    this.rows.set(row.id, row);
  }

  async delete(key: DialogKey): Promise<void> {
    await this.do('delete');
    this.rows.delete(key.id);
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 60; i++) await Promise.resolve();
};

function bench(mode: DatabaseMode, store = new FakeStore(), skipLoad = false) {
  const { clock, wheel } = fakeTime();
  const log = new MemoryLog();
  const settings = { timeouts: { early: 300, noAck: 60, end: 300 }, slots: 16, idStart: 0, idStep: 1 };
  const table = new DialogTable({ wheel, random: seededRandom(1), settings });
  table.profiles.define('user', true);
  const parts = { store, table, mode, period: 60, skipLoad, lifetime: 100, sockets: [SOCKET], wheel, log };
  const database = new DialogDatabase(parts);
  const timedOut: string[] = [];
  table.listener = {
    expiring: () => {},
    timedOut: (dialog, change) => timedOut.push(`${change} ${dialog.callId}`),
    changed: (dialog) => database.changed(dialog),
    removed: (dialog) => database.changed(dialog),
  };
  const call = (callId: string) => {
    const dialog = table.create({ callId, fromUri: 'sip:a@x', toUri: 'sip:b@x', requestUri: 'sip:b@y' }, 100);
    dialog.caller.tag = 'F';
    dialog.callee.tag = 'T';
    table.apply(dialog, 'answered');
    table.apply(dialog, 'acked');
    return dialog;
  };
  const pass = async (seconds: number): Promise<void> => {
    for (let i = 0; i < seconds; i++) {
      clock.advance(1000);
      await settle();
    }
  };
  return { store, table, database, log, call, pass, timedOut, clock };
}

describe('when calls are written', () => {
  test('mode 1: at once, the latest state, and gone at the end', async () => {
    const { store, table, database, call } = bench(1);
    const dialog = call('a');
    dialog.setVariable('x', '1');
    await settle();
    assert.equal(store.rows.get(dialog.id)?.variables.get('x'), '1');
    assert.equal(store.rows.get(dialog.id)?.state, 4);
    table.apply(dialog, 'bye');
    await settle();
    assert.equal(store.rows.size, 0);
    assert.equal(database.waiting, 0);
  });

  test('mode 2: each period; what ended before it was never written', async () => {
    const { store, table, call, pass } = bench(2);
    const [stays, ends] = [call('stays'), call('ends')];
    table.apply(ends, 'bye');
    await pass(59);
    assert.deepEqual([...store.rows.keys()], []);
    await pass(2);
    assert.deepEqual([...store.rows.keys()], [stays.id]);
    table.apply(stays, 'bye');
    await pass(60);
    assert.equal(store.rows.size, 0);
  });

  test('mode 3: when the server stops', async () => {
    const { store, database, call, pass } = bench(3);
    call('a');
    await pass(70);
    assert.equal(store.rows.size, 0);
    await database.flush();
    assert.equal(store.rows.size, 1);
    await database.close();
    assert.ok(store.closed);
  });

  test('a call that is not answered is not written', async () => {
    const { store, table } = bench(1);
    const dialog = table.create({ callId: 'c', fromUri: 'sip:a@x', toUri: 'sip:b@x', requestUri: 'sip:b@y' }, 100);
    dialog.setVariable('x', '1');
    table.apply(dialog, 'ringing');
    table.apply(dialog, 'refused');
    await settle();
    assert.deepEqual(store.calls, []);
  });
});

describe('a database that fails', () => {
  test('nothing is lost: it is tried again with growing pauses, and said once', async () => {
    const { store, table, database, log, call, pass } = bench(1);
    store.fault = 'STORAGE_UNREACHABLE';
    const [a, b] = [call('a'), call('b')];
    await pass(45);
    const tries = store.calls.length;
    assert.ok(tries > 4 && tries < 40, `${tries} tries in 45 s`);
    assert.deepEqual(
      log.codes.filter((code) => code !== ''),
      ['STORAGE_UNREACHABLE'],
    );
    b.setVariable('x', 'latest');
    table.apply(a, 'bye');
    store.fault = null;
    await pass(31);
    assert.deepEqual([...store.rows.keys()], [b.id]);
    assert.equal(store.rows.get(b.id)?.variables.get('x'), 'latest');
    assert.equal(database.waiting, 0);
    assert.ok(log.lines.some((line) => /works again/.test(line)));
  });

  test('a row that the database refuses is told and left out; the others go on', async () => {
    const { store, database, log, call } = bench(1);
    store.fault = 'STORAGE_STATEMENT';
    call('bad');
    await settle();
    store.fault = null;
    const good = call('good');
    await settle();
    assert.deepEqual([...store.rows.keys()], [good.id]);
    assert.ok(log.codes.includes('DIALOG_STORE'));
    assert.equal(database.waiting, 0);
  });

  test('a server that stops does not wait for a database that is away', async () => {
    const { store, database, call } = bench(3);
    call('a');
    store.fault = 'STORAGE_TIMEOUT';
    await database.flush();
    await database.close();
  });
});

describe('calls of an earlier life', () => {
  test('go on with everything: sides, numbers, texts, flags, profiles, and what is left of their lifetime', async () => {
    const first = bench(1);
    const dialog = first.call('a');
    Object.assign(dialog.caller, {
      contact: 'sip:a@1.1.1.1',
      cseq: 7,
      seen: 701,
      socket: SOCKET,
      self: '"A, \xc3\xbc" <sip:a@x>',
    });
    Object.assign(dialog.callee, {
      contact: 'sip:b@2.2.2.2',
      cseq: 700,
      seen: 9,
      routes: ['"R,1" <sip:r@x;lr>', '<sip:q;lr>'],
    });
    dialog.callee.peer = 'Anon <sip:anon@x>';
    dialog.otherTags = ['T2'];
    dialog.timeoutRoute = 'DTO';
    dialog.properties = 9;
    dialog.flags = 8;
    first.table.addToProfile(dialog, { profile: 'user', value: 'u' });
    dialog.setVariable('note', 'x');
    await first.pass(40);
    const second = bench(1, first.store);
    second.clock.advance(first.clock.wall() - second.clock.wall() + 20_000);
    await second.database.load();
    const found = second.table.match('a', 'F', 'T')?.dialog;
    assert.ok(found);
    const known = (one: typeof dialog): unknown => ({ ...rowOfDialog(one) });
    assert.deepEqual(known(found), known(dialog));
    assert.deepEqual(
      [found.caller, found.callee],
      [
        { ...dialog.caller, peer: '<sip:b@x>' },
        { ...dialog.callee, self: '<sip:b@x>' },
      ],
    );
    assert.equal(second.table.profiles.size('user', 'u'), 1);
    assert.equal(second.table.counters.active, 1);
    await second.pass(39);
    assert.deepEqual(second.timedOut, []);
    await second.pass(3);
    assert.deepEqual(second.timedOut, ['expired a']);
    assert.equal(first.store.rows.size, 0);
  });

  test('a database that is away at the start is read later, and what began meanwhile stays', async () => {
    const first = bench(1);
    first.call('old');
    await settle();
    const { store } = first;
    store.fault = 'STORAGE_UNREACHABLE';
    const second = bench(1, store);
    await second.database.load();
    const fresh = second.call('new');
    store.fault = null;
    await second.pass(5);
    assert.deepEqual([...second.table.all()].map(({ callId }) => callId).sort(), ['new', 'old']);
    assert.ok(store.rows.has(fresh.id));
  });

  test('a row that is no call is removed, not taken', async () => {
    const first = bench(1);
    const dialog = first.call('a');
    await settle();
    first.store.rows.set(dialog.id, { ...rowOfDialog(dialog), state: 5 });
    const second = bench(1, first.store);
    await second.database.load();
    await settle();
    assert.deepEqual([second.table.size, first.store.rows.size], [0, 0]);
  });

  test('rows of Kamailio: the caller as uac showed it, profiles of its JSON', () => {
    const { table } = bench(0);
    const base = rowOfDialog(bench(0).call('k'));
    const found = dialogOfRow(
      {
        ...base,
        callerSocket: 'udp:127.0.0.1:5060',
        extra: '{"profiles":[{"name":"user","value":"alice","puid":"dlgp-1"},{"name":"other","puid":"x"}, 5]}',
        variables: new Map([
          ['_uac_fu', 'sip:alice@a.example'],
          ['_uac_funew', 'sip:anon@example.org'],
        ]),
      },
      table,
      { sockets: [SOCKET], profiles: table.profiles, lifetime: 50 },
    );
    assert.ok(found);
    assert.equal(found.callee.peer, '<sip:anon@example.org>');
    assert.equal(found.caller.socket, SOCKET);
    assert.deepEqual(found.profiles, [{ profile: 'user', value: 'alice' }]);
    assert.equal(found.lifetime, 50);
    for (const extra of ['{', 'null', '{"profiles":5}', '[]'])
      assert.deepEqual(
        dialogOfRow({ ...base, extra }, table, { sockets: [], profiles: table.profiles, lifetime: 1 })?.profiles,
        [],
      );
  });
});
