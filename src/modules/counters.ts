import { defineModule, fn, listParam, ModuleError, type ModuleHost, strParam } from '../script/module-definition.ts';
import type { Counter } from '../script/statistics.ts';
import { ROUTE_FAILURE, ROUTE_ONREPLY, ROUTE_ONSEND, ROUTE_REQUEST } from '../script/values.ts';
import { failure } from './support/failure.ts';

interface CountersModule {
  readonly host: ModuleHost;
  /** Group of counters that are declared or named without one. */
  readonly group: string;
  /** Declared counters by `group.name`. */
  readonly counters: ReadonlyMap<string, Counter>;
}

const ROUTES = ROUTE_REQUEST | ROUTE_ONREPLY | ROUTE_FAILURE | ROUTE_ONSEND;

/** Splits `[group.]name`. */
function full(name: string, group: string): string {
  return name.includes('.') ? name : `${group}.${name}`;
}

/** Does something with a declared counter. @returns 1, -1 (logged) for an unknown one */
function change(m: CountersModule, name: string, which: string, act: (counter: Counter) => void): number {
  const counter = m.counters.get(full(which, m.group));
  if (counter === undefined) {
    return failure(m.host.log, 'counters', `${name}: no counter ${which}`, 'COUNTERS_UNKNOWN');
  }
  act(counter);
  return 1;
}

/** counters: counters of the script's own, seen by $stat and the operators' commands. */
export const counters = defineModule<CountersModule>({
  name: 'counters',
  after: [],
  parameters: [listParam('script_counter'), strParam('script_cnt_grp_name', 'script')],
  functions: [
    fn('cnt_inc', ['const'], ROUTES, (m) => (_ctx, which) => {
      return change(m, 'cnt_inc', which, (counter) => {
        counter.value++;
      });
    }),
    fn('cnt_add', ['const', 'int'], ROUTES, (m) => (_ctx, which, amount) => {
      if (Number.isNaN(amount)) return -1;
      return change(m, 'cnt_add', which, (counter) => {
        counter.value += amount;
      });
    }),
    fn('cnt_reset', ['const'], ROUTES, (m) => (_ctx, which) => {
      return change(m, 'cnt_reset', which, (counter) => {
        counter.value = 0;
      });
    }),
  ],
  variables: [],
  transformations: [],
  eventRoutes: [],
  create: (host, parameters) => {
    const group = parameters.str('script_cnt_grp_name');
    const made = new Map<string, Counter>();
    for (const declaration of parameters.list('script_counter')) {
      // `[group.]name`, then a description behind a blank or colon.
      const name = /^[^\s:]+/.exec(`${declaration}`)?.[0];
      if (name === undefined) {
        throw new ModuleError('COUNTERS_DECLARATION', `"${declaration}" names no counter`, 'script_counter');
      }
      const key = full(name, group);
      const dot = key.indexOf('.');
      made.set(key, host.statistics.counter(key.slice(0, dot), key.slice(dot + 1)));
    }
    return { host, group, counters: made };
  },
});
