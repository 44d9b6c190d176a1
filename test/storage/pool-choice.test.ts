import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PoolChoice } from '../../src/storage/pool-choice.ts';

interface FakePool {
  readonly tls: boolean;
  ended: boolean;
  readonly waiting: { resolve: (text: string) => void; reject: (error: Error) => void }[];
}

function choice() {
  const pools: FakePool[] = [];
  const made = new PoolChoice<FakePool, string>({
    make: (tls) => {
      const pool = { tls, ended: false, waiting: [] };
      pools.push(pool);
      return pool;
    },
    take: (pool) =>
      pool.tls
        ? Promise.resolve('by TLS')
        : new Promise((resolve, reject) => {
            pool.waiting.push({ resolve, reject });
          }),
    drop: () => {},
    end: (pool) => {
      pool.ended = true;
    },
    mayWantTls: (error) => error instanceof Error && error.message === 'TLS only',
  });
  return { pools, made };
}

test('whoever waited for the pool that gave way gets a connection of the new one, whatever the old one says', async () => {
  const { pools, made } = choice();
  const all = [made.connect(), made.connect(), made.connect()];
  const [plain] = pools;
  plain?.waiting[0]?.reject(new Error('TLS only'));
  assert.equal(await all[0], 'by TLS');
  assert.equal(plain?.ended, true);
  plain?.waiting[1]?.reject(new Error('Pool is closed.'));
  plain?.waiting[2]?.reject(new Error('TLS only'));
  assert.deepEqual(await Promise.all(all), ['by TLS', 'by TLS', 'by TLS']);
  assert.equal(pools.length, 2);
});

test('another failure is the driver’s own', async () => {
  const { pools, made } = choice();
  const one = made.connect();
  pools[0]?.waiting[0]?.reject(new Error('refused'));
  await assert.rejects(one, /refused/);
  assert.equal(pools.length, 1);
});
