import { initDialogTables } from '../storage/dialog-tables.ts';
import { STORAGE_ERRORS, StorageError } from '../storage/errors.ts';
import { type DatabaseReport, inspectDatabase } from '../storage/inspect.ts';
import { initLocationTables } from '../storage/location-tables.ts';
import { initSubscriberTable, initTables } from '../storage/tables.ts';
import { aligned } from './aligned.ts';
import { CliError, usageError } from './errors.ts';
import { printable } from './rpc-output.ts';

/** Where a URL may stand so that its password is not in the list of processes. */
export const URL_VARIABLE = 'TRUNKLINE_DB_URL';

/** Settings of both commands. */
export interface DbOptions {
  readonly table: string;
  readonly json: boolean;
}

/** The URL given, or the one of the environment. @throws CliError */
export function databaseUrl(given: string | undefined): string {
  const url = given ?? process.env[URL_VARIABLE] ?? '';
  if (url !== '') return url;
  throw usageError('which database?', `Give its URL, or set ${URL_VARIABLE}: see "trunkline db --help".`);
}

function failure(error: unknown): unknown {
  return error instanceof StorageError
    ? new CliError(error.code, error.message, STORAGE_ERRORS[error.code].action)
    : error;
}

/**
 * `trunkline db init`: makes the tables that are not there.
 * @throws CliError with a STORAGE_ code
 */
export async function initDatabase(url: string, options: DbOptions, out: NodeJS.WritableStream): Promise<void> {
  try {
    const made = [
      ...(await initTables(url, options.table)),
      await initSubscriberTable(url),
      ...(await initDialogTables(url)),
      ...(await initLocationTables(url)),
    ];
    if (options.json) {
      out.write(`${JSON.stringify({ tables: made })}\n`);
      return;
    }
    const rows = made.map(({ table, made, version }) => [
      table,
      version === null ? 'none' : `${version}`,
      made ? 'made' : 'was there, left as it is',
    ]);
    out.write(aligned(['table', 'version', ''], rows));
  } catch (error) {
    throw failure(error);
  }
}

/**
 * `trunkline db check`: tells how a database of accounts stands.
 * @returns true when accounts can be read from it and every row can be one, or it has users and no accounts
 * @throws CliError with STORAGE_URL or STORAGE_TABLE_NAME
 */
export async function checkDatabase(url: string, options: DbOptions, out: NodeJS.WritableStream): Promise<boolean> {
  let report: DatabaseReport;
  try {
    report = await inspectDatabase(url, options.table);
  } catch (error) {
    throw failure(error);
  }
  const ok = report.fault === null && (report.unusable ?? 0) === 0;
  out.write(options.json ? `${JSON.stringify({ ok, ...report })}\n` : reportText(report));
  return ok;
}

function reportText(report: DatabaseReport): string {
  const { fault, table, tables } = report;
  const list = (names: readonly string[]): string => (names.length === 0 ? 'none' : printable(names.join(', ')));
  const there = (name: string): string => (tables.includes(name) ? 'there' : 'missing');
  const rows: (readonly string[])[] = [
    ['database', report.database],
    ['reachable', report.reachable ? `yes, ${report.milliseconds} ms` : 'no'],
  ];
  if (report.reachable) {
    rows.push(
      ['server', printable(report.server ?? '')],
      ['table version', there('version')],
      [`table ${table}`, there(table)],
    );
  }
  if (tables.includes(table)) {
    rows.push(['its version', report.version === null ? 'unknown' : `${report.version}`]);
    rows.push(['columns missing', list(report.missing)], ['columns not read', list(report.extra)]);
    if (report.newer.length > 0) rows.push(['of later versions', `${list(report.newer)} (taken as empty)`]);
  }
  if (report.accounts !== null) rows.push(['rows', `${report.accounts}`], ['unusable rows', `${report.unusable}`]);
  if (report.users !== null) {
    rows.push(['table subscriber', `there, ${report.users.count} users; ${list(report.users.secrets)}`]);
  }
  let text = aligned([], rows);
  if (report.problems.length > 0) {
    const problems = report.problems.map(({ uuid, code, text: why }) => [
      printable(uuid) || '(empty)',
      printable(why),
      code,
    ]);
    text += `\n${aligned(['l_uuid', 'why it cannot be an account', 'code'], problems)}`;
    const more = (report.unusable ?? 0) - report.problems.length;
    if (more > 0) text += `and ${more} more\n`;
  }
  if (fault === null) return text;
  return `${text}\n${printable(fault.text)} [${fault.code}]\n  ${STORAGE_ERRORS[fault.code].action}\n`;
}
