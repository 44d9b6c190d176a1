import { L_ERR } from '../script/log.ts';
import { defineModule, fn, intParam, listParam, type ModuleHost, strParam } from '../script/module-definition.ts';
import { ROUTE_ANY, ROUTE_ONREPLY, ROUTE_REQUEST } from '../script/values.ts';
import { failure } from './support/failure.ts';

const NO_TRACE =
  'no: statements are not traced; "trunkline check" shows what a configuration does wrong, xlog() where it goes';
const NO_LEVELS = 'no: there is one log level, that of debug';
const LEVELS: Readonly<Record<string, number>> = { A: -5, B: -4, C: -3, E: -1, W: 0, N: 1, I: 2, D: 3 };

function unsupported(host: ModuleHost, name: string): number {
  return failure(host.log, 'debugger', `${name}() is not offered`, 'DEBUGGER_NOT_SUPPORTED');
}

/** debugger: what of it is not a matter of Kamailio's own interpreter. */
export const debuggerModule = defineModule<ModuleHost>({
  name: 'debugger',
  after: [],
  parameters: [
    intParam('cfgtrace', 0, NO_TRACE),
    intParam('cfgtrace_format', 0, NO_TRACE),
    intParam('cfgpkgcheck', 0, 'ignored: there is no package memory'),
    intParam('cfgtest', 0, NO_TRACE),
    intParam('breakpoint', 0, NO_TRACE),
    intParam('log_assign', 0, NO_TRACE),
    intParam('log_level', -1, 'ignored: it is that of the trace'),
    strParam('log_level_name', null, 'ignored: it is that of the trace'),
    strParam('log_facility', null, 'ignored: the log has no facilities'),
    strParam('log_prefix', '*** cfgtrace:', 'ignored: it is that of the trace'),
    intParam('step_usleep', 100_000, NO_TRACE),
    intParam('step_loops', 200, NO_TRACE),
    intParam('mod_hash_size', 0, 'ignored: there are no levels of single modules'),
    intParam('mod_level_mode', 0, NO_LEVELS),
    listParam('mod_level', 'str', NO_LEVELS),
    intParam('mod_facility_mode', 0, 'ignored: the log has no facilities'),
    listParam('mod_facility', 'str', 'ignored: the log has no facilities'),
    intParam('reset_msgid', 0, 'ignored: messages are counted from the start'),
  ],
  functions: [
    fn(
      'dbg_sip_msg',
      ['const?', 'const?'],
      ROUTE_REQUEST | ROUTE_ONREPLY,
      (host) => (ctx, level) => {
        const letter = /^L_([A-Z])/.exec(level ?? '')?.[1] ?? '';
        host.log.write(LEVELS[letter] ?? L_ERR, 'debugger', ctx.message.raw);
        return 1;
      },
      { support: 'partly: the message as it was received; changes are not shown' },
    ),
    fn('dbg_breakpoint', ['const'], ROUTE_ANY, (host) => () => unsupported(host, 'dbg_breakpoint'), {
      support: 'no: a script cannot be held up',
    }),
    fn('dbg_pv_dump', ['int?', 'const?'], ROUTE_ANY, (host) => () => unsupported(host, 'dbg_pv_dump'), {
      support: 'no: print the variables that matter with xlog()',
    }),
  ],
  variables: [],
  transformations: [],
  eventRoutes: [],
  create: (host) => host,
});
