import { toInteger } from '../runtime-convert.ts';
import type { CoreVariable } from './define.ts';
import { access } from './define.ts';

/** `$param(1)`, `$param($var(i))`: argument of the route that runs, counted from 1 (OpenSIPS). Undefined where it was called without. */
export const routeParams: CoreVariable = {
  name: 'param',
  writable: false,
  inner: 'required',
  bind: () => (inner, index, text) => {
    if (inner === null || index !== null) return '$param takes the number of an argument';
    const { constant } = inner;
    if (constant !== null && !/^[1-9]\d{0,2}$/.test(constant)) return `"${constant}" is no number of an argument`;
    return access(text, (ctx) => ctx.params?.[toInteger(inner.get(ctx)) - 1] ?? null);
  },
  support: 'yes: a variable of OpenSIPS; the arguments are evaluated when the route is called',
};
