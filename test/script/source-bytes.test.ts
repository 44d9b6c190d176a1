import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDiagnostics } from '../../src/script/diagnostic.ts';
import { decodeSource, encodeSource, readableSource } from '../../src/script/source-bytes.ts';
import { compileText, runCompiled } from './support.ts';

test('every file leaves byte for byte', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const file = Buffer.from(bytes);
      assert.equal(encodeSource(decodeSource(file)), file.toString('latin1'));
    }),
    { numRuns: 2000 },
  );
});

test('UTF-8 is read as it is, also beside bytes that are none', () => {
  assert.equal(decodeSource(Buffer.from('grüße 😀')), 'grüße 😀');
  const both = Buffer.concat([Buffer.from('grüße 😀 €'), Buffer.from([0xe9, 0xf0, 0x9f])]);
  assert.equal(decodeSource(both), 'grüße 😀 €\udce9\udcf0\udc9f');
  assert.equal(encodeSource(decodeSource(both)), both.toString('latin1'));
});

test('overlong forms, surrogates and what is beyond Unicode are no UTF-8', () => {
  for (const bytes of [
    [0xc0, 0xaf],
    [0xe0, 0x80, 0xaf],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xf5, 0x80],
  ])
    assert.match(decodeSource(Buffer.from(bytes)), /^[\udc80-\udcff]+$/u);
});

test('for people a byte is its latin1 character, and no control character', () => {
  assert.equal(readableSource(decodeSource(Buffer.from([0x63, 0xe9, 0x85]))), 'cé\ufffd');
});

const LATIN1 = Buffer.from(
  '#!define WHO "M\xfcller"\ngroup.city = "K\xf6ln"\n' +
    'request_route { xlog("caf\xe9 $def(WHO)"); $var(x) = "\xa3" + WHO; xlog("$var(x) $sel(cfg_get.group.city) \\xE9"); }',
  'latin1',
);

test('texts of a configuration in latin1 leave as they stand there', () => {
  const { lines } = runCompiled(compileText(decodeSource(LATIN1)));
  assert.deepEqual(lines, ['caf\xe9 M\xfcller', '\xa3M\xfcller K\xf6ln \xe9']);
});

test('those of one in UTF-8 leave as UTF-8', () => {
  const { lines } = runCompiled(compileText(decodeSource(Buffer.from('request_route { xlog("café"); }'))));
  assert.deepEqual(lines, [Buffer.from('café').toString('latin1')]);
});

test('a diagnostic shows the character', () => {
  const text = decodeSource(Buffer.from('request_route { caf\xe9(); }', 'latin1'));
  const { result } = compileText(text);
  const files = new Map([['test.cfg', { name: 'test.cfg', text, lineStarts: [0] }]]);
  const shown = formatDiagnostics(result.diagnostics.slice(0, 1), files);
  assert.match(shown, /request_route \{ café\(\); \}/);
});
