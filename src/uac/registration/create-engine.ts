import { CallbackTimer } from '../../time/callback-timer.ts';
import { AccountBook, mayBeBound } from './account-book.ts';
import type { AccountRow } from './account-row.ts';
import type {
  AccountAttribute,
  AccountLoad,
  AccountProblem,
  RegistrationEngine,
  RegistrationEvent,
  RegistrationNews,
  RegistrationResult,
  RegistrationStateName,
  RegistrationView,
} from './engine.ts';
import { Exchange } from './exchange.ts';
import type { Flow } from './flow.ts';
import { FlowRecovery } from './flow-recovery.ts';
import { isNews, keepTold, News } from './news.ts';
import type { Registration } from './registration.ts';
import { Runner, type RunnerUser } from './runner.ts';
import { type EngineConfig, engineConfig, type RegistrationOptions } from './settings.ts';
import { isOutstanding, machineState } from './states.ts';
import { viewOf } from './view.ts';
import { Watchdog } from './watchdog.ts';

/** Accounts that are gone through in one turn of the event loop. */
const SLICE = 1000;

/** What {@link createRegistrationEngine} gives: the contract, and what watches over it. */
export interface WatchedRegistrationEngine extends RegistrationEngine {
  /** Looks at every account now: none may live without a timer or an outstanding request. @returns uuids of those that did, set going again */
  assertAlive(): string[];
  /** How often that happened since the start; a healthy engine has 0. */
  readonly repairs: number;
  /** REGISTERs outstanding, and accounts waiting for a place, at each registrar. */
  registrars(): {
    readonly name: string;
    readonly window: number;
    readonly outstanding: number;
    readonly waiting: number;
    /** Flows to it (RFC 5626): one for each socket of ours that is used. */
    readonly flows: number;
    /** Those whose silence would be noticed. */
    readonly watched: number;
    /** Those that were taken for dead since the start. */
    readonly lost: number;
  }[];
  /** Flows that were taken for dead since the start: closed, or a keepalive was not answered. */
  readonly flowsLost: number;
}

/**
 * Makes the engine that keeps accounts registered at their registrars (RFC 3261 §10; uac README, "Remote registration"). It starts with no
 * account. The sender's sockets have to be open before accounts are added: an account whose socket is not there is `faulty`.
 * @throws RegistrationError UAC_REG_BAD_SETTING
 */
export function createRegistrationEngine(options: RegistrationOptions): WatchedRegistrationEngine {
  return new Engine(engineConfig(options), options.settings.active ?? true);
}

class Engine implements WatchedRegistrationEngine, RunnerUser {
  private readonly config: EngineConfig;
  private readonly runner: Runner;
  private readonly book: AccountBook;
  private readonly watchdog: Watchdog;
  private readonly recovery: FlowRecovery;
  private readonly listeners = new Set<(event: RegistrationEvent) => void>();
  private readonly newsListeners = new Set<(news: RegistrationNews) => void>();
  private onQuiet: (() => void) | null = null;

  constructor(config: EngineConfig, active: boolean) {
    this.config = config;
    this.runner = new Runner(config, active, this);
    this.runner.connect(new Exchange(this.runner));
    this.book = new AccountBook(this.runner);
    this.watchdog = new Watchdog(this.runner, this.book.index);
    this.recovery = new FlowRecovery(this.runner, this.book.index);
  }

  // Accounts

  beginLoad(): AccountLoad {
    return this.book.beginLoad();
  }

  add(row: AccountRow): 'added' | 'exists' | AccountProblem {
    return this.book.add(row);
  }

  refresh(row: AccountRow): 'added' | 'replaced' | AccountProblem {
    return this.book.refresh(row);
  }

  remove(uuid: string): boolean {
    return this.book.remove(uuid);
  }

  // Looking

  find(attribute: AccountAttribute, value: string): RegistrationView | null {
    let found: Registration | undefined;
    if (attribute === 'l_uuid') found = this.book.lookUp(value);
    else if (attribute === 'l_username')
      for (const record of this.book.index.named(value)) found = this.alive(record) ?? found;
    else {
      const key = attribute === 'r_username' ? 'remoteUser' : 'authUser';
      for (const record of this.book.index.walk()) {
        if (record.account[key] !== value || this.alive(record) === undefined) continue;
        found = record;
        break;
      }
    }
    return found === undefined ? null : this.view(found);
  }

  findByUri(user: string, domain: string | null): RegistrationView | null {
    const wanted = this.config.useDomain ? (domain?.toLowerCase() ?? null) : null;
    let found: Registration | undefined;
    for (const record of this.book.index.named(user)) {
      if (wanted === null || record.account.localDomain.toLowerCase() === wanted) found = this.alive(record) ?? found;
    }
    return found === undefined ? null : this.view(found);
  }

  *list(): Iterable<RegistrationView> {
    for (const record of this.book.index.walk()) if (this.alive(record) !== undefined) yield this.view(record);
  }

  get size(): number {
    return this.book.size;
  }

  count(state: RegistrationStateName): number {
    return this.runner.count(state);
  }

  get leaving(): number {
    return this.runner.count('leaving');
  }

  results(result: RegistrationResult): number {
    return this.runner.results.get(result) ?? 0;
  }

  get sent(): number {
    return this.runner.sent;
  }

  get online(): number {
    return this.runner.online;
  }

  get repairs(): number {
    return this.watchdog.repairs;
  }

  assertAlive(): string[] {
    return this.watchdog.check();
  }

  registrars(): ReturnType<WatchedRegistrationEngine['registrars']> {
    return Array.from(this.runner.paces.values(), ({ name, size, outstanding, waiting, flows, flowsLost }) => ({
      name,
      window: size,
      outstanding,
      waiting,
      flows: flows.length,
      watched: flows.filter(({ watched }) => watched).length,
      lost: flowsLost,
    }));
  }

  get flowsLost(): number {
    return this.runner.flowsLost;
  }

  private alive(record: Registration): Registration | undefined {
    return this.book.has(record) ? record : undefined;
  }

  private view(record: Registration): RegistrationView {
    return viewOf(record, this.config.clock, this.config.contactAddr);
  }

  // Operators

  enable(uuid: string): boolean {
    return this.command(uuid, (record) => this.switchOn(record, false));
  }

  register(uuid: string): boolean {
    return this.command(uuid, (record) => this.switchOn(record, true));
  }

  disable(uuid: string): boolean {
    return this.command(uuid, (record) => {
      const unregister = this.config.unregisterOnDisable && mayBeBound(record);
      this.runner.apply(record, { type: 'off', goal: 'disabled', unregister });
    });
  }

  unregister(uuid: string): boolean {
    return this.command(uuid, (record) =>
      this.runner.apply(record, { type: 'off', goal: 'unregistered', unregister: true }),
    );
  }

  private switchOn(record: Registration, again: boolean): void {
    if (record.account.expires === 0) return;
    // Of one that is well, the last answer goes on saying so.
    if (!record.online || record.failures > 0) this.runner.beginAnew(record);
    this.runner.apply(record, { type: 'on', again });
  }

  private command(uuid: string, act: (record: Registration) => void): boolean {
    const record = this.book.lookUp(uuid);
    if (record === undefined) return false;
    if (!this.runner.stopped) act(record);
    return true;
  }

  get active(): boolean {
    return this.runner.active;
  }

  set active(value: boolean) {
    this.runner.active = value;
    if (value) this.runner.paces.pumpAll();
  }

  // Events

  onChange(listener: (event: RegistrationEvent) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  onNews(listener: (news: RegistrationNews) => void): () => void {
    this.newsListeners.add(listener);
    return () => void this.newsListeners.delete(listener);
  }

  changed(record: Registration, from: RegistrationStateName): void {
    if (this.onQuiet !== null && !isOutstanding(record.state)) this.onQuiet();
    const { uuid } = record.account;
    // Who only takes leave of an earlier row is not the account of that name.
    if (!record.listed && this.book.leaving.get(uuid) !== record) return;
    if (this.listeners.size > 0) {
      const account = this.view(record);
      const { state: to, lastCode: code, lastReason: reason } = account;
      this.tell(this.listeners, { account, from, to, code, reason });
    }
    if (this.newsListeners.size === 0 || !isNews(record, record.state.name, record.lastCode)) return;
    const news = new News(record, from, () => this.view(record));
    keepTold(record, news);
    this.tell(this.newsListeners, news);
  }

  private tell<T>(listeners: ReadonlySet<(what: T) => void>, what: T): void {
    for (const listener of listeners) {
      try {
        listener(what);
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        this.config.log('error', 'UAC_REG_FAULT', `a listener failed: ${text}`);
      }
    }
  }

  forgotten(record: Registration): void {
    this.book.forgotten(record);
    if (this.onQuiet !== null) this.onQuiet();
  }

  flowLost(flow: Flow, at: number): void {
    this.recovery.begin(flow, at);
  }

  // The end

  async stop(unregister: boolean, graceMs: number): Promise<void> {
    const { runner } = this;
    if (runner.stopped) return;
    runner.stopped = true;
    this.watchdog.stop();
    this.recovery.stop();
    this.book.finishRemoving();
    if (unregister && graceMs > 0) {
      let walked = 0;
      for (const record of this.book.index.walk()) {
        if (mayBeBound(record)) runner.apply(record, { type: 'off', goal: 'unregistered', unregister: true });
        // Whoever only waits does so no longer.
        else record.queue?.remove(record);
        if (++walked % SLICE === 0) await new Promise(setImmediate);
      }
      await this.quiet(graceMs);
    }
    for (const record of this.book.index.walk()) this.end(record);
    for (const record of this.book.leaving.values()) this.end(record);
    runner.paces.clear();
    runner.calendar.clear();
  }

  /** Waits until no request is out or waiting, but not longer than the time given. */
  private quiet(graceMs: number): Promise<void> {
    const { runner } = this;
    const busy = (): boolean => {
      for (const pace of runner.paces.values()) if (pace.outstanding > 0 || pace.waiting > 0) return true;
      return false;
    };
    return new Promise((resolve) => {
      const done = (): void => {
        runner.wheel.stop(limit);
        this.onQuiet = null;
        resolve();
      };
      const limit = new CallbackTimer(done);
      runner.wheel.start(limit, graceMs);
      this.onQuiet = () => {
        if (!busy()) done();
      };
      this.onQuiet();
    });
  }

  private end(record: Registration): void {
    this.runner.endAttempt(record, false);
    record.queue?.remove(record);
    record.state = machineState('unregistered', 'unregistered');
  }
}
