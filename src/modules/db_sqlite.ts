import { listParam } from '../script/module-definition.ts';
import { driverModule } from './support/db-driver.ts';

/** db_sqlite: SQLite files (sqlite:////path). */
export const dbSqlite = driverModule('db_sqlite', [
  listParam('db_set_busy_timeout', 'str', 'ignored: a locked file is waited for as long as a statement may take'),
  listParam('db_set_journal_mode', 'str', 'ignored: the journal stays as the file has it'),
  listParam('db_set_readonly', 'str', 'ignored: the server changes no rows'),
]);
