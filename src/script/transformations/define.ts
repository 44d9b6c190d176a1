import type { ScriptContext } from '../context.ts';
import type { TextGetter, TransformationDefinition } from '../module-definition.ts';
import type { Value } from '../values.ts';

export type Apply = (value: Value, ctx: ScriptContext) => Value;

/** What comes out of a transformation can be no longer than this, as in Kamailio; a longer result is undefined. */
export const MAX_LENGTH = 65536;

/** A transformation of text without parameters. An integer counts as its decimal text; undefined stays undefined. */
export function text(name: string, convert: (text: string) => Value, support = 'yes'): TransformationDefinition {
  const apply: Apply = (value) => (value === null ? null : convert(typeof value === 'string' ? value : String(value)));
  return { name, minParams: 0, maxParams: 0, make: () => apply, support };
}

/** What {@link textWith} makes of the parameters: the conversion, or what is wrong with them. */
export type Made = ((text: string, ctx: ScriptContext) => Value) | string;

/** A transformation of text with parameters. */
export function textWith(
  name: string,
  minParams: number,
  maxParams: number,
  make: (params: readonly TextGetter[]) => Made,
  support = 'yes',
): TransformationDefinition {
  return {
    name,
    minParams,
    maxParams,
    make: (params) => {
      const convert = make(params);
      if (typeof convert === 'string') return convert;
      return (value, ctx) => (value === null ? null : convert(typeof value === 'string' ? value : String(value), ctx));
    },
    support,
  };
}

/** A transformation that also has something to say about an undefined value. */
export function value(name: string, apply: Apply, support = 'yes'): TransformationDefinition {
  return { name, minParams: 0, maxParams: 0, make: () => apply, support };
}

/** An integer parameter: NaN in a run where its variable is no integer, which makes the result undefined. */
export type IntGetter = (ctx: ScriptContext) => number;

/** An integer parameter; a text that says what is wrong. Kamailio takes integer-typed variables only: "2" is none. */
export function integer(param: TextGetter | undefined, fallback = 0): IntGetter | string {
  if (param === undefined) return () => fallback;
  if (param.constant !== null) {
    const constant = param.constant.trim();
    if (!/^[-+]?\d{1,10}$/.test(constant)) return `'${param.constant}' is no number`;
    const number = Number(constant);
    return () => number;
  }
  return (ctx) => {
    const number = param.get(ctx);
    return typeof number === 'number' ? number : Number.NaN;
  };
}

/** A text parameter in one run; undefined is ''. */
export function string(param: TextGetter | undefined): (ctx: ScriptContext) => string {
  if (param === undefined) return () => '';
  const { constant } = param;
  if (constant !== null) return () => constant;
  return (ctx) => {
    const got = param.get(ctx);
    return got === null ? '' : String(got);
  };
}

/** A parameter that is one character. */
export function character(param: TextGetter | undefined): ((ctx: ScriptContext) => string) | string {
  if (param?.constant != null && param.constant.length !== 1) return `'${param.constant}' is not one character`;
  return string(param);
}
