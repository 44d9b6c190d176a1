import { RpcFault } from '../rpc/method.ts';
import { RpcArray, struct } from '../rpc/value.ts';
import {
  defineModule,
  fn,
  intParam,
  ModuleError,
  type ModuleHost,
  type RpcDefinition,
  rpc,
} from '../script/module-definition.ts';
import { ROUTE_ONREPLY, ROUTE_REQUEST } from '../script/values.ts';
import { CallbackTimer } from '../time/callback-timer.ts';
import { canonicalHost, ipFamily } from '../transport/ip.ts';
import { type Heat, Sources } from './pike/sources.ts';
import { failure } from './support/failure.ts';

interface PikeModule {
  readonly host: ModuleHost;
  /** Shared by the programs of one server: a reload frees nobody. */
  readonly sources: { readonly value: Sources; readonly release: () => void };
  readonly density: number;
  readonly level: number;
  readonly unit: number;
  readonly timer: CallbackTimer;
}

const ROUTES = ROUTE_REQUEST | ROUTE_ONREPLY;

function check(m: PikeModule, address: string): number {
  const code = m.sources.value.hit(address, m.host.clock.now());
  if (code === -2) m.host.log.write(m.level, 'pike', `PIKE - BLOCKing ip ${address}`, 'PIKE_BLOCKED');
  return code;
}

function tick(m: PikeModule): void {
  for (const address of m.sources.value.tick(m.host.clock.now()))
    m.host.log.write(m.level, 'pike', `PIKE - UNBLOCKing ip ${address}`);
  m.host.wheel.start(m.timer, m.unit);
}

function top(name: string): RpcDefinition<PikeModule> {
  return rpc(
    name,
    ['Sources of requests: HOT (blocked; the default), WARM, or ALL.'],
    (m, args) => {
      const wanted = args.text(0) ?? 'HOT';
      if (!['HOT', 'WARM', 'ALL'].includes(wanted)) throw new RpcFault(500, 'Bad argument. Select: ALL, HOT or WARM');
      const now = m.host.clock.now();
      const sources = m.sources.value;
      const rows = sources
        .list()
        .map(([address, source]) => ({ address, source, heat: sources.heat(source) satisfies Heat }))
        .filter(({ heat }) => wanted === 'ALL' || heat === wanted)
        .map(({ address, source, heat }) =>
          struct({
            ip_addr: address,
            leaf_hits_prev: source.previous,
            leaf_hits_curr: source.current,
            expires: Math.max(0, Math.ceil((source.due - now) / 1000)),
            status: heat,
          }),
        );
      return struct({ max_hits: m.density, list: new RpcArray(rows), number_of_rows: rows.length });
    },
    { support: 'partly: WARM is a source that used a quarter of what it may' },
  );
}

/** pike: says which sources send more than they may. What to do with them is the script's business. */
export const pike = defineModule<PikeModule>({
  name: 'pike',
  after: [],
  parameters: [
    intParam('sampling_time_unit', 2),
    intParam(
      'reqs_density_per_unit',
      30,
      'yes: three times as many in the unit in which a source is first seen, the most that the original lets through',
    ),
    intParam('remove_latency', 120),
    intParam('pike_log_level', 1),
    intParam(
      'max_sources',
      100_000,
      'yes: ours, sources kept at once; the one seen first gives way, unless it is blocked',
    ),
  ],
  functions: [
    fn('pike_check_req', [], ROUTES, (m) => (ctx) => check(m, canonicalHost(ctx.from.ip))),
    fn('pike_check_ip', ['str'], ROUTES, (m) => (_ctx, address) => {
      if (ipFamily(address) !== 0) return check(m, canonicalHost(address));
      return failure(m.host.log, 'pike', `pike_check_ip: "${address}" is no IP address`, 'PIKE_BAD_ADDRESS');
    }),
  ],
  variables: [],
  transformations: [],
  eventRoutes: [],
  create: (host, parameters) => {
    const unit = parameters.int('sampling_time_unit');
    const density = parameters.int('reqs_density_per_unit');
    const latency = parameters.int('remove_latency');
    const most = parameters.int('max_sources');
    for (const [name, value] of Object.entries({
      sampling_time_unit: unit,
      reqs_density_per_unit: density,
      remove_latency: latency,
      max_sources: most,
    }))
      if (value < 1) throw new ModuleError('PIKE_LIMIT', `${name} is less than 1`, name);
    const sources = host.keep.take(
      `pike ${unit} ${density} ${latency} ${most}`,
      () => new Sources({ density, latency: latency * 1000, most }),
      () => {},
    );
    const module: PikeModule = {
      host,
      sources,
      density,
      level: parameters.int('pike_log_level'),
      unit: unit * 1000,
      timer: new CallbackTimer(() => tick(module)),
    };
    return module;
  },
  start: (module) => module.host.wheel.start(module.timer, module.unit),
  rpc: [top('pike.top'), top('pike.list')],
  stop: (module) => {
    module.host.wheel.stop(module.timer);
    module.sources.release();
  },
});
