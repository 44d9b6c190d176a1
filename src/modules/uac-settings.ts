import { algorithmList, type DigestAlgorithmName } from '../digest/algorithm.ts';
import { parseCredential } from '../digest/credential-list.ts';
import type { Credential } from '../digest/credentials.ts';
import {
  ModuleError,
  type ModuleHost,
  type ModuleParameters,
  type VariableAccess,
} from '../script/module-definition.ts';
import type { ListenSocket } from '../transport/transport.ts';
import { type DestinationBinding, parseDestinationBinding } from '../uac/credential-source.ts';
import { UAC_ERRORS, type UacErrorCode } from '../uac/errors.ts';
import type { IdentitySettings, RestoreMode, RestoreStore } from '../uac/identity.ts';
import type { IdentityDialogs } from '../uac/identity-dialog.ts';
import { IdentityVault } from '../uac/identity-vault.ts';
import { type RegistrationSettings, readRegistrationSettings } from './uac/reg-settings.ts';
import { socketByName } from './uac/socket-name.ts';

/** The three variables that may hold a request's own credentials. */
export interface AuthVariables {
  readonly user: VariableAccess;
  readonly realm: VariableAccess;
  readonly password: VariableAccess;
}

/** What the parameters of uac say, checked. */
export interface UacSettings {
  readonly identity: IdentitySettings;
  readonly variables: AuthVariables | null;
  readonly credentials: readonly Credential[];
  readonly bindings: readonly DestinationBinding[];
  /** What uac_auth() answers; undefined: every algorithm. */
  readonly algorithms: readonly DigestAlgorithmName[] | undefined;
  readonly cseqUpdate: boolean;
  readonly cseqParam: string;
  readonly defaultSocket: ListenSocket | null;
  /** Null without reg_db_url. */
  readonly registration: RegistrationSettings | null;
}

function refuse(code: UacErrorCode, parameter: string, detail = ''): ModuleError {
  return new ModuleError(code, detail === '' ? UAC_ERRORS[code] : `${UAC_ERRORS[code]} (${detail})`, parameter);
}

/**
 * Checks the parameters in Kamailio's order of start-up conditions.
 * @throws ModuleError with a UAC_… code
 */
export function readSettings(host: ModuleHost, parameters: ModuleParameters): UacSettings {
  const credentials = parameters.list('credential').map((text) => {
    const parsed = parseCredential(`${text}`);
    // The text is not repeated: it holds a password.
    if (!parsed.ok) throw refuse('UAC_CREDENTIAL_SYNTAX', 'credential');
    return parsed.credential;
  });
  const bindings = parameters.list('credential_destination').map((text) => {
    const binding = parseDestinationBinding(`${text}`);
    if (binding === null) throw refuse('UAC_DESTINATION_SYNTAX', 'credential_destination', `${text}`);
    return binding;
  });
  const mode = restoreMode(parameters.str('restore_mode'));
  const names = storeNames(parameters, mode);
  const variables = authVariables(host, parameters);
  if (host.module('tm') === null) throw refuse('UAC_NEEDS_TM', '');
  if (mode !== 'none' && host.module('rr') === null) throw refuse('UAC_NEEDS_RR', 'restore_mode');
  const fromAvp = mode === 'none' ? null : restoreAvp(host, parameters, 'restore_from_avp');
  const toAvp = mode === 'none' ? null : restoreAvp(host, parameters, 'restore_to_avp');
  const byDialog = parameters.int('restore_dlg') !== 0;
  if (mode === 'auto' && !byDialog && !host.proxy.options.recordRoute.appendFromTag)
    throw refuse('UAC_NEEDS_FROMTAG', 'restore_mode');
  if (mode === 'auto' && byDialog && host.module('dialog') === null) throw refuse('UAC_NEEDS_DIALOG', 'restore_dlg');
  const algorithms = algorithmList(parameters.str('auth_algorithms'));
  if (algorithms === null) throw refuse('UAC_BAD_ALGORITHMS', 'auth_algorithms', parameters.str('auth_algorithms'));
  const registration = readRegistrationSettings(parameters);
  const password = parameters.str('restore_passwd');
  return {
    identity: {
      mode,
      password,
      vault: new IdentityVault(mode === 'none' ? '' : password),
      store: byDialog ? 'dialog' : restoreStore(parameters.str('restore_store')),
      dialogs: byDialog ? host.module<IdentityDialogs>('dialog') : null,
      from: { uriParam: names.from, displayParam: names.fromDisplay, avp: fromAvp },
      to: { uriParam: names.to, displayParam: names.toDisplay, avp: toAvp },
    },
    variables,
    credentials,
    bindings,
    algorithms,
    cseqUpdate: parameters.int('cseq_update') !== 0,
    cseqParam: names.cseq,
    defaultSocket: defaultSocket(host, parameters.str('default_socket')),
    registration,
  };
}

function restoreMode(text: string): RestoreMode {
  const mode = text.toLowerCase();
  if (mode === '' || mode === 'auto') return 'auto';
  if (mode === 'manual' || mode === 'none') return mode;
  throw refuse('UAC_BAD_RESTORE_MODE', 'restore_mode', text);
}

function restoreStore(text: string): RestoreStore {
  const store = text.toLowerCase();
  if (store === '' || store === 'kamailio') return 'kamailio';
  if (store === 'sealed') return store;
  throw refuse('UAC_BAD_RESTORE_STORE', 'restore_store', text);
}

interface StoreNames {
  readonly from: string;
  readonly to: string;
  readonly fromDisplay: string;
  readonly toDisplay: string;
  readonly cseq: string;
}

const TOKEN = /^[A-Za-z0-9\-.!%*_+`'~]+$/;

function storeNames(parameters: ModuleParameters, mode: RestoreMode): StoreNames {
  const used = new Set(['lr', 'r2', 'ftag', 'transport']);
  const name = (parameter: string): string => {
    const text = parameters.str(parameter);
    const lower = text.toLowerCase();
    // Two kinds of data under one name would be read as each other.
    if (!TOKEN.test(text) || used.has(lower)) throw refuse('UAC_BAD_STORE_PARAM', parameter, text);
    used.add(lower);
    return text;
  };
  const cseq = name('rr_cseq_store_param');
  if (mode === 'none') return { from: '', to: '', fromDisplay: '', toDisplay: '', cseq };
  return {
    from: name('rr_from_store_param'),
    to: name('rr_to_store_param'),
    fromDisplay: name('rr_from_display_param'),
    toDisplay: name('rr_to_display_param'),
    cseq,
  };
}

function authVariables(host: ModuleHost, parameters: ModuleParameters): AuthVariables | null {
  const names = ['auth_username_avp', 'auth_realm_avp', 'auth_password_avp'];
  const set = names.filter((name) => parameters.str(name) !== '');
  if (set.length === 0) return null;
  const access = names.map((name): VariableAccess => {
    const text = parameters.str(name);
    if (text === '') throw refuse('UAC_AUTH_VARIABLES', set[0] ?? name, `${name} is not set`);
    const variable = host.variable(text);
    if (typeof variable === 'string') throw refuse('UAC_AUTH_VARIABLES', name, variable);
    return variable;
  });
  const [user, realm, password] = access as [VariableAccess, VariableAccess, VariableAccess];
  return { user, realm, password };
}

/** Name of the AVP that a restore parameter means: replies are restored where no script runs, so it must be constant. */
function restoreAvp(host: ModuleHost, parameters: ModuleParameters, parameter: string): string | null {
  const text = parameters.str(parameter);
  if (text === '') return null;
  const match = /^\$(?:avp\((?:[si]:)?([A-Za-z0-9_-]+)\)|\(avp\((?:[si]:)?([A-Za-z0-9_-]+)\)\))$/.exec(text.trim());
  const name = match?.[1] ?? match?.[2];
  if (name === undefined || typeof host.variable(text) === 'string')
    throw refuse('UAC_BAD_RESTORE_AVP', parameter, text);
  return name;
}

function defaultSocket(host: ModuleHost, text: string): ListenSocket | null {
  if (text === '') return null;
  const found = socketByName(host.sender.sockets, text);
  if (found === null) throw refuse('UAC_BAD_SOCKET', 'default_socket', text);
  return found;
}
