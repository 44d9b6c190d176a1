import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkConfiguration } from '../../src/server/server.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PAGE = readFileSync(join(ROOT, 'docs', 'scripting-typescript.md'), 'utf8');
const BLOCKS = [...PAGE.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);

/** The block that begins with the name of a file. */
function block(name: string): string {
  return (
    BLOCKS.find((text) => text.startsWith(`// ${name}\n`)) ?? assert.fail(`docs/scripting-typescript.md has no ${name}`)
  );
}

test('the first route of scripting-typescript.md passes its test', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-docs-'));
  try {
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    for (const name of ['routes.ts', 'routes.test.ts']) writeFileSync(join(folder, name), block(name));
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const args = [
      '--import',
      join(ROOT, 'test', 'support', 'from-source.ts'),
      '--test',
      join(folder, 'routes.test.ts'),
    ];
    const run = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env, timeout: 50_000 });
    assert.equal(run.status, 0, run.stdout + run.stderr);
    assert.match(run.stdout, /pass 1/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the other routes of scripting-typescript.md can be loaded', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-docs-'));
  const others = BLOCKS.filter((text) => /export (?:const request\b|function ksr_request_route)/.test(text));
  assert.ok(others.length >= 3);
  for (const text of others) {
    writeFileSync(join(folder, 'routes.ts'), text);
    const result = await checkConfiguration({
      file: 'routes.ts',
      cwd: folder,
      defines: [],
      listen: [],
      debug: null,
      unsupported: 'error',
      autoAliases: null,
    });
    assert.equal(result.text, '');
  }
  rmSync(folder, { recursive: true });
});
