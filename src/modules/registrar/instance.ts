import type { AvpValue, XavpRecord } from '../../proxy/attributes.ts';
import type { Binding } from '../../registrar/binding.ts';
import type { RegistrarSettings } from '../../registrar/settings.ts';
import type { ScriptContext } from '../../script/context.ts';
import type { ModuleHost } from '../../script/module-definition.ts';
import type { Counter } from '../../script/statistics.ts';
import { failure } from '../support/failure.ts';
import type { Location, LocationTable } from '../usrloc/location.ts';
import type { ScriptSettings } from './settings.ts';

/** State of one program's registrar module. */
export interface RegistrarModule {
  readonly host: ModuleHost;
  readonly location: Location;
  readonly settings: RegistrarSettings;
  readonly script: ScriptSettings;
  /** Name of the XAVP that is kept with contacts, '' for none. */
  readonly xavpContact: string;
  readonly accepted: Counter;
  readonly rejected: Counter;
}

/** Logs a failure of a function. @returns its code */
export function fail(m: RegistrarModule, name: string, text: string, code: string, result = -1): number {
  return failure(m.host.log, 'registrar', `${name}: ${text}`, code, result);
}

/** Tables that scripts may make by naming them: a name that comes from a message must not fill the memory. */
const MOST_TABLES = 64;
/** Code of every function when there is no such table. */
export const NO_TABLE = -1;

/** A table whose contacts are all there, null (logged) for a name that cannot be one. Waits only for one that was just named. */
export function tableFor(m: RegistrarModule, name: string): LocationTable | Promise<LocationTable> | null {
  const known = m.location.find(name);
  if (known !== null) return known;
  if (!/^[A-Za-z_]\w{0,62}$/.test(name) || m.location.size >= MOST_TABLES) {
    fail(m, 'registrar', `there is no table "${name}", and none is made`, 'REGISTRAR_TABLE');
    return null;
  }
  const table = m.location.table(name);
  return table.loaded.then(() => table);
}

/** A field of the script's orders for this request (xavp_cfg). */
export function order(m: RegistrarModule, ctx: ScriptContext, field: string): AvpValue | undefined {
  const { xavpCfg } = m.script;
  if (xavpCfg === '') return undefined;
  return ctx.state.attributes.xavps.records(xavpCfg)[0]?.get(field)?.[0];
}

export function intOrder(m: RegistrarModule, ctx: ScriptContext, field: string): number | undefined {
  const value = order(m, ctx, field);
  return typeof value === 'number' ? value : undefined;
}

/** Gives the script what it kept with contacts (xavp_contact of usrloc): index 0 is the first; null stands for a branch without. */
export function restore(m: RegistrarModule, ctx: ScriptContext, bindings: readonly (Binding | null)[]): void {
  const { xavpContact } = m;
  if (xavpContact === '' || !bindings.some((binding) => binding === null || binding.attributes !== null)) return;
  for (const binding of bindings.toReversed()) {
    const record: XavpRecord = new Map();
    for (const [name, values] of binding?.attributes ?? []) record.set(name, [...values]);
    ctx.state.attributes.xavps.push(xavpContact, record);
  }
}

/** Tells the script of contacts that were found (xavp_rcd): index 0 is the first. @param more what it was told before stays */
export function tell(m: RegistrarModule, ctx: ScriptContext, bindings: readonly Binding[], more = false): void {
  const { xavpRcd, xavpRcdMask } = m.script;
  if (xavpRcd === '') return;
  if (!more) ctx.state.attributes.xavps.remove(xavpRcd);
  for (const binding of bindings.toReversed()) {
    const fields: readonly (readonly [name: string, bit: number, value: AvpValue])[] = [
      ['ruid', 1, binding.ruid],
      ['contact', 2, binding.uri],
      ['expires', 4, binding.expires === 0 ? 0 : binding.expires - m.location.now],
      ['received', 8, binding.received],
      ['path', 16, binding.path],
    ];
    const told = fields.filter(([, bit, value]) => (xavpRcdMask & bit) === 0 && value !== '');
    ctx.state.attributes.xavps.push(xavpRcd, new Map(told.map(([name, , value]) => [name, [value]])));
  }
}
