/** What modules get from the server while a configuration is linked. */
import type { UseStore } from '../auth/use-store.ts';
import type { NextHopResolver } from '../proxy/next-hop.ts';
import type { ProxyCore } from '../proxy/proxy-core.ts';
import type { RpcRegistry } from '../rpc/registry.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import type { TimerWheel } from '../time/timer-wheel.ts';
import type { Transactions } from '../transaction/transaction.ts';
import { HttpEntry } from '../transport/http-entry.ts';
import type { TransportSender } from '../transport/transport.ts';
import { resolveLone, resolveLooseText } from './checker-variables.ts';
import { Binder, type InstanceOf } from './compile-binder.ts';
import { DiagnosticList } from './diagnostic.ts';
import type { Keep } from './keep.ts';
import type { Log } from './log.ts';
import type { KnownCall, ModuleHost, RuntimePlace, TextGetter, VariableAccess } from './module-definition.ts';
import type { Program } from './program.ts';
import type { Scope } from './scope.ts';
import type { Settings } from './settings.ts';
import type { Span } from './source.ts';
import type { Statistics } from './statistics.ts';

/** The layers below, as a running server or a test has them. */
export interface LinkServices {
  readonly proxy: ProxyCore;
  readonly sender: TransportSender;
  readonly transactions: Transactions;
  readonly random: Random;
  readonly rpc: RpcRegistry;
  /** Absent: Kamailio's own place, and whoever runs the server. */
  readonly runtime?: RuntimePlace;
  /** Absent: no HTTP. */
  readonly http?: HttpEntry;
  readonly keep: Keep;
  readonly resolver: NextHopResolver;
  readonly wheel: TimerWheel;
  readonly clock: Clock;
  readonly log: Log;
  readonly statistics: Statistics;
  /** Absent: each program remembers the uses of nonces for itself. */
  readonly useStore?: UseStore | null;
  /** Absent: there are no connections. */
  readonly connectionEnds?: ModuleHost['connectionEnds'];
}

/** Names in a parameter have no place of their own: messages about them are given as text. */
const NOWHERE: Span = { file: '', line: 1, column: 1, length: 1 };

/** The one host of all modules of a program. */
export class LinkHost implements ModuleHost {
  readonly proxy: ProxyCore;
  readonly sender: TransportSender;
  readonly transactions: Transactions;
  readonly random: Random;
  readonly rpc: RpcRegistry;
  readonly runtime: RuntimePlace;
  readonly http: HttpEntry;
  readonly keep: Keep;
  readonly resolver: NextHopResolver;
  readonly wheel: TimerWheel;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: Settings;
  readonly statistics: Statistics;
  readonly useStore: UseStore | null;
  readonly connectionEnds: ModuleHost['connectionEnds'];
  readonly calls: readonly KnownCall[];
  private readonly scope: Scope;
  private readonly instanceOf: InstanceOf;
  private compiled: Program | null = null;

  constructor(
    services: LinkServices,
    settings: Settings,
    calls: readonly KnownCall[],
    scope: Scope,
    instanceOf: InstanceOf,
  ) {
    this.proxy = services.proxy;
    this.sender = services.sender;
    this.transactions = services.transactions;
    this.random = services.random;
    this.rpc = services.rpc;
    this.runtime = services.runtime ?? { directory: '/run/kamailio', owner: null };
    this.http = services.http ?? new HttpEntry();
    this.keep = services.keep;
    this.resolver = services.resolver;
    this.wheel = services.wheel;
    this.clock = services.clock;
    this.log = services.log;
    this.statistics = services.statistics;
    this.useStore = services.useStore ?? null;
    this.connectionEnds = services.connectionEnds ?? (() => () => {});
    this.settings = settings;
    this.calls = calls;
    this.scope = scope;
    this.instanceOf = instanceOf;
  }

  module<T>(name: string): T | null {
    // The caller names the type of a module it knows; the table cannot.
    return (this.instanceOf(name)?.instance ?? null) as T | null;
  }

  variable(text: string): VariableAccess | string {
    const diagnostics = new DiagnosticList();
    const ref = resolveLone({ ...this.scope, diagnostics }, text, () => NOWHERE);
    const access = ref === null ? null : this.binder(diagnostics).access(ref);
    const [problem] = diagnostics.all.filter(({ severity }) => severity === 'error');
    if (problem !== undefined || access === null) return problem?.message ?? `'${text}' is not a variable`;
    return access;
  }

  format(text: string): TextGetter {
    const diagnostics = new DiagnosticList();
    const parts = resolveLooseText({ ...this.scope, diagnostics }, text, () => NOWHERE);
    return this.binder(diagnostics).text(parts);
  }

  program(): Program {
    if (this.compiled === null) throw new Error('the program is not compiled yet');
    return this.compiled;
  }

  /** Tells the modules their program. */
  finish(program: Program): void {
    this.compiled = program;
  }

  private binder(diagnostics: DiagnosticList): Binder {
    return new Binder(this, { ...this.scope.core, host: this }, diagnostics, this.instanceOf);
  }
}
