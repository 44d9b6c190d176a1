import { sanitizeUri } from '../message/sanitize.ts';
import type { Binding } from './binding.ts';
import { gruuParams } from './gruu.ts';

/** Texts of refusals, as Kamailio writes them behind P-Registrar-Error. */
export const REFUSALS = {
  'contact-parse': [400, 'Bad Request', 'Contact parse error'],
  'star-expires': [400, 'Bad Request', '* used in contact and expires is not zero'],
  'star-others': [400, 'Bad Request', '* used in contact and more than 1 contact'],
  'contact-length': [400, 'Bad Request', 'Contact/received too long'],
  'aor-parse': [400, 'Bad Request', 'Error while parsing AOR'],
  'aor-length': [500, 'Server Internal Error', 'Address Of Record too long'],
  'callid-length': [400, 'Bad Request', 'Callid too long'],
  'cseq-parse': [400, 'Bad Request', 'CSeq parse error'],
  cseq: [400, 'Bad Request', 'Invalid CSeq number'],
  q: [400, 'Bad Request', 'Invalid q param in contact'],
  'path-parse': [400, 'Bad Request', 'Path parse error'],
  'path-unsupported': [420, 'Bad Extension', 'No support for found Path indicated'],
  'outbound-unknown': [420, 'Bad Extension', 'No support for Outbound on server'],
  'outbound-unsupported': [421, 'Extension Required', 'No support for Outbound indicated'],
  'outbound-edge': [439, 'First Hop Lacks Outbound Support', 'No support for Outbound on edge proxy'],
  'too-brief': [423, 'Interval Too Brief', 'Interval too brief'],
  'too-many': [503, 'Service Unavailable', 'Too many registered contacts'],
} as const satisfies Readonly<Record<string, readonly [number, string, string]>>;

/** Why a REGISTER was refused. */
export type Refusal = keyof typeof REFUSALS;

/** How Contact values of a reply are written. */
export interface ContactWriting {
  /** Seconds since 1970. */
  readonly now: number;
  /** Parameter for the received URI. */
  readonly receivedParam: string;
  /** user@host of the address of record, when GRUUs are to be given; null: not. */
  readonly gruuFor: string | null;
}

/**
 * The Contact header of a reply to REGISTER (RFC 3261 §10.3 step 8) with its CRLF, in Kamailio's writing: every contact in one header.
 * @returns empty when there is none
 */
export function contactHeader(bindings: readonly Binding[], writing: ContactWriting): string {
  if (bindings.length === 0) return '';
  return `Contact: ${bindings.map((binding) => contactValue(binding, writing)).join(', ')}\r\n`;
}

function contactValue(binding: Binding, { now, receivedParam, gruuFor }: ContactWriting): string {
  const { q, expires, received, instance, regId } = binding;
  let text = `<${sanitizeUri(binding.uri).replaceAll('>', '')}>`;
  if (q >= 0) text += `;q=${q / 1000}`;
  text += `;expires=${expires === 0 ? 0xffffffff : expires - now}`;
  if (received !== '') text += `;${receivedParam}="${received}"`;
  if (instance !== '') {
    if (gruuFor !== null) text += gruuParams(binding, gruuFor);
    text += `;+sip.instance="${instance}"`;
    if (regId > 0) text += `;reg-id=${regId}`;
  }
  return text;
}
