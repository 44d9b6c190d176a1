import type { ScriptContext } from '../context.ts';
import type { IndexSpec, ModuleHost, TextGetter, VariableAccess, VariableDefinition } from '../module-definition.ts';
import type { Value } from '../values.ts';

/** A variable that is there without any loadmodule; its instance is the server itself. */
export type CoreVariable = VariableDefinition<ModuleHost>;

export type Getter = (ctx: ScriptContext) => Value;
export type IntGetter = (ctx: ScriptContext) => number;
export type Setter = (ctx: ScriptContext, value: Value) => boolean;

/** Builds an access; all of them have one shape, so that the call sites that read variables stay monomorphic. */
export function access(
  text: string,
  get: Getter,
  int: IntGetter | null = null,
  set: Setter | null = null,
): VariableAccess {
  return { text, get, int, set };
}

/** What one variable or one key of a keyed variable does. */
export interface Faces {
  readonly get: Getter;
  /** Integer face, where it is not the string's number. */
  readonly int?: IntGetter;
  readonly set?: Setter;
}

/** `$name`: no parentheses, no index. */
export function simple(name: string, faces: Faces | Getter, support = 'yes'): CoreVariable {
  const { get, int = null, set = null } = typeof faces === 'function' ? { get: faces } : faces;
  return {
    name,
    writable: set !== null,
    inner: 'none',
    bind: () => (_inner, index, text) => (index === null ? access(text, get, int, set) : noIndex(name)),
    support,
  };
}

/** `$name` that needs the server: settings, sockets, statistics, log, clock. */
export function hosted(
  name: string,
  writable: boolean,
  make: (host: ModuleHost) => Faces | Getter,
  support = 'yes',
): CoreVariable {
  return {
    name,
    writable,
    inner: 'none',
    bind: (host) => {
      const made = make(host);
      const { get, int = null, set = null } = typeof made === 'function' ? { get: made } : made;
      return (_inner, index, text) => (index === null ? access(text, get, int, set) : noIndex(name));
    },
    support,
  };
}

/** `$name(key)` with a fixed set of keys, each of which reads something else. */
export function keyed(
  name: string,
  writable: boolean,
  keys: Readonly<Record<string, Faces | Getter>>,
  support = 'yes',
): CoreVariable {
  return hostedKeyed(name, writable, () => keys, support);
}

/** As {@link keyed}, with keys that need the server. */
export function hostedKeyed(
  name: string,
  writable: boolean,
  make: (host: ModuleHost) => Readonly<Record<string, Faces | Getter>>,
  support = 'yes',
): CoreVariable {
  return {
    name,
    writable,
    inner: 'required',
    bind: (host) => {
      const keys = make(host);
      return (inner, index, text) => {
        if (index !== null) return noIndex(name);
        const key = inner?.constant ?? null;
        if (key === null) return `$${name}() needs one of the names ${Object.keys(keys).join(', ')}`;
        const found = Object.hasOwn(keys, key) ? keys[key] : undefined;
        if (found === undefined) return `$${name}() has no '${key}'; it knows ${Object.keys(keys).join(', ')}`;
        const { get, int = null, set = null } = typeof found === 'function' ? { get: found } : found;
        return access(text, get, int, set);
      };
    },
    support,
  };
}

/** The same variable under another name. */
export function alias(name: string, definition: CoreVariable): CoreVariable {
  return { ...definition, name };
}

export function noIndex(name: string): string {
  return `$${name} takes no index`;
}

/** A variable's value as text; undefined is the empty text. */
export function textOf(value: Value): string {
  return value === null ? '' : typeof value === 'string' ? value : String(value);
}

/** Text of what stands in the parentheses in this run. */
export function innerText(inner: TextGetter, ctx: ScriptContext): string {
  return inner.constant ?? textOf(inner.get(ctx));
}

/** Element of a list by an index that may count from the end; undefined out of range. */
export function elementAt<T>(list: readonly T[], index: number): T | undefined {
  return list.at(index);
}

/** An index for one run; no index means 0. `*` must be handled by the caller. */
export function indexValue(index: IndexSpec, ctx: ScriptContext): number {
  return typeof index === 'number' ? index : typeof index === 'function' ? index(ctx) : 0;
}

/** True when the text holds a control character, which could end a header line and start another one. */
export function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 0x20 || c === 0x7f) return true;
  }
  return false;
}
