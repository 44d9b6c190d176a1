import { randomBytes } from 'node:crypto';
import { Gate } from '../../auth/gate.ts';
import { Guard } from '../../auth/guard.ts';
import { Nonces } from '../../auth/nonces.ts';
import type { Offer } from '../../auth/offer.ts';
import { type AuthOutcome, type Flavour, OUTCOMES } from '../../auth/outcome.ts';
import { LocalUseStore, WatchedUseStore } from '../../auth/use-store.ts';
import type { ScriptContext } from '../../script/context.ts';
import { L_INFO, L_WARN } from '../../script/log.ts';
import type { FunctionDefinition, ModuleHost } from '../../script/module-definition.ts';
import type { Counter } from '../../script/statistics.ts';
import { failure } from '../support/failure.ts';
import { shapesOf } from './calls.ts';
import { type AuthSettings, moduleError } from './settings.ts';

export type AuthFunction = FunctionDefinition<AuthModule>;

/** What a run of a script has found out about a request: it decides what the next challenge says and what consume_credentials removes. */
export interface AuthTrace {
  /** Values of the headers that were proven, as they stand in the message. */
  verified: readonly string[];
  /** Realm whose last proof failed for its nonce alone. */
  stale: string | null;
  /** What auth_algorithm() chose for this request's challenges; null for the parameter's. */
  offer: Pick<Offer, 'algorithms' | 'named'> | null;
}

const TRACE = Symbol('auth');
const NOTHING: Readonly<AuthTrace> = Object.freeze({ verified: [], stale: null, offer: null });
const DEFAULT_SECONDS = 300;
const OPENSIPS_SECONDS = 30;
/** What anybody on the network can cause is told once in this many milliseconds. */
const QUIET = 60_000;

/** State of one program's auth module; auth_db works through it. */
export class AuthModule {
  readonly host: ModuleHost;
  readonly settings: AuthSettings;
  /** The dialect, where something says which; null otherwise. */
  readonly known: Flavour | null;
  /** The dialect of calls that do not show it themselves. */
  readonly flavour: Flavour;
  readonly challenges: Counter;
  readonly nonces: Nonces;
  readonly gate: Gate;
  readonly guard: Guard;
  /** Whether auth_checks_* bind nonces to anything. */
  readonly checked: boolean;
  readonly outcomes: ReadonlyMap<AuthOutcome, Counter>;
  /** Whether somebody else remembers the uses of nonces, who may answer later. */
  readonly answersLater: boolean;
  /** Dialects that calls of the configuration show. */
  private readonly shapes: ReadonlySet<Flavour>;
  private readonly releases: (() => void)[] = [];
  /** By error code. */
  private readonly quietUntil = new Map<string, number>();

  /** @throws ModuleError AUTH_SECRET, AUTH_NONCE_FORMAT */
  constructor(host: ModuleHost, settings: AuthSettings) {
    this.host = host;
    this.settings = settings;
    const { clock, statistics } = host;
    const { checks, limits, usedNonces } = settings;
    this.shapes = shapesOf(host.calls);
    this.known = this.dialect();
    this.flavour = this.known ?? 'kamailio';
    this.checked = checks.register + checks.initial + checks.dialog > 0;
    const key = this.keep('auth:key', () => randomBytes(32));
    // A reloaded configuration knows what was used and who is banned.
    const uses =
      host.useStore === null
        ? this.keep(`auth:uses:${usedNonces}`, () => new LocalUseStore(clock, usedNonces))
        : new WatchedUseStore(host.useStore, host.wheel, (reason) =>
            this.failSeldom(`who remembers the uses of nonces failed: ${reason}`, 'AUTH_USE_STORE'),
          );
    this.answersLater = host.useStore !== null;
    this.guard = this.keep(`auth:guard:${JSON.stringify(limits)}`, () => new Guard(limits, clock));
    const seconds = settings.nonceSeconds ?? (this.flavour === 'opensips' ? OPENSIPS_SECONDS : DEFAULT_SECONDS);
    try {
      this.nonces = new Nonces({
        secret: settings.secret,
        previous: settings.previous,
        lifetimeMs: seconds * 1000,
        maxDriftMs: settings.driftSeconds * 1000,
        format: settings.nonceFormat,
        accept: settings.nonceAccept,
        checks: this.checked,
        clock,
        key,
      });
    } catch (error) {
      this.stop();
      throw moduleError(error);
    }
    const { reuse, qopOptional, uriCheck, checkIdentity, useDomain, algorithms } = settings;
    this.gate = new Gate(
      { reuse, qopOptional, uriCheck, checkIdentity, useDomain, algorithms: algorithms.algorithms },
      this.nonces,
      uses,
      this.guard,
    );
    this.challenges = statistics.counter('auth', 'challenges');
    this.outcomes = new Map(
      OUTCOMES.map((outcome) => [outcome, statistics.counter('auth', outcome.replace('-', '_'))]),
    );
    statistics.gauge('auth', 'used_nonces', () => uses.size);
    statistics.gauge('auth', 'bans', () => this.guard.bans().length);
  }

  private dialect(): Flavour | null {
    const { flavour, hinted } = this.settings;
    if (flavour !== null) return flavour;
    const [shape] = this.shapes;
    if (this.shapes.size === 1 && shape !== undefined) return shape;
    return this.shapes.size === 0 ? hinted : null;
  }

  /** Says in the log which dialect it is to be, and why. */
  announce(): void {
    const { flavour, hinted } = this.settings;
    const why =
      flavour !== null
        ? 'the parameter flavour'
        : this.shapes.size === 1
          ? 'the form of its calls'
          : this.shapes.size > 1
            ? 'default: calls of several dialects, each of which has its own codes'
            : hinted !== null
              ? 'its parameters'
              : 'default';
    this.host.log.write(L_INFO, 'auth', `return codes and realms are those of ${this.flavour} (${why})`);
    if (this.guard.active && !this.nonces.marked) {
      const text =
        'nonces of other servers do not tell to whom they were sent: wrong credentials in datagrams are not counted';
      this.host.log.write(L_WARN, 'auth', `${text} by ban_source_limit and ban_user_limit`);
    }
  }

  /** What is known of the request; its beginning, shared and not to be changed, as long as nothing is. */
  traced({ state }: ScriptContext): Readonly<AuthTrace> {
    return (state.extensions?.get(TRACE) as AuthTrace | undefined) ?? NOTHING;
  }

  trace({ state }: ScriptContext): AuthTrace {
    state.extensions ??= new Map();
    let trace = state.extensions.get(TRACE) as AuthTrace | undefined;
    if (trace === undefined) {
      trace = { verified: [], stale: null, offer: null };
      state.extensions.set(TRACE, trace);
    }
    return trace;
  }

  /** Logs a failure that every packet can bring about again, now and then. @param code stable error code */
  failSeldom(text: string, code: string): void {
    const now = this.host.clock.now();
    if (now < (this.quietUntil.get(code) ?? 0)) return;
    this.quietUntil.set(code, now + QUIET);
    failure(this.host.log, 'auth', text, code);
  }

  stop(): void {
    for (const release of this.releases.splice(0)) release();
  }

  private keep<T>(key: string, make: () => T): T {
    const { value, release } = this.host.keep.take(key, make, () => {});
    this.releases.push(release);
    return value;
  }
}
