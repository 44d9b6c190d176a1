import { AuthError, type AuthErrorCode } from '../../auth/errors.ts';
import { FOREIGN_FORMATS, type ForeignFormat } from '../../auth/foreign-nonce.ts';
import type { ReuseRule } from '../../auth/gate.ts';
import type { GuardLimits } from '../../auth/guard.ts';
import type { UriCheck } from '../../auth/identity.ts';
import { algorithmList, type Offer } from '../../auth/offer.ts';
import { FLAVOURS, type Flavour } from '../../auth/outcome.ts';
import { Secret } from '../../digest/secret.ts';
import {
  intParam,
  listParam,
  ModuleError,
  type ModuleHost,
  type ModuleParameters,
  type ParameterDefinition,
  strParam,
  type VariableAccess,
} from '../../script/module-definition.ts';
import { readStrip } from '../support/identities.ts';

const OPENSIPS = 'yes: of OpenSIPS';
const SIZE = 'ignored: nonces are remembered when they are used, see used_nonces';

export const AUTH_PARAMETERS: readonly ParameterDefinition[] = [
  strParam('secret', null),
  intParam('nonce_expire', null),
  intParam('nonce_auth_max_drift', 3),
  strParam('realm_prefix', ''),
  intParam('use_domain', 0),
  intParam('auth_checks_register', 0),
  intParam('auth_checks_no_dlg', 0),
  intParam('auth_checks_in_dlg', 0),
  intParam(
    'nonce_count',
    0,
    'partly: counts are looked at unless allow_replay is set; with one_time_nonce, they take its place',
  ),
  intParam('one_time_nonce', 0),
  intParam('nc_array_size', 1048576, SIZE),
  intParam('nc_array_order', 20, SIZE),
  intParam('otn_in_flight_no', 1048576, SIZE),
  intParam('otn_in_flight_order', 20, SIZE),
  intParam('nid_pool_no', 1, SIZE),
  intParam('protect_contacts', 0, 'ignored: it does nothing in Kamailio either'),
  strParam('challenge_attr', '$digest_challenge'),
  strParam('proxy_challenge_header', 'Proxy-Authenticate'),
  strParam('www_challenge_header', 'WWW-Authenticate'),
  strParam('qop', 'auth', 'ignored: the challenge functions say it by their flags'),
  intParam('force_stateless_reply', 0),
  strParam('algorithm', ''),
  intParam('add_authinfo_hdr', 0),
  // OpenSER and OpenSIPS
  strParam('rpid_prefix', '', OPENSIPS),
  strParam('rpid_suffix', ';party=calling;id-type=subscriber;screen=yes', OPENSIPS),
  strParam('rpid_avp', '$avp(rpid)', OPENSIPS),
  strParam('username_spec', null, OPENSIPS),
  strParam('password_spec', null, OPENSIPS),
  intParam('calculate_ha1', 0, OPENSIPS),
  intParam('disable_nonce_check', 0, OPENSIPS),
  // ours
  strParam('flavour', null, 'yes: ours'),
  listParam('secret_previous', 'str', 'yes: ours'),
  strParam('nonce_format', 'trunkline', 'yes: ours'),
  strParam('nonce_accept', '', 'yes: ours'),
  intParam('allow_replay', 0, 'yes: ours'),
  intParam('used_nonces', 100_000, 'yes: ours'),
  intParam('qop_optional', 0, 'yes: ours'),
  intParam('uri_check', 0, 'yes: ours'),
  intParam('check_identity', 0, 'yes: ours'),
  intParam('ban_source_limit', 0, 'yes: ours'),
  intParam(
    'rpid_strip',
    0,
    'yes: ours; headers of the client that append_rpid_hf() takes away: 1 Remote-Party-ID, 2 P-Asserted-Identity, 4 P-Preferred-Identity',
  ),
  intParam('ban_user_limit', 0, 'yes: ours'),
  intParam('ban_window', 60, 'yes: ours'),
  intParam('ban_time', 300, 'yes: ours'),
];

/** Parameters that OpenSER has and Kamailio has not in this module; OpenSIPS has them as well. */
const OPENSER_TOO = ['rpid_prefix', 'rpid_suffix', 'rpid_avp'];
/** Those that only OpenSIPS has. */
const OPENSIPS_ONLY = ['username_spec', 'password_spec', 'calculate_ha1', 'disable_nonce_check'];

/** What the parameters say. */
export interface AuthSettings {
  /** The parameter flavour; null when it is not set. */
  readonly flavour: Flavour | null;
  /** The flavour that parameters of one kind only point at. */
  readonly hinted: Flavour | null;
  readonly secret: Secret | null;
  readonly previous: readonly Secret[];
  /** Null for the flavour's own default. */
  readonly nonceSeconds: number | null;
  readonly driftSeconds: number;
  readonly nonceFormat: ForeignFormat | 'trunkline';
  readonly nonceAccept: readonly ForeignFormat[];
  readonly usedNonces: number;
  readonly reuse: ReuseRule;
  readonly qopOptional: boolean;
  readonly uriCheck: UriCheck;
  readonly checkIdentity: boolean;
  readonly useDomain: boolean;
  readonly realmPrefix: string;
  /** Bits of what nonces are bound to: 1 Request-URI, 2 Call-ID, 4 From tag, 8 source address. */
  readonly checks: { readonly register: number; readonly initial: number; readonly dialog: number };
  readonly wwwHeader: string;
  readonly proxyHeader: string;
  readonly challengeAvp: string;
  readonly stateless: boolean;
  readonly authInfo: boolean;
  /** The algorithms of Kamailio's challenges. */
  readonly algorithms: Pick<Offer, 'algorithms' | 'named'>;
  readonly limits: GuardLimits;
  readonly rpidPrefix: string;
  readonly rpidSuffix: string;
  /** Headers of the client's that append_rpid_hf() takes away. */
  readonly rpidStrip: number;
  readonly rpid: VariableAccess | null;
  /** Those of the parameters rpid_* that the configuration sets. */
  readonly rpidSaid: readonly string[];
  readonly username: VariableAccess | null;
  readonly password: VariableAccess | null;
  readonly plainPassword: boolean;
}

function refuse(code: AuthErrorCode, message: string, parameter: string): ModuleError {
  return new ModuleError(code, message, parameter);
}

/** Reads the parameters. @throws ModuleError with an AUTH_ code */
export function readSettings(host: ModuleHost, parameters: ModuleParameters): AuthSettings {
  const range = (name: string, low: number, high: number): number => {
    const value = parameters.int(name);
    if (value < low || value > high) {
      throw refuse('AUTH_BAD_PARAMETER', `${name} is ${value}, and takes ${low} to ${high}`, name);
    }
    return value;
  };
  const flag = (name: string): boolean => parameters.int(name) !== 0;
  const secret = parameters.isSet('secret') ? new Secret(parameters.str('secret')) : null;
  const flavour = parameters.isSet('flavour')
    ? oneOf(FLAVOURS, parameters.str('flavour'), 'AUTH_FLAVOUR', 'flavour')
    : null;
  if (parameters.isSet('nonce_expire')) {
    const seconds = parameters.int('nonce_expire');
    if (seconds < 1 || seconds > 2_592_000) {
      throw refuse('AUTH_NONCE_EXPIRE', `nonce_expire is ${seconds}, and takes 1 to 2592000`, 'nonce_expire');
    }
  }
  const header = (name: string): string => {
    const text = parameters.str(name);
    if (!/^[!%'*+\-.`~\w]+$/.test(text)) throw refuse('AUTH_BAD_PARAMETER', `${name} is no header name`, name);
    return text;
  };
  const qop = parameters.str('qop');
  if (qop !== '' && qop !== 'auth' && qop !== 'auth-int')
    throw refuse('AUTH_QOP', 'qop takes auth, auth-int or ""', 'qop');
  const once = flag('one_time_nonce');
  return {
    flavour,
    hinted: hintOf(parameters),
    secret,
    previous: parameters.list('secret_previous').map((text) => new Secret(`${text}`)),
    nonceSeconds: parameters.isSet('nonce_expire') ? parameters.int('nonce_expire') : null,
    driftSeconds: range('nonce_auth_max_drift', 0, 3600),
    nonceFormat: oneOf(
      ['trunkline', ...FOREIGN_FORMATS],
      parameters.str('nonce_format'),
      'AUTH_NONCE_FORMAT',
      'nonce_format',
    ),
    nonceAccept: words(parameters.str('nonce_accept')).map((word) =>
      oneOf(FOREIGN_FORMATS, word, 'AUTH_NONCE_FORMAT', 'nonce_accept'),
    ),
    usedNonces: range('used_nonces', 100, 10_000_000),
    reuse:
      flag('allow_replay') || flag('disable_nonce_check')
        ? 'free'
        : once
          ? flag('nonce_count')
            ? 'counted-or-once'
            : 'once'
          : 'counted',
    qopOptional: flag('qop_optional'),
    uriCheck: range('uri_check', 0, 2) as UriCheck,
    checkIdentity: flag('check_identity'),
    useDomain: flag('use_domain'),
    realmPrefix: parameters.str('realm_prefix'),
    checks: {
      register: range('auth_checks_register', 0, 15),
      initial: range('auth_checks_no_dlg', 0, 15),
      dialog: range('auth_checks_in_dlg', 0, 15),
    },
    wwwHeader: header('www_challenge_header'),
    proxyHeader: header('proxy_challenge_header'),
    challengeAvp: avpName(parameters.str('challenge_attr')),
    stateless: flag('force_stateless_reply'),
    authInfo: flag('add_authinfo_hdr'),
    algorithms: offeredAlgorithms(parameters.str('algorithm')),
    limits: {
      perSource: range('ban_source_limit', 0, 1_000_000),
      perUser: range('ban_user_limit', 0, 1_000_000),
      windowMs: range('ban_window', 1, 86_400) * 1000,
      banMs: range('ban_time', 1, 2_592_000) * 1000,
    },
    rpidPrefix: parameters.str('rpid_prefix'),
    rpidSuffix: parameters.str('rpid_suffix'),
    rpidStrip: readStrip(parameters, 'AUTH_BAD_PARAMETER'),
    rpid: avp(host, parameters, 'rpid_avp'),
    rpidSaid: [...OPENSER_TOO, 'rpid_strip'].filter((name) => parameters.isSet(name)),
    username: variable(host, parameters, 'username_spec'),
    password: variable(host, parameters, 'password_spec'),
    plainPassword: flag('calculate_ha1'),
  };
}

function hintOf(parameters: ModuleParameters): Flavour | null {
  const has = (names: readonly string[]): boolean => names.some((name) => parameters.isSet(name));
  return has(OPENSIPS_ONLY) ? 'opensips' : has(OPENSER_TOO) ? 'openser' : null;
}

function words(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}

function oneOf<T extends string>(list: readonly T[], text: string, code: AuthErrorCode, parameter: string): T {
  const found = list.find((one) => one === text.toLowerCase());
  if (found === undefined) throw refuse(code, `${parameter} takes ${list.join(', ')}`, parameter);
  return found;
}

function offeredAlgorithms(text: string): AuthSettings['algorithms'] {
  if (text === '') return { algorithms: ['MD5'], named: false };
  const algorithms = algorithmList(text, false);
  if (algorithms === null) throw refuse('AUTH_ALGORITHM', 'algorithm names one that is not known', 'algorithm');
  return { algorithms, named: true };
}

/** `$digest_challenge`, `$avp(s:digest_challenge)`: the name of an AVP. */
function avpName(text: string): string {
  const name = /^\$(?:avp\((?:s:)?([A-Za-z0-9_.]+)\)|([A-Za-z0-9_]+))$/.exec(text);
  if (name === null) throw refuse('AUTH_VARIABLE', 'challenge_attr names no AVP', 'challenge_attr');
  return name[1] ?? name[2] ?? '';
}

function variable(host: ModuleHost, parameters: ModuleParameters, name: string): VariableAccess | null {
  const text = parameters.str(name);
  if (text === '' || /^null$/i.test(text)) return null;
  const access = host.variable(text);
  if (typeof access === 'string') throw refuse('AUTH_VARIABLE', access, name);
  return access;
}

/** The originals take an AVP there, no other variable. */
function avp(host: ModuleHost, parameters: ModuleParameters, name: string): VariableAccess | null {
  if (!/^(?:\$avp\(.+\)|null|)$/i.test(parameters.str(name)))
    throw refuse('AUTH_VARIABLE', `${name} names no AVP`, name);
  return variable(host, parameters, name);
}

/** An error of the auth layer as one of this module's. */
export function moduleError(error: unknown): unknown {
  if (!(error instanceof AuthError)) return error;
  const parameter = error.code === 'AUTH_NONCE_FORMAT' ? 'nonce_accept' : 'secret';
  return new ModuleError(error.code, error.message, parameter);
}
