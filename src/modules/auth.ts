import { qopOfFlags } from '../auth/offer.ts';
import { defineModule, fn } from '../script/module-definition.ts';
import { ROUTE_BRANCH, ROUTE_FAILURE, ROUTE_ONREPLY, ROUTE_REQUEST } from '../script/values.ts';
import { consume, hasCredentials, hopOf, pvAuthenticate, specAuthorize } from './auth/authorize.ts';
import { reviewCalls } from './auth/calls.ts';
import {
  authChallenge,
  challenge,
  challengeLine,
  challengeValues,
  chooseAlgorithm,
  fail,
  realmOf,
  realmText,
} from './auth/challenge.ts';
import { AUTH_COMMANDS } from './auth/commands.ts';
import { type AuthFunction, AuthModule } from './auth/instance.ts';
import { appendRpid, isRpidE164 } from './auth/rpid.ts';
import { AUTH_PARAMETERS, readSettings } from './auth/settings.ts';

const REQUEST = ROUTE_REQUEST;
const CHALLENGE = ROUTE_REQUEST | ROUTE_FAILURE | ROUTE_ONREPLY;
const RPID = ROUTE_REQUEST | ROUTE_BRANCH | ROUTE_FAILURE;
/** Functions that look at credentials answer at once, unless the uses of nonces are remembered elsewhere. */
const WAITS = { async: (m: AuthModule): boolean => m.answersLater };

/** Kamailio's pv_www_authenticate(), also by its name with authorize. */
function www(name: string): AuthFunction {
  return fn(
    name,
    ['value', 'value', 'int', 'str?'],
    REQUEST,
    (m) => (ctx, realm, password, flags, method) => {
      const call = { name, hop: 'www' as const, flavour: 'kamailio' as const, realm: realmText(realm), method };
      return pvAuthenticate(m, ctx, call, password, flags);
    },
    WAITS,
  );
}

function proxy(name: string): AuthFunction {
  return fn(
    name,
    ['value', 'value', 'int'],
    REQUEST,
    (m) => (ctx, realm, password, flags) => {
      const call = { name, hop: 'proxy' as const, flavour: 'kamailio' as const, realm: realmText(realm) };
      return pvAuthenticate(m, ctx, call, password, flags);
    },
    WAITS,
  );
}

const FUNCTIONS: readonly AuthFunction[] = [
  www('pv_www_authenticate'),
  www('pv_www_authorize'),
  proxy('pv_proxy_authenticate'),
  proxy('pv_proxy_authorize'),
  // OpenSIPS
  fn(
    'pv_www_authorize',
    ['value'],
    REQUEST,
    (m) => (ctx, realm) => specAuthorize(m, ctx, 'pv_www_authorize', 'www', realm),
    WAITS,
  ),
  fn(
    'pv_proxy_authorize',
    ['value'],
    REQUEST,
    (m) => (ctx, realm) => specAuthorize(m, ctx, 'pv_proxy_authorize', 'proxy', realm),
    WAITS,
  ),
  fn(
    'pv_auth_check',
    ['value', 'value', 'int', 'int'],
    REQUEST,
    (m) => (ctx, realm, password, flags, checks) => {
      const name = 'pv_auth_check';
      const identity = (checks & 1) !== 0;
      const call = { name, hop: hopOf(ctx), flavour: 'kamailio' as const, realm: realmText(realm), identity };
      return pvAuthenticate(m, ctx, call, password, flags);
    },
    WAITS,
  ),
  // Kamailio (realm, flags[, algorithms]), OpenSER (realm, qop), OpenSIPS (realm[, qop[, algorithms]])
  fn(
    'www_challenge',
    ['value', 'str?', 'str?'],
    CHALLENGE,
    (m) => (ctx, realm, second, algorithms) => challenge(m, ctx, 'www', realm, second, algorithms),
  ),
  fn(
    'proxy_challenge',
    ['value', 'str?', 'str?'],
    CHALLENGE,
    (m) => (ctx, realm, second, algorithms) => challenge(m, ctx, 'proxy', realm, second, algorithms),
  ),
  fn(
    'auth_challenge',
    ['value', 'int', 'str?'],
    CHALLENGE,
    (m) => (ctx, realm, flags, algorithms) => authChallenge(m, ctx, realm, flags, algorithms),
  ),
  fn('auth_get_www_authenticate', ['value', 'int', 'var'], REQUEST, (m) => (ctx, given, flags, target) => {
    const name = 'auth_get_www_authenticate';
    const realm = realmOf(m, ctx.message, 'kamailio', 'www', realmText(given));
    if (realm === null) return fail(m, name, 'no realm that can be sent', 'AUTH_REALM');
    const offer = { ...(m.traced(ctx).offer ?? m.settings.algorithms), qop: qopOfFlags(flags) };
    const values = challengeValues(m, ctx, 'www', realm, offer, (flags & 16) !== 0);
    if (values === null) return fail(m, name, 'no realm that can be sent', 'AUTH_REALM');
    if (target.set === null) return fail(m, name, `${target.text} is read-only`, 'AUTH_VARIABLE');
    const lines = values.map((value) => challengeLine(m, 'www', value)).join('');
    return target.set(ctx, lines.slice(0, -2)) ? 1 : -1;
  }),
  fn('has_credentials', ['value'], REQUEST, () => (ctx, realm) => (hasCredentials(ctx, realmText(realm)) ? 1 : -1)),
  fn('auth_algorithm', ['str'], REQUEST, (m) => (ctx, name) => chooseAlgorithm(m, ctx, name), {
    support: 'partly: for the challenges of this request, not of the whole server from then on',
  }),
  fn('consume_credentials', [], REQUEST, (m) => (ctx) => consume(m, ctx)),
  fn('is_rpid_user_e164', [], REQUEST, (m) => (ctx) => isRpidE164(m, ctx)),
  fn('append_rpid_hf', [], RPID, (m) => (ctx) => appendRpid(m, ctx, m.settings.rpidPrefix, m.settings.rpidSuffix)),
  fn('append_rpid_hf', ['str', 'str'], RPID, (m) => (ctx, prefix, suffix) => appendRpid(m, ctx, prefix, suffix)),
  fn('auth_banned', [], REQUEST, (m) => (ctx) => (m.guard.isBanned(ctx.from.ip) ? 1 : -1), { support: 'yes: ours' }),
];

/** auth: digest authentication of users, in Kamailio's, OpenSIPS' and OpenSER's dialects. */
export const auth = defineModule<AuthModule>({
  name: 'auth',
  after: ['tm', 'sl'],
  parameters: AUTH_PARAMETERS,
  functions: FUNCTIONS,
  variables: [],
  transformations: [],
  eventRoutes: [],
  rpc: AUTH_COMMANDS,
  create: (host, parameters) => new AuthModule(host, readSettings(host, parameters)),
  review: reviewCalls,
  start: (module) => module.announce(),
  stop: (module) => module.stop(),
});
