import { type Credential, credential, utf8Bytes } from '../../digest/credentials.ts';
import type { Branch } from '../../proxy/branch.ts';
import type { ScriptContext } from '../../script/context.ts';
import { L_DBG, L_ERR } from '../../script/log.ts';
import type { AccountRow } from '../../uac/registration/account-row.ts';
import type { RegistrationView } from '../../uac/registration/engine.ts';
import { slot } from '../../uac/slot.ts';
import type { AuthVariables } from '../uac-settings.ts';
import { accountOfUri, scriptText } from './reg-functions.ts';
import type { RegistrationHolder } from './registration.ts';

/** Bits of the mode: search by l_username in place of l_uuid; the hash goes into the password variable; the account's Service-Route counts. */
const BY_USERNAME = 1;
const AS_HA1 = 2;
const BY_SERVICE_ROUTE = 4;
const ALL_BITS = BY_USERNAME | AS_HA1 | BY_SERVICE_ROUTE;

/** Credential of the account that a branch goes to, for uac_auth(). */
const ACCOUNT = slot<Credential>('uac account');

/** What calls for one request put into the password variables: a script that put something else there wants that. */
const WRITTEN = slot<Set<string>>('uac account variables');

function credentialOf(row: AccountRow, ha1: boolean): Credential {
  // Without a password the hash serves, whatever the mode: there is nothing else that could.
  const hashed = (ha1 && row.authHa1 !== '') || row.authPassword === '';
  return credential({
    user: utf8Bytes(row.authUser),
    realm: utf8Bytes(row.realm),
    secret: hashed ? row.authHa1 : utf8Bytes(row.authPassword),
    ha1: hashed,
  });
}

function find(module: RegistrationHolder, user: string, mode: number): RegistrationView | null | 'bad' {
  const registration = module.registration;
  if (registration === null) return null;
  const { engine, settings } = registration;
  if ((mode & BY_USERNAME) === 0) return engine.find('l_uuid', scriptText(user));
  return settings.useDomain ? accountOfUri(module, engine, user) : engine.find('l_username', scriptText(user));
}

/**
 * uac_reg_request_to: sends the request to where an account is registered, and lets uac_auth() answer with the account's credentials there.
 * They are bound to the branch, so that branches of several accounts do not mix; the three variables are set as well, as in the original.
 * @param mode bit 0: `user` is an l_username (with reg_use_domain a URI); bit 1: the account's hash goes into the password variable;
 * bit 2 (ours): the Service-Route of the account's last 2xx is preloaded as Route, and its first URI is the next hop (RFC 3608 §5, RFC 3261 §8.1.2)
 * @returns 1, -1 without such an account, -2 for a text that is no URI
 */
export function requestTo(
  module: RegistrationHolder,
  variables: AuthVariables | null,
  ctx: ScriptContext,
  user: string,
  mode: number,
): number {
  const refuse = (level: number, code: string, text: string, result: number): number => {
    module.host.log.write(level, 'uac', `uac_reg_request_to: ${text}`, code);
    return result;
  };
  if (module.registration === null) return refuse(L_ERR, 'UAC_REG_NOT_ENABLED', 'reg_db_url is not set', -1);
  if (mode < 0 || mode > ALL_BITS) return refuse(L_ERR, 'UAC_REG_MODE', `mode ${mode}`, -1);
  const view = find(module, user, mode);
  if (view === 'bad') return refuse(L_ERR, 'UAC_REG_BAD_URI', `"${user}" is no URI`, -2);
  if (view === null) return refuse(L_DBG, 'UAC_REG_UNKNOWN', `no account "${user}"`, -1);
  const { row } = view;
  const ha1 = (mode & AS_HA1) !== 0;
  ctx.target.uri = utf8Bytes(`sip:${row.remoteUser}@${row.remoteDomain}`);
  const routes = (mode & BY_SERVICE_ROUTE) === 0 ? [] : view.serviceRoute;
  // Also without a route: that of another account, which was tried before, is not for this one.
  ctx.target.path = routes.join(', ');
  ctx.target.dstUri = uriOf(routes[0]) ?? utf8Bytes(row.proxy);
  bind(ctx, credentialOf(row, ha1));
  if (variables === null) return 1;
  const values = [row.realm, row.authUser, ha1 ? row.authHa1 : row.authPassword].map(utf8Bytes);
  const [realm = '', name = '', password = ''] = values;
  variables.realm.set?.(ctx, realm);
  variables.user.set?.(ctx, name);
  variables.password.set?.(ctx, password);
  const written = WRITTEN.get(ctx.state) ?? new Set<string>();
  written.add(values.join('\n'));
  WRITTEN.set(ctx.state, written);
  return 1;
}

/** The URI of a `<uri>;parameters`. */
function uriOf(route: string | undefined): string | undefined {
  return route === undefined ? undefined : /^<([^>]*)>/.exec(route)?.[1];
}

/** In a branch_route the branch is there; elsewhere it is made of the target when the request is relayed. */
function bind(ctx: ScriptContext, account: Credential): void {
  const { branch, target } = ctx;
  if (branch !== null && branch.target === target) ACCOUNT.set(branch, account);
  else target.seed = (next) => ACCOUNT.set(next, account);
}

/**
 * The credential of the account that a branch went to; null when there is none, or the script put something else into the variables since.
 * @param values realm, user and password as the variables have them now, null without the variables
 */
export function accountCredential(
  ctx: ScriptContext,
  values: { readonly realm: string; readonly user: string; readonly password: string } | null,
): Credential | null {
  const account = ctx.branch === null ? undefined : ACCOUNT.get(ctx.branch);
  if (account === undefined) return null;
  if (values === null || (values.user === '' && values.password === '')) return account;
  const { realm, user, password } = values;
  return WRITTEN.get(ctx.state)?.has([realm, user, password].join('\n')) === true ? account : null;
}

/** A branch is repeated with an answer: what it was bound to binds its repetition. */
export function carryAccount(challenged: Branch, next: Branch): void {
  const account = ACCOUNT.get(challenged);
  if (account !== undefined) ACCOUNT.set(next, account);
}
