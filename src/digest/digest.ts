import { type DigestAlgorithm, type DigestHash, hashHex } from './algorithm.ts';

/** An entity body: its bytes, or text in which each character is one byte. */
export type Body = string | Uint8Array;

/**
 * HA1 of a user, `H(user:realm:password)` (RFC 7616 §3.4.2). Texts are the unquoted, unescaped values, one character per byte.
 * @returns lower-case hex
 */
export function userHa1(hash: DigestHash, user: string, realm: string, password: string): string {
  return hashHex(hash, `${user}:${realm}:${password}`);
}

/**
 * HA1 of a -sess algorithm, `H(HA1:nonce:cnonce)`, with the user's HA1 in hex (RFC 7616 §3.4.2; the binary form of RFC 2617's
 * sample code, which Kamailio computes, agrees with hardly any peer).
 * @param ha1 what {@link userHa1} gives
 */
export function sessionHa1(hash: DigestHash, ha1: string, nonce: string, cnonce: string): string {
  return hashHex(hash, `${ha1}:${nonce}:${cnonce}`);
}

/**
 * HA2, `H(method:uri)` or for qop auth-int `H(method:uri:H(body))` (RFC 7616 §3.4.3). Without a body the empty text is hashed.
 * @param qop any case; everything but auth-int counts as auth
 */
export function requestHa2(hash: DigestHash, method: string, uri: string, qop: string, body: Body): string {
  return isAuthInt(qop) ? hashHex(hash, `${method}:${uri}:${hashHex(hash, body)}`) : hashHex(hash, `${method}:${uri}`);
}

/**
 * The response (RFC 7616 §3.4.1), or without a qop that of RFC 2069, `H(HA1:nonce:HA2)`, which RFC 3261 §22.4 item 6 keeps.
 * @param qop as it stands in the credentials, since it is hashed as written; empty for none
 */
export function digestResponse(
  hash: DigestHash,
  ha1: string,
  nonce: string,
  nc: string,
  cnonce: string,
  qop: string,
  ha2: string,
): string {
  return qop === ''
    ? hashHex(hash, `${ha1}:${nonce}:${ha2}`)
    : hashHex(hash, `${ha1}:${nonce}:${nc}:${cnonce}:${qop}:${ha2}`);
}

/** A name that does not tell the user: `H(user:realm)` for `userhash=true` (RFC 7616 §3.4.4). */
export function userHash(hash: DigestHash, user: string, realm: string): string {
  return hashHex(hash, `${user}:${realm}`);
}

/** What a response is computed from. */
export interface DigestInput {
  readonly algorithm: DigestAlgorithm;
  /** The user's HA1, without the -sess step. */
  readonly ha1: string;
  /** Request method; empty for a server's rspauth (RFC 7616 §3.5). */
  readonly method: string;
  readonly uri: string;
  readonly nonce: string;
  /** As it stands in the credentials; empty for none. */
  readonly qop: string;
  readonly nc: string;
  readonly cnonce: string;
  /** Hashed for auth-int only. */
  readonly body: Body;
}

/**
 * The whole calculation from the user's HA1 to the response (RFC 7616 §3.4).
 * @returns lower-case hex of the algorithm's length
 */
export function computeResponse(input: DigestInput): string {
  const { hash, session } = input.algorithm;
  const ha1 = session ? sessionHa1(hash, input.ha1, input.nonce, input.cnonce) : input.ha1;
  const ha2 = requestHa2(hash, input.method, input.uri, input.qop, input.body);
  return digestResponse(hash, ha1, input.nonce, input.nc, input.cnonce, input.qop, ha2);
}

function isAuthInt(qop: string): boolean {
  return qop === 'auth-int' || (qop.length === 8 && qop.toLowerCase() === 'auth-int');
}
