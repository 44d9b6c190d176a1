import type { TextGetter, VariableAccess, VariableDefinition } from './module-definition.ts';
import type { Span } from './source.ts';

/** Where a reference stands. */
export interface ReferencePlace {
  readonly at: Span;
  /** Name of the route around it as Kamailio tells it: `DEFAULT_ROUTE` for the request_route; empty outside of routes. */
  readonly route: string;
}

/** A variable whose value is where it is written ($cfg). Each reference is bound by itself, not once for all of its text. */
export interface PlacedVariable<M> extends VariableDefinition<M> {
  readonly bindAt: (inner: TextGetter | null, text: string, place: ReferencePlace) => VariableAccess | string;
}

/** Whether a variable depends on its place. */
export function isPlaced<M>(definition: VariableDefinition<M>): definition is PlacedVariable<M> {
  return 'bindAt' in definition;
}

const UNNAMED: Readonly<Record<string, string>> = {
  request: 'DEFAULT_ROUTE',
  onreply: 'DEFAULT_ONREPLY',
  reply: 'DEFAULT_ONREPLY',
  onsend: 'DEFAULT_SEND',
  failure: 'DEFAULT_FAILURE',
  branch: 'DEFAULT_BRANCH',
};

/** Kamailio's name of a route. */
export function routeLabel(kind: string, name: string): string {
  return name === '' ? (UNNAMED[kind] ?? kind) : name;
}
