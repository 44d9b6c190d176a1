import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluateDefineExpression } from '../../src/script/define-expression.ts';
import type { Define } from '../../src/script/defines.ts';

const defines = new Map<string, Define>(
  Object.entries({ A: '5', S: '"text"', E: '', N: '-2', W: 'word' }).map(([name, value]) => [
    name,
    { value, at: null },
  ]),
);

const cases: readonly (readonly [string, number | string])[] = [
  ['1 + 2 * 3', 7],
  ['(1 + 2) * 3', 9],
  ['7 / 2', 3],
  ['1 / 0', 0],
  ['-A', -5],
  ['N < 0', 1],
  ['A == 5 && A != 6', 1],
  ['A >= 5 || UNDEFINED', 1],
  ['!UNDEFINED', 1],
  ['!!A', 1],
  ['E', 1],
  ['UNDEFINED', 0],
  ['S == "text"', 1],
  ["S == 'other'", 0],
  ['UNDEFINED == ""', 1],
  ['S + 1', 'text1'],
  ['W', 'word'],
  ['"a" < "b"', 1],
  ['A<6&&A>4', 1],
];

for (const [text, value] of cases) {
  test(`${text} is ${JSON.stringify(value)}`, () =>
    assert.deepEqual(evaluateDefineExpression(text, defines), { value }));
}

for (const text of ['', '1 +', '(1', '1)', '1 2', '$a', '&& 1', `${'('.repeat(5000)}`]) {
  test(`refused: ${text.slice(0, 10)}`, () => assert.ok('error' in evaluateDefineExpression(text, defines)));
}
