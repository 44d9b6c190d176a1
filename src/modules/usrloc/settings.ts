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
  };
}
