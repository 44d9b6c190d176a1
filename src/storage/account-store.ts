import type { AccountRow } from '../uac/registration/account-row.ts';

/** Where accounts come from. Read-only for the engine, as Kamailio's table is. */
export interface AccountStore {
  /** For messages: database and table, without secrets. */
  readonly name: string;
  /**
   * Reads every account in chunks of at most 1000; a chunk is taken before the next one is read.
   * @throws StorageError STORAGE_UNREACHABLE, STORAGE_TIMEOUT, STORAGE_STATEMENT, STORAGE_NO_TABLE, STORAGE_TABLE_VERSION, STORAGE_COLUMN
   */
  readAll(take: (rows: readonly AccountRow[]) => void | Promise<void>): Promise<void>;
  /** One account, null when there is none. @throws as {@link readAll} */
  read(uuid: string): Promise<AccountRow | null>;
  /** Adds a row (`trunkline reg add --save`). @throws as {@link readAll}, and STORAGE_EXISTS */
  insert(row: AccountRow): Promise<void>;
  /** Deletes a row. @returns false when there was none */
  delete(uuid: string): Promise<boolean>;
  close(): Promise<void>;
}
