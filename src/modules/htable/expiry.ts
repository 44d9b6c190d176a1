import type { SipMessage } from '../../message/message.ts';
import { ParseFailure, parseMessage } from '../../message/parser.ts';
import { RequestState } from '../../proxy/request-state.ts';
import { ScriptContext } from '../../script/context.ts';
import type { ModuleHost } from '../../script/module-definition.ts';
import type { Program } from '../../script/program.ts';
import { ROUTE_EVENT } from '../../script/values.ts';
import { Timer } from '../../time/timer-wheel.ts';
import type { Entry, Table, TableRecord } from './table.ts';

/** The message that these routes see; scripts know it from Kamailio's own. */
const SYNTHETIC =
  'OPTIONS sip:you@kamailio.org SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1\r\nFrom: <sip:you@kamailio.org>;tag=123\r\n' +
  'To: <sip:you@kamailio.org>\r\nCall-ID: 123\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n';

/** Entries looked at in one go: a large table must not hold up messages. */
const SLICE = 20_000;

const RECORD = Symbol('htable record');

/** The record that an expired route is about. */
export function recordOf(ctx: ScriptContext): TableRecord | undefined {
  return ctx.cached<TableRecord>(RECORD);
}

/** Takes entries that are due out of the tables, and runs the event routes of the module. */
export class ExpirySweep extends Timer {
  private readonly host: ModuleHost;
  private readonly tables: readonly Table[];
  private readonly interval: number;
  private readonly message: SipMessage;
  private program: Program | null = null;
  /** Where a sweep of more than one slice goes on. */
  private rest: Iterator<readonly [Table, string, Entry]> | null = null;

  /** @param interval milliseconds between sweeps */
  constructor(host: ModuleHost, tables: Iterable<Table>, interval: number) {
    super();
    const message = parseMessage(SYNTHETIC);
    if (message instanceof ParseFailure) throw new Error(message.reason);
    this.host = host;
    this.tables = [...tables].filter((table) => table.expires);
    this.interval = interval;
    this.message = message;
  }

  /** Begins, and tells the script that the tables are there. */
  begin(program: Program): void {
    this.program = program;
    if (this.tables.length > 0) this.host.wheel.start(this, this.interval);
    this.run('htable:mod-init', null);
  }

  end(): void {
    this.host.wheel.stop(this);
    this.rest = null;
    this.program = null;
  }

  override fire(now: number): void {
    this.rest ??= this.all();
    for (let n = 0; n < SLICE; n++) {
      const next = this.rest.next();
      if (next.done === true) {
        this.rest = null;
        break;
      }
      const [table, key, entry] = next.value;
      if (entry.due > now) continue;
      table.remove(key);
      this.run(`htable:expired:${table.name}`, { key, value: entry.value });
      // A route may have stopped the server.
      if (this.program === null) return;
    }
    this.host.wheel.start(this, this.rest === null ? this.interval : 0);
  }

  private *all(): Iterator<readonly [Table, string, Entry]> {
    for (const table of this.tables) for (const [key, entry] of table.all()) yield [table, key, entry];
  }

  private run(event: string, record: TableRecord | null): void {
    const { program } = this;
    const route = program?.route('event', event) ?? null;
    if (program === null || route === null) return;
    const ctx = this.context(program);
    if (ctx === null) return;
    if (record !== null) ctx.setCached(RECORD, record);
    // Whoever waits in it goes on by itself: nobody needs the result.
    void program.run(route, ctx);
  }

  private context(program: Program): ScriptContext | null {
    const { host, message } = this;
    const [socket] = host.sender.sockets;
    if (socket === undefined) return null;
    const from = { socket, ip: '127.0.0.1', port: 5060, connection: 0, at: host.clock.now() };
    const state = new RequestState(message, from, program.hooks);
    state.faked = true;
    return new ScriptContext(program, ROUTE_EVENT, message, state, state.target, state.edits, null, null, from, 0);
  }
}
