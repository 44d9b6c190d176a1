import { AsyncLocalStorage } from 'node:async_hooks';
import type { SipMessage } from '../message/message.ts';
import { RequestState } from '../proxy/request-state.ts';
import { ScriptContext } from '../script/context.ts';
import type { Log } from '../script/log.ts';
import type { TextGetter } from '../script/module-definition.ts';
import type { Program } from '../script/program.ts';
import { ROUTE_EVENT } from '../script/values.ts';
import type { Received } from '../transport/transport.ts';

/** The message at hand, and its prefix once a line has needed it. */
interface Scope {
  readonly ctx: ScriptContext;
  text: string | null;
  evaluating: boolean;
}

/**
 * Puts `log_prefix` before every line that the handling of a message writes, whoever writes it. The layers below know no message, so this is the one
 * place where it is ambient; it exists only for a configuration that sets the parameter.
 */
export class PrefixLog implements Log {
  private readonly inner: Log;
  private readonly eachLine: boolean;
  private readonly scopes = new AsyncLocalStorage<Scope>();
  private format: TextGetter | null = null;
  private program: Program | null = null;

  /** @param eachLine log_prefix_mode 1: evaluated for every line, else once a message */
  constructor(inner: Log, eachLine: boolean) {
    this.inner = inner;
    this.eachLine = eachLine;
  }

  get level(): number {
    return this.inner.level;
  }

  set level(level: number) {
    this.inner.level = level;
  }

  /** Uses a program's prefix from now on. */
  use(program: Program, format: TextGetter): void {
    this.program = program;
    this.format = format;
  }

  /** Handles a message: what is logged meanwhile, and after waits that begin in it, has the prefix. */
  around(message: SipMessage, from: Received, handle: () => void): void {
    const { program } = this;
    if (program === null) {
      handle();
      return;
    }
    const state = new RequestState(message, from, program.hooks);
    const { target, edits } = state;
    const ctx = new ScriptContext(
      program,
      ROUTE_EVENT,
      message,
      state,
      target,
      edits,
      null,
      null,
      from,
      from.serial ?? 0,
    );
    this.scopes.run({ ctx, text: null, evaluating: false }, handle);
  }

  write(level: number, module: string, text: string, code?: string): void {
    if (level > this.inner.level) return;
    this.inner.write(level, module, this.prefix() + text, code);
  }

  private prefix(): string {
    const scope = this.scopes.getStore();
    const { format } = this;
    // A variable of the prefix may log itself.
    if (scope === undefined || format === null || scope.evaluating) return '';
    if (scope.text !== null && !this.eachLine) return scope.text;
    scope.evaluating = true;
    try {
      scope.text = String(format.get(scope.ctx) ?? '');
    } catch {
      scope.text = '';
    }
    scope.evaluating = false;
    return scope.text;
  }
}
