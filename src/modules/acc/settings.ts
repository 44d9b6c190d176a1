import {
  ModuleError,
  type ModuleHost,
  type ModuleParameters,
  type TextGetter,
} from '../../script/module-definition.ts';
import { checkColumn, type Field, type Legs, parseFields, parseLegs } from './fields.ts';

/** Names of the columns of the fixed fields. */
export interface AccColumns {
  readonly method: string;
  readonly fromTag: string;
  readonly toTag: string;
  readonly callId: string;
  readonly code: string;
  readonly reason: string;
  readonly time: string;
}

/** Parameters of acc. Flags are numbers of message flags, -1 for none. */
export interface AccSettings {
  readonly earlyMedia: boolean;
  readonly reportAck: boolean;
  readonly reportCancels: boolean;
  readonly detectDirection: boolean;
  readonly reasonFromHeader: boolean;
  readonly failedFlag: number;
  /** Statuses that failed_transaction_flag does not account. */
  readonly failedFilter: ReadonlySet<number>;
  readonly prepareFlag: number;
  readonly prepareAlways: boolean;
  readonly logFlag: number;
  readonly logMissedFlag: number;
  readonly logLevel: number;
  readonly logExtra: readonly Field[];
  readonly dbFlag: number;
  readonly dbMissedFlag: number;
  readonly dbExtra: readonly Field[];
  readonly dbNullable: boolean;
  readonly dbTable: TextGetter;
  readonly dbMissedTable: TextGetter;
  readonly columns: AccColumns;
  readonly legs: Legs | null;
  /** 0 none, 1 seconds and microseconds, 2 seconds with milliseconds, 3 formatted, 4 formatted in UTC. */
  readonly timeMode: number;
  readonly timeAttribute: string;
  readonly timeExtension: string;
  readonly timeFormat: string;
}

const MAX_FLAG = 31;

/**
 * Reads the parameters.
 * @throws ModuleError ACC_FLAG, ACC_FIELDS, ACC_COLUMN
 */
export function accSettings(host: ModuleHost, parameters: ModuleParameters): AccSettings {
  const flag = (name: string): number => {
    const value = parameters.int(name);
    if (value > MAX_FLAG) throw new ModuleError('ACC_FLAG', `there is no flag ${value}`, name);
    return value;
  };
  const column = (name: string): string => checkColumn(parameters.str(name), name);
  const dbExtra = parseFields(host, parameters.str('db_extra'), 'db_extra');
  for (const { name } of dbExtra) checkColumn(name, 'db_extra');
  const legs = parseLegs(host, parameters.str('multi_leg_info'), 'multi_leg_info');
  return {
    earlyMedia: parameters.int('early_media') !== 0,
    reportAck: parameters.int('report_ack') !== 0,
    reportCancels: parameters.int('report_cancels') !== 0,
    detectDirection: parameters.int('detect_direction') !== 0,
    reasonFromHeader: parameters.int('reason_from_hf') !== 0,
    failedFlag: flag('failed_transaction_flag'),
    failedFilter: failedFilter(parameters.str('failed_filter')),
    prepareFlag: flag('acc_prepare_flag'),
    prepareAlways: parameters.int('acc_prepare_always') !== 0,
    logFlag: flag('log_flag'),
    logMissedFlag: flag('log_missed_flag'),
    logLevel: parameters.int('log_level'),
    logExtra: parseFields(host, parameters.str('log_extra'), 'log_extra'),
    dbFlag: flag('db_flag'),
    dbMissedFlag: flag('db_missed_flag'),
    dbExtra,
    dbNullable: parameters.int('acc_extra_nullable') !== 0,
    dbTable: host.format(parameters.str('db_table_acc')),
    dbMissedTable: host.format(parameters.str('db_table_missed_calls')),
    columns: {
      method: column('acc_method_column'),
      fromTag: column('acc_from_tag_column'),
      toTag: column('acc_to_tag_column'),
      callId: column('acc_callid_column'),
      code: column('acc_sip_code_column'),
      reason: column('acc_sip_reason_column'),
      time: column('acc_time_column'),
    },
    legs,
    timeMode: parameters.int('time_mode'),
    timeAttribute: parameters.str('time_attr') === '' ? '' : column('time_attr'),
    timeExtension: parameters.str('time_exten') === '' ? '' : column('time_exten'),
    timeFormat: parameters.str('time_format'),
  };
}

function failedFilter(text: string): ReadonlySet<number> {
  const codes = new Set<number>();
  for (const part of text.split(',')) {
    if (part.trim() === '') continue;
    const code = Number(part);
    if (!Number.isInteger(code) || code < 300 || code > 999)
      throw new ModuleError('ACC_FILTER', `"${part.trim()}" is no status from 300 to 999`, 'failed_filter');
    codes.add(code);
  }
  return codes;
}
