/** What a database server may do to us: be down, die, hang. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDatabase } from '../../src/storage/database.ts';
import type { DatabaseKind } from '../../src/storage/sql-database.ts';
import type { PrivateServer, TestDatabase } from '../support/databases.ts';
import { freePort } from '../support/ports.ts';
import { type Dialect, failsWith, using } from './conformance.ts';

function foreign(kind: DatabaseKind): string | false {
  const name = kind === 'postgres' ? 'TRUNKLINE_TEST_POSTGRES' : 'TRUNKLINE_TEST_MYSQL';
  return process.env[name] === undefined ? false : `${name} names a server that is not ours to disturb`;
}

export function serverChaos(kind: 'postgres' | 'mysql', dialect: Dialect, place: () => TestDatabase): void {
  const skip = foreign(kind);
  const server = (): PrivateServer => {
    const found = place().server;
    assert.ok(found !== null);
    return found;
  };

  test('nobody there', async () => {
    const port = await freePort();
    await using(`${kind}://u:p@ss@127.0.0.1:${port}/x`, {}, async (database) => {
      await failsWith(
        database.query('SELECT 1'),
        'STORAGE_UNREACHABLE',
        new RegExp(`^${kind}://127.0.0.1:${port}/x: `),
      );
    });
    await using(`${kind}://u:p@ss@nobody.invalid/x`, {}, async (database) => {
      await failsWith(database.query('SELECT 1'), 'STORAGE_UNREACHABLE');
    });
    await using(`${kind}://u:p@ss@unix(/nowhere/at/all)/x`, {}, async (database) => {
      await failsWith(database.query('SELECT 1'), 'STORAGE_UNREACHABLE');
    });
  });

  test('wrong password, wrong database', { skip }, async () => {
    const url = await place().fresh();
    await using(url.replace('p@ss', 'other'), {}, async (database) => {
      await failsWith(database.query('SELECT 1'), 'STORAGE_DENIED');
    });
    await using(`${url}_not_there`, {}, async (database) => {
      await failsWith(database.query('SELECT 1'), 'STORAGE_DENIED');
    });
  });

  test('down at first, then there', { skip }, async () => {
    const url = await place().fresh();
    await server().stop();
    const database = openDatabase(url, { timeout: 3000 });
    await failsWith(database.query('SELECT 1'), 'STORAGE_UNREACHABLE');
    await server().start();
    assert.deepEqual((await database.query('SELECT 1')).rows, [[1]]);
    await database.close();
  });

  test('started again between two statements', { skip }, async () => {
    await using(await place().fresh(), { timeout: 3000 }, async (database) => {
      await Promise.all([1, 2, 3, 4].map((n) => database.query(`SELECT ${n}`)));
      await server().stop();
      await server().start();
      for (const n of [1, 2, 3, 4]) assert.deepEqual((await database.query(`SELECT ${n}`)).rows, [[n]]);
    });
  });

  test('killed in the middle of a stream and of a statement, then there again', { skip }, async () => {
    await using(await place().fresh(), { timeout: 3000 }, async (database) => {
      let taken = 0;
      const slow = failsWith(database.query(dialect.slow(3)), 'STORAGE_UNREACHABLE');
      await failsWith(
        database.stream(dialect.numbers(1_000_000), 1000, async (_columns, rows) => {
          taken += rows.length;
          if (taken === 3000) await server().kill();
        }),
        'STORAGE_UNREACHABLE',
      );
      assert.ok(taken >= 3000 && taken < 1_000_000);
      await slow;
      await failsWith(database.query('SELECT 1'), 'STORAGE_UNREACHABLE');
      await server().start();
      assert.deepEqual((await database.query('SELECT 1')).rows, [[1]]);
    });
  });

  test('hung: statements, streams, connecting and closing end in time; woken, it works', { skip }, async () => {
    const url = await place().fresh();
    const database = openDatabase(url, { timeout: 500 });
    await database.query('SELECT 1');
    const late = openDatabase(url, { timeout: 500 });
    let taken = 0;
    const stream = failsWith(
      database.stream(dialect.numbers(1_000_000), 1000, (_columns, rows) => {
        taken += rows.length;
        if (taken === 2000) server().hang();
      }),
      'STORAGE_TIMEOUT',
    );
    try {
      await stream;
      await failsWith(database.query('SELECT 1'), 'STORAGE_TIMEOUT');
      await failsWith(late.query('SELECT 1'), 'STORAGE_TIMEOUT');
      await late.close();
    } finally {
      server().resume();
    }
    assert.deepEqual((await database.query('SELECT 1')).rows, [[1]]);
    await database.close();
  });
}
