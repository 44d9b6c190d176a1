import { HDR_AUTHORIZATION, HDR_PROXY_AUTHORIZATION, type HeaderId } from '../../message/header-name.ts';
import type { SipMessage } from '../../message/message.ts';
import { M_REGISTER } from '../../message/method.ts';
import { unquote } from '../../message/params.ts';
import type { ScriptContext } from '../context.ts';
import type { Value } from '../values.ts';
import { type CoreVariable, simple } from './define.ts';
import { hostOf, UriMemo, userOf } from './uri-parts.ts';

/** Digest parameters by lower-case name, unquoted. */
type Credentials = ReadonlyMap<string, string>;

/**
 * Slot of RequestState.extensions in which an authentication function leaves the credentials it accepted, for $Au and $AU: what the
 * client only claims must not get into accounting.
 */
export const AUTHORIZED = Symbol.for('trunkline.authorized-credentials');

/** Content of the slot {@link AUTHORIZED}. */
export interface AuthorizedCredentials {
  readonly username: string;
  readonly realm: string;
  /** Value of their header as it stands in the message: the one that scripts mean from then on. */
  readonly header?: string;
}

// Of the messages last asked about; several parts of one header are read in a row.
const parsed = new WeakMap<SipMessage, Credentials | null>();

/** `Digest a=b, c="d"`; null for another scheme (RFC 7616 §3.4). */
function parseDigest(text: string): Credentials | null {
  if (!/^digest\s/i.test(text)) return null;
  const values = new Map<string, string>();
  const pattern = /(?<![A-Za-z0-9_-])([A-Za-z0-9_-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,"]*)/g;
  pattern.lastIndex = 6;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const name = (match[1] as string).toLowerCase();
    if (!values.has(name)) values.set(name, unquote(match[2] as string));
  }
  return values;
}

function inHeader(message: SipMessage, id: HeaderId): Credentials | null {
  for (const header of message.headers) {
    if (header.id !== id) continue;
    const found = parseDigest(message.valueOf(header));
    if (found !== null) return found;
  }
  return null;
}

/** The credentials a script means: a registrar looks at Authorization first, a proxy at Proxy-Authorization. */
function credentials(ctx: ScriptContext): Credentials | null {
  const { message } = ctx;
  // What was verified and what a script reads must be the same header.
  const header = authorized(ctx)?.header;
  if (header !== undefined) {
    const proven = parseDigest(header);
    if (proven !== null) return proven;
  }
  let found = parsed.get(message);
  if (found === undefined) {
    const registrar = message.methodId === M_REGISTER;
    found =
      inHeader(message, registrar ? HDR_AUTHORIZATION : HDR_PROXY_AUTHORIZATION) ??
      inHeader(message, registrar ? HDR_PROXY_AUTHORIZATION : HDR_AUTHORIZATION);
    parsed.set(message, found);
  }
  return found;
}

/** A parameter of the credentials; '' when they lack it, undefined when there are none. */
function part(name: string, missing = ''): (ctx: ScriptContext) => Value {
  return (ctx) => {
    const found = credentials(ctx);
    return found === null ? null : (found.get(name) ?? missing);
  };
}

function userPart(username: string): string {
  const at = username.indexOf('@');
  return at < 0 ? username : username.slice(0, at);
}

function digestUser(ctx: ScriptContext): Value {
  const name = credentials(ctx)?.get('username');
  return name === undefined ? null : userPart(name);
}

function digestDomain(ctx: ScriptContext): Value {
  const name = credentials(ctx)?.get('username');
  const at = name === undefined ? -1 : name.indexOf('@');
  return name === undefined || at < 0 ? null : name.slice(at + 1);
}

function authorized(ctx: ScriptContext): AuthorizedCredentials | undefined {
  return ctx.state.extensions?.get(AUTHORIZED) as AuthorizedCredentials | undefined;
}

const memo = new UriMemo();

/** Who the request is accounted to: user@realm of accepted credentials, else From's user@host. */
function accountName(ctx: ScriptContext): Value {
  const known = authorized(ctx);
  if (known !== undefined) return `${userPart(known.username)}@${known.realm}`;
  const { from } = ctx.message;
  if (from === null) return null;
  const uri = memo.parse(from.uri);
  const user = userOf(uri);
  const host = hostOf(uri);
  return user === null ? host : host === null ? user : `${user}@${host}`;
}

function accountUser(ctx: ScriptContext): Value {
  const known = authorized(ctx);
  if (known !== undefined) return userPart(known.username);
  const { from } = ctx.message;
  return from === null ? null : userOf(memo.parse(from.uri));
}

/** Credentials of Authorization or Proxy-Authorization as the client wrote them. */
export const credentialVariables: readonly CoreVariable[] = [
  simple('au', digestUser),
  simple('aU', part('username')),
  simple('ad', digestDomain),
  simple('ar', part('realm')),
  // RFC 7616 §3.4: without the parameter it is MD5.
  simple('aa', part('algorithm', 'MD5')),
  simple('adu', part('uri')),
  simple('adn', part('nonce')),
  simple('adc', part('cnonce')),
  simple('ado', part('opaque')),
  simple('adr', part('response')),
  simple('Au', accountName),
  simple('AU', accountUser),
];
