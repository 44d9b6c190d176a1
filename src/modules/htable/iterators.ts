import type { ScriptContext } from '../../script/context.ts';
import { slot } from '../../uac/slot.ts';
import type { Entry, Table, TableRecord } from './table.ts';

/** Iterators that one request may have open; Kamailio has as many for each process. */
const MAX_ITERATORS = 4;

/** A walk through a table. It belongs to a request, so that messages handled at the same time never share one. */
export class TableIterator {
  private readonly walk: Iterator<[string, Entry]>;
  readonly table: Table;
  private key = '';
  private entry: Entry | null = null;

  constructor(table: Table) {
    this.table = table;
    this.walk = table.live();
  }

  /** Goes on. @returns false behind the last entry */
  next(): boolean {
    const { done, value } = this.walk.next();
    if (done === true) {
      this.entry = null;
      return false;
    }
    [this.key, this.entry] = value;
    return true;
  }

  /** Where it stands; null before the first entry, behind the last, and where the entry was removed. */
  get current(): TableRecord | null {
    const { key, entry } = this;
    return entry !== null && this.table.isCurrent(key, entry) ? { key, value: entry.value } : null;
  }
}

const ITERATORS = slot<Map<string, TableIterator>>('htable iterators');

export function iteratorNamed(ctx: ScriptContext, name: string): TableIterator | undefined {
  return ITERATORS.get(ctx.state)?.get(name);
}

/** Starts one, in place of one of the same name. @returns false when too many are open */
export function startIterator(ctx: ScriptContext, name: string, table: Table): boolean {
  let open = ITERATORS.get(ctx.state);
  if (open === undefined) {
    open = new Map();
    ITERATORS.set(ctx.state, open);
  }
  if (!open.has(name) && open.size >= MAX_ITERATORS) return false;
  open.set(name, new TableIterator(table));
  return true;
}

/** @returns false when there was none */
export function endIterator(ctx: ScriptContext, name: string): boolean {
  return ITERATORS.get(ctx.state)?.delete(name) ?? false;
}
