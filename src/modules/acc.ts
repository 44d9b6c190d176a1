import { L_ERR, L_NOTICE } from '../script/log.ts';
import { defineModule, fn, intParam, ModuleError, type ModuleHost, strParam } from '../script/module-definition.ts';
import { ROUTE_ANY } from '../script/values.ts';
import { openDatabase } from '../storage/database.ts';
import { StorageError } from '../storage/errors.ts';
import { type QueuedRow, RowQueue, type RowQueueUser } from '../storage/row-queue.ts';
import { Accounting } from './acc/accounting.ts';
import { CallRecords } from './acc/call-records.ts';
import { cdrSettings } from './acc/cdr-settings.ts';
import { splitComment } from './acc/record.ts';
import { accSettings } from './acc/settings.ts';

const FACILITY = 'ignored: the log has no facilities; the lines are those of module acc';
/** Why a row is given up that the database had no say in. */
const DROPPED = { full: 'too many rows wait (db_queue)', closed: 'it ends before the database takes rows' };
/** How long the server may wait at its end for rows that are on their way, in milliseconds, whatever else it waits for. */
const LAST_ROWS = 3_000;

interface AccModule {
  readonly accounting: Accounting;
  /** Null without cdr_enable. */
  readonly calls: CallRecords | null;
  readonly queue: { readonly value: RowQueue; readonly release: () => void } | null;
}

/** Tells the log of what becomes of rows. The values of a row that is lost are told: they are somebody's bill. */
function queueUser(host: ModuleHost, name: string): RowQueueUser {
  let full = 0;
  return {
    failing: (error) => {
      host.log.write(L_ERR, 'acc', `${error.message}; rows are kept, and it is tried again by itself`, error.code);
    },
    recovered: () => {
      host.log.write(L_NOTICE, 'acc', `${name} takes rows again${full > 0 ? `; ${full} were dropped meanwhile` : ''}`);
      full = 0;
    },
    dropped: (row, reason) => {
      // There may be no end of these, but no more of the others than wait.
      if (reason === 'full' && ++full > 1) return;
      const why = typeof reason === 'string' ? DROPPED[reason] : reason.message;
      host.log.write(
        L_ERR,
        'acc',
        `row of ${row.table} not written: ${why}: ${shown(row)}`,
        typeof reason === 'string' ? 'ACC_DROPPED' : reason.code,
      );
    },
  };
}

function shown({ columns, values }: QueuedRow): string {
  return columns.map((column, index) => `${column}=${values[index] ?? ''}`).join(';');
}

function openQueue(host: ModuleHost, url: string, limit: number): AccModule['queue'] {
  if (url === '') return null;
  if (limit < 1) throw new ModuleError('ACC_QUEUE', 'at least one row must be able to wait', 'db_queue');
  try {
    // Rows that wait outlive the configuration that wrote them.
    return host.keep.take(
      `acc ${limit} ${url}`,
      () => {
        const database = openDatabase(url);
        const queue = new RowQueue({ database, wheel: host.wheel, user: queueUser(host, database.name), limit });
        host.statistics.gauge('acc', 'db_waiting', () => queue.waiting);
        host.statistics.gauge('acc', 'db_written', () => queue.written);
        host.statistics.gauge('acc', 'db_dropped', () => queue.lost);
        return queue;
      },
      (queue) => void queue.close(),
    );
  } catch (error) {
    if (error instanceof StorageError) throw new ModuleError(error.code, error.message, 'db_url');
    throw error;
  }
}

/** acc: records of transactions, missed calls and whole calls, in the log and in tables. */
export const acc = defineModule<AccModule>({
  name: 'acc',
  after: ['pv', 'tm', 'rr', 'dialog'],
  parameters: [
    intParam('early_media', 0),
    intParam(
      'report_ack',
      0,
      'partly: an ACK that is relayed is accounted as 200, whether its INVITE is still known or not',
    ),
    intParam('report_cancels', 0),
    intParam('detect_direction', 0, 'yes: the tags are turned, as in the original; the extra values are not'),
    intParam('failed_transaction_flag', -1),
    strParam('failed_filter', null),
    intParam('acc_prepare_flag', -1),
    intParam('acc_prepare_always', 0),
    intParam('reason_from_hf', 0),
    intParam('clone_msg', 1, 'ignored: a message never changes once it was received'),
    strParam('multi_leg_info', null),
    intParam('log_flag', -1),
    intParam('log_missed_flag', -1),
    intParam('log_level', 1),
    strParam('log_facility', 'LOG_DAEMON', FACILITY),
    strParam('log_extra', null),
    strParam('db_url', null),
    intParam('db_flag', -1),
    intParam('db_missed_flag', -1),
    strParam('db_table_acc', 'acc'),
    strParam('db_table_missed_calls', 'missed_calls'),
    strParam('db_extra', null),
    intParam('db_insert_mode', 0, 'ignored: a row never makes a call wait'),
    intParam('db_version_check', 1, 'ignored: tables may have columns of any kind'),
    intParam(
      'db_queue',
      100_000,
      'yes: ours; most rows that wait for a database that is down; a new one is dropped then',
    ),
    strParam('acc_method_column', 'method'),
    strParam('acc_from_tag_column', 'from_tag'),
    strParam('acc_to_tag_column', 'to_tag'),
    strParam('acc_callid_column', 'callid'),
    strParam('acc_sip_code_column', 'sip_code'),
    strParam('acc_sip_reason_column', 'sip_reason'),
    strParam('acc_time_column', 'time'),
    intParam('acc_extra_nullable', 0, 'yes: with 0 an undefined value is an empty text in every database'),
    intParam('acc_extra_size', 64, 'ignored: there is no limit'),
    intParam('time_mode', 0),
    strParam('time_attr', null),
    strParam('time_exten', null),
    strParam('time_format', '%Y-%m-%d %H:%M:%S'),
    intParam('cdr_enable', 0),
    intParam('cdr_log_enable', 1),
    intParam('cdr_start_on_confirmed', 0),
    intParam(
      'cdr_expired_dlg_enable',
      0,
      'yes: calls that dlg_bye() or a command ends have a record whatever it says; the original loses them with 0',
    ),
    intParam('cdr_on_failed', 1),
    intParam('cdr_duration_mode', 0, 'ignored: a later version’s; a duration has milliseconds'),
    strParam('cdr_extra', null),
    intParam('cdr_extra_nullable', 0, 'yes: with 0 an undefined value is an empty text in every database'),
    intParam('cdr_extra_size', 64, 'ignored: there is no limit'),
    strParam('cdr_facility', 'LOG_DAEMON', FACILITY),
    strParam('cdr_start_id', 'start_time'),
    strParam('cdr_end_id', 'end_time'),
    strParam('cdr_duration_id', 'duration'),
    strParam('cdr_skip', null),
    strParam('cdrs_table', ''),
  ],
  functions: [
    fn('acc_log_request', ['str'], ROUTE_ANY, (m) => (ctx, comment) => {
      const { code, reason } = splitComment(comment);
      m.accounting.logRequest(ctx, code, reason);
      return 1;
    }),
    fn('acc_db_request', ['str', 'str'], ROUTE_ANY, (m) => (ctx, comment, table) => {
      const { code, reason } = splitComment(comment);
      return m.accounting.storeRequest(ctx, code, reason, table) ? 1 : -1;
    }),
    fn('acc_request', ['str', 'str'], ROUTE_ANY, (m) => (ctx, comment, table) => {
      const { code, reason } = splitComment(comment);
      m.accounting.logRequest(ctx, code, reason);
      return !m.accounting.hasDatabase || m.accounting.storeRequest(ctx, code, reason, table) ? 1 : -1;
    }),
  ],
  variables: [],
  transformations: [],
  eventRoutes: [],
  create: (host, parameters) => {
    const settings = accSettings(host, parameters);
    const cdrs = cdrSettings(host, parameters);
    const queue = openQueue(host, parameters.str('db_url'), parameters.int('db_queue'));
    const rows = queue?.value ?? null;
    const calls = cdrs === null ? null : new CallRecords(host, cdrs, rows);
    return { accounting: new Accounting(host, settings, rows), calls, queue };
  },
  start: (module) => {
    module.accounting.start();
    module.calls?.start();
  },
  drain: async (module, graceMs) => {
    module.calls?.flush();
    await module.queue?.value.drain(Math.min(graceMs, LAST_ROWS));
  },
  stop: (module) => {
    module.accounting.stop();
    module.calls?.stop();
    module.queue?.release();
  },
});
