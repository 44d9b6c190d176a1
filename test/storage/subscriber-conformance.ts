/** What every database must do with users; see conformance.ts. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { SqlDatabase } from '../../src/storage/sql-database.ts';
import { openSubscriberStore } from '../../src/storage/subscriber.ts';
import type { ListedSubscriber, NewSubscriber, SubscriberStore } from '../../src/storage/subscriber-store.ts';
import { initSubscriberTable } from '../../src/storage/tables.ts';
import type { TestDatabase } from '../support/databases.ts';
import { type Dialect, failsWith, using } from './conformance.ts';

function subscriber(user: string, more: Partial<NewSubscriber> = {}): NewSubscriber {
  return { user, domain: 'example.org', ha1: 'a1', ha1b: 'b1', sha256: 's2', sha512t256: 's5', password: '', ...more };
}

async function listed(store: SubscriberStore): Promise<ListedSubscriber[]> {
  const all: ListedSubscriber[] = [];
  await store.list((rows) => {
    all.push(...rows);
  });
  return all;
}

/** Tables of the servers before, with the columns each had. */
const TABLES: readonly { readonly name: string; readonly columns: readonly string[]; readonly sha: boolean }[] = [
  {
    name: 'OpenSER 1.2 (version 6)',
    columns: ['username', 'domain', 'password', 'first_name', 'email_address', 'ha1', 'ha1b', 'timezone', 'rpid'],
    sha: false,
  },
  {
    name: 'OpenSIPS to 3.1 (version 7)',
    columns: ['username', 'domain', 'password', 'email_address', 'ha1', 'ha1b', 'rpid'],
    sha: false,
  },
  {
    name: 'OpenSIPS from 3.2 (version 8)',
    columns: ['username', 'domain', 'password', 'ha1', 'ha1_sha256', 'ha1_sha512t256'],
    sha: true,
  },
];

export function subscriberConformance(dialect: Dialect, place: () => TestDatabase): void {
  test('users: made, found, changed, listed, deleted', async () => {
    const url = await place().fresh();
    assert.deepEqual(await initSubscriberTable(url), { table: 'subscriber', made: true, version: 7 });
    assert.equal((await initSubscriberTable(url)).made, false);
    await using(url, {}, async (database) => {
      const store = openSubscriberStore(database);
      await store.insert(subscriber("o'hära?", { domain: '日本' }));
      await store.insert(subscriber('bob', { sha256: '', sha512t256: '', password: 'clear' }));
      await failsWith(store.insert(subscriber('bob')), 'STORAGE_EXISTS');
      const columns = ['ha1', 'ha1b', 'ha1_sha256', 'ha1_sha512t256', 'password', 'no_such_column'];
      assert.deepEqual(
        await store.find("o'hära?", '日本', columns),
        new Map([
          ['ha1', 'a1'],
          ['ha1b', 'b1'],
          ['ha1_sha256', 's2'],
          ['ha1_sha512t256', 's5'],
          ['password', ''],
        ]),
      );
      assert.equal(await store.find('bob', 'elsewhere', columns), null);
      assert.equal((await store.find('bob', null, ['password']))?.get('password'), 'clear');
      assert.equal(await store.find("x' OR '1'='1", null, ['ha1']), null);
      assert.equal(await store.update(subscriber('bob', { ha1: 'a2' })), true);
      assert.equal(await store.update(subscriber('bob', { ha1: 'a2' })), true);
      assert.equal(await store.update(subscriber('nobody')), false);
      assert.equal((await store.find('bob', 'example.org', ['ha1', 'password']))?.get('ha1'), 'a2');
      assert.deepEqual(
        (await listed(store)).find(({ user }) => user === 'bob'),
        {
          user: 'bob',
          domain: 'example.org',
          md5: true,
          sha256: true,
          sha512t256: true,
          clearText: false,
        },
      );
      assert.equal(await store.delete('bob', 'example.org'), true);
      assert.equal(await store.delete('bob', 'example.org'), false);
      assert.equal((await listed(store)).length, 1);
    });
  });

  test('users whose names differ in case are two', async () => {
    const url = await place().fresh();
    await initSubscriberTable(url);
    await using(url, {}, async (database) => {
      const store = openSubscriberStore(database);
      await store.insert(subscriber('alice', { ha1: 'lower' }));
      await store.insert(subscriber('Alice', { ha1: 'upper', domain: 'two.example.org' }));
      assert.equal((await store.find('alice', null, ['ha1']))?.get('ha1'), 'lower');
      assert.equal((await store.find('Alice', null, ['ha1']))?.get('ha1'), 'upper');
    });
  });

  test('a name in other letters is found, but not written over or deleted: it is hashed', async () => {
    const url = await place().fresh();
    await initSubscriberTable(url);
    await using(url, {}, async (database) => {
      const store = openSubscriberStore(database);
      await store.insert(subscriber('alice'));
      assert.equal(await store.update(subscriber('ALICE', { ha1: 'wrong' })), false);
      assert.equal(await store.update(subscriber('alice', { ha1: 'wrong', domain: 'EXAMPLE.org' })), false);
      assert.equal(await store.delete('Alice', 'example.org'), false);
      assert.deepEqual(await store.spellings('ALICE', 'example.ORG'), [{ user: 'alice', domain: 'example.org' }]);
      assert.deepEqual(await store.spellings('alic', 'example.org'), []);
      assert.equal((await store.find('alice', 'example.org', ['ha1']))?.get('ha1'), 'a1');
    });
  });

  test('a name without its accents, or with blanks, is none: who guesses has no more spellings of a user than letter case', async () => {
    const url = await place().fresh();
    await initSubscriberTable(url);
    await using(url, {}, async (database) => {
      const store = openSubscriberStore(database);
      await store.insert(subscriber('zoë'));
      for (const name of ['zoe', 'zöë', 'zoë ', 'zoë  '])
        assert.equal(await store.find(name, null, ['ha1']), null, name);
      assert.equal((await store.find('zoë', null, ['ha1']))?.get('ha1'), 'a1');
    });
  });

  for (const { name, columns, sha } of TABLES) {
    test(`the table of ${name}`, async () => {
      await using(await place().fresh(), {}, async (database) => {
        await failsWith(openSubscriberStore(database).find('a', null, []), 'STORAGE_NO_TABLE');
        await make(database, dialect, columns);
        const store = openSubscriberStore(database);
        await store.insert(subscriber('a'));
        const row = await store.find('a', 'example.org', ['ha1', 'ha1_sha256', 'rpid']);
        assert.equal(row?.get('ha1'), 'a1');
        assert.equal(row?.get('ha1_sha256'), sha ? 's2' : undefined);
        assert.equal(row?.has('rpid'), columns.includes('rpid'));
        assert.equal((await listed(store))[0]?.sha256, sha);
      });
    });
  }

  test('other names of table and columns; a column that goes while the server runs', async () => {
    await using(await place().fresh(), {}, async (database) => {
      await database.query(
        `CREATE TABLE people (${dialect.id}, login VARCHAR(64), realm VARCHAR(64), secret VARCHAR(64), extra VARCHAR(64))`,
      );
      await database.query("INSERT INTO people (login, realm, secret) VALUES ('a', 'r', 'x')");
      const store = openSubscriberStore(database, 'people', { user: 'login', domain: 'realm' });
      assert.deepEqual(
        await store.find('a', 'r', ['secret', 'extra']),
        new Map([
          ['secret', 'x'],
          ['extra', null],
        ]),
      );
      await database.query('ALTER TABLE people DROP COLUMN extra');
      assert.deepEqual(await store.find('a', 'r', ['secret', 'extra']), new Map([['secret', 'x']]));
      assert.throws(() => openSubscriberStore(database, 'x; DROP TABLE y'), { code: 'STORAGE_TABLE_NAME' });
      assert.throws(() => openSubscriberStore(database, 'x', { user: 'a b', domain: 'c' }), {
        code: 'STORAGE_TABLE_NAME',
      });
    });
  });

  test("Kamailio's own script makes a table that is read and written", async (t) => {
    const paths = ['standard', 'auth_db'].map((name) => `/usr/share/kamailio/${dialect.scripts}/${name}-create.sql`);
    if (!paths.every((path) => existsSync(path))) return t.skip('no scripts of Kamailio');
    await using(await place().fresh(), {}, async (database) => {
      for (const path of paths)
        for (const statement of readFileSync(path, 'utf8').split(/;[ \t]*\n/))
          if (statement.trim() !== '') await database.query(statement);
      const store = openSubscriberStore(database);
      await store.insert(subscriber('k'));
      assert.equal((await store.find('k', 'example.org', ['ha1b']))?.get('ha1b'), 'b1');
      assert.equal((await initSubscriberTable(database)).made, false);
    });
  });
}

async function make(database: SqlDatabase, dialect: Dialect, columns: readonly string[]): Promise<void> {
  const texts = columns.map((name) => `${name} VARCHAR(128) DEFAULT '' NOT NULL`);
  await database.query(`CREATE TABLE subscriber (${[dialect.id, ...texts].join(', ')})`);
}
