import type { BindingRow } from '../registrar/binding.ts';

/** Numbers of a table of contacts. */
export interface LocationCounts {
  readonly users: number;
  readonly contacts: number;
  readonly expired: number;
}

/** Where contacts are kept: a table like Kamailio's `location`. All calls throw StorageError. */
export interface LocationStore {
  /** For messages: database and table, without secrets. */
  readonly name: string;
  /** Reads every contact in chunks; a chunk is taken before the next one is read. */
  readAll(take: (rows: readonly BindingRow[]) => void | Promise<void>): Promise<void>;
  /** Contacts of one address of record. */
  read(aor: string): Promise<readonly BindingRow[]>;
  /** Adds contacts, or gives those of the same ruid new values. */
  write(rows: readonly BindingRow[]): Promise<void>;
  /** Deletes contacts; those that are not there do not matter. */
  delete(ruids: readonly string[]): Promise<void>;
  /** Deletes contacts that have ended. @param now seconds since 1970 @returns how many */
  deleteExpired(now: number): Promise<number>;
  /** @param now seconds since 1970 */
  count(now: number): Promise<LocationCounts>;
  close(): Promise<void>;
}
