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

/**
 * Whether a branch went to a bound destination: by the address it was sent to, or by the host name of its next hop, which the script or
 * location chose, never the one who challenges.
 */
export function goesTo(binding: DestinationBinding, branch: Branch): boolean {
  const { destination } = branch;
  if (binding.port !== 0 && destination?.port !== binding.port) return false;
  if (destination !== null && destination.ip.toLowerCase() === binding.host) return true;
  // An address in a URI is no proof of where the request went (t_relay_to); the address it was sent to is.
  if (isIPv4(binding.host) || isIPv6(binding.host)) return false;
  return bare(parseUri(branch.target.nextHop)?.host ?? '') === binding.host;
}

/** Where credentials for a challenge are looked up. */
export interface CredentialSource {
  /** Credential of the request at hand (the three variables), asked first; null for none. Its empty realm fits every realm. */
  readonly own: Credential | null;
  readonly list: CredentialList;
  /** Realms that are named here have their credentials sent to the named destinations only; others are free. */
  readonly bindings: readonly DestinationBinding[];
  /** The passwords of this call are HA1 texts (uac_auth mode 1). */
  readonly ha1: boolean;
}

/**
 * The credential for a realm. One that is bound to other destinations than this branch's comes back with a destination that does not fit,
 * so that the choice of the challenge passes over it and can tell why.
 */
export function credentialFor(source: CredentialSource, realm: string, branch: Branch): Credential | undefined {
  const { own, list, bindings, ha1 } = source;
  const found = own !== null && fitsRealm(own, realm) ? own : findCredential(list, realm);
  if (found === undefined) return undefined;
  const credential = withHa1(found, ha1);
  // A credential without a realm fits whatever realm a stranger makes up: only `*` can bind it.
  let named = bindings.filter((binding) => binding.realm === realm);
  if (named.length === 0) named = bindings.filter((binding) => binding.realm === '*');
  if (named.length === 0 || named.some((binding) => goesTo(binding, branch))) return credential;
  return Object.freeze({ ...credential, destination: named.map(({ host }) => host).join(' or ') });
}

/** Where a branch went, for the log: the address, and the name when it differs. */
export function destinationText(branch: Branch): string {
  const { destination } = branch;
  return destination === null ? branch.target.nextHop : `${destination.ip}:${destination.port}`;
}
