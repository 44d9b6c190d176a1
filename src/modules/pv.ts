import type { AvpValue, XavpRecord, XavpStore } from '../proxy/attributes.ts';
import type { Target } from '../proxy/target.ts';
import type { ScriptContext } from '../script/context.ts';
import { L_ERR, L_INFO } from '../script/log.ts';
import {
  defineModule,
  type FunctionDefinition,
  fn,
  listParam,
  ModuleError,
  type ModuleHost,
  type TextGetter,
} from '../script/module-definition.ts';
import { parseParameters } from '../script/transformations/lists.ts';
import { ROUTE_ANY, ROUTE_BRANCH, ROUTE_FAILURE, ROUTE_REQUEST, type Value } from '../script/values.ts';
import { resetStaticBranch, staticBranch } from '../script/variables/branches.ts';
import { findSocket } from '../script/variables/destination.ts';
import { sharedVariables } from '../script/variables/stores/shared.ts';
import { recordOf, SCALAR } from '../script/variables/stores/xavp.ts';

/** Instance of pv. The aliases are read by $avp. */
export interface PvModule {
  readonly host: ModuleHost;
  /** Other names of AVPs (avp_aliases). */
  readonly avpAliases: ReadonlyMap<string, string>;
  /** Values of varset, put into $var when the program starts. */
  readonly initial: readonly (readonly [string, AvpValue])[];
  /** Texts that pv_evalx() met, prepared. */
  readonly formats: Map<string, TextGetter>;
}

/** Formats kept by pv_evalx; the texts may come from messages, so their number must have a bound. */
const MAX_FORMATS = 256;

/** `name=i:5` or `name=s:text`. */
function assignment(text: string | number, parameter: string): readonly [string, AvpValue] {
  const match = /^\s*([^=]+?)\s*=\s*([is]):(.*)$/s.exec(String(text));
  if (match === null || (match[2] === 'i' && !/^\s*[-+]?\d+\s*$/.test(match[3] as string))) {
    throw new ModuleError('PV_PARAMETER', `'${text}' is not of the form name=i:number or name=s:text`, parameter);
  }
  const value = match[3] as string;
  return [match[1] as string, match[2] === 'i' ? Number(value) | 0 : value];
}

/** `name=avp;name2=avp2`. */
function aliases(text: string | number): (readonly [string, string])[] {
  return String(text)
    .split(';')
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const match = /^\s*([A-Za-z0-9_]+)\s*=\s*(?:\$avp\()?([A-Za-z0-9:_-]+)\)?\s*$/.exec(part);
      if (match === null)
        throw new ModuleError('PV_PARAMETER', `'${part}' is not of the form alias=avp`, 'avp_aliases');
      return [match[1] as string, match[2] as string] as const;
    });
}

type Store = (ctx: ScriptContext) => XavpStore;
const xavps: Store = (ctx) => ctx.state.attributes.xavps;
const xavis: Store = (ctx) => ctx.state.attributes.xavis;
const xavus: Store = (ctx) => ctx.state.attributes.xavus;

/** Names of $xavi are the same in any case. */
function folded(store: Store, name: string): string {
  return store === xavis ? name.toLowerCase() : name;
}

/** Sets a field of the newest record, which is made when there is none. */
function setField(store: XavpStore, name: string, field: string, value: AvpValue): void {
  const record = store.records(name)[0];
  if (record === undefined || record.has(SCALAR)) store.push(name, recordOf(field, value));
  else record.set(field, [value]);
}

/** xavp_child_seti, _sets, _rm, xavp_rm, xavp_rm_all and the same of xavi. */
function childFunctions(kind: 'xavp' | 'xavi', store: Store): FunctionDefinition<PvModule>[] {
  return [
    fn(`${kind}_child_seti`, ['str', 'str', 'int'], ROUTE_ANY, () => (ctx, name, field, value) => {
      setField(store(ctx), folded(store, name), folded(store, field), value);
      return 1;
    }),
    fn(`${kind}_child_sets`, ['str', 'str', 'str'], ROUTE_ANY, () => (ctx, name, field, value) => {
      setField(store(ctx), folded(store, name), folded(store, field), value);
      return 1;
    }),
    fn(`${kind}_child_rm`, ['str', 'str'], ROUTE_ANY, () => (ctx, name, field) => {
      store(ctx).records(folded(store, name))[0]?.delete(folded(store, field));
      return 1;
    }),
    fn(`${kind}_rm`, ['str'], ROUTE_ANY, () => (ctx, name) => {
      store(ctx).remove(folded(store, name), 0);
      return 1;
    }),
    fn(`${kind}_rm_all`, ['str'], ROUTE_ANY, () => (ctx, name) => {
      store(ctx).remove(folded(store, name));
      return 1;
    }),
    print(`pv_${kind}_print`, store),
  ];
}

/** Writes every record of a store into the log. */
function print(name: string, store: Store): FunctionDefinition<PvModule> {
  return fn(name, [], ROUTE_ANY, (m) => (ctx) => {
    const all = store(ctx);
    for (const key of all.names()) {
      all.records(key).forEach((record, index) => {
        const fields = [...record].map(
          ([field, values]) => `${field === SCALAR ? '' : `${field}=`}${values.join(', ')}`,
        );
        m.host.log.write(L_INFO, 'pv', `${key}[${index}]: ${fields.join('; ')}`);
      });
    }
    return 1;
  });
}

/** Puts `a=1;b="x"` into a new record; -1 when there is nothing to put. */
function explode(store: XavpStore, params: string, separator: string, name: string, unique: boolean): number {
  const record: XavpRecord = new Map();
  for (const { name: field, value } of parseParameters(params, separator)) {
    const values = record.get(field);
    if (values === undefined || unique) record.set(field, [value]);
    else values.unshift(value);
  }
  if (record.size === 0 || name === '') return -1;
  if (unique) store.remove(name);
  store.push(name, record);
  return 1;
}

/** `a=1;b=x;` of the newest record; null when there is none. */
function implode(store: XavpStore, name: string, show: (value: AvpValue) => string): string | null {
  const record = store.records(name)[0];
  if (record === undefined) return null;
  let text = '';
  for (const [field, values] of record) {
    const value = values[0];
    if (field !== SCALAR && value !== undefined) text += `${field}=${show(value)};`;
  }
  return text;
}

function implodeFunction(name: string, store: Store, show: (value: AvpValue) => string): FunctionDefinition<PvModule> {
  return fn(name, ['str', 'var'], ROUTE_ANY, () => (ctx, key, out) => {
    const text = implode(store(ctx), key, show);
    return text !== null && out.set?.(ctx, text) === true ? 1 : -1;
  });
}

function quoted(value: AvpValue): string {
  return `"${String(value).replace(/["\\]/g, '\\$&')}"`;
}

/** A copy that shares nothing with the record. */
function copyOf(record: XavpRecord): XavpRecord {
  return new Map([...record].map(([field, values]) => [field, [...values]]));
}

function copy(ctx: ScriptContext, source: string, index: number, target: string, at: number | null): number {
  const store = xavps(ctx);
  const record = store.records(source).at(index);
  if (record === undefined) return -1;
  if (at === null) {
    store.push(target, copyOf(record));
    return 1;
  }
  const old = store.records(target).at(at);
  if (old === undefined) return -1;
  const fresh = copyOf(record);
  old.clear();
  for (const [field, values] of fresh) old.set(field, values);
  return 1;
}

/** Name of the type of a value, as typeof() asks for it. */
function isOfType(value: Value, type: string): boolean {
  switch (type) {
    case 'int':
      return typeof value === 'number';
    case 'str':
      return typeof value === 'string';
    case 'null':
    case 'none':
      return value === null;
    default:
      return false;
  }
}

/** The text's value as a format, prepared once for each text. */
function prepared(m: PvModule, text: string): TextGetter {
  let format = m.formats.get(text);
  if (format === undefined) {
    if (m.formats.size >= MAX_FORMATS) m.formats.clear();
    format = m.host.format(text);
    m.formats.set(text, format);
  }
  return format;
}

/** Makes the static branch's data those of the request. */
function takeOver(target: Target, source: Target): void {
  target.uri = source.uri;
  target.dstUri = source.dstUri;
  target.path = source.path;
  target.socket = source.socket;
  target.flags = source.flags;
  target.q = source.q;
  target.ruid = source.ruid;
  target.locationUa = source.locationUa;
  target.instance = source.instance;
}

/** xavp_push_dst: the first record becomes the request's destination and leaves the list. */
function pushDestination(m: PvModule, ctx: ScriptContext, name: string): number {
  const store = xavps(ctx);
  const record = store.records(name)[0];
  const field = (key: string): string => String(record?.get(key)?.[0] ?? '');
  const uri = field('uri');
  if (record === undefined || uri === '') return -1;
  const { target } = ctx;
  target.uri = uri;
  target.dstUri = field('dst_uri');
  target.path = field('path');
  const socket = field('send_socket');
  target.socket = socket === '' ? null : findSocket(m.host.settings.sockets, socket, 'udp');
  const flags = record.get('flags')?.[0];
  if (typeof flags === 'number') target.flags = flags >>> 0;
  store.remove(name, 0);
  return 1;
}

/**
 * pv: functions on variables, and initial values. The variables and transformations themselves need no loadmodule: see
 * script/variables and script/transformations.
 */
export const pv = defineModule<PvModule>({
  name: 'pv',
  after: [],
  parameters: [listParam('shvset'), listParam('varset'), listParam('avp_aliases')],
  functions: [
    fn('pv_isset', ['var'], ROUTE_ANY, () => (ctx, variable) => (variable.get(ctx) === null ? -1 : 1)),
    fn('pv_unset', ['var'], ROUTE_ANY, () => (ctx, variable) => {
      variable.set?.(ctx, null);
      return 1;
    }),
    fn('is_int', ['var'], ROUTE_ANY, () => (ctx, variable) => {
      const value = variable.get(ctx);
      return typeof value === 'number' || (value !== null && variable.int !== null) ? 1 : -1;
    }),
    fn('typeof', ['var', 'const'], ROUTE_ANY, (m) => (ctx, variable, type) => {
      if (!/^(?:int|str|null|none)$/.test(type)) {
        m.host.log.write(L_ERR, 'pv', `typeof: '${type}' is none of int, str, null`, 'PV_TYPE_UNKNOWN');
        return -1;
      }
      return isOfType(variable.get(ctx), type) ? 1 : -1;
    }),
    fn('not_empty', ['var'], ROUTE_ANY, () => (ctx, variable) => {
      const value = variable.get(ctx);
      return typeof value === 'string' && value !== '' ? 1 : -1;
    }),
    fn('pv_evalx', ['var', 'str'], ROUTE_ANY, (m) => (ctx, out, text) => {
      const value = prepared(m, text).get(ctx);
      return out.set?.(ctx, value === null ? '' : String(value)) === true ? 1 : -1;
    }),
    ...childFunctions('xavp', xavps),
    ...childFunctions('xavi', xavis),
    print('pv_xavu_print', xavus),
    fn('pv_var_to_xavp', ['str', 'str'], ROUTE_ANY, () => (ctx, name, key) => {
      const { vars } = ctx.program;
      const record: XavpRecord = new Map();
      // Names with a NUL in front are those of $vn.
      if (name === '*') for (const [field, value] of vars) if (!field.startsWith('\0')) record.set(field, [value]);
      const value = vars.get(name);
      if (value !== undefined) record.set(name, [value]);
      if (record.size === 0) return -1;
      xavps(ctx).push(key, record);
      return 1;
    }),
    fn('pv_xavp_to_var', ['str'], ROUTE_ANY, () => (ctx, key) => {
      const record = xavps(ctx).records(key)[0];
      if (record === undefined) return -1;
      for (const [field, values] of record) {
        const value = values[0];
        if (field !== SCALAR && value !== undefined) ctx.program.vars.set(field, value);
      }
      return 1;
    }),
    fn(
      'xavp_copy',
      ['str', 'int', 'str'],
      ROUTE_ANY,
      () => (ctx, source, index, target) => copy(ctx, source, index, target, null),
    ),
    fn(
      'xavp_copy',
      ['str', 'int', 'str', 'int'],
      ROUTE_ANY,
      () => (ctx, source, index, target, at) => copy(ctx, source, index, target, at),
    ),
    fn('xavp_lshift', ['str', 'int'], ROUTE_ANY, () => (ctx, name, index) => (xavps(ctx).remove(name, index) ? 1 : -1)),
    fn(
      'xavp_params_explode',
      ['str', 'str'],
      ROUTE_ANY,
      () => (ctx, params, name) => explode(xavps(ctx), params, ';', name, false),
    ),
    fn(
      'xavp_xparams_explode',
      ['str', 'str', 'str'],
      ROUTE_ANY,
      () => (ctx, params, separator, name) =>
        separator.length === 1 ? explode(xavps(ctx), params, separator, name, false) : -1,
    ),
    fn(
      'xavu_params_explode',
      ['str', 'str'],
      ROUTE_ANY,
      () => (ctx, params, name) => explode(xavus(ctx), params, ';', name, true),
    ),
    implodeFunction('xavp_params_implode', xavps, String),
    implodeFunction('xavp_params_implode_qval', xavps, quoted),
    implodeFunction('xavu_params_implode', xavus, String),
    fn('xavp_slist_explode', ['str', 'str', 'str', 'str'], ROUTE_ANY, () => (ctx, list, separator, mode, name) => {
      if (separator === '' || name === '') return -1;
      const items = list
        .split(separator.charAt(0))
        .map((item) => (mode.includes('t') ? item.trim() : item))
        .filter((item) => item !== '');
      if (items.length === 0) return -1;
      xavps(ctx).push(name, new Map([['v', items]]));
      return 1;
    }),
    fn(
      'xavp_push_dst',
      ['str'],
      ROUTE_REQUEST | ROUTE_BRANCH | ROUTE_FAILURE,
      (m) => (ctx, name) => pushDestination(m, ctx, name),
      { support: 'partly: reads the fields uri, dst_uri, path, send_socket and flags' },
    ),
    fn('sbranch_set_ruri', [], ROUTE_ANY, () => (ctx) => {
      const source = staticBranch(ctx);
      if (source.uri === '') return -1;
      takeOver(ctx.target, source);
      return 1;
    }),
    fn('sbranch_append', [], ROUTE_ANY, (m) => (ctx) => {
      const source = staticBranch(ctx);
      if (source.uri === '' || ctx.state.branches.length + 1 >= m.host.settings.maxBranches) return -1;
      ctx.state.branches.push(source.clone());
      return 1;
    }),
    fn('sbranch_reset', [], ROUTE_ANY, () => (ctx) => {
      resetStaticBranch(ctx);
      return 1;
    }),
  ],
  variables: [],
  transformations: [],
  eventRoutes: [],
  create: (host, parameters) => {
    const store = sharedVariables(host);
    for (const text of parameters.list('shvset')) {
      const [name, value] = assignment(text, 'shvset');
      store.set(name, value);
    }
    return {
      host,
      avpAliases: new Map(parameters.list('avp_aliases').flatMap(aliases)),
      initial: parameters.list('varset').map((text) => assignment(text, 'varset')),
      formats: new Map(),
    };
  },
  start: (module, program) => {
    for (const [name, value] of module.initial) program.vars.set(name, value);
  },
});
