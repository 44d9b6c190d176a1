import { splitUserName } from '../../auth/identity.ts';
import { claimedCredentials, type DigestCredentials } from '../../message/auth-header.ts';
import { HDR_AUTHORIZATION, HDR_PROXY_AUTHORIZATION, type HeaderId } from '../../message/header-name.ts';
import type { SipMessage } from '../../message/message.ts';
import { M_REGISTER } from '../../message/method.ts';
import type { ScriptContext } from '../context.ts';
import type { Value } from '../values.ts';
import { type CoreVariable, simple } from './define.ts';
import { hostOf, UriMemo, userOf } from './uri-parts.ts';

/**
 * Slot of RequestState.extensions in which an authentication function leaves what it accepted: what the client only claims must not get
 * into accounting, nor pass for what was verified.
 */
export const AUTHORIZED = Symbol.for('trunkline.authorized-credentials');

/** Content of the slot {@link AUTHORIZED}. */
export interface AuthorizedCredentials {
  /** The user name taken apart as it was to find the user. */
  readonly user: string;
  /** Empty when the name has none. */
  readonly domain: string;
  readonly realm: string;
  /** As they were read to be verified: to read them anew would be another reading. */
  readonly credentials: DigestCredentials;
}

// Of the messages last asked about; several parts of one header are read in a row.
const claimed = new WeakMap<SipMessage, DigestCredentials | null>();

function inHeader(message: SipMessage, id: HeaderId): DigestCredentials | null {
  for (const header of message.headers) {
    if (header.id !== id) continue;
    const found = claimedCredentials(message.raw, header.valueStart, header.valueEnd);
    if (found !== null) return found;
  }
  return null;
}

/** The credentials a script means: those that were accepted; before, a registrar looks at Authorization first, a proxy at Proxy-Authorization. */
function credentials(ctx: ScriptContext): DigestCredentials | null {
  const { message } = ctx;
  const known = authorized(ctx);
  if (known !== undefined) return known.credentials;
  let found = claimed.get(message);
  if (found === undefined) {
    const registrar = message.methodId === M_REGISTER;
    found =
      inHeader(message, registrar ? HDR_AUTHORIZATION : HDR_PROXY_AUTHORIZATION) ??
      inHeader(message, registrar ? HDR_PROXY_AUTHORIZATION : HDR_AUTHORIZATION);
    claimed.set(message, found);
  }
  return found;
}

type Part = 'username' | 'realm' | 'algorithm' | 'uri' | 'nonce' | 'cnonce' | 'opaque' | 'response';

/** A parameter of the credentials; `missing` when they lack it, undefined when there are none. */
function part(name: Part, missing: Value = ''): (ctx: ScriptContext) => Value {
  return (ctx) => {
    const found = credentials(ctx);
    if (found === null) return null;
    const value = found[name];
    return value === '' ? missing : value;
  };
}

function digestUser(ctx: ScriptContext): Value {
  const known = authorized(ctx);
  if (known !== undefined) return known.user;
  const found = credentials(ctx);
  return found === null ? null : splitUserName(found.username, true).user;
}

function digestDomain(ctx: ScriptContext): Value {
  const known = authorized(ctx);
  if (known !== undefined) return known.domain;
  const found = credentials(ctx);
  return found === null ? null : splitUserName(found.username, true).domain;
}

function authorized(ctx: ScriptContext): AuthorizedCredentials | undefined {
  return ctx.state.extensions?.get(AUTHORIZED) as AuthorizedCredentials | undefined;
}

const memo = new UriMemo();

/** Who the request is accounted to: user@domain of accepted credentials, user@realm for a name without one, else From's user@host. */
function accountName(ctx: ScriptContext): Value {
  const known = authorized(ctx);
  if (known !== undefined) return `${known.user}@${known.domain === '' ? known.realm : known.domain}`;
  const { from } = ctx.message;
  if (from === null) return null;
  const uri = memo.parse(from.uri);
  const user = userOf(uri);
  const host = hostOf(uri);
  return user === null ? host : host === null ? user : `${user}@${host}`;
}

function accountUser(ctx: ScriptContext): Value {
  const known = authorized(ctx);
  if (known !== undefined) return known.user;
  const { from } = ctx.message;
  return from === null ? null : userOf(memo.parse(from.uri));
}

/** Credentials of Authorization or Proxy-Authorization: those that were verified, before that what the client claims. */
export const credentialVariables: readonly CoreVariable[] = [
  simple('au', digestUser),
  simple('aU', part('username')),
  simple('ad', digestDomain),
  simple('ar', part('realm')),
  // RFC 7616 §3.4: without the parameter it is MD5.
  simple('aa', part('algorithm', 'MD5')),
  simple('adu', part('uri', null)),
  simple('adn', part('nonce')),
  simple('adc', part('cnonce')),
  simple('ado', part('opaque')),
  simple('adr', part('response')),
  simple('Au', accountName),
  simple('AU', accountUser),
];
