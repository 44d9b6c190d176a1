import type { SipUri } from '../message/uri.ts';
import { uriParam } from '../message/uri.ts';
import { aorHash } from './aor.ts';
import type { Binding } from './binding.ts';

/** What a gr parameter of a Request-URI asks for (RFC 5627 §3). */
export type Gruu =
  | { readonly kind: 'public'; readonly instance: string }
  | { readonly kind: 'temporary'; readonly ruid: string };

/** Reads the gr parameter. @returns null when there is none */
export function gruuOf(uri: SipUri): Gruu | null {
  const value = uriParam(uri, 'gr');
  if (value === undefined) return null;
  if (value !== '') return { kind: 'public', instance: `<${value}>` };
  // Of `uloc-1-2-3-hash` the last part is the hash.
  const user = uri.user ?? '';
  const cut = user.lastIndexOf('-');
  return { kind: 'temporary', ruid: cut < 0 ? user : user.slice(0, cut) };
}

export function meets(binding: Binding, gruu: Gruu): boolean {
  return gruu.kind === 'public' ? binding.instance === gruu.instance : binding.ruid === gruu.ruid;
}

/** A number in hexadecimal, lowest digit first. */
function reversedHex(value: number): string {
  return [...value.toString(16)].reverse().join('');
}

/**
 * The GRUU parameters of a Contact in the reply to a REGISTER (RFC 5627 §5.2).
 * @param address `user@host` of the address of record
 */
export function gruuParams(binding: Binding, address: string): string {
  const instance = binding.instance.replace(/^<|>$/g, '');
  // Between quotes: what would end them is no part of a URI.
  const shown = address.replace(/["\\]/g, '');
  const host = shown.slice(shown.lastIndexOf('@') + 1);
  const temporary = `${binding.ruid}-${reversedHex(aorHash(binding.aor))}`;
  return `;pub-gruu="sip:${shown};gr=${instance}";temp-gruu="sip:${temporary}@${host};gr"`;
}
