import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StorageError, type StorageErrorCode } from '../../src/storage/errors.ts';
import { type QueuedRow, RowQueue } from '../../src/storage/row-queue.ts';
import type { SqlDatabase, SqlValue } from '../../src/storage/sql-database.ts';
import { fakeTime } from '../../src/time/fake-clock.ts';

/** A database that does what it is told, and a queue before it. */
function bench(limit = 10) {
  const { clock, wheel } = fakeTime();
  const statements: { readonly sql: string; readonly values: readonly SqlValue[] }[] = [];
  const told: string[] = [];
  const plan = { failure: null as StorageErrorCode | null };
  const database: SqlDatabase = {
    kind: 'mysql',
    name: 'db',
    query: async (sql, values = []) => {
      if (plan.failure !== null) throw new StorageError(plan.failure, 'no');
      statements.push({ sql, values });
      return { columns: [], rows: [], affected: 1 };
    },
    stream: async () => {},
    close: async () => {},
  };
  const queue = new RowQueue({
    database,
    wheel,
    limit,
    user: {
      failing: ({ code }) => told.push(`failing ${code}`),
      recovered: () => told.push('recovered'),
      dropped: ({ values }, why) => told.push(`dropped ${values[0]} ${typeof why === 'string' ? why : why.code}`),
    },
  });
  const row = (n: number): QueuedRow => ({ table: 't', columns: ['a', 'key'], values: [n, 'x'] });
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { clock, statements, told, plan, queue, row, settle };
}

describe('rows on their way into a database', () => {
  it('writes them in order, with names that MySQL keeps for itself', async () => {
    const { statements, queue, row } = bench();
    for (let n = 0; n < 5; n++) assert.equal(queue.add(row(n)), true);
    assert.equal(await queue.drain(1000), 0);
    assert.equal(statements[0]?.sql, 'INSERT INTO t (`a`, `key`) VALUES (?, ?)');
    assert.deepEqual(
      statements.map(({ values }) => values[0]),
      [0, 1, 2, 3, 4],
    );
    assert.equal(queue.written, 5);
  });

  it('keeps them while the database is down, asks with growing pauses, and writes all of them in the end', async () => {
    const { clock, statements, told, plan, queue, row, settle } = bench();
    plan.failure = 'STORAGE_UNREACHABLE';
    for (let n = 0; n < 3; n++) queue.add(row(n));
    await settle();
    for (let n = 0; n < 4; n++) {
      clock.advance(60_000);
      await settle();
    }
    assert.equal(queue.waiting, 3);
    plan.failure = null;
    clock.advance(60_000);
    for (let n = 0; n < 5; n++) await settle();
    assert.equal(queue.waiting, 0);
    assert.deepEqual(statements.map(({ values }) => values[0]).toSorted(), [0, 1, 2]);
    assert.deepEqual(told, ['failing STORAGE_UNREACHABLE', 'recovered']);
  });

  it('drops what has no room, and what the database refuses', async () => {
    const { told, plan, queue, row, settle } = bench(2);
    plan.failure = 'STORAGE_TIMEOUT';
    for (let n = 0; n < 3; n++) queue.add(row(n));
    assert.deepEqual(told, ['dropped 2 full']);
    plan.failure = 'STORAGE_STATEMENT';
    await settle();
    assert.equal(await queue.drain(1000), 0);
    assert.deepEqual(told.filter((text) => text.endsWith('STATEMENT')).toSorted(), [
      'dropped 0 STORAGE_STATEMENT',
      'dropped 1 STORAGE_STATEMENT',
    ]);
    assert.equal(queue.lost, 3);
  });

  it('gives what is left up when it is closed', async () => {
    const { told, plan, queue, row, settle } = bench();
    plan.failure = 'STORAGE_DENIED';
    queue.add(row(1));
    await settle();
    assert.equal(await queue.drain(20), 1);
    await queue.close();
    assert.equal(queue.add(row(2)), false);
    assert.deepEqual(told.slice(-2), ['dropped 1 closed', 'dropped 2 closed']);
  });
});
