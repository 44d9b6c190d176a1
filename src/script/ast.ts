/**
 * The syntax tree of a kamailio.cfg: statements and expressions; what holds them is in ast-config.ts. It says what is written, not what it means: nothing is folded, no name is looked up,
 * no default is filled in. Every node knows where it was written (`at`); a node that came out of a `#!define` points at
 * the place where the define was used.
 */
import type { Span } from './source.ts';
import type { VariableRef } from './variable-reference.ts';

/** What every node has. */
export interface Node {
  readonly at: Span;
}

// ---------------------------------------------------------------------------------------------------------------------
// Statements

export type Statement =
  | CallStatement
  | RouteCallStatement
  | Assignment
  | If
  | While
  | ForEach
  | Switch
  | Break
  | Return
  | Exit
  | Drop
  | Block
  | EmptyStatement;

/** `{ … }`. May be empty. */
export interface Block extends Node {
  readonly kind: 'block';
  readonly statements: readonly Statement[];
}

/** `f(args);` */
export interface CallStatement extends Node {
  readonly kind: 'callStatement';
  readonly call: Call;
}

/** `route(NAME);` */
export interface RouteCallStatement extends Node {
  readonly kind: 'routeCallStatement';
  readonly call: RouteCall;
}

/** `$lvalue = expr;` */
export interface Assignment extends Node {
  readonly kind: 'assignment';
  /** The variable; whether it can be written is not checked here. */
  readonly target: Variable;
  /** `=`; `:=` and `+=` are OpenSIPS forms that Kamailio does not have. */
  readonly operator: '=' | ':=' | '+=';
  readonly value: Expression;
}

export interface If extends Node {
  readonly kind: 'if';
  readonly condition: Expression;
  readonly then: Block;
  /** The branch after `else`; an `else if` is a block that holds one `if`. */
  readonly else: Block | null;
}

export interface While extends Node {
  readonly kind: 'while';
  readonly condition: Expression;
  readonly body: Block;
}

/** OpenSIPS `for ($var(i) in $(avp(x)[*])) stm` */
export interface ForEach extends Node {
  readonly kind: 'forEach';
  readonly target: Variable;
  readonly source: Expression;
  readonly body: Block;
}

export interface Switch extends Node {
  readonly kind: 'switch';
  readonly subject: Expression;
  /** Cases in the order of the text; a `default` may stand anywhere. Control falls through as in C. */
  readonly cases: readonly SwitchCase[];
}

export interface SwitchCase extends Node {
  readonly kind: 'case';
  readonly label: SwitchLabel;
  readonly statements: readonly Statement[];
}

/** `regex` is `case /"pattern":`, a case-sensitive POSIX extended expression. */
export type SwitchLabel =
  | { readonly kind: 'default' }
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'regex'; readonly pattern: string };

export interface Break extends Node {
  readonly kind: 'break';
}

export interface Return extends Node {
  readonly kind: 'return';
  readonly value: Expression | null;
}

export interface Exit extends Node {
  readonly kind: 'exit';
  readonly value: Expression | null;
}

export interface Drop extends Node {
  readonly kind: 'drop';
  readonly value: Expression | null;
}

/** `;` */
export interface EmptyStatement extends Node {
  readonly kind: 'empty';
}

// ---------------------------------------------------------------------------------------------------------------------
// Expressions

export type Expression =
  | IntLiteral
  | StringLiteral
  | Variable
  | Select
  | Binary
  | Unary
  | Cast
  | Defined
  | StrEmpty
  | StrLen
  | SelVal
  | CoreTest
  | Call
  | RouteCall
  | BlockExpression
  | Identifier
  | ErrorExpression;

export interface IntLiteral extends Node {
  readonly kind: 'int';
  /** Wrapped to 32 bits signed, as Kamailio 5.6 does. `yes`, `on`, `true` are 1; `no`, `off`, `false` are 0. */
  readonly value: number;
}

/** A bare word: `log_facility = LOG_LOCAL0`. */
export interface Identifier extends Node {
  readonly kind: 'identifier';
  readonly name: string;
}

/** A string literal; neighbours are glued. `$` has no meaning here: who interpolates is the caller's business. */
export interface StringLiteral extends Node {
  readonly kind: 'string';
  /** Value after escapes, gluing and `#!subst`. */
  readonly value: string;
  /** The literals it was glued from, for `locateInString`. */
  readonly pieces: readonly StringPiece[];
}

/** One literal of a glued string. */
export interface StringPiece {
  /** From the opening quote to the closing quote. */
  readonly at: Span;
  /** The text between the quotes as written, before escapes; `null` when it is not what stands in the file (`#!subst`). */
  readonly raw: string | null;
  /** `"` has escapes, `'` has none. */
  readonly quote: '"' | "'";
  /** Offset of this piece in the glued value. */
  readonly offset: number;
}

/** `$var(x)` outside a string. */
export interface Variable extends Node {
  readonly kind: 'variable';
  readonly ref: VariableRef;
}

/** `@via[1].branch` */
export interface Select extends Node {
  readonly kind: 'select';
  /** Text after `@`. */
  readonly path: string;
}

export type BinaryOperator =
  | '||'
  | '&&'
  | '|'
  | '&'
  | '^'
  | '<<'
  | '>>'
  | '=='
  | '!='
  | '=~'
  | '!~'
  | 'eq'
  | 'ne'
  | 'ieq'
  | 'ine'
  | '<'
  | '>'
  | '<='
  | '>='
  | '+'
  | '-'
  | '*'
  | '/'
  | 'mod';

/** `or` is `||`, `and` is `&&`. `!~` is an OpenSIPS operator: not matching. */
export interface Binary extends Node {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
  /** Position of the operator itself. */
  readonly operatorAt: Span;
}

/** `!` is also `not`. */
export interface Unary extends Node {
  readonly kind: 'unary';
  readonly operator: '!' | '-' | '~';
  readonly operand: Expression;
}

/** `(int)x`, `(str)x` */
export interface Cast extends Node {
  readonly kind: 'cast';
  readonly type: 'int' | 'str';
  readonly operand: Expression;
}

/** `defined $x` */
export interface Defined extends Node {
  readonly kind: 'defined';
  readonly operand: Expression;
}

/** `strempty(x)` */
export interface StrEmpty extends Node {
  readonly kind: 'strempty';
  readonly operand: Expression;
}

/** `strlen(x)` */
export interface StrLen extends Node {
  readonly kind: 'strlen';
  readonly operand: Expression;
}

/** `selval(condition, then, else)` */
export interface SelVal extends Node {
  readonly kind: 'selval';
  readonly condition: Expression;
  readonly then: Expression;
  readonly else: Expression;
}

/** `status` is the same test as `uri` in Kamailio: the second word of the first line. */
export type CoreKeyword =
  | 'uri'
  | 'status'
  | 'from_uri'
  | 'to_uri'
  | 'method'
  | 'src_ip'
  | 'dst_ip'
  | 'to_ip'
  | 'snd_ip'
  | 'src_port'
  | 'dst_port'
  | 'to_port'
  | 'snd_port'
  | 'proto'
  | 'snd_proto'
  | 'snd_af'
  | 'af'
  | 'msg:len'
  | 'max_len';

/** `method == INVITE`, `src_ip == 10.0.0.0/8`, `uri == myself`, `myself == uri` (stored with the keyword first). */
export interface CoreTest extends Node {
  readonly kind: 'coreTest';
  readonly keyword: CoreKeyword;
  /** Integer keywords also have the ordering operators. */
  readonly operator: '==' | '!=' | '=~' | '!~' | '<' | '>' | '<=' | '>=';
  readonly operand: CoreTestOperand;
  readonly operandAt: Span;
}

export type CoreTestOperand =
  | { readonly kind: 'myself' }
  /** An IP address or network: `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `2001:db8::1`. `prefix` is `null` for a single address. */
  | { readonly kind: 'network'; readonly address: string; readonly prefix: number | null }
  /** A bare word: method name, protocol, address family, host name. */
  | { readonly kind: 'word'; readonly word: string }
  | { readonly kind: 'expression'; readonly expression: Expression };

/** A function call, of a module or of the core. */
export interface Call extends Node {
  readonly kind: 'call';
  readonly name: string;
  readonly nameAt: Span;
  /** True for the core functions (`setflag`, `strip`, `forward`, …), whose names are canonical here: `seth` → `rewritehost`. */
  readonly core: boolean;
  readonly args: readonly Argument[];
}

export type Argument = Expression | SocketArgument | UriPartArgument | BlockExpression;

/** A socket literal: `force_send_socket(udp:1.2.3.4:5060)`, `forward(1.2.3.4:5060)`. */
export interface SocketArgument extends Node {
  readonly kind: 'socketArgument';
  readonly proto: string | null;
  readonly host: string;
  readonly port: number | null;
}

/** `uri:host` or `uri:port` of `forward(uri:host, uri:port)`. */
export interface UriPartArgument extends Node {
  readonly kind: 'uriPart';
  readonly part: 'host' | 'port';
}

/** `route(NAME)`; a bare or quoted name is a `StringLiteral`, anything else is computed at run time. */
export interface RouteCall extends Node {
  readonly kind: 'routeCall';
  readonly name: Expression;
  /** OpenSIPS `route(NAME, a, b)`: read back with `$param(1)`. */
  readonly args: readonly Expression[];
}

/** `$var(x) = { return 5; };` */
export interface BlockExpression extends Node {
  readonly kind: 'blockExpression';
  readonly body: Block;
}

/** Stands where an expression could not be read; an error diagnostic has been given. */
export interface ErrorExpression extends Node {
  readonly kind: 'error';
}
