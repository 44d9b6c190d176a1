/**
 * `npm run docs` and `node scripts/api-types.ts`: writes src/api/generated/ksr-modules.ts, the types of KSR and of the modules' parameters, from the
 * definitions in src/modules/. With --check it only says whether it is up to date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KEMI_NAMES } from '../src/api/ksr/aliases.ts';
import { modules } from '../src/modules/index.ts';
import type { FunctionDefinition, ModuleDefinition, ParameterDefinition } from '../src/script/module-definition.ts';
import { describeMask } from '../src/script/scope.ts';

export const TYPES_FILE = join(import.meta.dirname, '..', 'src', 'api', 'generated', 'ksr-modules.ts');

const WIDTH = 120;
/** What each kind of argument is in TypeScript, and what it is called. */
const KINDS: Readonly<Record<string, readonly [type: string, name: string]>> = {
  str: ['string | number', 'text'],
  const: ['string | number', 'text'],
  value: ['string | number | null', 'value'],
  int: ['number', 'number'],
  regex: ['string | RegExp', 'pattern'],
  var: ['string', 'variable'],
  vars: ['string', 'variables'],
  sed: ['string', 'substitution'],
  route: ['string', 'route'],
};

/** The whole file. */
export function apiTypes(): string {
  const all = [...modules.values()].map(({ definition }) => definition).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const callable = all.filter(({ functions, name }) => functions.length > 0 && name !== 'pv');
  return [
    '// Made by "npm run docs" from the definitions in src/modules/. Do not edit.',
    "import type { KsrCore, KsrX } from '../ksr/core.ts';",
    "import type { KsrGetters } from '../ksr/getters.ts';",
    '',
    '/** The KSR object of one run of a handler: the modules by name, with the functions that they have in kamailio.cfg. */',
    'export interface Ksr extends KsrCore {',
    '  /** Ends of a handler, functions by name. */',
    '  readonly x: KsrX;',
    '  /** Short ways to what routes read most. */',
    '  readonly kx: KsrGetters;',
    ...callable.map(({ name }) => `  readonly ${name}: ${typeName(name)};`),
    '}',
    '',
    ...callable.flatMap(moduleInterface),
    '/** Parameters of the modules, as modparam() sets them; one that may be given many times takes a list. */',
    'export interface ModuleSettings {',
    ...all.flatMap(settings),
    '}',
    '',
  ].join('\n');
}

function typeName(module: string): string {
  return `Ksr${module
    .split('_')
    .map((part) => part.slice(0, 1).toUpperCase() + part.slice(1))
    .join('')}`;
}

function moduleInterface({ name, functions }: ModuleDefinition<unknown>): string[] {
  const aliases = KEMI_NAMES.filter(([module]) => module === name).flatMap(([, kemi, cfg]) =>
    functions.filter((one) => one.name === cfg).map((one) => ({ ...one, name: kemi })),
  );
  return [
    `/** Functions of module ${name}. */`,
    `export interface ${typeName(name)} {`,
    ...[...functions, ...aliases].flatMap(signature),
    '}',
    '',
  ];
}

/** Names that may not be a parameter's. */
const RESERVED = new Set([
  'default',
  'function',
  'new',
  'in',
  'with',
  'class',
  'delete',
  'var',
  'case',
  'this',
  'null',
]);

/** Names of the arguments as the definition's own code calls them; empty where it does not say. */
function argumentNames({ bind, args }: FunctionDefinition<unknown>): string[] {
  const list = /=>\s*\(([^()]*)\)\s*=>/.exec(bind.toString())?.[1]?.split(',') ?? [];
  const names = list.slice(1).map((text) => text.trim().replace(/^_+/, ''));
  const usable = names.length === args.length && names.every((name) => /^[a-z]\w*$/i.test(name) && !RESERVED.has(name));
  return usable && new Set(names).size === names.length ? names : [];
}

function signature(definition: FunctionDefinition<unknown>): string[] {
  const seen = new Map<string, number>();
  const names = argumentNames(definition);
  const args = definition.args.map((spec, index) => {
    const optional = spec.endsWith('?');
    const [type, base] = KINDS[spec.replace('?', '')] ?? ['never', 'argument'];
    const count = (seen.get(base) ?? 0) + 1;
    seen.set(base, count);
    const name = names[index] ?? `${base}${count === 1 ? '' : count}`;
    return `${name}${optional ? '?' : ''}: ${type}${optional ? ' | undefined' : ''}`;
  });
  const { async: later } = definition;
  const result = typeof later === 'function' ? 'number | Promise<number>' : later ? 'Promise<number>' : 'number';
  const support = definition.support === 'yes' ? '' : ` ${sentence(definition.support)}`;
  return [
    ...comment(`In ${describeMask(definition.routes)}.${support}`),
    ...wrapped(`${definition.name}(`, args, `): ${result};`),
  ];
}

function settings({ name, parameters }: ModuleDefinition<unknown>): string[] {
  if (parameters.length === 0) return [`  readonly ${name}?: Readonly<Record<string, never>>;`];
  return [`  readonly ${name}?: {`, ...parameters.flatMap(setting), '  };'];
}

function setting({ name, type, repeat, default: value, support }: ParameterDefinition): string[] {
  const base = type === 'int' ? 'number' : 'string';
  const fallback = value === null ? [] : [`Default ${type === 'int' ? value : JSON.stringify(value)}.`];
  const texts = [...fallback, ...(support === 'yes' ? [] : [sentence(support)])];
  const doc = texts.length === 0 ? [] : comment(texts.join(' ')).map((line) => `  ${line}`);
  return [...doc, `    readonly ${name}?: ${repeat ? `${base} | readonly ${base}[]` : base};`];
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
}

/** One comment line; what a text may hold must not end it. */
function comment(text: string): string[] {
  return [`  /** ${text.replaceAll('*/', '* /')} */`];
}

/** A signature on one line, or an argument a line where it would be too long. */
function wrapped(head: string, args: readonly string[], tail: string): string[] {
  const line = `  ${head}${args.join(', ')}${tail}`;
  if (line.length <= WIDTH) return [line];
  return [`  ${head}`, ...args.map((arg) => `    ${arg},`), `  ${tail}`];
}

/** The file as it is on disk, empty when it is not there. */
export function committedTypes(): string {
  try {
    return readFileSync(TYPES_FILE, 'utf8');
  } catch {
    return '';
  }
}

if (import.meta.main) {
  const text = apiTypes();
  if (text !== committedTypes()) {
    if (process.argv.includes('--check')) process.exitCode = 1;
    else writeFileSync(TYPES_FILE, text);
    console.log(
      `src/api/generated/ksr-modules.ts ${process.exitCode === 1 ? 'is out of date: run "npm run docs"' : 'written'}`,
    );
  }
}
