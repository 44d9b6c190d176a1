import type { Proof } from '../../auth/gate.ts';
import { splitUserName } from '../../auth/identity.ts';
import type { Flavour } from '../../auth/outcome.ts';
import type { Hop } from '../../auth/realm.ts';
import { secretFor } from '../../auth/subscriber.ts';
import { type StoredSecret, utf8Bytes } from '../../digest/credentials.ts';
import { M_BYE, M_INVITE, M_MESSAGE, M_PRACK, M_UPDATE } from '../../message/method.ts';
import { parseUri } from '../../message/uri.ts';
import type { ScriptContext } from '../../script/context.ts';
import { fn } from '../../script/module-definition.ts';
import { ROUTE_REQUEST, type Value } from '../../script/values.ts';
import { StorageError } from '../../storage/errors.ts';
import type { SubscriberRow } from '../../storage/subscriber-store.ts';
import { type AuthCall, conclude, hopOf, present } from '../auth/authorize.ts';
import { answer, realmText } from '../auth/challenge.ts';
import { failure } from '../support/failure.ts';
import type { AuthDbFunction, AuthDbModule } from './instance.ts';

/** A database that failed. @returns false after logging; the message names no password */
function report(m: AuthDbModule, name: string, error: unknown): void {
  if (!(error instanceof StorageError)) throw error;
  failure(m.host.log, 'auth_db', `${name}: ${error.message}`, error.code);
}

async function authorize(m: AuthDbModule, ctx: ScriptContext, call: AuthCall, table: string): Promise<number> {
  const { auth } = m;
  const presented = present(auth, ctx, call);
  if (typeof presented === 'number') return presented;
  const { credentials, algorithm, request } = presented;
  const { user, domain } = splitUserName(credentials.username, call.flavour === 'kamailio');
  const where = m.useDomain ? domain || request.realm : null;
  const secretOf = (from: SubscriberRow | null): StoredSecret | null =>
    from === null ? null : secretFor(m.secrets(from), algorithm, m.clearText, domain !== '');
  let row: SubscriberRow | null;
  let proof: Proof;
  try {
    const found = m.find(table, user, where);
    row = await found.row;
    let stored = secretOf(row);
    proof = auth.gate.proof(presented, stored, !m.clearText);
    if (proof.state !== 'right' && found.remembered) {
      // A failure costs a query, always: what is answered from memory tells who was there a moment ago. And the password may be a new one.
      row = await m.read(table, user, where);
      const before = stored;
      stored = secretOf(row);
      if (!isSame(before, stored)) proof = auth.gate.proof(presented, stored, !m.clearText);
    }
  } catch (error) {
    report(m, call.name, error);
    if (call.flavour === 'kamailio') return -1;
    return answer(auth, ctx, 500) > 0 ? 0 : -1;
  }
  const concluded = conclude(auth, ctx, call, presented, proof);
  const code = typeof concluded === 'number' ? concluded : await concluded;
  if (row !== null && (code > 0 || m.alwaysLoad)) load(m, ctx, row);
  return code;
}

function isSame(a: StoredSecret | null, b: StoredSecret | null): boolean {
  return a?.secret.reveal() === b?.secret.reveal();
}

/** load_credentials: nothing is set for what is empty. */
function load(m: AuthDbModule, ctx: ScriptContext, row: SubscriberRow): void {
  for (const { column, variable } of m.loaded) {
    const value = row.get(column) ?? null;
    if (value === null || value === '') continue;
    variable.set?.(ctx, typeof value === 'string' ? utf8Bytes(value) : value);
  }
}

/** Of a name that several dialects have: what was said, else OpenSIPS' for an empty realm, which Kamailio refuses. */
function flavourOf(m: AuthDbModule, realm: string): Flavour {
  const { known, flavour } = m.auth;
  return m.auth.settings.flavour === null && (known ?? 'kamailio') === 'kamailio' && realm === ''
    ? 'opensips'
    : flavour;
}

function named(name: string, hop: Hop): AuthDbFunction {
  const only = name.endsWith('authenticate');
  return fn(
    name,
    hop === 'www' ? ['value', 'str', 'str?'] : ['value', 'str'],
    ROUTE_REQUEST,
    (m) => (ctx: ScriptContext, given: Value, table: string, method?: string) => {
      const realm = realmText(given);
      const flavour = only ? 'kamailio' : flavourOf(m, realm);
      return authorize(m, ctx, { name, hop, flavour, realm, method }, table);
    },
    { async: true },
  );
}

/** auth_check() flags: From and To must be the user's; but not in these requests. */
const IDENTITY = 1;
const NOT_IN_CALLS = 2;
const CALLS = M_INVITE | M_BYE | M_PRACK | M_UPDATE | M_MESSAGE;

function authCheck(m: AuthDbModule, ctx: ScriptContext, given: Value, table: string, flags: number): Promise<number> {
  const inCall = (flags & NOT_IN_CALLS) !== 0 && (ctx.message.methodId & CALLS) !== 0;
  const identity = (flags & IDENTITY) !== 0 && !inCall;
  const call = { name: 'auth_check', hop: hopOf(ctx), flavour: 'kamailio' as const, realm: realmText(given), identity };
  return authorize(m, ctx, call, table);
}

/** is_subscriber() flags: by domain, too; without load_credentials. */
const BY_DOMAIN = 1;
const NO_LOAD = 2;

async function isSubscriber(
  m: AuthDbModule,
  ctx: ScriptContext,
  text: string,
  table: string,
  flags: number,
): Promise<number> {
  const uri = parseUri(text);
  if (uri?.user === undefined || uri.user === '') {
    return failure(m.host.log, 'auth_db', 'is_subscriber: the argument is no URI with a user', 'AUTH_DB_URI');
  }
  try {
    const { row: found } = m.find(table, uri.user, (flags & BY_DOMAIN) !== 0 ? uri.host : null);
    const row = await found;
    if (row === null) return -2;
    if ((flags & NO_LOAD) === 0) load(m, ctx, row);
    return 1;
  } catch (error) {
    report(m, 'is_subscriber', error);
    return -1;
  }
}

export const AUTH_DB_FUNCTIONS: readonly AuthDbFunction[] = [
  named('www_authenticate', 'www'),
  named('www_authorize', 'www'),
  named('proxy_authenticate', 'proxy'),
  named('proxy_authorize', 'proxy'),
  fn(
    'auth_check',
    ['value', 'str', 'int'],
    ROUTE_REQUEST,
    (m) => (ctx, realm, table, flags) => authCheck(m, ctx, realm, table, flags),
    { async: true },
  ),
  fn(
    'is_subscriber',
    ['str', 'str', 'int'],
    ROUTE_REQUEST,
    (m) => (ctx, uri, table, flags) => isSubscriber(m, ctx, uri, table, flags),
    { async: true },
  ),
];
