import type { CallDialog } from '../../dialog/call-dialog.ts';
import { EditList } from '../../message/edits.ts';
import type { SipMessage } from '../../message/message.ts';
import type { Branch } from '../../proxy/branch.ts';
import type { RequestState } from '../../proxy/request-state.ts';
import { ScriptContext } from '../../script/context.ts';
import { L_ERR } from '../../script/log.ts';
import type { ModuleHost } from '../../script/module-definition.ts';
import { fromHere, occasion } from '../../script/occasion.ts';
import { ROUTE_EVENT, type Value } from '../../script/values.ts';
import { localTime, strftime, utcTime } from '../../script/variables/strftime.ts';
import type { RowQueue } from '../../storage/row-queue.ts';
import type { SqlValue } from '../../storage/sql-database.ts';
import type { Received } from '../../transport/transport.ts';
import { slot } from '../../uac/slot.ts';
import type { CallEnd, CallWatcher } from '../dialog/call-watcher.ts';
import { setCurrent } from '../dialog/instance.ts';
import type { CdrSettings } from './cdr-settings.ts';
import { type CdrTimes, markEnd, markStart, timesOf } from './cdr-times.ts';
import { DATETIME, sqlValue } from './rows.ts';

/** The call that a BYE ended and whose record waits for its final reply. */
const ENDED = slot<CallDialog>('call data record');

/** Call data records: one for each call, when it is over (acc README §4). */
export class CallRecords implements CallWatcher {
  private readonly host: ModuleHost;
  private readonly settings: CdrSettings;
  /** Null without db_url. */
  private readonly queue: RowQueue | null;
  /** Calls that are over and the BYEs that did it: their records are written with the final reply, as in the original. */
  private readonly open = new Map<CallDialog, RequestState>();

  constructor(host: ModuleHost, settings: CdrSettings, queue: RowQueue | null) {
    this.host = host;
    this.settings = settings;
    this.queue = queue;
  }

  /** Follows calls from now on. */
  start(): void {
    const { host, queue, settings } = this;
    if (settings.table !== '' && queue === null)
      host.log.write(L_ERR, 'acc', 'cdrs_table is set and there is no db_url', 'ACC_NO_DATABASE');
    settings.dialogs.watchers.add(this);
  }

  stop(): void {
    this.settings.dialogs.watchers.delete(this);
    this.flush();
  }

  /** Writes the records of calls whose BYE has no final reply yet. */
  flush(): void {
    for (const dialog of this.open.keys()) this.settle(dialog);
  }

  began(dialog: CallDialog): void {
    markStart(this.settings, dialog, this.host.clock.wall());
  }

  answered(dialog: CallDialog): void {
    if (this.settings.startOnConfirmed) markStart(this.settings, dialog, this.host.clock.wall());
  }

  refused(dialog: CallDialog, state: RequestState, reply: SipMessage | null, branch: Branch | null): void {
    if (this.settings.onFailed) this.write(dialog, this.contextOf(state, reply, branch), false);
  }

  ending(dialog: CallDialog): void {
    markEnd(this.settings, dialog, this.host.clock.wall());
  }

  ended(dialog: CallDialog, by: CallEnd): void {
    if (by === 'command' || by === 'lifetime') {
      if (by === 'command' || this.settings.expired) this.write(dialog, this.ownContext(dialog), true);
      return;
    }
    this.ending(dialog);
    this.open.set(dialog, by);
    ENDED.set(by, dialog);
    by.replyWatchers.push(this.onReply);
    const other = by.unhandledWatcher;
    // Answered without a transaction, or not at all: the call is over all the same.
    by.unhandledWatcher = () => {
      other?.();
      this.settle(dialog);
    };
  }

  removed(dialog: CallDialog): void {
    this.settle(dialog);
  }

  private readonly onReply = (state: RequestState, status: number): void => {
    const dialog = ENDED.get(state);
    if (status >= 200 && dialog !== undefined) this.settle(dialog);
  };

  /** The record of a call that a BYE ended, unless it is written. */
  private settle(dialog: CallDialog): void {
    const state = this.open.get(dialog);
    if (state === undefined) return;
    this.open.delete(dialog);
    this.write(dialog, this.contextOf(state, null, null), false);
  }

  /** Extra values are read in the reply where there is one, else in the request. */
  private contextOf(state: RequestState, reply: SipMessage | null, branch: Branch | null): ScriptContext {
    const message = reply ?? state.message;
    const edits = reply === null ? state.edits : new EditList();
    const from = reply === null ? state.received : replier(state.received, branch);
    const program = this.host.program();
    const { target } = state;
    return new ScriptContext(
      program,
      ROUTE_EVENT,
      message,
      state,
      target,
      edits,
      branch,
      reply,
      from,
      from.serial ?? 0,
    );
  }

  /** Of a call that no message ended: only what belongs to the call can be read. */
  private ownContext(dialog: CallDialog): ScriptContext {
    const { host } = this;
    const ctx = occasion(host.program(), ROUTE_EVENT, fromHere(host.sender.sockets, host.clock.now()));
    setCurrent(ctx.state, { dialog, side: 'caller', initial: false });
    return ctx;
  }

  /** @param ofDialogOnly there is no message that other values could be of */
  private write(dialog: CallDialog, ctx: ScriptContext, ofDialogOnly: boolean): void {
    const { settings, host } = this;
    if (settings.skip !== '' && dialog.variables.has(settings.skip)) return;
    const times = timesOf(settings, dialog);
    const values = settings.extra.map(({ variable, ofDialog }) =>
      ofDialog || !ofDialogOnly ? variable.get(ctx) : null,
    );
    if (settings.log) host.log.write(settings.logLevel, 'acc', this.line(times, values));
    if (settings.table !== '') this.store(times, values);
  }

  /** Values stand in it as they are; the log makes control characters visible. */
  private line({ startText, endText, duration }: CdrTimes, values: readonly Value[]): string {
    const { startId, endId, durationId, extra } = this.settings;
    const fixed = `${startId}=${startText}; ${endId}=${endText}; ${durationId}=${duration}`;
    return extra.reduce((text, { name }, index) => `${text}; ${name}=${values[index] ?? ''}`, fixed);
  }

  private store({ start, end, duration }: CdrTimes, values: readonly Value[]): void {
    const { startId, endId, durationId, extra, nullable, table, utc } = this.settings;
    const moment = (ms: number): string => strftime(DATETIME, utc ? utcTime(ms) : localTime(ms));
    const own = (value: Value): SqlValue => (value === null && !nullable ? '' : sqlValue(value));
    this.queue?.add({
      table,
      columns: [startId, endId, durationId, ...extra.map(({ name }) => name)],
      values: [moment(start), moment(end), Number(duration), ...values.map(own)],
    });
  }
}

/** Where a reply came from: the address that its branch's request went to. */
function replier(received: Received, branch: Branch | null): Received {
  const destination = branch?.destination ?? null;
  if (destination === null) return received;
  const { socket, ip, port, connection } = destination;
  return { socket, ip, port, connection, at: received.at };
}
