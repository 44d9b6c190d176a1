import type { AvpStore } from '../../../proxy/attributes.ts';
import type { ScriptContext } from '../../context.ts';
import type { IndexSpec, ModuleHost } from '../../module-definition.ts';
import type { Value } from '../../values.ts';
import { access, type CoreVariable, type Getter, indexValue, innerText, type Setter } from '../define.ts';

/** What an AVP needs of the pv module's instance. */
interface Aliases {
  readonly avpAliases: ReadonlyMap<string, string>;
}

/**
 * The stack's name in `x`, `s:x` (the same) and `i:5` (the same as `5`), aliases of pv's avp_aliases resolved.
 * @returns null for another class prefix or characters a name may not have
 */
export function avpName(text: string, aliases: ReadonlyMap<string, string> | null): string | null {
  const name = aliases?.get(text) ?? text;
  const match = /^(?:[si]:)?([A-Za-z0-9_-]+)$/.exec(name.trim());
  return match === null ? null : (match[1] as string);
}

function store(ctx: ScriptContext): AvpStore {
  return ctx.state.attributes.avps;
}

function getter(name: (ctx: ScriptContext) => string, index: IndexSpec): Getter {
  if (index === '*')
    return (ctx): Value => {
      const all = store(ctx).all(name(ctx));
      return all.length === 0 ? null : all.join(', ');
    };
  if (index === null) return (ctx) => store(ctx).get(name(ctx)) ?? null;
  return (ctx) => store(ctx).get(name(ctx), indexValue(index, ctx)) ?? null;
}

/** `=` pushes, whatever the index; `[*]=` leaves the one value; undefined pops, or clears with `[*]`. */
function setter(name: (ctx: ScriptContext) => string, index: IndexSpec): Setter {
  if (index === '*')
    return (ctx, value) => {
      if (value === null) store(ctx).clear(name(ctx));
      else store(ctx).replaceAll(name(ctx), value);
      return true;
    };
  return (ctx, value) => {
    if (value === null) store(ctx).pop(name(ctx));
    else store(ctx).push(name(ctx), value);
    return true;
  };
}

/** `$avp(name)`: a stack of values for each name, kept with the transaction. */
export const avp: CoreVariable = {
  name: 'avp',
  writable: true,
  inner: 'required',
  bind: (host: ModuleHost) => (inner, index, text) => {
    if (inner === null) return '$avp() needs a name';
    const aliases = host.module<Aliases>('pv')?.avpAliases ?? null;
    const { constant } = inner;
    if (constant === null) {
      const name = (ctx: ScriptContext): string => {
        const dynamic = innerText(inner, ctx);
        return avpName(dynamic, aliases) ?? dynamic;
      };
      return access(text, getter(name, index), null, setter(name, index));
    }
    const key = avpName(constant, aliases);
    if (key === null)
      return `'${constant}' is no AVP name: letters, digits, - and _, with s: or i: in front or nothing`;
    const name = (): string => key;
    // The plain read is the one that scripts do all the time.
    const get: Getter = index === null ? (ctx) => ctx.state.attributes.avps.get(key) ?? null : getter(name, index);
    return access(text, get, null, setter(name, index));
  },
  support: 'yes',
};
