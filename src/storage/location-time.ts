import type { DatabaseKind, SqlValue } from './sql-database.ts';

/** Julian day of 1970-01-01 00:00 UTC: Kamailio's db_sqlite keeps times as days. */
const EPOCH_DAY = 2_440_587.5;
const DAY = 86_400;
/** Kamailio writes "never" as one second before 1970 … in SQLite; other databases take no such time. */
const NEVER = '2099-12-31 23:59:59';

/** A time as Kamailio writes it: days in SQLite, local time elsewhere. @param seconds since 1970, 0: never */
export function writeTime(kind: DatabaseKind, seconds: number): SqlValue {
  if (kind === 'sqlite') return seconds / DAY + EPOCH_DAY;
  return seconds === 0 ? NEVER : localTime(seconds);
}

/** Local time as `2026-11-21 02:11:54`. */
function localTime(seconds: number): string {
  const at = new Date(seconds * 1000);
  const two = (number: number): string => `${number}`.padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** Seconds since 1970; 0: never, or unreadable. Takes what any version of Kamailio wrote: days, local time, seconds (expires_type 1). */
export function readTime(value: SqlValue): number {
  if (value === null || value === NEVER) return 0;
  if (typeof value === 'number') {
    const seconds = value < 10_000_000 ? Math.round((value - EPOCH_DAY) * DAY) : Math.trunc(value);
    return seconds > 0 ? seconds : 0;
  }
  const match = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)/.exec(value);
  if (match === null) return 0;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  return Math.max(Math.floor(new Date(year, month - 1, day, hour, minute, second).getTime() / 1000), 0);
}
