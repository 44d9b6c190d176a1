import { parseUri } from '../../message/uri.ts';
import type { MatchingMode } from '../../registrar/settings.ts';
import { ModuleError, type ModuleParameters } from '../../script/module-definition.ts';
import { StorageError } from '../../storage/errors.ts';
import type { LocationColumns } from '../../storage/location-table.ts';
import { LOCATION_COLUMNS } from '../../storage/location-table.ts';
import { parseDatabaseUrl } from '../../storage/url.ts';

const MATCHING: readonly MatchingMode[] = ['contact', 'contact-callid', 'contact-path', 'callid'];

/** 0 memory, 1 written at once, 2 written now and then, 3 database only, 4 read at the start and never written (usrloc README, db_mode). */
export type DatabaseMode = 0 | 1 | 2 | 3 | 4;

/** What the parameters of usrloc say. Times are milliseconds. */
export interface UsrlocSettings {
  readonly useDomain: boolean;
  readonly matching: MatchingMode;
  /** Seconds. */
  readonly cseqDelay: number;
  readonly newestFirst: boolean;
  readonly timerInterval: number;
  /** Branch flag bit of contacts behind NAT, -1 for none. */
  readonly natBflag: number;
  readonly databaseMode: DatabaseMode;
  readonly databaseUrl: string;
  readonly columns: LocationColumns;
  readonly checkVersion: boolean;
  readonly load: boolean;
  /** Tables that are there from the start. */
  readonly preload: readonly string[];
  readonly closeExpiredTcp: boolean;
  readonly handleLostTcp: boolean;
  /** Contacts by connections are not read at the start. */
  readonly cleanTcp: boolean;
  /** Contacts of sockets that are not ours are not read at the start. */
  readonly skipRemote: boolean;
  /** Only contacts that this server wrote (server_id) are read and deleted. */
  readonly ownOnly: boolean;
  /** Rows whose time is over are deleted with each timer_interval (db_timer_clean). */
  readonly cleanDatabase: boolean;
  /** Seconds that rows of db_mode 3 stay after their end (rm_expired_delay). */
  readonly removeDelay: number;
  /** Keepalives of usrloc's own, null when there are none (ka_mode 0). */
  readonly keepalive: KeepaliveSettings | null;
  /** Times are seconds in columns of whole numbers (expires_type 1). */
  readonly plainTimes: boolean;
  /** Name of the XAVP whose newest record is kept with contacts, '' for none. */
  readonly xavpContact: string;
}

/** Keepalives that usrloc sends (ka_mode). Times are milliseconds. */
export interface KeepaliveSettings {
  readonly interval: number;
  /** Only contacts with nat_bflag. */
  readonly natedOnly: boolean;
  /** Only contacts reached by UDP. */
  readonly udpOnly: boolean;
  readonly method: string;
  readonly from: string;
  /** Domain of the To URI where addresses of record have none. */
  readonly domain: string;
  /** Only contacts that this server_id took. */
  readonly ownOnly: boolean;
  /** After so long without an answer a contact ends, 0: never. */
  readonly timeout: number;
  /** Level of the log line for each answer, null for none. */
  readonly logLevel: number | null;
  /** What the line ends with, with variables of the answer. */
  readonly logMessage: string;
}

const KA_ALL = 1;
const KA_NATED = 2;
const KA_UDP = 4;
const HIGHEST_LEVEL = 3;

/** @throws ModuleError USRLOC_PARAMETER */
function readKeepalive(parameters: ModuleParameters): KeepaliveSettings | null {
  const mode = parameters.int('ka_mode');
  if ((mode & (KA_ALL | KA_NATED | KA_UDP)) === 0) return null;
  const method = parameters.str('ka_method');
  if (!/^[A-Z]{3,12}$/.test(method)) throw new ModuleError('USRLOC_PARAMETER', `"${method}" is no method`, 'ka_method');
  const from = parameters.str('ka_from');
  if (parseUri(from) === null) throw new ModuleError('USRLOC_PARAMETER', `"${from}" is no URI`, 'ka_from');
  const level = parameters.int('ka_loglevel');
  return {
    interval: Math.max(parameters.int('timer_interval'), 1) * 1000,
    natedOnly: (mode & KA_NATED) !== 0,
    udpOnly: (mode & KA_UDP) !== 0,
    method,
    from,
    domain: parameters.str('ka_domain'),
    ownOnly: (parameters.int('ka_filter') & 1) !== 0,
    timeout: Math.max(parameters.int('ka_timeout'), 0) * 1000,
    logLevel: level > HIGHEST_LEVEL ? null : level,
    logMessage: parameters.str('ka_logmsg'),
  };
}

/** A name that can stand in a statement. @throws ModuleError USRLOC_PARAMETER */
function checkName(name: string, parameter: string): string {
  if (/^[A-Za-z_]\w{0,62}$/.test(name)) return name;
  throw new ModuleError('USRLOC_PARAMETER', `"${name}" cannot be a name in a database`, parameter);
}

/** @throws ModuleError with a STORAGE_ code */
function checkUrl(url: string): void {
  try {
    parseDatabaseUrl(url);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    throw new ModuleError(error.code, error.message, 'db_url');
  }
}

/** @throws ModuleError USRLOC_PARAMETER, STORAGE_URL */
export function readUsrlocSettings(parameters: ModuleParameters): UsrlocSettings {
  const matching = MATCHING[parameters.int('matching_mode')];
  if (matching === undefined) throw new ModuleError('USRLOC_PARAMETER', 'matching_mode is 0 to 3', 'matching_mode');
  const mode = parameters.int('db_mode');
  if (!(mode >= 0 && mode <= 4)) throw new ModuleError('USRLOC_PARAMETER', 'db_mode is 0 to 4', 'db_mode');
  const url = parameters.str('db_url');
  if (mode > 0 && url === '') throw new ModuleError('USRLOC_PARAMETER', 'db_mode needs a db_url', 'db_url');
  if (mode > 0) checkUrl(url);
  const columns: Record<string, string> = {};
  for (const [field, { parameter, name }] of Object.entries(LOCATION_COLUMNS))
    columns[field] = checkName(parameter === '' ? name : parameters.str(parameter) || name, parameter);
  const bit = parameters.int('nat_bflag');
  return {
    useDomain: parameters.int('use_domain') !== 0,
    matching,
    cseqDelay: parameters.int('cseq_delay'),
    newestFirst: parameters.int('desc_time_order') !== 0,
    timerInterval: Math.max(parameters.int('timer_interval'), 1) * 1000,
    natBflag: parameters.isSet('nat_bflag') && bit >= 0 && bit < 32 ? bit : -1,
    databaseMode: mode as DatabaseMode,
    databaseUrl: url,
    // Every field has its name: the loop above goes through all of them.
    columns: columns as unknown as LocationColumns,
    checkVersion: parameters.int('version_table') !== 0,
    load: parameters.int('db_load') !== 0,
    preload: parameters.list('preload').map((name) => checkName(`${name}`, 'preload')),
    closeExpiredTcp: parameters.int('close_expired_tcp') !== 0,
    handleLostTcp: parameters.int('handle_lost_tcp') !== 0,
    cleanTcp: parameters.int('db_clean_tcp') !== 0,
    skipRemote: parameters.int('skip_remote_socket') !== 0,
    ownOnly: parameters.int('server_id_filter') !== 0,
    cleanDatabase: parameters.int('db_timer_clean') !== 0,
    removeDelay: Math.max(parameters.int('rm_expired_delay'), 0),
    keepalive: readKeepalive(parameters),
    plainTimes: parameters.int('expires_type') === 1,
    xavpContact: parameters.str('xavp_contact'),
  };
}
