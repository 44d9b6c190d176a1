import { addressBytes } from '../../auth/network.ts';
import type { Offer } from '../../auth/offer.ts';
import { algorithmList, type Qop, qopList, qopOfFlags } from '../../auth/offer.ts';
import type { Flavour } from '../../auth/outcome.ts';
import { derivedRealm, type Hop, isRealm, withoutPrefix } from '../../auth/realm.ts';
import { printChallenge } from '../../message/auth-header.ts';
import type { SipMessage } from '../../message/message.ts';
import { M_ACK, M_CANCEL, M_REGISTER } from '../../message/method.ts';
import type { ScriptContext } from '../../script/context.ts';
import type { Value } from '../../script/values.ts';
import { failure } from '../support/failure.ts';
import type { AuthModule } from './instance.ts';

/** Kamailio's challenge flags. */
const NO_500 = 4;
const STALE = 16;

const PHRASES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  407: 'Proxy Authentication Required',
  500: 'Server Internal Error',
};

/** Logs a failure of a function. @returns its code */
export function fail(m: AuthModule, name: string, text: string, code: string, result = -1): number {
  return failure(m.host.log, 'auth', `${name}: ${text}`, code, result);
}

/** The value of a realm argument: an undefined variable is empty. */
export function realmText(value: Value | undefined): string {
  return value === null || value === undefined ? '' : `${value}`;
}

/**
 * The realm of a call.
 * @returns null when there is none: an empty one in Kamailio's dialect, or a header that cannot be read in the others
 */
export function realmOf(m: AuthModule, message: SipMessage, flavour: Flavour, hop: Hop, given: string): string | null {
  const { realmPrefix } = m.settings;
  const realm =
    flavour === 'kamailio'
      ? withoutPrefix(given, realmPrefix)
      : given === ''
        ? derivedRealm(message, hop, realmPrefix)
        : given;
  return realm !== null && isRealm(realm) ? realm : null;
}

/** What auth_checks_* bind the nonces of a request to, as Kamailio hashes it: Request-URI, Call-ID, From tag, bytes of the source address. */
export function boundText(m: AuthModule, { state }: ScriptContext): string {
  // In a reply route, too, it is the request that is challenged.
  const { message } = state;
  const { register, initial, dialog } = m.settings.checks;
  const tag = message.to?.tag ?? '';
  const bits = message.methodId === M_REGISTER ? register : tag === '' ? initial : dialog;
  return boundBy(state, bits, message.requestUri);
}

/**
 * What the nonce of an ACK's or CANCEL's credentials may be bound to: they are those of its INVITE, which may have been the first of its dialog,
 * and whose Request-URI an ACK need not have.
 * @param uri the one of the credentials
 */
export function boundTexts(m: AuthModule, { state }: ScriptContext, uri: string): readonly string[] {
  const { initial, dialog } = m.settings.checks;
  const uris = [state.message.requestUri, uri];
  return [...new Set([initial, dialog].flatMap((bits) => uris.map((one) => boundBy(state, bits, one))))];
}

function boundBy({ message, received }: ScriptContext['state'], bits: number, uri: string): string {
  if (bits === 0) return '';
  let text = '';
  if ((bits & 1) !== 0) text += uri;
  if ((bits & 2) !== 0) text += message.callId;
  if ((bits & 4) !== 0) text += message.from?.tag ?? '';
  if ((bits & 8) !== 0) text += addressBytes(received.ip);
  return text;
}

/** To whom nonces for a request are sent, where they have to tell it: wrong credentials are counted then. */
export function receiverOf(m: AuthModule, { state }: ScriptContext): string | undefined {
  return m.guard.active ? state.received.ip : undefined;
}

/** A challenge without its nonce, in which those of one realm and offer differ alone. */
interface ChallengeFrame {
  readonly realm: string;
  readonly qop: readonly Qop[];
  readonly stale: boolean;
  readonly algorithm: string;
  readonly before: string;
  readonly after: string;
}

const NONCE = ', nonce="';
/** The last one: a server mostly asks for the same. */
let lastFrame: ChallengeFrame | null = null;

/** @param algorithm empty for none @returns null when the realm cannot be sent */
function frameOf(realm: string, qop: readonly Qop[], stale: boolean, algorithm: string): ChallengeFrame | null {
  const last = lastFrame;
  if (last?.realm === realm && last.qop === qop && last.stale === stale && last.algorithm === algorithm) return last;
  // Nonces of every format need no escapes.
  const text = printChallenge({ realm, nonce: '', qop, stale, algorithm, opaque: '' });
  if (text === null) return null;
  // A quote within the realm is escaped, so this is the first of its kind.
  const at = text.indexOf(NONCE) + NONCE.length;
  lastFrame = { realm, qop, stale, algorithm, before: text.slice(0, at), after: text.slice(at) };
  return lastFrame;
}

/** Values of the challenges of an offer, one for each algorithm; null when the realm cannot be sent. */
export function challengeValues(
  m: AuthModule,
  ctx: ScriptContext,
  hop: Hop,
  realm: string,
  offer: Offer,
  stale: boolean,
): readonly string[] | null {
  if (!isRealm(realm)) return null;
  const bound = boundText(m, ctx);
  const receiver = receiverOf(m, ctx);
  const values: string[] = [];
  for (const algorithm of offer.algorithms) {
    const nonce = m.nonces.issue({ hop, realm, algorithm, bound }, offer.qop, receiver);
    const frame = frameOf(realm, offer.qop, stale, offer.named ? algorithm : '');
    if (frame === null) return null;
    values.push(frame.before + nonce + frame.after);
  }
  return values;
}

/** The header line of a challenge. */
export function challengeLine(m: AuthModule, hop: Hop, value: string): string {
  return `${hop === 'www' ? m.settings.wwwHeader : m.settings.proxyHeader}: ${value}\r\n`;
}

/** Answers a request; its further replies have nothing of the header lines. @returns as t_reply and sl_send_reply */
export function answer(m: AuthModule, ctx: ScriptContext, status: number, lines = ''): number {
  const { state } = ctx;
  const { proxy } = m.host;
  const before = state.replyHeaders;
  state.replyHeaders += lines;
  const phrase = PHRASES[status] ?? '';
  const stateful = state.transaction !== null && !m.settings.stateless;
  const result = stateful ? proxy.reply(state, status, phrase) : proxy.statelessReply(state, status, phrase);
  state.replyHeaders = before;
  return result;
}

/** Whether a reply can be a challenge at all: ACK gets no reply, CANCEL cannot be sent again (RFC 3261 §22.1). */
function isChallengeable({ methodId }: SipMessage): boolean {
  return methodId !== M_ACK && methodId !== M_CANCEL;
}

function isStale(m: AuthModule, ctx: ScriptContext, realm: string): boolean {
  return m.traced(ctx).stale === realm.toLowerCase();
}

function send(m: AuthModule, ctx: ScriptContext, hop: Hop, values: readonly string[]): boolean {
  const lines = values.map((value) => challengeLine(m, hop, value)).join('');
  const sent = answer(m, ctx, hop === 'www' ? 401 : 407, lines) > 0;
  if (sent) m.challenges.value++;
  return sent;
}

/** Kamailio: (realm, flags[, algorithms]). 1 sent, -1 no realm (500 sent), -2 cannot be built (500 sent), -3 cannot be sent. */
function kamailioChallenge(
  m: AuthModule,
  ctx: ScriptContext,
  name: string,
  hop: Hop,
  given: string,
  flags: number,
  algorithms: string | undefined,
): number {
  const refuse = (text: string, code: string, result: number): number => {
    if ((flags & NO_500) === 0) answer(m, ctx, 500);
    return fail(m, name, text, code, result);
  };
  if (!isChallengeable(ctx.message)) return -3;
  const realm = realmOf(m, ctx.message, 'kamailio', hop, given);
  if (realm === null) return refuse('no realm that can be sent', 'AUTH_REALM', -1);
  const chosen = m.traced(ctx).offer ?? m.settings.algorithms;
  const list = algorithms === undefined ? chosen.algorithms : algorithmList(algorithms, false);
  if (list === null) return refuse('unknown algorithm', 'AUTH_ALGORITHM', -2);
  const named = algorithms !== undefined || chosen.named;
  const offer = { algorithms: list, named, qop: qopOfFlags(flags) };
  const stale = (flags & STALE) !== 0 || isStale(m, ctx, realm);
  const values = challengeValues(m, ctx, hop, realm, offer, stale);
  if (values === null) return refuse('no realm that can be sent', 'AUTH_REALM', -2);
  return send(m, ctx, hop, values) ? 1 : -3;
}

/** OpenSER and OpenSIPS: (realm[, qop[, algorithms]]). 0 sent: the script ends; -1 not sent. */
function opensipsChallenge(
  m: AuthModule,
  ctx: ScriptContext,
  name: string,
  flavour: Flavour,
  hop: Hop,
  given: string,
  qop: readonly Qop[],
  algorithms: string | undefined,
): number {
  if (!isChallengeable(ctx.message)) return -1;
  const realm = realmOf(m, ctx.message, flavour, hop, given);
  if (realm === null) {
    m.failSeldom(`${name}: no realm in the call, To or From`, 'AUTH_REALM');
    return answer(m, ctx, 400) > 0 ? 0 : -1;
  }
  const named = algorithms !== undefined && algorithms.trim() !== '';
  const list = named ? algorithmList(algorithms, true) : (['MD5'] as const);
  if (list === null) return fail(m, name, 'unknown algorithm', 'AUTH_ALGORITHM');
  // RFC 8760 §2.6: a challenge that names its algorithm asks for a qop.
  const offer: Offer = { algorithms: list, named, qop: named && qop.length === 0 ? ['auth'] : qop };
  const values = challengeValues(m, ctx, hop, realm, offer, isStale(m, ctx, realm));
  if (values === null) return fail(m, name, 'no realm that can be sent', 'AUTH_REALM');
  return send(m, ctx, hop, values) ? 0 : -1;
}

const NUMBER = /^\s*(?:\d+|0x[0-9a-f]+)\s*$/i;

/** Whether a second argument is OpenSIPS' qop in words, and no flags. */
export function isWorded(second: string): boolean {
  return !NUMBER.test(second);
}

/** Whose a challenge is: a form that shows it keeps its own, unless the flavour was said. */
export function challengeFlavour({ settings, flavour }: AuthModule, worded: boolean, noRealm: boolean): Flavour {
  return settings.flavour === null && flavour === 'kamailio' && (worded || noRealm) ? 'opensips' : flavour;
}

/**
 * www_challenge() and proxy_challenge() of every dialect. A qop in words is OpenSIPS'; an empty realm is OpenSER's and OpenSIPS', unless the
 * flavour was said; what both have, a realm and a number, is the module's flavour's.
 */
export function challenge(
  m: AuthModule,
  ctx: ScriptContext,
  hop: Hop,
  realmValue: Value,
  second: string | undefined,
  algorithms: string | undefined,
): number {
  const name = `${hop}_challenge`;
  const realm = realmText(realmValue);
  const worded = second === undefined || isWorded(second);
  const flavour = challengeFlavour(m, worded, realm === '');
  if (flavour === 'kamailio') {
    if (worded) return fail(m, name, 'the flags are no number', 'AUTH_BAD_ARGUMENT');
    return kamailioChallenge(m, ctx, name, hop, realm, Number(second), algorithms);
  }
  const qop = second === undefined ? [] : qopList(second);
  if (qop === null) return fail(m, name, `"${second}" is no qop`, 'AUTH_QOP');
  return opensipsChallenge(m, ctx, name, flavour, hop, realm, qop, algorithms);
}

/** auth_algorithm(): for the challenges of this request; in the original for those of all that follow. */
export function chooseAlgorithm(m: AuthModule, ctx: ScriptContext, text: string): number {
  const algorithms = algorithmList(text, false);
  if (algorithms === null) return fail(m, 'auth_algorithm', 'unknown algorithm', 'AUTH_ALGORITHM');
  m.trace(ctx).offer = { algorithms, named: true };
  return 1;
}

/** auth_challenge(): 401 for REGISTER, else 407; nothing for ACK and CANCEL. */
export function authChallenge(
  m: AuthModule,
  ctx: ScriptContext,
  realm: Value,
  flags: number,
  algorithms: string | undefined,
): number {
  if (!isChallengeable(ctx.message)) return 1;
  const hop = ctx.message.methodId === M_REGISTER ? 'www' : 'proxy';
  return kamailioChallenge(m, ctx, 'auth_challenge', hop, realmText(realm), flags, algorithms);
}
