import {
  type CallDialog,
  type DialogSide,
  KEEPALIVE_CALLEE,
  KEEPALIVE_CALLER,
  TIMEOUT_NORESET,
} from '../../dialog/call-dialog.ts';
import type { DialogState } from '../../dialog/dialog-state.ts';
import { hasCrlf } from '../../message/sanitize.ts';
import { sanitizeHeaderLines } from '../../message/serializer.ts';
import type { ScriptContext } from '../../script/context.ts';
import { L_ERR, L_WARN } from '../../script/log.ts';
import { type ArgumentSpec, type FunctionDefinition, fn, type VariableAccess } from '../../script/module-definition.ts';
import { ROUTE_ANY, ROUTE_BRANCH, ROUTE_FAILURE, ROUTE_ONREPLY, ROUTE_REQUEST } from '../../script/values.ts';
import { currentOf, type DialogModule, setCurrent, wishesFor, wishesOf } from './instance.ts';
import { endDialog, sendWithin } from './requests.ts';
import { findDialog, manage } from './tracker.ts';

const UNSET = ROUTE_REQUEST | ROUTE_FAILURE | ROUTE_ONREPLY | ROUTE_BRANCH;

/** Names of what dlg_set_property() turns on. */
const PROPERTIES: Readonly<Record<string, number>> = {
  'ka-src': KEEPALIVE_CALLER,
  'ka-dst': KEEPALIVE_CALLEE,
  'timeout-noreset': TIMEOUT_NORESET,
};

function refuse({ host }: DialogModule, name: string, text: string, code: string): number {
  host.log.write(L_ERR, 'dialog', `${name}: ${text}`, code);
  return -1;
}

/** The call of this run: the message's, or the one that its tags belong to. */
function callOf(module: DialogModule, ctx: ScriptContext): CallDialog | null {
  const state = module.stateOf(ctx);
  return (currentOf(state) ?? findDialog(module, state))?.dialog ?? null;
}

function sideNamed(text: string): DialogSide | 'all' | null {
  const side = text.toLowerCase();
  return side === 'caller' || side === 'callee' || side === 'all' ? side : null;
}

function bye(module: DialogModule, ctx: ScriptContext, text: string): number {
  const side = sideNamed(text);
  if (side === null) return refuse(module, 'dlg_bye', `"${text}" is not caller, callee or all`, 'DIALOG_BAD_ARGUMENT');
  const dialog = callOf(module, ctx);
  return dialog !== null && endDialog(module, dialog, side) ? 1 : -1;
}

/** Changes the flags of the call, and of the message for a call that begins later. */
function flags(module: DialogModule, ctx: ScriptContext, name: string, flag: number, on: boolean): number {
  if (flag < 0 || flag > 31) return refuse(module, name, `there is no flag ${flag}`, 'DIALOG_BAD_ARGUMENT');
  const state = module.stateOf(ctx);
  const bit = 1 << flag;
  const holder = currentOf(state)?.dialog ?? wishesFor(state);
  holder.flags = on ? holder.flags | bit : holder.flags & ~bit;
  return 1;
}

function isFlagSet(module: DialogModule, ctx: ScriptContext, flag: number): number {
  if (flag < 0 || flag > 31) return refuse(module, 'dlg_isflagset', `there is no flag ${flag}`, 'DIALOG_BAD_ARGUMENT');
  const state = module.stateOf(ctx);
  const set = (currentOf(state)?.dialog ?? wishesOf(state))?.flags ?? 0;
  return (set & (1 << flag)) !== 0 ? 1 : -1;
}

function property(module: DialogModule, ctx: ScriptContext, name: string, text: string, on: boolean): number {
  const bit = Object.hasOwn(PROPERTIES, text) ? PROPERTIES[text] : undefined;
  if (bit === undefined)
    return refuse(module, name, `"${text}" is none of ${Object.keys(PROPERTIES).join(', ')}`, 'DIALOG_BAD_ARGUMENT');
  const state = module.stateOf(ctx);
  const dialog = currentOf(state)?.dialog;
  const holder = dialog ?? wishesFor(state);
  holder.properties = on ? holder.properties | bit : holder.properties & ~bit;
  if (dialog !== undefined) module.table.touched(dialog);
  return 1;
}

function setProfile(module: DialogModule, ctx: ScriptContext, name: string, value: string | null): number {
  const link = module.table.profiles.link(name, value);
  if (link === null) return refuse(module, 'set_dlg_profile', `no profile "${name}" of that kind`, 'DIALOG_NO_PROFILE');
  const state = module.stateOf(ctx);
  const dialog = currentOf(state)?.dialog;
  if (dialog?.isOver === true) return -1;
  if (dialog === undefined) wishesFor(state).profiles.push(link);
  else module.table.addToProfile(dialog, link);
  return 1;
}

function unsetProfile(module: DialogModule, ctx: ScriptContext, name: string, value: string | null): number {
  const { table } = module;
  const link = table.profiles.link(name, value);
  if (link === null)
    return refuse(module, 'unset_dlg_profile', `no profile "${name}" of that kind`, 'DIALOG_NO_PROFILE');
  const dialog = module.current(ctx)?.dialog;
  return dialog !== undefined && table.removeFromProfile(dialog, link) ? 1 : -1;
}

function isInProfile(module: DialogModule, ctx: ScriptContext, name: string, value: string | null): number {
  const link = module.table.profiles.link(name, value ?? '');
  if (link === null) return refuse(module, 'is_in_profile', `no profile "${name}"`, 'DIALOG_NO_PROFILE');
  const wanted = value === null ? null : link.value;
  const member = module
    .current(ctx)
    ?.dialog.profiles.some((one) => one.profile === name && (wanted === null || one.value === wanted));
  return member === true ? 1 : -1;
}

function profileSize(
  module: DialogModule,
  ctx: ScriptContext,
  name: string,
  value: string | null,
  into: VariableAccess,
): number {
  const size = module.table.profiles.size(name, value);
  if (size === null) return refuse(module, 'get_profile_size', `no profile "${name}"`, 'DIALOG_NO_PROFILE');
  return into.set?.(ctx, size) === true ? 1 : -1;
}

function setTimeout(module: DialogModule, dialog: CallDialog | null | undefined, seconds: number): number {
  if (dialog === null || dialog === undefined || dialog.isOver || seconds <= 0) return -1;
  module.table.setLifetime(dialog, seconds);
  return 1;
}

function timeoutByProfile(module: DialogModule, name: string, value: string | null, seconds: number): number {
  const { table } = module;
  if (!table.profiles.has(name))
    return refuse(module, 'dlg_set_timeout_by_profile', `no profile "${name}"`, 'DIALOG_NO_PROFILE');
  const members = [...table.all()].filter(({ profiles }) =>
    profiles.some((one) => one.profile === name && (value === null || one.value === value)),
  );
  for (const dialog of members) setTimeout(module, dialog, seconds);
  return 1;
}

function setRuri(module: DialogModule, ctx: ScriptContext): number {
  const current = module.current(ctx);
  if (current === null) return -1;
  const { contact } = current.dialog.leg(current.side === 'caller' ? 'callee' : 'caller');
  if (contact === '') return -1;
  ctx.target.uri = contact;
  return 1;
}

function within(
  module: DialogModule,
  ctx: ScriptContext,
  text: string,
  method: string,
  headers: string,
  body: string,
): number {
  const side = sideNamed(text);
  if (side === null)
    return refuse(module, 'dlg_req_within', `"${text}" is not caller, callee or all`, 'DIALOG_BAD_ARGUMENT');
  if (!/^[A-Za-z][\w.!%*+`'~-]*$/.test(method) || /^(?:ACK|CANCEL|INVITE)$/i.test(method))
    return refuse(module, 'dlg_req_within', `"${method}" cannot be sent inside a call`, 'DIALOG_BAD_ARGUMENT');
  const dialog = callOf(module, ctx);
  if (dialog === null || !dialog.isActive) return -1;
  const name = method.toUpperCase();
  if (name === 'BYE') return endDialog(module, dialog, side, headers) ? 1 : -1;
  const request = { method: name, headers, body, counts: true };
  const done = ({ status }: { readonly status: number }): void => {
    if (status >= 300 || status < 200)
      module.host.log.write(L_WARN, 'dialog', `${name} inside ${dialog.callId}: ${status}`, 'DIALOG_REQUEST_FAILED');
  };
  const sides: readonly DialogSide[] = side === 'all' ? ['caller', 'callee'] : [side];
  const sent = sides.filter((one) => sendWithin(module, dialog, one, request, done));
  return sent.length > 0 ? 1 : -1;
}

function lines(text: string): string {
  return text === '' ? '' : sanitizeHeaderLines(text.endsWith('\n') ? text : `${text}\r\n`);
}

function typeLine(type: string): string {
  return type === '' || hasCrlf(type) ? '' : `Content-Type: ${type}\r\n`;
}

function take(module: DialogModule, ctx: ScriptContext, callId: string, from: string, to: string): number {
  const found = module.table.match(callId, from, to);
  if (found === null) return -1;
  setCurrent(module.stateOf(ctx), { ...found, initial: false });
  return 1;
}

function setState(module: DialogModule, ctx: ScriptContext, text: string): number {
  const state = Number(text);
  if (!Number.isInteger(state) || state < 1 || state > 5)
    return refuse(module, 'dlg_set_state', `"${text}" is no state`, 'DIALOG_BAD_ARGUMENT');
  const dialog = module.current(ctx)?.dialog;
  if (dialog === undefined) return -1;
  module.table.force(dialog, state as DialogState);
  return 1;
}

/** dlg_req_within(): see docs/dialog.md. */
const WITHIN = {
  support:
    'partly: the endpoint in whose name it goes does not know the number; not for one that sends requests afterwards',
};

/** A function of the original that is not here: it fails with a line in the log. */
function absent(name: string, args: readonly ArgumentSpec[], why: string): FunctionDefinition<DialogModule> {
  return fn(name, args, ROUTE_ANY, (m: DialogModule) => () => refuse(m, name, why, 'DIALOG_NOT_SUPPORTED'), {
    support: `no: ${why}`,
  });
}

const BRIDGE = 'calls are not begun or transferred from here';

export const DIALOG_FUNCTIONS: readonly FunctionDefinition<DialogModule>[] = [
  fn('dlg_manage', [], ROUTE_REQUEST, (m: DialogModule) => (ctx) => manage(m, ctx)),
  fn('is_known_dlg', [], ROUTE_ANY, (m: DialogModule) => (ctx) => (callOf(m, ctx) === null ? -1 : 1)),
  fn(
    'dlg_get',
    ['str', 'str', 'str'],
    ROUTE_ANY,
    (m: DialogModule) => (ctx, callId, from, to) => take(m, ctx, callId, from, to),
  ),
  fn('dlg_bye', ['str'], ROUTE_ANY, (m: DialogModule) => (ctx, side) => bye(m, ctx, side)),
  fn('dlg_setflag', ['int'], ROUTE_ANY, (m: DialogModule) => (ctx, flag) => flags(m, ctx, 'dlg_setflag', flag, true)),
  fn(
    'dlg_resetflag',
    ['int'],
    ROUTE_ANY,
    (m: DialogModule) => (ctx, flag) => flags(m, ctx, 'dlg_resetflag', flag, false),
  ),
  fn('dlg_isflagset', ['int'], ROUTE_ANY, (m: DialogModule) => (ctx, flag) => isFlagSet(m, ctx, flag)),
  fn(
    'set_dlg_profile',
    ['str', 'str?'],
    ROUTE_ANY,
    (m: DialogModule) => (ctx, name, value) => setProfile(m, ctx, name, value ?? null),
  ),
  fn(
    'unset_dlg_profile',
    ['str', 'str?'],
    UNSET,
    (m: DialogModule) => (ctx, name, value) => unsetProfile(m, ctx, name, value ?? null),
  ),
  fn(
    'is_in_profile',
    ['str', 'str?'],
    ROUTE_ANY,
    (m: DialogModule) => (ctx, name, value) => isInProfile(m, ctx, name, value ?? null),
  ),
  fn(
    'get_profile_size',
    ['str', 'var'],
    ROUTE_ANY,
    (m: DialogModule) => (ctx, name, into) => profileSize(m, ctx, name, null, into),
  ),
  fn(
    'get_profile_size',
    ['str', 'str', 'var'],
    ROUTE_ANY,
    (m: DialogModule) => (ctx, name, value, into) => profileSize(m, ctx, name, value, into),
  ),
  fn(
    'dlg_set_timeout',
    ['int'],
    ROUTE_ANY,
    (m: DialogModule) => (ctx, seconds) => setTimeout(m, callOf(m, ctx), seconds),
  ),
  fn(
    'dlg_set_timeout',
    ['int', 'int', 'int'],
    ROUTE_ANY,
    (m: DialogModule) => (_ctx, seconds, entry, id) => setTimeout(m, m.table.byNumber({ entry, id }), seconds),
  ),
  fn(
    'dlg_set_timeout_by_profile',
    ['str', 'int'],
    ROUTE_ANY,
    (m: DialogModule) => (_ctx, name, seconds) => timeoutByProfile(m, name, null, seconds),
  ),
  fn(
    'dlg_set_timeout_by_profile',
    ['str', 'str', 'int'],
    ROUTE_ANY,
    (m: DialogModule) => (_ctx, name, value, seconds) => timeoutByProfile(m, name, value, seconds),
  ),
  fn(
    'dlg_set_property',
    ['str'],
    ROUTE_ANY,
    (m: DialogModule) => (ctx, name) => property(m, ctx, 'dlg_set_property', name, true),
  ),
  fn(
    'dlg_reset_property',
    ['str'],
    ROUTE_ANY,
    (m: DialogModule) => (ctx, name) => property(m, ctx, 'dlg_reset_property', name, false),
  ),
  fn('dlg_set_ruri', [], ROUTE_ANY, (m: DialogModule) => (ctx) => setRuri(m, ctx)),
  fn('dlg_set_state', ['str'], ROUTE_ANY, (m: DialogModule) => (ctx, state) => setState(m, ctx, state)),
  fn(
    'dlg_get_var',
    ['str', 'str', 'str', 'str', 'var'],
    ROUTE_ANY,
    (m: DialogModule) => (ctx, callId, from, to, name, into) => {
      const found = m.table.match(callId, from, to);
      return found !== null && into.set?.(ctx, found.dialog.variables.get(name) ?? null) === true ? 1 : -1;
    },
  ),
  fn(
    'dlg_set_var',
    ['str', 'str', 'str', 'str', 'str'],
    ROUTE_ANY,
    (m: DialogModule) => (_ctx, callId, from, to, name, value) => {
      const found = m.table.match(callId, from, to);
      if (found === null || name === '') return -1;
      found.dialog.setVariable(name, value);
      return 1;
    },
  ),
  fn(
    'dlg_req_within',
    ['str', 'str'],
    ROUTE_ANY,
    (m: DialogModule) => (ctx, side, method) => within(m, ctx, side, method, '', ''),
    WITHIN,
  ),
  fn(
    'dlg_req_within',
    ['str', 'str', 'str'],
    ROUTE_ANY,
    (m: DialogModule) => (ctx, side, method, headers) => within(m, ctx, side, method, lines(headers), ''),
    WITHIN,
  ),
  fn(
    'dlg_req_within',
    ['str', 'str', 'str', 'str'],
    ROUTE_ANY,
    (m: DialogModule) => (ctx, side, method, type, body) => within(m, ctx, side, method, typeLine(type), body),
    WITHIN,
  ),
  fn(
    'dlg_req_within',
    ['str', 'str', 'str', 'str', 'str'],
    ROUTE_ANY,
    (m: DialogModule) => (ctx, side, method, headers, type, body) =>
      within(m, ctx, side, method, lines(headers) + typeLine(type), body),
    WITHIN,
  ),
  absent('dlg_bridge', ['str', 'str', 'str'], BRIDGE),
  absent('dlg_refer', ['str', 'str'], BRIDGE),
  absent('dlg_refer_cid', ['str', 'str', 'str'], BRIDGE),
  absent('dlg_refer_did', ['str', 'str', 'str', 'str'], BRIDGE),
  absent('dlg_remote_profile', ['str', 'str', 'str', 'str', 'str'], 'profiles count the calls of this server'),
  absent('dlg_remove_dialogs_from_node', ['str'], 'calls are not shared by DMQ'),
  absent('dlg_db_load_callid', ['str'], 'the database is read when the server starts'),
  absent('dlg_db_load_extra', [], 'the database is read when the server starts'),
  absent('dlg_update_contact', [], 'Contacts are kept up to date by target refreshes by themselves'),
  absent('dlg_update_socket', [], 'the sockets of a call are those that its INVITE used'),
  absent('dlg_update_state', [], 'the state follows the messages by itself'),
];
