import { CallbackTimer } from '../../time/callback-timer.ts';
import { Account, accountProblem, sameRow } from './account.ts';
import { AccountIndex } from './account-index.ts';
import type { AccountRow } from './account-row.ts';
import { contactUri } from './contact.ts';
import type {
  AccountAttribute,
  AccountLoad,
  AccountProblem,
  RegistrationEngine,
  RegistrationEvent,
  RegistrationResult,
  RegistrationStateName,
  RegistrationView,
} from './engine.ts';
import { Exchange } from './exchange.ts';
import { type LoadHost, TableLoad } from './load.ts';
import { Registration } from './registration.ts';
import { Runner, type RunnerUser } from './runner.ts';
import { type EngineConfig, engineConfig, type RegistrationOptions } from './settings.ts';
import { type Goal, isOutstanding, machineState } from './states.ts';
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
  }[];
}

/**
 * Makes the engine that keeps accounts registered at their registrars (RFC 3261 §10; uac README, "Remote registration"). It starts with no
 * account. The sender's sockets have to be open before accounts are added: an account whose socket is not there is `faulty`.
 * @throws RegistrationError UAC_REG_BAD_SETTING
 */
export function createRegistrationEngine(options: RegistrationOptions): WatchedRegistrationEngine {
  return new Engine(engineConfig(options), options.settings.active ?? true);
}

class Engine implements WatchedRegistrationEngine, RunnerUser, LoadHost {
  private readonly config: EngineConfig;
  private readonly runner: Runner;
  private readonly index = new AccountIndex();
  private readonly watchdog: Watchdog;
  private readonly listeners = new Set<(event: RegistrationEvent) => void>();
  /** Removed accounts whose binding is still being removed. */
  private readonly leaving = new Map<string, Registration>();
  private serial = 0;
  private generation = 0;
  /** Accounts of an older load than this are removed, even where they still stand in the index. */
  private oldest = 0;
  private doomed = 0;
  /** Accounts of the latest load. */
  private seen = 0;
  private sweepAt: Registration | null = null;
  private readonly sweep = new CallbackTimer(() => this.removeSlice(SLICE));
  private onQuiet: (() => void) | null = null;

  constructor(config: EngineConfig, active: boolean) {
    this.config = config;
    this.runner = new Runner(config, active, this);
    this.runner.connect(new Exchange(this.runner));
    this.watchdog = new Watchdog(this.runner, this.index);
  }

  // Accounts

  beginLoad(): AccountLoad {
    // What the load before left to be removed must be gone before its accounts can come back.
    this.removeSlice(Number.POSITIVE_INFINITY);
    this.seen = 0;
    return new TableLoad(this, ++this.generation);
  }

  add(row: AccountRow): 'added' | 'exists' | AccountProblem {
    if (this.lookUp(row.uuid) !== undefined) return 'exists';
    const outcome = this.put(row, this.generation);
    return typeof outcome === 'string' ? 'added' : outcome;
  }

  refresh(row: AccountRow): 'added' | 'replaced' | AccountProblem {
    const known = this.lookUp(row.uuid);
    const outcome = this.put(row, this.generation);
    if (typeof outcome !== 'string') return outcome;
    return known === undefined ? 'added' : 'replaced';
  }

  remove(uuid: string): boolean {
    const record = this.lookUp(uuid);
    if (record === undefined) return false;
    this.drop(record);
    return true;
  }

  takeRow(row: AccountRow, generation: number): 'added' | 'changed' | 'unchanged' | AccountProblem {
    const known = this.index.get(row.uuid);
    if (known !== undefined && sameRow(known.account, row)) {
      this.see(known, generation);
      return 'unchanged';
    }
    const outcome = this.put(row, generation);
    // A row that has become unusable leaves its account as it was: a slip in the table must not end a registration.
    if (typeof outcome !== 'string' && known !== undefined) this.see(known, generation);
    return outcome;
  }

  removeUnseen(generation: number): number {
    if (generation !== this.generation) return 0;
    this.oldest = generation;
    const unseen = this.index.size - this.seen;
    this.doomed = unseen;
    this.sweepAt = this.index.first;
    if (unseen > 0) this.removeSlice(SLICE);
    return unseen;
  }

  /** The account belongs to this load. */
  private see(record: Registration, generation: number): void {
    if (record.generation === generation) return;
    if (generation === this.generation) this.seen++;
    record.generation = generation;
  }

  private lookUp(uuid: string): Registration | undefined {
    const record = this.index.get(uuid);
    return record === undefined || record.generation < this.oldest ? undefined : record;
  }

  private put(row: AccountRow, generation: number): 'added' | 'changed' | AccountProblem {
    const problem = accountProblem(row);
    if (problem !== null) return problem;
    const { runner } = this;
    const account = new Account(row, runner.tables);
    const known = this.index.get(row.uuid);
    const returning = known ?? this.leaving.get(row.uuid);
    if (returning === undefined) {
      const record = new Registration(account, ++this.serial, runner);
      runner.adopt(record);
      this.index.add(record);
      this.see(record, generation);
      this.start(record, runner.firstDelay(record));
      return 'added';
    }
    if (known !== undefined && known.generation < this.oldest) this.doomed--;
    this.change(returning, account, generation);
    return known === undefined ? 'added' : 'changed';
  }

  /** Gives an account another row. */
  private change(record: Registration, account: Account, generation: number): void {
    const { runner } = this;
    const before = record.account;
    const moved = this.bindingOf(before) !== this.bindingOf(account);
    if (moved && this.config.unregisterOnRemove && (record.online || isOutstanding(record.state)))
      this.farewell(record);
    account.hop.users++;
    runner.releaseHop(record);
    if (record.listed)
      this.index.replace(record, () => {
        record.account = account;
      });
    else {
      this.leaving.delete(before.uuid);
      record.account = account;
      this.index.add(record);
    }
    this.see(record, generation);
    if (moved) {
      runner.unbind(record);
      runner.newCall(record);
      record.granted = 0;
      record.learned = '';
      record.outdated = '';
    }
    // A nonce belongs to whom it was given to.
    if (before.authUser !== account.authUser || before.realm !== account.realm || moved) record.kept = null;
    if (before.hop !== account.hop || before.socket !== account.socket) record.home = null;
    record.raised = 0;
    record.failures = 0;
    record.misses = 0;
    record.initialized = false;
    record.loadedAt = runner.seconds;
    this.start(record, 0);
  }

  /** What tells one binding from another: who is registered, at which Contact. */
  private bindingOf(account: Account): string {
    const { remoteUser, remoteDomain, contactAddr } = account;
    return `${remoteUser}\n${remoteDomain}\n${contactUri(account, contactAddr || this.config.contactAddr)}`;
  }

  /** Removes the binding of what an account was until now, by an account of its own that ends with that. */
  private farewell(record: Registration): void {
    const { runner } = this;
    const ghost = new Registration(record.account, record.serial, runner);
    runner.adopt(ghost);
    ghost.callGeneration = record.callGeneration;
    ghost.cseq = record.cseq;
    ghost.home = record.home;
    ghost.kept = record.kept;
    ghost.learned = record.learned;
    record.kept = null;
    runner.apply(ghost, { type: 'off', goal: 'gone', unregister: true });
  }

  private start(record: Registration, delay: number): void {
    const { account } = record;
    const goal: Goal = (account.flags & 1) !== 0 ? 'disabled' : account.expires === 0 ? 'idle' : 'on';
    this.runner.apply(record, { type: 'start', goal, delay });
  }

  private drop(record: Registration): void {
    if (record.generation < this.oldest) this.doomed--;
    if (record.generation === this.generation) this.seen--;
    this.index.remove(record);
    record.generation = -1;
    const unregister = this.config.unregisterOnRemove && (record.online || isOutstanding(record.state));
    if (unregister) this.leaving.set(record.account.uuid, record);
    this.runner.apply(record, { type: 'off', goal: 'gone', unregister });
  }

  /** Removes accounts that the last load has not seen, some at a time. */
  private removeSlice(most: number): void {
    for (let i = 0; i < most && this.sweepAt !== null && this.doomed > 0; i++) {
      const record = this.sweepAt;
      this.sweepAt = record.after;
      if (record.listed && record.generation < this.oldest) this.drop(record);
    }
    if (this.sweepAt !== null && this.doomed > 0) this.runner.wheel.start(this.sweep, 0);
    else this.sweepAt = null;
  }

  // Looking

  find(attribute: AccountAttribute, value: string): RegistrationView | null {
    let found: Registration | undefined;
    if (attribute === 'l_uuid') found = this.lookUp(value);
    else if (attribute === 'l_username')
      for (const record of this.index.named(value)) found = this.alive(record) ?? found;
    else {
      const key = attribute === 'r_username' ? 'remoteUser' : 'authUser';
      for (const record of this.index.walk()) {
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
    for (const record of this.index.named(user)) {
      if (wanted === null || record.account.localDomain.toLowerCase() === wanted) found = this.alive(record) ?? found;
    }
    return found === undefined ? null : this.view(found);
  }

  *list(): Iterable<RegistrationView> {
    for (const record of this.index.walk()) if (this.alive(record) !== undefined) yield this.view(record);
  }

  get size(): number {
    return this.index.size - this.doomed;
  }

  count(state: RegistrationStateName): number {
    return this.runner.count(state);
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

  registrars(): { name: string; window: number; outstanding: number; waiting: number }[] {
    return Array.from(this.runner.paces.values(), ({ name, size, outstanding, waiting }) => ({
      name,
      window: size,
      outstanding,
      waiting,
    }));
  }

  private alive(record: Registration): Registration | undefined {
    return record.generation < this.oldest ? undefined : record;
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
      const unregister = this.config.unregisterOnDisable && (record.online || isOutstanding(record.state));
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
    record.failures = 0;
    this.runner.apply(record, { type: 'on', again });
  }

  private command(uuid: string, act: (record: Registration) => void): boolean {
    const record = this.lookUp(uuid);
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

  changed(record: Registration, from: RegistrationStateName): void {
    if (this.onQuiet !== null && !isOutstanding(record.state)) this.onQuiet();
    const { uuid } = record.account;
    // Who only takes leave of an earlier row is not the account of that name.
    if (this.listeners.size === 0 || (!record.listed && this.leaving.get(uuid) !== record)) return;
    const account = this.view(record);
    const event: RegistrationEvent = {
      account,
      from,
      to: account.state,
      code: account.lastCode,
      reason: account.lastReason,
    };
    for (const listener of this.listeners) {
      try {
        listener(event);
      } catch (error) {
        this.config.log(
          'error',
          'UAC_REG_FAULT',
          `onChange: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    }
  }

  forgotten(record: Registration): void {
    if (this.leaving.get(record.account.uuid) === record) this.leaving.delete(record.account.uuid);
    if (this.onQuiet !== null) this.onQuiet();
  }

  // The end

  async stop(unregister: boolean, graceMs: number): Promise<void> {
    const { runner } = this;
    if (runner.stopped) return;
    runner.stopped = true;
    this.watchdog.stop();
    this.removeSlice(Number.POSITIVE_INFINITY);
    if (unregister && graceMs > 0) {
      let walked = 0;
      for (const record of this.index.walk()) {
        if (record.online || isOutstanding(record.state))
          runner.apply(record, { type: 'off', goal: 'unregistered', unregister: true });
        // Whoever only waits does so no longer.
        else record.queue?.remove(record);
        if (++walked % SLICE === 0) await new Promise(setImmediate);
      }
      await this.quiet(graceMs);
    }
    for (const record of this.index.walk()) this.end(record);
    for (const record of this.leaving.values()) this.end(record);
    runner.wheel.stop(this.sweep);
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
