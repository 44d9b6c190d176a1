/** Something with room for what other layers attach to it: a request's state or a branch. */
interface Extensible {
  extensions: Map<symbol, unknown> | null;
}

/** A typed place among the extensions of requests and branches. */
export interface Slot<T> {
  get(of: Extensible): T | undefined;
  set(of: Extensible, value: T): void;
}

/** Makes a slot with a symbol of its own. @param name for debuggers only */
export function slot<T>(name: string): Slot<T> {
  const key = Symbol(name);
  return {
    get: (of) => of.extensions?.get(key) as T | undefined,
    set: (of, value) => {
      of.extensions ??= new Map();
      of.extensions.set(key, value);
    },
  };
}
