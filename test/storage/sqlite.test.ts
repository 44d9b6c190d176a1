import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { openDatabase } from '../../src/storage/database.ts';
import { ensureTables, initTables } from '../../src/storage/tables.ts';
import { openAccountStore } from '../../src/storage/uacreg.ts';
import { account, BLOG_INSERTS, conformance, type Dialect, failsWith, using } from './conformance.ts';

const dialect: Dialect = {
  id: 'id INTEGER PRIMARY KEY NOT NULL',
  slow: () => 'WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c',
  numbers: (count) =>
    `WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ${count}) SELECT n FROM c`,
  scripts: 'db_sqlite',
  older: { sql: BLOG_INSERTS.older, change: 'character for character' },
  newer: {
    sql: BLOG_INSERTS.newer.replace("('',", '(NULL,'),
    change: "with NULL for the id: SQLite takes no '' for one",
    before: null,
  },
};

conformance('sqlite', dialect, (place) => {
  const pathOf = (url: string): string => url.slice('sqlite:///'.length);

  test('a new file is for its owner alone, and others use it at the same time', async () => {
    const url = await place().fresh();
    await using(url, {}, async (database) => {
      await ensureTables(database);
      assert.equal(statSync(pathOf(url)).mode & 0o777, 0o600);
      const other = new DatabaseSync(pathOf(url));
      let count = 0;
      await openAccountStore(database).insert(account('a'));
      // While we are in the middle of reading, another process writes.
      await database.stream('SELECT l_uuid FROM uacreg', 1, () => {
        count++;
        other.exec("INSERT INTO uacreg (l_uuid) VALUES ('b')");
      });
      assert.equal(count, 1);
      assert.equal((await openAccountStore(database).read('b'))?.uuid, 'b');
      other.close();
    });
  });

  test('numbers beyond every measure are as large as numbers can be, and no numbers are none', async () => {
    const url = await place().fresh();
    await initTables(url);
    const other = new DatabaseSync(pathOf(url));
    other.exec("INSERT INTO uacreg (l_uuid, expires) VALUES ('a', 9223372036854775807), ('b', 'many'), ('c', -5)");
    other.close();
    await using(url, {}, async (database) => {
      const store = openAccountStore(database);
      assert.equal((await store.read('a'))?.expires, Number.MAX_SAFE_INTEGER);
      assert.equal((await store.read('b'))?.expires, 0);
      assert.equal((await store.read('c'))?.expires, -5);
    });
  });

  test('a file that is replaced is read anew; one that is deleted is a failure, not an empty database', async () => {
    const url = await place().fresh();
    const path = pathOf(url);
    await initTables(url);
    await using(url, {}, async (database) => {
      const store = openAccountStore(database);
      await store.insert(account('before'));
      const backup = `sqlite:///${path}.backup`;
      await initTables(backup);
      await using(backup, {}, async (other) => openAccountStore(other).insert(account('after')));
      let seen = '';
      const stream = database.stream('SELECT l_uuid FROM uacreg', 1, async (_columns, [row]) => {
        seen = `${row?.[0]}`;
        renameSync(`${path}.backup`, path);
        for (const end of ['-wal', '-shm']) rmSync(`${path}${end}`, { force: true });
        assert.equal(await store.read('before'), null);
        assert.equal((await store.read('after'))?.uuid, 'after');
      });
      await failsWith(stream, 'STORAGE_UNREACHABLE');
      assert.equal(seen, 'before');
      rmSync(path);
      await failsWith(store.read('after'), 'STORAGE_UNREACHABLE', /deleted/);
      assert.equal(existsSync(path), false);
      await initTables(url);
      assert.equal(await store.read('after'), null);
    });
  });

  test('after all accounts are read the thread is gone, and comes back with the next statement', async () => {
    const url = await place().fresh();
    await initTables(url);
    await using(url, {}, async (database) => {
      const store = openAccountStore(database);
      await store.insert(account('a'));
      // A connection's own table tells whether it is still the same one.
      await database.query('CREATE TEMP TABLE mine (n INTEGER)');
      await store.read('a');
      assert.deepEqual((await database.query('SELECT n FROM mine')).rows, []);
      const seen: string[] = [];
      await store.readAll((rows) => {
        seen.push(...rows.map(({ uuid }) => uuid));
      });
      assert.deepEqual(seen, ['a']);
      await failsWith(database.query('SELECT n FROM mine'), 'STORAGE_NO_TABLE');
      assert.equal((await store.read('a'))?.uuid, 'a');
    });
  });

  test('the thread does not go in the middle of rows that are read, not even between two parts of them', async () => {
    const url = await place().fresh();
    await using(url, {}, async (database) => {
      let count = 0;
      await database.stream(dialect.numbers(5), 2, async (_names, rows) => {
        count += rows.length;
        database.rest?.();
        // It has its turn to end.
        for (let turn = 0; turn < 3; turn++) await database.query('SELECT 1');
      });
      assert.equal(count, 5);
    });
  });

  test('a file locked by another process is STORAGE_TIMEOUT and says so', async () => {
    const url = await place().fresh();
    await initTables(url);
    const other = new DatabaseSync(pathOf(url));
    other.exec('PRAGMA journal_mode = DELETE');
    other.exec('BEGIN EXCLUSIVE');
    await using(url, { timeout: 3000 }, async (database) => {
      await failsWith(openAccountStore(database).read('x'), 'STORAGE_TIMEOUT', /locked/);
      other.exec('COMMIT');
      other.close();
      assert.equal(await openAccountStore(database).read('x'), null);
    });
  });

  test('no file, no folder, no right, no database', async () => {
    const url = await place().fresh();
    await failsWith(openDatabase(url, { create: false }).query('SELECT 1'), 'STORAGE_UNREACHABLE', /no such file/);
    await failsWith(openDatabase(`${url}/deep/er`).query('SELECT 1'), 'STORAGE_UNREACHABLE');
    const path = pathOf(url);
    writeFileSync(path, 'this is no database, and long enough to be told from one that has just been made'.repeat(20));
    await using(url, {}, async (database) => failsWith(database.query('SELECT * FROM version'), 'STORAGE_UNREACHABLE'));
    mkdirSync(`${path}.folder`);
    await using(`${url}.folder`, {}, async (database) => failsWith(database.query('SELECT 1'), 'STORAGE_UNREACHABLE'));
  });

  test('one folder is made for a new file', async () => {
    const url = `${await place().fresh()}.d/accounts.db`;
    await initTables(url);
    assert.equal(statSync(pathOf(url).replace(/\/[^/]*$/, '')).mode & 0o777, 0o700);
  });

  test('a file for reading only', {
    skip: process.getuid?.() === 0 ? 'root may write everything' : false,
  }, async () => {
    const url = await place().fresh();
    await initTables(url);
    chmodSync(pathOf(url), 0o400);
    await using(url, {}, async (database) =>
      failsWith(openAccountStore(database).insert(account('a')), 'STORAGE_DENIED'),
    );
  });

  test("SQLite's own defaults: texts in double quotes, no foreign keys", async () => {
    await using('sqlite:///:memory:', {}, async (database) => {
      assert.deepEqual((await database.query('SELECT "text"')).rows, [['text']]);
      await database.query('CREATE TABLE a (x INTEGER REFERENCES b(y))');
      assert.equal((await database.query('INSERT INTO a VALUES (1)')).affected, 1);
    });
  });

  test('the event loop goes on during a long statement', async () => {
    await using('sqlite:///:memory:', {}, async (database) => {
      await database.query('SELECT 1');
      let ticks = 0;
      const timer = setInterval(() => ticks++, 5);
      await database.query(`SELECT count(*) FROM (${dialect.numbers(1_000_000)})`);
      clearInterval(timer);
      assert.ok(ticks > 5, `${ticks} ticks`);
    });
  });

  test('a program that is done ends, although its database is still open', () => {
    const script = `
      import { openDatabase } from ${JSON.stringify(new URL('../../src/storage/database.ts', import.meta.url).href)};
      const database = openDatabase('sqlite:///:memory:');
      console.log((await database.query('SELECT 41 + 1')).rows[0][0]);`;
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      timeout: 20_000,
      encoding: 'utf8',
    });
    assert.equal(out, '42\n');
  });
});
