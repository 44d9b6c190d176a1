import type { BindingRow, ContactAttributes } from '../registrar/binding.ts';
import { openDatabase } from './database.ts';
import { StorageError } from './errors.ts';
import { LocationAttributes } from './location-attributes.ts';
import type { LocationCounts, LocationStore } from './location-store.ts';
import {
  DEFAULT_LOCATION_COLUMNS,
  LOCATION,
  LOCATION_COLUMNS,
  LOCATION_FIELDS,
  LOCATION_VERSION,
  type LocationColumns,
  type LocationField,
  splitAor,
} from './location-table.ts';
import { decodedText, encodedText } from './location-text.ts';
import { readTime, writeTime } from './location-time.ts';
import type { DatabaseKind, SqlDatabase, SqlValue } from './sql-database.ts';
import { checkTableName, columnsOf, tableVersion } from './table-version.ts';

/** Rows read at once. */
const CHUNK = 1000;
/** Rows written by one statement; few sizes, so that servers prepare few statements. */
const GROUPS: readonly number[] = [100, 10, 1];
/** Seconds since 1970 behind which times are real ones, wherever the server stands. */
const FIRST_YEAR = 365 * 86_400;

/** How contacts are laid out in one database. */
export interface LocationLayout {
  /** The key of an address of record is user@domain. */
  readonly useDomain: boolean;
  readonly columns?: LocationColumns;
  /** False: the table `version` is not asked (usrloc version_table). */
  readonly checkVersion?: boolean;
  /** Bits of branch flags that say that a contact wants pings (column keepalive). */
  readonly natFlags?: number;
  /** What scripts keep with contacts is kept in the table beside this one (usrloc xavp_contact). */
  readonly attributes?: boolean;
  /** Only rows of this server_id are read all at once and deleted when their time is over; absent or null: all (usrloc server_id_filter). */
  readonly ownId?: number | null;
  /** Times are seconds in columns of whole numbers (usrloc expires_type). */
  readonly plainTimes?: boolean;
}

/**
 * The contacts of a table like Kamailio's `location`.
 * @param source URL of a database, or one that is open; {@link LocationStore.close} closes it either way
 * @throws StorageError STORAGE_URL, STORAGE_TABLE_NAME
 */
export function openLocationStore(
  source: string | SqlDatabase,
  layout: LocationLayout,
  table: string = LOCATION,
): LocationStore {
  checkTableName(table);
  for (const name of Object.values(layout.columns ?? {})) checkTableName(name);
  return new SqlLocationStore(typeof source === 'string' ? openDatabase(source) : source, layout, table);
}

class SqlLocationStore implements LocationStore {
  private readonly database: SqlDatabase;
  private readonly layout: LocationLayout;
  private readonly table: string;
  private readonly columns: LocationColumns;
  /** Null when nothing is kept with contacts. */
  private readonly attributes: LocationAttributes | null;
  private usable: Promise<void> | null = null;

  constructor(database: SqlDatabase, layout: LocationLayout, table: string) {
    this.database = database;
    this.layout = layout;
    this.table = table;
    this.columns = layout.columns ?? DEFAULT_LOCATION_COLUMNS;
    this.attributes = layout.attributes === true ? new LocationAttributes(database, table, layout.useDomain) : null;
  }

  get name(): string {
    return `table ${this.table} of ${this.database.name}`;
  }

  async readAll(take: (rows: readonly BindingRow[]) => void | Promise<void>): Promise<void> {
    await this.ready();
    const attributes = await this.attributes?.all();
    const { ownId = null } = this.layout;
    const where = ownId === null ? '' : ` WHERE ${this.quoted('serverId')} = ${Math.trunc(ownId)}`;
    await this.database.stream(`${this.selection()}${where}`, CHUNK, (_names, rows) =>
      take(rows.map((row) => withAttributes(this.rowOf(row), attributes))),
    );
  }

  async read(aor: string): Promise<readonly BindingRow[]> {
    await this.ready();
    const [user, domain] = splitAor({ aor } as BindingRow, this.layout.useDomain);
    const where = domain === null ? '' : ` AND ${this.quoted('domain')} = ?`;
    const { rows } = await this.database.query(
      `${this.selection()} WHERE ${this.quoted('user')} = ?${where}`,
      domain === null ? [decodedText(user)] : [decodedText(user), decodedText(domain)],
    );
    // MySQL compares without case and trailing blanks.
    const found = rows.map((row) => this.rowOf(row)).filter((row) => row.aor === aor);
    const attributes = await this.attributes?.of(found.map(({ ruid }) => ruid));
    return found.map((row) => withAttributes(row, attributes));
  }

  async write(rows: readonly BindingRow[]): Promise<void> {
    await this.ready();
    for (const group of groups(rows)) {
      const parameters = group.flatMap((row) => this.valuesOf(row));
      await this.database.query(this.upsert(group.length), parameters);
      await this.attributes?.write(group);
    }
  }

  async delete(ruids: readonly string[]): Promise<void> {
    await this.ready();
    for (const group of groups(ruids)) {
      const marks = group.map(() => '?').join(', ');
      await this.database.query(`DELETE FROM ${this.table} WHERE ${this.quoted('ruid')} IN (${marks})`, group);
    }
    await this.attributes?.delete(ruids);
  }

  async deleteExpired(now: number): Promise<number> {
    await this.ready();
    const { condition: over, parameters } = this.ended(now);
    const { ownId = null } = this.layout;
    const condition = ownId === null ? over : `${over} AND ${this.quoted('serverId')} = ${Math.trunc(ownId)}`;
    await this.attributes?.deleteOf(`SELECT ${this.quoted('ruid')} FROM ${this.table} WHERE ${condition}`, parameters);
    const { affected } = await this.database.query(`DELETE FROM ${this.table} WHERE ${condition}`, parameters);
    return affected;
  }

  async count(now: number): Promise<LocationCounts> {
    await this.ready();
    const user = this.quoted('user');
    const key = this.layout.useDomain ? `${user}, ${this.quoted('domain')}` : user;
    const one = async (sql: string, parameters: readonly SqlValue[] = []): Promise<number> =>
      Number((await this.database.query(sql, parameters)).rows[0]?.[0] ?? 0);
    const { condition, parameters } = this.ended(now);
    return {
      users: await one(`SELECT COUNT(*) FROM (SELECT DISTINCT ${key} FROM ${this.table}) AS aors`),
      contacts: await one(`SELECT COUNT(*) FROM ${this.table}`),
      expired: await one(`SELECT COUNT(*) FROM ${this.table} WHERE ${condition}`, parameters),
    };
  }

  close(): Promise<void> {
    return this.database.close();
  }

  /** Rows whose time is over; those that never end have one before 1970 in SQLite. */
  private ended(now: number): { readonly condition: string; readonly parameters: readonly SqlValue[] } {
    const expires = this.quoted('expires');
    const day = this.database.kind === 'sqlite' || this.layout.plainTimes === true ? 1 : FIRST_YEAR;
    return { condition: `${expires} > ? AND ${expires} <= ?`, parameters: [this.time(day), this.time(now)] };
  }

  /** The layout is looked at once; after a failure again. */
  private ready(): Promise<void> {
    this.usable ??= this.check().catch((error: unknown) => {
      this.usable = null;
      throw error;
    });
    return this.usable;
  }

  private async check(): Promise<void> {
    if (this.layout.checkVersion !== false) {
      const version = await tableVersion(this.database, this.table);
      if (version !== LOCATION_VERSION) {
        const found = version === null ? 'no row for it' : `version ${version}`;
        const text = `${this.name}: the table "version" has ${found}, known is ${LOCATION_VERSION}`;
        throw new StorageError('STORAGE_TABLE_VERSION', text);
      }
    }
    const there = new Set(await columnsOf(this.database, this.table));
    const missing = LOCATION_FIELDS.map((field) => this.columns[field]).filter(
      (name) => !there.has(name.toLowerCase()),
    );
    if (missing.length > 0)
      throw new StorageError('STORAGE_COLUMN', `${this.name} lacks the column ${missing.join(', ')}`);
  }

  private time(seconds: number): SqlValue {
    return this.layout.plainTimes === true ? seconds : writeTime(this.database.kind, seconds);
  }

  private quoted(field: LocationField): string {
    return quotedName(this.database.kind, this.columns[field]);
  }

  private selection(): string {
    return `SELECT ${LOCATION_FIELDS.map((field) => this.quoted(field)).join(', ')} FROM ${this.table}`;
  }

  private upsert(rows: number): string {
    const names = LOCATION_FIELDS.map((field) => this.quoted(field));
    const marks = `(${names.map(() => '?').join(', ')})`;
    const values = Array.from({ length: rows }, () => marks).join(', ');
    const insert = `INSERT INTO ${this.table} (${names.join(', ')}) VALUES ${values}`;
    const others = names.filter((name) => name !== this.quoted('ruid'));
    if (this.database.kind === 'mysql')
      return `${insert} ON DUPLICATE KEY UPDATE ${others.map((name) => `${name} = VALUES(${name})`).join(', ')}`;
    const sets = others.map((name) => `${name} = excluded.${name}`).join(', ');
    return `${insert} ON CONFLICT (${this.quoted('ruid')}) DO UPDATE SET ${sets}`;
  }

  private valuesOf(row: BindingRow): SqlValue[] {
    const [user, domain] = splitAor(row, this.layout.useDomain);
    const natFlags = this.layout.natFlags ?? 0;
    const values: Readonly<Record<LocationField, SqlValue>> = {
      ruid: row.ruid,
      user,
      domain,
      contact: row.uri,
      received: row.received === '' ? null : row.received,
      path: row.path === '' ? null : row.path,
      expires: this.time(row.expires),
      q: row.q < 0 ? -1 : row.q / 1000,
      callId: row.callId,
      cseq: row.cseq,
      modified: this.time(row.modified),
      flags: row.flags,
      cflags: row.cflags,
      userAgent: row.userAgent,
      socket: row.socket === '' ? null : row.socket,
      methods: row.methods < 0 ? null : row.methods,
      instance: row.instance === '' ? null : row.instance,
      regId: row.regId,
      serverId: row.serverId,
      connection: row.connection,
      keepalive: (row.cflags & natFlags) === 0 ? 0 : 1,
      partition: 0,
    };
    return LOCATION_FIELDS.map((field) => {
      const value = values[field];
      const { length } = LOCATION_COLUMNS[field];
      return typeof value === 'string' && length !== null ? [...decodedText(value)].slice(0, length).join('') : value;
    });
  }

  private rowOf(row: readonly SqlValue[]): BindingRow {
    const value = (field: LocationField): SqlValue => row[LOCATION_FIELDS.indexOf(field)] ?? null;
    const text = (field: LocationField): string => encodedText(`${value(field) ?? ''}`);
    const integer = (field: LocationField, fallback = 0): number => {
      const number = value(field) === null ? Number.NaN : Math.trunc(Number(value(field)));
      return Number.isSafeInteger(number) ? number : fallback;
    };
    const user = text('user');
    const domain = text('domain');
    const q = Number(value('q') ?? -1);
    return {
      ruid: text('ruid'),
      aor: !this.layout.useDomain ? user : user === '' ? domain : `${user}@${domain}`,
      uri: text('contact'),
      expires: readTime(value('expires')),
      q: q >= 0 && q <= 1 ? Math.round(q * 1000) : -1,
      callId: text('callId'),
      cseq: integer('cseq', 1),
      flags: integer('flags'),
      cflags: integer('cflags'),
      userAgent: text('userAgent'),
      received: text('received'),
      path: text('path'),
      socket: text('socket'),
      methods: integer('methods', -1),
      instance: text('instance'),
      regId: integer('regId'),
      serverId: integer('serverId'),
      // A connection of another life is none.
      connection: -1,
      modified: readTime(value('modified')),
    };
  }
}

function withAttributes(row: BindingRow, attributes: ReadonlyMap<string, ContactAttributes> | undefined): BindingRow {
  const own = attributes?.get(row.ruid);
  return own === undefined ? row : { ...row, attributes: own };
}

/** A column's name as it can stand in a statement: `partition` is a word of MySQL's. */
export function quotedName(kind: DatabaseKind, name: string): string {
  return kind === 'mysql' ? `\`${name}\`` : `"${name}"`;
}

function* groups<T>(list: readonly T[]): Generator<readonly T[]> {
  let at = 0;
  for (const size of GROUPS)
    while (list.length - at >= size) {
      yield list.slice(at, at + size);
      at += size;
    }
}
