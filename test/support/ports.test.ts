/** Ports for tests that run beside each other: no two processes are given the same. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startProgram } from './command.ts';
import { freePort, lockOf } from './ports.ts';
import { portBound } from './servers.ts';

/** More than one block has. */
const MANY = 400;

function ports(count: number): Promise<number[]> {
  return Promise.all(Array.from({ length: count }, () => freePort()));
}

describe('freePort', () => {
  it('gives no port twice, here or to another process, nor the one after it', async () => {
    const text =
      `import { freePort } from ${JSON.stringify(import.meta.resolve('./ports.ts'))};\n` +
      `const ports = await Promise.all(Array.from({ length: ${MANY} }, () => freePort()));\n` +
      'console.log(JSON.stringify(ports));\n' +
      // Its blocks are its own as long as it lives.
      'process.stdin.resume();\n';
    const other = startProgram(process.execPath, ['--input-type=module', '--eval', text], { input: true });
    const printed = other.output(/^\[[\d,]+\]$/m);
    const mine = await ports(MANY);
    for (const lock of new Set(mine.map(lockOf))) assert.ok(portBound('tcp', lock), `${lock}: the block is taken`);
    const theirs = JSON.parse((await printed)[0]) as number[];
    mine.push(...(await ports(MANY)));
    other.process.stdin.end();
    await other.finished();
    const all = new Set([...mine, ...theirs]);
    assert.equal(all.size, 3 * MANY);
    assert.deepEqual(
      [...all].filter((port) => all.has(port + 1)),
      [],
    );
  });

  it('keeps no process', async () => {
    const text = `import { freePort } from ${JSON.stringify(import.meta.resolve('./ports.ts'))};\nawait freePort();\n`;
    const { code } = await startProgram(process.execPath, ['--input-type=module', '--eval', text]).finished();
    assert.equal(code, 0);
  });
});
