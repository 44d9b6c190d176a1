import type { SipMessage } from '../../message/message.ts';
import { parseUri } from '../../message/uri.ts';
import type { RequestState } from '../../proxy/request-state.ts';
import { aorKey } from '../../registrar/aor.ts';
import type { ContactAttributes } from '../../registrar/binding.ts';
import { type RegisterResult, refused, register } from '../../registrar/register.ts';
import type { ScriptContext } from '../../script/context.ts';
import { L_INFO } from '../../script/log.ts';
import { ROUTE_ONREPLY } from '../../script/values.ts';
import { findSocket } from '../../script/variables/destination.ts';
import type { ListenSocket } from '../../transport/transport.ts';
import { slot } from '../../uac/slot.ts';
import type { LocationTable } from '../usrloc/location.ts';
import { fail, intOrder, NO_TABLE, order, type RegistrarModule, tableFor } from './instance.ts';

/** Flags of save(). */
const MEMORY = 1;
const NO_REPLY = 2;
const REPLACE = 4;
const EXACT = 8;
const PREPARE = 16;

/** What reg_send_reply() will send. */
const PREPARED = slot<{ readonly status: number; readonly reason: string; readonly headers: string }>(
  'registrar prepared reply',
);

/** Flags as a text, decimal or hexadecimal; null for another text. */
export function saveFlags(text: string): number | null {
  if (text === '') return 0;
  return /^(?:\d+|0x[0-9a-f]+)$/i.test(text) ? Number(text) : null;
}

export function socketText({ proto, address, port }: ListenSocket): string {
  return `${proto}:${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** save(): its code at once, or later when a database has to be asked. */
export function save(
  m: RegistrarModule,
  ctx: ScriptContext,
  name: string,
  flagText: string,
  uri: string,
): number | Promise<number> {
  const flags = saveFlags(flagText);
  if (flags === null) return fail(m, 'save', `"${flagText}" are no flags`, 'REGISTRAR_FLAGS');
  const table = tableFor(m, name);
  if (table === null) return NO_TABLE;
  if (table instanceof Promise) return table.then((loaded) => saveIn(m, ctx, loaded, flags, uri));
  return saveIn(m, ctx, table, flags, uri);
}

function saveIn(
  m: RegistrarModule,
  ctx: ScriptContext,
  table: LocationTable,
  flags: number,
  uri: string,
): number | Promise<number> {
  const { message } = ctx;
  const text = uri === '' ? (message.to?.uri ?? '') : uri;
  const aor = aorKey(text, m.settings);
  if (aor === null) {
    const refusal = parseUri(text) === null ? 'aor-parse' : 'aor-length';
    return finish(m, ctx, flags, refused(refusal, '', m.settings));
  }
  const fresh = m.location.refresh(table, aor);
  if (fresh !== undefined) return fresh.then(() => change(m, ctx, table, flags, aor, text));
  return change(m, ctx, table, flags, aor, text);
}

function change(
  m: RegistrarModule,
  ctx: ScriptContext,
  table: LocationTable,
  flags: number,
  aor: string,
  text: string,
): number | Promise<number> {
  const { message } = ctx;
  const { connection } = ctx.from;
  const result = register(
    table.bindings,
    message,
    {
      aor,
      address: addressOf(text),
      now: m.location.now,
      received: receivedOf(m, ctx),
      socket: socketOf(m, ctx, message),
      connection: connection === 0 ? -1 : connection,
      cflags: ctx.target.flags,
      replace: (flags & REPLACE) !== 0,
      memoryOnly: (flags & MEMORY) !== 0,
      exact: (flags & EXACT) !== 0,
      orders: {
        maxContacts: intOrder(m, ctx, 'max_contacts'),
        expires: intOrder(m, ctx, 'expires'),
        q: intOrder(m, ctx, 'q'),
      },
      attributes: attributesOf(m, ctx),
      ruid: () => m.location.ruid(),
      random: () => m.host.random.uint32(),
    },
    m.settings,
  );
  // It may have ended while a database was asked: nobody will tell of that any more.
  if (connection > 0 && m.host.sender.connectionPongs?.(connection) === -1) m.location.disconnect(connection);
  const written = m.location.settle(table, result.changed);
  // Nobody is told of a contact that could be forgotten: the reply comes after the database, within a bound.
  if (written !== undefined) return written.then(() => finish(m, ctx, flags, result));
  return finish(m, ctx, flags, result);
}

function addressOf(text: string): string {
  const uri = parseUri(text);
  return uri === null ? '' : uri.user === undefined ? uri.host : `${uri.user}@${uri.host}`;
}

/** Where the REGISTER came from, when a script keeps that (received_avp). */
function receivedOf(m: RegistrarModule, ctx: ScriptContext): string {
  const value = m.script.receivedAvp?.get(ctx) ?? '';
  return typeof value === 'string' && parseUri(value) !== null ? value : '';
}

/** What the script keeps with the contacts (xavp_contact of usrloc): a copy of its newest record. */
function attributesOf(m: RegistrarModule, ctx: ScriptContext): ContactAttributes | null {
  const record = m.xavpContact === '' ? undefined : ctx.state.attributes.xavps.records(m.xavpContact)[0];
  return record === undefined || record.size === 0
    ? null
    : new Map([...record].map(([name, list]) => [name, [...list]]));
}

/** The socket that requests to the contact will leave by: the one that the script or a header names when it is ours, else where the REGISTER came in. */
function socketOf(m: RegistrarModule, ctx: ScriptContext, message: SipMessage): string {
  const { sockFlag, sockHeader, sockAdvertised } = m.script;
  const headed = sockHeader !== '' && sockFlag >= 0 && (ctx.state.flags & (1 << sockFlag)) !== 0;
  const header = headed ? message.findByName(sockHeader)[0] : undefined;
  const named = order(m, ctx, 'socket') ?? (header === undefined ? '' : message.valueOf(header));
  const ours = named === '' ? null : findSocket(m.host.sender.sockets, `${named}`, 'udp');
  const socket = ours ?? ctx.from.socket;
  return socketText(sockAdvertised ? { ...socket, address: socket.displayHost, port: socket.displayPort } : socket);
}

function finish(m: RegistrarModule, ctx: ScriptContext, flags: number, result: RegisterResult): number {
  const { state, routeType } = ctx;
  const counter = result.refusal === null ? m.accepted : m.rejected;
  counter.value++;
  if (result.refusal !== null) {
    const to = ctx.message.to?.uri ?? '';
    m.host.log.write(L_INFO, 'registrar', `REGISTER for ${to} refused: ${result.refusal}`, 'REGISTRAR_REFUSED');
  }
  if (routeType === ROUTE_ONREPLY || !ctx.message.isRequest) return result.code;
  const { status, reason, headers } = result;
  if ((flags & NO_REPLY) !== 0) {
    // With flag 16 a reply of the script's has them, too.
    const prepared = (flags & PREPARE) !== 0;
    if (prepared) state.replyHeaders += headers;
    PREPARED.set(state, { status, reason, headers: prepared ? '' : headers });
    return result.code;
  }
  return reply(m, state, status, reason, headers) < 0 ? -1 : result.code;
}

function reply(m: RegistrarModule, state: RequestState, status: number, reason: string, headers: string): number {
  const { proxy } = m.host;
  const before = state.replyHeaders;
  state.replyHeaders += headers;
  const sent =
    state.transaction === null ? proxy.statelessReply(state, status, reason) : proxy.reply(state, status, reason);
  state.replyHeaders = before;
  return sent;
}

/** reg_send_reply(): the reply that save() with flag 2 did not send. */
export function sendPrepared(m: RegistrarModule, ctx: ScriptContext): number {
  const prepared = PREPARED.get(ctx.state);
  if (prepared === undefined)
    return fail(m, 'reg_send_reply', 'no save() with flag 2 before it', 'REGISTRAR_NOT_PREPARED');
  return reply(m, ctx.state, prepared.status, prepared.reason, prepared.headers) < 0 ? -1 : 1;
}
