import type { ScriptContext } from '../context.ts';
import { L_WARN } from '../log.ts';
import type { ModuleHost, TextGetter } from '../module-definition.ts';
import { compileSelect } from '../selects.ts';
import type { Value } from '../values.ts';
import { customSetting, setCustomSetting } from './custom-settings.ts';
import { access, type CoreVariable, hosted, innerText, keyed, noIndex, simple } from './define.ts';

/** The release whose scripts this server runs; scripts test it, so it is Kamailio's number and not ours. */
const VERSION = '5.6.3';

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };
const platform = `${ARCHITECTURES[process.arch] ?? process.arch}/${process.platform}`;

/** `$name(text)`: something looked up by a name, which may be made at run time. */
function lookup(
  name: string,
  writable: boolean,
  read: (host: ModuleHost, key: string, ctx: ScriptContext) => Value,
): CoreVariable {
  return {
    name,
    writable,
    inner: 'required',
    bind: (host) => (inner, index, text) => {
      if (index !== null) return noIndex(name);
      if (inner === null || inner.constant === '') return `$${name}() needs a name`;
      const set = (ctx: ScriptContext, value: Value): boolean => setCustomSetting(host, innerText(inner, ctx), value);
      return access(text, (ctx) => read(host, innerText(inner, ctx), ctx), null, writable ? set : null);
    },
    support: 'yes',
  };
}

/** The text as an integer when it is one, else undefined. */
function integer(text: string | undefined): Value {
  return text !== undefined && /^\s*[-+]?\d+\s*$/.test(text) ? Number(text) | 0 : null;
}

/** A definition's text without the quotes it may have been written with. */
function unquoted(text: string | undefined): Value {
  return text === undefined ? null : text.replace(/^"(.*)"$/s, '$1');
}

/** Bytes of the environment as latin1 text, like every other text of a script. */
function environment(name: string): string | undefined {
  const value = process.env[name];
  return value === undefined ? undefined : Buffer.from(value, 'utf8').toString('latin1');
}

function statistic(host: ModuleHost, name: string): Value {
  const value = host.statistics.read(name);
  if (value === undefined) host.log.write(L_WARN, 'pv', `there is no statistic '${name}'`, 'PV_STATISTIC_UNKNOWN');
  return value ?? null;
}

const evaluate: CoreVariable = {
  name: '_s',
  writable: false,
  inner: 'required',
  bind: () => (inner, index, text) => {
    if (index !== null) return noIndex('_s');
    const format: TextGetter = inner ?? { constant: '', get: () => '' };
    // A text prints what is undefined; one that is a lone variable comes as its value.
    return access(text, (ctx) => String(format.get(ctx) ?? '<null>'));
  },
  support: 'yes',
};

const select: CoreVariable = {
  name: 'sel',
  writable: false,
  inner: 'required',
  bind: (host) => (inner, index, text) => {
    if (index !== null) return noIndex('sel');
    if (inner === null || inner.constant === null) return '$sel() needs the path of a select';
    const compiled = compileSelect(inner.constant, host);
    return typeof compiled === 'string' ? compiled : access(text, compiled);
  },
  support: 'partly: see the list of selects',
};

/** `$cnt($avp(x))`: the name of a variable, not its value, stands in the parentheses. */
const count: CoreVariable = {
  name: 'cnt',
  writable: false,
  inner: 'required',
  bind: (host) => (_inner, index, text) => {
    if (index !== null) return noIndex('cnt');
    const written = /cnt\(\s*(\$.*)$/s.exec(text)?.[1] ?? '';
    const stack = /^\$\(?(avp|xavp|xavi)\(([^()]+)\)/.exec(written);
    if (stack !== null) return access(text, counter(stack[1] as string, stack[2] as string));
    // What is left is the closing of $cnt( and of $( around it.
    for (let end = written.length; end > 1; end--) {
      const other = host.variable(written.slice(0, end));
      if (typeof other !== 'string') return access(text, (ctx) => (other.get(ctx) === null ? 0 : 1));
    }
    return '$cnt() needs a variable, as in $cnt($avp(x))';
  },
  support: 'yes',
};

/** Number of values of an AVP, of records, or of a field's values in all records. */
function counter(kind: string, name: string): (ctx: ScriptContext) => number {
  if (kind === 'avp') {
    const key = name.replace(/^[si]:/, '');
    return (ctx) => ctx.state.attributes.avps.all(key).length;
  }
  const plain = (kind === 'xavi' ? name.toLowerCase() : name).replace(/\[\s*\*\s*\]/g, '');
  const [record = '', field] = plain.split('=>').map((part) => part.trim());
  const at = /^(.*)\[\s*(-?\d+)\s*\]$/.exec(record);
  return (ctx) => {
    const { xavps, xavis } = ctx.state.attributes;
    const all = (kind === 'xavp' ? xavps : xavis).records(at?.[1] ?? record);
    const one = at === null ? undefined : all.at(Number(at[2]));
    const chosen = at === null ? all : one === undefined ? [] : [one];
    if (field === undefined) return chosen.length;
    return chosen.reduce((sum, each) => sum + (each.get(field)?.length ?? 0), 0);
  };
}

/** Characters that are hard to write in a text: $En, $Eq… */
const CHARACTERS: Readonly<Record<string, string>> = {
  b: '\\',
  c: ',',
  i: ':',
  j: ';',
  k: "'",
  n: '\n',
  q: '"',
  r: '\r',
  s: ' ',
  t: '\t',
  v: '`',
};

/** Without errors of its own while parsing, a message that reached the script has none to report. */
function noError(name: string): CoreVariable {
  return simple(name, () => null, 'partly: always undefined, a message with parse errors does not reach the script');
}

/** The server, its configuration, and what is always the same. */
export const serverVariables: readonly CoreVariable[] = [
  simple('rc', (ctx) => ctx.rc),
  simple('retcode', (ctx) => ctx.rc),
  simple('?', (ctx) => ctx.rc),
  simple('null', () => null),
  simple('true', () => 1),
  simple('pp', () => process.pid),
  simple('mi', (ctx) => ctx.serial),
  hosted('sid', false, (host) => () => host.settings.serverId),
  keyed('version', false, {
    num: () => VERSION,
    full: () => `kamailio ${VERSION} (${platform}) `,
    hash: () => 'unknown ',
  }),
  keyed('ksr', false, { ver: () => VERSION }),
  lookup('stat', false, statistic),
  lookup('def', false, (host, key) => host.settings.defines.get(key) ?? null),
  lookup('defn', false, (host, key) => {
    const text = host.settings.defines.get(key);
    return integer(text) ?? (text === undefined ? null : text);
  }),
  lookup('defs', false, (host, key) => unquoted(host.settings.defines.get(key))),
  lookup('defv', false, (host, key) => unquoted(host.settings.defines.get(key))),
  lookup('env', false, (_host, key) => environment(key) ?? null),
  lookup('envn', false, (_host, key) => integer(environment(key)) ?? environment(key) ?? null),
  lookup('ccp', true, (host, key, ctx) => customSetting(host, ctx, key)),
  evaluate,
  select,
  count,
  ...Object.entries(CHARACTERS).map(([letter, character]) => simple(`E${letter}`, () => character)),
  noError('err.class'),
  noError('err.level'),
  noError('err.info'),
  noError('err.rcode'),
  noError('err.rreason'),
];
