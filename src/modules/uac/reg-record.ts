import { RpcStruct, type RpcValue } from '../../rpc/value.ts';
import type { RegistrationView } from '../../uac/registration/engine.ts';

/** Stands for a secret that is there. */
const MASK = '***';

function orNone(text: string): string {
  return text === '' ? 'none' : text;
}

function orNull(text: string): string | null {
  return text === '' ? null : text;
}

/** Bytes of the network as text for people. */
function decoded(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/**
 * An account as `uac.reg_dump` and `uac.reg_info` show it: Kamailio's fields in Kamailio's order with its types, then ours.
 * @param now seconds since 1970
 * @param shown showSecrets false: passwords and hashes are masked; kamailioFields: ours are left out
 */
export function accountRecord(
  view: RegistrationView,
  now: number,
  { showSecrets, kamailioFields }: { readonly showSecrets: boolean; readonly kamailioFields: boolean },
): RpcStruct {
  const { row } = view;
  const secret = (text: string): string => (text === '' ? 'none' : showSecrets ? text : MASK);
  return new RpcStruct([
    ['l_uuid', row.uuid],
    ['l_username', row.localUser],
    ['l_domain', row.localDomain],
    ['r_username', row.remoteUser],
    ['r_domain', row.remoteDomain],
    ['realm', orNull(row.realm)],
    ['auth_username', row.authUser],
    ['auth_password', secret(row.authPassword)],
    ['auth_ha1', secret(row.authHa1)],
    ['auth_proxy', orNone(row.proxy)],
    ['expires', view.expires],
    ['flags', view.flags],
    ['diff_expires', view.timerExpires - now],
    ['timer_expires', view.timerExpires],
    ['reg_init', view.loadedAt],
    ['reg_delay', row.delay],
    ['contact_addr', orNone(view.contactAddr)],
    ['socket', orNull(row.socket)],
    ['contact_user', orNone(row.contactUser)],
    ...(kamailioFields ? [] : stateFields(view)),
  ]);
}

/** Ours: how the registration is doing. Times are seconds since 1970, 0 for never. */
function stateFields(view: RegistrationView): readonly (readonly [string, RpcValue])[] {
  return [
    ['state', view.state],
    ['online', view.online ? 1 : 0],
    ['since', view.since],
    ['last_code', view.lastCode],
    ['last_reason', orNull(view.lastReason)],
    ['last_attempt', view.lastAttempt],
    ['last_success', view.lastSuccess],
    ['next_attempt', view.nextAttempt],
    ['failures', view.failures],
    ['granted', view.granted],
    ['registrar', orNull(view.registrar)],
    ['round_trip_ms', Math.round(view.roundTrip)],
    ['public_address', orNull(view.publicAddress)],
    ['service_route', orNull(decoded(view.serviceRoute.join(', ')))],
  ];
}

/** A row of `uac.reg_list`: what a table for people needs, without what only programs read. */
export function accountLine(view: RegistrationView, now: number): RpcStruct {
  const { row } = view;
  return new RpcStruct([
    ['l_uuid', row.uuid],
    ['aor', `sip:${row.remoteUser}@${row.remoteDomain}`],
    ['registrar', view.registrar === '' ? row.proxy : view.registrar],
    ['state', view.state],
    ['online', view.online ? 1 : 0],
    ['expires_in', view.online ? Math.max(0, view.timerExpires - now) : 0],
    ['next_in', view.nextAttempt === 0 ? -1 : Math.max(0, view.nextAttempt - now)],
    ['last_code', view.lastCode],
    ['last_reason', orNull(view.lastReason)],
    ['failures', view.failures],
    ['round_trip_ms', Math.round(view.roundTrip)],
    ['since', view.since],
  ]);
}
