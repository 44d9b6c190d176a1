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

const ALLOWED = new Map(ALLOWED_VECTORS.map((one) => [one.vector, one]));

/** Vector → what is printed for it, as one line each. */
function lines(kind: string, texts: readonly string[], outcome: ScriptOutcome): string[] {
  return texts.map((text, n) => `${text} ${(outcome.printed[kind]?.[n] ?? 'nothing').replace(/^\d+=/, '')}`);
}

/** The same for what must be printed by Trunkline when Kamailio prints this. */
function wanted(text: string, theirs: string, ours: string): string {
  const allowed = ALLOWED.get(text);
  if (allowed === undefined) return `${text} ${theirs}`;
  assert.equal(theirs, allowed.theirs, `${text}: no longer what ${allowed.reason} says`);
  assert.ok(
    ours.startsWith(`${text} ${allowed.ours}`),
    `${ours} does not begin with ${allowed.ours}: ${allowed.reason}`,
  );
  return ours;
}

function recorded(outcome: ScriptOutcome): void {
  for (const [kind, vectors] of KINDS) {
    it(kind, () => {
      const ours = lines(
        kind,
        vectors.map(([text]) => text),
        outcome,
      );
      assert.deepEqual(
        ours,
        vectors.map(([text, value], n) => wanted(text, value, ours[n] ?? '')),
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
    const kinds = [...KINDS, ['variables', VARIABLES.map((text) => [text, ''] as const)] as const];
    for (const [kind, vectors] of kinds) {
      it(`print the same: ${kind}`, () => {
        const texts = vectors.map(([text]) => text);
        const ours = lines(kind, texts, outcome);
        const live = lines(kind, texts, theirs);
        assert.equal(theirs.printed[kind]?.length, texts.length);
        assert.deepEqual(
          ours,
          live.map((line, n) => wanted(texts[n] ?? '', line.slice((texts[n] ?? '').length + 1), ours[n] ?? '')),
        );
      });
    }
    it('print the same: routes, loops, switch', () => {
      assert.ok((theirs.printed.flow?.length ?? 0) > 20);
      assert.deepEqual(outcome.printed.flow, theirs.printed.flow);
    });
    it('answer the same', () => {
      assert.deepEqual(outcome.endings, theirs.endings);
    });
  });
});
