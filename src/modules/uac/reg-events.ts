import { utf8Bytes } from '../../digest/credentials.ts';
import type { ScriptContext } from '../../script/context.ts';
import { L_INFO, L_NOTICE, L_WARN, type Log } from '../../script/log.ts';
import type { VariableDefinition } from '../../script/module-definition.ts';
import type { Value } from '../../script/values.ts';
import { CallbackTimer } from '../../time/callback-timer.ts';
import type { TimerWheel } from '../../time/timer-wheel.ts';
import type {
  RegistrationEngine,
  RegistrationNews,
  RegistrationStateName,
  RegistrationView,
} from '../../uac/registration/engine.ts';

/** Code of the log line of each failure. */
const CODES: Readonly<Partial<Record<RegistrationStateName, string>>> = {
  retrying: 'UAC_REG_FAILED',
  rejected: 'UAC_REG_REJECTED',
  faulty: 'UAC_REG_FAULTY',
};

/** Lines of one kind in one window that are written as they are; the rest are counted. */
const LINES = 10;
/** Length of a window in milliseconds. */
const WINDOW = 10_000;
/** Next hops that a summary tells apart. */
const HOPS = 100;
interface Window {
  count: number;
  readonly hops: Map<string, number>;
}

/**
 * Tells what becomes of accounts: to the log, where thousands of the same kind become a few lines and a number, and to whoever listens.
 * A refresh that succeeds is no news.
 */
export class RegistrationReporter {
  private readonly log: Log;
  private readonly wheel: TimerWheel;
  private readonly listeners: ((change: RegistrationNews) => void)[] = [];
  private readonly windows = new Map<string, Window>();
  private readonly summaries = new CallbackTimer(() => this.summarize());
  private readonly unlisten: () => void;

  constructor(engine: RegistrationEngine, log: Log, wheel: TimerWheel) {
    this.log = log;
    this.wheel = wheel;
    this.unlisten = engine.onNews((news) => this.changed(news));
  }

  /**
   * Tells each change, in the turn in which it happens, to a program, and to the one before no more: until this one goes first, because
   * its start failed.
   * @returns ends it
   */
  listen(tell: (change: RegistrationNews) => void): () => void {
    this.listeners.push(tell);
    return () => {
      const at = this.listeners.indexOf(tell);
      if (at >= 0) this.listeners.splice(at, 1);
    };
  }

  /** Ends it, with what is left to say. */
  close(): void {
    this.unlisten();
    this.wheel.stop(this.summaries);
    this.summarize();
  }

  private changed(change: RegistrationNews): void {
    const { from, state, code } = change;
    // Not by an operator: an attempt ended it for good (reg_retry_interval 0).
    const lost = state === 'disabled' && (from === 'registering' || from === 'refreshing') && code >= 300;
    this.write(change, lost);
    this.listeners.at(-1)?.(change);
  }

  private write(change: RegistrationNews, lost: boolean): void {
    const { proxy, state, code } = change;
    const kind = `${state} ${code}${lost ? ' lost' : ''}`;
    let window = this.windows.get(kind);
    if (window === undefined) {
      window = { count: 0, hops: new Map() };
      this.windows.set(kind, window);
      if (!this.summaries.armed) this.wheel.start(this.summaries, WINDOW);
    }
    window.count++;
    if (window.count <= LINES) {
      this.line(state, lineText(change, lost), lost);
      return;
    }
    const hop = window.hops.has(proxy) || window.hops.size < HOPS ? proxy : 'others';
    window.hops.set(hop, (window.hops.get(hop) ?? 0) + 1);
  }

  private summarize(): void {
    for (const [kind, { count, hops }] of this.windows) {
      if (count <= LINES) continue;
      const [state = '', code = '0', lost = ''] = kind.split(' ');
      const [hop = ''] = [...hops].sort(([, a], [, b]) => b - a)[0] ?? [];
      const where = hops.size === 1 ? `at ${hop}` : `at ${hops.size} next hops, most at ${hop}`;
      const status = code === '0' ? '' : ` (${code})`;
      const text = `${count - LINES} more accounts ${state}${status} ${where}`;
      this.line(state as RegistrationStateName, text, lost !== '');
    }
    this.windows.clear();
  }

  private line(state: RegistrationStateName, text: string, lost: boolean): void {
    const code = lost ? CODES.retrying : CODES[state];
    if (code !== undefined) this.log.write(L_WARN, 'uac', text, code);
    else this.log.write(state === 'registered' ? L_INFO : L_NOTICE, 'uac', text);
  }
}

function lineText({ account, state, code, reason }: RegistrationNews, lost: boolean): string {
  const { uuid, proxy } = account.row;
  const status = code === 0 ? reason : `${code} ${reason}`.trim();
  if (lost)
    return `account ${uuid} could not be registered at ${proxy}: ${status}; it is disabled for good (reg_retry_interval 0)`;
  switch (state) {
    case 'registered':
      return `account ${uuid} is registered at ${account.registrar || proxy} for ${account.granted} s`;
    case 'retrying':
      return `account ${uuid} could not be registered at ${proxy}: ${status}; next attempt in ${wait(account)} s`;
    case 'rejected':
      return `account ${uuid} is refused at ${proxy}: ${status}; next attempt in ${wait(account)} s`;
    case 'faulty':
      return `account ${uuid} cannot work as it is: ${status}`;
    default:
      return `account ${uuid} is ${state}`;
  }
}

function wait({ nextAttempt, since }: RegistrationView): number {
  return Math.max(0, nextAttempt - since);
}

const CHANGE = Symbol('uac registration change');

/** Gives the run of an event route its change, for $uac_reg(…). */
export function setChange(ctx: ScriptContext, change: RegistrationNews): void {
  ctx.setCached(CHANGE, change);
}

/** What $uac_reg(name) gives in event_route[uac:registration]. */
const FIELDS: Readonly<Record<string, (change: RegistrationNews) => Value>> = {
  uuid: ({ account }) => utf8Bytes(account.row.uuid),
  old: ({ old }) => old,
  new: ({ state }) => state,
  code: ({ code }) => code,
  reason: ({ reason }) => reason,
  online: ({ account }) => (account.online ? 1 : 0),
  failures: ({ account }) => account.failures,
  granted: ({ account }) => account.granted,
  next: ({ account }) => account.nextAttempt,
  registrar: ({ account }) => account.registrar,
  service_route: ({ account }) => account.serviceRoute.join(', '),
  l_username: ({ account }) => utf8Bytes(account.row.localUser),
  l_domain: ({ account }) => utf8Bytes(account.row.localDomain),
  r_username: ({ account }) => utf8Bytes(account.row.remoteUser),
  r_domain: ({ account }) => utf8Bytes(account.row.remoteDomain),
  auth_proxy: ({ account }) => utf8Bytes(account.row.proxy),
};

/** $uac_reg(name): the change that event_route[uac:registration] runs for; undefined everywhere else. */
export const registrationVariable: VariableDefinition<unknown> = {
  name: 'uac_reg',
  writable: false,
  inner: 'required',
  support: 'yes',
  bind: () => (inner, _index, text) => {
    const name = inner?.constant ?? null;
    const field = name === null ? undefined : FIELDS[name.trim()];
    if (field === undefined) return `${text}: one of ${Object.keys(FIELDS).join(', ')} is wanted`;
    return {
      text,
      get: (ctx) => {
        const change = ctx.cached<RegistrationNews>(CHANGE);
        return change === undefined ? null : field(change);
      },
      int: null,
      set: null,
    };
  },
};
