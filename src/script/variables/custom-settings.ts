import type { ScriptContext } from '../context.ts';
import type { ModuleHost } from '../module-definition.ts';
import type { Settings } from '../settings.ts';
import type { Value } from '../values.ts';

/** Values that scripts wrote over the configured ones, by the settings they belong to. */
const written = new WeakMap<Settings, Map<string, string | number>>();

/** Core parameters that scripts read through $ccp(core.x) and @cfg_get.core.x. */
const CORE: Readonly<Record<string, (host: ModuleHost) => string | number>> = {
  'core.debug': (host) => host.log.level,
  'core.server_header': (host) => host.settings.serverHeader,
  'core.user_agent_header': (host) => host.settings.userAgentHeader,
  'core.mhomed': (host) => Number(host.settings.mhomed),
  'core.sip_warning': (host) => Number(host.settings.sipWarning),
  'core.server_signature': (host) => Number(host.settings.serverSignature),
  'core.max_while_loops': (host) => host.settings.maxWhileLoops,
  'core.udp_mtu': (host) => host.settings.udpMtu,
  'core.udp_mtu_try_proto': (host) => host.settings.udpMtuTryProto,
};

const SELECTED = Symbol('cfg_select');

/** Instances that cfg_select() chose in this run, by group. */
function selected(ctx: ScriptContext): Map<string, string> | undefined {
  return ctx.cached<Map<string, string>>(SELECTED);
}

/**
 * cfg_select(): reads of `group.name` see `group[id].name` where there is one, until the route has ended.
 * @returns false when the group has no such instance; what was chosen before stays then
 */
export function selectInstance(host: ModuleHost, ctx: ScriptContext, group: string, id: string): boolean {
  const prefix = `${group}[${id}].`;
  if (![...host.settings.custom.keys()].some((key) => key.startsWith(prefix))) return false;
  const map = selected(ctx) ?? new Map<string, string>();
  ctx.setCached(SELECTED, map.set(group, id));
  return true;
}

/** cfg_reset(): `group.name` is the group's own again. */
export function resetInstance(ctx: ScriptContext, group: string): void {
  selected(ctx)?.delete(group);
}

/** A custom setting (`group.name`) or one of the core's; null when there is none of that name. */
export function customSetting(host: ModuleHost, ctx: ScriptContext, key: string): Value {
  const dot = key.indexOf('.');
  const id = selected(ctx)?.get(key.slice(0, dot));
  const instance =
    id === undefined ? undefined : host.settings.custom.get(`${key.slice(0, dot)}[${id}]${key.slice(dot)}`);
  const own = instance ?? written.get(host.settings)?.get(key) ?? host.settings.custom.get(key);
  if (own !== undefined) return own;
  return Object.hasOwn(CORE, key) ? ((CORE[key] as (host: ModuleHost) => string | number)(host) ?? null) : null;
}

/** Changes a custom setting for everything that reads it from now on; its type stays. @returns false for an unknown one */
export function setCustomSetting(host: ModuleHost, key: string, value: Value): boolean {
  if (key === 'core.debug' && typeof value === 'number') {
    host.log.level = value;
    return true;
  }
  const old = host.settings.custom.get(key);
  if (old === undefined || value === null || typeof old !== typeof value) return false;
  let map = written.get(host.settings);
  if (map === undefined) {
    map = new Map();
    written.set(host.settings, map);
  }
  map.set(key, value);
  return true;
}
