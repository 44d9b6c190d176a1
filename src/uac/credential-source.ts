import type { DigestAlgorithmName } from '../digest/algorithm.ts';
import { type CredentialList, findCredential } from '../digest/credential-list.ts';
import { type Credential, fitsRealm, withHa1 } from '../digest/credentials.ts';
import { isIPv4, isIPv6 } from '../message/host.ts';
import { parseUri } from '../message/uri.ts';
import type { Branch } from '../proxy/branch.ts';

/** Says that the credentials of a realm may go to this destination (and to others named for the realm), nowhere else. */
export interface DestinationBinding {
  /** `*`: every realm that no other binding names. */
  readonly realm: string;
  /** Host name or IP address in lower case, IPv6 without brackets. */
  readonly host: string;
  /** 0: any port. */
  readonly port: number;
}

// No \s for the realm: it takes the byte A0, half of many a UTF-8 letter, for a blank.
const BINDING = /^[ \t]*([^: \t\r\n]+)[ \t]*:[ \t]*(\[[^\]\s]+\]|[^:\s[\]]+)(?::(\d{1,5}))?[ \t]*$/;

/**
 * Reads a value of the `credential_destination` parameter: `realm:host` or `realm:host:port`, an IPv6 address in brackets; realm `*` for all
 * that are not named.
 * @returns null when it is none
 */
export function parseDestinationBinding(text: string): DestinationBinding | null {
  const match = BINDING.exec(text);
  if (match === null) return null;
  const [, realm = '', hostText = '', portText] = match;
  const port = portText === undefined ? 0 : Number(portText);
  if (port > 65535 || (portText !== undefined && port === 0)) return null;
  const host = bare(hostText);
  if (hostText.startsWith('[') && !isIPv6(host)) return null;
  return { realm, host, port };
}

function bare(host: string): string {
  return (host.startsWith('[') ? host.slice(1, -1) : host).toLowerCase();
}

/** An address that a request was sent to, or is about to be. */
export interface Address {
  readonly ip: string;
  readonly port: number;
}

/**
 * Whether an address is a bound destination: by itself, or by the host name of the next hop, which the script or location chose, never
 * the one who challenges.
 * @param nextHop URI whose resolution gave the address
 */
function goesTo(binding: DestinationBinding, address: Address | null, nextHop: string): boolean {
  if (binding.port !== 0 && address?.port !== binding.port) return false;
  if (address !== null && address.ip.toLowerCase() === binding.host) return true;
  // An address in a URI is no proof of where the request went (t_relay_to); the address it was sent to is.
  if (isIPv4(binding.host) || isIPv6(binding.host)) return false;
  return bare(parseUri(nextHop)?.host ?? '') === binding.host;
}

/** The bindings that speak of a realm; none: its credentials may go anywhere. */
function bindingsOf({ bindings }: CredentialSource, realm: string): readonly DestinationBinding[] {
  const named = bindings.filter((binding) => binding.realm === realm);
  // A credential without a realm fits whatever realm a stranger makes up: only `*` can bind it.
  return named.length > 0 ? named : bindings.filter((binding) => binding.realm === '*');
}

/** Whether credentials for a realm may be sent to an address. */
export function maySend(source: CredentialSource, realm: string, address: Address | null, nextHop: string): boolean {
  const named = bindingsOf(source, realm);
  return named.length === 0 || named.some((binding) => goesTo(binding, address, nextHop));
}

/** Where credentials for a challenge are looked up. */
export interface CredentialSource {
  /** Credential of the request at hand (the three variables), asked first; null for none. Its empty realm fits every realm. */
  readonly own: Credential | null;
  readonly list: CredentialList;
  /** Realms that are named here have their credentials sent to the named destinations only; others are free. */
  readonly bindings: readonly DestinationBinding[];
  /** The passwords of the list are HA1 texts in this call (uac_auth mode 1). */
  readonly ha1: boolean;
  /** The algorithms that may be answered; every one when absent. */
  readonly allow?: readonly DigestAlgorithmName[] | undefined;
}

/**
 * The credential for a realm. One that is bound to other destinations than this branch's comes back with a destination that does not fit,
 * so that the choice of the challenge passes over it and can tell why.
 */
export function credentialFor(source: CredentialSource, realm: string, branch: Branch): Credential | undefined {
  const { own, list, ha1 } = source;
  const found = own !== null && fitsRealm(own, realm) ? own : findCredential(list, realm);
  if (found === undefined) return undefined;
  // The request's own says itself what its secret is: an account's is not changed by the mode of the call.
  const credential = found === own ? own : withHa1(found, ha1);
  if (maySend(source, realm, branch.destination, branch.target.nextHop)) return credential;
  const hosts = bindingsOf(source, realm).map(({ host }) => host);
  return Object.freeze({ ...credential, destination: hosts.join(' or ') });
}

/** Where a branch went, for the log: the address, and the name when it differs. */
export function destinationText(branch: Branch): string {
  const { destination } = branch;
  return destination === null ? branch.target.nextHop : `${destination.ip}:${destination.port}`;
}
