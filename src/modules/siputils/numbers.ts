import { parseUri } from '../../message/uri.ts';

/** True for `+` and digits, the first not 0 (ITU-T E.164). @param maxLength greatest length, `+` included */
export function isE164(text: string, maxLength: number): boolean {
  return text.length > 2 && text.length <= maxLength && /^\+[0-9]+$/.test(text);
}

/** True when the user part of a sip URI, or the number of a tel URI, is an E.164 number; null for a text that is no URI. */
export function isUriUserE164(text: string, maxLength: number): boolean | null {
  const uri = parseUri(text);
  return uri === null ? null : isE164(uri.user ?? '', maxLength);
}

/** A tel URI's number without visual separators (RFC 3966 §5.1.1), and its parameters' text in lower case, from the first `;`. */
function telParts(text: string): { readonly number: string; readonly params: string } {
  const semicolon = text.indexOf(';');
  const end = semicolon < 0 ? text.length : semicolon;
  return { number: text.slice(4, end).replace(/[-.()]/g, ''), params: text.slice(end).toLowerCase() };
}

/**
 * tel URI to SIP URI (RFC 3261 §19.1.6): separators go, parameters become part of the user, `user=phone` is added.
 * @returns null when the text is no tel URI
 */
export function telToSip(text: string, host: string): string | null {
  if (!/^tel:/i.test(text)) return null;
  const { number, params } = telParts(text);
  return `sip:${number}${params}@${host};user=phone`;
}

/**
 * As {@link telToSip}, but phone-context is resolved: a global number prefix is put before the number, a domain becomes the host.
 * @returns null when the text is no tel URI
 */
export function telToSipInContext(text: string, host: string): string | null {
  if (!/^tel:/i.test(text)) return null;
  const { number, params } = telParts(text);
  const kept: string[] = [];
  let prefix = '';
  let domain = host;
  for (const param of params.split(';').slice(1)) {
    const context = /^phone-context=(.+)$/.exec(param)?.[1];
    if (context === undefined) kept.push(`;${param}`);
    else if (context.startsWith('+')) prefix = context.replace(/[-.()]/g, '');
    else domain = context;
  }
  return `sip:${prefix}${number}${kept.join('')}@${domain};user=phone`;
}
