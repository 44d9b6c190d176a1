import { openDatabase } from './database.ts';
import { StorageError } from './errors.ts';
import type { SqlDatabase, SqlValue } from './sql-database.ts';
import type {
  ListedSubscriber,
  NewSubscriber,
  Party,
  SubscriberColumns,
  SubscriberRow,
  SubscriberStore,
} from './subscriber-store.ts';
import { SUBSCRIBER } from './subscriber-table.ts';
import { checkTableName, columnsOf } from './table-version.ts';

const CHUNK = 1000;
const COLUMNS: SubscriberColumns = { user: 'username', domain: 'domain' };

/** Columns of secrets, and the field of {@link NewSubscriber} that is written to each. */
const SECRETS: readonly (readonly [column: string, field: Exclude<keyof NewSubscriber, 'user' | 'domain'>])[] = [
  ['password', 'password'],
  ['ha1', 'ha1'],
  ['ha1b', 'ha1b'],
  ['ha1_sha256', 'sha256'],
  ['ha1_sha512t256', 'sha512t256'],
];

/**
 * The users of a table like `subscriber` of OpenSER, OpenSIPS or Kamailio: whatever columns it has are used.
 * @param source URL of a database, or one that is open; {@link SubscriberStore.close} closes it either way
 * @throws StorageError STORAGE_URL, STORAGE_TABLE_NAME
 */
export function openSubscriberStore(
  source: string | SqlDatabase,
  table: string = SUBSCRIBER,
  columns: SubscriberColumns = COLUMNS,
): SubscriberStore {
  for (const name of [table, columns.user, columns.domain]) checkTableName(name);
  return new SqlSubscriberStore(typeof source === 'string' ? openDatabase(source) : source, table, columns);
}

class SqlSubscriberStore implements SubscriberStore {
  private readonly database: SqlDatabase;
  private readonly table: string;
  private readonly columns: SubscriberColumns;
  /** Columns that the table has; null until it was looked at. */
  private present: ReadonlySet<string> | null = null;

  constructor(database: SqlDatabase, table: string, columns: SubscriberColumns) {
    this.database = database;
    this.table = table;
    this.columns = columns;
  }

  get name(): string {
    return `table ${this.table} of ${this.database.name}`;
  }

  async find(user: string, domain: string | null, columns: readonly string[]): Promise<SubscriberRow | null> {
    try {
      return await this.read(user, domain, columns);
    } catch (error) {
      // The table was changed since it was looked at.
      if (!(error instanceof StorageError) || error.code !== 'STORAGE_COLUMN' || this.present === null) throw error;
      this.present = null;
      return this.read(user, domain, columns);
    }
  }

  async insert(subscriber: NewSubscriber): Promise<void> {
    const fields = await this.secrets(subscriber);
    const names = [this.columns.user, this.columns.domain, ...fields.map(([name]) => name)];
    const values = [subscriber.user, subscriber.domain, ...fields.map(([, value]) => value)];
    const marks = names.map(() => '?').join(', ');
    await this.database.query(`INSERT INTO ${this.table} (${names.join(', ')}) VALUES (${marks})`, values);
  }

  async update(subscriber: NewSubscriber): Promise<boolean> {
    const { user, domain } = this.columns;
    // An update that changes nothing counts no rows in MySQL, and one that spells the name otherwise finds its row there.
    if (!(await this.isSpelled(subscriber.user, subscriber.domain))) return false;
    const fields = await this.secrets(subscriber);
    const set = fields.map(([name]) => `${name} = ?`).join(', ');
    const values = [...fields.map(([, value]) => value), subscriber.user, subscriber.domain];
    await this.database.query(`UPDATE ${this.table} SET ${set} WHERE ${user} = ? AND ${domain} = ?`, values);
    return true;
  }

  async delete(user: string, domain: string): Promise<boolean> {
    const { columns } = this;
    if (!(await this.isSpelled(user, domain))) return false;
    const statement = `DELETE FROM ${this.table} WHERE ${columns.user} = ? AND ${columns.domain} = ?`;
    return (await this.database.query(statement, [user, domain])).affected > 0;
  }

  async list(take: (subscribers: readonly ListedSubscriber[]) => void | Promise<void>): Promise<void> {
    const { user, domain } = this.columns;
    const there = await this.there();
    const has = (name: string): string => (there.has(name) ? `CASE WHEN ${name} <> '' THEN 1 ELSE 0 END` : '0');
    const secrets = ['ha1', 'ha1_sha256', 'ha1_sha512t256', 'password'].map(has).join(', ');
    const statement = `SELECT ${user}, ${domain}, ${secrets} FROM ${this.table} ORDER BY ${user}, ${domain}`;
    await this.database.stream(statement, CHUNK, (_names, rows) => take(rows.map(listed)));
  }

  async spellings(user: string, domain: string): Promise<readonly Party[]> {
    const { columns } = this;
    const lower = (text: string): string => `LOWER(${text})`;
    const where = `${lower(columns.user)} = ${lower('?')} AND ${lower(columns.domain)} = ${lower('?')}`;
    const statement = `SELECT ${columns.user}, ${columns.domain} FROM ${this.table} WHERE ${where}`;
    const { rows } = await this.database.query(statement, [user, domain]);
    return rows.map(([name, realm]) => ({ user: `${name ?? ''}`, domain: `${realm ?? ''}` }));
  }

  close(): Promise<void> {
    return this.database.close();
  }

  private async isSpelled(user: string, domain: string): Promise<boolean> {
    return (await this.spellings(user, domain)).some((one) => one.user === user && one.domain === domain);
  }

  private async read(user: string, domain: string | null, columns: readonly string[]): Promise<SubscriberRow | null> {
    const there = await this.there();
    const wanted = [...new Set(columns)].filter((name) => there.has(name.toLowerCase()));
    for (const name of wanted) checkTableName(name);
    const names = [this.columns.user, ...wanted];
    const byDomain = domain === null ? '' : ` AND ${this.columns.domain} = ?`;
    const { rows } = await this.database.query(
      `SELECT ${names.join(', ')} FROM ${this.table} WHERE ${this.columns.user} = ?${byDomain}`,
      domain === null ? [user] : [user, domain],
    );
    // MySQL compares without case: who is written exactly so goes first. Without accents and blanks at the end, too: they are no spelling of a name.
    const lower = user.toLowerCase();
    const row = rows.find(([name]) => name === user) ?? rows.find(([name]) => `${name}`.toLowerCase() === lower);
    return row === undefined
      ? null
      : new Map(wanted.map((name, index): [string, SqlValue] => [name, row[index + 1] ?? null]));
  }

  private async secrets(subscriber: NewSubscriber): Promise<readonly (readonly [string, string])[]> {
    const there = await this.there();
    return SECRETS.filter(([column]) => there.has(column)).map(
      ([column, field]) => [column, subscriber[field]] as const,
    );
  }

  private async there(): Promise<ReadonlySet<string>> {
    this.present ??= new Set(await columnsOf(this.database, this.table));
    return this.present;
  }
}

function listed(row: readonly SqlValue[]): ListedSubscriber {
  const [user, domain, md5, sha256, sha512t256, clear] = row;
  const yes = (value: SqlValue | undefined): boolean => Number(value) === 1;
  return {
    user: `${user ?? ''}`,
    domain: `${domain ?? ''}`,
    md5: yes(md5),
    sha256: yes(sha256),
    sha512t256: yes(sha512t256),
    clearText: yes(clear),
  };
}
