import { openDatabase } from './database.ts';
import type { DialogKey, DialogRow, DialogStore } from './dialog-store.ts';
import {
  checkDialogNames,
  DIALOG_FIELDS,
  DIALOG_NUMBERS,
  DIALOG_TABLES,
  DIALOG_VARS_VERSION,
  DIALOG_VERSION,
  type DialogField,
  type DialogTableNames,
  initDialogTables,
} from './dialog-tables.ts';
import { StorageError } from './errors.ts';
import type { SqlDatabase, SqlValue } from './sql-database.ts';
import { tableVersion } from './table-version.ts';

/** Rows read at once where the caller does not say. */
const CHUNK = 200;

/** Columns that are NULL when they are empty, as in the original. */
const OPTIONAL: ReadonlySet<DialogField> = new Set(['callerRoutes', 'calleeRoutes', 'timeoutRoute', 'extra']);

/**
 * The calls of tables like Kamailio's `dialog` and `dialog_vars`. A SQLite file without them gets them.
 * @param source URL of a database, or one that is open; {@link DialogStore.close} closes it either way
 * @param chunk rows read at once
 * @throws StorageError STORAGE_URL, STORAGE_TABLE_NAME
 */
export function openDialogStore(
  source: string | SqlDatabase,
  names: DialogTableNames = DIALOG_TABLES,
  chunk: number = CHUNK,
): DialogStore {
  checkDialogNames(names);
  return new SqlDialogStore(typeof source === 'string' ? openDatabase(source) : source, names, chunk);
}

class SqlDialogStore implements DialogStore {
  private readonly database: SqlDatabase;
  private readonly names: DialogTableNames;
  private readonly chunk: number;
  private readonly where: string;
  private readonly whereVariable: string;
  private checked = false;

  constructor(database: SqlDatabase, names: DialogTableNames, chunk: number) {
    this.database = database;
    this.names = names;
    this.chunk = chunk;
    const { dialog, variables } = names;
    this.where = `WHERE ${dialog.entry} = ? AND ${dialog.id} = ?`;
    this.whereVariable = `WHERE ${variables.entry} = ? AND ${variables.id} = ?`;
  }

  get name(): string {
    return `table ${this.names.dialog.table} of ${this.database.name}`;
  }

  async readAll(take: (rows: readonly DialogRow[]) => void): Promise<void> {
    await this.check();
    const { dialog, variables } = this.names;
    const texts = new Map<string, Map<string, string>>();
    const { entry, id, key, value } = variables;
    await this.database.stream(
      `SELECT ${entry}, ${id}, ${key}, ${value} FROM ${variables.table} ORDER BY id`,
      this.chunk,
      (_names, rows) => {
        for (const [ofEntry, ofId, name, text] of rows) {
          const owner = `${ofEntry}.${ofId}`;
          const known = texts.get(owner) ?? new Map<string, string>();
          texts.set(owner, known.set(`${name ?? ''}`, `${text ?? ''}`));
        }
      },
    );
    const columns = DIALOG_FIELDS.map((field) => dialog[field]).join(', ');
    await this.database.stream(`SELECT ${columns} FROM ${dialog.table} ORDER BY id`, this.chunk, (_names, rows) =>
      take(rows.map((row) => rowOf(row, texts))),
    );
  }

  async save(row: DialogRow): Promise<void> {
    await this.check();
    const { dialog } = this.names;
    const key = [row.entry, row.id];
    // Variables first: a call that is there is there with all of them.
    await this.saveVariables(row);
    const values = DIALOG_FIELDS.map(
      (field): SqlValue => (OPTIONAL.has(field) && row[field] === '' ? null : row[field]),
    );
    const columns = DIALOG_FIELDS.map((field) => dialog[field]);
    const found = await this.database.query(`SELECT 1 FROM ${dialog.table} ${this.where}`, key);
    if (found.rows.length > 0) {
      const sets = columns.map((name) => `${name} = ?`).join(', ');
      await this.database.query(`UPDATE ${dialog.table} SET ${sets} ${this.where}`, [...values, ...key]);
      return;
    }
    const marks = columns.map(() => '?').join(', ');
    await this.database.query(`INSERT INTO ${dialog.table} (${columns.join(', ')}) VALUES (${marks})`, values);
  }

  /** Only what differs is written. */
  private async saveVariables(row: DialogRow): Promise<void> {
    const { database, whereVariable: where } = this;
    const { table, entry, id, key: name, value } = this.names.variables;
    const owner = [row.entry, row.id];
    const { rows } = await database.query(`SELECT ${name}, ${value} FROM ${table} ${where}`, owner);
    const there = new Map(rows.map(([key, text]) => [`${key ?? ''}`, `${text ?? ''}`]));
    for (const [key, text] of row.variables) {
      const old = there.get(key);
      if (old === undefined)
        await database.query(`INSERT INTO ${table} (${entry}, ${id}, ${name}, ${value}) VALUES (?, ?, ?, ?)`, [
          ...owner,
          key,
          text,
        ]);
      else if (old !== text)
        await database.query(`UPDATE ${table} SET ${value} = ? ${where} AND ${name} = ?`, [text, ...owner, key]);
    }
    for (const key of there.keys())
      if (!row.variables.has(key))
        await database.query(`DELETE FROM ${table} ${where} AND ${name} = ?`, [...owner, key]);
  }

  async delete({ entry, id }: DialogKey): Promise<void> {
    await this.check();
    const { dialog, variables } = this.names;
    await this.database.query(`DELETE FROM ${dialog.table} ${this.where}`, [entry, id]);
    await this.database.query(`DELETE FROM ${variables.table} ${this.whereVariable}`, [entry, id]);
  }

  close(): Promise<void> {
    return this.database.close();
  }

  /** Once: the tables are there, and of the versions known. */
  private async check(): Promise<void> {
    if (this.checked) return;
    const { database, names } = this;
    if (database.kind === 'sqlite') await initDialogTables(database, names);
    for (const [table, known] of [
      [names.dialog.table, DIALOG_VERSION],
      [names.variables.table, DIALOG_VARS_VERSION],
    ] as const) {
      const version = await tableVersion(database, table);
      if (version === known) continue;
      const found = version === null ? 'no row for it' : `version ${version}`;
      const text = `table ${table} of ${database.name}: the table "version" has ${found}, known is ${known}`;
      throw new StorageError('STORAGE_TABLE_VERSION', text);
    }
    this.checked = true;
  }
}

function rowOf(row: readonly SqlValue[], texts: ReadonlyMap<string, ReadonlyMap<string, string>>): DialogRow {
  const fields: Partial<Record<DialogField, string | number>> = {};
  for (const [index, field] of DIALOG_FIELDS.entries()) {
    const value = row[index] ?? null;
    fields[field] = DIALOG_NUMBERS.has(field) ? Math.trunc(Number(value)) || 0 : `${value ?? ''}`;
  }
  const variables = texts.get(`${fields.entry}.${fields.id}`) ?? new Map<string, string>();
  // Each field has the type of its column.
  return { ...fields, variables } as unknown as DialogRow;
}
