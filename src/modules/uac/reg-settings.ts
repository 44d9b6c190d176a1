import { algorithmList, type DigestAlgorithmName } from '../../digest/algorithm.ts';
import {
  intParam,
  ModuleError,
  type ModuleParameters,
  type ParameterDefinition,
  strParam,
} from '../../script/module-definition.ts';
import { StorageError } from '../../storage/errors.ts';
import { checkTableName } from '../../storage/table-version.ts';
import { parseDatabaseUrl } from '../../storage/url.ts';
import { UAC_ERRORS } from '../../uac/errors.ts';
import { isContactAddress } from '../../uac/registration/account.ts';

/** Occasions on which the binding at the registrar is removed (reg_unregister). */
export interface UnregisterOccasions {
  readonly disable: boolean;
  readonly remove: boolean;
  readonly stop: boolean;
}

/** What the parameters of remote registration say, checked. Times in seconds. */
export interface RegistrationSettings {
  /** Empty: accounts come by `uac.reg_add` alone, as in the original. */
  readonly databaseUrl: string;
  readonly table: string;
  readonly contactAddr: string;
  /** default_socket as it is written: another one makes other registrations. */
  readonly defaultSocket: string;
  readonly timerInterval: number;
  /** Null: not set, failures are tried again with growing pauses; 0: a failure disables the account, as Kamailio has it. */
  readonly retryInterval: number | null;
  readonly randomDelay: number;
  readonly active: boolean;
  readonly useDomain: boolean;
  readonly keepCallId: boolean;
  /** Empty: Call-IDs are random. */
  readonly callIdSeed: string;
  /** Least time between two reloads by command, 0 for none. */
  readonly reloadDelta: number;
  /** Most REGISTERs a second, 0 for no limit. */
  readonly rate: number;
  readonly unregister: UnregisterOccasions;
  /** Undefined: every one may be asked for. */
  readonly algorithms: readonly DigestAlgorithmName[] | undefined;
  readonly showSecrets: boolean;
  /** uac.reg_dump and uac.reg_info have Kamailio's fields and no others. */
  readonly kamailioFields: boolean;
  /** reg-id of the Contacts (RFC 5626), 0 for none. */
  readonly outbound: number;
  readonly path: boolean;
  readonly instance: string;
  readonly keepalive: number;
  /** Over UDP by OPTIONS. */
  readonly keepaliveOptions: boolean;
  readonly learnContact: boolean;
  /** Longest pause between two tries to read the database. */
  readonly databaseRetry: number;
}

/** Parameters of remote registration: Kamailio's, then ours. */
export const registrationParameters: readonly ParameterDefinition[] = [
  strParam('reg_db_url', null),
  strParam('reg_db_table', 'uacreg'),
  strParam('reg_contact_addr', null),
  intParam(
    'reg_timer_interval',
    90,
    'partly: each account has a timer of its own, so no binding lapses between two sweeps; the value is the period of a watchdog',
  ),
  intParam(
    'reg_retry_interval',
    0,
    'partly: 0 disables a failed account only where it is written; without the parameter the pauses grow',
  ),
  intParam(
    'reg_keep_callid',
    0,
    'partly: without the parameter Call-ID and CSeq go on, as RFC 3261 §10.2.4 wants; 0 makes a fresh Call-ID for each refresh',
  ),
  intParam('reg_random_delay', 0),
  intParam('reg_active', 1),
  intParam('reg_gc_interval', 150, 'ignored: a reload leaves no old table behind'),
  intParam('reg_hash_size', 4, 'ignored: the table grows by itself'),
  intParam('reg_use_domain', 0),
  intParam('reload_delta', 30),
  // Ours.
  intParam('reg_rate', 0),
  strParam('reg_unregister', 'disable,remove'),
  strParam('reg_algorithms', null),
  strParam('reg_callid_seed', null),
  strParam('reg_rpc_fields', 'all'),
  intParam('reg_show_secrets', 0),
  intParam('reg_outbound', 0),
  strParam('reg_instance', null),
  intParam('reg_path', 0),
  intParam('reg_keepalive', 0),
  intParam('reg_keepalive_options', 0),
  intParam('reg_learn_contact', 0),
  intParam('reg_db_retry', 60),
];

/** What can be known of a database without opening it. @throws ModuleError STORAGE_URL, STORAGE_TABLE_NAME */
function checkDatabase(url: string, table: string): void {
  let parameter = 'reg_db_table';
  try {
    checkTableName(table);
    parameter = 'reg_db_url';
    if (url !== '') parseDatabaseUrl(url);
  } catch (error) {
    if (error instanceof StorageError) throw new ModuleError(error.code, error.message, parameter);
    throw error;
  }
}

/** Least length of reg_callid_seed. */
const SHORTEST_SEED = 16;

const URN = /^urn:[A-Za-z0-9:.-]+$/;

const OCCASIONS: ReadonlySet<string> = new Set(['disable', 'remove', 'stop']);

/** Reads `disable,remove,stop`, `all` or `none`; null when it is none of these. */
function unregisterOccasions(text: string): UnregisterOccasions | null {
  const words = text
    .toLowerCase()
    .split(/[\s,|]+/)
    .filter((word) => word !== '');
  const all = words.includes('all');
  const known = words.every(
    (word) => OCCASIONS.has(word) || ((word === 'all' || word === 'none') && words.length === 1),
  );
  if (!known || words.length === 0) return null;
  const on = (word: string): boolean => all || words.includes(word);
  return { disable: on('disable'), remove: on('remove'), stop: on('stop') };
}

/**
 * Checks the parameters of remote registration.
 * @returns null when reg_db_url is not set: there is no registration then
 * @throws ModuleError UAC_NEEDS_CONTACT, UAC_REG_BAD_PARAMETER
 */
export function readRegistrationSettings(parameters: ModuleParameters): RegistrationSettings | null {
  const refuse = (parameter: string, text: string): ModuleError =>
    new ModuleError('UAC_REG_BAD_PARAMETER', `${UAC_ERRORS.UAC_REG_BAD_PARAMETER} (${text})`, parameter);
  if (!parameters.isSet('reg_db_url')) return null;
  const contactAddr = parameters.str('reg_contact_addr').trim();
  if (contactAddr !== '' && !isContactAddress(contactAddr)) throw refuse('reg_contact_addr', contactAddr);
  if (contactAddr === '') throw new ModuleError('UAC_NEEDS_CONTACT', UAC_ERRORS.UAC_NEEDS_CONTACT, 'reg_contact_addr');
  const seconds = (name: string): number => {
    const value = parameters.int(name);
    if (value < 0) throw refuse(name, `${value}`);
    return value;
  };
  const table = parameters.str('reg_db_table');
  const databaseUrl = parameters.str('reg_db_url');
  checkDatabase(databaseUrl, table);
  const instance = parameters.str('reg_instance');
  if (instance !== '' && !URN.test(instance)) throw refuse('reg_instance', instance);
  const outbound = seconds('reg_outbound');
  // RFC 5626 §4.2: a reg-id means nothing without the instance that it belongs to, which has to stay the same over restarts.
  if (outbound > 0 && instance === '') throw refuse('reg_outbound', 'reg_instance is not set');
  const unregister = unregisterOccasions(parameters.str('reg_unregister'));
  if (unregister === null) throw refuse('reg_unregister', parameters.str('reg_unregister'));
  const algorithms = algorithmList(parameters.str('reg_algorithms'));
  if (algorithms === null) throw refuse('reg_algorithms', parameters.str('reg_algorithms'));
  const seed = parameters.str('reg_callid_seed');
  // The text is not repeated: who knows it knows the Call-IDs.
  if (seed !== '' && seed.length < SHORTEST_SEED)
    throw refuse('reg_callid_seed', `less than ${SHORTEST_SEED} characters`);
  const fields = parameters.str('reg_rpc_fields').toLowerCase();
  if (fields !== 'all' && fields !== 'kamailio') throw refuse('reg_rpc_fields', fields);
  return {
    databaseUrl,
    table,
    contactAddr,
    defaultSocket: parameters.str('default_socket').trim().toLowerCase(),
    timerInterval: seconds('reg_timer_interval'),
    retryInterval: parameters.isSet('reg_retry_interval') ? seconds('reg_retry_interval') : null,
    randomDelay: seconds('reg_random_delay'),
    active: parameters.int('reg_active') !== 0,
    useDomain: parameters.int('reg_use_domain') !== 0,
    callIdSeed: seed,
    keepCallId: !parameters.isSet('reg_keep_callid') || parameters.int('reg_keep_callid') !== 0,
    reloadDelta: seconds('reload_delta'),
    rate: seconds('reg_rate'),
    unregister,
    algorithms,
    kamailioFields: fields === 'kamailio',
    showSecrets: parameters.int('reg_show_secrets') !== 0,
    outbound,
    instance,
    path: parameters.int('reg_path') !== 0,
    keepalive: seconds('reg_keepalive'),
    keepaliveOptions: parameters.int('reg_keepalive_options') !== 0,
    learnContact: parameters.int('reg_learn_contact') !== 0,
    databaseRetry: Math.max(1, seconds('reg_db_retry')),
  };
}
