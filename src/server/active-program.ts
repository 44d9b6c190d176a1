import { dirname, resolve } from 'node:path';
import { defaultProxyOptions, type ProxyOptions } from '../proxy/options.ts';
import type { Plan } from '../script/checker.ts';
import { type LinkedProgram, linkProgram } from '../script/compile.ts';
import { localRequestHook } from '../script/local-request.ts';
import { L_DBG, type Log } from '../script/log.ts';
import { fromHere, runOccasion } from '../script/occasion.ts';
import type { Statistics } from '../script/statistics.ts';
import { CallbackTimer } from '../time/callback-timer.ts';
import type { LoadedConfiguration } from './configuration.ts';
import type { ServerCore } from './core.ts';
import type { PrefixLog } from './log-prefix.ts';
import { describe } from './message-router.ts';
import type { PlannedSender } from './planned-sender.ts';
import { startRouteTimers } from './route-timers.ts';
import { type LoadOptions, StartError } from './server-api.ts';

/** Milliseconds between looks whether an old program still has transactions. */
const RETIRE_EVERY = 1000;
/** Milliseconds for which asynchronous routes without a transaction may still belong to a replaced program. */
const ROUTES_END = 64_000;

type CoreParameters = LoadedConfiguration['plan']['globals']['settings'];

/** Core parameters that act in the proxy. The modules change them further while they are made. */
export function applySettings(options: ProxyOptions, settings: CoreParameters): void {
  Object.assign(options, defaultProxyOptions());
  options.maxBranches = settings.maxBranches;
  options.serverHeader = settings.serverSignature ? settings.serverHeader : '';
  // tm: server_signature says it for requests of our own, too.
  options.userAgentHeader = settings.serverSignature ? settings.userAgentHeader : '';
  options.forceRport = settings.forceRport;
  options.localRport = settings.localRport;
  options.sipWarning = settings.sipWarning;
  options.checkVia = settings.checkVia;
}

/**
 * Links a configuration to the layers below.
 * @param planned the sockets that would be open, when none is
 * @returns null when it has errors: they are among its diagnostics
 */
export function link(
  loaded: LoadedConfiguration,
  options: LoadOptions,
  core: ServerCore,
  log: Log,
  statistics: Statistics,
  planned: PlannedSender | null,
): LinkedProgram | null {
  return linkProgram(
    loaded.plan,
    {
      proxy: core.proxy,
      sender: planned ?? core.transport,
      transactions: core.transactions,
      random: core.random,
      rpc: core.rpc,
      keep: core.keep,
      http: core.http,
      runtime: {
        directory: options.runtimeDirectory || loaded.plan.globals.server.rundir || RUN_DIRECTORY,
        owner: options.owner ?? null,
        configuration: dirname(resolve(options.cwd, options.file)),
      },
      resolver: core.proxy.resolver,
      wheel: core.wheel,
      clock: core.clock,
      log,
      statistics,
      useStore: options.useStore ?? null,
      connectionEnds: (listener) => core.router.connectionEnds(listener),
    },
    loaded.code,
  );
}

/** Kamailio's own place for sockets of operators. */
const RUN_DIRECTORY = '/run/kamailio';

/** A program that was put into force, and what runs for it. */
interface Active {
  readonly plan: Plan;
  readonly linked: LinkedProgram;
  readonly stopTimers: () => void;
}

/**
 * The program in force, and those before it that still have transactions: a transaction keeps the program that it began with (its hooks), so
 * the modules of an old one are stopped when the last of them is gone.
 */
export class ActiveProgram {
  private readonly core: ServerCore;
  private readonly log: Log;
  private readonly prefix: PrefixLog | null;
  private readonly statistics: Statistics;
  private active: Active | null = null;
  /** Replaced programs, and the clock's ms at which each was. */
  private readonly retiring = new Map<LinkedProgram, number>();
  private readonly timer: CallbackTimer;

  constructor(core: ServerCore, log: Log, prefix: PrefixLog | null, statistics: Statistics) {
    this.core = core;
    this.log = log;
    this.prefix = prefix;
    this.statistics = statistics;
    this.timer = new CallbackTimer(() => this.retire());
  }

  /** The configuration in force. */
  get plan(): Plan | null {
    return this.active?.plan ?? null;
  }

  get linked(): LinkedProgram | null {
    return this.active?.linked ?? null;
  }

  /** Programs that were replaced and still have transactions. */
  get retiringCount(): number {
    return this.retiring.size;
  }

  /**
   * Puts a configuration into force. It happens between two messages: each of them sees one program from its first line to its last.
   * @throws StartError CFG_INVALID (the problems are among its diagnostics) or CFG_MODULE_FAILED; what was in force stays
   */
  install(loaded: LoadedConfiguration, options: LoadOptions): void {
    const { core, prefix } = this;
    const { settings, server } = loaded.plan.globals;
    const before = { ...core.options };
    const restoreStatistics = this.statistics.snapshot();
    const undo = (): void => {
      Object.assign(core.options, before);
      restoreStatistics();
    };
    applySettings(core.options, settings);
    let linked: LinkedProgram | null;
    try {
      linked = link(loaded, options, core, this.log, this.statistics, null);
    } catch (error) {
      undo();
      throw error;
    }
    if (linked === null) {
      undo();
      throw new StartError('CFG_INVALID', `${options.file} cannot be used`);
    }
    const { program } = linked;
    const here = fromHere(core.transport.sockets, core.clock.now());
    try {
      runOccasion(program, 'event', 'core:modinit-before', here);
      linked.start();
    } catch (error) {
      linked.stop();
      undo();
      throw new StartError('CFG_MODULE_FAILED', `a module did not start: ${describe(error)}`);
    }
    const old = this.active;
    prefix?.use(program, linked.format(settings.logPrefix));
    core.router.prefix = prefix;
    runOccasion(program, 'event', 'core:worker-one-init', here);
    core.router.use(program, server.receivedRoute);
    core.proxy.localRequest = localRequestHook(program, () => fromHere(core.transport.sockets, core.clock.now()));
    const stopTimers = startRouteTimers(program, loaded.plan.timers, core.wheel, core.transport.sockets);
    this.active = { plan: loaded.plan, linked, stopTimers };
    if (old === null) return;
    old.stopTimers();
    old.linked.replaced();
    this.retiring.set(old.linked, core.clock.now());
    core.wheel.start(this.timer, RETIRE_EVERY);
  }

  /** Opens what the operators talk to, as the program in force wants it. @throws StartError the module's own code, or CFG_MODULE_FAILED */
  async open(): Promise<void> {
    try {
      await this.active?.linked.open();
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : null;
      // Codes of ours have several words; those of the system (EACCES) one.
      if (error instanceof Error && typeof code === 'string' && code.includes('_'))
        throw new StartError(code, error.message);
      throw new StartError('CFG_MODULE_FAILED', `a module did not start: ${describe(error)}`);
    }
  }

  /** Lets the modules finish what they owe others. @param graceMs most milliseconds to take */
  async drain(graceMs: number): Promise<void> {
    this.active?.stopTimers();
    await this.active?.linked.drain(graceMs);
  }

  /** Stops every program. */
  stop(): void {
    this.core.wheel.stop(this.timer);
    for (const linked of [...this.retiring.keys(), ...(this.active === null ? [] : [this.active.linked])])
      linked.stop();
    this.retiring.clear();
    this.active = null;
  }

  /** Stops old programs that nothing under way belongs to any more. */
  private retire(): void {
    const { proxy, router, clock } = this.core;
    const used = new Set<unknown>();
    for (const cell of proxy.cells.values()) used.add(cell.state.hooks);
    for (const [linked, since] of [...this.retiring]) {
      const mayRoute = router.running > 0 && clock.now() - since < ROUTES_END;
      if (used.has(linked.program.hooks) || mayRoute) continue;
      this.retiring.delete(linked);
      linked.stop();
      this.log.write(L_DBG, 'core', 'the replaced configuration has no transaction left and was stopped');
    }
    if (this.retiring.size > 0) this.core.wheel.start(this.timer, RETIRE_EVERY);
  }
}
