/**
 * Time does not tell a user that is unknown from one whose password is wrong. The work is counted in test/modules/auth-enumeration.test.ts; here time
 * itself is compared, never measured: pairs of batches in random order, and how often one takes a tenth more than the other (a sign test).
 * Where there is no difference that is at most every second pair, whatever the machine does besides: more than 260 of 400 come by chance once in 10^8 runs.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import type { Presented, Proof } from '../../src/auth/gate.ts';
import type { StoredSecret } from '../../src/digest/credentials.ts';
import { Secret } from '../../src/digest/secret.ts';
import { GateBench, register } from './gate-bench.ts';

const PAIRS = 400;
const BATCH = 40;
const MARGIN = 1.1;
const ALARM = 260;

type Check = (bench: GateBench, presented: Presented) => Proof;

/** Takes a batch of guesses. @returns ns */
function batch(bench: GateBench, check: Check): number {
  const texts = Array.from({ length: BATCH }, () =>
    register({ nonce: bench.nonce(), qop: 'auth', password: `guess${randomInt(1_000_000)}` }),
  );
  const requests = texts.map((text) => bench.request(text));
  const started = process.hrtime.bigint();
  for (const request of requests) {
    const found = bench.gate.present(request);
    if (!found.done) bench.decide(found, check(bench, found));
  }
  return Number(process.hrtime.bigint() - started);
}

/** In how many pairs the first, or the second, took a tenth more than the other. */
function compare(a: Check, b: Check): readonly [a: number, b: number] {
  const bench = new GateBench();
  const slower: [number, number] = [0, 0];
  for (let pair = -20; pair < PAIRS; pair++) {
    const swapped = randomInt(2) === 1;
    const first = batch(bench, swapped ? b : a);
    const second = batch(bench, swapped ? a : b);
    const [ofA, ofB] = swapped ? [second, first] : [first, second];
    // The first ones warm up.
    if (pair < 0) continue;
    if (ofA > ofB * MARGIN) slower[0]++;
    if (ofB > ofA * MARGIN) slower[1]++;
  }
  return slower;
}

const HA1: StoredSecret = { secret: new Secret('a'.repeat(32)), ha1: true };
const PASSWORD: StoredSecret = { secret: new Secret('secret'), ha1: false };

for (const [name, stored] of [
  ['HA1s', HA1],
  ['passwords', PASSWORD],
] as const) {
  test(`an unknown user takes as long as a wrong password: ${name}`, () => {
    const { ha1 } = stored;
    const [wrong, unknown] = compare(
      (bench, presented) => bench.gate.proof(presented, stored, ha1),
      (bench, presented) => bench.gate.proof(presented, null, ha1),
    );
    assert.ok(wrong <= ALARM, `a wrong password took longer in ${wrong} of ${PAIRS} pairs`);
    assert.ok(unknown <= ALARM, `an unknown user took longer in ${unknown} of ${PAIRS} pairs`);
  });
}

test('the comparison finds a server that does not hash for unknown users', () => {
  const [wrong] = compare(
    (bench, presented) => bench.gate.proof(presented, HA1, true),
    () => ({ state: 'unknown' }),
  );
  assert.ok(wrong > ALARM, `found in ${wrong} of ${PAIRS} pairs`);
});
