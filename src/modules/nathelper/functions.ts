import { paramValue } from '../../message/name-addr.ts';
import { parseUri, withHostPort } from '../../message/uri.ts';
import type { ScriptContext } from '../../script/context.ts';
import { type FunctionDefinition, fn, type VariableAccess } from '../../script/module-definition.ts';
import {
  ROUTE_ANY,
  ROUTE_BRANCH,
  ROUTE_FAILURE,
  ROUTE_LOCAL,
  ROUTE_ONREPLY,
  ROUTE_REQUEST,
} from '../../script/values.ts';
import { currentBody, replaceBody } from '../support/body.ts';
import { rangeKey } from '../support/header-lines.ts';
import { aliasOf, aliasUri, isPrivate, sourceAlias, sourceUri, uriHost } from './addresses.ts';
import { type ContactUri, contactsOf, fail, type NathelperModule } from './instance.ts';
import { natTest } from './nat-test.ts';
import { fixSdp } from './sdp.ts';

type NathelperFunction = FunctionDefinition<NathelperModule>;

/** Codes of add_contact_alias() and handle_ruri_alias() when there is nothing to do. */
const NOT_NEEDED = 2;

/** Changes every Contact by a function of it. @returns -1 when there is none */
function eachContact(m: NathelperModule, ctx: ScriptContext, name: string, act: (contact: ContactUri) => void): number {
  const contacts = contactsOf(ctx);
  if (contacts.length === 0) return fail(m, name, 'no Contact with a SIP URI', 'NATHELPER_NO_CONTACT');
  for (const contact of contacts) act(contact);
  return 1;
}

/** Writes a Contact's URI anew; one without brackets gets them when its parameters would be taken for the header's. */
function write(ctx: ScriptContext, { addr }: ContactUri, uri: string): void {
  const text = addr.bracketed || !/[;?,]/.test(uri) ? uri : `<${uri}>`;
  ctx.edits.replace(addr.uriStart, addr.uriEnd, text, rangeKey(addr.uriStart, addr.uriEnd));
}

function fixContact(m: NathelperModule, ctx: ScriptContext): number {
  const { ip, port } = ctx.from;
  return eachContact(m, ctx, 'fix_nated_contact', (contact) =>
    write(ctx, contact, withHostPort(contact.uri, uriHost(ip), port)),
  );
}

/** set_contact_alias(): the source behind the URI's parameters. @param trim one that is there already goes */
function setAlias(m: NathelperModule, ctx: ScriptContext, trim: boolean): number {
  const alias = `;${m.aliasName}=${sourceAlias(ctx.from)}`;
  return eachContact(m, ctx, 'set_contact_alias', (contact) => {
    const { text, params, headers } = contact.uri;
    const head = text.slice(0, text.length - params.length - headers.length);
    write(ctx, contact, `${head}${trim ? withoutParam(params, m.aliasName) : params}${alias}${headers}`);
  });
}

/** URI parameters, each with its semicolon, without those of a name. */
function withoutParam(params: string, name: string): string {
  return params
    .split(';')
    .filter((param) => !param.toLowerCase().startsWith(`${name.toLowerCase()}=`))
    .join(';');
}

/** Puts an alias before the URI's parameters. */
function insertAlias(m: NathelperModule, ctx: ScriptContext, contact: ContactUri, value: string): void {
  const { text, params, headers } = contact.uri;
  const head = text.slice(0, text.length - params.length - headers.length);
  write(ctx, contact, `${head};${m.aliasName}=${value}${params}${headers}`);
}

/** Whether a Contact says by itself where it came from. */
function isSource({ from }: ScriptContext, { uri }: ContactUri): boolean {
  const { ip, port, socket } = from;
  return (
    uri.host.toLowerCase() === uriHost(ip).toLowerCase() &&
    (uri.port || 5060) === port &&
    uri.transport === socket.proto
  );
}

function addAlias(m: NathelperModule, ctx: ScriptContext): number {
  let needed = false;
  const done = eachContact(m, ctx, 'add_contact_alias', (contact) => {
    if (isSource(ctx, contact)) return;
    needed = true;
    insertAlias(m, ctx, contact, sourceAlias(ctx.from));
  });
  return done === 1 && !needed ? NOT_NEEDED : done;
}

/** handle_ruri_alias(): the alias of the Request-URI becomes the next hop. @param mode 1: its last alias instead of its first */
function handleAlias(m: NathelperModule, ctx: ScriptContext, mode: number): number {
  const { target } = ctx;
  const uri = parseUri(target.uri);
  if (uri === null) return fail(m, 'handle_ruri_alias', 'no SIP URI', 'NATHELPER_BAD_ALIAS');
  const lead = `;${m.aliasName}=`;
  const start = mode === 1 ? uri.params.lastIndexOf(lead) : uri.params.indexOf(lead);
  if (start < 0) return NOT_NEEDED;
  const semi = uri.params.indexOf(';', start + lead.length);
  const end = semi < 0 ? uri.params.length : semi;
  const hop = aliasUri(uri.params.slice(start + lead.length, end));
  if (hop === null) return NOT_NEEDED;
  if (hop === undefined || parseUri(hop) === null) {
    return fail(m, 'handle_ruri_alias', `${target.uri} has a bad alias`, 'NATHELPER_BAD_ALIAS');
  }
  const at = uri.text.length - uri.headers.length - uri.params.length;
  target.uri = `${uri.text.slice(0, at + start)}${uri.text.slice(at + end)}`;
  target.dstUri = hop;
  return 1;
}

/** set_alias_to_pv(): the URI that the Contact's alias stands for. */
function aliasTo(m: NathelperModule, ctx: ScriptContext, variable: VariableAccess): number {
  for (const { uri } of contactsOf(ctx)) {
    const value = paramValue(uri.params, m.aliasName.toLowerCase());
    const alias = value === undefined ? null : aliasUri(value);
    if (typeof alias === 'string') return variable.set?.(ctx, alias) === true ? 1 : -1;
  }
  return -1;
}

/** add_rcv_param(): the source as a parameter of the Contact, or of its URI. */
function addReceived(ctx: ScriptContext, inUri: boolean): number {
  const source = sourceUri(ctx.from);
  for (const contact of contactsOf(ctx)) {
    const { addr, uri } = contact;
    if (!inUri) {
      ctx.edits.insert(addr.end, `;received="${source}"`, `received@${addr.end}`);
      continue;
    }
    const text = uri.text.slice(0, uri.text.length - uri.headers.length);
    // A `;` of its own would end the parameter (RFC 3261 §25.1).
    write(ctx, contact, `${text};received=${source.replaceAll(';', '%3B').replaceAll('=', '%3D')}${uri.headers}`);
  }
  return 1;
}

function fixSdpOf(m: NathelperModule, ctx: ScriptContext, bits: number, given: string): number {
  const body = currentBody(ctx);
  if (!/^v=0\r?$/m.test(body)) return -1;
  const ip = given === '' ? ctx.from.ip : given;
  if (!/^[0-9a-fA-F.:]+$/.test(ip)) {
    return fail(m, 'fix_nated_sdp', `"${ip}" is no address`, 'NATHELPER_BAD_ARGUMENT');
  }
  const fixed = fixSdp(body, { bits, ip, noRtpproxy: m.noRtpproxy, oldMediaIp: m.oldMediaIp });
  if (fixed !== null) replaceBody(ctx, fixed);
  // Kamailio's code says whether an address was changed.
  return (bits & 10) !== 0 ? 1 : NOT_NEEDED;
}

function fixRegister(m: NathelperModule, ctx: ScriptContext): number {
  const { receivedAvp } = m;
  if (receivedAvp === null) {
    return fail(m, 'fix_nated_register', 'received_avp is not set', 'NATHELPER_PARAMETER');
  }
  receivedAvp.set?.(ctx, null);
  return receivedAvp.set?.(ctx, sourceUri(ctx.from)) === true ? 1 : -1;
}

const ROB = ROUTE_REQUEST | ROUTE_ONREPLY | ROUTE_BRANCH;
const ROBL = ROB | ROUTE_LOCAL;
const ROFBL = ROBL | ROUTE_FAILURE;
const RBL = ROUTE_REQUEST | ROUTE_BRANCH | ROUTE_LOCAL;

export const NATHELPER_FUNCTIONS: readonly NathelperFunction[] = [
  fn('fix_nated_contact', [], ROBL, (m) => (ctx) => fixContact(m, ctx)),
  fn('fix_nated_register', [], ROUTE_REQUEST, (m) => (ctx) => fixRegister(m, ctx)),
  fn('set_contact_alias', ['int?'], ROBL, (m) => (ctx, trim) => setAlias(m, ctx, (trim ?? 0) !== 0)),
  fn('add_contact_alias', [], ROB | ROUTE_FAILURE, (m) => (ctx) => addAlias(m, ctx)),
  fn('add_contact_alias', ['str', 'str', 'str'], ROB | ROUTE_FAILURE, (m) => (ctx, ip, port, proto) => {
    const alias = aliasOf(ip, port, proto);
    if (alias === null) {
      return fail(m, 'add_contact_alias', `${ip}, ${port}, ${proto} make no alias`, 'NATHELPER_BAD_ARGUMENT');
    }
    return eachContact(m, ctx, 'add_contact_alias', (contact) => insertAlias(m, ctx, contact, alias));
  }),
  fn('handle_ruri_alias', ['int?'], RBL, (m) => (ctx, mode) => handleAlias(m, ctx, mode ?? 0)),
  fn('set_alias_to_pv', ['var'], ROUTE_ANY, (m) => (ctx, variable) => aliasTo(m, ctx, variable)),
  fn('nat_uac_test', ['int'], ROFBL, (m) => (ctx, bits) => (natTest(m, ctx, bits) ? 1 : -1)),
  fn('is_rfc1918', ['str'], ROUTE_ANY, (m) => (_ctx, ip) => (isPrivate(ip, m.allPrivate) ? 1 : -1)),
  fn('add_rcv_param', ['int?'], ROUTE_REQUEST, () => (ctx, flag) => addReceived(ctx, (flag ?? 0) !== 0)),
  fn('fix_nated_sdp', ['int', 'str?'], ROFBL, (m) => (ctx, bits, ip) => fixSdpOf(m, ctx, bits, ip ?? ''), {
    support: 'partly: bodies of one part; the text is changed as it stands',
  }),
];
