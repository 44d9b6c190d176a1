import type { CodeLink } from '../../script/code.ts';
import type { ScriptContext } from '../../script/context.ts';
import { coreFunctionTable } from '../../script/core-functions.ts';
import type { FunctionDefinition, ModuleHost } from '../../script/module-definition.ts';
import { describeMask } from '../../script/scope.ts';
import { ROUTE_BRANCH_FAILURE, ROUTE_ERROR, ROUTE_EVENT, ROUTE_LOCAL, type RouteMask } from '../../script/values.ts';
import { ApiError } from '../errors.ts';
import { toWire } from '../wire-text.ts';
import { ArgumentReader, shapeOf } from './arguments.ts';

/** A function of a module as handlers call it. */
export type ModuleCall = (ctx: ScriptContext, args: readonly unknown[]) => number | Promise<number>;

/** Functions that arm a route: what they are given must be there. */
const ARMS: ReadonlyMap<string, 'failure' | 'branch' | 'onreply'> = new Map([
  ['t_on_failure', 'failure'],
  ['t_on_branch', 'branch'],
  ['t_on_reply', 'onreply'],
]);

/** What the objects of handlers call in one program: functions of modules and of the core, with arguments made ready. */
export class Tools {
  readonly host: ModuleHost;
  readonly reader: ArgumentReader;
  private readonly link: CodeLink;
  private readonly cores = new Map<string, (ctx: ScriptContext) => number>();

  constructor(link: CodeLink) {
    this.link = link;
    this.host = link.host;
    this.reader = new ArgumentReader(link.host);
  }

  /**
   * Makes a function of a module's definitions of one name, which differ in their number of arguments.
   * @param interpolated texts are formats with variables, as xlog's are in every language
   */
  moduleCall(
    module: string,
    name: string,
    definitions: readonly FunctionDefinition<unknown>[],
    interpolated = false,
  ): ModuleCall {
    const forms = definitions.map((definition) => {
      const { kinds, required } = shapeOf(definition);
      const what = kinds.map((_, index) => `argument ${index + 1} of ${module}.${name}()`);
      const run = this.link.bound(module, definition);
      const read = kinds.map((kind) => this.reader.reader(kind));
      const unsupported = definition.support.startsWith('no');
      return { required, most: kinds.length, kinds, what, run, read, routes: definition.routes, unsupported };
    });
    const arms = module === 'tm' ? ARMS.get(name) : undefined;
    const most = Math.max(...forms.map((form) => form.most));
    // The form for each number of arguments; of several the first, as in kamailio.cfg.
    const byCount = Array.from({ length: most + 1 }, (_, count) =>
      forms.find((form) => count >= form.required && count <= form.most),
    );
    return (ctx, args) => {
      let count = args.length;
      // Whoever passes on an optional argument of its own may pass undefined.
      while (count > 0 && args[count - 1] === undefined) count--;
      const form = byCount[count];
      if (form === undefined) {
        const counts = forms
          .map((one) => (one.required === one.most ? `${one.most}` : `${one.required} to ${one.most}`))
          .join(' or ');
        throw new ApiError('API_ARGUMENT', `${module}.${name}() takes ${counts} arguments, ${count} given`);
      }
      if ((form.routes & placeOf(ctx)) === 0)
        throw new ApiError(
          'API_WRONG_ROUTE',
          `${module}.${name}() cannot be called here, only in ${describeMask(form.routes)}`,
        );
      const ready: unknown[] = [];
      for (let i = 0; i < count; i++) ready.push(form.read[i]?.(args[i], form.what[i] ?? ''));
      if (interpolated)
        for (const [i, value] of ready.entries()) if (typeof value === 'string') ready[i] = this.format(ctx, value);
      if (arms !== undefined && ready[0] !== '') this.checkRoute(ctx, arms, String(ready[0]));
      const code = form.run(ctx, ...ready);
      if (typeof code === 'number') ctx.rc = code;
      return code;
    };
  }

  /** Runs a core function. @throws ApiError API_ARGUMENT */
  core(ctx: ScriptContext, name: string, ...args: (string | number)[]): number {
    const key = args.length === 0 ? name : `${name}\n${args.join('\n')}`;
    let run = this.cores.get(key);
    if (run === undefined) {
      const definition = coreFunctionTable.get(name);
      if (definition === undefined) throw new ApiError('API_UNKNOWN_FUNCTION', `there is no core function ${name}()`);
      const made = this.link.core(
        definition,
        args.map((arg) => (typeof arg === 'string' ? toWire(arg) : arg)),
      );
      if (typeof made === 'string') throw new ApiError('API_ARGUMENT', `${name}(): ${made}`);
      run = made;
      if (this.cores.size < 1000) this.cores.set(key, run);
    }
    return run(ctx);
  }

  /** A text with its variables filled in. */
  format(ctx: ScriptContext, text: string): string {
    return text.includes('$') ? String(this.host.format(text).get(ctx) ?? '<null>') : text;
  }

  /** @throws ApiError API_UNKNOWN_ROUTE when the program has no such route */
  checkRoute(ctx: ScriptContext, kind: 'failure' | 'branch' | 'onreply', name: string): void {
    if (ctx.program.route(kind, name) !== null) return;
    throw new ApiError('API_UNKNOWN_ROUTE', `there is no ${kind} route and no exported function ${name}`);
  }
}

/** Types of the block that a handler stands for: the rarer events count as events too. */
function placeOf({ routeType }: ScriptContext): RouteMask {
  return (routeType & (ROUTE_LOCAL | ROUTE_BRANCH_FAILURE | ROUTE_ERROR)) !== 0 ? routeType | ROUTE_EVENT : routeType;
}
