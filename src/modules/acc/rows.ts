import type { ScriptContext } from '../../script/context.ts';
import { fromBytes } from '../../script/utf8.ts';
import type { Value } from '../../script/values.ts';
import { localTime, strftime, utcTime } from '../../script/variables/strftime.ts';
import type { QueuedRow } from '../../storage/row-queue.ts';
import type { SqlValue } from '../../storage/sql-database.ts';
import { timeFields } from './log-line.ts';
import type { AccRecord } from './record.ts';
import type { AccSettings } from './settings.ts';

/** Widths of Kamailio's columns: a longer value, which comes from the network, must not cost the whole row. */
const WIDTH = { method: 16, fromTag: 128, toTag: 128, callId: 255, code: 3, reason: 128 };

/** Moments as databases take them. */
export const DATETIME = '%Y-%m-%d %H:%M:%S';

/** A value as a database takes it; PostgreSQL has no zero bytes. */
export function sqlValue(value: Value): SqlValue {
  return typeof value === 'string' ? fromBytes(value).replaceAll('\0', '') : value;
}

function cut(text: string, width: number): string {
  // By characters, as the columns count them.
  const value = `${sqlValue(text)}`;
  return value.length <= width ? value : [...value].slice(0, width).join('');
}

/** The rows of a record: one for each leg of the call, and one where legs are not looked at. */
export function rowsOf(
  settings: AccSettings,
  table: string,
  record: AccRecord,
  ctx: ScriptContext,
): readonly QueuedRow[] {
  const { columns, dbExtra, dbNullable, legs, timeMode } = settings;
  const { at } = record;
  const extra = (value: Value): SqlValue => (value === null && !dbNullable ? '' : sqlValue(value));
  const common: (readonly [name: string, value: SqlValue])[] = [
    [columns.method, cut(record.method, WIDTH.method)],
    [columns.fromTag, cut(record.fromTag, WIDTH.fromTag)],
    [columns.toTag, cut(record.toTag, WIDTH.toTag)],
    [columns.callId, cut(record.callId, WIDTH.callId)],
    [columns.code, cut(record.code, WIDTH.code)],
    [columns.reason, cut(record.reason, WIDTH.reason)],
    [columns.time, strftime(DATETIME, timeMode === 4 ? utcTime(at) : localTime(at))],
    ...timeFields(settings, at),
    ...dbExtra.map(({ name, variable }) => [name, extra(variable.get(ctx))] as const),
  ];
  const sets = legs === null ? [[]] : legs.read(ctx);
  return sets.map((leg) => ({
    table,
    columns: [...common.map(([name]) => name), ...(legs?.names ?? [])],
    values: [...common.map(([, value]) => value), ...leg.map(extra)],
  }));
}
