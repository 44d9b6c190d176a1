import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { allErrorCodes, errorGroups } from '../../scripts/docs/error-sources.ts';
import { errorsPage } from '../../scripts/docs/errors-page.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const sources = globSync('src/**/*.ts', { cwd: ROOT }).map((path) => ({
  path,
  text: readFileSync(join(ROOT, path), 'utf8'),
}));

/** Texts of that form that are no codes of ours. */
const OTHERS: ReadonlySet<string> = new Set([
  // Node's and OpenSSL's.
  'CERT_CHAIN_TOO_LONG',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  // Names of kamailio.cfg, and of the environment.
  'KAMAILIO_VERSION',
  'LOG_DAEMON',
  'OS_NAME',
  'TRUNKLINE_DAEMON',
  'TRUNKLINE_RPC',
  // Kamailio's states of connections, in core.tcp_list.
  'CONN_BAD',
  'CONN_CONNECT',
  'CONN_EOF',
  'CONN_OK',
  'TRUNKLINE_DB_URL',
  'UAC_AUTH',
  'USE_UAC_FROM',
  'USE_UAC_TO',
]);

function isOther(text: string): boolean {
  // Node's begin with ERR_, MySQL's with ER_.
  return OTHERS.has(text) || /^ERR?_/.test(text);
}

/** Quoted texts of the form of a code, with where they stand. */
const literals = sources.flatMap(({ path, text }) =>
  [...text.matchAll(/'([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)'/g)].map(([, code = '']) => ({ path, code })),
);
const codes = new Set(allErrorCodes());

test('every code in the source has an explanation', () => {
  const unknown = literals.filter(({ code }) => !codes.has(code) && !isOther(code));
  assert.deepEqual(
    unknown.map(({ path, code }) => `${code} in ${path}`),
    [],
    'add it to the errors.ts of its layer, and run "npm run docs"',
  );
});

test('every explanation has a code in the source', () => {
  const used = new Set(literals.map(({ code }) => code));
  // The launcher is no part of src/, and writes its codes as they are printed.
  const launcher = readFileSync(new URL('../../bin/trunkline', import.meta.url), 'utf8');
  for (const [, code = ''] of launcher.matchAll(/\[(CLI_[A-Z_]+)\]/g)) used.add(code);
  const whole = sources.map(({ text }) => text).join('\n');
  const unused = [...codes].filter(
    (code) => !used.has(code) && !whole.includes(`_ERRORS.${code}`) && !whole.includes(`\`${code}\` as const`),
  );
  assert.deepEqual(unused, []);
});

test('a code is explained once', () => {
  const all = allErrorCodes();
  assert.deepEqual(
    all.filter((code, index) => all.indexOf(code) !== index),
    [],
  );
});

test('every code is on the page with a whole sentence and what to do', () => {
  const page = errorsPage();
  for (const { codes: group } of errorGroups) {
    for (const [code, text] of Object.entries(group)) {
      assert.ok(page.includes(`| \`${code}\``), code);
      for (const sentence of typeof text === 'string' ? [text] : [text.explanation, text.action])
        assert.match(sentence, /^.{7,}[.)]$/s, code);
    }
  }
});

test('allowed texts are still there', () => {
  const there = new Set(literals.map(({ code }) => code));
  assert.deepEqual(
    [...OTHERS].filter((text) => !there.has(text)),
    [],
  );
});
