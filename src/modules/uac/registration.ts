import type { ModuleHost } from '../../script/module-definition.ts';
import { fromHere, runOccasion } from '../../script/occasion.ts';
import type { Program } from '../../script/program.ts';
import type { AccountStore } from '../../storage/account-store.ts';
import { CallbackTimer } from '../../time/callback-timer.ts';
import type { WatchedRegistrationEngine } from '../../uac/registration/create-engine.ts';
import type { RegistrationNews } from '../../uac/registration/engine.ts';
import { AccountDatabase } from './reg-database.ts';
import { RegistrationReporter, setChange } from './reg-events.ts';
import type { RegistrationSettings } from './reg-settings.ts';

/** Event route of ours: an account's registration has changed. */
export const REGISTRATION_ROUTE = 'uac:registration';

/** What the module's functions and commands look at; null while registration is off or not started yet. */
export interface RegistrationHolder {
  readonly host: ModuleHost;
  readonly registration: Registration | null;
}

/** What this module needs of an engine. */
export type Engine = Omit<WatchedRegistrationEngine, 'assertAlive'>;

/** The registrations that a reloaded configuration goes on with: the engine, where its accounts come from, and whom it tells. */
interface Running {
  readonly engine: Engine;
  readonly database: AccountDatabase;
  readonly reporter: RegistrationReporter;
  /** Clock time of the last reload by command, in ms. */
  reloaded: number;
  /** Settles with the first reading of the accounts, whatever comes of it. */
  readonly loaded: Promise<unknown>;
  ending: Promise<void> | null;
}

/** What registrations are made of, where tests have others. */
export interface RegistrationParts {
  readonly engine: () => Engine;
  /** Null when accounts come by command alone. */
  readonly store: () => AccountStore | null;
}

/** Settings that make an engine another one; the others are looked at when they are needed. */
function identityOf(settings: RegistrationSettings): string {
  const { showSecrets: _, kamailioFields: _4, useDomain: _2, reloadDelta: _3, unregister, ...rest } = settings;
  return `uac registration ${JSON.stringify({ ...rest, unregister: { ...unregister, stop: false } })}`;
}

/** Remote registration as one program has it. */
export class Registration {
  readonly settings: RegistrationSettings;
  private readonly host: ModuleHost;
  private readonly running: Running;
  private readonly release: () => void;
  private readonly unlisten: () => void;

  /** Takes over the registrations of the program before, where its settings made the same, else begins with reading the accounts. */
  constructor(host: ModuleHost, settings: RegistrationSettings, parts: RegistrationParts, program: Program) {
    this.host = host;
    this.settings = settings;
    const { value, release } = host.keep.take(
      identityOf(settings),
      () => begin(host, settings, parts),
      (running) => void end(running, false, 0),
    );
    this.running = value;
    this.release = release;
    // Looked up once: of a million changes none is made ready for a route that is not there.
    const heard = program.route('event', REGISTRATION_ROUTE) !== null;
    this.unlisten = value.reporter.listen(heard ? (change) => tell(host, program, change) : () => {});
  }

  get engine(): Engine {
    return this.running.engine;
  }

  get database(): AccountDatabase {
    return this.running.database;
  }

  /** Seconds since 1970. */
  get now(): number {
    return Math.floor(this.host.clock.wall() / 1000);
  }

  /**
   * Waits for the accounts, so that the first calls find them; for a while only, because a server must not need its database to start.
   * @param ms most milliseconds to wait
   */
  async ready(ms: number): Promise<void> {
    const { wheel } = this.host;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = new CallbackTimer(() => resolve());
    wheel.start(timer, ms);
    await Promise.race([this.running.loaded, late]);
    wheel.stop(timer);
  }

  /**
   * A reload by command: reads the table again, unless the last one was less than reload_delta ago.
   * @returns 'early', or whether the table could be read
   */
  async reload(): Promise<'early' | boolean> {
    const { running, settings } = this;
    const now = this.host.clock.now();
    const before = running.reloaded;
    if (now - before < settings.reloadDelta * 1000) return 'early';
    running.reloaded = now;
    const done = await running.database.load();
    // One that failed does not count.
    if (!done && running.reloaded === now) running.reloaded = before;
    return done;
  }

  /** The server stops: bindings are removed first where reg_unregister says so. @param graceMs most milliseconds to wait */
  drain(graceMs: number): Promise<void> {
    return end(this.running, this.settings.unregister.stop, graceMs);
  }

  /** Another program took over: unless it goes on with these registrations, they are its own affair from now on. Bindings stay. */
  replaced(): void {
    if (this.host.keep.users(identityOf(this.settings)) === 1) void end(this.running, false, 0);
  }

  /** This program is done with it; without another one that goes on with it, it ends. */
  stop(): void {
    this.unlisten();
    this.release();
  }
}

function begin(host: ModuleHost, settings: RegistrationSettings, parts: RegistrationParts): Running {
  const { wheel, random, log } = host;
  const engine = parts.engine();
  const store = parts.store();
  engine.active = settings.active;
  const database = new AccountDatabase({ store, engine, wheel, random, log, longestPause: settings.databaseRetry });
  const reporter = new RegistrationReporter(engine, log, wheel);
  const loaded = database.load();
  return { engine, database, reporter, reloaded: Number.NEGATIVE_INFINITY, loaded, ending: null };
}

function end(running: Running, unregister: boolean, graceMs: number): Promise<void> {
  running.ending ??= (async () => {
    const closed = running.database.close();
    await running.engine.stop(unregister, graceMs);
    running.reporter.close();
    await closed;
  })();
  return running.ending;
}

function tell({ sender, clock }: ModuleHost, program: Program, change: RegistrationNews): void {
  runOccasion(program, 'event', REGISTRATION_ROUTE, fromHere(sender.sockets, clock.now()), (ctx) => {
    // A route that waits finds the account as it was.
    const { account, old, from, state, code, reason, proxy } = change;
    setChange(ctx, { account, old, from, state, code, reason, proxy });
  });
}
