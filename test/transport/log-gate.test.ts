import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FakeClock } from '../../src/time/fake-clock.ts';
import { gatedLogger } from '../../src/transport/log-gate.ts';

it('a flood of one code is cut to 20 lines a second and summed up; other codes pass', () => {
  const clock = new FakeClock();
  const lines: string[] = [];
  const log = gatedLogger((level, code, text) => lines.push(`${level} ${code} ${text}`), clock);
  for (let i = 0; i < 100; i++) log('warn', 'A', `line ${i}`);
  log('warn', 'B', 'other');
  assert.equal(lines.length, 21);
  clock.advance(1000);
  log('warn', 'A', 'again');
  assert.deepEqual(lines.slice(21), ['warn A 80 more lines like the next one were left out', 'warn A again']);
});
