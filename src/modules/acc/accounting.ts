import type { SipMessage } from '../../message/message.ts';
import { M_ACK, M_CANCEL, M_INVITE } from '../../message/method.ts';
import type { Branch } from '../../proxy/branch.ts';
import type { RequestState } from '../../proxy/request-state.ts';
import { ScriptContext } from '../../script/context.ts';
import { L_ERR } from '../../script/log.ts';
import type { ModuleHost } from '../../script/module-definition.ts';
import { ROUTE_FAILURE, ROUTE_REQUEST } from '../../script/values.ts';
import { StorageError } from '../../storage/errors.ts';
import type { RowQueue } from '../../storage/row-queue.ts';
import { checkTableName } from '../../storage/table-version.ts';
import { type AccOccasion, logLine } from './log-line.ts';
import { type AccRecord, reasonOf, recordOf } from './record.ts';
import { rowsOf } from './rows.ts';
import type { AccSettings } from './settings.ts';

/** Where records of one kind go. */
interface Outputs {
  readonly log: boolean;
  readonly db: boolean;
}

/** Accounts transactions: hears of those whose request has one of its flags, and writes when they are answered or missed. */
export class Accounting {
  private readonly host: ModuleHost;
  private readonly settings: AccSettings;
  /** Null without db_url. */
  private readonly queue: RowQueue | null;
  private readonly ends: (() => void)[] = [];

  constructor(host: ModuleHost, settings: AccSettings, queue: RowQueue | null) {
    this.host = host;
    this.settings = settings;
    this.queue = queue;
  }

  /** Listens from now on. */
  start(): void {
    const { proxy } = this.host;
    this.ends.push(proxy.onTransaction((state) => this.began(state)));
    if (this.settings.reportAck) this.ends.push(proxy.onAck((state) => this.acknowledged(state)));
  }

  stop(): void {
    for (const end of this.ends.splice(0)) end();
  }

  /** acc_log_request(). */
  logRequest(ctx: ScriptContext, code: string, reason: string): void {
    this.write('accounted', this.record(ctx.state, this.localTag(ctx.state), code, reason), ctx);
  }

  /** acc_db_request(). @returns false (logged) when there is no database or the table has no name of one */
  storeRequest(ctx: ScriptContext, code: string, reason: string, table: string): boolean {
    return this.store(table, this.record(ctx.state, this.localTag(ctx.state), code, reason), ctx);
  }

  get hasDatabase(): boolean {
    return this.queue !== null;
  }

  private began(state: RequestState): void {
    const { settings } = this;
    if (state.message.methodId === M_CANCEL && !settings.reportCancels) return;
    const wanted =
      this.accounted(state).some ||
      this.missed(state).some ||
      settings.prepareAlways ||
      has(state, settings.prepareFlag);
    if (!wanted) return;
    // The same functions for every request: a closure would keep the request for as long as its answer is repeated.
    state.replyWatchers.push(this.onReply);
    if (state.message.methodId === M_INVITE) state.failureWatchers.push(this.onFailure);
  }

  private readonly onReply = (
    state: RequestState,
    status: number,
    reply: SipMessage | null,
    branch: Branch | null,
  ): void => {
    const missed = this.missed(state);
    const accounted = this.isAccounted(state, status, reply) ? this.accounted(state) : NOWHERE;
    const isMissed = missed.some && status >= 300 && state.message.methodId === M_INVITE;
    if (!isMissed && !accounted.some) return;
    const record = this.replyRecord(state, status, reply);
    const ctx = this.context(state, branch, ROUTE_REQUEST);
    if (isMissed) this.writeMissed(state, record, ctx, missed);
    if (accounted.log) this.write('answered', record, ctx);
    if (accounted.db) this.store(String(this.settings.dbTable.get(ctx) ?? ''), record, ctx);
  };

  /** A leg failed and its failure_route is about to run: the call was missed, whatever becomes of it. */
  private readonly onFailure = (state: RequestState, branch: Branch): void => {
    const missed = this.missed(state);
    if (!missed.some || branch.status < 300) return;
    const record = this.replyRecord(state, branch.status, branch.reply);
    this.writeMissed(state, record, this.context(state, branch, ROUTE_FAILURE), missed);
  };

  private acknowledged(state: RequestState): void {
    const accounted = this.accounted(state);
    if (!accounted.some) return;
    const record = this.record(state, '', '200', 'OK');
    const ctx = this.context(state, null, ROUTE_REQUEST);
    if (accounted.log) this.write('acknowledged', record, ctx);
    if (accounted.db) this.store(String(this.settings.dbTable.get(ctx) ?? ''), record, ctx);
  }

  private isAccounted(state: RequestState, status: number, reply: SipMessage | null): boolean {
    const { settings } = this;
    if (status >= 300) return has(state, settings.failedFlag) && !settings.failedFilter.has(status);
    return status >= 200 || (settings.earlyMedia && reply !== null && reply.body !== '');
  }

  private writeMissed(state: RequestState, record: AccRecord, ctx: ScriptContext, to: Outputs): void {
    const { settings } = this;
    if (to.log) this.write('missed', record, ctx);
    if (to.db) this.store(String(settings.dbMissedTable.get(ctx) ?? ''), record, ctx);
    // One record for each attempt: a failure_route sets the flag again for the next.
    for (const flag of [settings.logMissedFlag, settings.dbMissedFlag]) if (flag >= 0) state.flags &= ~(1 << flag);
  }

  private write(occasion: AccOccasion, record: AccRecord, ctx: ScriptContext): void {
    const { settings, host } = this;
    host.log.write(settings.logLevel, 'acc', logLine(settings, occasion, record, ctx));
  }

  private store(table: string, record: AccRecord, ctx: ScriptContext): boolean {
    const { queue, host, settings } = this;
    if (queue === null) {
      host.log.write(L_ERR, 'acc', 'a row is wanted and there is no db_url', 'ACC_NO_DATABASE');
      return false;
    }
    try {
      checkTableName(table);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      host.log.write(L_ERR, 'acc', error.message, error.code);
      return false;
    }
    let stored = true;
    for (const row of rowsOf(settings, table, record, ctx)) if (!queue.add(row)) stored = false;
    return stored;
  }

  private accounted(state: RequestState): Outputs & { readonly some: boolean } {
    return outputs(state, this.settings.logFlag, this.settings.dbFlag);
  }

  private missed(state: RequestState): Outputs & { readonly some: boolean } {
    return outputs(state, this.settings.logMissedFlag, this.settings.dbMissedFlag);
  }

  private replyRecord(state: RequestState, status: number, reply: SipMessage | null): AccRecord {
    const toTag = reply === null ? this.localTag(state) : (reply.to?.tag ?? '');
    return this.record(state, toTag, `${status}`, reasonOf(reply, status, this.settings.reasonFromHeader));
  }

  private record(state: RequestState, toTag: string, code: string, reason: string): AccRecord {
    const at = this.host.clock.wall();
    return recordOf({ state, at, toTag, code, reason, detectDirection: this.settings.detectDirection });
  }

  private localTag(state: RequestState): string {
    return state.message.methodId === M_ACK ? '' : this.host.proxy.localToTag(state, state.transaction !== null);
  }

  /** What extra fields are read in: the request, with the destination of the branch that has the reply. */
  private context(state: RequestState, branch: Branch | null, route: number): ScriptContext {
    const { message, received } = state;
    const target = branch?.target ?? state.target;
    const { serial } = received;
    const program = this.host.program();
    const reply = branch?.reply ?? null;
    return new ScriptContext(program, route, message, state, target, state.edits, branch, reply, received, serial ?? 0);
  }
}

const NOWHERE = { log: false, db: false, some: false };

function has({ flags }: RequestState, flag: number): boolean {
  return flag >= 0 && (flags & (1 << flag)) !== 0;
}

function outputs(state: RequestState, logFlag: number, dbFlag: number): Outputs & { readonly some: boolean } {
  const log = has(state, logFlag);
  const db = has(state, dbFlag);
  return { log, db, some: log || db };
}
