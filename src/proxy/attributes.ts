/**
 * Attribute stores that travel with a request and its transaction: AVPs (a stack per name) and XAVPs (a stack of records per name),
 * as Kamailio's scripts know them. Empty stores cost nothing: the maps are made on first write.
 */

export type AvpValue = string | number;

/** Named stacks of values; index 0 is the newest. */
export class AvpStore {
  private stacks: Map<string, AvpValue[]> | null = null;

  /** Puts a value on top. */
  push(name: string, value: AvpValue): void {
    if (this.stacks === null) this.stacks = new Map();
    const stack = this.stacks.get(name);
    if (stack === undefined) this.stacks.set(name, [value]);
    else stack.unshift(value);
  }

  /** The index-th value, 0 the newest, -1 the oldest; undefined when there is none. */
  get(name: string, index = 0): AvpValue | undefined {
    const stack = this.stacks?.get(name);
    return stack === undefined ? undefined : stack.at(index);
  }

  /** All values, newest first. */
  all(name: string): readonly AvpValue[] {
    return this.stacks?.get(name) ?? [];
  }

  /** Removes the newest value. */
  pop(name: string): void {
    const stack = this.stacks?.get(name);
    if (stack === undefined) return;
    stack.shift();
    if (stack.length === 0) this.stacks?.delete(name);
  }

  /** Removes every value. */
  clear(name: string): void {
    this.stacks?.delete(name);
  }

  /** Makes `value` the only one. */
  replaceAll(name: string, value: AvpValue): void {
    this.clear(name);
    this.push(name, value);
  }

  names(): string[] {
    return this.stacks === null ? [] : [...this.stacks.keys()];
  }
}

/** One XAVP record: field name to a stack of values, newest first. */
export type XavpRecord = Map<string, AvpValue[]>;

/** Named stacks of records ($xavp, $xavi) or single records ($xavu). */
export class XavpStore {
  private stacks: Map<string, XavpRecord[]> | null = null;

  records(name: string): readonly XavpRecord[] {
    return this.stacks?.get(name) ?? [];
  }

  /** Puts a new record on top. */
  push(name: string, record: XavpRecord): void {
    if (this.stacks === null) this.stacks = new Map();
    const stack = this.stacks.get(name);
    if (stack === undefined) this.stacks.set(name, [record]);
    else stack.unshift(record);
  }

  /** Removes the index-th record (0 the newest); all of them without an index. */
  remove(name: string, index?: number): boolean {
    const stack = this.stacks?.get(name);
    if (stack === undefined) return false;
    if (index === undefined) return this.stacks?.delete(name) ?? false;
    const at = index < 0 ? stack.length + index : index;
    if (at < 0 || at >= stack.length) return false;
    stack.splice(at, 1);
    if (stack.length === 0) this.stacks?.delete(name);
    return true;
  }

  names(): string[] {
    return this.stacks === null ? [] : [...this.stacks.keys()];
  }
}

/** Everything a script attaches to a request; moves into the transaction with it. */
export class Attributes {
  readonly avps = new AvpStore();
  readonly xavps = new XavpStore();
  readonly xavis = new XavpStore();
  readonly xavus = new XavpStore();
}
