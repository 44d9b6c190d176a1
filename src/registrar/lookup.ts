import type { SipMessage } from '../message/message.ts';
import { parseNameAddrList } from '../message/name-addr.ts';
import { parseUri } from '../message/uri.ts';
import { ALL_METHODS, type Binding, OTHER_METHODS } from './binding.ts';
import type { Bindings } from './bindings.ts';
import { type Gruu, meets } from './gruu.ts';

/** Which contacts a lookup passes over, besides those whose time is over. */
export interface LookupFilter {
  /** The request, when contacts that do not take its method are left out; null: they are not. */
  readonly request: SipMessage | null;
  /** Branch flags of which a contact has to have one, 0 for any (lookup_filter_mode 1). */
  readonly flags: number;
  /** Contacts that came by a connection which has ended are left out (lookup_filter_mode 2). */
  readonly connected: boolean;
}

/** Nothing is passed over. */
export const ANY_CONTACT: LookupFilter = { request: null, flags: 0, connected: false };

/** What a lookup found: contacts in order, or why there is none, as lookup()'s code. */
export type LookupResult = readonly Binding[] | -1 | -2;

/**
 * Contacts that a request for an address of record goes to (RFC 3261 §16.5).
 * @param gruu limits them to one device, by the first of its flows (RFC 5627 §5.3); a temporary GRUU names its contact by itself
 * @returns -1 when there is none, -2 when none takes the method
 */
export function lookupContacts(
  bindings: Bindings,
  aor: string,
  gruu: Gruu | null,
  { request, flags, connected }: LookupFilter,
  now: number,
): LookupResult {
  let found = bindings.list(aor, now);
  if (gruu?.kind === 'temporary') {
    const named = bindings.byName(gruu.ruid);
    found = named?.valid(now) === true && named.instance !== '' ? [named] : [];
  } else if (gruu !== null) found = found.filter((binding) => meets(binding, gruu)).slice(0, 1);
  if (flags !== 0) found = found.filter(({ cflags }) => (cflags & flags) !== 0);
  if (connected) found = found.filter((binding) => binding.connection > 0 || !overStream(binding));
  if (found.length === 0) return -1;
  // Within a dialog the method was agreed on.
  if (request === null || (request.to?.tag ?? '') !== '') return found;
  const able = found.filter((binding) => takes(binding, request.methodId));
  return able.length === 0 ? -2 : able;
}

/** Whether a contact came by a connection, by the socket that took it. */
export function overStream({ socket }: Pick<Binding, 'socket'>): boolean {
  return /^(?:tcp|tls|wss?):/.test(socket);
}

function takes(binding: Binding, method: number): boolean {
  return binding.methods === ALL_METHODS || (binding.methods & (method || OTHER_METHODS)) !== 0;
}

/**
 * Where a contact is reached (RFC 3327 §5.3): the first Path element, else the address that its REGISTER came from.
 * @param isOurs whether a URI names this server; its elements are passed over when given (path_check_local)
 * @returns the next hop URI, '' for the contact's own; and the Path that is left
 */
export function wayTo(
  binding: Binding,
  isOurs: ((host: string, port: number) => boolean) | null,
): { readonly nextHop: string; readonly path: string } {
  const { path, received } = binding;
  if (path === '') return { nextHop: received, path: '' };
  const values = parseNameAddrList(path, 0, path.length) ?? [];
  for (const value of values) {
    const uri = parseUri(value.uri);
    if (isOurs !== null && uri !== null && isOurs(uri.host, uri.port)) continue;
    return { nextHop: value.uri, path: path.slice(value.start) };
  }
  return { nextHop: received, path: '' };
}
