import { HDR_RECORD_ROUTE } from '../message/header-name.ts';
import { parseNameAddrList } from '../message/name-addr.ts';
import { RpcFault } from '../rpc/method.ts';
import { struct } from '../rpc/value.ts';
import type { ScriptContext } from '../script/context.ts';
import {
  defineModule,
  intParam,
  ModuleError,
  type ModuleHost,
  type ModuleParameters,
  rpc,
  strParam,
  type VariableDefinition,
} from '../script/module-definition.ts';
import { access, noIndex } from '../script/variables/define.ts';
import { findSocket } from '../script/variables/destination.ts';
import { NATHELPER_FUNCTIONS } from './nathelper/functions.ts';
import type { NathelperModule } from './nathelper/instance.ts';
import { Pinger } from './nathelper/pinger.ts';
import { receivedVariable } from './registrar/settings.ts';
import type { UsrlocModule } from './usrloc/instance.ts';

/** Parameters that registrar of the same name checks with a code of its own. */
const bitParam = (name: string): ReturnType<typeof intParam> => intParam(name, -1);

/** Record-Route values of the message, from the top. */
function recordRoutes({ message }: ScriptContext): readonly string[] {
  return message
    .findAll(HDR_RECORD_ROUTE)
    .flatMap(({ valueStart, valueEnd }) => parseNameAddrList(message.raw, valueStart, valueEnd) ?? [])
    .map(({ uri }) => uri);
}

function counting(name: string, read: (ctx: ScriptContext) => number): VariableDefinition<NathelperModule> {
  return {
    name,
    writable: false,
    inner: 'none',
    support: 'yes',
    bind: () => (_inner, index, text) => (index === null ? access(text, read) : noIndex(name)),
  };
}

/** @throws ModuleError NATHELPER_PARAMETER */
function pingerOf(host: ModuleHost, parameters: ModuleParameters): Pinger | null {
  const seconds = parameters.int('natping_interval');
  if (!(seconds > 0)) return null;
  const usrloc = host.module<UsrlocModule>('usrloc');
  if (usrloc === null) {
    throw new ModuleError('NATHELPER_PARAMETER', 'natping_interval needs loadmodule "usrloc.so"', 'natping_interval');
  }
  const { natBflag } = usrloc.settings;
  const natedOnly = parameters.int('ping_nated_only') !== 0;
  if (natedOnly && natBflag < 0) {
    throw new ModuleError('NATHELPER_PARAMETER', 'ping_nated_only needs nat_bflag of usrloc', 'ping_nated_only');
  }
  const method = parameters.str('sipping_method');
  if (!/^[A-Z]{3,12}$/.test(method)) {
    throw new ModuleError('NATHELPER_PARAMETER', `"${method}" is no method`, 'sipping_method');
  }
  const name = parameters.str('natping_socket') || parameters.str('force_socket');
  return new Pinger(host, usrloc.location, {
    interval: seconds * 1000,
    natBflag,
    natedOnly,
    sipBflag: parameters.int('sipping_bflag'),
    quietBflag: parameters.int('natping_disable_bflag'),
    method,
    from: parameters.str('sipping_from'),
    timeout: parameters.int('keepalive_timeout') * 1000,
    serverId: parameters.int('filter_server_id') === 0 ? null : host.settings.serverId,
    fromPath: parameters.int('udpping_from_path') !== 0,
    socket: name === '' ? null : findSocket(host.settings.sockets, name, 'udp'),
  });
}

/** nathelper: clients behind NAT; where they are, and pings that keep their ways open. */
export const nathelper = defineModule<NathelperModule>({
  name: 'nathelper',
  after: ['usrloc', 'tm'],
  parameters: [
    intParam('natping_interval', 0),
    intParam('natping_processes', 1, 'ignored: one timer does the work'),
    intParam('ping_nated_only', 0),
    strParam('natping_socket', null),
    strParam('force_socket', null),
    strParam('received_avp', null),
    bitParam('sipping_bflag'),
    strParam('sipping_from', null),
    strParam('sipping_method', 'OPTIONS'),
    bitParam('natping_disable_bflag'),
    strParam('nortpproxy_str', 'a=nortpproxy:yes'),
    intParam('keepalive_timeout', 0),
    intParam('udpping_from_path', 0),
    intParam('append_sdp_oldmediaip', 1),
    intParam('filter_server_id', 0),
    intParam('nat_addr_mode', 1),
    strParam('alias_name', 'alias'),
  ],
  functions: NATHELPER_FUNCTIONS,
  variables: [
    counting('rr_count', (ctx) => recordRoutes(ctx).length),
    counting('rr_top_count', (ctx) => {
      const [top] = recordRoutes(ctx);
      return top === undefined ? 0 : /;r2=on(?:;|$)/.test(top) ? 2 : 1;
    }),
  ],
  transformations: [],
  eventRoutes: [],
  create: (host, parameters) => ({
    host,
    receivedAvp: receivedVariable(host, parameters),
    aliasName: parameters.str('alias_name'),
    allPrivate: parameters.int('nat_addr_mode') !== 0,
    oldMediaIp: parameters.int('append_sdp_oldmediaip') !== 0,
    noRtpproxy: parameters.str('nortpproxy_str').replace(/[\r\n]+/g, ''),
    pinger: pingerOf(host, parameters),
  }),
  start: ({ pinger }) => pinger?.begin(),
  rpc: [
    rpc('nathelper.enable_ping', ['Pings go on (1) or stop (0).'], ({ pinger }, args) => {
      if (pinger === null) throw new RpcFault(500, 'NATping disabled');
      const wanted = args.int(0);
      if (wanted === null) throw new RpcFault(500, 'Invalid parameter');
      pinger.enabled = wanted !== 0;
      return struct({ enabled: pinger.enabled ? 1 : 0 });
    }),
  ],
  stop: ({ pinger }) => pinger?.end(),
});
