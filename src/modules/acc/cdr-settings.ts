import { ModuleError, type ModuleHost, type ModuleParameters } from '../../script/module-definition.ts';
import { StorageError } from '../../storage/errors.ts';
import { checkTableName } from '../../storage/table-version.ts';
import type { DialogModule } from '../dialog/instance.ts';
import { checkColumn, type Field, parseFields } from './fields.ts';

/** A value of cdr_extra. */
export interface CdrField extends Field {
  /** It is of the call itself, so that it needs no message. */
  readonly ofDialog: boolean;
}

/** Parameters of call data records. */
export interface CdrSettings {
  readonly dialogs: DialogModule;
  /** The start is the answer's, else the INVITE's. */
  readonly startOnConfirmed: boolean;
  readonly onFailed: boolean;
  /** Records of calls whose lifetime ended them. */
  readonly expired: boolean;
  readonly log: boolean;
  readonly logLevel: number;
  /** Names of the times: of dialog variables, of attributes in the log and of columns. */
  readonly startId: string;
  readonly endId: string;
  readonly durationId: string;
  /** Name of the dialog variable that a call without a record has; empty for none. */
  readonly skip: string;
  readonly extra: readonly CdrField[];
  readonly nullable: boolean;
  /** Empty for none. */
  readonly table: string;
  /** Times in the table are UTC (time_mode 4), else local. */
  readonly utc: boolean;
}

const OF_DIALOG = /^\$\(?\s*dlg(?:_var)?\(/;

/**
 * Reads the parameters of call data records.
 * @returns null without them (cdr_enable)
 * @throws ModuleError ACC_NEEDS_DIALOG, ACC_FIELDS, ACC_COLUMN, ACC_TABLE
 */
export function cdrSettings(host: ModuleHost, parameters: ModuleParameters): CdrSettings | null {
  if (parameters.int('cdr_enable') === 0) return null;
  const dialogs = host.module<DialogModule>('dialog');
  if (dialogs === null)
    throw new ModuleError('ACC_NEEDS_DIALOG', 'call data records need the module dialog', 'cdr_enable');
  const name = (parameter: string): string => checkColumn(parameters.str(parameter), parameter);
  const table = parameters.str('cdrs_table');
  const extra = parseFields(host, parameters.str('cdr_extra'), 'cdr_extra').map((field) => ({
    ...field,
    ofDialog: OF_DIALOG.test(field.variable.text),
  }));
  if (table !== '') {
    tableName(table);
    for (const field of extra) checkColumn(field.name, 'cdr_extra');
  }
  return {
    dialogs,
    startOnConfirmed: parameters.int('cdr_start_on_confirmed') !== 0,
    onFailed: parameters.int('cdr_on_failed') !== 0,
    expired: parameters.int('cdr_expired_dlg_enable') !== 0,
    log: parameters.int('cdr_log_enable') !== 0,
    logLevel: parameters.int('log_level'),
    startId: name('cdr_start_id'),
    endId: name('cdr_end_id'),
    durationId: name('cdr_duration_id'),
    skip: parameters.str('cdr_skip'),
    extra,
    nullable: parameters.int('cdr_extra_nullable') !== 0,
    table,
    utc: parameters.int('time_mode') === 4,
  };
}

function tableName(table: string): void {
  try {
    checkTableName(table);
  } catch (error) {
    if (error instanceof StorageError) throw new ModuleError('ACC_TABLE', error.message, 'cdrs_table');
    throw error;
  }
}
