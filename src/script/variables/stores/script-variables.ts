import type { ScriptContext } from '../../context.ts';
import type { Value } from '../../values.ts';
import { access, alias, type CoreVariable, innerText, noIndex, type Setter } from '../define.ts';

/** Name in the store of a $vn variable: they are another set than the $var of the same name. */
const NULLABLE = '\0';

/**
 * `$var(name)`: one table for the whole program, as Kamailio's is per process, so a value is still there for the next message. The name
 * is whatever text stands in the parentheses.
 * @param prefix keeps the sets of names apart
 * @param unset what a variable without a value yields, and what assigning undefined does: 0, or null
 */
function variable(name: string, prefix: string, unset: 0 | null): CoreVariable {
  return {
    name,
    writable: true,
    inner: 'required',
    bind: () => (inner, index, text) => {
      if (index !== null) return noIndex(name);
      if (inner === null || inner.constant === '') return `$${name}() needs a name`;
      const set =
        (key: (ctx: ScriptContext) => string): Setter =>
        (ctx, value: Value) => {
          const { vars } = ctx.program;
          if (value !== null) vars.set(key(ctx), value);
          else if (unset === null) vars.delete(key(ctx));
          else vars.set(key(ctx), unset);
          return true;
        };
      if (inner.constant !== null) {
        const key = prefix + inner.constant;
        return access(
          text,
          (ctx) => ctx.program.vars.get(key) ?? unset,
          null,
          set(() => key),
        );
      }
      const key = (ctx: ScriptContext): string => prefix + innerText(inner, ctx);
      return access(text, (ctx) => ctx.program.vars.get(key(ctx)) ?? unset, null, set(key));
    },
    support: 'yes',
  };
}

const zero = variable('var', '', 0);

/** $var, its other name $vz, and $vn whose unset value is undefined. */
export const scriptVariables: readonly CoreVariable[] = [zero, alias('vz', zero), variable('vn', NULLABLE, null)];
