/** Makes a loaded routes file part of a program: its exports become routes and callbacks. */
import type { Callback, CodeLink, CodeRoute, CodeUnit, LinkedCode } from '../script/code.ts';
import { RUN, type ScriptContext } from '../script/context.ts';
import type { RouteKind } from '../script/program.ts';
import type { Value } from '../script/values.ts';
import { HandlerRunner } from './handler-run.ts';
import { BranchRequest } from './handlers/branch-request.ts';
import { EventContext } from './handlers/event-context.ts';
import { Failure } from './handlers/failure.ts';
import type {
  BranchHandler,
  EventHandler,
  FailureHandler,
  OnsendHandler,
  ReplyHandler,
  RequestHandler,
} from './handlers/handler-types.ts';
import { Reply } from './handlers/reply.ts';
import { Request } from './handlers/request.ts';
import { SentRequest } from './handlers/sent-request.ts';
import { ksrOf } from './ksr/ksr.ts';
import { Tools } from './ksr/tools.ts';
import { fromWire, toWire } from './wire-text.ts';
import { INLINE, inlineHandlers, type World } from './world.ts';

/** What a file exports, sorted by what it means. */
export interface RouteExports {
  readonly request: RequestHandler | null;
  readonly reply: ReplyHandler | null;
  readonly onsend: OnsendHandler | null;
  readonly branch: ReadonlyMap<string, BranchHandler>;
  readonly failure: ReadonlyMap<string, FailureHandler>;
  readonly onreply: ReadonlyMap<string, ReplyHandler>;
  readonly event: ReadonlyMap<string, EventHandler>;
  /** Every other function, by its name: called with the KSR object, as Kamailio calls those of its script engines. */
  readonly functions: ReadonlyMap<string, KsrFunction>;
}

/** An exported function that a configuration or a route names. */
export type KsrFunction = (ksr: unknown, ...args: (string | number | null)[]) => unknown;

/** Names by which Kamailio's engines know the main routes. */
const KEMI_ROUTES: readonly (readonly [name: string, kind: RouteKind])[] = [
  ['ksr_request_route', 'request'],
  ['ksr_reply_route', 'reply'],
  ['ksr_onsend_route', 'onsend'],
];

/** A file that was loaded, and how its functions are run. */
export interface UnitSettings {
  readonly file: string;
  readonly exports: RouteExports;
  /** Milliseconds that a handler is waited for, 0 for ever. */
  readonly limit: number;
  /** Absolute names of the files that were loaded. */
  readonly files: readonly string[];
  readonly cwd: string;
}

/** @returns the unit that a program is linked with */
export function codeUnit(settings: UnitSettings): CodeUnit {
  return { file: settings.file, link: (link) => linkUnit(settings, link) };
}

function linkUnit({ exports, limit, files, cwd }: UnitSettings, link: CodeLink): LinkedCode {
  const { log, wheel } = link.host;
  const runner = new HandlerRunner({ log, wheel, limit, files, cwd });
  const tools = new Tools(link);
  const world: World = { host: link.host, tools, ksr: ksrOf(link, tools) };
  const routes: CodeRoute[] = [];
  const add = (
    kind: RouteKind,
    name: string,
    call: (ctx: ScriptContext) => unknown,
    failed?: (ctx: ScriptContext) => void,
  ): void => {
    const what = name === '' ? kind : `${kind} ${name}`;
    routes.push({ kind, name, run: (ctx) => runner.run(ctx, what, () => call(ctx), passes, failed) });
  };
  const unanswered = (ctx: ScriptContext): void => answerFault(world, ctx);

  const callbacks = new Map<string, Callback>();
  for (const [name, run] of exports.functions) {
    const call = (ctx: ScriptContext): unknown => run(world.ksr(ctx));
    for (const kind of ['failure', 'branch', 'onreply'] as const) add(kind, name, call);
    add('event', `tm:branch-failure:${name}`, call);
    callbacks.set(name, (ctx, args) => runner.run(ctx, name, () => run(world.ksr(ctx), ...args.map(shown)), codeOf));
  }
  for (const [name, kind] of KEMI_ROUTES) {
    const run = exports.functions.get(name);
    if (run !== undefined) add(kind, '', (ctx) => run(world.ksr(ctx)), kind === 'request' ? unanswered : undefined);
  }
  const { request, reply, onsend } = exports;
  if (request !== null) add('request', '', (ctx) => request(new Request(ctx, world)), unanswered);
  if (reply !== null) add('reply', '', (ctx) => reply(new Reply(ctx, world)));
  if (onsend !== null) add('onsend', '', (ctx) => onsend(new SentRequest(ctx, world)));
  for (const [name, run] of exports.failure) add('failure', name, (ctx) => run(new Failure(ctx, world)));
  for (const [name, run] of exports.branch) add('branch', name, (ctx) => run(new BranchRequest(ctx, world)));
  for (const [name, run] of exports.onreply) add('onreply', name, (ctx) => run(new Reply(ctx, world)));
  for (const [name, run] of exports.event) add('event', name, (ctx) => run(new EventContext(ctx, world, name)));
  add('failure', INLINE, (ctx) => inlineHandlers(ctx).failure?.(new Failure(ctx, world)));
  add('branch', INLINE, (ctx) => inlineHandlers(ctx).branch?.(new BranchRequest(ctx, world)));
  add('onreply', INLINE, (ctx) => inlineHandlers(ctx).reply?.(new Reply(ctx, world)));
  return { routes, callbacks };
}

/** Routes end well whatever a handler returns: what is dropped, drop() says. */
function passes(): number {
  return 1;
}

/** Kamailio's code of what a callback returned: numbers are codes, false is -1, anything else went well. */
function codeOf(result: unknown): number {
  if (typeof result === 'number' && Number.isFinite(result)) return Math.trunc(result);
  return result === false ? -1 : 1;
}

function shown(value: Value): string | number | null {
  return typeof value === 'string' ? fromWire(value) : value;
}

/** A request whose handler failed before anybody answered it: the sender is told rather than left waiting. */
function answerFault(world: World, ctx: ScriptContext): void {
  const { state, message } = ctx;
  if (ctx.stop !== RUN || message.method === 'ACK' || state.repliedStateless) return;
  if (state.transaction === null) world.host.proxy.statelessReply(state, 500, toWire('Server Internal Error'));
  else if (state.transaction.branches.length === 0 && state.transaction.lastStatus < 200)
    world.host.proxy.reply(state, 500, 'Server Internal Error');
}
