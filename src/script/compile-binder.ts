/** Binds resolved names to the instances of one server: variables to accesses, functions to what the program calls. */
import type { CoreTest } from './ast.ts';
import type { Arg, CallSite, FunctionSymbol, Reference, TextParts, TransformationCall } from './compile-ir.ts';
import type { ScriptContext } from './context.ts';
import type { CoreCode, CoreScope } from './core-functions-define.ts';
import { bindCoreTest, type KeywordTest } from './core-keywords.ts';
import type { DiagnosticList } from './diagnostic.ts';
import type {
  BoundFunction,
  IndexSpec,
  ModuleHost,
  TextGetter,
  VariableAccess,
  VariableDefinition,
} from './module-definition.ts';
import { isPlaced } from './placed-variable.ts';
import { toInteger, toShown, toText } from './runtime-convert.ts';
import type { SedPattern } from './runtime-support.ts';
import type { Value } from './values.ts';

type BoundVariable = (inner: TextGetter | null, index: IndexSpec, text: string) => VariableAccess | string;
type Transform = (value: Value, ctx: ScriptContext) => Value;

/** Gives the instance of a module; undefined while it is not made yet. */
export type InstanceOf = (module: string) => { readonly instance: unknown } | undefined;

/** Binds names. Problems are reported where the name stands. */
export class Binder {
  /** Name of the route whose names are being bound; empty outside of routes. */
  route = '';
  private readonly host: ModuleHost;
  private readonly coreScope: CoreScope;
  private readonly diagnostics: DiagnosticList;
  private readonly instanceOf: InstanceOf;
  private readonly variables = new Map<VariableDefinition<unknown>, BoundVariable>();
  private readonly functions = new Map<FunctionSymbol['definition'], BoundFunction>();

  constructor(host: ModuleHost, core: CoreScope, diagnostics: DiagnosticList, instanceOf: InstanceOf) {
    this.host = host;
    this.coreScope = core;
    this.diagnostics = diagnostics;
    this.instanceOf = instanceOf;
  }

  /** The same binder, reporting elsewhere. */
  reportingTo(diagnostics: DiagnosticList): Binder {
    return new Binder(this.host, this.coreScope, diagnostics, this.instanceOf);
  }

  /** Binds a variable reference, its index and transformations included. */
  access(ref: Reference): VariableAccess {
    const base = this.base(ref, this.index(ref.index));
    return ref.transformations.length === 0 ? base : this.transformed(base, ref);
  }

  /** Reports a variable that can be written by its name but not as it is referred to, such as one key of many. */
  checkWritable(ref: Reference, access: VariableAccess): void {
    if (access.set === null)
      this.diagnostics.error('CFG_READ_ONLY', `${ref.text} cannot be assigned: it is read-only`, ref.at);
  }

  /** The same with the counter of a loop as index. */
  counted(ref: Reference, counter: symbol): VariableAccess {
    return this.base(ref, (ctx) => ctx.cached<number>(counter) ?? 0);
  }

  /** Binds a text with variables. */
  text(parts: TextParts): TextGetter {
    if (parts.every((part) => typeof part === 'string')) {
      const text = parts.join('');
      return { constant: text, get: () => text };
    }
    const [only] = parts;
    if (parts.length === 1 && only !== undefined && typeof only !== 'string') {
      const access = this.access(only);
      return { constant: null, get: (ctx) => access.get(ctx) };
    }
    const pieces = parts.map((part) => {
      if (typeof part === 'string') return part;
      // What a transformation leaves undefined prints as nothing, an undefined variable as `<null>`.
      return { access: this.access(part), show: part.transformations.length > 0 ? toText : toShown };
    });
    const get = (ctx: ScriptContext): string => {
      let out = '';
      for (const piece of pieces) out += typeof piece === 'string' ? piece : piece.show(piece.access.get(ctx));
      return out;
    };
    return { constant: null, get };
  }

  /** Whether a function of a module may answer later. */
  waits({ module, definition }: FunctionSymbol): boolean {
    const { async: later } = definition;
    return typeof later === 'boolean' ? later : later(this.instanceOf(module)?.instance);
  }

  /** The function of a module's instance. */
  bound({ module, definition }: FunctionSymbol): BoundFunction {
    let bound = this.functions.get(definition);
    if (bound === undefined) {
      bound = definition.bind(this.instanceOf(module)?.instance);
      this.functions.set(definition, bound);
    }
    return bound;
  }

  /** A call of a core function. */
  core({ function: definition, args, at }: CallSite & { readonly kind: 'core' }): CoreCode {
    const made = definition.prepare(args, { ...this.coreScope, host: this.host });
    if (typeof made !== 'string') return made;
    this.diagnostics.error('CFG_ARGUMENT', `${definition.name}(): ${made}`, args[0]?.at ?? at);
    return () => -1;
  }

  /** A condition on a core keyword. */
  test(test: CoreTest, constant: Value | undefined): KeywordTest {
    const made = bindCoreTest(test, constant, this.host);
    if (typeof made !== 'string') return made;
    this.diagnostics.error('CFG_TYPE', made, test.operandAt);
    return () => false;
  }

  /** A substitution; its pattern is missing where it is only known at run time. */
  sed(arg: Arg & { readonly kind: 'sed' }): SedPattern {
    const parts = arg.replacement.map((part) => (part.kind === 'variable' ? this.access(part.ref) : part));
    const replacement = (ctx: ScriptContext, match: RegExpExecArray): string => {
      let out = '';
      for (const part of parts) {
        if (!('kind' in part)) out += toShown(part.get(ctx));
        else out += part.kind === 'text' ? part.text : (match[part.group] ?? '');
      }
      return out;
    };
    const { ignoreCase, newline, global } = arg;
    return { regex: arg.regex instanceof RegExp ? arg.regex : null, replacement, global, ignoreCase, newline };
  }

  private base(ref: Reference, index: IndexSpec): VariableAccess {
    const { symbol, text } = ref;
    const inner = ref.inner === null ? null : this.text(ref.inner);
    const owner = symbol.module === null ? { instance: this.host } : this.instanceOf(symbol.module);
    // A parameter of one module may name a variable of another that is made later.
    if (owner === undefined) return this.later(ref, inner, index);
    const { definition } = symbol;
    if (isPlaced(definition)) return this.valid(ref, definition.bindAt(inner, text, { at: ref.at, route: this.route }));
    let bind = this.variables.get(symbol.definition);
    if (bind === undefined) {
      bind = symbol.definition.bind(owner.instance);
      this.variables.set(symbol.definition, bind);
    }
    return this.valid(ref, bind(inner, index, text));
  }

  private valid({ text, at }: Reference, access: VariableAccess | string): VariableAccess {
    if (typeof access !== 'string') return access;
    this.diagnostics.error('CFG_VARIABLE_NAME', access, at);
    return { text, get: () => null, int: null, set: () => false };
  }

  private later(ref: Reference, inner: TextGetter | null, index: IndexSpec): VariableAccess {
    const { symbol, text } = ref;
    let bound: VariableAccess | null = null;
    const access = (): VariableAccess | null => {
      const owner = bound !== null || symbol.module === null ? undefined : this.instanceOf(symbol.module);
      if (owner === undefined) return bound;
      const made = symbol.definition.bind(owner.instance)(inner, index, text);
      bound = typeof made === 'string' ? null : made;
      return bound;
    };
    const set = (ctx: ScriptContext, value: Value): boolean => access()?.set?.(ctx, value) ?? false;
    return { text, get: (ctx) => access()?.get(ctx) ?? null, int: null, set: symbol.definition.writable ? set : null };
  }

  private index(index: Reference['index']): IndexSpec {
    if (index === null || index === '*' || typeof index === 'number') return index;
    const access = this.access(index);
    return (ctx) => toInteger(access.get(ctx));
  }

  private transformed(base: VariableAccess, ref: Reference): VariableAccess {
    const transforms = ref.transformations.map((call) => this.transform(call));
    const [first, second] = transforms;
    const { text } = ref;
    if (first !== undefined && transforms.length === 1) {
      return { text, get: (ctx) => first(base.get(ctx), ctx), int: null, set: null };
    }
    if (first !== undefined && second !== undefined && transforms.length === 2) {
      return { text, get: (ctx) => second(first(base.get(ctx), ctx), ctx), int: null, set: null };
    }
    const get = (ctx: ScriptContext): Value => {
      let value = base.get(ctx);
      for (const transform of transforms) value = transform(value, ctx);
      return value;
    };
    return { text, get, int: null, set: null };
  }

  private transform({ definition, params, at }: TransformationCall): Transform {
    const getters = params.map((param): TextGetter => this.text([param]));
    const made = definition.make(getters);
    if (typeof made !== 'string') return made;
    this.diagnostics.error('CFG_TRANSFORMATION', `{${definition.name}}: ${made}`, at);
    return () => null;
  }
}
