/** Runs the functions of a routes file: what they throw is logged with its place, what they wait for has a limit. */
import type { ScriptContext } from '../script/context.ts';
import { L_ERR, type Log } from '../script/log.ts';
import { errorText } from '../script/runtime-support.ts';
import { CallbackTimer } from '../time/callback-timer.ts';
import type { TimerWheel } from '../time/timer-wheel.ts';
import { ApiError } from './errors.ts';
import { EndOfHandler } from './ksr/signal.ts';
import { placeIn, shownName } from './load-module.ts';

/** Code of a run that went wrong. */
const FAILED = -1;

/** Where the functions of one file run. */
export class HandlerRunner {
  private readonly log: Log;
  private readonly wheel: TimerWheel;
  private readonly limit: number;
  private readonly files: readonly string[];
  private readonly cwd: string;

  /**
   * @param limit milliseconds that a handler is waited for; 0 for ever
   * @param files absolute names of the files that places are named in
   */
  constructor(parts: {
    readonly log: Log;
    readonly wheel: TimerWheel;
    readonly limit: number;
    readonly files: readonly string[];
    readonly cwd: string;
  }) {
    this.log = parts.log;
    this.wheel = parts.wheel;
    this.limit = parts.limit;
    this.files = parts.files;
    this.cwd = parts.cwd;
  }

  /**
   * Runs a function of a file for one message. Never throws, never rejects.
   * @param what names it in the log: `failure TRUNK`
   * @param call calls it
   * @param code makes Kamailio's code of what it returned
   * @param failed called when it threw or was given up
   */
  run(
    ctx: ScriptContext,
    what: string,
    call: () => unknown,
    code: (result: unknown) => number,
    failed: (ctx: ScriptContext) => void = () => {},
  ): number | Promise<number> {
    try {
      const result = call();
      if (isThenable(result)) return this.wait(ctx, what, result, code, failed);
      return code(result);
    } catch (error) {
      return this.ended(ctx, what, error, failed);
    }
  }

  private wait(
    ctx: ScriptContext,
    what: string,
    promise: PromiseLike<unknown>,
    code: (result: unknown) => number,
    failed: (ctx: ScriptContext) => void,
  ): Promise<number> {
    return new Promise((resolve) => {
      const timer = new CallbackTimer(() => {
        this.log.write(
          L_ERR,
          'script',
          `${what} has not ended after ${this.limit / 1000} s and is not waited for any more`,
          'API_HANDLER_SLOW',
        );
        failed(ctx);
        resolve(FAILED);
      });
      if (this.limit > 0) this.wheel.start(timer, this.limit);
      promise.then(
        (result) => {
          this.wheel.stop(timer);
          resolve(code(result));
        },
        (error: unknown) => {
          this.wheel.stop(timer);
          resolve(this.ended(ctx, what, error, failed));
        },
      );
    });
  }

  private ended(ctx: ScriptContext, what: string, error: unknown, failed: (ctx: ScriptContext) => void): number {
    if (error instanceof EndOfHandler) return 1;
    const code = error instanceof ApiError ? error.code : 'API_HANDLER_FAILED';
    this.log.write(L_ERR, 'script', `${what}: ${this.describe(error)}`, code);
    failed(ctx);
    return FAILED;
  }

  /** An error with the place in the files where it came from. */
  private describe(error: unknown): string {
    const place = error instanceof Error ? placeIn(error.stack ?? '', this.files) : null;
    const where = place === null ? '' : ` (${shownName(place.file, this.cwd)}:${place.line}:${place.column})`;
    const name =
      error instanceof Error && error.name !== 'Error' && !(error instanceof ApiError) ? `${error.name}: ` : '';
    return `${name}${errorText(error)}${where}`;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
