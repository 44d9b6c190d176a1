/**
 * The scanner under the digest headers: a scheme, then token68 or parameters, again and again (RFC 7235 §2.1).
 * What the parameters mean is auth-header.ts's affair. Nothing here throws.
 */

import { unfold } from './sanitize.ts';

/** One `name=value` of a challenge or of credentials. */
export interface AuthParam {
  /** Lower case. */
  readonly name: string;
  /** Without quotes and escapes; empty for a parameter without a value. */
  readonly value: string;
  /** The same value as it may stand between quotes; for a value received in quotes exactly what stood there. */
  readonly escaped: string;
}

/** A scheme and what belongs to it. */
export interface AuthElement {
  readonly scheme: string;
  token68: string;
  readonly params: AuthParam[];
  /** Unreadable to an extent that nothing of it can be trusted. */
  broken: boolean;
}

function isWhole({ broken }: AuthElement): boolean {
  return !broken;
}

export function isDigest(element: AuthElement): boolean {
  return isDigestName(element.scheme);
}

function isDigestName(scheme: string): boolean {
  return scheme.length === 6 && scheme.toLowerCase() === 'digest';
}

// A header with more than this is an attack or rubbish; the bound keeps every later loop over them short.
const MAX_ELEMENTS = 16;
const MAX_PARAMS = 32;

/**
 * Takes a header value apart. In RFC 7235 §2.1 a comma separates both parameters and challenges, so what follows a comma
 * is decided by what follows its first word: `=` makes it a parameter, blanks and more text make it the next scheme.
 * @param scheme given for a value that has no scheme word of its own (Authentication-Info)
 */
export function scanAuth(text: string, start: number, end: number, scheme?: string): AuthElement[] {
  const elements: AuthElement[] = [];
  let current: AuthElement | undefined;
  const open = (name: string): AuthElement => {
    const element: AuthElement = { scheme: name, token68: '', params: [], broken: false };
    elements.push(element);
    return element;
  };
  if (scheme !== undefined) current = open(scheme);

  let at = start;
  let afterComma = true;
  while (at < end) {
    const code = text.charCodeAt(at);
    if (code === COMMA || isBlank(code)) {
      if (code === COMMA) afterComma = true;
      at++;
      continue;
    }
    if (code === QUOTE) {
      // A quoted string where a name should be: step over it whole, so that a comma in it cuts nothing.
      const close = closingQuote(text, at + 1, end);
      if (close < 0) break;
      at = close + 1;
      continue;
    }
    if (code === EQUALS) {
      at++;
      continue;
    }
    const wordEnd = endOfWord(text, at, end);
    const next = skipBlanks(text, wordEnd, end);

    if (next < end && text.charCodeAt(next) === EQUALS) {
      let valueAt = skipBlanks(text, next + 1, end);
      let value: string;
      let escaped: string;
      if (valueAt < end && text.charCodeAt(valueAt) === QUOTE) {
        const close = closingQuote(text, valueAt + 1, end);
        if (close < 0) {
          // Nobody can say where this value ends.
          if (current !== undefined) current.broken = true;
          break;
        }
        escaped = unfold(text.slice(valueAt + 1, close));
        value = unescapeQuoted(escaped);
        valueAt = close + 1;
      } else {
        const valueEnd = endOfBareValue(text, valueAt, end);
        value = text.slice(valueAt, valueEnd);
        escaped = escapeQuoted(value);
        valueAt = valueEnd;
      }
      if (current !== undefined) {
        if (current.params.length < MAX_PARAMS)
          current.params.push({ name: paramName(text, at, wordEnd), value, escaped });
        else current.broken = true;
      }
      at = valueAt;
      afterComma = false;
      continue;
    }

    const word = text.slice(at, wordEnd);
    const alone = next >= end || text.charCodeAt(next) === COMMA;
    if (current !== undefined && (!afterComma || (alone && !isDigestName(word) && paramFollows(text, next, end)))) {
      // A word in the middle of parameters: `foo, nonce="x"` is a value-less parameter of ours, no scheme of that name.
      if (afterComma && current.params.length < MAX_PARAMS) {
        current.params.push({ name: word.toLowerCase(), value: '', escaped: '' });
      }
      at = wordEnd;
      continue;
    }
    if (elements.length >= MAX_ELEMENTS) break;
    current = open(word);
    at = next;
    afterComma = true;
    if (!alone && !isDigestName(word)) {
      const tokenEnd = endOfToken68(text, next, end);
      if (tokenEnd > 0) {
        current.token68 = text.slice(next, tokenEnd);
        at = tokenEnd;
      }
    }
  }
  return elements.every(isWhole) ? elements : elements.filter(isWhole);
}

/** The parameters of RFC 7616 by their length: a name found here costs no text of its own, and is compared in no time. */
const KNOWN: readonly (readonly string[])[] = Array.from({ length: 10 }, (_, length) =>
  ['response', 'username', 'nonce', 'realm', 'uri', 'qop', 'nc', 'cnonce', 'opaque', 'algorithm', 'domain', 'stale']
    .concat(['username*', 'userhash', 'charset'])
    .filter((name) => name.length === length),
);

function paramName(text: string, start: number, end: number): string {
  for (const name of KNOWN[end - start] ?? []) {
    let at = 0;
    while (at < name.length && text.charCodeAt(start + at) === name.charCodeAt(at)) at++;
    if (at === name.length) return name;
  }
  return text.slice(start, end).toLowerCase();
}

const COMMA = 0x2c;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a;
}

function skipBlanks(text: string, at: number, end: number): number {
  while (at < end && isBlank(text.charCodeAt(at))) at++;
  return at;
}

/** Offset of the quote that closes a quoted string, -1 when none does. */
function closingQuote(text: string, at: number, end: number): number {
  for (; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at;
  }
  return -1;
}

function endOfWord(text: string, at: number, end: number): number {
  for (; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === COMMA || code === EQUALS || code === QUOTE || isBlank(code)) break;
  }
  return at;
}

function endOfBareValue(text: string, at: number, end: number): number {
  for (; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === COMMA || isBlank(code)) break;
  }
  return at;
}

/** True when the next thing after blanks and commas is `name =`. */
function paramFollows(text: string, at: number, end: number): boolean {
  while (at < end && (text.charCodeAt(at) === COMMA || isBlank(text.charCodeAt(at)))) at++;
  const wordEnd = endOfWord(text, at, end);
  const next = skipBlanks(text, wordEnd, end);
  return wordEnd > at && next < end && text.charCodeAt(next) === EQUALS;
}

/** End of a token68 (RFC 7235 §2.1) that is followed by a comma or by nothing; -1 when there is none. */
function endOfToken68(text: string, at: number, end: number): number {
  const start = at;
  while (at < end && /[A-Za-z0-9\-._~+/]/.test(text[at] as string)) at++;
  if (at === start) return -1;
  while (at < end && text.charCodeAt(at) === EQUALS) at++;
  const next = skipBlanks(text, at, end);
  return next >= end || text.charCodeAt(next) === COMMA ? at : -1;
}

/** RFC 3261 §25.1 quoted-pair for the two characters that need it. */
export function escapeQuoted(text: string): string {
  return text.includes('"') || text.includes('\\') ? text.replace(/["\\]/g, '\\$&') : text;
}

/**
 * Undoes quoted-pairs, but only of `"` and `\`. Whoever escapes escapes these two only, while a backslash before anything
 * else comes from senders that know no escapes (`username="DOMAIN\user"`) and hash it as it stands.
 */
function unescapeQuoted(text: string): string {
  return text.includes('\\') ? text.replace(/\\(["\\])/g, '$1') : text;
}
