import {
  HDR_CONTACT,
  HDR_DIVERSION,
  HDR_EXPIRES,
  HDR_OTHER,
  HDR_P_ASSERTED_IDENTITY,
  HDR_P_PREFERRED_IDENTITY,
  HDR_PATH,
  HDR_RECORD_ROUTE,
  HDR_ROUTE,
  HDR_SERVICE_ROUTE,
  HDR_VIA,
  type HeaderId,
  headerId,
} from '../../message/header-name.ts';
import type { HeaderField, SipMessage } from '../../message/message.ts';
import { paramValue } from '../../message/name-addr.ts';
import type { ScriptContext } from '../context.ts';
import type { IndexSpec, TextGetter } from '../module-definition.ts';
import type { Value } from '../values.ts';
import { access, type CoreVariable, type Getter, indexValue, innerText, keyed, noIndex } from './define.ts';

/** Headers whose value is a comma-separated list that $hfl takes apart. */
const LISTS: ReadonlySet<HeaderId> = new Set([
  HDR_VIA,
  HDR_ROUTE,
  HDR_RECORD_ROUTE,
  HDR_CONTACT,
  HDR_DIVERSION,
  HDR_P_ASSERTED_IDENTITY,
  HDR_P_PREFERRED_IDENTITY,
  HDR_PATH,
  HDR_SERVICE_ROUTE,
]);

/** A header name as `$hdr(…)` takes it: known ones by id, `*` for any. */
interface Wanted {
  readonly id: HeaderId;
  /** Name when it has no id; empty for any header. */
  readonly name: string;
}

function wanted(name: string): Wanted {
  const trimmed = name.trim();
  if (trimmed === '*') return { id: HDR_OTHER, name: '' };
  return { id: headerId(trimmed), name: trimmed };
}

function fields(message: SipMessage, want: Wanted): readonly HeaderField[] {
  if (want.id !== HDR_OTHER) return message.findAll(want.id);
  return want.name === '' ? message.headers : message.findByName(want.name);
}

function first(message: SipMessage, want: Wanted): HeaderField | undefined {
  return want.id !== HDR_OTHER ? message.find(want.id) : fields(message, want)[0];
}

/** Reads one header line, or all of them joined. */
function headerGetter(inner: TextGetter, index: IndexSpec): Getter {
  const fixed = inner.constant === null ? null : wanted(inner.constant);
  const want = (ctx: ScriptContext): Wanted => fixed ?? wanted(innerText(inner, ctx));
  if (index === '*')
    return (ctx) => {
      const { message } = ctx;
      const all = fields(message, want(ctx));
      return all.length === 0 ? null : all.map((field) => message.valueOf(field)).join(',');
    };
  if (index === null || index === 0)
    return (ctx) => {
      const field = first(ctx.message, want(ctx));
      return field === undefined ? null : ctx.message.valueOf(field);
    };
  return (ctx) => {
    const field = fields(ctx.message, want(ctx)).at(indexValue(index, ctx));
    return field === undefined ? null : ctx.message.valueOf(field);
  };
}

/** Values of a list header one by one; of another header its lines. */
export function headerValues(message: SipMessage, name: string): string[] {
  const want = wanted(name);
  const list: string[] = [];
  for (const field of fields(message, want)) {
    if (!LISTS.has(want.id)) list.push(message.valueOf(field));
    else {
      const values = splitValues(message.raw, field.valueStart, field.valueEnd);
      // Kamailio numbers the Contacts of one line from its end, and scripts have come to rely on it.
      if (want.id === HDR_CONTACT) values.reverse();
      list.push(...values);
    }
  }
  return list;
}

/** Splits at commas outside quotes and angle brackets. */
export function splitValues(text: string, start: number, end: number): string[] {
  const list: string[] = [];
  let from = start;
  let quoted = false;
  let depth = 0;
  for (let i = start; i <= end; i++) {
    const c = i === end ? ',' : text.charAt(i);
    if (i < end && quoted) {
      if (c === '\\') i++;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === '<') depth = 1;
    else if (c === '>') depth = 0;
    else if (c === ',' && (depth === 0 || i === end)) {
      const value = text.slice(from, i).trim();
      if (value !== '') list.push(value);
      from = i + 1;
    }
  }
  return list;
}

function named(name: string, indexed: boolean, make: (inner: TextGetter, index: IndexSpec) => Getter): CoreVariable {
  return {
    name,
    writable: false,
    inner: 'required',
    bind: () => (inner, index, text) => {
      if (inner === null || inner.constant === '') return `$${name}() needs a header name`;
      if (!indexed && index !== null) return noIndex(name);
      return access(text, make(inner, index));
    },
    support: 'yes',
  };
}

function valueGetter(inner: TextGetter, index: IndexSpec): Getter {
  if (index === '*') return headerGetter(inner, index);
  return (ctx) => headerValues(ctx.message, innerText(inner, ctx)).at(indexValue(index, ctx)) ?? null;
}

/** Lifetimes in seconds of each Contact: its own parameter, else the Expires header. */
function lifetimes({ message }: ScriptContext): number[] {
  const list: number[] = [];
  const text = message.value(HDR_EXPIRES);
  const common = text === undefined ? Number.NaN : seconds(text);
  let uncovered = true;
  for (const field of message.findAll(HDR_CONTACT)) {
    for (const value of splitValues(message.raw, field.valueStart, field.valueEnd)) {
      const close = value.indexOf('>');
      const params = value.slice(value.indexOf(';', Math.max(close, 0)));
      const own = params.startsWith(';') ? seconds(paramValue(params, 'expires') ?? '') : Number.NaN;
      const lifetime = Number.isNaN(own) ? common : own;
      uncovered = false;
      if (!Number.isNaN(lifetime)) list.push(lifetime);
    }
  }
  if (uncovered && !Number.isNaN(common)) list.push(common);
  return list;
}

function seconds(text: string): number {
  return /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
}

function extreme(pick: (...values: number[]) => number): Getter {
  return (ctx): Value => {
    const list = lifetimes(ctx);
    return list.length === 0 ? null : pick(...list);
  };
}

/** Headers by name; they show what was received, never a pending edit. */
export const headerVariables: readonly CoreVariable[] = [
  named('hdr', true, headerGetter),
  named('hdrc', false, (inner) => (ctx) => fields(ctx.message, wanted(innerText(inner, ctx))).length),
  named('hfl', true, valueGetter),
  named('hflc', false, (inner) => (ctx) => headerValues(ctx.message, innerText(inner, ctx)).length),
  keyed('expires', false, { min: extreme(Math.min), max: extreme(Math.max) }),
];
