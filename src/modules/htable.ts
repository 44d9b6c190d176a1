import { L_WARN, type Log } from '../script/log.ts';
import {
  defineModule,
  intParam,
  listParam,
  ModuleError,
  type ModuleHost,
  strParam,
} from '../script/module-definition.ts';
import { RegexCache } from '../script/regex.ts';
import { HTABLE_COMMANDS } from './htable/commands.ts';
import { HtableDatabase } from './htable/database.ts';
import { parseTable } from './htable/definition.ts';
import { ExpirySweep } from './htable/expiry.ts';
import { HTABLE_FUNCTIONS } from './htable/functions.ts';
import type { HtableModule } from './htable/instance.ts';
import { Table } from './htable/table.ts';
import { HTABLE_VARIABLES } from './htable/variables.ts';
import { ScriptLocks } from './support/script-locks.ts';

const NO_PEERS = 'no: tables are not replicated to other servers';

/** Makes the tables that the parameters define. */
function makeTables(host: ModuleHost, definitions: readonly (string | number)[], limit: number): Map<string, Table> {
  const tables = new Map<string, Table>();
  for (const text of definitions) {
    const definition = parseTable(`${text}`);
    if (typeof definition === 'string') throw new ModuleError('HTABLE_DEFINITION', definition, 'htable');
    const { name, withoutEffect } = definition;
    if (tables.has(name)) throw new ModuleError('HTABLE_DEFINITION', `table ${name} is defined twice`, 'htable');
    for (const attribute of withoutEffect)
      host.log.write(L_WARN, 'htable', `table ${name}: ${attribute} has no effect`, 'HTABLE_NO_EFFECT');
    tables.set(name, new Table(definition, host.clock, limit));
  }
  return tables;
}

/** The log of the locks, which speak of themselves as cfgutils'. */
function lockLog(log: Log): Log {
  return {
    get level() {
      return log.level;
    },
    write: (level, _module, text) => log.write(level, 'htable', `sht_${text}`, 'HTABLE_LOCK_TIMEOUT'),
  };
}

/** htable: tables in memory that all messages share, with entries that expire. */
export const htable = defineModule<HtableModule>({
  name: 'htable',
  after: [],
  parameters: [
    listParam(
      'htable',
      'str',
      'partly: name, autoexpire, initval, updateexpire, dbtable, dbmode; size is not needed; cols and its relatives, dmqreplicate have no effect',
    ),
    intParam('timer_interval', 20),
    intParam('max_entries', 1_000_000, 'yes: most entries of each table; a new one is refused then'),
    intParam('timer_procs', 0, 'ignored: one timer does the work'),
    strParam('db_url', null),
    intParam('db_expires', 0),
    intParam('fetch_rows', 100, 'ignored: rows come in chunks of 1000'),
    strParam('key_name_column', 'key_name'),
    strParam('key_type_column', 'key_type'),
    strParam('value_type_column', 'value_type'),
    strParam('key_value_column', 'key_value'),
    strParam('expires_column', 'expires'),
    strParam('array_size_suffix', '::size'),
    intParam('enable_dmq', 0, NO_PEERS),
    intParam('dmq_init_sync', 0, NO_PEERS),
    strParam('dmq_peer_id', 'htable', NO_PEERS),
    strParam('event_callback', null, 'no: no KEMI callbacks'),
    intParam('event_callback_mode', 0, 'no: no KEMI callbacks'),
  ],
  functions: HTABLE_FUNCTIONS,
  variables: HTABLE_VARIABLES,
  transformations: [],
  eventRoutes: ['htable:mod-init', 'htable:expired*'],
  create: (host, parameters) => {
    const limit = parameters.int('max_entries');
    if (!(limit > 0)) throw new ModuleError('HTABLE_LIMIT', 'a table takes at least one entry', 'max_entries');
    const tables = makeTables(host, parameters.list('htable'), limit);
    const stored = [...tables.values()]
      .filter(({ dbTable }) => dbTable !== '')
      .map((table) => ({ table, name: table.dbTable, keep: table.dbKeep }));
    const hasUrl = parameters.str('db_url') !== '';
    if (stored.length > 0 && !hasUrl)
      host.log.write(L_WARN, 'htable', 'dbtable has no effect without db_url', 'HTABLE_NO_EFFECT');
    return {
      host,
      tables,
      database: hasUrl && stored.length > 0 ? new HtableDatabase(host, parameters, stored) : null,
      locks: new ScriptLocks(host.wheel, lockLog(host.log)),
      regexes: new RegexCache(),
      sweep: new ExpirySweep(host, tables.values(), Math.max(parameters.int('timer_interval'), 1) * 1000),
    };
  },
  rpc: HTABLE_COMMANDS,
  start: (module, program) => module.sweep.begin(program),
  open: async (module) => module.database?.loadAll(),
  drain: async (module) => module.database?.storeKept(),
  stop: (module) => {
    module.sweep.end();
    module.database?.close();
    module.locks.clear();
  },
});
