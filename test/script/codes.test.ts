import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkerCodes } from '../../src/script/checker-codes.ts';
import { frontEndCodes } from '../../src/script/diagnostic.ts';
import { runtimeCodes } from '../../src/script/runtime-codes.ts';

const folder = join(import.meta.dirname, '../../src/script');

/** Codes that the sources of the script layer give, by a pattern. */
function used(pattern: RegExp): Set<string> {
  const found = new Set<string>();
  for (const name of readdirSync(folder)) {
    if (!name.endsWith('.ts') || name.endsWith('-codes.ts')) continue;
    for (const match of readFileSync(join(folder, name), 'utf8').matchAll(pattern))
      if (match[1] !== undefined) found.add(match[1]);
  }
  return found;
}

test('every code that is given is listed, and every listed one is given', () => {
  const listed = new Set<string>([...Object.keys(frontEndCodes), ...Object.keys(checkerCodes)]);
  const given = used(/'(CFG_[A-Z_]*[A-Z])'/g);
  for (const code of given) assert.ok(listed.has(code), code);
  for (const code of Object.keys(checkerCodes)) assert.ok(given.has(code) || code === 'CFG_MODULE_REFUSED', code);
  const scripts = used(/'(SCRIPT_[A-Z_]*[A-Z])'/g);
  assert.deepEqual([...scripts].toSorted(), Object.keys(runtimeCodes).toSorted());
});
