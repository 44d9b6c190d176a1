/** What a program does at the proxy's decision points: runs the armed route and tells what came of it. */
import type { RouteHooks } from '../proxy/request-state.ts';
import { DROP, type ScriptContext } from './context.ts';
import { L_ERR } from './log.ts';
import type { CompiledRoute, Program } from './program.ts';
import {
  makeBranchContext,
  makeBranchFailureContext,
  makeBranchReplyContext,
  makeFailureContext,
  makeOnsendContext,
} from './runtime-context.ts';
import { setSending } from './variables/addresses.ts';

/** Hooks of a program. A route that was armed under a name it does not have is as if it did nothing. */
export function routeHooks(program: Program): RouteHooks {
  const onsend = program.route('onsend', '');
  return {
    branchRoute(name, state, branch) {
      const route = program.route('branch', name);
      if (route === null) return true;
      const ctx = makeBranchContext(program, state, branch);
      return kept(program.run(route, ctx), ctx);
    },
    replyRoute(name, state, branch, reply, from, edits) {
      const route = program.route('onreply', name);
      if (route === null) return true;
      const ctx = makeBranchReplyContext(program, state, branch, reply, from, edits);
      return kept(program.run(route, ctx), ctx);
    },
    failureRoute(name, state, branch) {
      const route = program.route('failure', name);
      if (route === null) return;
      return settled(program.run(route, makeFailureContext(program, state, branch)));
    },
    branchFailureRoute(name, state, branch) {
      const route = program.route('event', `tm:branch-failure:${name}`) ?? program.route('event', 'tm:branch-failure');
      if (route === null) return;
      return settled(program.run(route, makeBranchFailureContext(program, state, branch)));
    },
    onsendRoute:
      onsend === null
        ? null
        : (state, branch, text) => {
            const ctx = makeOnsendContext(program, state, branch);
            const destination = branch?.destination ?? null;
            if (destination !== null) setSending(ctx, { destination, text });
            return runNow(program, onsend, ctx, 'onsend_route');
          },
  };
}

/** Whether what the route was about goes on: its value does not matter, only `drop` does. */
function kept(code: number | Promise<number>, ctx: ScriptContext): boolean | Promise<boolean> {
  return typeof code === 'number' ? ctx.stop !== DROP : code.then(() => ctx.stop !== DROP);
}

function settled(code: number | Promise<number>): void | Promise<void> {
  return typeof code === 'number' ? undefined : code.then(() => undefined);
}

/** Runs a route whose caller cannot wait. @returns false when it dropped */
function runNow(program: Program, route: CompiledRoute, ctx: ScriptContext, what: string): boolean {
  const code = program.run(route, ctx);
  if (typeof code !== 'number') {
    // The compiler warns of such a route.
    program.log.write(
      L_ERR,
      'core',
      `${what} waits for an asynchronous function; what it does later is lost`,
      'SCRIPT_ASYNC_ROUTE',
    );
  }
  return ctx.stop !== DROP;
}
