import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { ALL_METHODS, type BindingRow } from '../../src/registrar/binding.ts';
import { Bindings } from '../../src/registrar/bindings.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { openLocationStore } from '../../src/storage/location.ts';
import { initLocationTables } from '../../src/storage/location-tables.ts';
import { LocationWriter } from '../../src/storage/location-writer.ts';
import type { DatabaseKind } from '../../src/storage/sql-database.ts';
import { makeVersionTable } from '../../src/storage/tables.ts';
import { realClock } from '../../src/time/clock.ts';
import { HashedTimerWheel } from '../../src/time/hashed-timer-wheel.ts';
import { databaseSkip, startDatabase, type TestDatabase } from '../support/databases.ts';

const NOW = Math.floor(Date.now() / 1000);

function row(ruid: string, over: Partial<BindingRow> = {}): BindingRow {
  return {
    ruid,
    aor: 'bob@example.com',
    uri: `sip:bob@192.0.2.1;x=${ruid}`,
    expires: NOW + 3600,
    q: 250,
    callId: 'call@h',
    cseq: 7,
    flags: 0,
    cflags: 64,
    userAgent: 'Phone "1" \xc3\xa9 ? $1',
    received: 'sip:198.51.100.1:4711;transport=tcp',
    path: '<sip:10.9.9.9;lr>,<sip:10.9.9.8;lr>',
    socket: 'udp:192.0.2.9:5060',
    methods: 5,
    instance: '<urn:uuid:1>',
    regId: 2,
    serverId: 3,
    connection: -1,
    modified: NOW,
    ...over,
  };
}

const BARE = { q: -1, received: '', path: '', socket: '', methods: ALL_METHODS, instance: '', regId: 0, expires: 0 };

/** Statements of a script of Kamailio's. */
const SCRIPTS: Readonly<Record<DatabaseKind, string>> = {
  sqlite: '/usr/share/kamailio/db_sqlite',
  mysql: '/usr/share/kamailio/mysql',
  postgres: '/usr/share/kamailio/postgres',
};

for (const kind of ['sqlite', 'postgres', 'mysql'] as const) {
  describe(`contacts in ${kind}`, { skip: databaseSkip(kind), timeout: 120_000 }, () => {
    let place: TestDatabase;
    before(async () => {
      place = await startDatabase(kind);
    });
    after(() => place?.destroy());

    async function read(url: string, useDomain = true): Promise<BindingRow[]> {
      const rows: BindingRow[] = [];
      const store = openLocationStore(url, { useDomain });
      await store.readAll((some) => {
        rows.push(...some);
      });
      await store.close();
      return rows.sort((a, b) => (a.ruid < b.ruid ? -1 : 1));
    }

    test('tables are made once; what was written is read, changed and deleted', async () => {
      const url = await place.fresh();
      assert.deepEqual(await initLocationTables(url), [
        { table: 'location', made: true, version: 9 },
        { table: 'location_attrs', made: true, version: 1 },
      ]);
      assert.deepEqual(
        (await initLocationTables(url)).map(({ made }) => made),
        [false, false],
      );
      const store = openLocationStore(url, { useDomain: true });
      await store.write([row('a'), row('b', BARE), row('c', { aor: 'example.com' })]);
      assert.deepEqual(await read(url), [row('a'), row('b', BARE), row('c', { aor: 'example.com' })]);
      await store.write([row('a', { uri: 'sip:new@192.0.2.7', cseq: 8 })]);
      await store.delete(['b', 'never there']);
      assert.deepEqual(await store.read('bob@example.com'), [row('a', { uri: 'sip:new@192.0.2.7', cseq: 8 })]);
      await store.write([row('old', { expires: NOW - 10 })]);
      assert.deepEqual(await store.count(NOW), { users: 2, contacts: 3, expired: 1 });
      assert.equal(await store.deleteExpired(NOW), 1);
      await store.close();
      assert.deepEqual(
        (await read(url)).map(({ ruid }) => ruid),
        ['a', 'c'],
      );
      assert.deepEqual(
        (await read(url, false)).map(({ aor }) => aor),
        ['bob', ''],
      );
    });

    test('attributes of contacts, rows of one server, times in seconds', async () => {
      const url = await place.fresh();
      await initLocationTables(url);
      const layout = { useDomain: true, attributes: true };
      const store = openLocationStore(url, layout);
      const attributes = new Map<string, (string | number)[]>([
        ['color', ['r\xc3\xb6t', 'blue']],
        ['size', [7]],
      ]);
      const all = [row('a', { attributes }), row('b', { serverId: 4, attributes: new Map([['size', [8]]]) })];
      await store.write(all);
      const back = async (): Promise<readonly BindingRow[]> =>
        [...(await store.read('bob@example.com'))].sort((a, b) => (a.ruid < b.ruid ? -1 : 1));
      assert.deepEqual(await back(), all);
      // What is written again takes the place of what was there.
      await store.write([row('a')]);
      assert.deepEqual(await back(), [row('a'), all[1]]);
      const own = openLocationStore(url, { ...layout, ownId: 4 });
      const read: BindingRow[] = [];
      await own.readAll((rows) => void read.push(...rows));
      assert.deepEqual(read, [all[1]]);
      await store.write([
        row('a', { expires: NOW - 5, attributes }),
        row('b', { expires: NOW - 5, serverId: 4, attributes: new Map([['size', [8]]]) }),
      ]);
      assert.equal(await own.deleteExpired(NOW), 1);
      // What was kept with a contact goes with it.
      assert.deepEqual((await store.read('bob@example.com'))[0]?.attributes, attributes);
      const beside = openDatabase(url);
      assert.deepEqual((await beside.query("SELECT COUNT(*) FROM location_attrs WHERE ruid = 'b'")).rows, [[0]]);
      await beside.close();
      assert.deepEqual(
        (await back()).map(({ ruid }) => ruid),
        ['a'],
      );
      await store.delete(['a']);
      await own.close();
      await store.close();
      const database = openDatabase(url);
      assert.deepEqual((await database.query('SELECT COUNT(*) FROM location_attrs WHERE ruid = ?', ['a'])).rows, [[0]]);
      if (kind !== 'sqlite') {
        for (const name of ['expires', 'last_modified']) {
          await database.query(`ALTER TABLE location DROP COLUMN ${name}`);
          await database.query(`ALTER TABLE location ADD COLUMN ${name} BIGINT DEFAULT 0`);
        }
      }
      const plain = openLocationStore(database, { useDomain: true, plainTimes: true });
      await plain.write([row('s'), row('old', { expires: NOW - 5 }), row('ever', { expires: 0 })]);
      const { rows } = await database.query("SELECT expires FROM location WHERE ruid = 's'");
      assert.equal(Number(rows[0]?.[0]), NOW + 3600);
      assert.equal(await plain.deleteExpired(NOW), 1);
      assert.deepEqual((await plain.read('bob@example.com')).map(({ ruid, expires }) => [ruid, expires]).sort(), [
        ['ever', 0],
        ['s', NOW + 3600],
      ]);
      await plain.close();
    });

    test("Kamailio's own table takes contacts", async (t) => {
      const script = `${SCRIPTS[kind]}/usrloc-create.sql`;
      let text: string;
      try {
        text = readFileSync(script, 'utf8');
      } catch {
        t.skip(`${script} is not there`);
        return;
      }
      const url = await place.fresh();
      const database = openDatabase(url);
      await makeVersionTable(database);
      for (const statement of text.split(/;[ \t]*\n/).filter((part) => part.trim() !== ''))
        await database.query(statement);
      await database.close();
      const store = openLocationStore(url, { useDomain: true });
      await store.write([row('a'), row('b', BARE)]);
      await store.close();
      assert.deepEqual(await read(url), [row('a'), row('b', BARE)]);
    });

    test('a thousand contacts in groups; long texts are cut', async () => {
      const url = await place.fresh();
      await initLocationTables(url);
      const store = openLocationStore(url, { useDomain: true });
      await store.write(Array.from({ length: 1234 }, (_, n) => row(`r${n}`, { aor: `u${n}@example.com` })));
      await store.write([row('long', { userAgent: 'x'.repeat(900) })]);
      assert.equal((await store.count(NOW)).contacts, 1235);
      await store.close();
      assert.equal((await read(url)).find(({ ruid }) => ruid === 'long')?.userAgent.length, 255);
    });

    test('what changes while the database is down is written when it is back', {
      skip: kind === 'sqlite' ? 'a file is never down' : false,
    }, async (t) => {
      const { server } = place;
      if (server === null) {
        t.skip('the database is somebody else’s');
        return;
      }
      const url = await place.fresh();
      await initLocationTables(url);
      const wheel = new HashedTimerWheel({ clock: realClock });
      const store = openLocationStore(openDatabase(url, { timeout: 2000 }), { useDomain: true });
      const told: string[] = [];
      const writer = new LocationWriter(store, {
        wheel,
        interval: 0,
        failed: () => told.push('down'),
        recovered: () => told.push('back'),
      });
      const bindings = new Bindings({ name: 'location', newestFirst: false }, NOW);
      bindings.listener = writer;
      const first = bindings.insert('bob@example.com', 'first', row('first'));
      assert.equal(await writer.settled(['first'], 5000), true);
      await server.stop();
      bindings.insert('bob@example.com', 'second', row('second'));
      const began = performance.now();
      assert.equal(await writer.settled(['second'], 3000), false);
      assert.equal(await writer.settled(['second'], 3000), false, 'nobody waits again');
      assert.ok(performance.now() - began < 4000);
      if (first !== null) bindings.remove(first);
      await server.start();
      // The wheel does not keep the process.
      const awake = setInterval(() => {}, 100);
      while (writer.backlog > 0) await new Promise((resolve) => setTimeout(resolve, 100));
      await writer.flush();
      clearInterval(awake);
      assert.deepEqual(told, ['down', 'back']);
      assert.deepEqual(
        (await read(url)).map(({ ruid }) => ruid),
        ['second'],
      );
      writer.close();
      await store.close();
    });
  });
}
