import assert from 'node:assert/strict';
import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultProxyOptions } from '../proxy/options.ts';
import { SipProxy } from '../proxy/proxy.ts';
import { RpcRegistry } from '../rpc/registry.ts';
import { type LinkedProgram, linkProgram } from '../script/compile.ts';
import { Keep } from '../script/keep.ts';
import { localRequestHook } from '../script/local-request.ts';
import { L_ERR, type Log } from '../script/log.ts';
import { fromHere, runOccasion } from '../script/occasion.ts';
import { Statistics } from '../script/statistics.ts';
import { applySettings } from '../server/active-program.ts';
import {
  hasErrors,
  type LoadedConfiguration,
  loadConfiguration,
  loadRoutesModule,
  problems,
  problemsText,
} from '../server/configuration.ts';
import { MessageRouter } from '../server/message-router.ts';
import { PlannedSender } from '../server/planned-sender.ts';
import type { LoadOptions } from '../server/server-api.ts';
import { type FakeClock, fakeTime } from '../time/fake-clock.ts';
import { seededRandom } from '../time/random.ts';
import { TransactionLayer } from '../transaction/transaction-layer.ts';
import { MemoryNetwork, type NetworkNode } from './network.ts';
import { TestPeer } from './peer.ts';

/** A line that the server logged. */
export interface LoggedLine {
  readonly level: number;
  readonly module: string;
  readonly text: string;
  readonly code: string;
}

/** How routes are tested. Everything may be left out. */
export interface BenchOptions {
  /** Where `bench.phone` is: `ip:port`. Default 192.0.2.10:5060. */
  readonly phone?: string;
  /** Where `bench.carrier` is: `ip:port`, or the host name by which the routes know it. Default 192.0.2.20:5060. */
  readonly carrier?: string;
  /** As -A of the command line, for a kamailio.cfg. */
  readonly defines?: Readonly<Record<string, string>>;
}

/** Rounds of promises and deliveries that one step may take: more means that something goes round in circles. */
const MOST_ROUNDS = 1000;

/** Routes on a network in memory and a clock that stands still: no socket is opened and nothing is waited for. */
export class RoutesBench {
  readonly phone: TestPeer;
  readonly carrier: TestPeer;
  /** What was logged up to level info. */
  readonly log: LoggedLine[] = [];
  private readonly clock: FakeClock;
  private readonly network: MemoryNetwork;
  private readonly linked: LinkedProgram;
  private readonly router: MessageRouter;
  private readonly stopWheel: () => void;
  private readonly address: string;
  private tokens = 0;
  private hosts = 20;

  /** Use {@link testRoutes}. */
  constructor(loaded: LoadedConfiguration, options: BenchOptions) {
    const { plan, code } = loaded;
    const { settings, server } = plan.globals;
    const { clock, wheel } = fakeTime();
    this.clock = clock;
    this.stopWheel = () => wheel.clear();
    const log: Log = {
      level: 2,
      write: (level, module, text, codeOf = '') =>
        void (level <= 2 && this.log.push({ level, module, text, code: codeOf })),
    };
    const nowhere = { isMyself: () => false } as unknown as MemoryNetwork;
    const listen =
      server.listen.length > 0 ? server.listen : [{ proto: 'udp' as const, host: '192.0.2.1', port: 5060 }];
    const { sockets } = new PlannedSender(server, listen, nowhere);
    const aliases = server.aliases;
    this.network = new MemoryNetwork(sockets, clock, (host, port) =>
      aliases.some(
        (alias) =>
          alias.host.toLowerCase() === host.toLowerCase() &&
          (port === 0 || (alias.port ?? 0) === 0 || alias.port === port),
      ),
    );
    const { network } = this;
    this.address = `${sockets[0]?.displayHost ?? '192.0.2.1'}:${sockets[0]?.displayPort ?? 5060}`;
    const transactions = new TransactionLayer({
      sender: network,
      wheel,
      onError: (error) => log.write(L_ERR, 'tm', error.message, error.code),
    });
    const random = seededRandom(1);
    const proxyOptions = defaultProxyOptions();
    applySettings(proxyOptions, settings);
    const proxy = new SipProxy({
      options: proxyOptions,
      sender: network,
      transactions,
      resolver: network,
      random,
      clock,
      report: (codeOf, text) => log.write(L_ERR, 'tm', text, codeOf),
    });
    const services = {
      proxy,
      sender: network,
      transactions,
      random,
      rpc: new RpcRegistry(),
      keep: new Keep(),
      resolver: network,
      wheel,
      clock,
      log,
      statistics: new Statistics(),
    };
    const linked = linkProgram(plan, services, code);
    if (linked === null) refuse(loaded);
    this.linked = linked;
    this.router = new MessageRouter({ proxy, transactions, sender: network, log });
    const { program } = linked;
    runOccasion(program, 'event', 'core:modinit-before', fromHere(sockets, clock.now()));
    linked.start();
    runOccasion(program, 'event', 'core:worker-one-init', fromHere(sockets, clock.now()));
    this.router.use(program, server.receivedRoute);
    proxy.localRequest = localRequestHook(program, () => fromHere(sockets, clock.now()));
    network.connect(this.router);
    this.phone = this.peer('phone', options.phone ?? '192.0.2.10:5060');
    this.carrier = this.peer('carrier', options.carrier ?? '192.0.2.20:5060');
  }

  /**
   * Another endpoint.
   * @param at `ip:port`, or a host name: then it has an address of its own, and the name resolves to it
   */
  peer(name: string, at: string): TestPeer {
    const literal = /^(\d+\.\d+\.\d+\.\d+)(?::(\d+))?$/.exec(at);
    const [host = '', port = '5060'] = at.split(':');
    const ip = literal?.[1] ?? `192.0.2.${++this.hosts}`;
    const made = new TestPeer(name, ip, Number(literal?.[2] ?? port), {
      address: this.address,
      send: (from: NetworkNode, text: string) => this.network.toServer(from, text),
      settle: () => this.settle(),
      story: () => this.story(),
      token: () => `t${++this.tokens}`,
    });
    this.network.add(made, literal === null ? host : '');
    return made;
  }

  /** Lets everything happen that needs no time: messages on their way, handlers that wait for each other. */
  async settle(): Promise<void> {
    for (let round = 0, quiet = 0; quiet < 3; round++) {
      if (round > MOST_ROUNDS) assert.fail(`messages go round in circles\n${this.story()}`);
      const moved = this.network.deliver();
      await new Promise((resolve) => setImmediate(resolve));
      quiet = moved || this.network.deliver() ? 0 : quiet + 1;
    }
  }

  /** Moves the clock: timers of transactions, registrations and handlers fire as they would. @param seconds how far */
  async advance(seconds: number): Promise<void> {
    await this.settle();
    this.clock.advance(seconds * 1000);
    await this.settle();
  }

  /** Everything that happened: messages in their order, and what was logged as an error. */
  story(): string {
    const errors = this.log.filter(({ level }) => level <= 0).map(({ text, code }) => `  log: ${text} [${code}]`);
    return [...this.network.story.map((line) => `  ${line}`), ...errors].join('\n');
  }

  /** Ends the program: its timers and modules. */
  stop(): void {
    this.linked.stop();
    this.stopWheel();
  }
}

/**
 * Puts routes on a bench.
 * @param routes a routes file or a kamailio.cfg by name or URL, or the module object of an imported routes file
 * @returns the bench; AssertionError with every problem when the routes cannot be used
 */
export async function testRoutes(routes: string | URL | object, options: BenchOptions = {}): Promise<RoutesBench> {
  const named = typeof routes === 'string' || routes instanceof URL;
  const file = routes instanceof URL ? fileURLToPath(routes) : typeof routes === 'string' ? routes : 'routes.ts';
  const load: LoadOptions = {
    file,
    cwd: isAbsolute(file) ? '/' : process.cwd(),
    defines: Object.entries(options.defines ?? {}).map(([name, value]) => ({ name, value })),
    listen: [],
    debug: null,
    unsupported: 'error',
    autoAliases: null,
  };
  const loaded = named ? await loadConfiguration(load) : loadRoutesModule(routes, load);
  if (hasErrors(problems(loaded))) refuse(loaded);
  return new RoutesBench(loaded, options);
}

function refuse(loaded: LoadedConfiguration): never {
  assert.fail(`the routes cannot be used:\n${problemsText(loaded, problems(loaded))}`);
}
