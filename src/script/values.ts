/**
 * What a script variable or expression yields: an integer, a string or undefined (null). A value that Kamailio gives two faces ($rm, $proto)
 * is its string here; the variable's access has the integer face.
 */
export type Value = string | number | null;

/** Route types as bits, as Kamailio's function tables use them. */
export const ROUTE_REQUEST = 1;
export const ROUTE_FAILURE = 2;
export const ROUTE_TM_ONREPLY = 4;
export const ROUTE_BRANCH = 8;
export const ROUTE_ONSEND = 16;
export const ROUTE_ERROR = 32;
export const ROUTE_LOCAL = 64;
export const ROUTE_CORE_ONREPLY = 128;
export const ROUTE_BRANCH_FAILURE = 256;
export const ROUTE_EVENT = 512;
export const ROUTE_ONREPLY = ROUTE_TM_ONREPLY | ROUTE_CORE_ONREPLY;
export const ROUTE_ANY = 1023;

/** A set of route types. */
export type RouteMask = number;
