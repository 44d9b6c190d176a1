import type { ModuleHost } from '../../module-definition.ts';
import { access, type CoreVariable, innerText, noIndex } from '../define.ts';

/** $shv of each server. They belong to the server, not to a message; Kamailio keeps them in memory that its processes share. */
const stores = new WeakMap<ModuleHost, Map<string, string | number>>();

/** The shared variables of a server, for $shv, the shvset parameter and the pv.shv… commands. */
export function sharedVariables(host: ModuleHost): Map<string, string | number> {
  let store = stores.get(host);
  if (store === undefined) {
    store = new Map();
    stores.set(host, store);
  }
  return store;
}

const shv: CoreVariable = {
  name: 'shv',
  writable: true,
  inner: 'required',
  bind: (host) => {
    const store = sharedVariables(host);
    return (inner, index, text) => {
      if (index !== null) return noIndex('shv');
      if (inner === null || inner.constant === '') return '$shv() needs a name';
      return access(
        text,
        (ctx) => store.get(innerText(inner, ctx)) ?? 0,
        null,
        (ctx, value) => {
          store.set(innerText(inner, ctx), value ?? 0);
          return true;
        },
      );
    };
  },
  support: 'yes',
};

/** `$shvinc(name)`: adds one and yields the new value; a text counts as 0. */
const shvinc: CoreVariable = {
  name: 'shvinc',
  writable: false,
  inner: 'required',
  bind: (host) => {
    const store = sharedVariables(host);
    return (inner, index, text) => {
      if (index !== null) return noIndex('shvinc');
      if (inner === null || inner.constant === '') return '$shvinc() needs a name';
      return access(text, (ctx) => {
        const name = innerText(inner, ctx);
        const old = store.get(name);
        const value = ((typeof old === 'number' ? old : 0) + 1) | 0;
        store.set(name, value);
        return value;
      });
    };
  },
  support: 'yes',
};

export const sharedVariableDefinitions: readonly CoreVariable[] = [shv, shvinc];
