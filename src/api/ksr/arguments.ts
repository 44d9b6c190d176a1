/** From the arguments of a JavaScript call to what module functions take. */

import type {
  ArgumentKind,
  FunctionDefinition,
  ModuleHost,
  SedExpression,
  VariableAccess,
} from '../../script/module-definition.ts';
import { compilePosix, RegexCache, RegexError } from '../../script/regex.ts';
import { parseInteger } from '../../script/runtime-convert.ts';
import { parseReplacement, parseSed } from '../../script/sed.ts';
import { ApiError } from '../errors.ts';
import { toWire } from '../wire-text.ts';

/** Prepares arguments for the functions of one program; what is made of texts is kept. */
export class ArgumentReader {
  private readonly host: ModuleHost;
  private readonly regexes = new RegexCache();
  private readonly variables = new Map<string, VariableAccess>();
  private readonly seds = new Map<string, SedExpression>();

  constructor(host: ModuleHost) {
    this.host = host;
  }

  /** A function that reads one argument of this kind. @param what names it in errors: `argument 2 of uac_auth()` */
  reader(kind: ArgumentKind): (value: unknown, what: string) => unknown {
    switch (kind) {
      case 'int':
        return integer;
      case 'value':
        return (value, what) =>
          value === null || value === undefined ? null : typeof value === 'number' ? value : text(value, what);
      case 'regex':
        return (value, what) => this.regex(value, what);
      case 'var':
        return (value, what) => this.variable(text(value, what));
      case 'vars':
        return (value, what) =>
          text(value, what)
            .split(';')
            .filter((part) => part.trim() !== '')
            .map((part) => this.variable(part.trim()));
      case 'sed':
        return (value, what) => this.sed(text(value, what));
      default:
        return text;
    }
  }

  /** A variable by its name, such as `$ru`. @throws ApiError API_VARIABLE */
  variable(name: string): VariableAccess {
    let access = this.variables.get(name);
    if (access === undefined) {
      const made = this.host.variable(name);
      if (typeof made === 'string') throw new ApiError('API_VARIABLE', made);
      access = made;
      // Names that are put together at run time have no end.
      if (this.variables.size < 1000) this.variables.set(name, access);
    }
    return access;
  }

  private regex(value: unknown, what: string): RegExp {
    if (value instanceof RegExp) return value.global ? new RegExp(value.source, value.flags.replace('g', '')) : value;
    try {
      return this.regexes.get(text(value, what), { ignoreCase: true, newline: true });
    } catch (error) {
      if (!(error instanceof RegexError)) throw error;
      throw new ApiError('API_ARGUMENT', `${what}: ${error.message}`);
    }
  }

  private sed(expression: string): SedExpression {
    let sed = this.seds.get(expression);
    if (sed === undefined) {
      try {
        sed = compileSed(expression);
      } catch (error) {
        if (!(error instanceof RegexError)) throw error;
        throw new ApiError('API_ARGUMENT', `"${expression}" is no substitution: ${error.message}`);
      }
      if (this.seds.size < 1000) this.seds.set(expression, sed);
    }
    return sed;
  }
}

function compileSed(expression: string): SedExpression {
  const { pattern, replacement, ignoreCase, newline, global } = parseSed(expression);
  const parts = parseReplacement(replacement);
  return {
    regex: compilePosix(pattern, { ignoreCase, newline, global }),
    global,
    replacement: (_ctx, match) =>
      parts.map((part) => (part.kind === 'text' ? part.text : (match[part.group] ?? ''))).join(''),
  };
}

function text(value: unknown, what: string): string {
  if (typeof value === 'string') return toWire(value);
  if (typeof value === 'number') return String(value);
  throw new ApiError('API_ARGUMENT', `${what} is ${value === null ? 'null' : typeof value} and not a text`);
}

function integer(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  const parsed = typeof value === 'string' ? parseInteger(value.trim()) : Number.NaN;
  if (!Number.isNaN(parsed)) return parsed;
  throw new ApiError(
    'API_ARGUMENT',
    `${what} is ${typeof value === 'string' ? `"${value}"` : String(value)} and not a whole number`,
  );
}

/** Kinds of a function's arguments, and how many it needs. */
export function shapeOf(definition: FunctionDefinition<unknown>): {
  readonly kinds: readonly ArgumentKind[];
  readonly required: number;
} {
  const kinds = definition.args.map((spec) => spec.replace('?', '') as ArgumentKind);
  const optional = definition.args.findIndex((spec) => spec.endsWith('?'));
  return { kinds, required: optional < 0 ? kinds.length : optional };
}
