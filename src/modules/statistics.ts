import { defineModule, fn, listParam, ModuleError, type ModuleHost } from '../script/module-definition.ts';
import { parseInteger } from '../script/runtime-convert.ts';
import { ROUTE_ANY, ROUTE_BRANCH, ROUTE_FAILURE, ROUTE_LOCAL, ROUTE_ONREPLY, ROUTE_REQUEST } from '../script/values.ts';
import { failure } from './support/failure.ts';

interface StatisticsModule {
  readonly host: ModuleHost;
}

/** statistics: variables of the script among the server's statistics ($stat). */
export const statistics = defineModule<StatisticsModule>({
  name: 'statistics',
  after: [],
  parameters: [listParam('variable')],
  functions: [
    fn('update_stat', ['str', 'str'], ROUTE_ANY, (m) => (_ctx, name, amount) => {
      // `7` adds seven just as `+7` does, as in Kamailio.
      const value = parseInteger(amount.trim());
      if (Number.isNaN(value)) {
        return failure(m.host.log, 'statistics', `update_stat: "${amount}" is no number`, 'STATISTICS_BAD_ARGUMENT');
      }
      const counter = m.host.statistics.find(name);
      if (counter === undefined) {
        return failure(m.host.log, 'statistics', `update_stat: no variable ${name}`, 'STATISTICS_UNKNOWN');
      }
      counter.value += value;
      return 1;
    }),
    fn(
      'reset_stat',
      ['str'],
      ROUTE_REQUEST | ROUTE_BRANCH | ROUTE_FAILURE | ROUTE_ONREPLY | ROUTE_LOCAL,
      (m) => (_ctx, name) => {
        if (m.host.statistics.reset(name)) return 1;
        return failure(m.host.log, 'statistics', `reset_stat: no variable ${name}`, 'STATISTICS_UNKNOWN');
      },
    ),
  ],
  variables: [],
  transformations: [],
  eventRoutes: [],
  create: (host, parameters) => {
    for (const declaration of parameters.list('variable')) {
      // `name/no_reset`: the flag only concerns the operators' commands.
      const name = `${declaration}`.split('/')[0]?.trim() ?? '';
      if (name === '')
        throw new ModuleError('STATISTICS_DECLARATION', `"${declaration}" names no variable`, 'variable');
      host.statistics.counter('script', name);
    }
    return { host };
  },
});
