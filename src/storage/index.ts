export type { AccountStore } from './account-store.ts';
export { openDatabase } from './database.ts';
export { STORAGE_ERRORS, StorageError, type StorageErrorCode } from './errors.ts';
export { type DatabaseReport, inspectDatabase } from './inspect.ts';
export type { DatabaseKind, DatabaseOptions, SqlDatabase, SqlResult, SqlValue } from './sql-database.ts';
export { ensureTables, initTables, type TableMade } from './tables.ts';
export { openAccountStore } from './uacreg.ts';
export { type DatabaseAddress, parseDatabaseUrl } from './url.ts';
