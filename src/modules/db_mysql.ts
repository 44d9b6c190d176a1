import { intParam, strParam } from '../script/module-definition.ts';
import { driverModule } from './support/db-driver.ts';

const TIME = 'ignored: connecting and each statement may take ten seconds';
const RECONNECT = 'ignored: a lost connection is opened again when it is needed';

/** db_mysql: MySQL and MariaDB (mysql://user:password@host/database). */
export const dbMysql = driverModule('db_mysql', [
  intParam('ping_interval', 300, RECONNECT),
  intParam('timeout_interval', 2, TIME),
  intParam('connect_timeout', 2, TIME),
  intParam('receive_timeout', 2, TIME),
  intParam('send_timeout', 2, TIME),
  intParam('auto_reconnect', 1, RECONNECT),
  intParam('retries', 2, RECONNECT),
  intParam('insert_delayed', 0, 'ignored: nothing is inserted'),
  intParam('update_affected_found', 0, 'ignored: nothing is updated'),
  intParam('server_timezone', 0, 'ignored: no times are read'),
  intParam('unsigned_type', 0, 'ignored: integers have one type'),
  intParam('opt_ssl_mode', 0, 'ignored: connections to the database are not encrypted; use a local socket or a tunnel'),
  strParam('opt_ssl_ca', '', 'ignored: see opt_ssl_mode'),
]);
