/**
 * Syntax of the four digest headers: challenges (WWW-Authenticate, Proxy-Authenticate) and credentials (Authorization,
 * Proxy-Authorization), after RFC 7235 §2.1 and RFC 7616 §3.3, §3.4. Only syntax: what a value is worth is src/digest's affair.
 *
 * Reading is liberal: any parameter may be quoted or bare, blanks and folding may stand anywhere, unknown parameters are kept,
 * a broken element is left out and the others are still read. Nothing here throws.
 */

import { type AuthElement, type AuthParam, escapeQuoted, isDigest, scanAuth } from './auth-scanner.ts';

/** A Digest challenge. Absent text parameters are empty. */
export interface DigestChallenge {
  readonly kind: 'digest';
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string;
  readonly domain: string;
  /** As written, empty when absent (which means MD5, RFC 7616 §3.3). */
  readonly algorithm: string;
  /** The qop list's tokens in lower case and in their order; empty when the parameter is absent or empty. */
  readonly qop: readonly string[];
  readonly stale: boolean;
  /** What stood between the quotes, for an answer to repeat: a peer may compare bytes and know no escapes. */
  readonly echo: AuthEcho;
  readonly params: readonly AuthParam[];
}

/** Escaped texts that an answer repeats from its challenge. */
export interface AuthEcho {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string;
}

/** Credentials of the Digest scheme. Absent text parameters are empty. */
export interface DigestCredentials {
  readonly kind: 'digest';
  /** From `username`, or from `username*` (RFC 7616 §3.4) as the bytes it encodes. */
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  /** As written; may be in upper case. */
  readonly response: string;
  /** As written, empty when absent (which means MD5). */
  readonly algorithm: string;
  readonly cnonce: string;
  readonly opaque: string;
  /** As written, because it is hashed as written. */
  readonly qop: string;
  /** As written: eight hex digits from a peer that follows the RFC. */
  readonly nc: string;
  readonly params: readonly AuthParam[];
}

/** A challenge or credentials of another scheme (Basic, Bearer, NTLM…). */
export interface OtherAuth {
  readonly kind: 'other';
  /** As written. */
  readonly scheme: string;
  /** The scheme's token68 text (RFC 7235 §2.1), empty when it has parameters or nothing. */
  readonly token68: string;
  readonly params: readonly AuthParam[];
}

export type AuthChallenge = DigestChallenge | OtherAuth;
export type AuthCredentials = DigestCredentials | OtherAuth;

/** What {@link printCredentials} needs; {@link DigestCredentials} fits. Empty texts are left out, except the five that RFC 7616 requires. */
export type DigestCredentialFields = Omit<DigestCredentials, 'kind' | 'params'> & {
  /** Printed in place of `realm`, `nonce` and `opaque`: the challenge's own spelling. */
  readonly echo?: AuthEcho;
};

/** What {@link printChallenge} needs. */
export interface DigestChallengeFields {
  readonly realm: string;
  readonly nonce: string;
  /** Empty: no qop parameter. */
  readonly qop: readonly string[];
  readonly stale: boolean;
  /** Empty: no algorithm parameter. */
  readonly algorithm: string;
  /** Empty: no opaque parameter. */
  readonly opaque: string;
}

/** Authentication-Info and Proxy-Authentication-Info (RFC 7615 §3, RFC 7616 §3.5). Absent texts are empty. */
export interface AuthenticationInfo {
  readonly nextnonce: string;
  readonly rspauth: string;
  readonly qop: string;
  readonly cnonce: string;
  readonly nc: string;
}

/**
 * Reads every challenge of one WWW-Authenticate or Proxy-Authenticate value, comma-joined ones taken apart (RFC 7235 §4.1).
 * A Digest challenge without a realm or a nonce is left out; of a parameter given twice the first counts.
 * @param text text that holds the header value; `start` and `end` are offsets into it
 * @returns the readable challenges in their order, none when there are none
 */
export function parseChallenges(text: string, start = 0, end = text.length): AuthChallenge[] {
  const challenges: AuthChallenge[] = [];
  for (const element of scanAuth(text, start, end)) {
    if (!isDigest(element)) {
      challenges.push(otherAuth(element));
      continue;
    }
    const { params } = element;
    const realm = find(params, 'realm');
    const nonce = find(params, 'nonce');
    if (realm === undefined || realm.value === '' || nonce === undefined || nonce.value === '') continue;
    const opaque = find(params, 'opaque');
    challenges.push({
      kind: 'digest',
      realm: realm.value,
      nonce: nonce.value,
      opaque: opaque?.value ?? '',
      domain: authParam(params, 'domain'),
      algorithm: authParam(params, 'algorithm'),
      qop: tokens(authParam(params, 'qop')),
      stale: authParam(params, 'stale').toLowerCase() === 'true',
      echo: { realm: realm.escaped, nonce: nonce.escaped, opaque: opaque?.escaped ?? '' },
      params,
    });
  }
  return challenges;
}

/**
 * Reads the credentials of one Authorization or Proxy-Authorization value. RFC 3261 §7.3.1 allows one per line; several
 * joined by commas, as some middleboxes make them, are read too. Digest credentials that lack one of username, realm, nonce,
 * uri and response, or that give one parameter twice (which of them was verified, which was used?), are left out.
 * @param text text that holds the header value; `start` and `end` are offsets into it
 */
export function parseCredentials(text: string, start = 0, end = text.length): AuthCredentials[] {
  const list: AuthCredentials[] = [];
  for (const element of scanAuth(text, start, end)) {
    if (!isDigest(element)) {
      list.push(otherAuth(element));
      continue;
    }
    const { params } = element;
    if (hasDuplicate(params)) continue;
    const username = find(params, 'username')?.value ?? extendedValue(find(params, 'username*')?.value);
    if (username === undefined || !REQUIRED.every((name) => find(params, name) !== undefined)) continue;
    list.push(digestCredentials(username, params));
  }
  return list;
}

/**
 * The first Digest credentials of a header value, whole or not, for who only shows what a client claims. What gives one parameter
 * twice is none here either.
 * @param text text that holds the header value; `start` and `end` are offsets into it
 */
export function claimedCredentials(text: string, start = 0, end = text.length): DigestCredentials | null {
  for (const element of scanAuth(text, start, end)) {
    const { params } = element;
    if (!isDigest(element) || params.length === 0 || hasDuplicate(params)) continue;
    const username = find(params, 'username')?.value ?? extendedValue(find(params, 'username*')?.value);
    return digestCredentials(username ?? '', params);
  }
  return null;
}

/** Reads an Authentication-Info or Proxy-Authentication-Info value (RFC 7615 §3); absent parameters are empty. */
export function parseAuthenticationInfo(text: string, start = 0, end = text.length): AuthenticationInfo {
  const params = scanAuth(text, start, end, 'Digest')[0]?.params ?? [];
  return {
    nextnonce: authParam(params, 'nextnonce'),
    rspauth: authParam(params, 'rspauth'),
    qop: authParam(params, 'qop'),
    cnonce: authParam(params, 'cnonce'),
    nc: authParam(params, 'nc'),
  };
}

/**
 * A parameter's value.
 * @param name lower case
 * @returns the first one's value, empty when there is none
 */
export function authParam(params: readonly AuthParam[], name: string): string {
  return find(params, name)?.value ?? '';
}

/**
 * Prints an Authorization or Proxy-Authorization value in the order, quoting and spacing of Kamailio's uac module: username,
 * realm, nonce, uri, opaque, qop, nc, cnonce, response, algorithm, one blank after each comma (quoting: RFC 7616 §3.4).
 * @returns the header value, or null when a text cannot be sent: a control character (CR and LF above all, which would inject
 * a header), a character that is no byte, or a bare parameter that is no token
 */
export function printCredentials(fields: DigestCredentialFields): string | null {
  const realm = fields.echo?.realm ?? escapeQuoted(fields.realm);
  const nonce = fields.echo?.nonce ?? escapeQuoted(fields.nonce);
  const opaque = fields.echo?.opaque ?? escapeQuoted(fields.opaque);
  if (!isBare(fields.qop) || !isBare(fields.nc) || !isBare(fields.algorithm)) return null;
  let text = `Digest username="${escapeQuoted(fields.username)}", realm="${realm}", nonce="${nonce}", uri="${escapeQuoted(fields.uri)}"`;
  if (opaque !== '') text += `, opaque="${opaque}"`;
  if (fields.qop !== '') text += `, qop=${fields.qop}`;
  if (fields.nc !== '') text += `, nc=${fields.nc}`;
  if (fields.cnonce !== '') text += `, cnonce="${escapeQuoted(fields.cnonce)}"`;
  text += `, response="${escapeQuoted(fields.response)}"`;
  if (fields.algorithm !== '') text += `, algorithm=${fields.algorithm}`;
  return UNPRINTABLE.test(text) ? null : text;
}

/**
 * Prints a WWW-Authenticate or Proxy-Authenticate value in the order and spacing of Kamailio's and OpenSIPS' auth modules:
 * realm, nonce, qop, stale (only when true), algorithm, opaque (quoting: RFC 7616 §3.3).
 * @returns the header value, or null when a text cannot be sent, see {@link printCredentials}
 */
export function printChallenge(fields: DigestChallengeFields): string | null {
  if (!isBare(fields.algorithm) || !fields.qop.every(isBare)) return null;
  let text = `Digest realm="${escapeQuoted(fields.realm)}", nonce="${escapeQuoted(fields.nonce)}"`;
  if (fields.qop.length > 0) text += `, qop="${fields.qop.join(',')}"`;
  if (fields.stale) text += ', stale=true';
  if (fields.algorithm !== '') text += `, algorithm=${fields.algorithm}`;
  if (fields.opaque !== '') text += `, opaque="${escapeQuoted(fields.opaque)}"`;
  return UNPRINTABLE.test(text) ? null : text;
}

/** Prints an Authentication-Info value (RFC 7615 §3; quoting: RFC 7616 §3.5); null when a text cannot be sent. Empty texts are left out. */
export function printAuthenticationInfo(info: AuthenticationInfo): string | null {
  if (!isBare(info.qop) || !isBare(info.nc)) return null;
  const parts: string[] = [];
  if (info.nextnonce !== '') parts.push(`nextnonce="${escapeQuoted(info.nextnonce)}"`);
  if (info.qop !== '') parts.push(`qop=${info.qop}`);
  if (info.rspauth !== '') parts.push(`rspauth="${escapeQuoted(info.rspauth)}"`);
  if (info.cnonce !== '') parts.push(`cnonce="${escapeQuoted(info.cnonce)}"`);
  if (info.nc !== '') parts.push(`nc=${info.nc}`);
  const text = parts.join(', ');
  return text === '' || UNPRINTABLE.test(text) ? null : text;
}

/** Everything but TAB that RFC 3261 §25.1 keeps out of a quoted string, and characters above a byte. */
const UNPRINTABLE = /[^\t\x20-\x7e\x80-\xff]/;
/** Empty or a token (RFC 3261 §25.1). */
const BARE = /^[A-Za-z0-9\-.!%*_+`'~]*$/;

function isBare(text: string): boolean {
  return BARE.test(text);
}

/** Parameters besides the user name without which there is nothing to verify (RFC 7616 §3.4). */
const REQUIRED = ['realm', 'nonce', 'uri', 'response'] as const;

function digestCredentials(username: string, params: readonly AuthParam[]): DigestCredentials {
  return {
    kind: 'digest',
    username,
    realm: authParam(params, 'realm'),
    nonce: authParam(params, 'nonce'),
    uri: authParam(params, 'uri'),
    response: authParam(params, 'response'),
    algorithm: authParam(params, 'algorithm'),
    cnonce: authParam(params, 'cnonce'),
    opaque: authParam(params, 'opaque'),
    qop: authParam(params, 'qop'),
    nc: authParam(params, 'nc'),
    params,
  };
}

function tokens(list: string): string[] {
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((token) => token !== '');
}

function find(params: readonly AuthParam[], name: string): AuthParam | undefined {
  for (const param of params) if (param.name === name) return param;
  return undefined;
}

function hasDuplicate(params: readonly AuthParam[]): boolean {
  for (let i = 1; i < params.length; i++) {
    const { name } = params[i] as AuthParam;
    for (let j = 0; j < i; j++) if ((params[j] as AuthParam).name === name) return true;
  }
  return false;
}

/** RFC 5987 §3.2.1 ext-value, `UTF-8'language'percent-encoded`, as the bytes it encodes; undefined when it is none. */
function extendedValue(value: string | undefined): string | undefined {
  const match = value === undefined ? null : /^utf-8'[^']*'((?:[^%]|%[0-9a-f]{2})*)$/i.exec(value);
  return match?.[1]?.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function otherAuth({ scheme, token68, params }: AuthElement): OtherAuth {
  return { kind: 'other', scheme, token68, params };
}
