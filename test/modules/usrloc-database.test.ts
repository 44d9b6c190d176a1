/** usrloc with a database: what is written when, and what is read. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { usrloc } from '../../src/modules/usrloc.ts';
import { openDatabase } from '../../src/storage/database.ts';
import type { SqlDatabase, SqlValue } from '../../src/storage/sql-database.ts';
import { startDatabase, type TestDatabase } from '../support/databases.ts';
import { byConnection, RegistrarBench } from './registrar-bench.ts';

const A = '<sip:a@192.0.2.1>';
const B = '<sip:b@192.0.2.2>';

/** Waits until something holds; the test's own time limit ends it. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('usrloc and its database', { timeout: 60_000 }, () => {
  let place: TestDatabase;
  const benches: RegistrarBench[] = [];
  before(async () => {
    place = await startDatabase('sqlite');
  });
  after(async () => {
    for (const bench of benches) await bench.end();
    await place?.destroy();
  });

  type Parameters = Readonly<Record<string, number | string>>;

  async function server(url: string, mode: number, more: Parameters = {}, serverId = 0): Promise<RegistrarBench> {
    const bench = new RegistrarBench({ db_url: url, db_mode: mode, ...more }, {}, serverId);
    benches.push(bench);
    await bench.module.location.ready();
    return bench;
  }

  async function rows(url: string, columns = 'contact', table = 'location'): Promise<readonly (readonly SqlValue[])[]> {
    const database: SqlDatabase = openDatabase(url);
    try {
      return (await database.query(`SELECT ${columns} FROM ${table} ORDER BY id`)).rows;
    } finally {
      await database.close();
    }
  }

  async function run(url: string, sql: string): Promise<void> {
    const database = openDatabase(url);
    await database.query(sql);
    await database.close();
  }

  test('db_mode 1: written before the reply, read by the next life', async () => {
    const url = await place.fresh();
    const first = await server(url, 1);
    assert.equal(await first.save(first.register(A)), 1);
    assert.deepEqual(await rows(url), [['sip:a@192.0.2.1']]);
    const second = await server(url, 1);
    assert.equal((await second.found()).target.uri, 'sip:a@192.0.2.1');
    assert.equal(await second.save(second.register(`${A};expires=0`)), 3);
    assert.deepEqual(await rows(url), []);
  });

  test('db_mode 2: written every timer_interval, and at the stop', async () => {
    const url = await place.fresh();
    const bench = await server(url, 2, { timer_interval: 30 });
    assert.equal(await bench.save(bench.register(A)), 1);
    bench.host.clock.advance(29_000);
    assert.deepEqual(await rows(url), []);
    bench.host.clock.advance(2_000);
    await until(async () => (await rows(url)).length === 1);
    await bench.save(bench.register(B));
    assert.deepEqual(await rows(url), [['sip:a@192.0.2.1']]);
    await bench.end();
    assert.deepEqual(await rows(url), [['sip:a@192.0.2.1'], ['sip:b@192.0.2.2']]);
  });

  test('db_mode 2: what is saved while the server stops is written before its reply', async () => {
    const url = await place.fresh();
    const bench = await server(url, 2, { timer_interval: 30 });
    await usrloc.definition.drain?.(bench.module, 1000);
    assert.equal(await bench.save(bench.register(A)), 1);
    assert.deepEqual(await rows(url), [['sip:a@192.0.2.1']]);
    assert.equal(await bench.save(bench.register(`${A};expires=0`)), 3);
    assert.deepEqual(await rows(url), []);
  });

  test('handle_lost_tcp: contacts stay when it is the server that stops', async () => {
    const url = await place.fresh();
    const bench = await server(url, 1, { handle_lost_tcp: 1 });
    await bench.save(bench.register(A, '', byConnection(7)));
    await usrloc.definition.drain?.(bench.module, 1000);
    for (const listener of bench.host.ends) listener(7);
    await bench.end();
    assert.deepEqual(bench.ended, []);
    assert.deepEqual(await rows(url), [['sip:a@192.0.2.1']]);
  });

  for (const [database, isDown] of [
    ['slow', false],
    ['down for the one before', true],
  ] as const) {
    test(`a reload that keeps contacts otherwise takes up none that is gone: the database is ${database}`, async () => {
      const url = await place.fresh();
      const bench = await server(url, 2, { timer_interval: 30 });
      await bench.save(bench.register(A));
      await bench.save(bench.register(B));
      const { location, settings, host } = bench.module;
      assert.equal(await location.flush(), true);
      assert.equal(await bench.save(bench.register(`${A};expires=0`)), 3);
      const { writer } = location.table('location');
      assert.ok(writer !== null);
      const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
      const flush = writer.flush.bind(writer);
      Object.assign(writer, { flush: () => answered.then(() => (isDown ? false : flush())) });
      location.configure(host, { ...settings, databaseMode: 1 });
      const ready = location.ready();
      for (let turn = 0; turn < 5; turn++) assert.equal((await rows(url)).length, 2);
      answer();
      await ready;
      assert.deepEqual(bench.contacts, ['sip:b@192.0.2.2']);
      await bench.end();
      assert.deepEqual(await rows(url), [['sip:b@192.0.2.2']]);
    });
  }

  test('db_mode 3: servers that share a database see each other’s contacts, and rows that nobody keeps go', async () => {
    const url = await place.fresh();
    const one = await server(url, 3, { rm_expired_delay: 30 });
    const two = await server(url, 3, { rm_expired_delay: 30 });
    await one.save(one.register(`${A};expires=60`));
    assert.equal((await two.found()).target.uri, 'sip:a@192.0.2.1');
    await two.save(two.register(`${A};expires=0`));
    assert.equal((await one.found()).code, -1);
    await one.save(one.register(`${B};expires=60`));
    assert.equal((await two.found()).target.uri, 'sip:b@192.0.2.2');
    // The first server dies; its contact ends.
    two.host.clock.advance(62_000);
    assert.deepEqual(two.contacts, []);
    await two.module.location.flush();
    assert.deepEqual(await rows(url), [['sip:b@192.0.2.2']], 'within rm_expired_delay');
    two.host.clock.advance(32_000);
    await until(async () => (await rows(url)).length === 0);
  });

  test('db_mode 3: what only memory knows of a contact stays when its row is read again', async () => {
    const url = await place.fresh();
    const bench = new RegistrarBench({ db_url: url, db_mode: 3, handle_lost_tcp: 1 }, { lookup_filter_mode: 2 });
    benches.push(bench);
    await bench.module.location.ready();
    assert.equal(await bench.save(bench.register(A, '', byConnection(7))), 1);
    const known = bench.contact('sip:a@192.0.2.1');
    assert.ok(known !== undefined);
    Object.assign(known, { seen: known.seen + 5, roundTrip: 1500 });
    for (let time = 0; time < 2; time++) assert.equal((await bench.found()).code, 1);
    const { seen, roundTrip } = bench.contact('sip:a@192.0.2.1') ?? {};
    assert.deepEqual([seen, roundTrip], [known.seen, 1500]);
    for (const listener of bench.host.ends) listener(7);
    assert.deepEqual(bench.ended, ['sip:a@192.0.2.1']);
    assert.equal((await bench.found()).code, -1);
    // Another server takes it since: the connection of here is not its way any more.
    await bench.save(bench.register(A, '', byConnection(8)));
    await bench.module.location.flush();
    await run(url, "UPDATE location SET callid = 'other', server_id = 9");
    assert.equal((await bench.found()).code, -1);
  });

  test('db_mode 3: a contact whose row is being deleted is not taken up again', async () => {
    const url = await place.fresh();
    const bench = await server(url, 3);
    await bench.save(bench.register(A));
    const { store } = bench.module.location.table('location');
    assert.ok(store !== null);
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
    const remove = store.delete.bind(store);
    const asked = new Promise<void>((resolve) => {
      Object.assign(store, {
        delete: (ruids: readonly string[]) => {
          resolve();
          return answered.then(() => remove(ruids));
        },
      });
    });
    const saved = bench.save(bench.register(`${A};expires=0`));
    await asked;
    assert.equal((await bench.found()).code, -1);
    answer();
    assert.equal(await saved, 3);
    assert.deepEqual(await rows(url), []);
  });

  test('a contact of the life before is asked whether it is there before it is given up (ka_timeout)', async () => {
    const url = await place.fresh();
    const first = await server(url, 1);
    await first.save(first.register(A));
    await run(url, 'UPDATE location SET last_modified = last_modified - 0.01');
    const second = await server(url, 1, { ka_mode: 1, ka_timeout: 3 });
    second.host.clock.advance(1100);
    assert.deepEqual(
      second.begun.map(({ ruri }) => ruri),
      ['sip:a@192.0.2.1'],
    );
    second.host.clock.advance(5000);
    assert.deepEqual(second.ended, ['sip:a@192.0.2.1']);
  });

  test('db_mode 4: read at the start, never written', async () => {
    const url = await place.fresh();
    const writer = await server(url, 1);
    await writer.save(writer.register(A));
    const reader = await server(url, 4);
    assert.equal((await reader.found()).target.uri, 'sip:a@192.0.2.1');
    assert.equal(await reader.save(reader.register(B)), 1);
    assert.equal(await reader.save(reader.register(`${A};expires=0`)), 3);
    assert.deepEqual(reader.contacts, ['sip:b@192.0.2.2']);
    reader.host.clock.advance(60_000);
    await reader.end();
    assert.deepEqual(await rows(url), [['sip:a@192.0.2.1']]);
  });

  test('save() with flag 1 is for memory only', async () => {
    const url = await place.fresh();
    const bench = await server(url, 1);
    assert.equal(await bench.save(bench.register(A), '0x01'), 1);
    assert.equal(await bench.save(bench.register(B)), 1);
    assert.equal(bench.contact('sip:a@192.0.2.1')?.flags, 1);
    await bench.end();
    assert.deepEqual(await rows(url), [['sip:b@192.0.2.2']]);
  });

  test('xavp_contact: attributes are in location_attrs, and come back with the next life', async () => {
    const url = await place.fresh();
    const first = await server(url, 1, { xavp_contact: 'kept' });
    const ctx = first.register(A);
    ctx.state.attributes.xavps.push(
      'kept',
      new Map<string, (string | number)[]>([
        ['color', ['r\xc3\xb6t', 'blue']],
        ['size', [7]],
      ]),
    );
    await first.save(ctx);
    assert.deepEqual(await rows(url, 'username, aname, atype, avalue', 'location_attrs'), [
      ['bob', 'color', 0, 'röt'],
      ['bob', 'color', 0, 'blue'],
      ['bob', 'size', 1, '7'],
    ]);
    for (const mode of [1, 3]) {
      const second = await server(url, mode, { xavp_contact: 'kept' });
      const [record] = (await second.found()).state.attributes.xavps.records('kept');
      assert.deepEqual(
        [...(record ?? [])],
        [
          ['color', ['r\xc3\xb6t', 'blue']],
          ['size', [7]],
        ],
      );
    }
    const third = await server(url, 1, { xavp_contact: 'kept' });
    await third.save(third.register(`${A};expires=0`));
    assert.deepEqual(await rows(url, 'aname', 'location_attrs'), []);
  });

  test('what is not read at the start', async () => {
    const url = await place.fresh();
    const writer = await server(url, 1, {}, 3);
    await writer.save(writer.register(A));
    await writer.save(writer.register(B, '', byConnection(7)));
    await run(url, "UPDATE location SET server_id = 4, socket = 'udp:10.1.1.1:5060' WHERE contact LIKE '%a@%'");
    assert.deepEqual((await server(url, 4, {}, 3)).contacts, ['sip:a@192.0.2.1', 'sip:b@192.0.2.2']);
    assert.deepEqual((await server(url, 4, { server_id_filter: 1 }, 3)).contacts, ['sip:b@192.0.2.2']);
    assert.deepEqual((await server(url, 4, { skip_remote_socket: 1 }, 3)).contacts, ['sip:b@192.0.2.2']);
    assert.deepEqual((await server(url, 4, { db_load: 0 }, 3)).contacts, []);
    assert.deepEqual((await server(url, 4, { db_clean_tcp: 1 }, 3)).contacts, ['sip:a@192.0.2.1']);
    assert.equal((await rows(url)).length, 2, 'db_mode 4 deletes nothing');
    assert.deepEqual((await server(url, 1, { db_clean_tcp: 1 }, 3)).contacts, ['sip:a@192.0.2.1']);
    assert.deepEqual(await rows(url), [['sip:a@192.0.2.1']]);
  });

  test('db_timer_clean: rows that no server has in memory go when their time is over; with server_id_filter only own ones', async () => {
    const url = await place.fresh();
    const dead = await server(url, 1);
    await dead.save(dead.register(`${A};expires=60`));
    await dead.save(dead.register(`${B};expires=60`));
    await run(url, "UPDATE location SET server_id = 4 WHERE contact LIKE '%a@%'");
    const filter = { db_load: 0, db_timer_clean: 1, server_id_filter: 1 };
    const living = await server(url, 1, filter);
    living.host.clock.advance(62_000);
    await until(async () => (await rows(url)).length === 1);
    assert.deepEqual(await rows(url), [['sip:a@192.0.2.1']]);
    const without = await server(url, 1, { db_load: 0 });
    without.host.clock.advance(62_000);
    const all = await server(url, 1, { db_load: 0, db_timer_clean: 1 });
    all.host.clock.advance(62_000);
    await until(async () => (await rows(url)).length === 0);
  });

  test('expires_type 1: times are seconds', async () => {
    const url = await place.fresh();
    const first = await server(url, 1, { expires_type: 1 });
    await first.save(first.register(`${A};expires=100`));
    const { now } = first.module.location;
    assert.deepEqual(await rows(url, 'expires, last_modified'), [[now + 100, now]]);
    const second = await server(url, 1, { expires_type: 1 });
    assert.equal(second.contact('sip:a@192.0.2.1')?.expires, now + 100);
  });

  test('preload: tables that are read at the start', async () => {
    const url = await place.fresh();
    const bench = new RegistrarBench({ db_url: url, db_mode: 1, preload: ['fixed'] });
    benches.push(bench);
    await bench.module.location.ready();
    assert.deepEqual(
      [...bench.module.location.all()].map(({ name }) => name),
      ['location', 'fixed'],
    );
    assert.deepEqual(await rows(url, 'contact', 'fixed'), []);
  });
});
