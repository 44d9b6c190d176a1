import type { ScriptContext } from '../../script/context.ts';
import { didYouMean } from '../../script/suggestion.ts';
import { ApiError } from '../errors.ts';

/** Where the objects of a handler keep the run that they belong to; not for routes files. */
export const CONTEXT: unique symbol = Symbol('context');
/** Explains a name that an object does not have. */
export const MISSING: unique symbol = Symbol('missing');

/** Names that the language and its tools ask every object for. */
const ASKED_BY_LANGUAGE: ReadonlySet<string> = new Set(['then', 'toJSON', 'inspect', 'asymmetricMatch', 'nodeType']);

/** An object of one run of a handler. A name that it does not have is an error with a suggestion, not `undefined`. */
export class Bound {
  readonly [CONTEXT]: ScriptContext;
  constructor(ctx: ScriptContext) {
    this[CONTEXT] = ctx;
  }

  /** @throws ApiError */
  [MISSING](name: string): never {
    throw new ApiError('API_UNKNOWN_FUNCTION', suggest(`there is no ${name} here`, name, namesOf(this)));
  }
}

// Found only by names that no class before it has.
Object.setPrototypeOf(
  Bound.prototype,
  new Proxy(Object.create(null) as object, {
    get(_target, name, receiver: unknown) {
      if (name in Object.prototype) return Reflect.get(Object.prototype, name, receiver) as unknown;
      if (typeof name === 'symbol' || ASKED_BY_LANGUAGE.has(name) || typeof receiver !== 'object') return undefined;
      return (receiver as Bound)[MISSING](name);
    },
    has: () => false,
  }),
);

/** A message with the nearest name behind it. */
export function suggest(message: string, name: string, names: Iterable<string>): string {
  const hint = didYouMean(name, names);
  return hint === undefined ? message : `${message}; ${hint}`;
}

/** Names that an object of a run has, its classes' included. */
export function namesOf(object: Bound): string[] {
  const names: string[] = [];
  for (
    let at: unknown = Object.getPrototypeOf(object);
    at instanceof Bound || at === Bound.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    names.push(...Object.getOwnPropertyNames(at));
    if (at === Bound.prototype) break;
  }
  return names.filter((name) => name !== 'constructor');
}
