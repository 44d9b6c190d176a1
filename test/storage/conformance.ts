/** What every database must do, run against each of them by the test file of its kind. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { openDatabase } from '../../src/storage/database.ts';
import { StorageError, type StorageErrorCode } from '../../src/storage/errors.ts';
import type { DatabaseKind, SqlDatabase, SqlValue } from '../../src/storage/sql-database.ts';
import { initTables } from '../../src/storage/tables.ts';
import { openAccountStore } from '../../src/storage/uacreg.ts';
import { EMPTY_ACCOUNT } from '../../src/storage/uacreg-table.ts';
import type { AccountRow } from '../../src/uac/registration/account-row.ts';
import { databaseSkip, startDatabase, type TestDatabase } from '../support/databases.ts';
import { subscriberConformance } from './subscriber-conformance.ts';

/** The two INSERTs that a widely read introduction to remote registration gives, for tables of version 3 (14 columns) and 4 (15 columns). */
export const BLOG_INSERTS = {
  older:
    "INSERT INTO `uacreg` VALUES (NULL,'myusername','myusername','192.168.1.205','myusername','192.168.1.205','asterisk','myusername','mypassword','','sip:192.168.1.205:5060',60,0,0);",
  newer:
    "insert into uacreg values ('', 'myusername', 'myusername', 'mydomain', 'myusername', 'mydomain', 'asteriskrealm', 'myusername', 'mypassword', '', 'sip:remoteproxy.com:5060', 60, 0, 0, 0)",
} as const;

const BLOG_ACCOUNT: AccountRow = {
  ...EMPTY_ACCOUNT,
  uuid: 'myusername',
  localUser: 'myusername',
  localDomain: '192.168.1.205',
  remoteUser: 'myusername',
  remoteDomain: '192.168.1.205',
  realm: 'asterisk',
  authUser: 'myusername',
  authPassword: 'mypassword',
  proxy: 'sip:192.168.1.205:5060',
  expires: 60,
};

/** Statements of one database system that the others write otherwise. */
export interface Dialect {
  readonly id: string;
  /** A query that takes that many seconds, or longer. */
  readonly slow: (seconds: number) => string;
  /** Numbers from 1 to n as rows of one column. */
  readonly numbers: (count: number) => string;
  /** Folder of Kamailio's scripts. */
  readonly scripts: string;
  /** The INSERTs as this system takes them, with what had to change. */
  readonly older: { readonly sql: string; readonly change: string };
  readonly newer: { readonly sql: string; readonly change: string; readonly before: string | null };
}

export function account(uuid: string, more: Partial<AccountRow> = {}): AccountRow {
  return { ...BLOG_ACCOUNT, uuid, ...more };
}

/** Asserts that the promise fails with a storage error of the code, and that no password is in it. */
export async function failsWith(promise: Promise<unknown>, code: StorageErrorCode, text = /./): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof StorageError, `${String(error)} is no StorageError`);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, text);
    assert.doesNotMatch(error.message, /p@ss|mypassword/);
    return true;
  });
}

/** Opens for one test. */
export async function using(
  url: string,
  options: { readonly timeout?: number; readonly connections?: number },
  work: (database: SqlDatabase) => Promise<void>,
): Promise<void> {
  const database = openDatabase(url, options);
  try {
    await work(database);
  } finally {
    await database.close();
  }
}

/** Makes a table of an age before ours, with the columns it had then. */
export async function oldTable(database: SqlDatabase, dialect: Dialect, version: number): Promise<void> {
  const columns = [
    'l_uuid',
    'l_username',
    'l_domain',
    'r_username',
    'r_domain',
    'realm',
    'auth_username',
    'auth_password',
  ];
  const texts = [...columns, ...(version >= 3 ? ['auth_ha1'] : []), 'auth_proxy'].map(
    (name) => `${name} VARCHAR(128) DEFAULT '' NOT NULL`,
  );
  const integers = ['expires', ...(version >= 2 ? ['flags', 'reg_delay'] : [])].map(
    (name) => `${name} INTEGER DEFAULT 0`,
  );
  const later = version >= 4 ? ["socket VARCHAR(128) DEFAULT '' NOT NULL"] : [];
  await database.query('CREATE TABLE version (table_name VARCHAR(32), table_version INTEGER)');
  await database.query(`CREATE TABLE uacreg (${[dialect.id, ...texts, ...integers, ...later].join(', ')})`);
  await database.query(`INSERT INTO version VALUES ('uacreg', ${version})`);
}

async function allOf(database: SqlDatabase): Promise<AccountRow[]> {
  const all: AccountRow[] = [];
  await openAccountStore(database).readAll((rows) => {
    all.push(...rows);
  });
  return all;
}

/** Statements of a script of Kamailio's. */
function statementsOf(path: string): string[] {
  return readFileSync(path, 'utf8')
    .split(/;[ \t]*\n/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

/**
 * @param more tests of this kind alone; they run while the database is up
 */
export function conformance(kind: DatabaseKind, dialect: Dialect, more: (place: () => TestDatabase) => void): void {
  describe(`${kind} database`, { skip: databaseSkip(kind), timeout: 120_000 }, () => {
    let place: TestDatabase;
    before(async () => {
      place = await startDatabase(kind);
    });
    after(() => place?.destroy());

    test('tables are made once and then left alone', async () => {
      const url = await place.fresh();
      assert.deepEqual(await initTables(url), [
        { table: 'version', made: true, version: 1 },
        { table: 'uacreg', made: true, version: 6 },
      ]);
      await using(url, {}, async (database) => {
        await openAccountStore(database).insert(account('kept'));
      });
      assert.deepEqual(
        (await initTables(url)).map(({ made }) => made),
        [false, false],
      );
      await using(url, {}, async (database) => {
        assert.deepEqual(await allOf(database), [account('kept')]);
      });
    });

    test('what was written is read: every column, UTF-8, quotes, placeholders in texts', async () => {
      const url = await place.fresh();
      await initTables(url);
      const row: AccountRow = {
        uuid: 'a?b',
        localUser: "o'hara",
        localDomain: 'exämple.org',
        remoteUser: '"q"',
        remoteDomain: 'r\\n',
        realm: '日本',
        authUser: '$1',
        authPassword: '😀;--',
        authHa1: '0123456789abcdef0123456789abcdef',
        proxy: 'sip:p',
        expires: 2147483647,
        flags: 16,
        delay: -1,
        contactAddr: 'c:5060;x=y',
        contactUser: 'cu',
        socket: 'udp:127.0.0.1:5060',
      };
      await using(url, {}, async (database) => {
        const store = openAccountStore(database);
        await store.insert(row);
        assert.deepEqual(await store.read('a?b'), row);
        assert.deepEqual(await allOf(database), [row]);
        assert.equal(await store.read('A?B'), null);
        await failsWith(store.insert(row), 'STORAGE_EXISTS');
        assert.equal(await store.delete('nobody'), false);
        assert.equal(await store.delete('a?b'), true);
        assert.deepEqual(await allOf(database), []);
      });
    });

    test('another table name', async () => {
      const url = await place.fresh();
      await initTables(url, 'uacreg_two');
      await using(url, {}, async (database) => {
        const store = openAccountStore(database, 'uacreg_two');
        await store.insert(account('x'));
        assert.equal((await store.read('x'))?.uuid, 'x');
        assert.match(store.name, /^table uacreg_two of [a-z]+:/);
        await failsWith(openAccountStore(database).read('x'), 'STORAGE_TABLE_VERSION');
      });
      assert.throws(() => openAccountStore(url, 'x; DROP TABLE y'), /cannot be the name of a table/);
    });

    test("Kamailio's own scripts make tables that are read as they are", async (t) => {
      const scripts = ['standard', 'uac'].map((name) => `/usr/share/kamailio/${dialect.scripts}/${name}-create.sql`);
      if (!scripts.every((path) => existsSync(path))) return t.skip(`no scripts of Kamailio for ${kind}`);
      await using(await place.fresh(), {}, async (database) => {
        for (const path of scripts) for (const statement of statementsOf(path)) await database.query(statement);
        const store = openAccountStore(database);
        const row = account('k', { contactAddr: '127.0.0.1:5060', socket: 'udp:127.0.0.1:5060' });
        await store.insert(row);
        assert.deepEqual(await allOf(database), [row]);
        // Version 5 has no contact_user: an account that needs it must not lose it silently.
        await failsWith(store.insert(account('u', { contactUser: 'line' })), 'STORAGE_COLUMN', /contact_user/);
        assert.deepEqual(
          (await initTables(database)).map(({ made, version }) => [made, version]),
          [
            [false, 1],
            [false, 5],
          ],
        );
      });
    });

    for (const version of [1, 2, 3, 4]) {
      test(`a table of version ${version}, with the columns it had`, async () => {
        await using(await place.fresh(), {}, async (database) => {
          await oldTable(database, dialect, version);
          const row = account('old', { delay: version >= 2 ? 3 : 0, authHa1: version >= 3 ? 'f'.repeat(32) : '' });
          await openAccountStore(database).insert(row);
          assert.deepEqual(await allOf(database), [row]);
        });
      });
    }

    test(`the blog's INSERT for version 3, ${dialect.older.change}`, async () => {
      await using(await place.fresh(), {}, async (database) => {
        await oldTable(database, dialect, 3);
        await database.query(dialect.older.sql);
        assert.deepEqual(await allOf(database), [BLOG_ACCOUNT]);
      });
    });

    test(`the blog's INSERT for version 4, ${dialect.newer.change}`, async () => {
      await using(await place.fresh(), { connections: 1 }, async (database) => {
        await oldTable(database, dialect, 4);
        if (dialect.newer.before !== null) await database.query(dialect.newer.before);
        await database.query(dialect.newer.sql);
        assert.deepEqual(await allOf(database), [
          {
            ...BLOG_ACCOUNT,
            localDomain: 'mydomain',
            remoteDomain: 'mydomain',
            realm: 'asteriskrealm',
            proxy: 'sip:remoteproxy.com:5060',
            // The blog writes a number there, which names no socket.
            socket: '',
          },
        ]);
      });
    });

    test('NULL is the empty text and 0', async () => {
      await using(await place.fresh(), {}, async (database) => {
        await oldTable(database, dialect, 1);
        await database.query('DROP TABLE uacreg');
        const names =
          'l_uuid l_username l_domain r_username r_domain realm auth_username auth_password auth_proxy'.split(' ');
        await database.query(
          `CREATE TABLE uacreg (${names.map((name) => `${name} VARCHAR(64)`).join(', ')}, expires INTEGER)`,
        );
        await database.query("INSERT INTO uacreg (l_uuid) VALUES ('n')");
        assert.deepEqual(await allOf(database), [{ ...EMPTY_ACCOUNT, uuid: 'n' }]);
      });
    });

    for (const [version, found] of [
      [0, 'version 0'],
      [7, 'version 7'],
      [null, 'no row for it'],
    ] as const) {
      test(`version ${version} is refused with what was found`, async () => {
        const url = await place.fresh();
        await initTables(url);
        await using(url, {}, async (database) => {
          await database.query("DELETE FROM version WHERE table_name = 'uacreg'");
          if (version !== null)
            await database.query(`INSERT INTO version (table_name, table_version) VALUES ('uacreg', ${version})`);
          await failsWith(allOf(database), 'STORAGE_TABLE_VERSION', new RegExp(found));
        });
      });
    }

    test('no table, no table version, a column less', async () => {
      const url = await place.fresh();
      await using(url, {}, async (database) => {
        await failsWith(allOf(database), 'STORAGE_NO_TABLE', /version/);
        await initTables(database);
        await database.query('ALTER TABLE uacreg RENAME TO gone');
        await failsWith(allOf(database), 'STORAGE_NO_TABLE', /uacreg/);
        await database.query('ALTER TABLE gone RENAME TO uacreg');
        await database.query('ALTER TABLE uacreg DROP COLUMN auth_proxy');
        await failsWith(allOf(database), 'STORAGE_COLUMN', /auth_proxy/);
      });
    });

    test('a statement that is wrong, and the next one', async () => {
      await using(await place.fresh(), { connections: 1 }, async (database) => {
        await failsWith(database.query('SELEC 1'), 'STORAGE_STATEMENT');
        await failsWith(database.query('SELECT nothing_like_it'), 'STORAGE_COLUMN');
        await failsWith(
          database.stream('SELECT nothing_like_it', 10, () => {}),
          'STORAGE_COLUMN',
        );
        assert.deepEqual((await database.query('SELECT 1')).rows, [[1]]);
      });
    });

    test('values are typed, exact, and placeholders stand only where they are', async () => {
      await using(await place.fresh(), {}, async (database) => {
        await database.query(
          'CREATE TABLE t (a BIGINT, b DECIMAL(30,10), c VARCHAR(20), d DOUBLE PRECISION, e INTEGER DEFAULT 7)'.replace(
            'DECIMAL(30,10)',
            kind === 'sqlite' ? 'TEXT' : 'DECIMAL(30,10)',
          ),
        );
        const insert = "INSERT INTO t (a, b, c, d) VALUES (?, ?, '?', ?) /* ? */ -- ?";
        assert.equal((await database.query(insert, [7, '1.5', 0.25])).affected, 1);
        await database.query(insert, ['9007199254740993', '123456789012345678.5', null]);
        const { columns, rows } = await database.query('SELECT a, b, c, d, e FROM t ORDER BY a');
        assert.deepEqual(columns, ['a', 'b', 'c', 'd', 'e']);
        const decimal = kind === 'sqlite' ? ['1.5', '123456789012345678.5'] : [1.5, '123456789012345678.5000000000'];
        assert.deepEqual(rows, [
          [7, decimal[0], '?', 0.25, 7],
          ['9007199254740993', decimal[1], '?', null, 7],
        ]);
        assert.deepEqual(await database.query('SELECT a FROM t WHERE a = ?', [8]), {
          columns: ['a'],
          rows: [],
          affected: 0,
        });
        assert.equal((await database.query('UPDATE t SET e = 1')).affected, 2);
        assert.equal((await database.query('DELETE FROM t')).affected, 2);
      });
    });

    test('numbers in columns of texts and of numbers', async () => {
      await using(await place.fresh(), {}, async (database) => {
        await database.query('CREATE TABLE t (a VARCHAR(16), b VARCHAR(16), c INTEGER, d DOUBLE PRECISION)');
        await database.query('INSERT INTO t VALUES (?, ?, ?, ?)', [5060, -7, 3, 0.25]);
        assert.deepEqual((await database.query('SELECT a, b, c, d FROM t')).rows, [['5060', '-7', 3, 0.25]]);
      });
    });

    test('one statement is one statement', async () => {
      await using(await place.fresh(), {}, async (database) => {
        await database.query('CREATE TABLE t (a INTEGER)');
        await database.query('INSERT INTO t VALUES (?)', [1]);
        await database.query('SELECT a FROM t WHERE a = ?; DELETE FROM t', [1]).catch(() => {});
        assert.equal((await database.query('SELECT a FROM t')).rows.length, 1);
      });
    });

    test('rows arrive in chunks, the next when the last was taken; other statements run meanwhile', async () => {
      await using(await place.fresh(), {}, async (database) => {
        let busy = false;
        let next = 1;
        const sizes: number[] = [];
        await database.stream(dialect.numbers(10_500), 1000, async (columns, rows) => {
          assert.equal(busy, false);
          busy = true;
          assert.deepEqual(columns, ['n']);
          for (const [value] of rows) assert.equal(value, next++);
          sizes.push(rows.length);
          assert.deepEqual((await database.query('SELECT 2')).rows, [[2]]);
          busy = false;
        });
        // As many as were asked for, or fewer where they come from a thread; the last has the rest.
        const [size = 0] = sizes;
        assert.ok(size > 0 && size <= 1000);
        assert.deepEqual(sizes.slice(0, -1), Array<number>(sizes.length - 1).fill(size));
        assert.equal(next, 10_501);
      });
    });

    test('who takes rows may throw; the database goes on', async () => {
      await using(await place.fresh(), { connections: 1 }, async (database) => {
        const stop = new Error('enough');
        await assert.rejects(
          database.stream(dialect.numbers(5000), 100, () => {
            throw stop;
          }),
          stop,
        );
        assert.deepEqual((await database.query('SELECT 3')).rows, [[3]]);
      });
    });

    test('taking rows may take longer than a statement', async () => {
      await using(await place.fresh(), { timeout: 300 }, async (database) => {
        let count = 0;
        await database.stream(dialect.numbers(3), 1, async (_columns, rows: readonly (readonly SqlValue[])[]) => {
          count += rows.length;
          await new Promise((resolve) => setTimeout(resolve, 450));
        });
        assert.equal(count, 3);
      });
    });

    test('a statement that takes too long ends in time, and the next one works', async () => {
      await using(await place.fresh(), { timeout: 400, connections: 1 }, async (database) => {
        // Left alone it would succeed.
        await failsWith(database.query(dialect.slow(5)), 'STORAGE_TIMEOUT');
        assert.deepEqual((await database.query('SELECT 4')).rows, [[4]]);
      });
    });

    test('closing gives up what is under way; afterwards nothing works and closing again is nothing', async () => {
      const database = openDatabase(await place.fresh());
      assert.deepEqual((await database.query('SELECT 5')).rows, [[5]]);
      const slow = failsWith(database.query(dialect.slow(5)), 'STORAGE_CLOSED');
      await new Promise((resolve) => setTimeout(resolve, 100));
      const begun = Date.now();
      await database.close();
      await slow;
      // The statement itself would have needed five seconds.
      assert.ok(Date.now() - begun < 4500);
      await failsWith(database.query('SELECT 6'), 'STORAGE_CLOSED');
      await database.close();
    });

    test('closing inside of a stream', async () => {
      const database = openDatabase(await place.fresh());
      await failsWith(
        database.stream(dialect.numbers(5000), 100, async () => {
          await database.close();
        }),
        'STORAGE_CLOSED',
      );
    });

    test('many statements at once on few connections', async () => {
      await using(await place.fresh(), { connections: 2 }, async (database) => {
        const results = await Promise.all(Array.from({ length: 50 }, (_, n) => database.query(`SELECT ${n}`)));
        assert.deepEqual(
          results.map(({ rows }) => rows[0]?.[0]),
          Array.from({ length: 50 }, (_, n) => n),
        );
      });
    });

    subscriberConformance(dialect, () => place);
    more(() => place);
  });
}
