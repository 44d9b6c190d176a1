import type { ScriptContext } from '../../script/context.ts';
import { parseInteger } from '../../script/runtime-convert.ts';
import type { Value } from '../../script/values.ts';
import { ApiError } from '../errors.ts';
import { fromWire, toWire } from '../wire-text.ts';
import { Bound, CONTEXT } from './context.ts';
import type { Tools } from './tools.ts';

/** Variables (Kamailio's KSR.pv): names as in kamailio.cfg, `$ru`, `$avp(x)`, `$(hdr(X)[1])`. */
export class KsrPv extends Bound {
  readonly #tools: Tools;
  constructor(ctx: ScriptContext, tools: Tools) {
    super(ctx);
    this.#tools = tools;
  }

  /** The value: a text, a number, or null when it has none. */
  get(name: string): Value {
    const value = this.#tools.reader.variable(name).get(this[CONTEXT]);
    return typeof value === 'string' ? fromWire(value) : value;
  }

  /** The value; an empty text when it has none. */
  gete(name: string): string | number {
    return this.get(name) ?? '';
  }

  /** The value; `<<null>>` when it has none. */
  getw(name: string): string | number {
    return this.get(name) ?? '<<null>>';
  }

  /** The value as a text, or `other` when it has none. */
  getvs(name: string, other: string): string {
    const value = this.get(name);
    return value === null ? other : String(value);
  }

  /** The value as a number, or `other` when it is none. */
  getvn(name: string, other: number): number {
    const access = this.#tools.reader.variable(name);
    if (access.int !== null) return access.int(this[CONTEXT]);
    const value = access.get(this[CONTEXT]);
    const number = typeof value === 'string' ? parseInteger(value) : (value ?? Number.NaN);
    return Number.isNaN(number) ? other : number;
  }

  /** True when it has no value. */
  is_null(name: string): boolean {
    return this.get(name) === null;
  }

  /** Sets it to a text. @returns 1, or -1 when the variable refused it */
  sets(name: string, text: string): number {
    return this.#set(name, toWire(text));
  }

  /** Sets it to a whole number. @returns 1, or -1 when the variable refused it */
  seti(name: string, number: number): number {
    return this.#set(name, number | 0);
  }

  /** Sets it to null: takes it away. @returns 1, or -1 when the variable refused it */
  unset(name: string): number {
    return this.#set(name, null);
  }

  /** A text with its variables filled in: `"to $rU at $rd"`. */
  evals(text: string): string {
    return fromWire(this.#tools.format(this[CONTEXT], toWire(text)));
  }

  #set(name: string, value: Value): number {
    const { set, text } = this.#tools.reader.variable(name);
    if (set === null) throw new ApiError('API_VARIABLE', `${text} cannot be written`);
    return set(this[CONTEXT], value) ? 1 : -1;
  }
}
