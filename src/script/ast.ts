/**
 * The syntax tree of a kamailio.cfg. It says what is written, not what it means: nothing is folded, no name is looked up,
 * no default is filled in. Every node knows where it was written (`at`); a node that came out of a `#!define` points at
 * the place where the define was used.
 */
import type { Span } from './source.ts';
import type { VariableRef } from './variable-reference.ts';

interface Node {
  readonly at: Span;
}

/** A whole configuration, includes expanded, inactive `#!ifdef` branches left out. */
export interface Config extends Node {
  readonly kind: 'config';
  /** Items in the order of the text. */
  readonly items: readonly ConfigItem[];
}

export type ConfigItem =
  | GlobalAssignment
  | SocketDefinition
  | FlagsDeclaration
  | CustomSetting
  | ModulePath
  | LoadModule
  | ModParam
  | ConfigEngine
  | RouteBlock;

// ---------------------------------------------------------------------------------------------------------------------
// Global parameters

/** `children = 8`. `listen`, `alias` and `domain` have a value of kind `addresses`. */
export interface GlobalAssignment extends Node {
  readonly kind: 'globalAssignment';
  /** Name as written; aliases (`domain` for `alias`) are not resolved. */
  readonly name: string;
  /** `x` of `coreparam[x] = …`, else `null`. */
  readonly key: string | null;
  readonly value: GlobalValue;
}

/** A value of a global parameter: what was written, the parameter decides what it means. */
export type GlobalValue = IntLiteral | StringLiteral | Identifier | AddressList;

/** A bare word: `log_facility = LOG_LOCAL0`. */
export interface Identifier extends Node {
  readonly kind: 'identifier';
  readonly name: string;
}

/** Value of `listen`, `alias` and friends. */
export interface AddressList extends Node {
  readonly kind: 'addresses';
  readonly addresses: readonly SocketAddress[];
}

/** `[proto:]host[:port[-port]] [advertise host[:port]] [name "x"] [virtual]` */
export interface SocketAddress extends Node {
  readonly kind: 'socketAddress';
  /** Lower-case `udp`, `tcp`, `tls`, `sctp`, `ws`, `wss`; OpenSIPS names (`hep_udp`, `bin`) as written; `null` when not given. */
  readonly proto: string | null;
  /** IP address, host name or interface name; IPv6 without its brackets; `*` for any. */
  readonly host: string;
  readonly port: number | null;
  /** Last port of a range `5060-5068`, else `null`. */
  readonly portEnd: number | null;
  readonly advertise: { readonly host: string; readonly port: number | null } | null;
  readonly name: string | null;
  readonly virtual: boolean;
  /** `agname` and `vrf` of a `socket = { … }` block. */
  readonly agname: string | null;
  readonly vrf: string | null;
}

/** `socket = { bind = …; … }` (Kamailio 5.7) or OpenSIPS `socket = udp:host:port`. */
export interface SocketDefinition extends Node {
  readonly kind: 'socketDefinition';
  readonly address: SocketAddress;
}

/** `flags NAME:3, OTHER;` */
export interface FlagsDeclaration extends Node {
  readonly kind: 'flags';
  readonly scope: 'message' | 'avp';
  readonly flags: readonly { readonly name: string; readonly number: number | null; readonly at: Span }[];
}

/** `group.name = value desc "text"`, `group[id].name = value` */
export interface CustomSetting extends Node {
  readonly kind: 'customSetting';
  readonly group: string;
  /** `id` of `group[id].name`, else `null`. */
  readonly id: string | null;
  readonly name: string;
  readonly value: IntLiteral | StringLiteral | Identifier;
  readonly description: string | null;
}

/** `cfgengine "lua"` */
export interface ConfigEngine extends Node {
  readonly kind: 'configEngine';
  readonly name: string;
}

// ---------------------------------------------------------------------------------------------------------------------
// Modules

/** `mpath "/usr/lib/…"`, `loadpath = "…"` */
export interface ModulePath extends Node {
  readonly kind: 'modulePath';
  readonly path: string;
}

/** `loadmodule "tm.so"` */
export interface LoadModule extends Node {
  readonly kind: 'loadModule';
  /** Module name: last path component without `.so`. */
  readonly name: string;
  /** The path as written. */
  readonly path: string;
  /** Second argument of `loadmodule("x", "opts")`, else `null`. */
  readonly options: string | null;
  /** True for `loadmodulex`, whose path may hold variables. */
  readonly interpolated: boolean;
}

/** `modparam("auth_db|usrloc", "db_url", DBURL)` */
export interface ModParam extends Node {
  readonly kind: 'modParam';
  /** Regular expression over module names, as written (path-style names reduced to the module's name). */
  readonly modules: string;
  readonly modulesAt: Span;
  readonly param: string;
  readonly paramAt: Span;
  /** A bare word is an `Identifier` (SER style); Kamailio itself takes only strings and integers. */
  readonly value: IntLiteral | StringLiteral | Identifier;
  /** True for `modparamx`, whose string values are interpolated once at load. */
  readonly interpolated: boolean;
}

// ---------------------------------------------------------------------------------------------------------------------
// Route blocks

/**
 * - `request`: `request_route`, `route`, `route[0]`; several are concatenated
 * - `route`: `route[NAME]`
 * - `reply`: `reply_route`, `onreply_route`, `onreply_route[0]`; several are concatenated
 * - `onreply`, `failure`, `branch`: named, armed by tm functions
 * - `event`: `event_route[mod:event]`
 * - `onsend`: `onsend_route`
 * - `startup`, `local`, `error`, `timer`: OpenSIPS blocks of those names
 */
export type RouteKind =
  | 'request'
  | 'route'
  | 'reply'
  | 'onreply'
  | 'failure'
  | 'branch'
  | 'event'
  | 'onsend'
  | 'startup'
  | 'local'
  | 'error'
  | 'timer';

export interface RouteBlock extends Node {
  readonly kind: 'routeBlock';
  readonly routeKind: RouteKind;
  /** Name; `null` for the unnamed kinds. Numbers are their decimal text: `route(1)` is `route("1")`. */
  readonly name: string | null;
  /** The keyword as written, for messages: `onreply_route`. */
  readonly keyword: string;
  /** Seconds of OpenSIPS `timer_route[name, seconds]`, else `null`. */
  readonly interval: number | null;
  readonly body: Block;
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
