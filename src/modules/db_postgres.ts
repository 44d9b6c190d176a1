import { intParam, listParam } from '../script/module-definition.ts';
import { driverModule } from './support/db-driver.ts';

const RECONNECT = 'ignored: a lost connection is opened again when it is needed';

/** db_postgres: PostgreSQL (postgres://user:password@host/database). */
export const dbPostgres = driverModule('db_postgres', [
  intParam('retries', 2, RECONNECT),
  intParam('timeout', 0, 'ignored: connecting and each statement may take ten seconds'),
  intParam('tcp_keepalive', 0, RECONNECT),
  intParam('lockset', 4, 'ignored: there are no locks'),
  intParam('bytea_output_escape', 1, 'ignored: no binary columns are read'),
  listParam('con_param', 'str', 'ignored: connections have the defaults of the driver'),
]);
