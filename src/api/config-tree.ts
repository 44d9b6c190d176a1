/** From the `config` of a routes file to the tree that a kamailio.cfg of the same meaning would give, so that both are checked alike. */

import type { IntLiteral, StringLiteral } from '../script/ast.ts';
import type { Config, ConfigItem } from '../script/ast-config.ts';
import type { DiagnosticList } from '../script/diagnostic.ts';
import { globalParameter, globalParameterNames } from '../script/global-parameters.ts';
import { parseConfig } from '../script/parse-config.ts';
import type { Span } from '../script/source.ts';
import { didYouMean } from '../script/suggestion.ts';
import type { Listen } from './config.ts';

/** Modules that handlers are built on. */
const ALWAYS: readonly string[] = ['tm', 'sl', 'rr', 'pv', 'uac'];
const KEYS: readonly string[] = ['listen', 'alias', 'modules', 'core', 'waitLimit'];

/** Finds where a setting stands in the file, for messages. */
export type Places = (...path: readonly string[]) => Span;

/**
 * Looks for keys in a file's text: each is looked for behind the one that holds it. What is not found (computed keys, settings of another
 * file) is given the place of what holds it.
 */
export function placesIn(file: string, text: string): Places {
  return (...path) => {
    let at = Math.max(0, text.search(/\bconfig\b/));
    let length = 1;
    for (const key of path) {
      const pattern = new RegExp(`(?<![\\w$.])(['"]?)${key.replace(/[^\w]/g, '\\$&')}\\1\\s*:`, 'g');
      pattern.lastIndex = at;
      const found = pattern.exec(text);
      if (found === null) break;
      at = found.index;
      length = key.length;
    }
    const before = text.slice(0, at);
    const line = before.split('\n').length;
    return { file, line, column: at - before.lastIndexOf('\n'), length };
  };
}

/**
 * The tree of a configuration.
 * @param config what the file exports; it may be anything
 * @param diagnostics takes what is wrong with it: CFG_VALUE, CFG_UNKNOWN_PARAMETER, CFG_CODE_EXPORT
 */
export function configTree(config: unknown, file: string, places: Places, diagnostics: DiagnosticList): Config {
  const items: ConfigItem[] = [];
  const settings = record(config);
  if (settings === null)
    diagnostics.error('CFG_CODE_EXPORT', 'config is no object', places(), 'export const config = defineConfig({ … })');
  const { listen, alias, modules, core } = settings ?? {};
  for (const key of Object.keys(settings ?? {}))
    if (!KEYS.includes(key))
      diagnostics.error(
        'CFG_UNKNOWN_PARAMETER',
        `config has no setting ${key}`,
        places(key),
        didYouMean(key, KEYS) ?? `there are ${KEYS.join(', ')}`,
      );
  for (const one of list(listen)) items.push(...socketItems(one as Listen, places('listen'), diagnostics));
  for (const one of list(alias))
    items.push(...textItems(`alias=${String(one)}`, 'alias', places('alias'), diagnostics));
  items.push(...coreItems(core ?? {}, places, diagnostics));
  items.push(...moduleItems(modules ?? {}, places, diagnostics));
  return { kind: 'config', at: { file, line: 1, column: 1, length: 1 }, items };
}

function record(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

function list(value: unknown): readonly unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

function socketItems(listen: Listen, at: Span, diagnostics: DiagnosticList): readonly ConfigItem[] {
  const socket = typeof listen === 'string' ? { address: listen } : listen;
  if (typeof socket?.address !== 'string') {
    diagnostics.error(
      'CFG_VALUE',
      'listen wants texts such as "udp:192.0.2.10:5060", or { address, advertise, name }',
      at,
    );
    return [];
  }
  const advertise = socket.advertise === undefined ? '' : ` advertise ${socket.advertise}`;
  const name = socket.name === undefined ? '' : ` name "${socket.name}"`;
  return textItems(`listen=${socket.address}${advertise}${name}`, 'listen', at, diagnostics);
}

/** Items that only the reader of kamailio.cfg can make of a text. One line, so that nothing else comes in with it. */
function textItems(text: string, key: string, at: Span, diagnostics: DiagnosticList): readonly ConfigItem[] {
  const parsed = parseConfig({ file: at.file, text });
  const problem = parsed.diagnostics.find(({ severity }) => severity === 'error');
  const [item] = parsed.ast.items;
  const only = parsed.ast.items.length === 1 && item?.kind === 'globalAssignment' && item.value.kind === 'addresses';
  if (problem === undefined && only && !/[\r\n]/.test(text)) return [{ ...item, at }];
  const value = text.slice(key.length + 1);
  diagnostics.error(
    'CFG_VALUE',
    `${key}: ${JSON.stringify(value)} cannot be used${problem === undefined ? '' : `: ${problem.message}`}`,
    at,
  );
  return [];
}

function coreItems(core: unknown, places: Places, diagnostics: DiagnosticList): ConfigItem[] {
  return Object.entries(record(core) ?? {}).flatMap(([name, given]): ConfigItem[] => {
    const at = places('core', name);
    const value = literal(given, at);
    const custom = /^(\w+)\.(\w+)$/.exec(name);
    const parameter = globalParameter(name);
    if (value === null) {
      diagnostics.error('CFG_VALUE', `core.${name} is a text, a number or a boolean`, at);
      return [];
    }
    if (custom !== null && parameter === undefined)
      return [
        {
          kind: 'customSetting',
          at,
          group: custom[1] ?? '',
          id: null,
          name: custom[2] ?? '',
          value,
          description: null,
        },
      ];
    if (parameter === undefined) {
      diagnostics.error(
        'CFG_UNKNOWN_PARAMETER',
        `there is no core parameter ${name}`,
        at,
        didYouMean(name, globalParameterNames()),
      );
      return [];
    }
    if (parameter.kind === 'addresses') {
      diagnostics.error('CFG_VALUE', `${name} stands beside core, not in it`, at, 'config has listen and alias');
      return [];
    }
    const number = parameter.kind === 'int' || parameter.kind === 'signed';
    if (number === (value.kind === 'int') || parameter.kind === 'any')
      return [{ kind: 'globalAssignment', at, name, key: null, value }];
    diagnostics.error('CFG_VALUE', `core.${name} is a ${number ? 'number' : 'text'}`, at);
    return [];
  });
}

function moduleItems(modules: unknown, places: Places, diagnostics: DiagnosticList): ConfigItem[] {
  const given = record(modules) ?? {};
  const names = [...ALWAYS.filter((name) => !(name in given)), ...Object.keys(given)];
  const loads = names.map((name): ConfigItem => {
    const at = name in given ? places('modules', name) : places();
    return { kind: 'loadModule', at, name, path: `${name}.so`, options: null, interpolated: false };
  });
  const params = Object.entries(given).flatMap(([module, settings]) =>
    Object.entries(record(settings) ?? {}).flatMap(([param, values]) =>
      list(values).flatMap((one): ConfigItem[] => {
        const at = places('modules', module, param);
        const value = literal(one, at);
        if (value === null) {
          diagnostics.error('CFG_VALUE', `modules.${module}.${param} is a text, a number or a list of them`, at);
          return [];
        }
        return [
          {
            kind: 'modParam',
            at,
            modules: module.replace(/\W/g, '\\$&'),
            modulesAt: at,
            param,
            paramAt: at,
            value,
            interpolated: false,
          },
        ];
      }),
    ),
  );
  return [...loads, ...params];
}

function literal(value: unknown, at: Span): IntLiteral | StringLiteral | null {
  if (typeof value === 'boolean') return { kind: 'int', at, value: value ? 1 : 0 };
  if (typeof value === 'number') return Number.isInteger(value) ? { kind: 'int', at, value } : null;
  // As if it stood in the file: its bytes are UTF-8.
  return typeof value === 'string'
    ? { kind: 'string', at, value, pieces: [{ at, raw: null, quote: "'", offset: 0 }] }
    : null;
}
