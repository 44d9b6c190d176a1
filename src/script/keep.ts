interface Kept {
  readonly value: unknown;
  readonly end: (value: never) => void;
  users: number;
}

/**
 * What outlives one program: sockets, tables and engines that a reloaded configuration goes on with. The new program's modules take
 * them while the old one's still hold them; what nobody holds any more ends.
 */
export class Keep {
  private readonly entries = new Map<string, Kept>();

  /**
   * The thing of this name: the one that is there, or a new one.
   * @param key module and everything that makes the thing what it is, so that a changed setting gets another thing
   * @param end called once nobody holds it
   * @returns the thing, and what gives it up again (to be called once)
   */
  take<T>(key: string, make: () => T, end: (value: T) => void): { readonly value: T; readonly release: () => void } {
    let entry = this.entries.get(key);
    if (entry === undefined) {
      entry = { value: make(), end, users: 0 };
      this.entries.set(key, entry);
    }
    const held = entry;
    held.users++;
    let released = false;
    return {
      // Who made it and who takes it name the same type by the same key.
      value: held.value as T,
      release: () => {
        if (released) return;
        released = true;
        if (--held.users > 0) return;
        this.entries.delete(key);
        held.end(held.value as never);
      },
    };
  }

  /** How many hold the thing of this name. */
  users(key: string): number {
    return this.entries.get(key)?.users ?? 0;
  }

  /** Whether there is a thing of this name. */
  has(key: string): boolean {
    return this.entries.has(key);
  }
}
