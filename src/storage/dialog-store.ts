/** A call as Kamailio's table `dialog` has it, with its variables. Texts are Unicode; times are seconds since 1970. */
export interface DialogRow {
  readonly entry: number;
  readonly id: number;
  readonly callId: string;
  readonly fromUri: string;
  readonly fromTag: string;
  readonly toUri: string;
  readonly toTag: string;
  readonly callerCSeq: string;
  readonly calleeCSeq: string;
  /** Comma-separated; empty for none. */
  readonly callerRoutes: string;
  readonly calleeRoutes: string;
  readonly callerContact: string;
  readonly calleeContact: string;
  /** `proto:address:port` */
  readonly callerSocket: string;
  readonly calleeSocket: string;
  readonly state: number;
  readonly startTime: number;
  readonly timeout: number;
  readonly scriptFlags: number;
  readonly properties: number;
  readonly timeoutRoute: string;
  readonly requestUri: string;
  /** JSON: the profiles. */
  readonly extra: string;
  readonly variables: ReadonlyMap<string, string>;
}

/** Names of a call's row. */
export type DialogKey = Pick<DialogRow, 'entry' | 'id'>;

/** Where calls outlive the process. Writers take care that there is one write at a time for each call. */
export interface DialogStore {
  /** For messages: database and table, without secrets. */
  readonly name: string;
  /**
   * Reads every call in chunks; a chunk is taken before the next one is read.
   * @throws StorageError STORAGE_UNREACHABLE, STORAGE_DENIED, STORAGE_TIMEOUT, STORAGE_STATEMENT, STORAGE_NO_TABLE, STORAGE_COLUMN,
   *   STORAGE_TABLE_VERSION
   */
  readAll(take: (rows: readonly DialogRow[]) => void): Promise<void>;
  /** Writes a call as it is now, new or not. @throws as {@link readAll} */
  save(row: DialogRow): Promise<void>;
  /** Deletes a call with its variables; one that is not there is no failure. @throws as {@link readAll} */
  delete(key: DialogKey): Promise<void>;
  close(): Promise<void>;
}
