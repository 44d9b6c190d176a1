/** Calls of save() and lookup() that can never work are told at a check already. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { registrar } from '../../src/modules/registrar.ts';
import { usrloc } from '../../src/modules/usrloc.ts';
import { compileText } from '../script/support.ts';

/** What is said of a request_route with these statements. */
function said(body: string): readonly string[] {
  const { result } = compileText(`request_route { ${body} }`, { modules: [usrloc, registrar] });
  result.linked?.stop();
  return result.diagnostics.map(({ severity, message, hint }) =>
    [severity, message, ...(hint ? [hint] : [])].join(' | '),
  );
}

test('flags and words of OpenSIPS where a number or a URI is wanted', () => {
  assert.deepEqual(said('save("location", "memory-only, max-contacts=3");'), [
    'warning | save(): "memory-only, max-contacts=3" are no flags: this call will always fail | flags are a number; max_contacts is a modparam',
  ]);
  assert.deepEqual(said('lookup("location", "method-filtering");'), [
    'warning | lookup(): "method-filtering" is no URI: this call will always fail | write modparam("registrar", "method_filtering", 1)',
  ]);
  assert.deepEqual(said('if (registered("location", "bob")) exit;'), [
    'warning | registered(): "bob" is no URI: this call will always fail',
  ]);
});

test('nothing is said of what may work', () => {
  for (const call of [
    'save("location");',
    'save("location", 1);',
    'save("location", "0x04");',
    'save("location", "", "sip:bob@example.com");',
    'lookup("location");',
    'lookup("location", "sip:bob@example.com");',
    'lookup("location", "$ru");',
    'lookup("location", "$var(word)");',
  ])
    assert.deepEqual(said(call), [], call);
});
