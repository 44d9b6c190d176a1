import { type LinkedProgram, linkProgram } from '../script/compile.ts';
import type { Diagnostic } from '../script/diagnostic.ts';
import { L_INFO, L_WARN, type Log } from '../script/log.ts';
import { fromHere, runOccasion } from '../script/occasion.ts';
import { Statistics } from '../script/statistics.ts';
import { TransportError } from '../transport/errors.ts';
import type { ListenSpec } from '../transport/listen.ts';
import type { ListenSocket } from '../transport/transport.ts';
import { reverseNames } from './auto-aliases.ts';
import { hasErrors, type LoadedConfiguration, loadConfiguration, problems, problemsText } from './configuration.ts';
import { ServerCore } from './core.ts';
import { coreStatistics } from './core-statistics.ts';
import { serverLimits } from './limits.ts';
import { localInterfaces, parseListenOption } from './listen-option.ts';
import { PrefixLog } from './log-prefix.ts';
import { describe } from './message-router.ts';
import { PlannedSender } from './planned-sender.ts';
import { startRouteTimers } from './route-timers.ts';
import { type CheckResult, type LoadOptions, type RunningServer, StartError } from './server-api.ts';
import { tlsSettings } from './tls-settings.ts';

/** Drops what a check would log: its findings are diagnostics. */
const SILENT: Log = { level: -10, write() {} };

/** The sockets to open: those of the command line, else of the file, else one on every interface. */
function listenSpecs({ plan }: LoadedConfiguration, options: LoadOptions): readonly ListenSpec[] {
  const own = options.listen.map(parseListenOption);
  if (own.length > 0) return own;
  const { listen } = plan.globals.server;
  return listen.length > 0 ? listen : localInterfaces();
}

/** Settings of the layers below, from a configuration and the command line. */
function makeCore(loaded: LoadedConfiguration, options: LoadOptions, log: Log, checking: boolean): ServerCore {
  const { settings, server } = loaded.plan.globals;
  const listen = listenSpecs(loaded, options);
  const limits = serverLimits(settings.custom);
  const core = new ServerCore({
    log,
    maxTransactions: limits.maxTransactions,
    transport: {
      listen,
      parseLimits: limits.parse,
      aliases: server.aliases,
      limits: server.limits,
      enableTcp: server.enableTcp,
      enableTls: server.enableTls,
      defaultPort: server.port,
      defaultTlsPort: server.tlsPort,
      crlfPing: server.tcpCrlfPing,
      tcpKeepalive: server.tcpKeepalive,
      multihomed: settings.mhomed,
      udpMtu: settings.udpMtu,
      udpMtuTryProto: streamFor(settings.udpMtuTryProto),
      neverConnect: server.tcpNoConnect,
      acceptAliases: server.tcpAcceptAliases,
      // Bursts arrive while a route computes: the kernel keeps them for us.
      udpReceiveBuffer: 4 << 20,
      udpSendBuffer: 1 << 20,
      webSocketOnStreams: isLoaded(loaded, 'websocket'),
      ...tlsSettings({ plan: loaded.plan, listen, file: options.file, cwd: options.cwd, checking }),
    },
    resolver: {
      tryNaptr: server.dns.tryNaptr,
      families: server.dns.tryIpv6 ? [4, 6] : [4],
      srvBalance: server.dns.srvLoadBalancing,
    },
  });
  core.options.maxBranches = settings.maxBranches;
  core.options.serverHeader = settings.serverSignature ? settings.serverHeader : '';
  core.options.userAgentHeader = settings.userAgentHeader;
  core.options.forceRport = settings.forceRport;
  core.options.localRport = settings.localRport;
  core.options.sipWarning = settings.sipWarning;
  core.options.checkVia = settings.checkVia;
  return core;
}

/** udp_mtu_try_proto: UDP leaves a large request where it is. */
function streamFor(proto: string): 'tcp' | 'tls' | 'udp' {
  return proto === 'tls' || proto === 'udp' ? proto : 'tcp';
}

function isLoaded({ plan }: LoadedConfiguration, name: string): boolean {
  return plan.modules.some(({ module }) => module.definition.name === name);
}

/** @param planned the sockets that would be open, when none is */
function link(
  loaded: LoadedConfiguration,
  core: ServerCore,
  log: Log,
  statistics: Statistics,
  planned: PlannedSender | null,
) {
  return linkProgram(loaded.plan, {
    proxy: core.proxy,
    sender: planned ?? core.transport,
    transactions: core.transactions,
    random: core.random,
    rpc: core.rpc,
    resolver: core.proxy.resolver,
    wheel: core.wheel,
    clock: core.clock,
    log,
    statistics,
  });
}

/** Reads and checks a configuration without opening anything; never throws for a bad file. */
export function checkConfiguration(options: LoadOptions): CheckResult {
  let loaded: LoadedConfiguration;
  try {
    loaded = loadConfiguration(options);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return { diagnostics: [], text: `error: ${error.message} [${error.code}]\n`, ok: false };
  }
  let list = problems(loaded);
  let failure = '';
  if (!hasErrors(list)) {
    // Linking finds what only the modules know: parameters that do not go together.
    try {
      const core = makeCore(loaded, options, SILENT, true);
      const { server } = loaded.plan.globals;
      const planned = new PlannedSender(server, listenSpecs(loaded, options), core.transport);
      link(loaded, core, SILENT, new Statistics(), planned)?.stop();
      core.wheel.clear();
    } catch (error) {
      failure = `error: ${describe(error)}\n`;
    }
    list = problems(loaded);
  }
  return { diagnostics: list, text: problemsText(loaded, list) + failure, ok: failure === '' && !hasErrors(list) };
}

/** A server that runs one configuration. */
class Server implements RunningServer {
  readonly warnings: readonly Diagnostic[];
  private readonly core: ServerCore;
  private readonly linked: LinkedProgram;
  private readonly stats: Statistics;
  private readonly stopTimers: () => void;
  private stopping: Promise<void> | null = null;

  constructor(
    core: ServerCore,
    linked: LinkedProgram,
    stats: Statistics,
    warnings: readonly Diagnostic[],
    stopTimers: () => void,
  ) {
    this.core = core;
    this.stopTimers = stopTimers;
    this.linked = linked;
    this.stats = stats;
    this.warnings = warnings;
  }

  get sockets(): readonly ListenSocket[] {
    return this.core.transport.sockets;
  }

  statistics() {
    return this.stats.list();
  }

  stop(graceMs: number): Promise<void> {
    if (this.stopping === null) {
      this.stopTimers();
      this.stopping = this.finish(graceMs);
    }
    return this.stopping;
  }

  private async finish(graceMs: number): Promise<void> {
    const began = performance.now();
    await this.linked.drain(graceMs);
    await this.core.stop(Math.max(0, graceMs - (performance.now() - began)));
    this.linked.stop();
  }
}

/**
 * Starts a server.
 * @throws StartError CFG_INVALID with all problems, CFG_FILE, or the TRANSPORT_… code of a socket that cannot be opened
 */
export async function startServer(options: LoadOptions, sink: Log): Promise<RunningServer> {
  const loaded = loadConfiguration(options);
  refuse(loaded, options);
  const { plan } = loaded;
  const { settings, server } = plan.globals;
  sink.level = options.debug ?? settings.debug;
  const prefix = settings.logPrefix === '' ? null : new PrefixLog(sink, server.log.prefixMode === 1);
  const log = prefix ?? sink;
  const core = makeCore(loaded, options, log, false);
  // Only now the certificates were read.
  refuse(loaded, options);
  try {
    await core.start();
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    const hint =
      error.code === 'TRANSPORT_NO_TLS_CERTIFICATE' && !isLoaded(loaded, 'tls')
        ? ' Load the module: loadmodule "tls.so".'
        : '';
    throw new StartError(error.code, `${error.message}${hint}`);
  }
  if (options.autoAliases ?? server.autoAliases)
    for (const name of await reverseNames(core.transport.sockets)) core.transport.addAlias(name);
  const statistics = new Statistics();
  coreStatistics(statistics, core);
  const linked = link(loaded, core, log, statistics, null);
  if (linked === null) {
    await core.stop(0);
    refuse(loaded, options);
    throw new StartError('CFG_INVALID', `${options.file} cannot be used`);
  }
  const { program } = linked;
  const here = fromHere(core.transport.sockets, core.clock.now());
  runOccasion(program, 'event', 'core:modinit-before', here);
  try {
    linked.start();
  } catch (error) {
    await core.stop(0);
    linked.stop();
    throw new StartError('CFG_MODULE_FAILED', `a module did not start: ${describe(error)}`);
  }
  prefix?.use(program, linked.format(settings.logPrefix));
  core.router.prefix = prefix;
  runOccasion(program, 'event', 'core:worker-one-init', here);
  core.router.use(program, server.receivedRoute);
  const stopTimers = startRouteTimers(program, plan.timers, core.wheel, core.transport.sockets);
  const warnings = problems(loaded);
  for (const warning of warnings)
    log.write(L_WARN, 'core', `${warning.file}:${warning.line}:${warning.column}: ${warning.message}`, warning.code);
  const where = core.transport.sockets.map(
    ({ proto, displayHost, displayPort }) => `${proto}:${displayHost}:${displayPort}`,
  );
  log.write(L_INFO, 'core', `ready on ${where.join(' ')}`);
  log.write(L_INFO, 'core', `modules: ${linked.modules.map(({ name }) => name).join(' ')}`);
  return new Server(core, linked, statistics, warnings, stopTimers);
}

/** Throws when the configuration has errors. */
function refuse(loaded: LoadedConfiguration, options: LoadOptions): void {
  const list = problems(loaded);
  if (!hasErrors(list)) return;
  const count = list.filter(({ severity }) => severity === 'error').length;
  throw new StartError(
    'CFG_INVALID',
    `${options.file} has ${count} error${count === 1 ? '' : 's'}`,
    problemsText(loaded, list),
  );
}
