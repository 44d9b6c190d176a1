/** The test entry itself: what is skipped must be named, and a failure must show in the exit code. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type Finished, ROOT, startProgram } from './command.ts';
import { peer } from './peers.ts';

const folder = mkdtempSync(join(tmpdir(), 'trunkline-run-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const HEAD = "import { it } from 'node:test';\n";

/** Runs the entry on one suite of its own. */
function run(name: string, text: string): Promise<Finished> {
  const file = join(folder, `${name}.test.ts`);
  writeFileSync(file, HEAD + text);
  // Inside a test process node:test would take the new one for a part of it.
  return startProgram(process.execPath, [join(ROOT, 'test/run.ts'), file], {
    env: { NODE_TEST_CONTEXT: undefined },
  }).finished();
}

describe('test/run.ts', () => {
  it('lists skipped tests by name with the reason, and closes with the summary', async () => {
    const text = "it('goes', () => {});\nit('calls out', { skip: 'nobody is not installed' }, () => {});\n";
    const { code, stdout } = await run('skips', text);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^# 1 skipped:\n# {3}.*skips\.test\.ts: nobody is not installed\n# {5}calls out\n/m);
    assert.match(
      stdout,
      /\n# tests 2\n# suites 0\n# pass 1\n# fail 0\n# cancelled 0\n# skipped 1\n# todo 0\n# duration_ms [\d.]+\n$/,
    );
  });

  it('runs a file that failed once more, alone, and names it', async () => {
    const mark = join(folder, 'been-here');
    const text =
      `import { existsSync, writeFileSync } from 'node:fs';\nit('stumbles once', () => {\n` +
      `  const before = existsSync(${JSON.stringify(mark)});\n  writeFileSync(${JSON.stringify(mark)}, '');\n` +
      "  if (!before) throw new Error('the first time');\n});\n";
    const { code, stdout } = await run('stumbles', text);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /# failed once, passed alone: .*stumbles\.test\.ts/);
    assert.match(stdout, /\n# tests 1\n# suites 0\n# pass 1\n# fail 0\n/);
  });

  it('fails when a test fails', async () => {
    const { code, stdout } = await run('fails', "it('breaks', () => { throw new Error('on purpose'); });\n");
    assert.equal(code, 1);
    assert.match(stdout, /on purpose/);
    assert.match(stdout, /\n# pass 0\n# fail 1\n/);
  });

  it('runs the suite again whose failing test stands in a file of others', async () => {
    const shared = join(folder, 'shared.ts');
    writeFileSync(
      shared,
      `${HEAD}export const tests = () => it('breaks', () => { throw new Error('on purpose'); });\n`,
    );
    const { code, stdout } = await run(
      'shares',
      `import { tests } from './shared.ts';\nit('goes', () => {});\ntests();\n`,
    );
    assert.equal(code, 1, stdout);
    assert.match(stdout, /# once more, alone: .*shares\.test\.ts\n/);
    assert.match(stdout, /\n# pass 1\n# fail 1\n/);
  });

  it('lists the files that took longest, when there are many', async () => {
    const many = mkdtempSync(join(folder, 'many-'));
    for (let at = 0; at < 11; at++) writeFileSync(join(many, `${at}.test.ts`), `${HEAD}it('goes', () => {});\n`);
    const args = [join(ROOT, 'test/run.ts'), many];
    const { stdout } = await startProgram(process.execPath, args, { env: { NODE_TEST_CONTEXT: undefined } }).finished();
    assert.match(stdout, /\n# slowest files:\n(?:# {3}\d+\.\d s .*\.test\.ts\n){10}\n/);
  });

  it('fails when a suite cannot be read', async () => {
    const { code, stdout } = await run('broken', 'it(\n');
    assert.equal(code, 1);
    assert.match(stdout, /\n# fail 1\n/);
  });

  it('fails when there is nothing to run', async () => {
    const args = [join(ROOT, 'test/run.ts'), join(folder, 'nothing')];
    const { code, stderr } = await startProgram(process.execPath, args, {
      env: { NODE_TEST_CONTEXT: undefined },
    }).finished();
    assert.equal(code, 1);
    assert.match(stderr, /no test files/);
  });
});

describe('peer', () => {
  it('finds a program that is there', () => {
    // Its package's name is all that a skipped test has to say, so only one that is surely there is asked for its path.
    const { path, skip } = peer('openssl');
    if (skip === false) assert.match(path, /^\/.*\/openssl$/);
    else assert.match(skip, /^openssl is not installed \(Debian package openssl\)$/);
  });
});
