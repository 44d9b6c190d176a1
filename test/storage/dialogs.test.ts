/** The store of calls on every database: ours, and tables that Kamailio's own scripts made. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { openDatabase } from '../../src/storage/database.ts';
import type { DialogRow, DialogStore } from '../../src/storage/dialog-store.ts';
import { DIALOG_TABLES, initDialogTables } from '../../src/storage/dialog-tables.ts';
import { openDialogStore } from '../../src/storage/dialogs.ts';
import { StorageError } from '../../src/storage/errors.ts';
import type { SqlDatabase } from '../../src/storage/sql-database.ts';
import { databaseSkip, startDatabase, type TestDatabase } from '../support/databases.ts';

const SCRIPTS = { sqlite: 'db_sqlite', mysql: 'mysql', postgres: 'postgres' } as const;

function row(id: number, more: Partial<DialogRow> = {}): DialogRow {
  return {
    entry: 787,
    id,
    callId: `c${id}@x`,
    fromUri: 'sip:alice@a.example',
    fromTag: 'ft1',
    toUri: 'sip:bob@b.example',
    toTag: 'tt1',
    callerCSeq: '2',
    calleeCSeq: '700',
    callerRoutes: '',
    calleeRoutes: '<sip:p.example;lr>,<sip:q.example;lr>',
    callerContact: 'sip:a@127.0.0.1',
    calleeContact: 'sip:b@127.0.0.1',
    callerSocket: 'udp:127.0.0.1:5060',
    calleeSocket: 'udp:127.0.0.1:5060',
    state: 4,
    startTime: 1_795_230_547,
    timeout: 1_795_230_647,
    scriptFlags: 8,
    properties: 10,
    timeoutRoute: 'DTO',
    requestUri: 'sip:bob@127.0.0.1',
    extra: '{"profiles":[{"name":"caller","value":"alice"}]}',
    variables: new Map([
      ['note', "it's; \\ % ü"],
      ['empty', ''],
    ]),
    ...more,
  };
}

async function all(store: DialogStore): Promise<DialogRow[]> {
  const rows: DialogRow[] = [];
  await store.readAll((chunk) => rows.push(...chunk));
  return rows;
}

async function withDatabase(url: string, run: (database: SqlDatabase) => Promise<void>): Promise<void> {
  const database = openDatabase(url);
  try {
    await run(database);
  } finally {
    await database.close();
  }
}

for (const kind of ['sqlite', 'mysql', 'postgres'] as const)
  describe(`calls in ${kind}`, { skip: databaseSkip(kind), timeout: 120_000 }, () => {
    let place: TestDatabase;
    before(async () => {
      place = await startDatabase(kind);
    });
    after(() => place?.destroy());

    test('the tables are made once; calls are written, changed and deleted with their variables', async () => {
      const url = await place.fresh();
      await withDatabase(url, async (database) => {
        assert.deepEqual(await initDialogTables(database), [
          { table: 'dialog', made: true, version: 7 },
          { table: 'dialog_vars', made: true, version: 1 },
        ]);
        assert.deepEqual(
          (await initDialogTables(database)).map(({ made }) => made),
          [false, false],
        );
        const store = openDialogStore(database, DIALOG_TABLES, 2);
        const rows = [1, 2, 3, 4, 5].map((id) => row(id));
        for (const one of rows) await store.save(one);
        assert.deepEqual(await all(store), rows);
        const changed = row(3, {
          state: 3,
          callerRoutes: '<sip:r.example;lr>',
          calleeRoutes: '',
          variables: new Map([
            ['note', 'other'],
            ['new', '1'],
          ]),
        });
        await store.save(changed);
        await store.save(changed);
        assert.deepEqual((await all(store))[2], changed);
        await store.delete(rows[0]!);
        await store.delete(rows[0]!);
        assert.deepEqual(
          (await all(store)).map(({ id }) => id),
          [2, 3, 4, 5],
        );
        const left = await database.query('SELECT COUNT(*) FROM dialog_vars WHERE hash_id = 1');
        assert.equal(Number(left.rows[0]?.[0]), 0);
      });
    });

    test('tables that Kamailio’s own script made', {
      skip: existsSync('/usr/share/kamailio') ? false : 'no scripts of Kamailio',
    }, async () => {
      const url = await place.fresh();
      await withDatabase(url, async (database) => {
        for (const script of ['standard', 'dialog']) {
          const text = readFileSync(`/usr/share/kamailio/${SCRIPTS[kind]}/${script}-create.sql`, 'utf8');
          for (const statement of text.split(/;[ \t]*\n/).map((one) => one.trim()))
            if (statement !== '' && !/^(?:BEGIN|COMMIT)$/i.test(statement)) await database.query(statement);
        }
        const store = openDialogStore(database);
        await store.save(row(1));
        assert.deepEqual(await all(store), [row(1)]);
      });
    });

    test('other names of tables and columns', async () => {
      const url = await place.fresh();
      const names = {
        dialog: { ...DIALOG_TABLES.dialog, table: 'calls', callId: 'the_call', state: 'phase' },
        variables: { ...DIALOG_TABLES.variables, table: 'call_texts', value: 'content' },
      };
      await withDatabase(url, async (database) => {
        await initDialogTables(database, names);
        const store = openDialogStore(database, names);
        await store.save(row(1));
        assert.deepEqual(await all(store), [row(1)]);
        assert.equal((await database.query('SELECT the_call FROM calls')).rows[0]?.[0], 'c1@x');
        assert.throws(
          () => openDialogStore(database, { ...names, dialog: { ...names.dialog, table: 'x; DROP TABLE calls' } }),
          (error: unknown) => error instanceof StorageError && error.code === 'STORAGE_TABLE_NAME',
        );
      });
    });

    test('no tables, or those of another version: said so', {
      skip: kind === 'sqlite' ? 'SQLite makes its own tables' : false,
    }, async () => {
      const url = await place.fresh();
      await withDatabase(url, async (database) => {
        const code = async (): Promise<string> =>
          openDialogStore(database)
            .save(row(1))
            .then(
              () => 'saved',
              (error: unknown) => (error instanceof StorageError ? error.code : 'other'),
            );
        assert.equal(await code(), 'STORAGE_NO_TABLE');
        await initDialogTables(database);
        await database.query("UPDATE version SET table_version = 6 WHERE table_name = 'dialog'");
        assert.equal(await code(), 'STORAGE_TABLE_VERSION');
      });
    });
  });
