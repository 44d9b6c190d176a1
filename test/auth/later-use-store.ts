/** A store of uses that several servers share and that answers later: what one in another program would be like. */
import { setImmediate as turn } from 'node:timers/promises';
import type { UseResult, UseStore } from '../../src/auth/use-store.ts';
import type { NonceUse } from '../../src/digest/nonce-use.ts';

/** What the other program does in one step: keeps a value under a key unless there is one. */
export class SharedEntries {
  readonly values = new Map<string, string>();

  /** @returns what was there; null when the value was put */
  putIfAbsent(key: string, value: string): string | null {
    const before = this.values.get(key) ?? null;
    if (before === null) this.values.set(key, value);
    return before;
  }
}

/** One server's end of it. */
export class LaterUseStore implements UseStore {
  private readonly entries: SharedEntries;
  private turns = 0;
  /** What happens in the place of an answer. */
  failing: (() => Promise<UseResult>) | null = null;
  calls = 0;

  constructor(entries = new SharedEntries()) {
    this.entries = entries;
  }

  async use({ nonce, nc }: NonceUse, request: string): Promise<UseResult> {
    this.calls++;
    if (this.failing !== null) return this.failing();
    // The way there and back takes now longer, now shorter.
    this.turns = (this.turns * 5 + 3) % 7;
    for (let at = this.turns; at >= 0; at--) await turn();
    const before = this.entries.putIfAbsent(JSON.stringify([nonce, nc]), request);
    for (let at = this.turns % 3; at >= 0; at--) await turn();
    return before === null ? 'first' : before === request ? 'again' : 'replay';
  }
}
