import {
  type AuthRequest,
  digestIn,
  headerOf,
  isExempt,
  type Presented,
  type Proof,
  type Verdict,
} from '../../auth/gate.ts';
import { splitUserName } from '../../auth/identity.ts';
import { type Flavour, RETURN_CODES } from '../../auth/outcome.ts';
import type { Hop } from '../../auth/realm.ts';
import type { StoredSecret } from '../../digest/credentials.ts';
import { computeResponse } from '../../digest/digest.ts';
import { Secret } from '../../digest/secret.ts';
import { printAuthenticationInfo } from '../../message/auth-header.ts';
import { M_REGISTER } from '../../message/method.ts';
import type { ScriptContext } from '../../script/context.ts';
import { L_WARN } from '../../script/log.ts';
import type { Value } from '../../script/values.ts';
import { AUTHORIZED, type AuthorizedCredentials } from '../../script/variables/credentials.ts';
import { removeHeader } from '../support/header-lines.ts';
import {
  answer,
  boundText,
  boundTexts,
  challengeLine,
  challengeValues,
  fail,
  realmOf,
  realmText,
  receiverOf,
} from './challenge.ts';
import type { AuthModule } from './instance.ts';

/** One call of an authorizing function. */
export interface AuthCall {
  /** For the log. */
  readonly name: string;
  readonly hop: Hop;
  readonly flavour: Flavour;
  /** As the script gave it. */
  readonly realm: string;
  /** Method to hash in the place of the request's own. */
  readonly method?: string | undefined;
  /** Whether From and To must be the user's. */
  readonly identity?: boolean;
}

/** REGISTER is answered for by a registrar, everything else by a proxy. */
export function hopOf({ message }: ScriptContext): Hop {
  return message.methodId === M_REGISTER ? 'www' : 'proxy';
}

/**
 * Finds the credentials of a call.
 * @returns those found, or the code that the function gives at once
 */
export function present(m: AuthModule, ctx: ScriptContext, call: AuthCall): Presented | number {
  const { message } = ctx;
  const { flavour, hop, name } = call;
  // Before the realm: an ACK has nothing to be derived from that matters.
  if (isExempt(message, flavour)) return count(m, 'exempt', RETURN_CODES[flavour].exempt);
  const realm = realmOf(m, message, flavour, hop, call.realm);
  if (realm === null) {
    m.failSeldom(`${name}: no realm in the call, To or From`, 'AUTH_REALM');
    if (flavour === 'kamailio') return count(m, 'error', -1);
    return count(m, 'error', answer(m, ctx, 400) > 0 ? 0 : -1);
  }
  const { ip, port, connection, socket } = ctx.from;
  const request: AuthRequest = {
    message,
    flavour,
    hop,
    realm,
    source: ip,
    connected: socket.proto !== 'udp',
    sender: `${port} ${connection}`,
    bound: boundText(m, ctx),
    method: call.method,
  };
  const found = m.gate.present(request);
  return found.done ? settle(m, ctx, call, found, realm) : found;
}

/** Decides on credentials whose digest was looked at. @returns the function's code; a promise only where the uses of nonces are elsewhere */
export function conclude(
  m: AuthModule,
  ctx: ScriptContext,
  call: AuthCall,
  presented: Presented,
  proof: Proof,
): number | Promise<number> {
  const { realm } = presented.request;
  const verdict = m.gate.decide(presented, proof, call.identity ?? false);
  if (verdict instanceof Promise) return verdict.then((late) => settle(m, ctx, call, late, realm));
  return settle(m, ctx, call, verdict, realm);
}

function count(m: AuthModule, outcome: Verdict['outcome'], code: number): number {
  const counter = m.outcomes.get(outcome);
  if (counter !== undefined) counter.value++;
  return code;
}

function settle(m: AuthModule, ctx: ScriptContext, call: AuthCall, verdict: Verdict, realm: string): number {
  const { outcome, credentials, header } = verdict;
  const stale = verdict.stale ? realm.toLowerCase() : null;
  if (m.traced(ctx).stale !== stale) m.trace(ctx).stale = stale;
  const user = credentials?.username ?? '';
  for (const kind of verdict.banned) {
    const who = kind === 'source' ? ctx.from.ip : `user ${user} of realm ${realm}`;
    m.host.log.write(L_WARN, 'auth', `${who} is refused for a while: too many wrong credentials`, 'AUTH_BANNED');
  }
  if (outcome === 'error') {
    m.failSeldom(`${call.name}: user ${user}: no HA1 that fits the algorithm is stored`, 'AUTH_HA1');
  }
  if (outcome === 'ok' && credentials !== null) {
    const trace = m.trace(ctx);
    if (!trace.verified.includes(header)) trace.verified = [...trace.verified, header];
    const authorized: AuthorizedCredentials = {
      ...splitUserName(user, call.flavour === 'kamailio'),
      realm,
      credentials,
    };
    ctx.state.extensions?.set(AUTHORIZED, authorized);
    if (m.settings.authInfo) addInfo(m, ctx, call.hop, realm, verdict);
  }
  const code = count(m, outcome, RETURN_CODES[call.flavour][outcome]);
  // OpenSER and OpenSIPS answer what they cannot read, and end the script.
  if (code === 0) return answer(m, ctx, 400) > 0 ? 0 : -1;
  return code;
}

/** Authentication-Info for the reply (RFC 7616 §3.5): only to who uses a qop, with a nonce for the next request. */
function addInfo(m: AuthModule, ctx: ScriptContext, hop: Hop, realm: string, verdict: Verdict): void {
  const { algorithm, credentials, ha1 } = verdict;
  if (algorithm === null || credentials === null || ha1 === null || credentials.qop === '') return;
  const { uri, nonce, qop, nc, cnonce } = credentials;
  // The body of the reply is not known yet; auth-int replies without one are what REGISTER gets.
  const input = { algorithm, ha1: ha1.reveal(), method: '', uri, nonce, qop, nc, cnonce, body: '' };
  const offered = [qop.toLowerCase() === 'auth-int' ? ('auth-int' as const) : ('auth' as const)];
  const scope = { hop, realm, algorithm: algorithm.name, bound: boundText(m, ctx) };
  const nextnonce = m.nonces.issue(scope, offered, receiverOf(m, ctx));
  const value = printAuthenticationInfo({ nextnonce, rspauth: computeResponse(input), qop, cnonce, nc });
  const name = hop === 'www' ? 'Authentication-Info' : 'Proxy-Authentication-Info';
  if (value !== null) ctx.state.replyHeaders += `${name}: ${value}\r\n`;
}

/** OpenSIPS' pv_www_authorize(realm): user and password from username_spec and password_spec. */
export function specAuthorize(
  m: AuthModule,
  ctx: ScriptContext,
  name: string,
  hop: Hop,
  realm: Value,
): number | Promise<number> {
  const flavour = m.flavour === 'openser' ? 'openser' : 'opensips';
  const call: AuthCall = { name, hop, flavour, realm: realmText(realm) };
  const presented = present(m, ctx, call);
  if (typeof presented === 'number') return presented;
  const user = m.settings.username?.get(ctx) ?? null;
  const password = m.settings.password?.get(ctx) ?? null;
  if (typeof user !== 'string' || user === '' || password === null || password === '') {
    fail(m, name, 'username_spec or password_spec holds no text', 'AUTH_NO_SECRET');
    count(m, 'error', 0);
    return answer(m, ctx, 500) > 0 ? 0 : -5;
  }
  const same = user.toLowerCase() === presented.credentials.username.toLowerCase();
  const ha1 = !m.settings.plainPassword;
  const stored: StoredSecret = { secret: new Secret(`${password}`), ha1 };
  return conclude(m, ctx, call, presented, m.gate.proof(presented, same ? stored : null, ha1));
}

/** Flags of Kamailio's pv_… functions: the password is an HA1; which challenge to leave in challenge_attr. */
const HA1 = 1;
const LEAVE_PLAIN = 2;
const LEAVE_AUTH = 4;
const LEAVE_AUTH_INT = 8;

/** Kamailio's pv_… functions: the password stands in the call. */
export function pvAuthenticate(
  m: AuthModule,
  ctx: ScriptContext,
  call: AuthCall,
  password: Value,
  flags: number,
): number | Promise<number> {
  const presented = present(m, ctx, call);
  let code: number | Promise<number>;
  if (typeof presented !== 'number') {
    const ha1 = (flags & HA1) !== 0;
    // An undefined variable is no password; that no password is set must not be told from a wrong one.
    const stored = password === null || password === '' ? null : { secret: new Secret(`${password}`), ha1 };
    code = conclude(m, ctx, call, presented, m.gate.proof(presented, stored, ha1));
  } else code = presented;
  if (typeof code !== 'number') return code.then((late) => withChallenge(m, ctx, call, flags, late));
  return withChallenge(m, ctx, call, flags, code);
}

/** @returns the code, once the challenge that a failure leaves is there */
function withChallenge(m: AuthModule, ctx: ScriptContext, call: AuthCall, flags: number, code: number): number {
  if (code < 0) leaveChallenge(m, ctx, call, flags);
  return code;
}

function leaveChallenge(m: AuthModule, ctx: ScriptContext, call: AuthCall, flags: number): void {
  if ((flags & (LEAVE_PLAIN | LEAVE_AUTH | LEAVE_AUTH_INT)) === 0) return;
  const realm = realmOf(m, ctx.message, 'kamailio', call.hop, call.realm);
  if (realm === null) return;
  const qop =
    (flags & LEAVE_AUTH_INT) !== 0
      ? (['auth-int'] as const)
      : (flags & LEAVE_AUTH) !== 0
        ? (['auth'] as const)
        : ([] as const);
  const offer = { ...(m.traced(ctx).offer ?? m.settings.algorithms), qop };
  const values = challengeValues(m, ctx, call.hop, realm, offer, m.traced(ctx).stale === realm.toLowerCase());
  const lines = (values ?? []).map((value) => challengeLine(m, call.hop, value)).join('');
  if (lines !== '') ctx.state.attributes.avps.replaceAll(m.settings.challengeAvp, lines);
}

/** has_credentials(realm): 1 when a Proxy-Authorization or Authorization of it can be read; nothing is verified. */
export function hasCredentials({ message }: ScriptContext, realm: string): boolean {
  return message.headers.some((header) => {
    if (header.id !== headerOf('proxy') && header.id !== headerOf('www')) return false;
    const found = digestIn(message, header);
    if (found === null || found === 'broken') return false;
    return found.some((one) => one.realm.toLowerCase() === realm.toLowerCase());
  });
}

/**
 * consume_credentials(): takes away every header whose credentials were proven; on ACK, CANCEL and PRACK those that answer a challenge of
 * ours, for there nothing is proven. Other realms' credentials go on (RFC 3261 §22.3).
 */
export function consume(m: AuthModule, ctx: ScriptContext): number {
  const { message } = ctx;
  const { verified } = m.traced(ctx);
  const exempt = isExempt(message, 'kamailio');
  let removed = 0;
  for (const hop of ['www', 'proxy'] as const) {
    for (const header of message.findAll(headerOf(hop))) {
      let ours = verified.includes(message.valueOf(header));
      if (!ours && exempt) {
        const found = digestIn(message, header);
        ours =
          found !== null &&
          found !== 'broken' &&
          found.some((one) => m.gate.isOurs(one, hop, boundTexts(m, ctx, one.uri)));
      }
      if (!ours) continue;
      removeHeader(ctx, header);
      removed++;
    }
  }
  return removed > 0 ? 1 : -1;
}
