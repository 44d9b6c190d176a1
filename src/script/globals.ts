/** Evaluates the global parameters of a configuration: settings of the running program, and what the server needs to start. */
import type { Config, CustomSetting, FlagsDeclaration, GlobalAssignment, GlobalValue } from './ast-config.ts';
import type { DefineTable } from './defines.ts';
import type { DiagnosticList } from './diagnostic.ts';
import { globalParameter } from './global-parameters.ts';
import { type ServerConfig, serverConfig } from './globals-server.ts';
import { GlobalValues } from './globals-values.ts';
import { toWire } from './scope-text.ts';
import type { Settings } from './settings.ts';

/** {@link Settings} before the sockets are open. */
export type SettingsInput = Omit<Settings, 'sockets'>;

/** What the parts of a configuration outside its routes and modules say. */
export interface Globals {
  readonly settings: SettingsInput;
  readonly server: ServerConfig;
  /** Message flags declared with `flags`, by name. */
  readonly flags: ReadonlyMap<string, number>;
}

/** Highest message flag. */
const LAST_FLAG = 31;
const DEFAULT_SERVER_HEADER = 'Server: Trunkline';
const DEFAULT_USER_AGENT = 'User-Agent: Trunkline';

/**
 * Evaluates every global assignment, custom setting and flag declaration.
 * @param defines names left over from the preprocessor, for $def()
 */
export function evaluateGlobals(config: Config, defines: DefineTable, diagnostics: DiagnosticList): Globals {
  const values = new GlobalValues(diagnostics);
  for (const item of config.items) if (item.kind === 'globalAssignment') assign(values, item);
  const custom = new Map<string, string | number>();
  for (const item of config.items)
    if (item.kind === 'customSetting') custom.set(settingName(item), settingValue(item.value));
  return {
    settings: settings(values, custom, defines),
    server: serverConfig(config, values, diagnostics),
    flags: declaredFlags(config, diagnostics),
  };
}

function assign(values: GlobalValues, { name, key, value }: GlobalAssignment): void {
  // An unknown name was reported by the reader.
  const parameter = globalParameter(name);
  if (parameter === undefined || parameter.kind === 'addresses') return;
  values.set(key === null ? parameter.name : `${parameter.name}[${key}]`, value);
}

function settingName({ group, id, name }: CustomSetting): string {
  return id === null ? `${group}.${name}` : `${group}[${id}].${name}`;
}

function settingValue(value: Exclude<GlobalValue, { kind: 'addresses' }>): string | number {
  return value.kind === 'int' ? value.value : toWire(value.kind === 'string' ? value.value : value.name);
}

function settings(
  values: GlobalValues,
  custom: ReadonlyMap<string, string | number>,
  defines: DefineTable,
): SettingsInput {
  return {
    debug: values.int('debug', values.int('log_level', 0)),
    serverHeader: values.header('server_header', DEFAULT_SERVER_HEADER),
    userAgentHeader: values.header('user_agent_header', DEFAULT_USER_AGENT),
    serverSignature: values.bool('server_signature', true),
    sipWarning: values.bool('sip_warning', false),
    forceRport: values.bool('force_rport', false),
    localRport: values.bool('local_rport', false),
    checkVia: values.bool('check_via', false),
    replyToVia: values.bool('reply_to_via', false),
    mhomed: values.bool('mhomed', false),
    phone2tel: values.bool('phone2tel', true),
    maxWhileLoops: values.int('max_while_loops', 100),
    maxRecursiveLevel: values.int('max_recursive_level', 256),
    returnMode: values.int('return_mode', 0),
    maxBranches: values.int('max_branches', 12),
    udpMtu: values.int('udp_mtu', 0),
    udpMtuTryProto: values.text('udp_mtu_try_proto', '').toLowerCase(),
    serverId: values.int('server_id', 0),
    logPrefix: values.text('log_prefix', ''),
    viaXavps: {
      params: values.text('xavp_via_params', ''),
      fields: values.text('xavp_via_fields', ''),
      replyParams: values.text('xavp_via_reply_params', ''),
    },
    onsendRouteReply: values.bool('onsend_route_reply', false),
    custom,
    defines: new Map([...defines].map(([name, { value }]) => [name, unquoted(value)])),
  };
}

/** `$def(X)` of a quoted define is the text, as a string literal in its place would be. */
function unquoted(value: string): string {
  const text = /^"(.*)"$/s.exec(value)?.[1] ?? /^'(.*)'$/s.exec(value)?.[1] ?? value;
  return toWire(text);
}

/** Numbers of declared flags; one without a number gets the lowest that is free. */
function declaredFlags(config: Config, diagnostics: DiagnosticList): ReadonlyMap<string, number> {
  const flags = new Map<string, number>();
  const declared: FlagsDeclaration['flags'][number][] = [];
  for (const item of config.items) if (item.kind === 'flags' && item.scope === 'message') declared.push(...item.flags);
  const taken = new Set<number>();
  for (const { number } of declared) if (number !== null) taken.add(number);
  for (const { name, number, at } of declared) {
    let free = number ?? 0;
    if (number === null) while (taken.has(free)) free++;
    if (free < 0 || free > LAST_FLAG) {
      // The reader has refused a number that is out of range.
      if (number === null)
        diagnostics.error('CFG_VALUE', `no flag is left for ${name}`, at, `flags are 0 to ${LAST_FLAG}`);
      continue;
    }
    if (flags.has(name)) diagnostics.error('CFG_VALUE', `flag ${name} is declared twice`, at);
    taken.add(free);
    flags.set(name, free);
  }
  return flags;
}
