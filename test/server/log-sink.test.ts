import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { it } from 'node:test';
import { L_ALERT, L_DBG, L_NOTICE } from '../../src/script/log.ts';
import { encodeForLog, LogSink } from '../../src/server/log-sink.ts';

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

it('marks that turn the direction of writing are shown by their codes, decoded or as bytes of a message', () => {
  assert.equal(encodeForLog('a\u202eb'), 'a\\u202eb');
  assert.equal(encodeForLog(Buffer.from('a\u202e\u2066\u200fb').toString('latin1')), 'a\\u202e\\u2066\\u200fb');
  assert.equal(encodeForLog('Grüße'), 'Grüße');
});

it('what came from the network reaches neither kind of line as it is', () => {
  const bytes = Buffer.from('"e\u202ev\u009b\x1b[2J" <sip:\u2066a\u061c@b>\r\n').toString('latin1');
  for (const readable of [true, false]) {
    const stream = new PassThrough();
    new LogSink({ level: L_DBG, readable, colour: false, stream }).write(L_NOTICE, '<script>', `from ${bytes}!`);
    const line = `${stream.read()}`;
    assert.match(line, /e\\+u202ev\\+u009b\\+u001b\[2J.*sip:\\+u2066a\\+u061c@b>\\+r\\+n!/);
    assert.doesNotMatch(line, /[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/);
  }
});
