import { slot } from '../../../uac/slot.ts';
import type { ScriptContext } from '../../context.ts';
import { access, type CoreVariable, innerText, noIndex } from '../define.ts';

/** Values of one request and its transaction. */
const VALUES = slot<Map<string, string>>('dialog variables');

/**
 * `$dlg_var(name)` without the dialog module: texts that the request's branch, reply and failure routes see as well. With the module its own
 * variable takes this one's place, and they live with the call.
 */
const dialogVariable: CoreVariable = {
  name: 'dlg_var',
  writable: true,
  inner: 'required',
  support: 'partly: without the dialog module kept with the transaction',
  bind: () => (inner, index, text) => {
    if (index !== null) return noIndex('dlg_var');
    if (inner === null || inner.constant === '') return '$dlg_var() needs a name';
    const read = (ctx: ScriptContext): string | null => VALUES.get(ctx.state)?.get(innerText(inner, ctx)) ?? null;
    return access(text, read, null, (ctx, value) => {
      const name = innerText(inner, ctx);
      let values = VALUES.get(ctx.state);
      if (value === null) values?.delete(name);
      else {
        if (values === undefined) {
          values = new Map();
          VALUES.set(ctx.state, values);
        }
        values.set(name, String(value));
      }
      return true;
    });
  },
};

export const dialogVariables: readonly CoreVariable[] = [dialogVariable];
