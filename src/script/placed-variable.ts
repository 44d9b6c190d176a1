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

/** What stands behind `DEFAULT_` in the names of blocks without one. */
const UNNAMED: Readonly<Record<string, string>> = {
  request: 'ROUTE',
  onreply: 'ONREPLY',
  reply: 'ONREPLY',
  onsend: 'SEND',
  failure: 'FAILURE',
  branch: 'BRANCH',
};

/** Kamailio's name of a route. */
export function routeLabel(kind: string, name: string): string {
  if (name !== '') return name;
  const unnamed = UNNAMED[kind];
  return unnamed === undefined ? kind : `DEFAULT_${unnamed}`;
}
