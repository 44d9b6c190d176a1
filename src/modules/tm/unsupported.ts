import { L_ERR } from '../../script/log.ts';
import { fn } from '../../script/module-definition.ts';
import { ROUTE_REQUEST, type RouteMask } from '../../script/values.ts';
import { RELAY, type TmFunction, type TmModule } from './instance.ts';

function notHere(module: TmModule, name: string): number {
  module.host.log.write(L_ERR, 'tm', `${name} is not supported`, 'TM_NOT_SUPPORTED');
  return -1;
}

function sctp(name: string, args: readonly 'str'[], routes: RouteMask): TmFunction {
  return fn(name, args, routes, (m: TmModule) => () => notHere(m, 'SCTP'), {
    support: 'no: SCTP is not a transport of this server',
  });
}

const ADDRESS = ['str', 'str'] as const;

export const UNSUPPORTED_FUNCTIONS: readonly TmFunction[] = [
  sctp('t_relay_to_sctp', [], RELAY),
  sctp('t_relay_to_sctp', ADDRESS, RELAY),
  sctp('t_forward_nonack_sctp', ADDRESS, ROUTE_REQUEST),
  sctp('t_replicate_sctp', ADDRESS, ROUTE_REQUEST),
];
