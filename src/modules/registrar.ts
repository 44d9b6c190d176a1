import {
  callbackParam,
  defineModule,
  type FunctionDefinition,
  fn,
  intParam,
  ModuleError,
  strParam,
} from '../script/module-definition.ts';
import { ROUTE_ANY, ROUTE_FAILURE, ROUTE_ONREPLY, ROUTE_REQUEST } from '../script/values.ts';
import { reviewCalls } from './registrar/calls.ts';
import { CONTACTS_VARIABLE, fetchContacts, freeContacts } from './registrar/contacts.ts';
import { fail, type RegistrarModule } from './registrar/instance.ts';
import { lookup, lookupBranches, lookupToSet, registered, unregister } from './registrar/lookup.ts';
import { save, sendPrepared, socketText } from './registrar/save.ts';
import { readRegistrarSettings, readScriptSettings } from './registrar/settings.ts';
import { appendLines, isHeaderName } from './support/header-lines.ts';
import type { UsrlocModule } from './usrloc/instance.ts';

const RF = ROUTE_REQUEST | ROUTE_FAILURE;
const SAVE = RF | ROUTE_ONREPLY;
const LATER = { async: true };

const functions: readonly FunctionDefinition<RegistrarModule>[] = [
  fn(
    'save',
    ['str', 'const?', 'str?'],
    SAVE,
    (m) => (ctx, table, flags, uri) => save(m, ctx, table, flags ?? '', uri ?? ''),
    LATER,
  ),
  fn('lookup', ['str', 'str?'], RF, (m) => (ctx, table, uri) => lookup(m, ctx, table, uri ?? ''), LATER),
  fn('lookup_to_dset', ['str', 'str?'], RF, (m) => (ctx, table, uri) => lookupToSet(m, ctx, table, uri ?? ''), LATER),
  fn('lookup_branches', ['str'], RF, (m) => (ctx, table) => lookupBranches(m, ctx, table), LATER),
  fn(
    'registered',
    ['str', 'str?', 'int?', 'int?'],
    ROUTE_ANY,
    (m) => (ctx, table, uri, match, action) => registered(m, ctx, table, uri ?? '', match ?? 0, action ?? 0),
    LATER,
  ),
  fn(
    'unregister',
    ['str', 'str', 'str?'],
    ROUTE_ANY,
    (m) => (_ctx, table, uri, ruid) => unregister(m, table, uri, ruid ?? ''),
    LATER,
  ),
  fn(
    'reg_fetch_contacts',
    ['str', 'str', 'str'],
    RF,
    (m) => (ctx, table, uri, profile) => fetchContacts(m, ctx, table, uri, profile),
    LATER,
  ),
  fn('reg_free_contacts', ['str'], RF, () => (ctx, profile) => freeContacts(ctx, profile)),
  fn('reg_send_reply', [], RF, (m) => (ctx) => sendPrepared(m, ctx)),
  fn('add_sock_hdr', ['str'], ROUTE_REQUEST, (m) => (ctx, name) => {
    if (!isHeaderName(name)) return fail(m, 'add_sock_hdr', `"${name}" is no header name`, 'REGISTRAR_BAD_HEADER');
    appendLines(ctx, `${name}: ${socketText(ctx.from.socket)}\r\n`);
    return 1;
  }),
];

/** registrar: REGISTER into the contacts of usrloc, and requests to them. */
export const registrar = defineModule<RegistrarModule>({
  name: 'registrar',
  after: ['usrloc', 'sl', 'tm'],
  parameters: [
    intParam('default_expires', 3600),
    intParam('default_expires_range', 0),
    intParam('min_expires', 60),
    intParam('min_expires_mode', 0),
    intParam('max_expires', 0),
    intParam('expires_range', 0),
    intParam('default_q', -1),
    intParam('append_branches', 1),
    intParam('case_sensitive', 0),
    strParam('realm_prefix', null),
    strParam('received_avp', null),
    strParam('received_param', 'received'),
    intParam('max_contacts', 0),
    intParam('retry_after', 0),
    intParam('sock_flag', -1),
    strParam('sock_hdr_name', null),
    intParam('sock_mode', 0),
    intParam('method_filtering', 0),
    intParam('use_path', 0),
    intParam(
      'path_mode',
      2,
      'yes: with 2, a REGISTER that is refused with 420 changes nothing (Kamailio saves its contacts)',
    ),
    intParam('path_use_received', 0),
    intParam('path_check_local', 0),
    strParam('xavp_cfg', null),
    strParam('xavp_rcd', null),
    intParam('xavp_rcd_mask', 0),
    intParam('gruu_enabled', 1),
    intParam('outbound_mode', 0, 'partly: needs no module outbound; flow tokens are not made'),
    intParam('regid_mode', 0, 'partly: 2 keeps reg-id with outbound only'),
    intParam('flow_timer', 0),
    intParam('contact_max_size', 512),
    intParam('use_expired_contacts', 0),
    intParam('lookup_filter_mode', 0),
    strParam('default_expire', null, 'ignored: names a statistic of Kamailio 5.6'),
    callbackParam('event_callback', ['usrloc:contact-expired']),
  ],
  functions,
  variables: [CONTACTS_VARIABLE],
  transformations: [],
  eventRoutes: [],
  review: (_module, calls) => reviewCalls(calls),
  create: (host, parameters) => {
    const usrloc = host.module<UsrlocModule>('usrloc');
    if (usrloc === null) throw new ModuleError('REGISTRAR_NO_USRLOC', 'registrar needs loadmodule "usrloc.so"');
    const settings = readRegistrarSettings(parameters, usrloc.settings, host.settings.serverId);
    const { statistics } = host;
    const gauge = (name: string, value: number): void => statistics.gauge('registrar', name, () => value);
    gauge('max_expires', settings.maxExpires);
    gauge('max_contacts', settings.maxContacts);
    gauge('default_expire', settings.defaultExpires);
    gauge('default_expires_range', settings.defaultExpiresRange);
    gauge('expires_range', settings.expiresRange);
    return {
      host,
      location: usrloc.location,
      settings,
      script: readScriptSettings(host, parameters),
      xavpContact: usrloc.settings.xavpContact,
      accepted: statistics.counter('registrar', 'accepted_regs'),
      rejected: statistics.counter('registrar', 'rejected_regs'),
    };
  },
});
