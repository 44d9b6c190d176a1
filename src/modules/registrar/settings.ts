import type { RegistrarSettings } from '../../registrar/settings.ts';
import {
  ModuleError,
  type ModuleHost,
  type ModuleParameters,
  type VariableAccess,
} from '../../script/module-definition.ts';
import type { UsrlocSettings } from '../usrloc/settings.ts';

/** Parameters of registrar that concern the script. */
export interface ScriptSettings {
  readonly receivedAvp: VariableAccess | null;
  readonly appendBranches: boolean;
  readonly methodFiltering: boolean;
  /** 1 by branch flags that the script orders, 2 connections that have ended are left out. */
  readonly filterMode: number;
  readonly useExpired: boolean;
  readonly pathCheckLocal: boolean;
  /** Message flag that says that a header names the socket, -1 for none. */
  readonly sockFlag: number;
  readonly sockHeader: string;
  /** Contacts are kept with the socket's advertised address. */
  readonly sockAdvertised: boolean;
  /** Name of the XAVP with orders for one request, and of the one that tells of contacts found; '' for none. */
  readonly xavpCfg: string;
  readonly xavpRcd: string;
  /** Fields that are not told: 1 ruid, 2 contact, 4 expires, 8 received, 16 path. */
  readonly xavpRcdMask: number;
}

/** A parameter that has to lie in a range. @throws ModuleError REGISTRAR_PARAMETER */
function within(parameters: ModuleParameters, name: string, low: number, high: number): number {
  const value = parameters.int(name);
  if (value >= low && value <= high) return value;
  throw new ModuleError('REGISTRAR_PARAMETER', `${name} is ${low} to ${high}`, name);
}

/** @throws ModuleError REGISTRAR_PARAMETER */
export function readRegistrarSettings(
  parameters: ModuleParameters,
  usrloc: UsrlocSettings,
  serverId: number,
): RegistrarSettings {
  const most = 0x7fffffff;
  return {
    useDomain: usrloc.useDomain,
    matching: usrloc.matching,
    cseqDelay: usrloc.cseqDelay,
    caseSensitive: parameters.int('case_sensitive') !== 0,
    realmPrefix: parameters.str('realm_prefix'),
    defaultExpires: within(parameters, 'default_expires', 1, most),
    defaultExpiresRange: within(parameters, 'default_expires_range', 0, 100),
    minExpires: within(parameters, 'min_expires', 0, most),
    minExpiresRefuse: parameters.int('min_expires_mode') !== 0,
    maxExpires: within(parameters, 'max_expires', 0, most),
    expiresRange: within(parameters, 'expires_range', 0, 100),
    defaultQ: within(parameters, 'default_q', -1, 1000),
    maxContacts: within(parameters, 'max_contacts', 0, most),
    contactMaxSize: within(parameters, 'contact_max_size', 1, 65_535),
    gruu: parameters.int('gruu_enabled') !== 0,
    usePath: parameters.int('use_path') !== 0,
    pathMode: within(parameters, 'path_mode', 0, 2),
    pathUseReceived: parameters.int('path_use_received') !== 0,
    outboundMode: within(parameters, 'outbound_mode', 0, 2),
    flowTimer: within(parameters, 'flow_timer', 0, most),
    regIdOnlyOutbound: parameters.int('regid_mode') === 2,
    receivedParam: parameters.str('received_param') || 'received',
    retryAfter: within(parameters, 'retry_after', 0, most),
    serverId,
  };
}

/** @throws ModuleError REGISTRAR_PARAMETER */
export function readScriptSettings(host: ModuleHost, parameters: ModuleParameters): ScriptSettings {
  return {
    receivedAvp: receivedVariable(host, parameters),
    appendBranches: parameters.int('append_branches') !== 0,
    methodFiltering: parameters.int('method_filtering') !== 0,
    filterMode: within(parameters, 'lookup_filter_mode', 0, 3),
    useExpired: parameters.int('use_expired_contacts') !== 0,
    pathCheckLocal: parameters.int('path_check_local') !== 0,
    sockFlag: parameters.int('sock_flag'),
    sockHeader: parameters.str('sock_hdr_name'),
    sockAdvertised: parameters.int('sock_mode') !== 0,
    xavpCfg: parameters.str('xavp_cfg'),
    xavpRcd: parameters.str('xavp_rcd'),
    xavpRcdMask: parameters.int('xavp_rcd_mask'),
  };
}

/** The variable of received_avp, which nathelper and registrar have to name alike. @throws ModuleError REGISTRAR_PARAMETER */
export function receivedVariable(host: ModuleHost, parameters: ModuleParameters): VariableAccess | null {
  const name = parameters.str('received_avp');
  if (name === '') return null;
  const variable = /^\$avp\(/.test(name) ? host.variable(name) : `${name} is no AVP, such as $avp(received)`;
  if (typeof variable === 'string') throw new ModuleError('REGISTRAR_PARAMETER', variable, 'received_avp');
  return variable;
}
