/** A number that only its owner changes; reading it is free. */
export interface Counter {
  value: number;
}

/** Named statistics, by group, as Kamailio's counters framework has them ($stat, RPC, metrics). */
export class Statistics {
  private readonly entries = new Map<
    string,
    { readonly group: string; readonly name: string; readonly read: () => number; readonly counter: Counter | null }
  >();

  /** A new counter; the same one again when the name exists. */
  counter(group: string, name: string): Counter {
    const old = this.entries.get(`${group}:${name}`);
    if (old?.counter) return old.counter;
    const counter: Counter = { value: 0 };
    this.entries.set(`${group}:${name}`, { group, name, read: () => counter.value, counter });
    return counter;
  }

  /** A count that others keep and that only grows: it can be set all the same, from there on it counts on. */
  tally(group: string, name: string, read: () => number): void {
    let offset = 0;
    const counter: Counter = {
      get value() {
        return read() - offset;
      },
      set value(value) {
        offset = read() - value;
      },
    };
    this.entries.set(`${group}:${name}`, { group, name, read: () => counter.value, counter });
  }

  /** A value computed when read. */
  gauge(group: string, name: string, read: () => number): void {
    this.entries.set(`${group}:${name}`, { group, name, read, counter: null });
  }

  /** Value by name alone or group.name / group:name; undefined when unknown. */
  read(name: string): number | undefined {
    const exact = this.entries.get(name.replace('.', ':'));
    if (exact) return exact.read();
    for (const entry of this.entries.values()) if (entry.name === name) return entry.read();
    return undefined;
  }

  /** The counter of a name (see {@link read}); undefined when there is none or it is computed. */
  find(name: string): Counter | undefined {
    const exact = this.entries.get(name.replace('.', ':'));
    if (exact) return exact.counter ?? undefined;
    for (const entry of this.entries.values()) if (entry.name === name) return entry.counter ?? undefined;
    return undefined;
  }

  /** Sets a counter; false when it is unknown or computed. */
  reset(name: string): boolean {
    for (const entry of this.entries.values())
      if (entry.counter && (entry.name === name || `${entry.group}:${entry.name}` === name.replace('.', ':'))) {
        entry.counter.value = 0;
        return true;
      }
    return false;
  }

  /** @returns call it to go back to the names that there are now; counts go on */
  snapshot(): () => void {
    const before = [...this.entries];
    return () => {
      this.entries.clear();
      for (const [key, entry] of before) this.entries.set(key, entry);
    };
  }

  /** All of them in order of registration. */
  list(): { group: string; name: string; value: number }[] {
    return [...this.entries.values()].map(({ group, name, read }) => ({ group, name, value: read() }));
  }
}
