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

/** A custom setting (`group.name`) or one of the core's; null when there is none of that name. */
export function customSetting(host: ModuleHost, key: string): Value {
  const own = written.get(host.settings)?.get(key) ?? host.settings.custom.get(key);
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
