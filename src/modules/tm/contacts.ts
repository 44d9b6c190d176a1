import { fn } from '../../script/module-definition.ts';
import { ROUTE_FAILURE, ROUTE_REQUEST } from '../../script/values.ts';
import { RELAY, type TmFunction } from './instance.ts';

export const CONTACT_FUNCTIONS: readonly TmFunction[] = [
  fn(
    't_load_contacts',
    ['int?'],
    ROUTE_REQUEST | ROUTE_FAILURE,
    (m) => (ctx, mode) => m.host.proxy.loadContacts(ctx.state, mode === 1),
  ),
  fn('t_next_contacts', [], ROUTE_REQUEST | ROUTE_FAILURE, (m) => (ctx) => m.host.proxy.nextContacts(ctx.state)),
  fn('t_next_contact_flow', [], RELAY, () => () => -2, {
    support: 'partly: flows of one instance are not kept apart, so there is never a next one',
  }),
];
