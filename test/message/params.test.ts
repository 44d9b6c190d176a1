import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { paramValue, parseParams, printParams, quote, unquote } from '../../src/message/params.ts';

test('print and parse are inverse', () => {
  const name = fc.stringMatching(/^[A-Za-z0-9.!%*_+`'~-]{1,12}$/);
  const value = fc.option(fc.stringMatching(/^[\x20-\x7e\x80-\xff]{0,20}$/), { nil: undefined });
  fc.assert(
    fc.property(fc.array(fc.record({ name, value }, { noNullPrototype: true }), { maxLength: 6 }), (params) => {
      assert.deepEqual(parseParams(printParams(params)), params);
    }),
    { numRuns: 2000 },
  );
});

test('unquote undoes quote for every text without line ends', () => {
  fc.assert(fc.property(fc.stringMatching(/^[^\r\n]*$/), (text) => assert.equal(unquote(quote(text)), text)));
  assert.equal(quote('a\r\nb'), '"a  b"');
});

test('values: quoted, bare, flags, any case, blanks and folding around', () => {
  const params = ';Tag = x1 ;\r\n lr; b="q;\\"; tag=no" ;empty=;+sip.instance="<urn:uuid:1>"';
  assert.equal(paramValue(params, 'tag'), 'x1');
  assert.equal(paramValue(params, 'lr'), '');
  assert.equal(paramValue(params, 'b'), 'q;"; tag=no');
  assert.equal(paramValue(params, 'empty'), '');
  assert.equal(paramValue(params, '+sip.instance'), '<urn:uuid:1>');
  assert.equal(paramValue(params, 'l'), undefined);
  assert.equal(paramValue('', 'tag'), undefined);
  assert.equal(paramValue(';tags=1;xtag=2', 'tag'), undefined);
  assert.equal(paramValue(';b="never closed', 'b'), '"never closed');
});

test('what is no parameter list is null', () => {
  for (const text of [';', ';;a', 'a=b', ';a b', ';a="x', ';=b', ';a,b', ';a=b"c"']) {
    assert.equal(parseParams(text), null, text);
  }
  assert.deepEqual(parseParams(''), []);
});
