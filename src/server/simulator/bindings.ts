import type { Clock } from '../../time/clock.ts';

/** One contact of an address of record. */
export interface Binding {
  readonly uri: string;
  readonly callId: string;
  readonly cseq: number;
  /** Milliseconds of the clock at which it ends; whole ones, so that no rounding makes a second more of what is left. */
  readonly expiresAt: number;
}

/** What a REGISTER asks for about one contact; 0 seconds takes it away. */
export interface BindingChange {
  readonly uri: string;
  readonly seconds: number;
}

/** What became of a REGISTER's changes. */
export interface BindingOutcome {
  readonly added: number;
  readonly refreshed: number;
  readonly removed: number;
}

/** The bindings of a simulated registrar: what RFC 3261 §10.3 steps 6 to 8 keep. Those that have run out go when they are looked at. */
export class Bindings {
  private readonly clock: Clock;
  private readonly records = new Map<string, Map<string, Binding>>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Bindings of one address of record that are valid now. */
  of(aor: string): readonly Binding[] {
    const bindings = this.records.get(aor);
    if (bindings === undefined) return [];
    const now = this.clock.now();
    for (const [uri, binding] of bindings) if (binding.expiresAt <= now) bindings.delete(uri);
    if (bindings.size === 0) this.records.delete(aor);
    return [...bindings.values()];
  }

  /** Whole seconds that a binding has left, a begun one counted. */
  secondsLeft({ expiresAt }: Binding): number {
    return Math.ceil((expiresAt - this.clock.now()) / 1000);
  }

  /** Addresses of record with a valid binding. */
  get size(): number {
    for (const aor of [...this.records.keys()]) this.of(aor);
    return this.records.size;
  }

  /**
   * Applies all of a REGISTER's changes, or none when one of them is older than what is kept: a request that was overtaken by a later one of the
   * same Call-ID must not undo it (RFC 3261 §10.3, step 7).
   * @returns null when it was out of order
   */
  apply(aor: string, changes: readonly BindingChange[], callId: string, cseq: number): BindingOutcome | null {
    const current = new Map(this.of(aor).map((binding) => [binding.uri, binding]));
    const late = changes.some(({ uri }) => {
      const old = current.get(uri);
      return old !== undefined && old.callId === callId && old.cseq >= cseq;
    });
    if (late) return null;
    let added = 0;
    let refreshed = 0;
    let removed = 0;
    const now = this.clock.now();
    for (const { uri, seconds } of changes) {
      const known = current.has(uri);
      if (seconds === 0) {
        if (current.delete(uri)) removed++;
        continue;
      }
      if (known) refreshed++;
      else added++;
      current.set(uri, { uri, callId, cseq, expiresAt: Math.floor(now) + seconds * 1000 });
    }
    if (current.size === 0) this.records.delete(aor);
    else this.records.set(aor, current);
    return { added, refreshed, removed };
  }
}
