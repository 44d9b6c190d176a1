/** The part of the page on what needs no loadmodule. */
import { coreFunctionTable } from '../../src/script/core-functions.ts';
import { globalParameter, globalParameterNames } from '../../src/script/global-parameters.ts';
import { coreFunctions } from '../../src/script/keywords.ts';
import type { VariableDefinition } from '../../src/script/module-definition.ts';
import { coreTransformations } from '../../src/script/transformations/index.ts';
import { coreVariables } from '../../src/script/variables/index.ts';
import { foreignGlobals, globalRows, ignoredGlobals } from './compat-globals.ts';
import { eventRows, languageTables, selectPaths } from './compat-language.ts';
import { countsText, transformationTable, variableTable } from './compat-modules.ts';
import { code, page, prose, table } from './markdown.ts';
import { readSupport } from './support.ts';

/** The definitions' instance is the server; tables only read their names. */
const variables = coreVariables as readonly unknown[] as readonly VariableDefinition<unknown>[];

export function coreSections(): string {
  return page([
    '## The core',
    ...languageTables.map(({ title, rows }) =>
      page([
        `### ${title}`,
        table(
          ['what', 'example', 'support', 'note'],
          rows.map(({ what, example, support }) => {
            const { level, why } = readSupport(support);
            return [what, example.split('\n').map(code).join(' '), level, why];
          }),
        ),
      ]).trimEnd(),
    ),
    eventRoutes(),
    globals(),
    functions(),
    keywords(),
    '### Variables',
    prose(
      `Those of Kamailio's core and of its pv module; both are always there. \`$name(…)\` needs something in the parentheses; most lists take an
      index, \`$(name[1])\` or \`$(name(…)[*])\`.`,
    ),
    variableTable(variables),
    selects(),
    '### Transformations',
    'Written `$(name{transformation,parameter})`, several one after the other.',
    transformationTable(coreTransformations),
  ]).trimEnd();
}

function eventRoutes(): string {
  const rows = eventRows.map(({ name, when, support }) => {
    const { level, why } = readSupport(support);
    return [code(name), when, level, why];
  });
  return page([
    '### Event routes',
    prose(
      `\`event_route[NAME]\` of another name is loaded with a warning (CFG_UNKNOWN_EVENT) and never runs; so are those that are marked "no", without
      the warning.`,
    ),
    table(['event', 'when', 'support', 'note'], rows),
  ]).trimEnd();
}

/** Names and aliases of global parameters that the rows do not name. */
export function restOfGlobals(): string[] {
  const named = new Set([...globalRows.map(({ name }) => name), ...foreignGlobals.map(([name]) => name)]);
  return [...globalParameterNames()].filter((name) => !named.has(name) && globalParameter(name)?.name === name).sort();
}

/** Why a parameter without a row of its own is ignored; undefined when no family fits. */
export function ignoredWhy(name: string): string | undefined {
  if (globalParameter(name)?.foreign === true) return 'of OpenSIPS or old SER, nothing here has a use for it';
  return ignoredGlobals.find(({ names }) => names.test(name))?.why;
}

function globals(): string {
  const rows = globalRows.map(({ name, support }) => {
    const { level, why } = readSupport(support);
    return [code(name), level, why];
  });
  const families = Map.groupBy(restOfGlobals(), (name) => ignoredWhy(name) ?? 'not described');
  const aliases = [...globalParameterNames()].flatMap((name) => {
    const real = globalParameter(name)?.name ?? name;
    return real === name ? [] : [[code(name), code(real)]];
  });
  return page([
    '### Global parameters',
    table(['parameter', 'support', 'note'], rows),
    'Accepted without effect:',
    table(
      ['why', 'parameters'],
      [...families].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([why, names]) => [why, names.map(code).join(' ')]),
    ),
    'Other names for them:',
    table(
      ['name', 'stands for'],
      [...aliases, ...foreignGlobals.map(([name, real]) => [code(name), `${code(real)} (OpenSIPS)`])],
    ),
  ]).trimEnd();
}

function functions(): string {
  const rows = [...coreFunctionTable.values()]
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, minArgs, maxArgs, support }) => {
      const { level, why } = readSupport(support);
      const others = [...coreFunctions]
        .filter(([alias, real]) => real === name && alias !== name)
        .map(([alias]) => code(alias));
      const counts = Array.from({ length: maxArgs - minArgs + 1 }, (_, index) => minArgs + index);
      return [code(`${name}()`), others.join(' '), countsText(counts), level, why];
    });
  return page([
    '### Core functions',
    'Their arguments are constants.',
    table(['function', 'other names', 'arguments', 'support', 'note'], rows),
  ]).trimEnd();
}

/** Keywords of conditions with what they can be compared with. */
export const keywordRows: readonly (readonly [string, string, string])[] = [
  ['method', '== != =~', 'method == INVITE'],
  ['uri', '== != =~, myself', 'uri == myself'],
  ['status', '== != =~', 'status == "200"'],
  ['from_uri', '== != =~, myself', 'from_uri =~ "^sip:100@"'],
  ['to_uri', '== != =~, myself', 'to_uri == myself'],
  ['src_ip', '== !=: address, network, name, myself', 'src_ip == 192.0.2.0/24'],
  ['dst_ip', '== !=: address, network, name, myself', 'dst_ip == 192.0.2.1'],
  ['src_port', 'numbers', 'src_port == 5060'],
  ['dst_port', 'numbers', 'dst_port != 5060'],
  ['proto', '== !=', 'proto == TLS'],
  ['af', '== !=', 'af == INET6'],
  ['msg:len', 'numbers', 'msg:len >= 2048'],
  ['max_len', 'numbers', 'msg:len > max_len'],
  ['to_ip', 'as dst_ip, in onsend_route', 'to_ip == 192.0.2.1'],
  ['to_port', 'numbers, in onsend_route', 'to_port == 5060'],
  ['snd_ip', 'as dst_ip, in onsend_route', 'snd_ip == 192.0.2.1'],
  ['snd_port', 'numbers, in onsend_route', 'snd_port == 5060'],
  ['snd_proto', '== !=, in onsend_route', 'snd_proto == UDP'],
  ['snd_af', '== !=, in onsend_route', 'snd_af == INET'],
  ['myself', 'also on the left', 'myself == uri'],
];

function keywords(): string {
  return page([
    '### Core keywords',
    'In conditions, all of them as in Kamailio (yes).',
    table(
      ['keyword', 'compared with', 'example'],
      keywordRows.map(([name, operators, example]) => [code(name), operators, code(example)]),
    ),
  ]).trimEnd();
}

function selects(): string {
  return page([
    '### Selects',
    'As `@path` in expressions and `$sel(path)` in texts. Of Kamailio’s many these are there; all others are errors of `check`.',
    table(
      ['path', 'and behind it'],
      selectPaths.map(([path, parts]) => [code(path), parts]),
    ),
  ]).trimEnd();
}
