import type { ScriptContext } from '../script/context.ts';
import { RUN } from '../script/context.ts';
import { L_NOTICE } from '../script/log.ts';
import {
  defineModule,
  type FunctionDefinition,
  fn,
  intParam,
  ModuleError,
  type ModuleHost,
  strParam,
} from '../script/module-definition.ts';
import { ROUTE_ANY } from '../script/values.ts';
import { CallbackTimer } from '../time/callback-timer.ts';
import { realRandom } from '../time/random.ts';
import { coreHash } from './support/core-hash.ts';
import { failure } from './support/failure.ts';
import { ScriptLocks } from './support/script-locks.ts';

interface CfgutilsModule {
  readonly host: ModuleHost;
  readonly locks: ScriptLocks;
  readonly initialProbability: number;
  /** Probability of rand_event() in percent. */
  probability: number;
  /** Global flags, 32 bits. */
  flags: number;
}

const RAND_MAX = 0x7fffffff;

function fail(m: CfgutilsModule, name: string, text: string, code: string): number {
  return failure(m.host.log, 'cfgutils', `${name}: ${text}`, code);
}

/** Waits without stopping other messages. */
function wait(m: CfgutilsModule, name: string, milliseconds: number): number | Promise<number> {
  if (!(milliseconds >= 0)) return fail(m, name, 'the time is no number', 'CFGUTILS_BAD_ARGUMENT');
  if (milliseconds === 0) return 1;
  return new Promise((resolve) => {
    m.host.wheel.start(new CallbackTimer(() => resolve(1)), milliseconds);
  });
}

function isFlag(flag: number): boolean {
  return Number.isInteger(flag) && flag >= 0 && flag < 32;
}

function flagFunction(
  name: string,
  act: (m: CfgutilsModule, bit: number) => number,
): FunctionDefinition<CfgutilsModule> {
  return fn(name, ['int'], ROUTE_ANY, (m) => (_ctx, flag) => {
    return isFlag(flag) ? act(m, (1 << flag) >>> 0) : fail(m, name, `no flag ${flag}`, 'CFGUTILS_BAD_FLAG');
  });
}

/** Kamailio's memory reports have no counterpart; the process's memory is what an operator wants to know here. */
function memoryFunction(name: string): FunctionDefinition<CfgutilsModule> {
  return fn(
    name,
    [],
    ROUTE_ANY,
    (m) => () => {
      const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
      const text = `${name}: rss=${rss} heap_used=${heapUsed} heap_total=${heapTotal} external=${external}`;
      m.host.log.write(L_NOTICE, 'cfgutils', text);
      return 1;
    },
    { support: 'partly: reports the memory of the process' },
  );
}

/** route_if_exists(): the route's value; -1 when there is none. What ends the script in there ends it here too. */
function runRoute(m: CfgutilsModule, ctx: ScriptContext, name: string): number | Promise<number> {
  const route = ctx.program.route('route', name);
  if (route === null) return -1;
  if (ctx.depth >= m.host.settings.maxRecursiveLevel) {
    return fail(m, 'route_if_exists', `routes are nested too deeply at ${name}`, 'CFGUTILS_RECURSION');
  }
  ctx.depth++;
  const done = (value: number): number => {
    ctx.depth--;
    return ctx.stop === RUN ? value : 0;
  };
  let value: number | Promise<number>;
  try {
    value = route(ctx);
  } catch (error) {
    ctx.depth--;
    throw error;
  }
  if (typeof value === 'number') return done(value);
  return value.then(done, (error: unknown) => {
    ctx.depth--;
    throw error;
  });
}

/** cfgutils: chance, waiting, global flags, locks, routes by name. */
export const cfgutils = defineModule<CfgutilsModule>({
  name: 'cfgutils',
  after: [],
  parameters: [
    intParam('initial_probability', 10),
    intParam('initial_gflags', 0),
    intParam('lock_set_size', 0, 'ignored: every key has a lock of its own'),
    strParam('hash_file', null, 'ignored: only RPC commands compare the file'),
  ],
  functions: [
    fn('rand_set_prob', ['int'], ROUTE_ANY, (m) => (_ctx, percent) => {
      if (!(percent >= 0 && percent <= 100))
        return fail(m, 'rand_set_prob', `no probability ${percent}`, 'CFGUTILS_BAD_ARGUMENT');
      m.probability = percent;
      return 1;
    }),
    fn('rand_reset_prob', [], ROUTE_ANY, (m) => () => {
      m.probability = m.initialProbability;
      return 1;
    }),
    fn('rand_get_prob', [], ROUTE_ANY, (m) => () => m.probability),
    fn('rand_event', [], ROUTE_ANY, (m) => () => (realRandom.uint32() / 0x100000000 < m.probability / 100 ? 1 : -1)),
    fn('sleep', ['int'], ROUTE_ANY, (m) => (_ctx, seconds) => wait(m, 'sleep', seconds * 1000), { async: true }),
    fn('usleep', ['int'], ROUTE_ANY, (m) => (_ctx, micros) => wait(m, 'usleep', micros / 1000), { async: true }),
    fn('abort', [], ROUTE_ANY, (m) => () => {
      fail(m, 'abort', 'the script ends the process', 'CFGUTILS_ABORT');
      process.abort();
    }),
    memoryFunction('pkg_status'),
    memoryFunction('pkg_summary'),
    memoryFunction('shm_status'),
    memoryFunction('shm_summary'),
    flagFunction('set_gflag', (m, bit) => {
      m.flags = (m.flags | bit) >>> 0;
      return 1;
    }),
    flagFunction('reset_gflag', (m, bit) => {
      m.flags = (m.flags & ~bit) >>> 0;
      return 1;
    }),
    flagFunction('is_gflag', (m, bit) => ((m.flags & bit) !== 0 ? 1 : -1)),
    fn('lock', ['str', 'str?'], ROUTE_ANY, (m) => (ctx, key) => m.locks.lock(ctx, key), { async: true }),
    fn('unlock', ['str', 'str?'], ROUTE_ANY, (m) => (ctx, key) => {
      m.locks.unlock(ctx, key);
      return 1;
    }),
    fn('trylock', ['str', 'str?'], ROUTE_ANY, (m) => (ctx, key) => (m.locks.tryLock(ctx, key) ? 1 : -1)),
    fn('check_route_exists', ['str'], ROUTE_ANY, () => (ctx, name) => {
      return ctx.program.route('route', name) === null ? -1 : 1;
    }),
    fn('route_if_exists', ['str'], ROUTE_ANY, (m) => (ctx, name) => runRoute(m, ctx, name), { async: true }),
    // One more than the hash: a function that returns 0 would end the script.
    fn('core_hash', ['str', 'str', 'int'], ROUTE_ANY, () => (_ctx, a, b, bits) => coreHash([a, b], bits) + 1),
  ],
  variables: [
    {
      name: 'RANDOM',
      writable: false,
      inner: 'none',
      support: 'yes',
      bind: () => (_inner, _index, text) => {
        return { text, get: () => realRandom.uint32() & RAND_MAX, int: null, set: null };
      },
    },
  ],
  transformations: [],
  eventRoutes: [],
  create: (host, parameters) => {
    const probability = parameters.int('initial_probability');
    if (!(probability >= 0 && probability <= 100)) {
      throw new ModuleError('CFGUTILS_PROBABILITY', 'a probability is 0 to 100 percent', 'initial_probability');
    }
    return {
      host,
      locks: new ScriptLocks(host.wheel, host.log),
      initialProbability: probability,
      probability,
      flags: parameters.int('initial_gflags') >>> 0,
    };
  },
  stop: (module) => module.locks.clear(),
});
