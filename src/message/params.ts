import { C_LWS, C_TOKEN, C_VALUE, isClass, matchesLower, skipClass, skipLws, skipQuoted } from './chars.ts';

/** One `;name=value` of a header or URI. `value` is unquoted; undefined for a flag such as `;lr`. */
export interface Param {
  readonly name: string;
  readonly value: string | undefined;
}

/**
 * Walks `;name=value;flag` (RFC 3261 §25.1 generic-param) without building anything: the fields say where the parameter just
 * read stands. Stops before a comma or at `end`.
 */
export class ParamCursor {
  readonly text: string;
  readonly end: number;
  /** Where reading goes on; after the last parameter: the offset of the comma, or `end`. */
  at: number;
  nameStart = 0;
  nameEnd = 0;
  /** Value range, quotes included; both -1 for a flag. */
  valueStart = -1;
  valueEnd = -1;
  /** True once an empty parameter (`;;`) was passed over, which the grammar forbids. */
  empty = false;
  /** True when the text is no parameter list. */
  bad = false;

  constructor(text: string, at: number, end: number) {
    this.text = text;
    this.at = at;
    this.end = end;
  }

  /** Moves to the next parameter. @returns false at the end, and when `bad` */
  next(): boolean {
    const { text, end } = this;
    let at = this.at;
    for (;;) {
      at = skipLws(text, at, end);
      if (at >= end || text.charCodeAt(at) === 0x2c) {
        this.at = at;
        return false;
      }
      if (text.charCodeAt(at) !== 0x3b) return this.fail(at);
      at = skipLws(text, at + 1, end);
      const c = at < end ? text.charCodeAt(at) : 0x2c;
      if (c !== 0x3b && c !== 0x2c) break;
      this.empty = true;
    }
    this.nameStart = at;
    at = skipClass(text, at, end, C_TOKEN);
    this.nameEnd = at;
    if (at === this.nameStart) return this.fail(at);
    at = skipLws(text, at, end);
    if (at < end && text.charCodeAt(at) === 0x3d) {
      at = skipLws(text, at + 1, end);
      this.valueStart = at;
      if (at < end && text.charCodeAt(at) === 0x22) {
        const stop = skipQuoted(text, at, end);
        if (stop < 0) return this.fail(at);
        at = stop;
      } else at = skipClass(text, at, end, C_VALUE);
      this.valueEnd = at;
    } else {
      this.valueStart = -1;
      this.valueEnd = -1;
    }
    this.at = at;
    return true;
  }

  /** True when the parameter just read has this lower-case name. */
  is(lower: string): boolean {
    return this.nameEnd - this.nameStart === lower.length && matchesLower(this.text, this.nameStart, lower);
  }

  /** The value just read, unquoted; '' for a flag. */
  get value(): string {
    if (this.valueStart < 0) return '';
    return unquote(this.text.slice(this.valueStart, this.valueEnd));
  }

  private fail(at: number): boolean {
    this.bad = true;
    this.at = at;
    return false;
  }
}

/**
 * A parameter's value in a `;name=value;flag` text, unquoted; '' for a flag, undefined when absent. Also reads URI parameters,
 * whose names and values may hold more characters than a token.
 * @param params text that starts with `;` or is empty
 * @param name lower-case parameter name
 */
export function paramValue(params: string, name: string): string | undefined {
  return paramValueAt(params, 0, params.length, name);
}

/** {@link paramValue} for parameters that stand at [start, end) of a longer text. */
export function paramValueAt(text: string, start: number, end: number, name: string): string | undefined {
  let at = start;
  while (at < end) {
    if (text.charCodeAt(at) !== 0x3b) {
      at++;
      continue;
    }
    at = skipLws(text, at + 1, end);
    const nameStart = at;
    while (at < end && !isNameEnd(text.charCodeAt(at))) at++;
    const hit = at - nameStart === name.length && matchesLower(text, nameStart, name);
    at = skipLws(text, at, end);
    if (at >= end || text.charCodeAt(at) !== 0x3d) {
      if (hit) return '';
      continue;
    }
    at = skipLws(text, at + 1, end);
    const from = at;
    if (at < end && text.charCodeAt(at) === 0x22) {
      const stop = skipQuoted(text, at, end);
      at = stop < 0 ? end : stop;
    } else while (at < end && text.charCodeAt(at) !== 0x3b && !isClass(text, at, C_LWS)) at++;
    if (hit) return unquote(text.slice(from, at));
  }
  return undefined;
}

function isNameEnd(c: number): boolean {
  return c === 0x3d || c === 0x3b || c === 0x20 || c === 0x09 || c === 0x0d || c === 0x0a;
}

/**
 * Reads a whole `;a=b;c="d"` text.
 * @returns the parameters in order, names as written; null when the text is no parameter list or has an empty one (`;;`)
 */
export function parseParams(text: string): Param[] | null {
  const cursor = new ParamCursor(text, 0, text.length);
  const list: Param[] = [];
  while (cursor.next()) {
    list.push({
      name: text.slice(cursor.nameStart, cursor.nameEnd),
      value: cursor.valueStart < 0 ? undefined : cursor.value,
    });
  }
  return cursor.bad || cursor.empty || cursor.at < text.length ? null : list;
}

/** Prints parameters as `;a=b;c="d"`; values that are no token, host or number are quoted. Inverse of {@link parseParams}. */
export function printParams(params: readonly Param[]): string {
  let text = '';
  for (const { name, value } of params) {
    if (value === undefined) text += `;${name}`;
    else text += `;${name}=${needsQuotes(value) ? quote(value) : value}`;
  }
  return text;
}

function needsQuotes(value: string): boolean {
  return value === '' || skipClass(value, 0, value.length, C_VALUE) < value.length || value.includes('\\');
}

/** A quoted string's content with its quotes and `\` escapes taken away; any other text unchanged. */
export function unquote(text: string): string {
  const last = text.length - 1;
  if (last < 1 || text.charCodeAt(0) !== 0x22 || text.charCodeAt(last) !== 0x22) return text;
  const inner = text.slice(1, last);
  if (!inner.includes('\\')) return inner;
  let plain = '';
  for (let i = 0; i < inner.length; i++) {
    if (inner.charCodeAt(i) === 0x5c && i + 1 < inner.length) i++;
    plain += inner.charAt(i);
  }
  return plain;
}

/** The text as a quoted string; `"` and `\` are escaped. CR and LF, which no quoted string can hold, become blanks. */
export function quote(text: string): string {
  return `"${text.replace(/[\r\n]/g, ' ').replace(/["\\]/g, '\\$&')}"`;
}
