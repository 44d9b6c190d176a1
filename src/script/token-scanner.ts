/** Finds the token at an offset of a text, one function for each kind. Strings are in string-scanner.ts. */
import { isIPv6 } from 'node:net';
import type { Token } from './token.ts';

/** A token without its place. */
export type TokenPayload = Token extends infer T
  ? T extends Token
    ? Omit<T, 'text' | 'at' | 'spaceBefore' | 'newlineBefore' | 'note'>
    : never
  : never;

/** A token and the offset behind it. */
export interface ScannedToken {
  readonly token: TokenPayload;
  readonly end: number;
}

const wordPattern = /[A-Za-z_][A-Za-z0-9_]*/y;
const numberPattern = /0[xX][0-9a-fA-F]+|[01]+b(?![A-Za-z0-9_])|[0-9]+/y;
const ipv4Pattern = /\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?!\.?\w)/y;
const ipv6Pattern = /[0-9a-fA-F:]*:[0-9a-fA-F:]*(?:\.\d{1,3}){0,3}(?!\w)/y;
const bracketedPattern = /\[([0-9a-fA-F:.]+)\]/y;
const selectPattern = /@[A-Za-z_]\w*(?:\.\w+|\[(?:"[^"\n]*"|[^\]\n]*)\])*/y;
const eventNamePattern = /(\s*)\[(\s*["']?)([^\]\n"']*)["']?\s*\]/y;
const barePattern = /[ \t]+([^\s"'“”‘’(;#=]+)/y;
const includePattern = /\s*(?:["'“‘]([^"'“”‘’\n]*)["'”’]|([^\s"';#]+))/y;
const foreignPattern = /[^\x20-\x7e\s“”‘’]+/y;
const pairs: readonly string[] = ['==', '=~', '!=', '<=', '>=', '&&', '||', '<<', '>>', ':=', '+='];

/** Matches a sticky pattern at an offset. */
export function matchAt(pattern: RegExp, text: string, index: number): RegExpExecArray | null {
  pattern.lastIndex = index;
  return pattern.exec(text);
}

/** An identifier or keyword, `null` when there is none. */
export function scanWord(text: string, index: number): string | null {
  return matchAt(wordPattern, text, index)?.[0] ?? null;
}

/** Decimal, `0x1F`, octal `017`, binary `101b`; wrapped to 32 bits signed. */
export function scanNumber(text: string, index: number): ScannedToken | null {
  const digits = matchAt(numberPattern, text, index)?.[0];
  if (digits === undefined) return null;
  let literal = digits;
  if (digits.endsWith('b') && !/^0[xX]/.test(digits)) literal = `0b${digits.slice(0, -1)}`;
  else if (/^0[0-7]+$/.test(digits)) literal = `0o${digits.slice(1)}`;
  const value = Number(BigInt.asIntN(32, BigInt(literal)));
  return { token: { kind: 'int', value }, end: index + digits.length };
}

/** `1.2.3.4`, `2001:db8::1`, `[2001:db8::1]` */
export function scanAddress(text: string, index: number): ScannedToken | null {
  const bracketed = matchAt(bracketedPattern, text, index);
  const written = bracketed ?? matchAt(ipv4Pattern, text, index) ?? matchAt(ipv6Pattern, text, index);
  if (written === null) return null;
  const address = written[1] ?? written[0];
  if (!isIPv6(address) && (bracketed !== null || address.includes(':'))) return null;
  return { token: { kind: 'ip', address }, end: index + written[0].length };
}

/** `@via[1].branch` */
export function scanSelect(text: string, index: number): ScannedToken | null {
  const match = matchAt(selectPattern, text, index);
  return match === null ? null : { token: { kind: 'select' }, end: index + match[0].length };
}

/** One or two characters. */
export function scanPunctuation(text: string, index: number): ScannedToken {
  return { token: { kind: 'punct' }, end: index + (pairs.includes(text.slice(index, index + 2)) ? 2 : 1) };
}

/** Offset behind characters that mean nothing outside of strings, `null` when there are none. */
export function foreignEnd(text: string, index: number): number | null {
  const match = matchAt(foreignPattern, text, index);
  return match === null ? null : index + match[0].length;
}

/** `[tm:local-request]` behind `event_route`: event names are not made of the language's words. */
export interface ScannedEventName {
  /** Offset of the opening bracket. */
  readonly open: number;
  readonly name: string;
  readonly nameStart: number;
  /** Offset of the closing bracket. */
  readonly close: number;
}

export function scanEventName(text: string, index: number): ScannedEventName | null {
  const match = matchAt(eventNamePattern, text, index);
  if (match === null) return null;
  const open = index + match[1]!.length;
  const nameStart = open + 1 + match[2]!.length;
  return { open, name: match[3]!.trim(), nameStart, close: index + match[0].length - 1 };
}

/** The unquoted word behind `loadmodule`, on the same line. */
export function scanBareModule(text: string, index: number): { name: string; end: number } | null {
  const match = matchAt(barePattern, text, index);
  return match === null ? null : { name: match[1]!, end: index + match[0].length };
}

/** The path behind `include_file`; `quoted` is false for a word, which may be a define. */
export function scanIncludePath(text: string, index: number): { path: string; quoted: boolean; end: number } | null {
  const match = matchAt(includePattern, text, index);
  if (match === null) return null;
  return { path: match[1] ?? match[2]!, quoted: match[1] !== undefined, end: index + match[0].length };
}
