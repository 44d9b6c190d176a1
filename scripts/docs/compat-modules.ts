/** Tables of one module: functions, parameters, variables, transformations, event routes. */
import type {
  AnyModule,
  FunctionDefinition,
  ModuleDefinition,
  ParameterDefinition,
  TransformationDefinition,
  VariableDefinition,
} from '../../src/script/module-definition.ts';
import { type RegistryModule, registryModules } from '../../src/script/registry.ts';
import { eventRows } from './compat-language.ts';
import { code, page, table } from './markdown.ts';
import { type Level, readSupport, type Support, tally } from './support.ts';
import { testOf } from './uac-tests.ts';

type Definition = ModuleDefinition<unknown>;

/** All forms of one function. */
export interface FunctionEntry {
  readonly name: string;
  /** Numbers of arguments it takes, ascending. */
  readonly counts: readonly number[];
  readonly support: Support;
}

/** Functions by name, in alphabetical order. */
export function functionEntries(functions: readonly FunctionDefinition<unknown>[]): FunctionEntry[] {
  const byName = Map.groupBy(functions, ({ name }) => name);
  return [...byName]
    .map(([name, forms]) => {
      const counts = new Set(forms.flatMap(argumentCounts));
      return { name, counts: [...counts].sort((a, b) => a - b), support: joinedSupport(forms) };
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function argumentCounts({ args }: FunctionDefinition<unknown>): number[] {
  const required = args.filter((spec) => !spec.endsWith('?')).length;
  return Array.from({ length: args.length - required + 1 }, (_, index) => required + index);
}

/** One mark for all forms; where they differ it is `partly` and the note says which is which. */
function joinedSupport(forms: readonly FunctionDefinition<unknown>[]): Support {
  const texts = new Set(forms.map(({ support }) => support));
  const [only] = texts;
  if (texts.size === 1 && only !== undefined) return readSupport(only);
  const notes = forms
    .filter(({ support }) => support !== 'yes')
    .map((form) => `with ${countsText(argumentCounts(form))}: ${form.support}`);
  return { level: 'partly', why: notes.join('; ') };
}

/** `0–2`, `1, 3`; `none`. */
export function countsText(counts: readonly number[]): string {
  const first = counts[0] ?? 0;
  const last = counts.at(-1) ?? 0;
  if (last === 0) return 'none';
  return last - first === counts.length - 1 && counts.length > 2 ? `${first}–${last}` : counts.join(', ');
}

/** `$name`, `$name(…)`. */
export function variableText({ name, inner }: VariableDefinition<unknown>): string {
  if (inner === 'none') return `$${name}`;
  return inner === 'required' ? `$${name}(…)` : `$${name}, $${name}(…)`;
}

/** Rows of variables. @param shown with the test that shows each */
export function variableTable(variables: readonly VariableDefinition<unknown>[], shown = false): string {
  const rows = variables.map((variable) => {
    const { level, why } = readSupport(variable.support);
    const test = shown ? [code(testOf(variable.name))] : [];
    return [code(variableText(variable)), variable.writable ? 'read, write' : 'read', level, ...test, why];
  });
  return table(['variable', 'access', 'support', ...(shown ? ['shown by'] : []), 'note'], rows);
}

/** Rows of transformations. */
export function transformationTable(transformations: readonly TransformationDefinition[]): string {
  const rows = transformations.map(({ name, minParams, maxParams, support }) => {
    const { level, why } = readSupport(support);
    const counts = Array.from({ length: maxParams - minParams + 1 }, (_, index) => minParams + index);
    return [code(`{${name}}`), countsText(counts), level, why];
  });
  return table(['transformation', 'parameters', 'support', 'note'], rows);
}

function parameterNote({ name, support }: ParameterDefinition, registry: RegistryModule | undefined): string {
  const { why } = readSupport(support);
  const ours = registry !== undefined && !registry.parameters.has(name) ? 'ours, Kamailio has none of this name' : '';
  return [ours, why].filter((text) => text !== '').join('; ');
}

function defaultText({ default: value, repeat }: ParameterDefinition): string {
  if (repeat || value === null) return '–';
  return code(typeof value === 'number' ? String(value) : `"${value}"`);
}

function functionTable(definition: Definition): string {
  const shown = definition.name === 'uac';
  const rows = functionEntries(definition.functions).map(({ name, counts, support }) => [
    code(`${name}()`),
    countsText(counts),
    support.level,
    ...(shown ? [code(testOf(name))] : []),
    support.why,
  ]);
  return table(['function', 'arguments', 'support', ...(shown ? ['shown by'] : []), 'note'], rows);
}

function parameterTable(definition: Definition): string {
  const shown = definition.name === 'uac';
  const registry = registryModules().get(definition.name);
  const rows = definition.parameters
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((parameter) => [
      code(parameter.name),
      `${parameter.type === 'int' ? 'integer' : 'text'}${parameter.repeat ? ', repeats' : ''}`,
      defaultText(parameter),
      readSupport(parameter.support).level,
      ...(shown ? [code(testOf(parameter.name))] : []),
      parameterNote(parameter, registry),
    ]);
  return table(['parameter', 'type', 'default', 'support', ...(shown ? ['shown by'] : []), 'note'], rows);
}

/** Rows of the commands for operators. */
function rpcTable({ name: module, rpc = [] }: Definition): string {
  const shown = module === 'uac';
  const rows = rpc.map(({ name, doc, support }) => {
    const test = shown ? [code(testOf(name))] : [];
    if (support === 'ours') return [code(name), 'yes', ...test, `ours. ${doc[0] ?? ''}`];
    const { level, why } = readSupport(support);
    return [code(name), level, ...test, why];
  });
  return table(['command', 'support', ...(shown ? ['shown by'] : []), 'note'], rows);
}

/** Statistics and event routes of uac with their tests. */
function uacTables({ eventRoutes }: Definition): string {
  const events = eventRoutes.map((pattern) => {
    const { level, why } = eventSupport(pattern);
    return [code(`event_route[${pattern}]`), level, code(testOf(pattern)), why];
  });
  const counters = ['regtotal', 'regactive', 'regdisabled'].map((name) => [
    code(`uac:${name}`),
    'yes',
    code(testOf(name)),
    'counted from the accounts when it is read',
  ]);
  return page([
    table(['event route', 'support', 'shown by', 'note'], events),
    table(['counter', 'support', 'shown by', 'note'], counters),
  ]).trimEnd();
}

/** The section of one module. */
export function moduleSection({ definition }: AnyModule): string {
  const { name, functions, parameters, variables, transformations, eventRoutes, rpc = [] } = definition;
  return page([
    `### ${name}`,
    functions.length === 0 ? '' : functionTable(definition),
    parameters.length === 0 ? '' : parameterTable(definition),
    variables.length === 0 ? '' : variableTable(variables, name === 'uac'),
    transformations.length === 0 ? '' : transformationTable(transformations),
    rpc.length === 0 ? '' : rpcTable(definition),
    name === 'uac' ? uacTables(definition) : '',
    name === 'uac' || eventRoutes.length === 0 ? '' : `Event routes: ${eventRoutes.map(eventText).join(', ')}.`,
  ]).trimEnd();
}

function eventSupport(pattern: string): Support {
  const row = eventRows.find((each) => each.name.replace(/\[.*/, '') === pattern.replace(/\*$/, ''));
  return readSupport(row?.support ?? 'yes');
}

function eventText(pattern: string): string {
  const name = pattern.replace(/\*$/, '');
  const support = eventSupport(pattern);
  const note = support.why === '' ? support.level : `${support.level}: ${support.why}`;
  return `${code(name)} (${note})`;
}

/** The row of one module in the summary. */
export function summaryRow({ definition }: AnyModule): string[] {
  const levels = (items: readonly { readonly support: string }[]): Level[] =>
    items.map(({ support }) => readSupport(support).level);
  return [
    `[${definition.name}](#${definition.name})`,
    tally(functionEntries(definition.functions).map(({ support }) => support.level)),
    tally(levels(definition.parameters)),
    tally(levels(definition.variables)),
  ];
}
