import { CallbackTimer } from '../../time/callback-timer.ts';
import { Account, accountProblem, sameRow } from './account.ts';
import { AccountIndex } from './account-index.ts';
import type { AccountRow } from './account-row.ts';
import { contactUri } from './contact.ts';
import type { AccountLoad, AccountProblem } from './engine.ts';
import { type LoadHost, TableLoad } from './load.ts';
import { Registration } from './registration.ts';
import type { Runner } from './runner.ts';
import { type Goal, isOutstanding } from './states.ts';

/** Accounts that are gone through in one turn of the event loop. */
const SLICE = 1000;

/** Which accounts there are: rows that come, change and go, and what that means for their bindings. */
export class AccountBook implements LoadHost {
  readonly index = new AccountIndex();
  /** Removed accounts whose binding is still being removed. */
  readonly leaving = new Map<string, Registration>();
  private readonly runner: Runner;
  private serial = 0;
  private generation = 0;
  /** Accounts of an older load than this are removed, even where they still stand in the index. */
  private oldest = 0;
  private doomed = 0;
  /** Accounts of the latest load. */
  private seen = 0;
  private sweepAt: Registration | null = null;
  private readonly sweep = new CallbackTimer(() => this.removeSlice());

  constructor(runner: Runner) {
    this.runner = runner;
  }

  get size(): number {
    return this.index.size - this.doomed;
  }

  /** False for an account that the last load has not seen and that is removed in a moment. */
  has(record: Registration): boolean {
    return record.listed && record.generation >= this.oldest;
  }

  lookUp(uuid: string): Registration | undefined {
    const record = this.index.get(uuid);
    return record === undefined || !this.has(record) ? undefined : record;
  }

  beginLoad(): AccountLoad {
    // What the load before left to be removed must be gone before its accounts can come back.
    this.finishRemoving();
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

  /** Nothing is left to do for an account that was removed. */
  forgotten(record: Registration): void {
    if (this.leaving.get(record.account.uuid) === record) this.leaving.delete(record.account.uuid);
  }

  /** Removes at once what the last load has left to be removed. */
  finishRemoving(): void {
    this.runner.wheel.stop(this.sweep);
    if (this.doomed > 0) for (const record of this.index.walk()) if (!this.has(record)) this.drop(record);
    this.doomed = 0;
    this.sweepAt = null;
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
    if (unseen > 0) this.removeSlice();
    return unseen;
  }

  /** The account belongs to this load. */
  private see(record: Registration, generation: number): void {
    if (record.generation === generation) return;
    if (generation === this.generation) this.seen++;
    record.generation = generation;
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
    if (moved && this.runner.config.unregisterOnRemove && mayBeBound(record)) this.farewell(record);
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
    runner.beginAnew(record);
    record.misses = 0;
    record.initialized = false;
    record.loadedAt = runner.seconds;
    this.start(record, 0);
  }

  /** What tells one binding from another: who is registered, at which Contact. */
  private bindingOf(account: Account): string {
    const { remoteUser, remoteDomain, contactAddr } = account;
    return `${remoteUser}\n${remoteDomain}\n${contactUri(account, contactAddr || this.runner.config.contactAddr)}`;
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
    // Disabled in its row: as by an operator. With an expires of 0 there is no registration any more: as one that is removed.
    const { unregisterOnDisable, unregisterOnRemove } = this.runner.config;
    const unregister = (goal === 'disabled' ? unregisterOnDisable : unregisterOnRemove) && mayBeBound(record);
    if (goal !== 'on' && unregister) this.runner.apply(record, { type: 'off', goal, unregister });
    else this.runner.apply(record, { type: 'start', goal, delay });
  }

  private drop(record: Registration): void {
    if (record.generation < this.oldest) this.doomed--;
    if (record.generation === this.generation) this.seen--;
    this.index.remove(record);
    record.generation = -1;
    const unregister = this.runner.config.unregisterOnRemove && mayBeBound(record);
    if (unregister) this.leaving.set(record.account.uuid, record);
    this.runner.apply(record, { type: 'off', goal: 'gone', unregister });
  }

  /** Removes accounts that the last load has not seen, some at a time. */
  private removeSlice(): void {
    for (let i = 0; i < SLICE && this.sweepAt !== null && this.doomed > 0; i++) {
      const record = this.sweepAt;
      this.sweepAt = record.after;
      if (record.listed && !this.has(record)) this.drop(record);
    }
    if (this.doomed === 0) this.sweepAt = null;
    // The account that the walk stood on was taken out and came back at the end.
    else if (this.sweepAt === null) this.finishRemoving();
    else this.runner.wheel.start(this.sweep, 0);
  }
}

/** True when a binding is held, or a REGISTER is out that may have made one. */
export function mayBeBound(record: Registration): boolean {
  return record.online || isOutstanding(record.state);
}
