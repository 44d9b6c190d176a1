import { sanitizeReason } from '../message/sanitize.ts';
import type { ErrorExplanation } from '../transport/errors.ts';

/** Every error code of the storage layer, with its explanation. Listed in docs/errors.md. */
export const STORAGE_ERRORS = {
  STORAGE_URL: {
    explanation: 'The address of a database is none that can be used: unknown kind, or a part is missing.',
    action:
      'Write sqlite:////absolute/path, mysql://user:password@host[:port]/database or postgres://user:password@host[:port]/database.',
  },
  STORAGE_UNREACHABLE: {
    explanation:
      'The database cannot be reached, or the connection broke: server down, wrong host or port, file that cannot be opened.',
    action:
      'Start the database, and check host, port and firewall; for SQLite the path and its permissions ("trunkline db init URL" makes the file).',
  },
  STORAGE_DENIED: {
    explanation: 'The database refused the user, the password, or the access to this database.',
    action: 'Check user, password and database in the URL, and the rights granted to that user.',
  },
  STORAGE_TIMEOUT: {
    explanation:
      'The database did not answer in time, or the SQLite file was locked by another process for too long; the connection was given up.',
    action: 'Check the load of the database, and statements or transactions that hold locks.',
  },
  STORAGE_STATEMENT: {
    explanation: 'The database refused a statement.',
    action: 'Read its own words in the message.',
  },
  STORAGE_EXISTS: {
    explanation: 'A row with this unique key is in the table already.',
    action: 'Choose another l_uuid, or delete the row first.',
  },
  STORAGE_NO_TABLE: {
    explanation: 'The database has no table of this name.',
    action: 'Run "trunkline db init URL", or Kamailio’s kamdbctl; check that the URL names the right database.',
  },
  STORAGE_TABLE_VERSION: {
    explanation: 'The row of the table "version" says that the table’s layout is one that this server does not know.',
    action:
      'Bring the table to version 6 (or 1 to 5), or correct the row; "trunkline db check URL" shows what is there.',
  },
  STORAGE_COLUMN: {
    explanation: 'The table lacks a column that its version should have.',
    action: 'Add the column (ALTER TABLE); "trunkline db check URL" lists those that are missing.',
  },
  STORAGE_TABLE_NAME: {
    explanation: 'A table’s name may have letters, digits and underscores only.',
    action: 'Correct the name in the parameter (such as reg_db_table) or option (--table).',
  },
  STORAGE_CLOSED: {
    explanation: 'The database was closed while a statement was under way, or before it.',
    action: 'Nothing: the server is stopping.',
  },
} as const satisfies Record<string, ErrorExplanation>;

/** Code of a failure in the storage layer; {@link STORAGE_ERRORS} explains it. */
export type StorageErrorCode = keyof typeof STORAGE_ERRORS;

/** A database failed. The message is one line, names the database, and holds no password. */
export class StorageError extends Error {
  readonly code: StorageErrorCode;

  /**
   * @param code one of {@link STORAGE_ERRORS}
   * @param message may hold a server's own words: line ends and controls are taken out
   */
  constructor(code: StorageErrorCode, message: string) {
    super(sanitizeReason(message));
    this.name = 'StorageError';
    this.code = code;
  }
}
