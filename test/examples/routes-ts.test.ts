import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkConfiguration } from '../../src/server/server.ts';

const ROOT = join(import.meta.dirname, '..', '..');

test('examples/routes-ts: its own test passes', { timeout: 60_000 }, () => {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const args = ['--import', './test/support/from-source.ts', '--test', 'examples/routes-ts/routes.test.ts'];
  const run = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8', env, timeout: 50_000 });
  assert.equal(run.status, 0, run.stdout + run.stderr);
  assert.match(run.stdout, /pass 4/);
});

test('examples/routes-ts/routes.ts has nothing that check complains of', async () => {
  const { text } = await checkConfiguration({
    file: 'examples/routes-ts/routes.ts',
    cwd: ROOT,
    defines: [],
    listen: [],
    debug: null,
    unsupported: 'error',
    autoAliases: null,
  });
  assert.equal(text, '');
});
