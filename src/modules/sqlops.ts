import { defineModule, intParam, listParam } from '../script/module-definition.ts';
import { openConnections, probe, type SqlopsModule } from './sqlops/connections.ts';
import { SQLOPS_FUNCTIONS } from './sqlops/functions.ts';
import { SQLOPS_VARIABLES } from './sqlops/variables.ts';

interface Instance extends SqlopsModule {
  /** connect_mode: 0 asks every database at the start. */
  readonly connectMode: number;
}

/** sqlops: statements of the script's own. A route that runs one waits for it; other messages do not. */
export const sqlops = defineModule<Instance>({
  name: 'sqlops',
  after: [],
  parameters: [
    listParam('sqlcon'),
    listParam('sqlres', 'str', 'ignored: results are made when they are used'),
    intParam('connect_mode', 0, 'partly: the start never fails for a database that is down; with 0 it is logged'),
    intParam('results_maxsize', 32, 'ignored: there is no limit'),
    intParam('log_buf_size', 128, 'ignored: statements are not logged, they may hold passwords'),
    intParam('tr_buf_size', 2048, 'ignored: there is no buffer'),
  ],
  functions: SQLOPS_FUNCTIONS,
  variables: SQLOPS_VARIABLES,
  transformations: [],
  eventRoutes: [],
  create: (host, parameters) => ({
    host,
    ...openConnections(host, parameters.list('sqlcon')),
    connectMode: parameters.int('connect_mode'),
    pending: 0,
  }),
  start: (module) => {
    if (module.connectMode === 0) probe(module);
  },
  stop: (module) => {
    for (const release of module.releases) release();
  },
});
