import { type CallDialog, TIMEOUT_BYE } from '../../dialog/call-dialog.ts';
import type { ScriptContext } from '../../script/context.ts';
import type { VariableDefinition } from '../../script/module-definition.ts';
import type { Value } from '../../script/values.ts';
import { access, innerText, noIndex } from '../../script/variables/define.ts';
import { currentOf, type DialogModule, wishesFor, wishesOf } from './instance.ts';
import { dialogFlags, references, socketText } from './record.ts';

type DialogVariable = VariableDefinition<DialogModule>;

/** $dlg(name). */
const ATTRIBUTES: Readonly<Record<string, (dialog: CallDialog) => Value>> = {
  h_id: ({ id }) => id,
  h_entry: ({ entry }) => entry,
  ref: (dialog) => references(dialog) + 1,
  state: ({ state }) => state,
  to_rs: ({ callee }) => callee.routes.join(','),
  from_rs: ({ caller }) => caller.routes.join(','),
  dflags: (dialog) => dialogFlags(dialog),
  sflags: ({ flags }) => flags,
  callid: ({ callId }) => callId,
  to_uri: ({ toUri }) => toUri,
  to_tag: ({ callee }) => callee.tag || null,
  from_uri: ({ fromUri }) => fromUri,
  from_tag: ({ caller }) => caller.tag || null,
  toroute: ({ timeoutRoute }) => (timeoutRoute === '' ? 0 : 1),
  lifetime: ({ lifetime }) => lifetime,
  start_ts: ({ startAt }) => startAt,
  to_cseq: ({ callee }) => (callee.tag === '' ? null : `${callee.cseq}`),
  from_cseq: ({ caller }) => `${caller.cseq}`,
  to_contact: ({ callee }) => callee.contact || null,
  from_contact: ({ caller }) => caller.contact || null,
  to_bindaddr: ({ callee }) => socketText(callee.socket) || null,
  from_bindaddr: ({ caller }) => socketText(caller.socket) || null,
};

function variable(name: string, read: (module: DialogModule, ctx: ScriptContext) => Value): DialogVariable {
  return {
    name,
    writable: false,
    inner: 'none',
    support: 'yes',
    bind: (module) => (_inner, index, text) =>
      index === null ? access(text, (ctx) => read(module, ctx)) : noIndex(name),
  };
}

/** The call of a request inside one: the original has no status and no duration for the INVITE that began it. */
function inside(module: DialogModule, ctx: ScriptContext): CallDialog | null {
  const current = module.current(ctx);
  return current === null || current.initial ? null : current.dialog;
}

const attribute: DialogVariable = {
  name: 'dlg',
  writable: false,
  inner: 'required',
  support: 'yes',
  bind: (module) => (inner, index, text) => {
    if (index !== null) return noIndex('dlg');
    const key = inner?.constant ?? '';
    const read = Object.hasOwn(ATTRIBUTES, key) ? ATTRIBUTES[key] : undefined;
    if (read === undefined) return `$dlg() has no '${key}'; it knows ${Object.keys(ATTRIBUTES).join(', ')}`;
    return access(text, (ctx) => {
      const dialog = module.current(ctx)?.dialog ?? null;
      return dialog === null ? null : read(dialog);
    });
  },
};

/** $dlg_var(name): with the message as long as there is no call, then with the call. */
const text: DialogVariable = {
  name: 'dlg_var',
  writable: true,
  inner: 'required',
  support: 'yes',
  bind: (module) => (inner, index, name) => {
    if (index !== null) return noIndex('dlg_var');
    if (inner === null || inner.constant === '') return '$dlg_var() needs a name';
    const read = (ctx: ScriptContext): Value => {
      const state = module.stateOf(ctx);
      const key = innerText(inner, ctx);
      return (currentOf(state)?.dialog.variables ?? wishesOf(state)?.variables)?.get(key) ?? null;
    };
    return access(name, read, null, (ctx, value) => {
      const state = module.stateOf(ctx);
      const key = innerText(inner, ctx);
      const dialog = currentOf(state)?.dialog;
      if (dialog !== undefined) dialog.setVariable(key, value === null ? null : `${value}`);
      else if (value === null) wishesOf(state)?.variables.delete(key);
      else wishesFor(state).variables.set(key, `${value}`);
      return true;
    });
  },
};

interface ContextKey {
  readonly get: (module: DialogModule, ctx: ScriptContext) => Value;
  readonly set: ((module: DialogModule, ctx: ScriptContext, value: Value) => boolean) | null;
}

function number(value: Value): number {
  const found = Math.trunc(Number(value ?? 0));
  return Number.isFinite(found) ? found : 0;
}

/** $dlg_ctx(name): what the message says of its call. */
const CONTEXT: Readonly<Record<string, ContextKey>> = {
  on: { get: () => 0, set: null },
  set: { get: (module, ctx) => (module.current(ctx) === null ? 0 : 1), set: null },
  dir: { get: directionOf, set: null },
  timeout: {
    get: (module, ctx) => wishesOf(module.stateOf(ctx))?.timeout ?? 0,
    set: (module, ctx, value) => {
      const seconds = Math.max(0, number(value));
      const state = module.stateOf(ctx);
      wishesFor(state).timeout = seconds;
      const dialog = currentOf(state)?.dialog;
      if (dialog !== undefined) module.table.setLifetime(dialog, seconds);
      return true;
    },
  },
  timeout_bye: {
    get: (module, ctx) => ((wishesOf(module.stateOf(ctx))?.properties ?? 0) & TIMEOUT_BYE) >>> 0,
    set: (module, ctx, value) => {
      const on = number(value) !== 0;
      const state = module.stateOf(ctx);
      const holders = [wishesFor(state), currentOf(state)?.dialog];
      for (const holder of holders)
        if (holder !== undefined)
          holder.properties = on ? holder.properties | TIMEOUT_BYE : holder.properties & ~TIMEOUT_BYE;
      return true;
    },
  },
  timeout_route: {
    get: (module, ctx) => wishesOf(module.stateOf(ctx))?.timeoutRoute || null,
    set: (module, ctx, value) => {
      const name = value === null ? '' : `${value}`;
      const state = module.stateOf(ctx);
      wishesFor(state).timeoutRoute = name;
      const dialog = currentOf(state)?.dialog;
      if (dialog !== undefined) dialog.timeoutRoute = name;
      return true;
    },
  },
  timeout_route_id: {
    get: (module, ctx) => ((wishesOf(module.stateOf(ctx))?.timeoutRoute ?? '') === '' ? 0 : 1),
    set: null,
  },
};

/** 0 for the request that began the call, and without one; 1 from the caller, 2 from the called side. */
function directionOf(module: DialogModule, ctx: ScriptContext): Value {
  const current = module.current(ctx);
  if (current === null || current.initial) return 0;
  return current.side === 'caller' ? 1 : 2;
}

const context: DialogVariable = {
  name: 'dlg_ctx',
  writable: true,
  inner: 'required',
  support: 'yes',
  bind: (module) => (inner, index, name) => {
    if (index !== null) return noIndex('dlg_ctx');
    const key = inner?.constant ?? '';
    const found = Object.hasOwn(CONTEXT, key) ? CONTEXT[key] : undefined;
    if (found === undefined) return `$dlg_ctx() has no '${key}'; it knows ${Object.keys(CONTEXT).join(', ')}`;
    const { get, set } = found;
    return access(name, (ctx) => get(module, ctx), null, set === null ? null : (ctx, value) => set(module, ctx, value));
  },
};

export const DIALOG_VARIABLES: readonly DialogVariable[] = [
  variable('DLG_count', ({ table }) => table.counters.active),
  variable('DLG_status', (module, ctx) => inside(module, ctx)?.state ?? null),
  variable('DLG_lifetime', (module, ctx) => {
    const dialog = inside(module, ctx);
    if (dialog === null) return null;
    return dialog.startAt === 0 ? 0 : Math.max(0, (dialog.endAt || module.table.seconds) - dialog.startAt);
  }),
  attribute,
  context,
  text,
];
