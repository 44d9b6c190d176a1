/** The syntax tree of a kamailio.cfg: what the file is made of. Statements and expressions are in ast.ts. */
import type { Block, Identifier, IntLiteral, Node, StringLiteral } from './ast.ts';
import type { Span } from './source.ts';

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
