import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ignoredWhy, keywordRows, restOfGlobals } from '../../scripts/docs/compat-core.ts';
import { differences } from '../../scripts/docs/compat-differences.ts';
import { foreignGlobals, globalRows } from '../../scripts/docs/compat-globals.ts';
import { eventRows, exampleConfig, languageTables, selectPaths } from '../../scripts/docs/compat-language.ts';
import { missingNames, missingReason } from '../../scripts/docs/compat-missing.ts';
import { missingFrom } from '../../scripts/docs/compat-missing-names.ts';
import { functionEntries } from '../../scripts/docs/compat-modules.ts';
import { compatPage, pageModules } from '../../scripts/docs/compat-page.ts';
import { check } from '../../scripts/docs/probe.ts';
import { readSupport } from '../../scripts/docs/support.ts';
import { testOf, uacTests } from '../../scripts/docs/uac-tests.ts';
import { modules } from '../../src/modules/index.ts';
import { coreFunctionTable } from '../../src/script/core-functions.ts';
import { globalParameter } from '../../src/script/global-parameters.ts';
import { coreFunctions, coreKeywords } from '../../src/script/keywords.ts';
import { registryModules } from '../../src/script/registry.ts';
import { compileSelect } from '../../src/script/selects.ts';
import { coreTransformations } from '../../src/script/transformations/index.ts';
import { coreVariables } from '../../src/script/variables/index.ts';
import { testHost } from '../modules/support.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PAGE = compatPage();

/** Modules that this server means to have whole. */
const WHOLE =
  'tm tmx sl rr maxfwd textops textopsx siputils xlog pv kex corex sanity cfgutils counters statistics uac usrloc registrar nathelper'.split(
    ' ',
  );

const definitions = [...modules.values()].map(({ definition }) => definition);

test('every module that is meant to be there is there', () => {
  assert.deepEqual(
    WHOLE.filter((name) => !modules.has(name)),
    [],
  );
});

test('a name of Kamailio is defined, or has its row and a reason', () => {
  const missing = missingFrom(pageModules());
  assert.deepEqual(
    missing.filter((key) => missingReason(key) === undefined),
    [],
    'define it, or give the reason in scripts/docs/compat-missing.ts',
  );
  assert.deepEqual(
    Object.keys(missingNames).filter((key) => !missing.some((name) => name.startsWith(key.replace(/\*$/, '')))),
    [],
    'no longer missing: take it out of scripts/docs/compat-missing.ts',
  );
  for (const key of missing) assert.ok(PAGE.includes(`\`${key.slice(key.indexOf('.') + 1)}\``), key);
});

test('functions take the numbers of arguments that Kamailio’s take', () => {
  const wrong: string[] = [];
  for (const definition of definitions) {
    const registry = registryModules().get(definition.name);
    for (const { name, counts } of functionEntries(definition.functions)) {
      const theirs = registry?.functions.get(name);
      if (theirs === undefined || theirs === null) continue;
      for (const count of theirs) if (!counts.includes(count)) wrong.push(`${definition.name}.${name}/${count}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('parameters have Kamailio’s types', () => {
  // Names or numbers of accounts: Kamailio defines each of them twice.
  const EITHER = /^(?:ctl|jsonrpcs)\.(?:\w+_)?(?:user|group)$/;
  const wrong: string[] = [];
  for (const definition of definitions) {
    const registry = registryModules().get(definition.name);
    for (const { name, type, repeat } of definition.parameters) {
      const theirs = registry?.parameters.get(name);
      if (EITHER.test(`${definition.name}.${name}`)) continue;
      if (theirs !== undefined && (theirs.type !== type || theirs.repeat !== repeat))
        wrong.push(`${definition.name}.${name}: ${type}${repeat ? '+' : ''}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('every support mark can be read, and "partly" and "no" say why', () => {
  const marked = [
    ...definitions.flatMap((definition) =>
      [...definition.functions, ...definition.parameters, ...definition.variables, ...definition.transformations].map(
        ({ name, support }) => [`${definition.name}.${name}`, support] as const,
      ),
    ),
    ...[...coreFunctionTable.values(), ...coreVariables, ...coreTransformations].map(
      ({ name, support }) => [name, support] as const,
    ),
    ...globalRows.map(({ name, support }) => [name, support] as const),
    ...eventRows.map(({ name, support }) => [name, support] as const),
    ...languageTables.flatMap(({ rows }) => rows.map(({ what, support }) => [what, support] as const)),
  ];
  for (const [name, text] of marked) {
    const { level, why } = readSupport(text);
    if (level === 'partly' || level === 'no') assert.notEqual(why, '', name);
  }
});

test('every example of the language passes check', () => {
  for (const group of languageTables) {
    for (const row of group.rows) {
      const errors = check(exampleConfig(group, row)).filter(({ severity }) => severity === 'error');
      assert.deepEqual(
        errors.map(({ message, line }) => `${line}: ${message}`),
        [],
        row.what,
      );
    }
  }
});

test('every core keyword has a row whose example passes check', () => {
  const named = new Set(keywordRows.map(([name]) => name));
  assert.deepEqual(
    [...coreKeywords].filter((name) => !named.has(name)),
    [],
  );
  for (const [name, , example] of keywordRows) {
    const errors = check(`request_route { if (${example}) exit; }`).filter(({ severity }) => severity === 'error');
    assert.deepEqual(errors, [], name);
  }
});

test('every select path compiles', () => {
  for (const [path] of selectPaths) assert.equal(typeof compileSelect(path, testHost()), 'function', path);
});

test('every core function of the grammar is in the table', () => {
  assert.deepEqual(
    [...new Set(coreFunctions.values())].filter((name) => !coreFunctionTable.has(name)),
    [],
  );
});

test('every global parameter has its row or its family', () => {
  for (const { name } of globalRows) assert.equal(globalParameter(name)?.name, name, name);
  for (const [name, real] of foreignGlobals) {
    assert.equal(globalParameter(name)?.foreign, true, name);
    assert.notEqual(globalParameter(real), undefined, real);
  }
  assert.deepEqual(
    restOfGlobals().filter((name) => ignoredWhy(name) === undefined),
    [],
    'describe it in scripts/docs/compat-globals.ts',
  );
});

/** All of src/ but for the places where global parameters are read and kept. */
const readers = globSync('src/**/*.ts', { cwd: ROOT })
  .filter((path) => !/script\/(globals|settings|variables\/custom-settings)/.test(path))
  .map((path) => readFileSync(join(ROOT, path), 'utf8'))
  .join('\n');

test('a global parameter that is read anywhere is not called without effect', () => {
  const wrong = globalRows.filter(({ field }) => field !== undefined && new RegExp(`\\.${field}\\b`).test(readers));
  assert.deepEqual(
    wrong.map(({ name }) => name),
    [],
    'it acts now: say so in scripts/docs/compat-globals.ts',
  );
});

test('a global parameter that the globals read has a row of its own', () => {
  const text = globSync('src/script/globals*.ts', { cwd: ROOT })
    .map((path) => readFileSync(join(ROOT, path), 'utf8'))
    .join('\n');
  const rows = new Set([...globalRows.map(({ name }) => name), ...foreignGlobals.map(([name]) => name)]);
  const read = [
    ...text.matchAll(/values\.(?:int|bool|text|header)\(\s*'(\w+)'/g),
    ...text.matchAll(/\['(\w+)', \d+, '/g),
  ];
  assert.deepEqual(
    read.map(([, name = '']) => name).filter((name) => !rows.has(name)),
    [],
  );
});

test('an event that is run anywhere is not called one that is not', () => {
  const wrong = eventRows.filter(
    ({ name, support }) =>
      readSupport(support).level === 'no' && new RegExp(`(?:'event',\\s*|\\.event\\()['"\`]${name}\\b`).test(readers),
  );
  assert.deepEqual(
    wrong.map(({ name }) => name),
    [],
    'it runs now: say so in scripts/docs/compat-language.ts',
  );
});

test('every event route that a module has, and every one that check takes, has a row', () => {
  const rows = eventRows.map(({ name }) => name.replace(/\[.*/, ''));
  const patterns = definitions.filter(({ name }) => WHOLE.includes(name)).flatMap(({ eventRoutes }) => eventRoutes);
  assert.deepEqual(
    patterns.map((pattern) => pattern.replace(/\*$/, '')).filter((name) => !rows.includes(name)),
    [],
  );
  for (const name of rows) {
    const codes = check(`request_route { exit; }\nevent_route[${name}] { exit; }`).map(({ code }) => code);
    const runs = eventRows.some((row) => row.name.startsWith(name) && readSupport(row.support).level !== 'no');
    // What nobody runs is said when it is read, not found out in production.
    if (runs) assert.deepEqual(codes, [], name);
    else assert.deepEqual(codes, ['CFG_UNKNOWN_EVENT'], name);
  }
});

test('every name of uac has a test that mentions it', () => {
  const uac = definitions.find(({ name }) => name === 'uac');
  assert.ok(uac !== undefined);
  const { functions, parameters, variables, rpc = [], eventRoutes } = uac;
  const named = [...functions, ...parameters, ...variables, ...rpc].map(({ name }) => name);
  const names = new Set([...named, ...eventRoutes, 'regtotal', 'regactive', 'regdisabled']);
  for (const name of names) {
    const path = join(ROOT, testOf(name));
    assert.ok(existsSync(path), path);
    const word = new RegExp(`\\b${name.replace(/^uac\./, '')}\\b`);
    assert.ok(word.test(readFileSync(path, 'utf8')), `${testOf(name)} does not mention ${name}`);
  }
  assert.deepEqual(
    Object.keys(uacTests).filter((name) => !names.has(name)),
    [],
  );
});

test('what the architecture calls a difference on purpose is on the page', () => {
  const text = readFileSync(join(ROOT, 'docs', 'architecture.md'), 'utf8');
  const section = /^## Where we chose differently[^\n]*\n(.*?)^## /ms.exec(text)?.[1] ?? '';
  const titles = [...section.matchAll(/^\* \*\*(.+?)\*\*/gm)].map(([, title = '']) => title);
  assert.notEqual(titles.length, 0);
  const words = differences.flatMap(({ items }) => items.map(({ title, text: body }) => `${title} ${body}`)).join(' ');
  for (const title of titles) {
    // By its first long word, without markup: the page words some of them otherwise.
    const key =
      title
        .replace(/[`.]/g, '')
        .split(' ')
        .find((word) => word.length > 3) ?? title;
    assert.ok(words.replaceAll('`', '').includes(key), title);
  }
});
