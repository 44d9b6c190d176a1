/** A row of a table of subscribers: the columns asked for that the table has. Texts are Unicode. */
export type SubscriberRow = ReadonlyMap<string, string | number | null>;

/** What a subscriber's row is written from. */
export interface NewSubscriber {
  readonly user: string;
  readonly domain: string;
  /** HA1s in lower-case hex, see subscriber-table.ts. */
  readonly ha1: string;
  readonly ha1b: string;
  readonly sha256: string;
  readonly sha512t256: string;
  /** In clear; empty, as a rule. */
  readonly password: string;
}

/** Which of a subscriber's secrets are there. */
export interface ListedSubscriber {
  readonly user: string;
  readonly domain: string;
  readonly md5: boolean;
  readonly sha256: boolean;
  readonly sha512t256: boolean;
  readonly clearText: boolean;
}

/** A subscriber's names as they are written. */
export interface Party {
  readonly user: string;
  readonly domain: string;
}

/** Where users and their HA1s are kept. */
export interface SubscriberStore {
  /** For messages: database and table, without secrets. */
  readonly name: string;
  /**
   * One subscriber.
   * @param domain null for any
   * @param columns names of columns; those that the table lacks are left out of the row
   * @returns null when there is none
   * @throws StorageError STORAGE_UNREACHABLE, STORAGE_TIMEOUT, STORAGE_STATEMENT, STORAGE_NO_TABLE, STORAGE_COLUMN
   */
  find(user: string, domain: string | null, columns: readonly string[]): Promise<SubscriberRow | null>;
  /** Adds one. Secrets that the table has no column for are left out. @throws as {@link find}, and STORAGE_EXISTS */
  insert(subscriber: NewSubscriber): Promise<void>;
  /**
   * Writes another password over one's secrets. Names count as they are written, whatever the database compares: they are hashed.
   * @returns false when there is no such subscriber
   */
  update(subscriber: NewSubscriber): Promise<boolean>;
  /** Who differs from these names by letter case at most. */
  spellings(user: string, domain: string): Promise<readonly Party[]>;
  /** @returns false when there was none of exactly this name */
  delete(user: string, domain: string): Promise<boolean>;
  /** All of them in chunks, by user and domain. */
  list(take: (subscribers: readonly ListedSubscriber[]) => void | Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** Names of the columns, as auth_db's parameters give them. */
export interface SubscriberColumns {
  readonly user: string;
  readonly domain: string;
}
