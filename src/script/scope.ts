/** Everything the names of one configuration are resolved against, and where problems with them are reported. */
import type { RouteKind as WrittenKind } from './ast-config.ts';
import type { CoreScope } from './core-functions-define.ts';
import type { DiagnosticCode, DiagnosticList } from './diagnostic.ts';
import type { InterpolationOptions } from './interpolation.ts';
import type { RouteKind } from './program.ts';
import type { Span } from './source.ts';
import type { MissingName, SymbolTable } from './symbol-table.ts';
import {
  ROUTE_ANY,
  ROUTE_BRANCH,
  ROUTE_BRANCH_FAILURE,
  ROUTE_CORE_ONREPLY,
  ROUTE_ERROR,
  ROUTE_EVENT,
  ROUTE_FAILURE,
  ROUTE_LOCAL,
  ROUTE_ONSEND,
  ROUTE_REQUEST,
  ROUTE_TM_ONREPLY,
  type RouteMask,
} from './values.ts';

/** What happens to names that Kamailio has and Trunkline has not. */
export interface CheckOptions {
  /** 'error' refuses the configuration; 'warn' loads it, and such a call logs an error and fails. */
  readonly unsupported: 'error' | 'warn';
}

/** Names of the routes of a configuration, by table. */
export type RouteNames = ReadonlyMap<RouteKind, ReadonlySet<string>>;

/** The names of one configuration. */
export interface Scope {
  readonly symbols: SymbolTable;
  readonly diagnostics: DiagnosticList;
  readonly options: CheckOptions;
  readonly routes: RouteNames;
  readonly core: CoreScope;
  /** For the parser of interpolated text. */
  readonly interpolation: InterpolationOptions;
}

/** Where a piece of text stands in the file, by its offset in the text. */
export type Locate = (offset: number, length: number) => Span;

/** Reports a name that is not found; true when it is only a warning and the configuration may go on without it. */
export function reportMissing(scope: Scope, missing: MissingName, at: Span): boolean {
  const lenient = missing.unsupportedIn !== '' && scope.options.unsupported === 'warn';
  report(scope.diagnostics, lenient, missing.code, missing.message, at, missing.hint);
  return lenient;
}

/** Reports an error, or the same as a warning. */
export function report(
  diagnostics: DiagnosticList,
  asWarning: boolean,
  code: DiagnosticCode,
  message: string,
  at: Span,
  hint?: string,
): void {
  if (asWarning) diagnostics.warning(code, message, at, hint);
  else diagnostics.error(code, message, at, hint);
}

/** The table a route block goes into, and its name there: OpenSIPS blocks have Kamailio's event routes. */
export function routeTable(kind: WrittenKind, name: string | null): { kind: RouteKind; name: string } {
  switch (kind) {
    case 'startup':
      return { kind: 'event', name: 'core:worker-one-init' };
    case 'local':
      return { kind: 'event', name: 'tm:local-request' };
    case 'error':
      return { kind: 'event', name: 'core:receive-parse-error' };
    case 'timer':
      return { kind: 'route', name: `timer:${name ?? ''}` };
    default:
      return { kind, name: name ?? '' };
  }
}

/** Type bits of a block: what a function must allow to be called in it. */
export function routeMask(kind: RouteKind, name: string): RouteMask {
  switch (kind) {
    case 'request':
    case 'route':
      return ROUTE_REQUEST;
    case 'branch':
      return ROUTE_BRANCH;
    case 'failure':
      return ROUTE_FAILURE;
    case 'onreply':
      return ROUTE_TM_ONREPLY;
    case 'reply':
      return ROUTE_CORE_ONREPLY;
    case 'onsend':
      return ROUTE_ONSEND;
    case 'event':
      return ROUTE_EVENT | eventMask(name);
  }
}

/** Some events stand in a block of their own kind as well. */
function eventMask(name: string): RouteMask {
  if (name.startsWith('tm:branch-failure')) return ROUTE_BRANCH_FAILURE;
  if (name === 'tm:local-request') return ROUTE_LOCAL;
  // The original runs it as a request_route.
  if (name === 'xhttp:request') return ROUTE_REQUEST;
  return name === 'core:receive-parse-error' ? ROUTE_ERROR : 0;
}

const MASK_NAMES: readonly (readonly [RouteMask, string])[] = [
  [ROUTE_REQUEST, 'request_route'],
  [ROUTE_FAILURE, 'failure_route'],
  [ROUTE_TM_ONREPLY, 'onreply_route'],
  [ROUTE_CORE_ONREPLY, 'reply_route'],
  [ROUTE_BRANCH, 'branch_route'],
  [ROUTE_ONSEND, 'onsend_route'],
  [ROUTE_LOCAL, 'event_route[tm:local-request]'],
  [ROUTE_BRANCH_FAILURE, 'event_route[tm:branch-failure]'],
  [ROUTE_EVENT, 'event_route'],
];

/** The blocks of a mask in words: `request_route, failure_route or branch_route`. */
export function describeMask(mask: RouteMask): string {
  if (mask === ROUTE_ANY) return 'any block';
  const names = MASK_NAMES.filter(([bit]) => (mask & bit) !== 0).map(([, name]) => name);
  const last = names.pop() ?? 'no block';
  return names.length === 0 ? last : `${names.join(', ')} or ${last}`;
}
