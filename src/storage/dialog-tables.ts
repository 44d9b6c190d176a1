import { openDatabase } from './database.ts';
import type { DialogRow } from './dialog-store.ts';
import type { SqlDatabase } from './sql-database.ts';
import { checkTableName, tableVersion } from './table-version.ts';
import { ID, make, makeVersionTable, setVersion, type TableMade } from './tables.ts';

/** A field of a call's row that has a column of its own. */
export type DialogField = Exclude<keyof DialogRow, 'variables'>;

/** Names of the columns of the calls by field; `table` is the table's. */
export type DialogColumns = Readonly<Record<DialogField | 'table', string>>;

/** Names of the table of variables. */
export interface VariableColumns {
  readonly table: string;
  readonly entry: string;
  readonly id: string;
  readonly key: string;
  readonly value: string;
}

/** What the tables of calls are called, and their columns: Kamailio's names, which its parameters may change. */
export interface DialogTableNames {
  readonly dialog: DialogColumns;
  readonly variables: VariableColumns;
}

export const DIALOG_TABLES: DialogTableNames = {
  dialog: {
    table: 'dialog',
    entry: 'hash_entry',
    id: 'hash_id',
    callId: 'callid',
    fromUri: 'from_uri',
    fromTag: 'from_tag',
    toUri: 'to_uri',
    toTag: 'to_tag',
    callerCSeq: 'caller_cseq',
    calleeCSeq: 'callee_cseq',
    callerRoutes: 'caller_route_set',
    calleeRoutes: 'callee_route_set',
    callerContact: 'caller_contact',
    calleeContact: 'callee_contact',
    callerSocket: 'caller_sock',
    calleeSocket: 'callee_sock',
    state: 'state',
    startTime: 'start_time',
    timeout: 'timeout',
    scriptFlags: 'sflags',
    properties: 'iflags',
    timeoutRoute: 'toroute_name',
    requestUri: 'req_uri',
    extra: 'xdata',
  },
  variables: {
    table: 'dialog_vars',
    entry: 'hash_entry',
    id: 'hash_id',
    key: 'dialog_key',
    value: 'dialog_value',
  },
};

/** Versions of the tables that Kamailio 5.6 knows. */
export const DIALOG_VERSION = 7;
export const DIALOG_VARS_VERSION = 1;

/** Types of the columns (Kamailio's database documentation, table "dialog"). An empty text of an optional one is NULL. */
const TYPES: Readonly<Record<DialogField, string>> = {
  entry: 'INTEGER NOT NULL',
  id: 'INTEGER NOT NULL',
  callId: 'VARCHAR(255) NOT NULL',
  fromUri: 'VARCHAR(255) NOT NULL',
  fromTag: 'VARCHAR(128) NOT NULL',
  toUri: 'VARCHAR(255) NOT NULL',
  toTag: 'VARCHAR(128) NOT NULL',
  callerCSeq: 'VARCHAR(20) NOT NULL',
  calleeCSeq: 'VARCHAR(20) NOT NULL',
  callerRoutes: 'VARCHAR(512)',
  calleeRoutes: 'VARCHAR(512)',
  callerContact: 'VARCHAR(255) NOT NULL',
  calleeContact: 'VARCHAR(255) NOT NULL',
  callerSocket: 'VARCHAR(64) NOT NULL',
  calleeSocket: 'VARCHAR(64) NOT NULL',
  state: 'INTEGER NOT NULL',
  startTime: 'INTEGER NOT NULL',
  timeout: 'INTEGER DEFAULT 0 NOT NULL',
  scriptFlags: 'INTEGER DEFAULT 0 NOT NULL',
  properties: 'INTEGER DEFAULT 0 NOT NULL',
  timeoutRoute: 'VARCHAR(32)',
  requestUri: 'VARCHAR(255) NOT NULL',
  extra: 'VARCHAR(512)',
};

export const DIALOG_FIELDS = Object.keys(TYPES) as readonly DialogField[];

/** Fields that are numbers. */
export const DIALOG_NUMBERS: ReadonlySet<DialogField> = new Set(
  DIALOG_FIELDS.filter((field) => TYPES[field].startsWith('INTEGER')),
);

/** @throws StorageError STORAGE_TABLE_NAME for a name that cannot stand in a statement */
export function checkDialogNames({ dialog, variables }: DialogTableNames): void {
  for (const name of [...Object.values(dialog), ...Object.values(variables)]) checkTableName(name);
}

/**
 * Makes the tables of calls that are not there: `version`, `dialog` of version 7, `dialog_vars` of version 1.
 * @param source URL of a database, or one that is open, which stays open
 * @returns what became of each, `version` apart
 * @throws StorageError as {@link SqlDatabase.query} throws
 */
export async function initDialogTables(
  source: string | SqlDatabase,
  names: DialogTableNames = DIALOG_TABLES,
): Promise<readonly TableMade[]> {
  checkDialogNames(names);
  if (typeof source !== 'string') return makeTables(source, names);
  const database = openDatabase(source);
  try {
    return await makeTables(database, names);
  } finally {
    await database.close();
  }
}

async function makeTables(database: SqlDatabase, names: DialogTableNames): Promise<readonly TableMade[]> {
  const { dialog, variables } = names;
  await makeVersionTable(database);
  const id = `id ${ID[database.kind]}`;
  const dialogs = await make(database, dialog.table, [
    id,
    ...DIALOG_FIELDS.map((field) => `${dialog[field]} ${TYPES[field]}`),
  ]);
  if (dialogs) await setVersion(database, dialog.table, DIALOG_VERSION);
  const texts = await make(database, variables.table, [
    id,
    `${variables.entry} INTEGER NOT NULL`,
    `${variables.id} INTEGER NOT NULL`,
    `${variables.key} VARCHAR(128) NOT NULL`,
    `${variables.value} VARCHAR(512) NOT NULL`,
  ]);
  if (texts) await setVersion(database, variables.table, DIALOG_VARS_VERSION);
  if (dialogs) await index(database, dialog.table, [dialog.entry, dialog.id]);
  if (texts) await index(database, variables.table, [variables.entry, variables.id]);
  return [
    { table: dialog.table, made: dialogs, version: await tableVersion(database, dialog.table) },
    { table: variables.table, made: texts, version: await tableVersion(database, variables.table) },
  ];
}

async function index(database: SqlDatabase, table: string, columns: readonly string[]): Promise<void> {
  await database.query(`CREATE INDEX ${table}_hash_idx ON ${table} (${columns.join(', ')})`);
}
