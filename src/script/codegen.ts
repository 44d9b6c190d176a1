/**
 * Turns a checked configuration into one JavaScript program: a function for each route and for each call of a module function. Names are
 * bound once and are constants of the program; what runs for a message looks up nothing and makes no closure.
 */
import type { CoreTest } from './ast.ts';
import { type AsyncAnalysis, analyseAsync, isAsyncBody, routeKey } from './codegen-async.ts';
import type { Callable, Emitter } from './codegen-emitter.ts';
import { ExpressionWriter } from './codegen-expressions.ts';
import { Frame, literal } from './codegen-frame.ts';
import { StatementWriter } from './codegen-statements.ts';
import type { Binder } from './compile-binder.ts';
import type { Arg, CallSite, Expr, Reference, RoutePlan, Stmt } from './compile-ir.ts';
import { visitCalls } from './compile-ir-calls.ts';
import type { VariableAccess } from './module-definition.ts';
import { isPlaced, routeLabel } from './placed-variable.ts';
import type { CompiledRoute, RouteKind } from './program.ts';
import { type RuntimeSite, type RuntimeSupport, runtimeNames } from './runtime-support.ts';
import type { Span } from './source.ts';

/** A route as it came out of the compiler. */
export interface GeneratedRoute {
  readonly kind: RouteKind;
  readonly name: string;
  readonly run: CompiledRoute;
  /** Name of an asynchronous function it can reach, empty when it is synchronous. */
  readonly asyncBy: string;
}

/** The generated program before it is run. */
export interface GeneratedProgram {
  /** JavaScript source, for people who want to see it. */
  readonly source: string;
  /** Places that log lines refer to. */
  readonly sites: readonly RuntimeSite[];
  /** Makes the routes. */
  readonly instantiate: (support: RuntimeSupport) => readonly GeneratedRoute[];
}

/** Limits that are constants of the program. */
export interface GeneratorLimits {
  readonly maxWhileLoops: number;
  readonly maxRecursiveLevel: number;
  /** return_mode. */
  readonly returnMode: number;
}

/** Generates the program. Problems that only show when names are bound are reported by the binder. */
export function generate(routes: readonly RoutePlan[], binder: Binder, limits: GeneratorLimits): GeneratedProgram {
  return new Generator(routes, binder, limits).generate();
}

interface Access {
  readonly name: string;
  readonly int: true | null;
  readonly bound: VariableAccess;
}

class Generator implements Emitter {
  readonly maxLoops: number;
  readonly rawCodes: boolean;
  private readonly maxDepth: number;
  private passesArguments = false;
  private readonly routes: readonly RoutePlan[];
  private readonly binder: Binder;
  private readonly analysis: AsyncAnalysis;
  private readonly captured: unknown[] = [];
  private readonly names = new Map<unknown, string>();
  private readonly accesses = new Map<string, Access>();
  private readonly siteList: RuntimeSite[] = [];
  private readonly functions: string[] = [];
  private readonly routeIndex = new Map<string, number>();
  private blocks = 0;
  private calls = 0;

  constructor(routes: readonly RoutePlan[], binder: Binder, limits: GeneratorLimits) {
    this.routes = routes;
    this.binder = binder;
    this.analysis = analyseAsync(routes, (symbol) => binder.waits(symbol));
    this.rawCodes = limits.returnMode !== 0;
    for (const { body } of routes)
      visitCalls(body, (call) => {
        if (call.kind === 'route' && call.args.length > 0) this.passesArguments = true;
      });
    // 0 means no limit to Kamailio; a loop without end would stop everything here.
    this.maxLoops = limits.maxWhileLoops > 0 ? limits.maxWhileLoops : 1_000_000;
    this.maxDepth = limits.maxRecursiveLevel > 0 ? limits.maxRecursiveLevel : 1000;
    routes.forEach(({ kind, name }, index) => {
      this.routeIndex.set(routeKey(kind, name), index);
    });
  }

  generate(): GeneratedProgram {
    const bodies = this.routes.map((route, index) => this.route(route, index));
    const captures = this.captured.map((_, index) => `const v${index} = V[${index}];`);
    const source = [
      `const { ${runtimeNames.join(', ')} } = S;`,
      ...captures,
      ...this.functions,
      ...bodies,
      `return [${this.routes.map((_, index) => `R${index}`).join(', ')}];`,
      '//# sourceURL=trunkline-routes.js',
    ].join('\n');
    const { captured, siteList, analysis, routes } = this;
    return {
      source,
      sites: siteList,
      instantiate: (support) => {
        // The text is made here from a configuration the operator wrote; literals in it are JSON.
        const make = new Function('S', 'V', source) as (
          support: RuntimeSupport,
          values: readonly unknown[],
        ) => CompiledRoute[];
        const made = make(support, captured);
        return routes.map(({ kind, name }, index) => ({
          kind,
          name,
          run: made[index] as CompiledRoute,
          asyncBy: analysis.routes.get(routeKey(kind, name)) ?? '',
        }));
      },
    };
  }

  /** `R3` is the route; `r3` calls it: counts the depth and sets $rc. */
  private route({ kind, name, body }: RoutePlan, index: number): string {
    const key = routeKey(kind, name);
    this.binder.route = routeLabel(kind, name);
    const isAsync = this.analysis.routes.has(key);
    const text = this.functionText(`R${index}`, key, body, isAsync);
    if (kind !== 'route') return text;
    const [head, wait] = isAsync ? ['async function', 'await '] : ['function', ''];
    // Only where a route is called with arguments somewhere: each call then has its own, or none.
    const [take, give] = this.passesArguments
      ? ['  const params = ctx.params; ctx.params = ctx.passed; ctx.passed = null;\n', '  ctx.params = params;\n']
      : ['', ''];
    return [
      text,
      `${head} r${index}(ctx) {`,
      `  if (ctx.depth >= ${this.maxDepth}) return tooDeep(ctx, ${literal(name)});`,
      '  ctx.depth++;',
      `${take}  const r = ${wait}R${index}(ctx);`,
      `${give}  ctx.depth--;`,
      '  return ctx.rc = r;',
      '}',
      `byName.set(${literal(name)}, r${index});`,
    ].join('\n');
  }

  private functionText(name: string, comment: string, body: readonly Stmt[], isAsync: boolean): string {
    const frame = new Frame(isAsync);
    new StatementWriter(frame, this).body(body);
    return frame.text(name, comment);
  }

  access(ref: Reference): Access {
    const placed = isPlaced(ref.symbol.definition);
    const known = placed ? undefined : this.accesses.get(ref.text);
    if (known !== undefined) return known;
    const bound = this.binder.access(ref);
    const access: Access = { name: this.capture(bound), int: bound.int === null ? null : true, bound };
    if (!placed) this.accesses.set(ref.text, access);
    return access;
  }

  target(ref: Reference): string {
    const { name, bound } = this.access(ref);
    this.binder.checkWritable(ref, bound);
    return name;
  }

  counted(ref: Reference, counter: symbol): { readonly name: string } {
    return { name: this.capture(this.binder.counted(ref, counter)) };
  }

  capture(value: unknown): string {
    const known = this.names.get(value);
    if (known !== undefined) return known;
    const name = `v${this.captured.length}`;
    this.captured.push(value);
    this.names.set(value, name);
    return name;
  }

  site(what: string, at: Span): number {
    const last = this.siteList.at(-1);
    if (last !== undefined && last.what === what && last.at === at) return this.siteList.length - 1;
    this.siteList.push({ what, at });
    return this.siteList.length - 1;
  }

  core(site: CallSite & { readonly kind: 'core' }): string {
    return this.capture(this.binder.core(site));
  }

  test(test: CoreTest, operand: Expr | null): string {
    return this.capture(this.binder.test(test, operand?.op === 'const' ? operand.value : undefined));
  }

  routeCall(name: string): Callable {
    const index = this.routeIndex.get(routeKey('route', name)) ?? 0;
    return { name: `r${index}`, isAsync: this.analysis.routes.has(routeKey('route', name)) };
  }

  dynamicRoutes(): { readonly isAsync: boolean } {
    return { isAsync: this.analysis.dynamic };
  }

  blockFunction(body: readonly Stmt[]): Callable {
    const isAsync = isAsyncBody(body, this.analysis);
    const name = `b${this.blocks++}`;
    this.functions.push(this.functionText(name, 'block', body, isAsync));
    return { name, isAsync };
  }

  /** A function for each call: it makes the arguments, takes exceptions, sets $rc and ends the script on 0. */
  functionCall(site: CallSite & { readonly kind: 'function' }): Callable {
    const { definition, module } = site.symbol;
    const place = this.site(`${definition.name}()`, site.at);
    const called = this.capture(this.binder.bound(site.symbol));
    const frame = new Frame(false);
    const writer = new ExpressionWriter(frame, this, place);
    const args = site.args.map((arg, index) => this.argument(writer, arg, index, place));
    while (args.at(-1) === 'undefined') args.pop();
    const name = `c${this.calls++}`;
    const isAsync = this.analysis.waits(site.symbol);
    frame.line(`try { r = ${called}(${['ctx', ...args].join(', ')}); } catch (e) { r = failed(ctx, ${place}, e); }`);
    frame.line(
      `if (typeof r !== "number") ${isAsync ? `return settled(ctx, ${place}, r)` : `r = notANumber(ctx, ${place}, r)`};`,
    );
    frame.line('if (r === 0 && ctx.stop === 0) ctx.stop = 1;');
    frame.line('ctx.rc = r;');
    this.functions.push(frame.text(name, `${module}: ${definition.name}()`));
    return { name, isAsync };
  }

  private argument(writer: ExpressionWriter, arg: Arg | null, index: number, place: number): string {
    if (arg === null) return 'undefined';
    switch (arg.kind) {
      case 'constant':
        return literal(arg.value);
      case 'text':
        return writer.interpolated(arg.parts);
      case 'value':
        return writer.operand(arg.expr);
      case 'shown':
        return `shown(${writer.operand(arg.expr)})`;
      case 'int': {
        if (!('op' in arg.of)) return `intArgument(${this.textOrValue(writer, arg.of)}, ${place}, ${index})`;
        const { of } = arg;
        if (of.op === 'read' && this.access(of.ref).int !== null) return writer.int(of);
        return `intArgument(${writer.operand(of)}, ${place}, ${index})`;
      }
      case 'regex':
        if (arg.pattern instanceof RegExp) return this.capture(arg.pattern);
        return `argumentRegex(${writer.interpolated(arg.pattern)})`;
      case 'variable':
        return this.access(arg.ref).name;
      case 'variables':
        return `[${arg.refs.map((ref) => this.access(ref).name).join(', ')}]`;
      case 'sed': {
        const sed = this.capture(this.binder.sed(arg));
        if (arg.regex instanceof RegExp) return sed;
        return `sedWith(${sed}, ${writer.interpolated(arg.regex)})`;
      }
    }
  }

  /** A lone variable keeps its type, so that an integer one is not printed and read again. */
  private textOrValue(writer: ExpressionWriter, parts: readonly (string | Reference)[]): string {
    const [only] = parts;
    if (parts.length === 1 && only !== undefined && typeof only !== 'string')
      return writer.operand({ op: 'read', ref: only });
    return writer.interpolated(parts);
  }
}
