import type { AnyModule } from '../script/module-definition.ts';
import { acc } from './acc.ts';
import { aliasDb } from './alias_db.ts';
import { appTs } from './app_ts.ts';
import { auth } from './auth.ts';
import { authDb } from './auth_db.ts';
import { cfgRpc } from './cfg_rpc.ts';
import { cfgutils } from './cfgutils.ts';
import { corex } from './corex.ts';
import { counters } from './counters.ts';
import { ctl } from './ctl.ts';
import { dbMysql } from './db_mysql.ts';
import { dbPostgres } from './db_postgres.ts';
import { dbSqlite } from './db_sqlite.ts';
import { debuggerModule } from './debugger.ts';
import { dialog } from './dialog.ts';
import { domain } from './domain.ts';
import { htable } from './htable.ts';
import { jsonrpcs } from './jsonrpcs.ts';
import { kex } from './kex.ts';
import { maxfwd } from './maxfwd.ts';
import { nathelper } from './nathelper.ts';
import { path } from './path.ts';
import { permissions } from './permissions.ts';
import { pike } from './pike.ts';
import { pv } from './pv.ts';
import { registrar } from './registrar.ts';
import { rr } from './rr.ts';
import { sanity } from './sanity.ts';
import { siputils } from './siputils.ts';
import { sl } from './sl.ts';
import { speeddial } from './speeddial.ts';
import { sqlops } from './sqlops.ts';
import { statistics } from './statistics.ts';
import { textops } from './textops.ts';
import { textopsx } from './textopsx.ts';
import { tls } from './tls.ts';
import { tm } from './tm.ts';
import { tmx } from './tmx.ts';
import { uac } from './uac.ts';
import { uriDb } from './uri_db.ts';
import { usrloc } from './usrloc.ts';
import { websocket } from './websocket.ts';
import { xhttp } from './xhttp.ts';
import { xlog } from './xlog.ts';

const all: readonly AnyModule[] = [
  acc,
  aliasDb,
  appTs,
  auth,
  authDb,
  cfgRpc,
  cfgutils,
  corex,
  counters,
  ctl,
  dbMysql,
  dbPostgres,
  dbSqlite,
  debuggerModule,
  dialog,
  domain,
  htable,
  jsonrpcs,
  kex,
  maxfwd,
  nathelper,
  path,
  permissions,
  pike,
  pv,
  registrar,
  rr,
  sanity,
  siputils,
  sl,
  speeddial,
  sqlops,
  statistics,
  textops,
  textopsx,
  tls,
  tm,
  tmx,
  uac,
  uriDb,
  usrloc,
  websocket,
  xhttp,
  xlog,
];

/** Every module of this server, by Kamailio's name. */
export const modules: ReadonlyMap<string, AnyModule> = new Map(all.map((module) => [module.definition.name, module]));
