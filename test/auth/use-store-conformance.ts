/** What every store of uses must do, whether it answers at once or later, in one process or shared. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UseResult, UseStore } from '../../src/auth/use-store.ts';
import type { NonceUse } from '../../src/digest/nonce-use.ts';

/** Two servers' ends of one store; the same one twice where it is not shared. */
export type Ends = readonly [UseStore, UseStore];

const LIFETIME_MS = 300_000;

/** A use of a nonce that was just issued. */
export function useOf(nonce: string, nc = 1, now = Date.now()): NonceUse {
  return { nonce, nc, issuedAt: now + 1, expiresAt: now + LIFETIME_MS };
}

/** Defines the tests of a store. @param make ends of a new store, which knows of no use */
export function usesAreKept(make: () => Ends): void {
  test('each count of a nonce is used once, in any order of those that overtake each other, at whichever end', async () => {
    const [here, there] = make();
    assert.equal(await here.use(useOf('n', 1), 'a'), 'first');
    assert.equal(await there.use(useOf('n', 3), 'b'), 'first');
    assert.equal(await here.use(useOf('n', 2), 'c'), 'first');
    for (const nc of [1, 2, 3]) {
      assert.equal(await here.use(useOf('n', nc), 'thief'), 'replay');
      assert.equal(await there.use(useOf('n', nc), 'thief'), 'replay');
    }
    assert.equal(await there.use(useOf('n', 0xffffffff), 'd'), 'first');
  });

  test('the same request once more is no replay, wherever it arrives', async () => {
    const [here, there] = make();
    assert.equal(await here.use(useOf('n'), 'a'), 'first');
    assert.equal(await here.use(useOf('n'), 'a'), 'again');
    assert.equal(await there.use(useOf('n'), 'a'), 'again');
    assert.equal(await there.use(useOf('n'), 'b'), 'replay');
  });

  test('nonces are told apart by every character', async () => {
    const [here, there] = make();
    for (const nonce of ['n', 'N', 'n\nalice\nc', 'n\nalice\nC', 'n\nalicec', 'n:1', 'n1'])
      assert.equal(await here.use(useOf(nonce), 'a'), 'first', JSON.stringify(nonce));
    assert.equal(await there.use(useOf('n', 11), 'a'), 'first', 'n and 11 are not n1 and 1');
  });

  test('of copies that arrive at once one is the first', async () => {
    const [here, there] = make();
    for (let round = 0; round < 20; round++) {
      const use = useOf(`n${round}`);
      const results = await Promise.all(
        Array.from({ length: 10 }, (_, at) => (at % 2 === 0 ? here : there).use(use, `request ${at}`)),
      );
      const count = (wanted: UseResult): number => results.filter((result) => result === wanted).length;
      assert.deepEqual([count('first'), count('replay')], [1, 9]);
      const same = useOf(`m${round}`);
      const copies = await Promise.all([here, there, here].map((end) => end.use(same, 'the same')));
      assert.deepEqual(copies.sort(), ['again', 'again', 'first']);
    }
  });
}
