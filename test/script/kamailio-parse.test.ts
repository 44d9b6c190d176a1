/**
 * The verdicts of acceptance-table.ts against a real `kamailio -c`, when one is installed. It only parses: no socket is
 * opened. Every eighth snippet is asked for, all with TRUNKLINE_KAMAILIO_TABLE=all (some minutes).
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { verdicts, wrappers } from './acceptance-table.ts';

const version = /kamailio (\d+\.\d+)\./.exec(spawnSync('kamailio', ['-v'], { encoding: 'utf8' }).stdout ?? '')?.[1];
const skip =
  version === undefined
    ? 'kamailio is not installed'
    : version !== '5.6' && `the verdicts are those of 5.6, not ${version}`;
const folder = mkdtempSync(join(tmpdir(), 'trunkline-parse-'));
after(() => rmSync(folder, { recursive: true }));

const stride = process.env.TRUNKLINE_KAMAILIO_TABLE === 'all' ? 1 : 8;
let count = 0;

/** Exit status 0 of `kamailio -c`; `null` when it did not come to an end. */
async function accepts(text: string): Promise<boolean | null> {
  const file = join(folder, `${count++}.cfg`);
  writeFileSync(file, text);
  const child = spawn('kamailio', ['-c', '-f', file], { stdio: 'ignore', timeout: 3000 });
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return status === null ? null : status === 0;
}

/** Runs a few at a time; returns the snippets on which Kamailio does not say what the table says. */
async function deviations(
  kind: keyof typeof wrappers,
  snippets: readonly string[],
  expected: boolean,
): Promise<string[]> {
  const queue = snippets.filter((_, index) => index % stride === 0);
  const found: string[] = [];
  const work = async (): Promise<void> => {
    for (let snippet = queue.shift(); snippet !== undefined; snippet = queue.shift()) {
      const verdict = await accepts(wrappers[kind](snippet));
      if (verdict !== null && verdict !== expected) found.push(snippet);
    }
  };
  await Promise.all([work(), work(), work(), work()]);
  return found;
}

for (const kind of ['configs', 'conditions', 'statements'] as const) {
  const { both, lenient, refused } = verdicts[kind];
  test(`Kamailio accepts the ${kind} of the table`, { skip }, async () => {
    assert.deepEqual(await deviations(kind, both, true), []);
  });
  test(`Kamailio refuses the ${kind} of the table`, { skip }, async () => {
    assert.deepEqual(await deviations(kind, [...lenient, ...refused], false), []);
  });
}
