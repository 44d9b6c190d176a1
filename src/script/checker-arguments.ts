/** Checks the arguments of module functions against the kinds that the functions ask for. */
import type { Argument, Call, StringLiteral } from './ast.ts';
import type { Place } from './checker-place.ts';
import { checkRegex } from './checker-regex.ts';
import { inLiteral, resolveLone, resolveLooseText, resolveText, resolveVariable } from './checker-variables.ts';
import type { Arg, Expr, SedPart, TextParts } from './compile-ir.ts';
import { visitExpressionCalls } from './compile-ir-calls.ts';
import type { ArgumentKind } from './module-definition.ts';
import type { RouteKind } from './program.ts';
import { RegexError } from './regex.ts';
import { parseInteger, toShown } from './runtime-convert.ts';
import { wireText } from './scope-text.ts';
import { parseReplacement, parseSed, type SedText } from './sed.ts';
import type { Span } from './source.ts';
import { didYouMean } from './suggestion.ts';

/** A literal with its text as the wire knows it. */
interface Literal {
  readonly node: StringLiteral;
  readonly text: string;
}

/** Checks one argument. @returns null after reporting what is wrong with it */
export function checkArgument(place: Place, call: Call, arg: Argument, index: number, kind: ArgumentKind): Arg | null {
  switch (arg.kind) {
    case 'string':
      return literalArgument(place, call, { node: arg, text: wireText(arg) }, index, kind);
    case 'identifier':
      // The reader has said that it is neither a string nor a define.
      return null;
    case 'socketArgument': {
      const text = `${arg.proto === null ? '' : `${arg.proto}:`}${arg.host}${arg.port === null ? '' : `:${arg.port}`}`;
      return { kind: 'constant', value: text };
    }
    case 'uriPart':
      return badArgument(place, call, index, `is uri:${arg.part}`, arg.at);
    case 'variable':
      if (kind === 'var') {
        const ref = resolveVariable(place.scope, arg);
        return ref === null ? null : { kind: 'variable', ref };
      }
      if (kind === 'vars') {
        const ref = resolveVariable(place.scope, arg);
        return ref === null ? null : { kind: 'variables', refs: [ref] };
      }
      return expressionArgument(place, call, place.expression(place, arg), index, kind, arg.at);
    default:
      return expressionArgument(place, call, place.expression(place, arg), index, kind, arg.at);
  }
}

function badArgument(place: Place, call: Call, index: number, problem: string, at: Span, hint?: string): null {
  place.scope.diagnostics.error('CFG_ARGUMENT', `argument ${index + 1} of ${call.name}() ${problem}`, at, hint);
  return null;
}

/** Kamailio cannot nest calls either, and an argument that had to be waited for would make every call wait. */
function hasCall(expr: Expr): boolean {
  let found = false;
  visitExpressionCalls(expr, () => {
    found = true;
  });
  return found;
}

/** An argument without quotes: a variable, a number, a constant expression. */
function expressionArgument(
  place: Place,
  call: Call,
  expr: Expr,
  index: number,
  kind: ArgumentKind,
  at: Span,
): Arg | null {
  if (hasCall(expr)) {
    return badArgument(place, call, index, 'calls a function', at, 'assign the result to a variable first');
  }
  const value = expr.op === 'const' ? expr.value : undefined;
  switch (kind) {
    case 'value':
      return value === undefined ? { kind: 'value', expr } : { kind: 'constant', value };
    case 'int':
      if (value === undefined) return { kind: 'int', of: expr };
      return integerConstant(place, call, toShown(value), index, at);
    case 'str':
    case 'const':
    case 'route': {
      if (value === undefined) return { kind: 'shown', expr };
      const text = toShown(value);
      if (kind === 'route') checkRouteName(place, call, text, at);
      return { kind: 'constant', value: text };
    }
    case 'regex': {
      if (value === undefined)
        return badArgument(place, call, index, 'is a pattern and must be a string', at, 'put the variable in quotes');
      const regex = checkRegex(place.scope, toShown(value), at, { ignoreCase: true, newline: true });
      return regex === null ? null : { kind: 'regex', pattern: regex };
    }
    case 'var':
      return badArgument(place, call, index, 'is not a variable', at, 'name one variable, for example "$var(x)"');
    case 'vars':
      return badArgument(place, call, index, 'is no list of variables', at, 'for example "$var(a);$var(b)"');
    case 'sed':
      return badArgument(place, call, index, 'is a substitution and must be a string', at, 'for example "/a/b/g"');
  }
}

function integerConstant(place: Place, call: Call, text: string, index: number, at: Span): Arg | null {
  const value = parseInteger(text.trim());
  if (!Number.isNaN(value)) return { kind: 'constant', value };
  const hint = /^[A-Za-z_]\w*$/.test(text)
    ? `a name from #!define is only replaced outside quotes: write ${text}`
    : undefined;
  return badArgument(place, call, index, `is '${text}', which is not a number`, at, hint);
}

function literalArgument(place: Place, call: Call, literal: Literal, index: number, kind: ArgumentKind): Arg | null {
  const { scope } = place;
  const { node, text } = literal;
  const locate = inLiteral(node);
  switch (kind) {
    case 'str':
    case 'value':
      return textArgument(resolveText(scope, text, locate), kind);
    case 'const':
      return textArgument(resolveLooseText(scope, text, locate), kind);
    case 'route': {
      const parts = resolveLooseText(scope, text, locate);
      if (parts.every((part) => typeof part === 'string')) checkRouteName(place, call, text, node.at);
      return textArgument(parts, kind);
    }
    case 'int': {
      if (!text.includes('$')) return integerConstant(place, call, text, index, node.at);
      const parts = resolveText(scope, text, locate);
      return parts === null ? null : { kind: 'int', of: parts };
    }
    case 'regex': {
      const parts = resolveLooseText(scope, text, locate);
      if (parts.some((part) => typeof part !== 'string')) return { kind: 'regex', pattern: parts };
      const regex = checkRegex(scope, text, node.at, { ignoreCase: true, newline: true });
      return regex === null ? null : { kind: 'regex', pattern: regex };
    }
    case 'var': {
      const ref = resolveLone(scope, text, locate);
      return ref === null ? null : { kind: 'variable', ref };
    }
    case 'vars': {
      const refs = variableList(text).map(({ part, offset }) =>
        resolveLone(scope, part, (at, length) => locate(offset + at, length)),
      );
      const found = refs.filter((ref) => ref !== null);
      return found.length === refs.length ? { kind: 'variables', refs: found } : null;
    }
    case 'sed':
      return sedArgument(place, call, literal, index);
  }
}

/** Parts of a list between its semicolons; one inside parentheses belongs to its variable, one at the end begins no other. */
function variableList(text: string): { readonly part: string; readonly offset: number }[] {
  const parts: { readonly part: string; readonly offset: number }[] = [];
  let start = 0;
  let depth = 0;
  for (let i = 0; i <= text.length; i++) {
    const character = text[i];
    if (character === '(') depth++;
    else if (character === ')') depth--;
    else if (character === undefined || (character === ';' && depth <= 0)) {
      const part = text.slice(start, i);
      if (character !== undefined || part.trim() !== '' || parts.length === 0) parts.push({ part, offset: start });
      start = i + 1;
    }
  }
  return parts;
}

function textArgument(parts: TextParts | null, kind: ArgumentKind): Arg | null {
  if (parts === null) return null;
  if (parts.length === 0) return { kind: 'constant', value: '' };
  const [only] = parts;
  if (parts.length === 1 && typeof only === 'string') return { kind: 'constant', value: only };
  // A lone variable in quotes keeps its type where the function wants the value itself.
  if (kind === 'value' && parts.length === 1 && only !== undefined && typeof only !== 'string') {
    return { kind: 'value', expr: { op: 'read', ref: only } };
  }
  return { kind: 'text', parts };
}

function sedArgument(place: Place, call: Call, { node, text }: Literal, index: number): Arg | null {
  const { scope } = place;
  const locate = inLiteral(node);
  let sed: SedText;
  try {
    sed = parseSed(text);
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    return badArgument(place, call, index, `is no substitution: ${error.message}`, locate(error.offset, 1));
  }
  const pattern = resolveLooseText(scope, sed.pattern, () => node.at);
  const { ignoreCase, newline, global } = sed;
  let regex: RegExp | TextParts | null = pattern;
  if (pattern.every((part) => typeof part === 'string')) {
    regex = checkRegex(scope, sed.pattern, node.at, { ignoreCase, newline, global });
    if (regex === null) return null;
  }
  const replacement: SedPart[] = [];
  for (const part of resolveLooseText(scope, sed.replacement, () => node.at)) {
    if (typeof part === 'string') replacement.push(...parseReplacement(part));
    else replacement.push({ kind: 'variable', ref: part });
  }
  return { kind: 'sed', regex, replacement, global, ignoreCase, newline };
}

/** Tables in which the functions that arm a route look for it. */
const ARMED: Readonly<Record<string, RouteKind>> = {
  t_on_failure: 'failure',
  t_on_branch: 'branch',
  t_on_reply: 'onreply',
};

/** A missing route is only a warning, as it is for Kamailio: it may be armed in a place that is never reached. */
function checkRouteName(place: Place, call: Call, name: string, at: Span): void {
  const { routes, diagnostics } = place.scope;
  // "0" disarms.
  if (name === '0' || name === '') return;
  const event = call.name === 't_on_branch_failure';
  const kind: RouteKind = event ? 'event' : (ARMED[call.name] ?? 'route');
  const wanted = event ? `tm:branch-failure:${name}` : name;
  const known = routes.get(kind) ?? new Set<string>();
  if (known.has(wanted)) return;
  const block = kind === 'route' ? 'route' : `${kind}_route`;
  diagnostics.warning('CFG_UNKNOWN_ROUTE', `there is no ${block}[${wanted}]`, at, didYouMean(wanted, known));
}
