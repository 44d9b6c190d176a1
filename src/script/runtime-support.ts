/**
 * What generated code calls: conversions that may fail, errors that become log lines, the ends of a script. Nothing of it throws into a
 * route.
 */
import { DROP, EXIT, RUN, type ScriptContext } from './context.ts';
import { L_ERR, L_WARN, type Log } from './log.ts';
import type { SedExpression } from './module-definition.ts';
import type { CompiledRoute } from './program.ts';
import { RegexCache, RegexError } from './regex.ts';
import { equals, parseInteger, plus, toShown, toText } from './runtime-convert.ts';
import type { Span } from './source.ts';
import type { Value } from './values.ts';

/** A place of the configuration that log lines name. */
export interface RuntimeSite {
  /** What is done there: `t_relay()`. */
  readonly what: string;
  readonly at: Span;
}

/** A substitution whose pattern may only be known when it runs. */
export interface SedPattern extends Omit<SedExpression, 'regex'> {
  readonly regex: RegExp | null;
  readonly ignoreCase: boolean;
  readonly newline: boolean;
}

/** A failure that a script can cause, with a stable code. */
export class ScriptError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'ScriptError';
    this.code = code;
  }
}

/** Code of the result when a computed route name is unknown, as Kamailio has it. */
const NO_SUCH_ROUTE = -10;

/** Everything generated code may call, by the name it uses. */
export interface RuntimeSupport {
  int(value: Value, site: number): number;
  text(value: Value): string;
  shown(value: Value): string;
  plus(left: Value, right: Value): Value;
  equals(left: Value, right: Value): boolean;
  divisor(value: number): number;
  regex(pattern: string): RegExp;
  argumentRegex(pattern: string): RegExp;
  sedWith(sed: SedPattern, pattern: string): SedExpression;
  intArgument(value: Value, site: number, index: number): number;
  failed(ctx: ScriptContext, site: number, error: unknown): number;
  failedTest(ctx: ScriptContext, site: number, error: unknown): boolean;
  failedSwitch(ctx: ScriptContext, site: number, error: unknown): null;
  refused(ctx: ScriptContext, site: number): number;
  notANumber(ctx: ScriptContext, site: number, value: unknown): number;
  settled(ctx: ScriptContext, site: number, promise: unknown): Promise<number>;
  unsupported(ctx: ScriptContext, site: number): number;
  loopLimit(ctx: ScriptContext, site: number): number;
  tooDeep(ctx: ScriptContext, route: string): number;
  stop(ctx: ScriptContext, kind: number, value: number): number;
  dynamic(ctx: ScriptContext, name: string, site: number): number | Promise<number>;
  readonly byName: Map<string, CompiledRoute>;
}

/** Names of {@link RuntimeSupport} as generated code takes them in. */
export const runtimeNames: readonly (keyof RuntimeSupport)[] = [
  'int',
  'text',
  'shown',
  'plus',
  'equals',
  'divisor',
  'regex',
  'argumentRegex',
  'sedWith',
  'intArgument',
  'failed',
  'failedTest',
  'failedSwitch',
  'refused',
  'notANumber',
  'settled',
  'unsupported',
  'loopLimit',
  'tooDeep',
  'stop',
  'dynamic',
  'byName',
];

/** An error's message without its stack. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): string {
  if (error instanceof ScriptError) return error.code;
  return error instanceof RegexError ? 'SCRIPT_REGEX' : 'SCRIPT_FUNCTION_FAILED';
}

/** Makes the support of one program. */
export function runtimeSupport(log: Log, sites: readonly RuntimeSite[], maxWhileLoops: number): RuntimeSupport {
  const patterns = new RegexCache();
  const byName = new Map<string, CompiledRoute>();
  const where = (site: number): string => {
    const found = sites[site];
    return found === undefined ? '' : `${found.at.file}:${found.at.line}: ${found.what}: `;
  };
  const report = (site: number, text: string, code: string, level = L_ERR): void => {
    if (level <= log.level) log.write(level, 'core', where(site) + text, code);
  };
  const failed = (_ctx: ScriptContext, site: number, error: unknown): number => {
    report(site, errorText(error), codeOf(error));
    return -1;
  };
  const notANumber = (_ctx: ScriptContext, site: number, value: unknown): number => {
    report(site, `the function returned ${typeof value} and not a code`, 'SCRIPT_FUNCTION_FAILED');
    return -1;
  };
  return {
    byName,
    int(value, site) {
      if (typeof value === 'number') return value;
      if (value === null) return 0;
      const parsed = parseInteger(value);
      if (!Number.isNaN(parsed)) return parsed;
      report(site, `"${value}" is not a number and counts as 0`, 'SCRIPT_CONVERSION', L_WARN);
      return 0;
    },
    text: toText,
    shown: toShown,
    plus,
    equals,
    divisor(value) {
      if (value === 0) throw new ScriptError('SCRIPT_DIVISION', 'division by zero');
      return value;
    },
    regex: (pattern) => patterns.get(pattern, { ignoreCase: true, newline: false }),
    argumentRegex: (pattern) => patterns.get(pattern, { ignoreCase: true, newline: true }),
    sedWith: ({ replacement, global, ignoreCase, newline }, pattern) => ({
      regex: patterns.get(pattern, { ignoreCase, newline, global }),
      replacement,
      global,
    }),
    intArgument(value, _site, index) {
      if (typeof value === 'number') return value;
      const parsed = value === null ? Number.NaN : parseInteger(value.trim());
      if (!Number.isNaN(parsed)) return parsed;
      throw new ScriptError('SCRIPT_ARGUMENT', `argument ${index + 1} is ${toShown(value)} and not a number`);
    },
    failed,
    failedTest: (ctx, site, error) => failed(ctx, site, error) > 0,
    failedSwitch(ctx, site, error) {
      failed(ctx, site, error);
      return null;
    },
    refused(_ctx, site) {
      report(site, 'the value was refused', 'SCRIPT_ASSIGNMENT_REFUSED');
      return -1;
    },
    notANumber,
    async settled(ctx, site, promise) {
      let code: unknown;
      try {
        code = await promise;
      } catch (error) {
        code = failed(ctx, site, error);
      }
      const result = typeof code === 'number' ? code : notANumber(ctx, site, code);
      if (result === 0 && ctx.stop === RUN) ctx.stop = EXIT;
      ctx.rc = result;
      return result;
    },
    unsupported(ctx, site) {
      report(site, 'this function is not supported by Trunkline', 'SCRIPT_UNSUPPORTED_FUNCTION');
      ctx.rc = -1;
      return -1;
    },
    loopLimit(_ctx, site) {
      report(site, `runaway loop: more than ${maxWhileLoops} rounds`, 'SCRIPT_LOOP_LIMIT');
      return -1;
    },
    tooDeep(_ctx, route) {
      log.write(L_ERR, 'core', `route[${route}]: routes call each other too deeply`, 'SCRIPT_TOO_DEEP');
      return -1;
    },
    stop(ctx, kind, value) {
      ctx.stop = kind === DROP ? DROP : EXIT;
      ctx.rc = value;
      return value;
    },
    dynamic(ctx, name, site) {
      const route = byName.get(name);
      if (route !== undefined) return route(ctx);
      ctx.passed = null;
      report(site, `there is no route[${name}]`, 'SCRIPT_UNKNOWN_ROUTE');
      return NO_SUCH_ROUTE;
    },
  };
}
