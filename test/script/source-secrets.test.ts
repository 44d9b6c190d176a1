import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDiagnostic } from '../../src/script/diagnostic.ts';
import { parseConfig } from '../../src/script/parse-config.ts';
import { maskSecrets } from '../../src/script/source-secrets.ts';

test('secrets in source lines are masked, at the same width', () => {
  for (const [line, masked] of [
    ['modparam("uac", "credential", "u:r:p4ss") x', 'modparam("uac", "credential", "********") x'],
    ['modparam("uac","restore_passwd","abc")', 'modparam("uac","restore_passwd","***")'],
    ['modparam("uac", "reg_db_url", "mysql://k:rw@h/d")', 'modparam("uac", "reg_db_url", "****************")'],
    ['$avp(apass) = "hush";', '$avp(apass) = "****";'],
    ['modparam("uac", "credential", "u:r:p4ss', 'modparam("uac", "credential", "********'],
    ['modparam("tm", "fr_timer", 5000)', 'modparam("tm", "fr_timer", 5000)'],
  ] as const)
    assert.equal(maskSecrets(line), masked);
});

test('a mistake on the line of a password does not print it', () => {
  const { diagnostics, files } = parseConfig({ file: 'a.cfg', text: 'modparam("uac", "credential", "u:r:hunter2"\n' });
  assert.ok(diagnostics.length > 0);
  for (const one of diagnostics) assert.doesNotMatch(formatDiagnostic(one, files), /hunter2/);
});
