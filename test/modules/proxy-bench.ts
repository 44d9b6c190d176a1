/** A module over a real proxy on a fake network: its functions are called in the routes they are for. */
import { EditList } from '../../src/message/edits.ts';
import type { SipMessage } from '../../src/message/message.ts';
import type { ScriptContext } from '../../src/script/context.ts';
import type { AnyModule } from '../../src/script/module-definition.ts';
import type { CompiledRoute, Program } from '../../src/script/program.ts';
import {
  makeBranchContext,
  makeBranchFailureContext,
  makeBranchReplyContext,
  makeFailureContext,
  makeReplyContext,
  makeRequestContext,
} from '../../src/script/runtime-context.ts';
import type { Value } from '../../src/script/values.ts';
import { ProxyBench } from '../proxy/support.ts';
import { type LoadedModule, load, RECEIVED, type TestHost, testHost } from './support.ts';

type Params = Readonly<Record<string, number | string>>;

/** What a route of a test can do. */
export interface Scope {
  readonly ctx: ScriptContext;
  /** Calls a function of the module. */
  call(name: string, ...args: unknown[]): number;
  /** Calls a function that may wait. */
  start(name: string, ...args: unknown[]): number | Promise<number>;
  /** Reads a variable of the module. */
  read(name: string, inner?: string): Value;
}

export type Route = (scope: Scope) => void;

export interface Routes {
  request?: Route;
  branch?: Route;
  reply?: Route;
  failure?: Route;
  branchFailure?: Route;
}

/** Names of the functions that tests have called, by module: what is missing has no test. */
export const CALLED = new Map<string, Set<string>>();

/** Names of a module's functions that no test of this process has called. */
export function untested(module: AnyModule): string[] {
  const { name, functions } = module.definition;
  const called = CALLED.get(name) ?? new Set();
  return [...new Set(functions.map((one) => one.name))].filter((one) => !called.has(one));
}

/** The bench. What its routes do is asserted in them; what left the proxy is in {@link wire}. */
export class ModuleBench {
  private readonly definition: AnyModule['definition'];
  readonly wire: ProxyBench;
  readonly host: TestHost;
  /** Routes that the program has, by name. */
  readonly compiled = new Map<string, CompiledRoute>();
  readonly program: Program;
  private readonly loaded: LoadedModule;
  private readonly name: string;

  /** Stops the module. */
  stop(): void {
    this.definition.stop?.(this.loaded.instance);
  }

  constructor(module: AnyModule, routes: Routes = {}, params: Params = {}) {
    const run = (route: Route | undefined, ctx: ScriptContext): true => {
      route?.(this.scope(ctx));
      return true;
    };
    this.wire = new ProxyBench({
      request: (state) => void run(routes.request, makeRequestContext(this.program, state, 1)),
      branch: (state, branch) => run(routes.branch, makeBranchContext(this.program, state, branch)),
      reply: (state, branch, reply, edits) =>
        run(routes.reply, makeBranchReplyContext(this.program, state, branch, reply, state.received, edits)),
      failure: (state, branch) => void run(routes.failure, makeFailureContext(this.program, state, branch)),
      branchFailure: (state, branch) =>
        void run(routes.branchFailure, makeBranchFailureContext(this.program, state, branch)),
    });
    const { proxy, sender, time } = this.wire;
    const base = testHost();
    this.program = {
      hooks: this.wire.hooks,
      log: base.log,
      route: (_kind, name) => this.compiled.get(name) ?? null,
      callback: () => null,
      run: (route, ctx) => route(ctx),
      vars: new Map(),
    };
    this.host = { ...base, proxy, sender, clock: time.clock, wheel: time.wheel, program: () => this.program };
    this.name = module.definition.name;
    this.definition = module.definition;
    this.loaded = load(module, this.host, params);
  }

  scope(ctx: ScriptContext): Scope {
    const start: Scope['start'] = (name, ...args) => {
      const names = CALLED.get(this.name) ?? new Set<string>();
      CALLED.set(this.name, names.add(name));
      return this.loaded.call(ctx, name, ...args);
    };
    return {
      ctx,
      start,
      call: (name, ...args) => {
        const code = start(name, ...args);
        if (typeof code !== 'number') throw new Error(`${name} waits`);
        return code;
      },
      read: (name, inner) => this.loaded.read(ctx, name, inner),
    };
  }

  /** Runs something in the core's reply_route of a reply. */
  coreReply(reply: SipMessage, route: Route): void {
    route(this.scope(makeReplyContext(this.program, reply, RECEIVED, new EditList(), 1)));
  }
}
