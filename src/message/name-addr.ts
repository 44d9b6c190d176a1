import { C_ALPHA, C_TOKEN, C_URI, C_VALUE, CHARS, isClass, skipClass, skipLws, skipQuoted } from './chars.ts';
import { ParamCursor } from './params.ts';

export { paramValue } from './params.ts';

/**
 * A From, To, Contact, Route, Record-Route, Path, Refer-To, P-Asserted-Identity… value (RFC 3261 §20.10, §25.1 name-addr and addr-spec).
 * All numbers are offsets into the text it was parsed from.
 */
export interface NameAddr {
  readonly start: number;
  /** After the value (before a comma or the end of the header). */
  readonly end: number;
  /** Display name as written, quotes kept, blanks around it not; empty when there is none. */
  readonly display: string;
  readonly displayStart: number;
  readonly displayEnd: number;
  /** URI text without angle brackets. */
  readonly uri: string;
  readonly uriStart: number;
  readonly uriEnd: number;
  /** True for the `<uri>` form. */
  readonly bracketed: boolean;
  /** tag parameter (From, To), empty when absent. */
  readonly tag: string;
  /** Header parameters' text from the first `;` after the URI to `end`, empty when there are none. */
  readonly params: string;
  readonly paramsStart: number;
}

/**
 * Parses the name-addr or addr-spec value that starts at `start`.
 *
 * An addr-spec without brackets ends at `;`, whose parameters are then the header's, and may not hold `?` (RFC 3261 §20.10).
 * An unquoted display name may hold more than tokens (UTF-8, parentheses), as the field does, but never `,` `;` `:` `"`.
 * @param text any text, usually a whole message
 * @param start where the value (or blanks before it) starts
 * @param end end of the header's value
 * @returns null when it is none: unterminated quotes, blanks in the URI, no scheme, empty parameters…
 */
export function parseNameAddr(text: string, start: number, end: number): NameAddr | null {
  const first = skipLws(text, start, end);
  if (first >= end) return null;
  let displayEnd = first;
  let at = first;
  let bracketed = false;
  const c = text.charCodeAt(first);
  if (c === 0x22) {
    displayEnd = skipQuoted(text, first, end);
    if (displayEnd < 0) return null;
    at = skipLws(text, displayEnd, end);
    if (at >= end || text.charCodeAt(at) !== 0x3c) return null;
    bracketed = true;
  } else if (c === 0x3c) bracketed = true;
  else {
    const open = findBracket(text, first, end);
    if (open >= 0) {
      bracketed = true;
      at = open;
      displayEnd = open;
      while (displayEnd > first && isBlank(text.charCodeAt(displayEnd - 1))) displayEnd--;
    }
  }
  const uriStart = bracketed ? at + 1 : first;
  let uriEnd = uriStart;
  let colon = -1;
  while (uriEnd < end) {
    const u = text.charCodeAt(uriEnd);
    if (u > 255 || ((CHARS[u] as number) & C_URI) === 0) break;
    if (u === 0x3a) {
      if (colon < 0) colon = uriEnd;
    } else if (!bracketed) {
      if (u === 0x3b || u === 0x2c) break;
      // RFC 3261 §20: a URI with `?` must be enclosed in angle brackets.
      if (u === 0x3f) return null;
    }
    uriEnd++;
  }
  if (colon <= uriStart || uriEnd === colon + 1 || !isClass(text, uriStart, C_ALPHA)) return null;
  at = uriEnd;
  if (bracketed) {
    if (at >= end || text.charCodeAt(at) !== 0x3e) return null;
    at++;
  }
  at = skipLws(text, at, end);
  let tag = '';
  let params = '';
  const paramsStart = at;
  if (at < end && text.charCodeAt(at) !== 0x2c) {
    const cursor = new ParamCursor(text, at, end);
    while (cursor.next())
      if (tag === '' && cursor.is('tag')) {
        tag = cursor.value;
        // RFC 3261 §25.1: a tag is a token. Tags are put into URIs and compared as text; what only quotes can hold must not get there.
        if (skipClass(tag, 0, tag.length, C_VALUE) < tag.length) return null;
      }
    if (cursor.bad || cursor.empty) return null;
    at = cursor.at;
    params = text.slice(paramsStart, at);
  }
  return {
    start: first,
    end: at,
    display: displayEnd === first ? '' : text.slice(first, displayEnd),
    displayStart: first,
    displayEnd,
    uri: text.slice(uriStart, uriEnd),
    uriStart,
    uriEnd,
    bracketed,
    tag,
    params,
    paramsStart,
  };
}

/** Offset of the `<` that follows an unquoted display name, -1 when the value is an addr-spec. */
function findBracket(text: string, at: number, end: number): number {
  for (; at < end; at++) {
    const c = text.charCodeAt(at);
    if (c === 0x3c) return at;
    if (c < 256 && ((CHARS[c] as number) & C_TOKEN) !== 0) continue;
    if (c === 0x3a || c === 0x3b || c === 0x2c || c === 0x22 || c === 0x3e || (c < 0x20 && !isBlank(c))) return -1;
  }
  return -1;
}

function isBlank(c: number): boolean {
  return c === 0x20 || c === 0x09 || c === 0x0d || c === 0x0a;
}

/** Every value of a comma-separated list between two offsets; null when one of them is unreadable or empty. */
export function parseNameAddrList(text: string, start: number, end: number): NameAddr[] | null {
  const list: NameAddr[] = [];
  let at = start;
  for (;;) {
    const value = parseNameAddr(text, at, end);
    if (value === null) return null;
    list.push(value);
    if (value.end >= end) return list;
    at = value.end + 1;
  }
}
