/** Conditions, assignments, transformations, variables and routes: what the script prints, on Trunkline as recorded and on a live Kamailio. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { peer } from '../support/peers.ts';
import { ALLOWED_VECTORS } from './allowed-vectors.ts';
import { ENDINGS } from './script-config.ts';
import { runScript, type ScriptOutcome } from './script-run.ts';
import { ASSIGNMENTS, CONDITIONS, TRANSFORMATIONS, VARIABLES } from './vectors.ts';

const KINDS: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
  ['conditions', CONDITIONS.map(([text, taken]) => [text, `${taken}`] as const)],
  ['assignments', ASSIGNMENTS.map(([text, value]) => [text, `[${value.replaceAll('\t', '\\t')}]`] as const)],
  ['transformations', TRANSFORMATIONS.map(([text, value]) => [text, `[${value}]`] as const)],
];

function recorded(outcome: ScriptOutcome): void {
  for (const [kind, vectors] of KINDS) {
    it(kind, () => {
      assert.deepEqual(
        vectors.map(([text], n) => `${text} ${outcome.printed[kind]?.[n] ?? 'nothing'}`),
        vectors.map(([text, value], n) => `${text} ${n}=${value}`),
      );
    });
  }
  it('the ways out of a route', () => {
    assert.deepEqual(outcome.endings, Object.fromEntries(ENDINGS.map(([name, , replies]) => [name, replies])));
  });
}

describe('script vectors on Trunkline', () => {
  const outcome: { -readonly [K in keyof ScriptOutcome]: ScriptOutcome[K] } = { printed: {}, endings: {} };
  before(async () => {
    Object.assign(outcome, await runScript('trunkline'));
  });
  recorded(outcome);

  describe('and Kamailio', { skip: peer('kamailio').skip }, () => {
    let theirs: ScriptOutcome;
    before(async () => {
      theirs = await runScript('kamailio');
    });
    for (const kind of ['conditions', 'assignments', 'transformations', 'flow'] as const) {
      it(`print the same: ${kind}`, () => {
        assert.ok((theirs.printed[kind]?.length ?? 0) > 0);
        assert.deepEqual(outcome.printed[kind], theirs.printed[kind]);
      });
    }
    it('print the same: variables', () => {
      const lines = (one: ScriptOutcome): string[] =>
        VARIABLES.map((name, n) => `${name} ${(one.printed.variables?.[n] ?? 'nothing').replace(/^\d+=/, '')}`);
      const ours = lines(outcome);
      const differing = lines(theirs).filter((line, n) => line !== ours[n]);
      assert.deepEqual(
        differing,
        ALLOWED_VECTORS.map(({ theirs: line }) => line),
      );
      for (const { ours: line } of ALLOWED_VECTORS) assert.ok(ours.includes(line), line);
    });
    it('answer the same', () => {
      assert.deepEqual(outcome.endings, theirs.endings);
    });
  });
});
