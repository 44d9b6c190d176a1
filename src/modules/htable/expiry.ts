import type { ScriptContext } from '../../script/context.ts';
import type { ModuleHost } from '../../script/module-definition.ts';
import { fromHere, runOccasion } from '../../script/occasion.ts';
import type { Program } from '../../script/program.ts';
import { Timer } from '../../time/timer-wheel.ts';
import type { Entry, Table, TableRecord } from './table.ts';

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
  private program: Program | null = null;
  /** Where a sweep of more than one slice goes on. */
  private rest: Iterator<readonly [Table, string, Entry]> | null = null;

  /** @param interval milliseconds between sweeps */
  constructor(host: ModuleHost, tables: Iterable<Table>, interval: number) {
    super();
    this.host = host;
    this.tables = [...tables].filter((table) => table.expires);
    this.interval = interval;
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
    const { host, program } = this;
    if (program === null) return;
    runOccasion(program, 'event', event, fromHere(host.sender.sockets, host.clock.now()), (ctx) => {
      if (record !== null) ctx.setCached(RECORD, record);
    });
  }
}
