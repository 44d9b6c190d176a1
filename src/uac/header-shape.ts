import type { EditList } from '../message/edits.ts';
import type { NameAddr } from '../message/name-addr.ts';
import { quote } from '../message/params.ts';
import { hasCrlf, trimBlanks } from '../message/sanitize.ts';
import { isSendableUri, MAX_STORED_URI } from './rr-store.ts';

/** The header that carries an identity. */
export type IdentityHeader = 'from' | 'to';

/** What a header shall show; null: as received. An empty display name means none. */
export interface IdentityChange {
  readonly display: string | null;
  readonly uri: string | null;
}

export const UNCHANGED: IdentityChange = { display: null, uri: null };

const TOKENS = /^[A-Za-z0-9\-.!%*_+`'~]+(?:[ \t]+[A-Za-z0-9\-.!%*_+`'~]+)*$/;
const QUOTED = /^"(?:[^"\\]|\\.)*"$/;

/**
 * A display name as it may stand in a header (RFC 3261 §25.1 display-name): tokens and quoted strings as they are, anything else in quotes.
 * @returns null when it cannot be sent: line ends, control characters, no bytes, too long
 */
export function displayName(text: string): string | null {
  if (/[^\t\x20-\x7e\x80-\xff]/.test(text) || text.length > MAX_STORED_URI) return null;
  const trimmed = trimBlanks(text);
  if (trimmed === '' || TOKENS.test(trimmed) || QUOTED.test(trimmed)) return trimmed;
  return quote(trimmed);
}

/**
 * A URI as it may stand between brackets; brackets around it are taken away.
 * @returns null when it is none
 */
export function identityUri(text: string): string | null {
  let uri = trimBlanks(text);
  if (uri.startsWith('<') && uri.endsWith('>')) uri = uri.slice(1, -1);
  return !hasCrlf(text) && uri.length <= MAX_STORED_URI && isSendableUri(uri) ? uri : null;
}

/**
 * Records how a From or To header changes; what is to change is written anew each time, so the last change counts. A part that is not
 * named stays as it was set otherwise ($fu and $fn write under the same keys).
 *
 * The rest stays as received: header name, blanks, tag and other parameters. A value without brackets gets them when a display name
 * comes to it or the new URI has characters that would belong to the header (RFC 3261 §20).
 * @param raw the message's text
 * @param header the value as received
 * @param below edits that these go on top of (the request's, for a branch)
 */
export function shapeHeader(
  raw: string,
  header: NameAddr,
  name: IdentityHeader,
  change: IdentityChange,
  edits: EditList,
  below: EditList | null = null,
): void {
  const uriKey = `${name}-uri`;
  const displayKey = `${name}-display`;
  const { display, uri } = change;
  if (display !== null) edits.drop(displayKey);
  if (!header.bracketed) {
    const text = uri ?? setUri(edits, uriKey) ?? setUri(below, uriKey) ?? header.uri;
    const named = display !== null && display !== '';
    const brackets = named || /[;?,]/.test(text);
    if (named) edits.insert(header.uriStart, `${display} `, displayKey);
    if (uri !== null || named) edits.replace(header.uriStart, header.uriEnd, brackets ? `<${text}>` : text, uriKey);
    return;
  }
  if (uri !== null) edits.replace(header.uriStart, header.uriEnd, uri, uriKey);
  if (display === null) return;
  const { displayStart, displayEnd } = header;
  const bracket = header.uriStart - 1;
  if (displayStart === displayEnd) {
    if (display !== '') edits.insert(bracket, `${display} `, displayKey);
  } else if (display !== '') {
    // `"Alice"<sip:…>` has no blank between; a token would run into the bracket otherwise only in looks, but peers trip over it.
    edits.replace(displayStart, displayEnd, displayEnd === bracket ? `${display} ` : display, displayKey);
  } else {
    let end = displayEnd;
    while (raw.charCodeAt(end) === 0x20) end++;
    edits.replace(displayStart, end, '', displayKey);
  }
}

/** The URI that an edit puts there already. */
function setUri(edits: EditList | null, key: string): string | null {
  const text = edits?.get(key)?.text;
  if (typeof text !== 'string') return null;
  return text.startsWith('<') ? text.slice(1, -1) : text;
}

/** Where the part of a value ends that names someone: after the `>`, or after the URI when there are no brackets. */
export function identityEnd(header: NameAddr): number {
  return header.bracketed ? header.uriEnd + 1 : header.uriEnd;
}
