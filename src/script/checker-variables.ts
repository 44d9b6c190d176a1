/** Resolves variable references: `$var(x)`, `$(hdr(X)[1]{s.len})`, and those inside interpolated text. */
import type { StringLiteral, Variable } from './ast.ts';
import type { Reference, TextParts, TransformationCall, VariableSymbol } from './compile-ir.ts';
import { type InterpolationError, parseInterpolatedText, parseVariableReference } from './interpolation.ts';
import type { TransformationDefinition } from './module-definition.ts';
import { type Locate, report, reportMissing, type Scope } from './scope.ts';
import type { Span } from './source.ts';
import { locateInString } from './string-literal.ts';
import type { Segment, VariableRef } from './variable-reference.ts';

/** Where characters of a literal stand. */
export function inLiteral(literal: StringLiteral): Locate {
  return (offset, length) => locateInString(literal, offset, length);
}

/** Where characters of a node that stands in the file as it is stand. */
export function inSpan(at: Span): Locate {
  return (offset, length) => {
    if (offset >= at.length) return at;
    return { ...at, column: at.column + offset, length: Math.max(1, Math.min(length, at.length - offset)) };
  };
}

/** Resolves a variable written outside a string. @returns null when it is unknown, which has been reported */
export function resolveVariable(scope: Scope, variable: Variable): Reference | null {
  return resolveReference(scope, variable.ref, inSpan(variable.at), -variable.ref.offset);
}

/**
 * Resolves a reference.
 * @param base what to add to the offsets in `ref` to get offsets that `locate` knows
 */
export function resolveReference(scope: Scope, ref: VariableRef, locate: Locate, base = 0): Reference | null {
  const { symbols, diagnostics } = scope;
  const at = locate(base + ref.offset, ref.raw.length);
  const symbol = symbols.variable(ref.name);
  if (symbol === undefined) {
    if (!reportMissing(scope, symbols.missingVariable(ref.name), at)) return null;
    return { symbol: unsupportedVariable(ref.name), text: ref.raw, inner: null, index: null, transformations: [], at };
  }
  const { definition } = symbol;
  if (definition.support.startsWith('no')) {
    const why = definition.support.slice(definition.support.indexOf(':') + 1).trim();
    const lenient = scope.options.unsupported === 'warn';
    report(diagnostics, lenient, 'CFG_UNSUPPORTED_VARIABLE', `$${ref.name} is not supported: ${why}`, at);
  }
  if (definition.inner === 'required' && ref.inner === null) {
    diagnostics.error('CFG_VARIABLE_NAME', `$${ref.name} needs a name in parentheses`, at, `write $${ref.name}(name)`);
    return null;
  }
  if (definition.inner === 'none' && ref.inner !== null && ref.inner !== '') {
    diagnostics.error('CFG_VARIABLE_NAME', `$${ref.name} takes nothing in parentheses`, at);
    return null;
  }
  const inner = ref.inner === null ? null : innerParts(scope, ref, locate);
  const index = resolveIndex(scope, ref, locate, base);
  const transformations = resolveTransformations(scope, ref, locate, base);
  if (inner === undefined || index === undefined || transformations === null) return null;
  return { symbol, text: ref.raw, inner, index, transformations, at };
}

/** Stands for a variable that Kamailio has and Trunkline has not, where the option lets it through: always undefined, never assigned. */
function unsupportedVariable(name: string): VariableSymbol {
  return {
    module: null,
    definition: {
      name,
      writable: true,
      inner: 'optional',
      bind: () => (_inner, _index, text) => ({ text, get: () => null, int: null, set: () => false }),
      support: 'no',
    },
  };
}

function unsupportedTransformation(name: string): TransformationDefinition {
  return { name, minParams: 0, maxParams: 0, make: () => () => null, support: 'no' };
}

function innerParts(scope: Scope, ref: VariableRef, locate: Locate): TextParts | undefined {
  if (ref.innerSegments === null) return [ref.inner ?? ''];
  return resolveSegments(scope, ref.innerSegments, locate) ?? undefined;
}

function resolveIndex(scope: Scope, ref: VariableRef, locate: Locate, base: number): Reference['index'] | undefined {
  const { index } = ref;
  if (index === null || index === '*' || typeof index === 'number') return index;
  return resolveReference(scope, index, locate, base) ?? undefined;
}

function resolveTransformations(
  scope: Scope,
  ref: VariableRef,
  locate: Locate,
  base: number,
): TransformationCall[] | null {
  const calls: TransformationCall[] = [];
  let ok = true;
  for (const { name, params, rawParams, offset } of ref.transformations) {
    const at = locate(base + offset, name.length);
    const definition = scope.symbols.transformation(name);
    if (definition === undefined) {
      const lenient = reportMissing(scope, scope.symbols.missingTransformation(name), at);
      if (lenient) calls.push({ definition: unsupportedTransformation(name), params: [], at });
      else ok = false;
      continue;
    }
    const { minParams, maxParams } = definition;
    // A transformation that takes one parameter takes all of the text, commas included.
    const given = maxParams === 1 && params.length > 1 ? [rawParams] : params;
    if (given.length < minParams || given.length > maxParams) {
      const wanted = minParams === maxParams ? String(minParams) : `${minParams} to ${maxParams}`;
      const message = `{${name}} takes ${wanted} parameter${wanted === '1' ? '' : 's'}, ${given.length} given`;
      scope.diagnostics.error('CFG_TRANSFORMATION', message, at);
      ok = false;
      continue;
    }
    const resolved: (string | Reference)[] = [];
    for (const param of given) {
      if (typeof param === 'string') {
        resolved.push(param);
        continue;
      }
      const reference = resolveReference(scope, param, locate, base);
      if (reference === null) ok = false;
      else resolved.push(reference);
    }
    calls.push({ definition, params: resolved, at });
  }
  return ok ? calls : null;
}

/** Resolves the variables of a text that was taken apart. @returns null when one of them is unknown */
export function resolveSegments(scope: Scope, segments: readonly Segment[], locate: Locate): TextParts | null {
  const parts: (string | Reference)[] = [];
  let ok = true;
  for (const segment of segments) {
    if (segment.kind === 'text') {
      parts.push(segment.text);
      continue;
    }
    // A nested reference counts its offsets from the start of its own text; the segment knows where that is.
    const reference = resolveReference(scope, segment.ref, locate, segment.offset - segment.ref.offset);
    if (reference === null) ok = false;
    else parts.push(reference);
  }
  return ok ? parts : null;
}

/** Resolves an interpolated text; every `$` must start a variable. @returns null after reporting what is wrong */
export function resolveText(scope: Scope, text: string, locate: Locate): TextParts | null {
  if (!text.includes('$')) return text === '' ? [] : [text];
  const { segments, errors } = parseInterpolatedText(text, scope.interpolation);
  for (const error of errors) reportInterpolation(scope, error, locate);
  const parts = resolveSegments(scope, segments, locate);
  return errors.length > 0 ? null : parts;
}

/**
 * Resolves a text in which a `$` may also be just that (a regular expression's anchor, a text that Kamailio does not interpolate): only
 * references to variables that exist count.
 */
export function resolveLooseText(scope: Scope, text: string, locate: Locate): TextParts {
  const parts: (string | Reference)[] = [];
  const copy = (piece: string): void => {
    const last = parts.at(-1);
    if (typeof last === 'string') parts[parts.length - 1] = last + piece;
    else if (piece !== '') parts.push(piece);
  };
  for (let at = 0; at < text.length; ) {
    const dollar = text.indexOf('$', at);
    if (dollar < 0) {
      copy(text.slice(at));
      break;
    }
    copy(text.slice(at, dollar));
    const parsed = parseVariableReference(text, dollar, scope.interpolation);
    const known =
      parsed.ref !== null && parsed.errors.length === 0 && scope.symbols.variable(parsed.ref.name) !== undefined;
    const reference = known && parsed.ref !== null ? resolveReference(scope, parsed.ref, locate) : null;
    if (reference !== null && parsed.ref !== null) {
      parts.push(reference);
      at = parsed.end;
    } else {
      copy('$');
      at = dollar + 1;
    }
  }
  return parts;
}

/** Resolves a text that must be one variable. @returns null after reporting what is wrong */
export function resolveLone(scope: Scope, text: string, locate: Locate): Reference | null {
  const clean = text.trim();
  const start = text.indexOf(clean);
  const parsed = clean.startsWith('$') ? parseVariableReference(text, start, scope.interpolation) : null;
  if (parsed !== null && parsed.ref === null) {
    reportInterpolation(scope, parsed.error, locate);
    return null;
  }
  if (parsed === null || parsed.ref === null || parsed.end !== start + clean.length) {
    const at = locate(0, Math.max(1, text.length));
    scope.diagnostics.error(
      'CFG_ARGUMENT',
      `'${text}' is not a variable`,
      at,
      'name one variable, for example "$var(x)"',
    );
    return null;
  }
  return resolveReference(scope, parsed.ref, locate);
}

function reportInterpolation(scope: Scope, error: InterpolationError, locate: Locate): void {
  scope.diagnostics.error('CFG_VARIABLE_SYNTAX', error.message, locate(error.offset, error.length), error.hint);
}
