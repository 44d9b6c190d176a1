import { resolve } from 'node:path';
import { RpcFault, type RpcMethod } from '../rpc/method.ts';
import { struct } from '../rpc/value.ts';
import type { Diagnostic } from '../script/diagnostic.ts';
import { L_ERR, L_INFO, L_NOTICE, L_WARN, type Log } from '../script/log.ts';
import { Statistics } from '../script/statistics.ts';
import { TransportError } from '../transport/errors.ts';
import type { ListenSpec } from '../transport/listen.ts';
import type { ListenSocket } from '../transport/transport.ts';
import { ActiveProgram, applySettings, link } from './active-program.ts';
import { reverseNames } from './auto-aliases.ts';
import { hasErrors, type LoadedConfiguration, loadConfiguration, problems, problemsText } from './configuration.ts';
import { ServerCore } from './core.ts';
import { registerCoreCommands } from './core-rpc.ts';
import { coreStatistics } from './core-statistics.ts';
import { serverLimits } from './limits.ts';
import { localInterfaces, parseListenOption } from './listen-option.ts';
import { PrefixLog } from './log-prefix.ts';
import { describe } from './message-router.ts';
import { PlannedSender } from './planned-sender.ts';
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
    takesHttp: isLoaded(loaded, 'xhttp'),
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
  applySettings(core.options, settings);
  return core;
}

/** udp_mtu_try_proto: UDP leaves a large request where it is. */
function streamFor(proto: string): 'tcp' | 'tls' | 'udp' {
  return proto === 'tls' || proto === 'udp' ? proto : 'tcp';
}

function isLoaded({ plan }: LoadedConfiguration, name: string): boolean {
  return plan.modules.some(({ module }) => module.definition.name === name);
}

/** Reads and checks a configuration without opening anything; never throws for a bad file. */
export async function checkConfiguration(options: LoadOptions): Promise<CheckResult> {
  let loaded: LoadedConfiguration;
  try {
    loaded = await loadConfiguration(options);
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
      link(loaded, options, core, SILENT, new Statistics(), planned)?.stop();
      core.wheel.clear();
    } catch (error) {
      failure = `error: ${describe(error)}\n`;
    }
    list = problems(loaded);
  }
  return { diagnostics: list, text: problemsText(loaded, list) + failure, ok: failure === '' && !hasErrors(list) };
}

/** A server and the configuration that it runs. */
class Server implements RunningServer {
  readonly warnings: readonly Diagnostic[];
  private readonly core: ServerCore;
  private readonly active: ActiveProgram;
  private readonly stats: Statistics;
  private readonly options: LoadOptions;
  private readonly log: Log;
  private readonly fixed: ReadonlyMap<string, string>;
  private read: readonly string[];
  private stopping: Promise<void> | null = null;
  private reloading: Promise<unknown> = Promise.resolve();

  constructor(parts: {
    core: ServerCore;
    active: ActiveProgram;
    stats: Statistics;
    warnings: readonly Diagnostic[];
    options: LoadOptions;
    log: Log;
    fixed: ReadonlyMap<string, string>;
    files: readonly string[];
  }) {
    this.core = parts.core;
    this.active = parts.active;
    this.stats = parts.stats;
    this.warnings = parts.warnings;
    this.options = parts.options;
    this.log = parts.log;
    this.fixed = parts.fixed;
    this.read = parts.files;
    parts.core.rpc.add(reloadCommand(() => this.reload()));
  }

  get files(): readonly string[] {
    return this.read;
  }

  get sockets(): readonly ListenSocket[] {
    return this.core.transport.sockets;
  }

  statistics() {
    return this.stats.list();
  }

  reload(): Promise<readonly Diagnostic[]> {
    // One after the other: reading code takes a while, and the file read last has to be the one in force.
    const done = this.reloading.then(() => this.readAgain());
    this.reloading = done.catch(() => {});
    return done;
  }

  private async readAgain(): Promise<readonly Diagnostic[]> {
    const { options, log } = this;
    let outcome = 'reload refused, the old configuration stays';
    try {
      if (this.stopping !== null) throw new StartError('SERVER_STOPPING', 'the server is about to stop');
      const loaded = await loadConfiguration(options);
      refuse(loaded, options);
      for (const [setting, value] of fixedSettings(loaded, options)) {
        if (value === this.fixed.get(setting)) continue;
        const text = `${setting} changed: it needs a restart, the rest is in force`;
        log.write(L_WARN, 'core', text, 'SERVER_NEEDS_RESTART');
      }
      try {
        this.active.install(loaded, options);
      } catch (error) {
        refuse(loaded, options);
        throw error;
      }
      this.read = filesOf(loaded, options);
      outcome = `${options.file} was read again and is in force, but not all of its sockets could be opened`;
      await this.active.open();
      const warnings = problems(loaded);
      logWarnings(log, warnings);
      log.write(L_NOTICE, 'core', `${options.file} was read again and is in force`);
      return warnings;
    } catch (error) {
      const failure = error instanceof StartError ? error : new StartError('CFG_MODULE_FAILED', describe(error));
      log.write(L_ERR, 'core', `${outcome}: ${failure.message}`, failure.code);
      throw failure;
    }
  }

  stop(graceMs: number): Promise<void> {
    this.stopping ??= this.finish(graceMs);
    return this.stopping;
  }

  private async finish(graceMs: number): Promise<void> {
    const began = performance.now();
    await this.active.drain(graceMs);
    await this.core.stop(Math.max(0, graceMs - (performance.now() - began)));
    this.active.stop();
  }
}

/** Settings that only a start can change, by name, in a form that can be compared. */
function fixedSettings(loaded: LoadedConfiguration, options: LoadOptions): ReadonlyMap<string, string> {
  const { settings, server } = loaded.plan.globals;
  const { aliases, limits, dns, tcpNoConnect, tcpAcceptAliases, enableTcp, enableTls } = server;
  const named = {
    listen: listenSpecs(loaded, options),
    alias: aliases,
    'limits of connections': limits,
    'limits of messages': serverLimits(settings.custom),
    'dns settings': dns,
    'tcp settings': [tcpNoConnect, tcpAcceptAliases, enableTcp, enableTls],
    udp_mtu: [settings.udpMtu, settings.udpMtuTryProto],
    log_prefix: settings.logPrefix !== '',
    'modules for HTTP and WebSocket on SIP ports': ['xhttp', 'websocket'].map((name) => isLoaded(loaded, name)),
  };
  return new Map(Object.entries(named).map(([name, value]) => [name, JSON.stringify(value)]));
}

/** Absolute names of the files that a configuration was read from. */
function filesOf({ files, codeFiles }: LoadedConfiguration, { cwd }: LoadOptions): string[] {
  return [...[...files.keys()].map((name) => resolve(cwd, name)), ...codeFiles];
}

/** cfg.reload: the command that reads the configuration again. */
function reloadCommand(reload: () => Promise<readonly Diagnostic[]>): RpcMethod {
  return {
    name: 'cfg.reload',
    doc: [
      'Reads the configuration again and puts it into force; calls and registrations go on.',
      'A broken file leaves the old one in force.',
    ],
    array: false,
    async run() {
      try {
        return struct({ warnings: (await reload()).length });
      } catch (error) {
        if (!(error instanceof StartError)) throw error;
        throw new RpcFault(500, error.details === '' ? error.message : `${error.message}\n${error.details}`);
      }
    },
  };
}

function logWarnings(log: Log, warnings: readonly Diagnostic[]): void {
  for (const { file, line, column, message, code } of warnings)
    log.write(L_WARN, 'core', `${file}:${line}:${column}: ${message}`, code);
}

/**
 * Starts a server.
 * @throws StartError CFG_INVALID with all problems, CFG_FILE, or the TRANSPORT_… code of a socket that cannot be opened
 */
export async function startServer(options: LoadOptions, sink: Log): Promise<RunningServer> {
  const loaded = await loadConfiguration(options);
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
  const active = new ActiveProgram(core, log, prefix, statistics);
  registerCoreCommands({ core, statistics, log, plan: () => active.plan ?? plan });
  try {
    active.install(loaded, options);
    await active.open();
  } catch (error) {
    await core.stop(0);
    active.stop();
    refuse(loaded, options);
    throw error;
  }
  const warnings = problems(loaded);
  logWarnings(log, warnings);
  const where = core.transport.sockets.map(
    ({ proto, displayHost, displayPort }) => `${proto}:${displayHost}:${displayPort}`,
  );
  log.write(L_INFO, 'core', `ready on ${where.join(' ')}`);
  log.write(L_INFO, 'core', `modules: ${active.linked?.modules.map(({ name }) => name).join(' ')}`);
  return new Server({
    core,
    active,
    stats: statistics,
    warnings,
    options,
    log,
    fixed: fixedSettings(loaded, options),
    files: filesOf(loaded, options),
  });
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
