import type { Value } from '../../script/values.ts';
import type { Clock } from '../../time/clock.ts';
import type { TableDefinition } from './definition.ts';

/** One entry. Who keeps one across a wait has to ask {@link Table.isCurrent} again. */
export interface Entry {
  value: string | number;
  /** Clock time in ms at which it is gone; Infinity for never. */
  due: number;
}

/** A key and value at one moment. */
export interface TableRecord {
  readonly key: string;
  readonly value: string | number;
}

/**
 * Parts of a message are views into its whole text, which must not stay in memory for as long as an entry does.
 * A text put together anew owns its characters.
 */
function owned(text: string): string {
  return ` ${text}`.slice(1);
}

/** A shared table: entries by key, each with a time of its own. An entry that is due counts as absent, whether it was swept or not. */
export class Table {
  readonly name: string;
  readonly expires: boolean;
  private readonly autoExpire: number;
  private readonly initial: number | null;
  readonly updateExpire: boolean;
  /** Table of the database, empty for none, and whether it is written back. */
  readonly dbTable: string;
  readonly dbKeep: boolean;
  private readonly clock: Clock;
  private readonly limit: number;
  private readonly entries = new Map<string, Entry>();
  /** Clock time until which a full table is not told again. */
  quietUntil = 0;

  /** @param limit most entries it may have */
  constructor(definition: TableDefinition, clock: Clock, limit: number) {
    this.name = definition.name;
    this.autoExpire = definition.autoExpire * 1000;
    this.expires = this.autoExpire > 0;
    this.initial = definition.initial;
    this.updateExpire = definition.updateExpire;
    this.dbTable = definition.dbTable;
    this.dbKeep = definition.dbKeep;
    this.clock = clock;
    this.limit = limit;
  }

  /** Seconds until an entry expires; 0: never. */
  get autoExpireSeconds(): number {
    return this.autoExpire / 1000;
  }

  /** Entries in memory, those included that are due and not swept yet. */
  get size(): number {
    return this.entries.size;
  }

  /** Number of entries that are there. */
  count(): number {
    if (!this.expires) return this.entries.size;
    const now = this.clock.now();
    let count = 0;
    for (const { due } of this.entries.values()) if (due > now) count++;
    return count;
  }

  /** The entry, undefined when there is none. */
  find(key: string): Entry | undefined {
    const entry = this.entries.get(key);
    return entry === undefined || entry.due <= this.clock.now() ? undefined : entry;
  }

  isCurrent(key: string, entry: Entry): boolean {
    return this.find(key) === entry;
  }

  /** Value of a key, the table's initial one when there is none. */
  read(key: string): Value {
    return this.find(key)?.value ?? this.initial;
  }

  /** @returns false when the table is full */
  write(key: string, value: string | number): boolean {
    const kept = typeof value === 'string' ? owned(value) : value;
    const entry = this.entries.get(key);
    const now = this.clock.now();
    if (entry === undefined) {
      if (this.entries.size >= this.limit) return false;
      this.entries.set(owned(key), { value: kept, due: this.dueFrom(now) });
      return true;
    }
    entry.value = kept;
    if (this.updateExpire || entry.due <= now) entry.due = this.dueFrom(now);
    return true;
  }

  /**
   * Adds to an integer, or to the table's initial value.
   * @returns the new value, null when there is no integer to add to or the table is full
   */
  add(key: string, amount: number): number | null {
    const before = this.read(key);
    if (typeof before !== 'number') return null;
    const value = (before + amount) | 0;
    return this.write(key, value) ? value : null;
  }

  /** Gives an entry another time; 0 or less: it stays. Tables without autoexpire have no times. */
  setExpire(key: string, seconds: number): void {
    const entry = this.find(key);
    if (entry === undefined || !this.expires) return;
    entry.due = seconds > 0 ? Math.floor(this.clock.now()) + seconds * 1000 : Number.POSITIVE_INFINITY;
  }

  /** Whole seconds until an entry expires; 0 when it is not there or never does. */
  secondsLeft(key: string): number {
    const due = this.find(key)?.due ?? Number.POSITIVE_INFINITY;
    return due === Number.POSITIVE_INFINITY ? 0 : Math.ceil((due - this.clock.now()) / 1000);
  }

  remove(key: string): void {
    this.entries.delete(key);
  }

  clear(): void {
    this.entries.clear();
  }

  /** Entries that are there, in the order they were first written. What is removed on the way is not met, what is added is. */
  *live(): IterableIterator<[key: string, entry: Entry]> {
    for (const [key, entry] of this.entries) if (entry.due > this.clock.now()) yield [key, entry];
  }

  /** Every entry in memory, for the sweep. */
  all(): IterableIterator<[key: string, entry: Entry]> {
    return this.entries[Symbol.iterator]();
  }

  /** In whole milliseconds: of a fraction rounding would make a second more in {@link secondsLeft}. */
  private dueFrom(now: number): number {
    return this.expires ? Math.floor(now) + this.autoExpire : Number.POSITIVE_INFINITY;
  }
}
