/**
 * What Kamailio knows by name, whether Trunkline supports it or not: the difference between "not supported" and "no such thing".
 */
import { REGISTRY_TEXT } from './data/registry.ts';

/** One module of Kamailio, names only. */
export interface RegistryModule {
  readonly name: string;
  /** Function name to its numbers of arguments; null for any number. */
  readonly functions: ReadonlyMap<string, readonly number[] | null>;
  readonly parameters: ReadonlyMap<string, RegistryParameter>;
  readonly variables: ReadonlySet<string>;
}

export interface RegistryParameter {
  readonly type: 'int' | 'str';
  /** True when each modparam adds an entry. */
  readonly repeat: boolean;
}

/** Names by which a module went in older releases or goes in OpenSIPS, to the one it has here. */
export const MODULE_ALIASES: ReadonlyMap<string, string> = new Map([
  ['mysql', 'db_mysql'],
  ['postgres', 'db_postgres'],
  ['dbtext', 'db_text'],
  ['oracle', 'db_oracle'],
  ['uri', 'siputils'],
  ['options', 'siputils'],
  ['signaling', 'sl'],
  ['sipmsgops', 'textops'],
  ['jsonrpc-s', 'jsonrpcs'],
  ['avp_db', 'avpops'],
  ['tls_wolfssl', 'tls'],
]);

/** OpenSIPS modules that load what is built in here; loading them does nothing. */
export const BUILT_IN_MODULES: ReadonlySet<string> = new Set([
  'proto_udp',
  'proto_tcp',
  'proto_tls',
  'proto_ws',
  'proto_wss',
]);

let modules: ReadonlyMap<string, RegistryModule> | null = null;
let functionOwners: ReadonlyMap<string, readonly string[]> | null = null;
let variableOwners: ReadonlyMap<string, readonly string[]> | null = null;

/** All modules by name. The table is read on first use: a server whose configuration has no mistake never needs it. */
export function registryModules(): ReadonlyMap<string, RegistryModule> {
  modules ??= readRegistry();
  return modules;
}

/** Modules that have a function of this name, in alphabetical order. */
export function modulesWithFunction(name: string): readonly string[] {
  functionOwners ??= owners((module) => module.functions.keys());
  return functionOwners.get(name) ?? [];
}

/** Modules that have a variable of this name. */
export function modulesWithVariable(name: string): readonly string[] {
  variableOwners ??= owners((module) => module.variables);
  return variableOwners.get(name) ?? [];
}

function owners(names: (module: RegistryModule) => Iterable<string>): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const module of registryModules().values()) {
    for (const name of names(module)) {
      const list = found.get(name);
      if (list === undefined) found.set(name, [module.name]);
      else list.push(module.name);
    }
  }
  return found;
}

function readRegistry(): ReadonlyMap<string, RegistryModule> {
  const found = new Map<string, RegistryModule>();
  for (const line of REGISTRY_TEXT.split('\n')) {
    const [name = '', functions = '', parameters = '', variables = ''] = line.split('|');
    if (name === '') continue;
    found.set(name, {
      name,
      functions: new Map(words(functions).map(readFunction)),
      parameters: new Map(words(parameters).map(readParameter)),
      variables: new Set(words(variables)),
    });
  }
  return found;
}

function words(text: string): string[] {
  return text === '' ? [] : text.split(' ');
}

function readFunction(text: string): [string, readonly number[] | null] {
  const slash = text.indexOf('/');
  const arity = text.slice(slash + 1);
  return [text.slice(0, slash), arity === '*' ? null : [...arity].map(Number)];
}

function readParameter(text: string): [string, RegistryParameter] {
  const name = text.replace(/[:+]+$/, '');
  const marks = text.slice(name.length);
  return [name, { type: marks.includes(':') ? 'int' : 'str', repeat: marks.includes('+') }];
}
