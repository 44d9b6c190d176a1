import type { UseStore } from '../auth/use-store.ts';
import type { NextHopResolver } from '../proxy/next-hop.ts';
import type { ProxyCore } from '../proxy/proxy-core.ts';
import type { RpcArguments } from '../rpc/method.ts';
import type { RpcRegistry } from '../rpc/registry.ts';
import type { RpcResult } from '../rpc/value.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import type { TimerWheel } from '../time/timer-wheel.ts';
import type { Transactions } from '../transaction/transaction.ts';
import type { HttpEntry } from '../transport/http-entry.ts';
import type { TransportSender } from '../transport/transport.ts';
import type { ScriptContext } from './context.ts';
import type { Severity } from './diagnostic.ts';
import type { Keep } from './keep.ts';
import type { Log } from './log.ts';
import type { Program } from './program.ts';
import type { Settings } from './settings.ts';
import type { Span } from './source.ts';
import type { Statistics } from './statistics.ts';
import type { RouteMask, Value } from './values.ts';

/**
 * A variable reference made ready at load time: `get` reads it for one run; `set` is null for a read-only one.
 */
export interface VariableAccess {
  /** Text as written, for messages. */
  readonly text: string;
  get(ctx: ScriptContext): Value;
  /** Integer face where it is not the string's number ($rm, $proto). */
  readonly int: ((ctx: ScriptContext) => number) | null;
  /** Assigns; null clears or deletes as the variable's class says. @returns false when the value was refused (logged by the caller) */
  readonly set: ((ctx: ScriptContext, value: Value) => boolean) | null;
}

/** What stands in a variable's parentheses, or a number/text parameter: constant, or made for each run. */
export interface TextGetter {
  /** The text when it is constant, else null. */
  readonly constant: string | null;
  get(ctx: ScriptContext): Value;
}

/** `[…]` of a variable: absent, constant, all, or computed. */
export type IndexSpec = null | number | '*' | ((ctx: ScriptContext) => number);

/** A `/regex/replacement/flags` argument, compiled. */
export interface SedExpression {
  readonly regex: RegExp;
  /** Replacement for one match, with \1…\9 and variables filled in. */
  replacement(ctx: ScriptContext, match: RegExpExecArray): string;
  readonly global: boolean;
}

/** What kinds of arguments functions take; modules.md's letters in brackets. A `?` marks an optional one. */
export interface ArgumentTypes {
  /** Text, variables filled in, undefined ones as `<null>` (f). */
  str: string;
  /** The value itself: a lone variable keeps its type and may be null; a text is interpolated. */
  value: Value;
  /** Integer, constant or variable (i). */
  int: number;
  /** Constant text (c); a text with variables is interpolated all the same. */
  const: string;
  /** POSIX regular expression, case-insensitive and line-wise (REG_NEWLINE), never with the g flag (re); constant ones are compiled at load. */
  regex: RegExp;
  /** A variable to read or write (v). */
  var: VariableAccess;
  /** A list of variables in one text, separated by semicolons: "$var(a);$avp(b)". */
  vars: readonly VariableAccess[];
  /** /re/replacement/flags (sed). */
  sed: SedExpression;
  /** Name of a route, checked at load when constant. */
  route: string;
}
export type ArgumentKind = keyof ArgumentTypes;
export type ArgumentSpec = ArgumentKind | `${ArgumentKind}?`;

/** JavaScript types of a list of argument specs. */
export type Arguments<S extends readonly ArgumentSpec[]> = {
  -readonly [I in keyof S]: S[I] extends `${infer K extends ArgumentKind}?`
    ? ArgumentTypes[K] | undefined
    : S[I] extends ArgumentKind
      ? ArgumentTypes[S[I]]
      : never;
};

/** A bound module function as the compiled program calls it. Arguments have the types its specs promise. */
export type BoundFunction = (ctx: ScriptContext, ...args: readonly unknown[]) => number | Promise<number>;

/** One script function. Several of one name may exist with different numbers of arguments. */
export interface FunctionDefinition<M> {
  readonly name: string;
  readonly args: readonly ArgumentSpec[];
  readonly routes: RouteMask;
  /**
   * True when it may return a promise, or a function that tells it of an instance: routes that can reach it are compiled to asynchronous
   * code.
   */
  readonly async: boolean | ((module: M) => boolean);
  readonly bind: (module: M) => BoundFunction;
  /** How it stands against the original: 'yes', 'partly: …', or 'no: …' (callable, fails with a logged error). */
  readonly support: string;
  /** True when the first argument names a function of code beside the configuration: a constant one is checked at load. */
  readonly callback: boolean;
}

/**
 * Defines a script function.
 * @param name Kamailio's name
 * @param args kinds of its arguments, in order
 * @param routes blocks it may be called in
 * @param bind makes the function for one module instance; it returns Kamailio's code: >0 true, <0 false, 0 ends the script
 */
export function fn<M, const S extends readonly ArgumentSpec[]>(
  name: string,
  args: S,
  routes: RouteMask,
  bind: (module: M) => (ctx: ScriptContext, ...args: Arguments<S>) => number | Promise<number>,
  options: {
    readonly async?: FunctionDefinition<M>['async'];
    readonly support?: string;
    readonly callback?: boolean;
  } = {},
): FunctionDefinition<M> {
  // The compiler passes what the specs promise, checked at load; the cast only forgets the tuple's names.
  return {
    name,
    args,
    routes,
    async: options.async ?? false,
    bind: bind as unknown as (module: M) => BoundFunction,
    support: options.support ?? 'yes',
    callback: options.callback ?? false,
  };
}

/** A pseudo-variable name ($name…). */
export interface VariableDefinition<M> {
  readonly name: string;
  readonly writable: boolean;
  /** Whether `(…)` is required, optional or not allowed. */
  readonly inner: 'required' | 'optional' | 'none';
  /**
   * Prepares one reference.
   * @returns the access, or a text that says what is wrong with the inner name or index
   */
  readonly bind: (module: M) => (inner: TextGetter | null, index: IndexSpec, text: string) => VariableAccess | string;
  readonly support: string;
}

/** A transformation `{name,param…}`. */
export interface TransformationDefinition {
  /** With its class: 's.len', 'uri.user'. */
  readonly name: string;
  readonly minParams: number;
  readonly maxParams: number;
  /** @returns the function, or a text that says what is wrong with the parameters */
  readonly make: (params: readonly TextGetter[]) => ((value: Value, ctx: ScriptContext) => Value) | string;
  readonly support: string;
}

/** A modparam. */
export interface ParameterDefinition {
  readonly name: string;
  readonly type: 'int' | 'str';
  /** True for a parameter that may be given many times and collects. */
  readonly repeat: boolean;
  readonly default: string | number | null;
  /** 'yes', 'partly: …', 'ignored: why' */
  readonly support: string;
  /** Event routes in whose place the function runs that this parameter names; absent when it names none. */
  readonly events?: readonly string[];
}

export function intParam(name: string, value: number | null, support = 'yes'): ParameterDefinition {
  return { name, type: 'int', repeat: false, default: value, support };
}
export function strParam(name: string, value: string | null, support = 'yes'): ParameterDefinition {
  return { name, type: 'str', repeat: false, default: value, support };
}
export function listParam(name: string, type: 'int' | 'str' = 'str', support = 'yes'): ParameterDefinition {
  return { name, type, repeat: true, default: null, support };
}
/** event_callback and its like: names an exported function of code beside the configuration that runs in place of event routes. */
export function callbackParam(name: string, events: readonly string[]): ParameterDefinition {
  return { name, type: 'str', repeat: false, default: null, support: 'yes', events };
}

/** Values of a module's parameters after the whole configuration was read. */
export interface ModuleParameters {
  int(name: string): number;
  /** Text of a parameter; its default, or '' when it has none. */
  str(name: string): string;
  /** Every value given, in order. */
  list(name: string): readonly (string | number)[];
  /** True when the configuration sets it. */
  isSet(name: string): boolean;
}

/** A module refuses its configuration. */
export class ModuleError extends Error {
  readonly code: string;
  /** Parameter at fault, empty for none: the message then points at its modparam line. */
  readonly parameter: string;
  constructor(code: string, message: string, parameter = '') {
    super(message);
    this.name = 'ModuleError';
    this.code = code;
    this.parameter = parameter;
  }
}

/** Where a server keeps the sockets and FIFOs of its operators, and whose they are. */
export interface RuntimePlace {
  /** run_dir, -Y; relative names are below it. */
  readonly directory: string;
  /** The user and group that the server takes once its ports are open (-u, -g); null when it stays what it is, as is either number. */
  readonly owner: { readonly uid: number | null; readonly gid: number | null } | null;
  /** Folder of the configuration file, where relative names of its companions start; absent: the working directory. */
  readonly configuration?: string;
}

/** A call of a module's function in the configuration, as far as it is known before anything runs. */
export interface KnownCall {
  readonly module: string;
  readonly name: string;
  /** As many as are given; undefined where the value is only known when it is called. */
  readonly args: readonly (Value | undefined)[];
  /** Whether it stands alone as a statement and others are run after it: no exit, drop or return follows in its block. */
  readonly goesOn: boolean;
  readonly at: Span;
}

/** What a module has to say about a call. */
export interface CallFinding {
  readonly call: KnownCall;
  readonly severity: Severity;
  /** Without the name of the function. */
  readonly message: string;
  readonly hint?: string;
}

/** What a module gets from the server it runs in. */
export interface ModuleHost {
  readonly proxy: ProxyCore;
  readonly sender: TransportSender;
  /** For requests of our own that are nobody's branch. */
  readonly transactions: Transactions;
  readonly random: Random;
  /** Every command of this server; modules add theirs by `rpc` of their definition. */
  readonly rpc: RpcRegistry;
  readonly runtime: RuntimePlace;
  /** HTTP requests that arrive on SIP ports; there are none where module xhttp was not loaded at the start. */
  readonly http: HttpEntry;
  /** What a reloaded configuration goes on with. */
  readonly keep: Keep;
  /** Addresses of host names (RFC 3263). */
  readonly resolver: NextHopResolver;
  readonly wheel: TimerWheel;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: Settings;
  readonly statistics: Statistics;
  /** Calls of every module's functions in the routes of the configuration; what code beside it calls is not known. */
  readonly calls: readonly KnownCall[];
  /** Who remembers the uses of nonces, where several servers share it; null: each program for itself. */
  readonly useStore: UseStore | null;
  /** Tells of each stream connection that has ended, by its number, until the returned function is called. */
  connectionEnds(listener: (connection: number) => void): () => void;
  /** Instance of another loaded module, null when it is not loaded. Modules are made in dependency order. */
  module<T>(name: string): T | null;
  /** Prepares a variable named in a parameter, such as `$avp(auser)`; a text says what is wrong. */
  variable(text: string): VariableAccess | string;
  /** Prepares a text with variables. */
  format(text: string): TextGetter;
  /** The program, once compiled (not yet while modules are being made). */
  program(): Program;
}

/** An RPC command of a module. */
export interface RpcDefinition<M> {
  /** `module.command` */
  readonly name: string;
  readonly doc: readonly string[];
  readonly array: boolean;
  /** @throws RpcFault */
  readonly run: (module: M, args: RpcArguments) => RpcResult | Promise<RpcResult>;
  /** How it stands against the original: 'yes', 'partly: …' or 'ours'. */
  readonly support: string;
}

/**
 * Defines an RPC command.
 * @param doc what it does and takes, a line each
 * @param run runs it for one module instance; throws RpcFault to refuse
 */
export function rpc<M>(
  name: string,
  doc: readonly string[],
  run: RpcDefinition<M>['run'],
  options: { readonly array?: boolean; readonly support?: string } = {},
): RpcDefinition<M> {
  return { name, doc, run, array: options.array ?? false, support: options.support ?? 'yes' };
}

/** A module: everything of one Kamailio module name. `M` is its instance: the state of one running program. */
export interface ModuleDefinition<M> {
  readonly name: string;
  /** Names of modules that must be made before it when they are loaded. */
  readonly after: readonly string[];
  readonly parameters: readonly ParameterDefinition[];
  readonly functions: readonly FunctionDefinition<M>[];
  readonly variables: readonly VariableDefinition<M>[];
  readonly transformations: readonly TransformationDefinition[];
  /** Event routes it may run, such as 'tm:local-request'; a trailing `*` stands for any rest. */
  readonly eventRoutes: readonly string[];
  /** Makes the instance. @throws ModuleError */
  readonly create: (host: ModuleHost, parameters: ModuleParameters) => M;
  /** Looks at the calls in the configuration, at a check too: which of them cannot work, which may mean something else than was meant. */
  readonly review?: (module: M, calls: readonly KnownCall[]) => readonly CallFinding[];
  /** Runs after the program was compiled and before the first message. */
  readonly start?: (module: M, program: Program) => void;
  /**
   * Opens what the operators talk to: after its start, when the modules' commands are there. A server that starts waits for it and refuses to
   * run when it fails; one that took a new configuration goes on and logs why.
   * @throws ModuleError
   */
  readonly open?: (module: M) => Promise<void>;
  /** Commands it adds to the server's, from its start to its stop. */
  readonly rpc?: readonly RpcDefinition<M>[];
  /**
   * The server is about to stop: the last occasion to send something and wait for it.
   * @param graceMs most milliseconds it may take
   */
  readonly drain?: (module: M, graceMs: number) => Promise<void>;
  /** Another program took over: what this one did by itself ends now, what is under way still belongs to it until its stop. */
  readonly replaced?: (module: M) => void;
  /** Releases timers and sockets. */
  readonly stop?: (module: M) => void;
}

/** A module with its instance type hidden, as tables hold it. */
export interface AnyModule {
  readonly definition: ModuleDefinition<unknown>;
}

/** Gives a module definition its types; the result goes into the table of modules. */
export function defineModule<M>(definition: ModuleDefinition<M>): AnyModule {
  return { definition: definition as unknown as ModuleDefinition<unknown> };
}
