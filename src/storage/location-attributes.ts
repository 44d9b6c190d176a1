import type { AvpValue } from '../proxy/attributes.ts';
import type { BindingRow, ContactAttributes } from '../registrar/binding.ts';
import { splitAor } from './location-table.ts';
import { decodedText, encodedText } from './location-text.ts';
import { writeTime } from './location-time.ts';
import type { SqlDatabase, SqlValue } from './sql-database.ts';

/** Rows read, and contacts asked for, at once. */
const CHUNK = 1000;
const ASKED = 100;
/** Kinds of values, as Kamailio writes them. */
const TEXT = 0;
const NUMBER = 1;
/** Characters of a column. */
const LONGEST_NAME = 64;
const LONGEST_VALUE = 512;

/** The table of what scripts keep with contacts (usrloc xavp_contact): a row for each value, the newest first, `location_attrs` beside `location`. */
export class LocationAttributes {
  private readonly database: SqlDatabase;
  private readonly table: string;
  private readonly useDomain: boolean;

  /** @param contacts name of the contacts' table */
  constructor(database: SqlDatabase, contacts: string, useDomain: boolean) {
    this.database = database;
    this.table = `${contacts}_attrs`;
    this.useDomain = useDomain;
  }

  /** Those of every contact, by its ruid. @throws as SqlDatabase.stream() */
  async all(): Promise<ReadonlyMap<string, ContactAttributes>> {
    const found = new Map<string, Map<string, AvpValue[]>>();
    await this.database.stream(`${this.selection()} ORDER BY id`, CHUNK, (_names, rows) => {
      for (const row of rows) add(found, row);
    });
    return found;
  }

  /** Those of some contacts, by their ruid. @throws as SqlDatabase.query() */
  async of(ruids: readonly string[]): Promise<ReadonlyMap<string, ContactAttributes>> {
    const found = new Map<string, Map<string, AvpValue[]>>();
    for (let at = 0; at < ruids.length; at += ASKED) {
      const some = ruids.slice(at, at + ASKED);
      const sql = `${this.selection()} WHERE ruid IN (${some.map(() => '?').join(', ')}) ORDER BY id`;
      for (const row of (await this.database.query(sql, some)).rows) add(found, row);
    }
    return found;
  }

  /** Writes those of contacts in the place of what was there. @throws as SqlDatabase.query() */
  async write(rows: readonly BindingRow[]): Promise<void> {
    await this.delete(rows.map(({ ruid }) => ruid));
    for (const row of rows) {
      for (const [name, values] of row.attributes ?? []) {
        for (const value of values) await this.insert(row, name, value);
      }
    }
  }

  /** @throws as SqlDatabase.query() */
  async delete(ruids: readonly string[]): Promise<void> {
    for (let at = 0; at < ruids.length; at += ASKED) {
      const some = ruids.slice(at, at + ASKED);
      await this.database.query(`DELETE FROM ${this.table} WHERE ruid IN (${some.map(() => '?').join(', ')})`, some);
    }
  }

  /** @param contacts query of their ruids. @throws as SqlDatabase.query() */
  async deleteOf(contacts: string, parameters: readonly SqlValue[]): Promise<void> {
    await this.database.query(`DELETE FROM ${this.table} WHERE ruid IN (${contacts})`, parameters);
  }

  private async insert(row: BindingRow, name: string, value: AvpValue): Promise<void> {
    const [user, domain] = splitAor(row, this.useDomain);
    await this.database.query(
      `INSERT INTO ${this.table} (ruid, username, domain, aname, atype, avalue, last_modified) VALUES (?, ?, ?, ?, ?, ?, ?)`,
      [
        row.ruid,
        decodedText(user),
        domain === null ? null : decodedText(domain),
        cut(name, LONGEST_NAME),
        typeof value === 'string' ? TEXT : NUMBER,
        cut(`${value}`, LONGEST_VALUE),
        writeTime(this.database.kind, row.modified),
      ],
    );
  }

  private selection(): string {
    return `SELECT ruid, aname, atype, avalue FROM ${this.table}`;
  }
}

function cut(text: string, length: number): string {
  return [...decodedText(text)].slice(0, length).join('');
}

function add(found: Map<string, Map<string, AvpValue[]>>, [ruid, name, kind, value]: readonly SqlValue[]): void {
  const text = encodedText(`${value ?? ''}`);
  const number = Number(text);
  const attribute: AvpValue = Number(kind) !== NUMBER || !Number.isSafeInteger(number) ? text : number;
  const key = `${ruid ?? ''}`;
  let record = found.get(key);
  if (record === undefined) {
    record = new Map();
    found.set(key, record);
  }
  const stack = record.get(encodedText(`${name ?? ''}`));
  if (stack === undefined) record.set(encodedText(`${name ?? ''}`), [attribute]);
  else stack.push(attribute);
}
