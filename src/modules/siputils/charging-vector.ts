import { paramValue } from '../../message/params.ts';
import { hasCrlf } from '../../message/sanitize.ts';
import type { ScriptContext } from '../../script/context.ts';
import type { VariableDefinition } from '../../script/module-definition.ts';
import { fn } from '../../script/module-definition.ts';
import { ROUTE_ANY, type Value } from '../../script/values.ts';
import { realRandom } from '../../time/random.ts';
import { removeHeader } from '../support/header-lines.ts';
import { fail, type SiputilsFunction, type SiputilsModule } from './instance.ts';

const NAME = 'P-Charging-Vector';
const EDIT = 'p-charging-vector';

/** The header's value as it will go out (RFC 7315 §5.6), null when there is none. */
function current(ctx: ScriptContext): string | null {
  const edit = ctx.edits.get(EDIT);
  if (edit !== undefined && typeof edit.text === 'string') {
    return edit.text === '' ? null : edit.text.slice(NAME.length + 2, -2);
  }
  const header = ctx.message.findByName(NAME)[0];
  return header === undefined ? null : ctx.message.valueOf(header);
}

/** sip_p_charging_vector("r|g|f"): removes, generates when missing, or both. Also 1 when there was nothing to do, as in Kamailio. */
function manage(ctx: ScriptContext, remove: boolean, generate: boolean): void {
  if (remove) {
    for (const header of ctx.message.findByName(NAME)) removeHeader(ctx, header);
    ctx.edits.insert(ctx.message.headersEnd, '', EDIT);
  }
  if (generate && current(ctx) === null) {
    const text = `${NAME}: icid-value=${realRandom.token(16).toUpperCase()};icid-generated-at=${ctx.from.socket.displayHost}\r\n`;
    ctx.edits.insert(ctx.message.headersEnd, text, EDIT);
  }
}

export const CHARGING_FUNCTIONS: readonly SiputilsFunction[] = [
  fn('sip_p_charging_vector', ['str'], ROUTE_ANY, (m: SiputilsModule) => (ctx, flags) => {
    switch (flags[0]?.toLowerCase()) {
      case 'r':
        manage(ctx, true, false);
        return 1;
      case 'g':
        manage(ctx, false, true);
        return 1;
      case 'f':
        manage(ctx, true, true);
        return 1;
      default:
        return fail(m, 'sip_p_charging_vector', `unknown flag "${flags}"`, 'SIPUTILS_BAD_ARGUMENT');
    }
  }),
];

const FIELDS: Readonly<Record<string, string>> = {
  value: 'icid-value',
  genaddr: 'icid-generated-at',
  orig: 'orig-ioi',
  term: 'term-ioi',
};

/** $pcv(all|value|genaddr|orig|term). */
export const CHARGING_VARIABLE: VariableDefinition<SiputilsModule> = {
  name: 'pcv',
  writable: false,
  inner: 'required',
  support: 'yes',
  bind: () => (inner, _index, text) => {
    const name = inner?.constant ?? '';
    const field = FIELDS[name];
    if (field === undefined && name !== 'all') return `${name} is none of all, value, genaddr, orig, term`;
    const get = (ctx: ScriptContext): Value => {
      const value = current(ctx);
      if (value === null || field === undefined) return value;
      const flat = hasCrlf(value) ? value.replace(/[\r\n]+/g, ' ') : value;
      return paramValue(`;${flat}`, field) ?? null;
    };
    return { text, get, int: null, set: null };
  },
};
