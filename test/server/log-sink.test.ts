import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { it } from 'node:test';
import { L_ALERT, L_DBG, L_NOTICE } from '../../src/script/log.ts';
import { LogSink } from '../../src/server/log-sink.ts';

it('every JSON line is JSON, with the level by its name', () => {
  const stream = new PassThrough();
  const sink = new LogSink({ level: L_DBG, readable: false, colour: false, stream });
  sink.write(L_NOTICE, '<script>', 'hello\n');
  sink.write(L_ALERT, 'tm', 'tab\there', 'TM_SOMETHING');
  const lines = `${stream.read()}`.trimEnd().split('\n');
  const parsed = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    parsed.map(({ level, module, msg, code }) => ({ level, module, msg, code })),
    [
      { level: 'NOTICE', module: '<script>', msg: 'hello', code: undefined },
      { level: 'ALERT', module: 'tm', msg: 'tab\\there', code: 'TM_SOMETHING' },
    ],
  );
});
