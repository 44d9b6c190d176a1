import type { ScriptContext } from '../../script/context.ts';
import { L_ERR, type Log } from '../../script/log.ts';
import { CallbackTimer } from '../../time/callback-timer.ts';
import type { TimerWheel } from '../../time/timer-wheel.ts';

/** One held lock. */
interface Held {
  /** Who holds it: a request's state, which all its routes share. */
  owner: object;
  /** How often its owner took it. */
  depth: number;
  readonly waiting: { readonly owner: object; readonly go: () => void; readonly timer: CallbackTimer }[];
}

/**
 * Locks that scripts name (lock, trylock, unlock). Scripts of different messages only interleave where one waits, so a lock matters across
 * sleeps and look-ups. A waiter gets its turn in order. A script that ended without unlock() must not stop the others for ever:
 * a waiter takes the lock over after `patience`.
 */
export class ScriptLocks {
  private readonly held = new Map<string, Held>();
  private readonly wheel: TimerWheel;
  private readonly log: Log;
  private readonly patience: number;

  /** @param patience milliseconds after which a waiter takes a lock over */
  constructor(wheel: TimerWheel, log: Log, patience = 30_000) {
    this.wheel = wheel;
    this.log = log;
    this.patience = patience;
  }

  /** Takes a lock, waiting for it if need be. @returns 1, at once when it is free */
  lock(ctx: ScriptContext, key: string): number | Promise<number> {
    const owner = ctx.state;
    const held = this.held.get(key);
    if (held === undefined) {
      this.held.set(key, { owner, depth: 1, waiting: [] });
      return 1;
    }
    if (held.owner === owner) {
      held.depth++;
      return 1;
    }
    return new Promise((resolve) => {
      const timer = new CallbackTimer(() => {
        this.log.write(
          L_ERR,
          'cfgutils',
          `lock("${key}") was held too long and is taken over`,
          'CFGUTILS_LOCK_TIMEOUT',
        );
        this.pass(key, held);
      });
      held.waiting.push({ owner, go: () => resolve(1), timer });
      this.wheel.start(timer, this.patience);
    });
  }

  /** Takes a lock if it is free, also of oneself. */
  tryLock(ctx: ScriptContext, key: string): boolean {
    if (this.held.has(key)) return false;
    this.held.set(key, { owner: ctx.state, depth: 1, waiting: [] });
    return true;
  }

  /** Gives a lock back, whoever took it; harmless when it is free. */
  unlock(ctx: ScriptContext, key: string): void {
    const held = this.held.get(key);
    if (held === undefined) return;
    if (held.owner === ctx.state && held.depth > 1) held.depth--;
    else this.pass(key, held);
  }

  /** Locks held now. */
  get size(): number {
    return this.held.size;
  }

  /** Lets every waiter go: the program ends. */
  clear(): void {
    for (const { waiting } of this.held.values()) {
      for (const { go, timer } of waiting) {
        this.wheel.stop(timer);
        go();
      }
    }
    this.held.clear();
  }

  private pass(key: string, held: Held): void {
    const next = held.waiting.shift();
    if (next === undefined) {
      this.held.delete(key);
      return;
    }
    this.wheel.stop(next.timer);
    held.owner = next.owner;
    held.depth = 1;
    next.go();
  }
}
