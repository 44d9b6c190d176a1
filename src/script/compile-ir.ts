/**
 * What the checker makes of a syntax tree: every name resolved, every constant folded, every conversion decided. The code generator
 * writes it down without asking a question again.
 */
import type { CoreTest } from './ast.ts';
import type { CoreFunction } from './core-functions-define.ts';
import type {
  ArgumentKind,
  FunctionDefinition,
  TransformationDefinition,
  VariableDefinition,
} from './module-definition.ts';
import type { RouteKind } from './program.ts';
import type { ReplacementPart } from './sed.ts';
import type { Span } from './source.ts';
import type { Value } from './values.ts';

/** A function with the module it belongs to. */
export interface FunctionSymbol {
  readonly module: string;
  readonly definition: FunctionDefinition<unknown>;
}

/** A variable with the module it belongs to; null: of the core, bound to the server itself. */
export interface VariableSymbol {
  readonly module: string | null;
  readonly definition: VariableDefinition<unknown>;
}

/** A variable reference with its names resolved. */
export interface Reference {
  readonly symbol: VariableSymbol;
  /** As written, for messages. */
  readonly text: string;
  readonly inner: TextParts | null;
  readonly index: null | number | '*' | Reference;
  readonly transformations: readonly TransformationCall[];
  readonly at: Span;
}

export interface TransformationCall {
  readonly definition: TransformationDefinition;
  readonly params: readonly (string | Reference)[];
  readonly at: Span;
}

/** Text with variables: constant pieces and references, in order. */
export type TextParts = readonly (string | Reference)[];

export type Expr =
  | { readonly op: 'const'; readonly value: Value }
  | { readonly op: 'read'; readonly ref: Reference }
  /** Yields the code of the function as it is; what it is in an expression (1 or 0) is the reader's business. */
  | { readonly op: 'call'; readonly call: CallSite }
  | { readonly op: 'test'; readonly test: CoreTest; readonly operand: Expr | null }
  | { readonly op: 'block'; readonly body: readonly Stmt[]; readonly at: Span }
  | { readonly op: 'and' | 'or'; readonly left: Expr; readonly right: Expr }
  | { readonly op: 'not'; readonly operand: Expr }
  | { readonly op: 'int'; readonly kind: IntOperator; readonly left: Expr; readonly right: Expr }
  | { readonly op: 'negate' | 'complement'; readonly operand: Expr }
  | { readonly op: 'order'; readonly kind: '<' | '>' | '<=' | '>='; readonly left: Expr; readonly right: Expr }
  | { readonly op: 'plus' | 'concat'; readonly left: Expr; readonly right: Expr }
  /** `==` by the left side's type; `text` and `number` are eq and ieq. */
  | { readonly op: 'equal'; readonly by: 'left' | 'text' | 'number'; readonly left: Expr; readonly right: Expr }
  | { readonly op: 'match'; readonly left: Expr; readonly regex: RegExp | Expr }
  | { readonly op: 'toInt' | 'toText'; readonly operand: Expr }
  | { readonly op: 'defined' | 'empty' | 'length'; readonly operand: Expr }
  | { readonly op: 'choose'; readonly condition: Expr; readonly yes: Expr; readonly no: Expr };

export type IntOperator = '-' | '*' | '/' | 'mod' | '|' | '&' | '^' | '<<' | '>>';

/** What an expression is known to yield: 'call' and 'any' are not known. */
export type StaticType = 'int' | 'text' | 'null' | 'any';

/** One place that calls something. */
export type CallSite =
  | {
      readonly kind: 'function';
      readonly symbol: FunctionSymbol;
      readonly args: readonly (Arg | null)[];
      readonly at: Span;
    }
  | { readonly kind: 'core'; readonly function: CoreFunction; readonly args: readonly CoreArg[]; readonly at: Span }
  | { readonly kind: 'route'; readonly name: string | Expr; readonly args: readonly Expr[]; readonly at: Span }
  /** A function that Kamailio has and Trunkline has not, let through by the option. */
  | { readonly kind: 'unsupported'; readonly name: string; readonly module: string; readonly at: Span };

/** A module function's argument, ready for the kind its definition asks for. */
export type Arg =
  | { readonly kind: 'constant'; readonly value: string | number | null }
  | { readonly kind: 'text'; readonly parts: TextParts }
  /** A text that must turn out to be an integer when it is called. */
  | { readonly kind: 'int'; readonly of: Expr | TextParts }
  /** A lone expression: its value as it is, or as text. */
  | { readonly kind: 'value' | 'shown'; readonly expr: Expr }
  | { readonly kind: 'regex'; readonly pattern: RegExp | TextParts }
  | { readonly kind: 'variable'; readonly ref: Reference }
  | { readonly kind: 'variables'; readonly refs: readonly Reference[] }
  | {
      readonly kind: 'sed';
      readonly regex: RegExp | TextParts;
      readonly replacement: readonly SedPart[];
      readonly global: boolean;
      readonly ignoreCase: boolean;
      readonly newline: boolean;
    };

export type SedPart = ReplacementPart | { readonly kind: 'variable'; readonly ref: Reference };

/** A core function's argument: all of them are constants. */
export type CoreArg =
  | { readonly kind: 'int'; readonly value: number; readonly at: Span }
  | { readonly kind: 'text'; readonly value: string; readonly at: Span }
  | { readonly kind: 'word'; readonly value: string; readonly at: Span }
  | {
      readonly kind: 'socket';
      readonly proto: string | null;
      readonly host: string;
      readonly port: number | null;
      readonly at: Span;
    }
  | { readonly kind: 'uriPart'; readonly part: 'host' | 'port'; readonly at: Span };

export type Stmt =
  | { readonly op: 'call'; readonly call: CallSite }
  | { readonly op: 'assign'; readonly target: Reference; readonly value: Expr; readonly at: Span }
  | {
      readonly op: 'if';
      readonly condition: Expr;
      readonly yes: readonly Stmt[];
      readonly no: readonly Stmt[] | null;
      readonly at: Span;
    }
  | { readonly op: 'while'; readonly condition: Expr; readonly body: readonly Stmt[]; readonly at: Span }
  /** OpenSIPS for: `source` is read at 0, 1, 2… until it is undefined. */
  | {
      readonly op: 'each';
      readonly target: Reference;
      readonly source: Reference;
      readonly body: readonly Stmt[];
      readonly at: Span;
    }
  | {
      readonly op: 'switch';
      readonly subject: Expr;
      readonly by: 'int' | 'text';
      readonly cases: readonly SwitchCase[];
      readonly at: Span;
    }
  | { readonly op: 'break' }
  | { readonly op: 'return'; readonly value: Expr | null; readonly at: Span }
  | { readonly op: 'end'; readonly drop: boolean; readonly value: Expr | null; readonly at: Span }
  | { readonly op: 'block'; readonly body: readonly Stmt[] }
  | { readonly op: 'nothing' };

export interface SwitchCase {
  /** null: default. */
  readonly label: string | number | RegExp | null;
  readonly body: readonly Stmt[];
}

/** A route with everything resolved; several blocks of an unnamed kind are one. */
export interface RoutePlan {
  readonly kind: RouteKind;
  readonly name: string;
  readonly body: readonly Stmt[];
  readonly at: Span;
}

/** Argument kinds by name, where a definition's `?` is cut off. */
export function argumentKind(spec: string): { kind: ArgumentKind; optional: boolean } {
  const optional = spec.endsWith('?');
  return { kind: (optional ? spec.slice(0, -1) : spec) as ArgumentKind, optional };
}
