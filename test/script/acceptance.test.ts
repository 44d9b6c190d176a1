import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verdicts, wrappers } from './acceptance-table.ts';
import { errors, parse } from './parse-support.ts';

for (const kind of ['configs', 'conditions', 'statements'] as const) {
  const { both, lenient, refused } = verdicts[kind];
  const accepts = (snippet: string): boolean => errors(parse(wrappers[kind](snippet))).length === 0;
  for (const snippet of both) {
    test(`${kind}: accepted, as by Kamailio: ${JSON.stringify(snippet)}`, () => assert.ok(accepts(snippet)));
  }
  for (const snippet of lenient) {
    test(`${kind}: accepted on purpose where Kamailio refuses: ${JSON.stringify(snippet)}`, () =>
      assert.ok(accepts(snippet)));
  }
  for (const snippet of refused) {
    test(`${kind}: refused, as by Kamailio: ${JSON.stringify(snippet)}`, () => assert.ok(!accepts(snippet)));
  }
}
