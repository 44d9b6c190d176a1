import { HDR_DATE, HDR_RECORD_ROUTE, HDR_SUPPORTED, headerId } from '../../message/header-name.ts';
import { M_OPTIONS } from '../../message/method.ts';
import { parseNameAddr } from '../../message/name-addr.ts';
import { hasCrlf } from '../../message/sanitize.ts';
import { parseUri, type SipUri } from '../../message/uri.ts';
import { buildUri } from '../../message/uri-build.ts';
import type { ReplyTransform } from '../../proxy/request-state.ts';
import type { ScriptContext } from '../../script/context.ts';
import { fn, type VariableAccess } from '../../script/module-definition.ts';
import {
  ROUTE_ANY,
  ROUTE_BRANCH,
  ROUTE_FAILURE,
  ROUTE_LOCAL,
  ROUTE_ONREPLY,
  ROUTE_REQUEST,
} from '../../script/values.ts';
import { AUTHORIZED, type AuthorizedCredentials } from '../../script/variables/credentials.ts';
import { ipFamily } from '../../transport/ip.ts';
import { appendLines, headerLines } from '../support/header-lines.ts';
import { stripIdentities } from '../support/identities.ts';
import {
  contactValues,
  decodeFields,
  decodeParam,
  encodeFields,
  encodeParam,
  mapContacts,
  NOT_ENCODED,
  removeParam,
} from './contacts.ts';
import { fail, type SiputilsFunction, type SiputilsModule } from './instance.ts';
import { isE164, isUriUserE164, telToSip, telToSipInContext } from './numbers.ts';
import { gruuKind, replaceHost, replaceUser, sameAor, sameUri, uriParams, withoutParam } from './uris.ts';

const RBF = ROUTE_REQUEST | ROUTE_BRANCH | ROUTE_FAILURE;
const RO = ROUTE_REQUEST | ROUTE_ONREPLY;
const RFO = RO | ROUTE_FAILURE;
const RFBO = RBF | ROUTE_ONREPLY;

const bool = (yes: boolean): number => (yes ? 1 : -1);
/** -2 for texts that are no URIs. */
const compared = (equal: boolean | null): number => (equal === null ? -2 : bool(equal));

/** options_reply() (RFC 3261 §11.2): 1 after a 200, -1 when it is not for us to answer. */
function optionsReply(m: SiputilsModule, ctx: ScriptContext): number {
  const { message, state } = ctx;
  if (!message.isRequest || message.methodId !== M_OPTIONS) {
    return fail(m, 'options_reply', `called for ${message.method}`, 'SIPUTILS_NO_OPTIONS');
  }
  const user = parseUri(ctx.target.uri)?.user;
  if (user !== undefined && user !== '') {
    return fail(m, 'options_reply', 'the Request-URI has a user', 'SIPUTILS_OPTIONS_USER');
  }
  state.replyHeaders += m.capabilities;
  const { proxy } = m.host;
  const sent = state.transaction === null ? proxy.statelessReply(state, 200, 'OK') : proxy.reply(state, 200, 'OK');
  return bool(sent > 0);
}

/** is_first_hop(): a request with one Via; a reply whose top Record-Route is ours, or that has none, as replies in a dialog. */
function isFirstHop(m: SiputilsModule, ctx: ScriptContext, mode: number): number {
  const { message } = ctx;
  if (message.isRequest) return bool(message.vias.length === 1);
  const header = message.find(HDR_RECORD_ROUTE);
  if (header === undefined) return 1;
  const route = parseNameAddr(message.raw, header.valueStart, header.valueEnd);
  const uri = route === null ? null : parseUri(route.uri);
  if (uri === null || !m.host.sender.isMyself(uri.host, uri.port)) return -1;
  if (mode === 1) return 1;
  // A name may stand for several servers, and a reply from our own address has looped.
  return bool(ipFamily(uri.host) !== 0 && !m.host.sender.isMyself(ctx.from.ip, 0));
}

/** is_supported(): the option stands in a Supported header (RFC 3261 §20.37). */
function isSupported(ctx: ScriptContext, option: string): boolean {
  const wanted = option.trim().toLowerCase();
  return ctx.message.findAll(HDR_SUPPORTED).some((header) =>
    ctx.message
      .valueOf(header)
      .split(',')
      .some((token) => token.trim().toLowerCase() === wanted),
  );
}

/** Request-URI as it is now; null when it cannot be read. */
function ruri(ctx: ScriptContext): SipUri | null {
  return parseUri(ctx.target.uri);
}

/** Value of a Request-URI parameter, '' for a flag; undefined when it is not there. */
function ruriParam(ctx: ScriptContext, name: string): string | undefined {
  return uriParams(ruri(ctx)?.params ?? '').find(([own]) => own === name)?.[1];
}

function addUriParam(m: SiputilsModule, ctx: ScriptContext, param: string): number {
  if (param === '') return 1;
  const uri = ruri(ctx);
  if (uri === null || uri.host === '') return fail(m, 'add_uri_param', 'bad Request-URI', 'SIPUTILS_BAD_URI');
  const text = buildUri({ ...uri, params: `${uri.params};${param}` });
  if (parseUri(text) === null) return fail(m, 'add_uri_param', `"${param}" is no parameter`, 'SIPUTILS_BAD_ARGUMENT');
  ctx.target.uri = text;
  return 1;
}

function removeUriParam(m: SiputilsModule, ctx: ScriptContext, name: string): number {
  const uri = ruri(ctx);
  if (uri === null) return fail(m, 'uri_param_rm', 'bad Request-URI', 'SIPUTILS_BAD_URI');
  const params = withoutParam(uri.params, name);
  if (params !== uri.params) ctx.target.uri = buildUri({ ...uri, params });
  return 1;
}

/** String value of a variable argument; null (logged) when it holds none. */
function text(m: SiputilsModule, name: string, ctx: ScriptContext, variable: VariableAccess): string | null {
  const value = variable.get(ctx);
  if (typeof value === 'string' && value !== '') return value;
  fail(m, name, `${variable.text} holds no text`, 'SIPUTILS_NO_TEXT');
  return null;
}

function assign(m: SiputilsModule, name: string, ctx: ScriptContext, variable: VariableAccess, value: string): number {
  if (variable.set === null) return fail(m, name, `${variable.text} is read-only`, 'SIPUTILS_READ_ONLY');
  return bool(variable.set(ctx, value));
}

/** set_uri_user and set_uri_host. */
function rebuild(
  m: SiputilsModule,
  name: string,
  ctx: ScriptContext,
  variable: VariableAccess,
  part: VariableAccess,
  replace: (uri: string, part: string) => string | null,
): number {
  const uri = text(m, name, ctx, variable);
  if (uri === null) return -1;
  const made = replace(uri, `${part.get(ctx) ?? ''}`);
  if (made === null) return fail(m, name, `cannot change "${uri}"`, 'SIPUTILS_BAD_URI');
  return assign(m, name, ctx, variable, made);
}

/** Code of a text check: 1 all characters fit, else -2 for an empty text or `other`. */
function checkText(value: string, pattern: RegExp, other: number): number {
  if (value === '') return -2;
  return pattern.test(value) ? 1 : other;
}

/** hdr_date_check(): 1 younger than `seconds`, -1 no readable Date, -4 too old. */
function checkDate(m: SiputilsModule, ctx: ScriptContext, seconds: number): number {
  const value = ctx.message.value(HDR_DATE);
  // RFC 3261 §20.17: RFC 1123 date, always GMT.
  const date = value !== undefined && /\bGMT$/.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(date)) return fail(m, 'hdr_date_check', 'no readable Date header', 'SIPUTILS_BAD_DATE');
  return m.host.clock.wall() - date > seconds * 1000 ? -4 : 1;
}

/** The caller's Remote-Party-ID from its variable; null when it has none. */
function rpid(m: SiputilsModule, ctx: ScriptContext): string | null {
  const value = m.rpid?.get(ctx);
  return typeof value === 'string' && value !== '' ? value : null;
}

function appendRpid(m: SiputilsModule, ctx: ScriptContext, prefix: string, suffix: string): number {
  // Whether there is an identity to show or not: nobody shows one of his own.
  stripIdentities(ctx, m.rpidStrip);
  const value = rpid(m, ctx);
  if (value === null) return -1;
  const lines = headerLines(`Remote-Party-ID: ${prefix}${value}${suffix}`);
  if (lines === null || hasCrlf(value))
    return fail(m, 'append_rpid_hf', `"${value}" is no identity`, 'SIPUTILS_BAD_RPID');
  appendLines(ctx, lines);
  return 1;
}

function isRpidE164(m: SiputilsModule, ctx: ScriptContext): number {
  const value = rpid(m, ctx);
  if (value === null) return -1;
  const uri = parseNameAddr(value, 0, value.length)?.uri ?? value;
  const result = isUriUserE164(uri, m.e164Length);
  return result === null ? fail(m, 'is_rpid_user_e164', `"${value}" has no URI`, 'SIPUTILS_BAD_RPID') : bool(result);
}

/** Functions that rewrite every Contact URI by a parameter. All give 1 when there is no Contact at all, as in Kamailio. */
function contactMap(
  m: SiputilsModule,
  name: string,
  ctx: ScriptContext,
  change: (uri: SipUri) => string | null | undefined,
): number {
  return mapContacts(ctx, change) ? 1 : fail(m, name, 'a Contact cannot be changed', 'SIPUTILS_BAD_CONTACT');
}

function decodeRuri(m: SiputilsModule, ctx: ScriptContext, name: string): number {
  const uri = ruri(ctx);
  const decoded = uri === null ? undefined : decodeParam(uri, name);
  if (decoded === null) return 1;
  if (decoded === undefined) return fail(m, 'contact_param_decode_ruri', 'it holds no URI', 'SIPUTILS_BAD_URI');
  ctx.target.uri = decoded;
  return 1;
}

/** Makes 180 of the 183 replies that come until then: of several targets that play something, nobody should hear more than one. */
function ringing(m: SiputilsModule, until: number): ReplyTransform {
  return {
    key: 'ringing',
    apply: (_state, _branch, reply, edits) => {
      if (reply.status !== 183 || m.host.clock.now() >= until) return;
      edits.status = 180;
      edits.reason = 'Ringing';
    },
  };
}

export const SIPUTILS_FUNCTIONS: readonly SiputilsFunction[] = [
  fn('is_request', [], ROUTE_ANY, () => (ctx) => bool(ctx.message.isRequest)),
  fn('is_reply', [], ROUTE_ANY, () => (ctx) => bool(!ctx.message.isRequest)),
  fn('is_sip', [], ROUTE_ANY, () => () => 1),
  fn('is_http', [], ROUTE_ANY, () => (ctx) => bool(/^HTTP\//i.test(ctx.message.version))),
  fn('sip_parse_headers', [], ROUTE_ANY, () => () => 1),
  fn('has_totag', [], ROUTE_ANY, () => (ctx) => bool((ctx.message.to?.tag ?? '') !== '')),
  fn('is_first_hop', ['int?'], ROUTE_ANY, (m) => (ctx, mode) => isFirstHop(m, ctx, mode ?? 0)),
  fn('is_supported', ['str'], ROUTE_ANY, () => (ctx, option) => bool(isSupported(ctx, option))),
  fn('is_user', ['str'], ROUTE_REQUEST | ROUTE_LOCAL, () => (ctx, user) => {
    const known = ctx.state.extensions?.get(AUTHORIZED) as AuthorizedCredentials | undefined;
    return bool(known !== undefined && known.credentials.username === user);
  }),
  fn('options_reply', [], ROUTE_REQUEST, (m) => (ctx) => optionsReply(m, ctx)),

  fn('uri_param', ['str', 'str?'], RBF, () => (ctx, name, value) => bool(ruriParam(ctx, name) === (value ?? ''))),
  fn('uri_param_any', ['str'], RBF, () => (ctx, name) => bool(ruriParam(ctx, name) !== undefined)),
  fn('uri_param_rm', ['str'], RBF, (m) => (ctx, name) => removeUriParam(m, ctx, name)),
  fn('add_uri_param', ['str'], ROUTE_REQUEST, (m) => (ctx, param) => addUriParam(m, ctx, param)),
  fn('get_uri_param', ['str', 'var'], ROUTE_REQUEST | ROUTE_LOCAL, (m) => (ctx, name, variable) => {
    const value = ruriParam(ctx, name);
    return value === undefined ? -1 : assign(m, 'get_uri_param', ctx, variable, value);
  }),

  fn('is_uri', ['str'], ROUTE_ANY, () => (_ctx, value) => bool(parseUri(value) !== null)),
  fn('is_gruu', ['str?'], ROUTE_ANY, () => (ctx, value) => {
    const uri = parseUri(value ?? ctx.target.uri);
    return uri === null ? -1 : gruuKind(uri.params);
  }),
  fn('cmp_uri', ['str', 'str'], ROUTE_ANY, () => (_ctx, a, b) => compared(sameUri(a, b))),
  fn('cmp_aor', ['str', 'str'], ROUTE_ANY, () => (_ctx, a, b) => compared(sameAor(a, b))),
  fn('cmp_hdr_name', ['str', 'str'], ROUTE_ANY, () => (_ctx, a, b) => {
    const id = headerId(a);
    if (id !== headerId(b)) return -1;
    return id !== 0 || a.toLowerCase() === b.toLowerCase() ? 1 : -2;
  }),
  fn('set_uri_user', ['var', 'var'], ROUTE_ANY, (m) => (ctx, uri, user) => {
    return rebuild(m, 'set_uri_user', ctx, uri, user, replaceUser);
  }),
  fn('set_uri_host', ['var', 'var'], ROUTE_ANY, (m) => (ctx, uri, host) => {
    return rebuild(m, 'set_uri_host', ctx, uri, host, replaceHost);
  }),

  fn('tel2sip', ['str', 'str', 'var'], RFBO, (m) => (ctx, uri, host, variable) => {
    const made = telToSip(uri, host);
    return made === null ? 2 : assign(m, 'tel2sip', ctx, variable, made);
  }),
  fn('tel2sip2', ['str', 'str', 'var'], RFBO, (m) => (ctx, uri, host, variable) => {
    const made = telToSipInContext(uri, host);
    return made === null ? 2 : assign(m, 'tel2sip2', ctx, variable, made);
  }),
  fn('is_e164', ['var'], ROUTE_REQUEST | ROUTE_FAILURE | ROUTE_LOCAL, (m) => (ctx, variable) => {
    const value = text(m, 'is_e164', ctx, variable);
    return bool(value !== null && isE164(value, m.e164Length));
  }),
  fn('is_uri_user_e164', ['var'], ROUTE_ANY, (m) => (ctx, variable) => {
    const value = text(m, 'is_uri_user_e164', ctx, variable);
    return bool(value !== null && isUriUserE164(value, m.e164Length) === true);
  }),
  fn('is_tel_number', ['str'], ROUTE_ANY, () => (_ctx, value) => checkText(value, /^\+?[0-9]+$/, -2)),
  fn('is_numeric', ['str'], ROUTE_ANY, () => (_ctx, value) => checkText(value, /^[0-9]+$/, -2)),
  fn('is_alphanum', ['str'], ROUTE_ANY, () => (_ctx, value) => checkText(value, /^[0-9A-Za-z]+$/, -3)),
  fn('is_alphanumex', ['str', 'str'], ROUTE_ANY, () => (_ctx, value, set) => {
    if (value === '') return -2;
    return [...value].every((character) => /[0-9A-Za-z]/.test(character) || set.includes(character)) ? 1 : -3;
  }),
  fn('hdr_date_check', ['int'], ROUTE_ANY, (m) => (ctx, seconds) => checkDate(m, ctx, seconds)),

  fn('append_rpid_hf', [], RBF, (m) => (ctx) => appendRpid(m, ctx, m.rpidPrefix, m.rpidSuffix)),
  fn('append_rpid_hf', ['str', 'str'], RBF, (m) => (ctx, prefix, suffix) => appendRpid(m, ctx, prefix, suffix)),
  fn('is_rpid_user_e164', [], ROUTE_REQUEST, (m) => (ctx) => isRpidE164(m, ctx)),

  fn('encode_contact', ['str', 'str'], RO, (m) => (ctx, prefix, host) => {
    if (ctx.message.findByName('Contact').length === 0) return -1;
    return contactMap(m, 'encode_contact', ctx, (uri) => encodeFields(uri, prefix, host, m.separator));
  }),
  fn('decode_contact', [], ROUTE_REQUEST, (m) => (ctx) => {
    const uri = ruri(ctx);
    const decoded = uri === null ? undefined : decodeFields(uri, m.separator);
    if (decoded === undefined) {
      return fail(m, 'decode_contact', `"${ctx.target.uri}" is not encoded`, 'SIPUTILS_NOT_ENCODED', NOT_ENCODED);
    }
    ctx.target.uri = decoded;
    return 1;
  }),
  fn('decode_contact_header', [], RFO, (m) => (ctx) => {
    if (ctx.message.findByName('Contact').length === 0) return -1;
    if (mapContacts(ctx, (uri) => decodeFields(uri, m.separator))) return 1;
    return fail(m, 'decode_contact_header', 'a Contact is not encoded', 'SIPUTILS_NOT_ENCODED', NOT_ENCODED);
  }),
  fn('contact_param_encode', ['str', 'str'], RO, (m) => (ctx, name, address) => {
    return contactMap(m, 'contact_param_encode', ctx, (uri) => encodeParam(uri, name, address));
  }),
  // Only who encodes decodes: contact_param_decode() reads this as well.
  fn(
    'contact_param_encode_alias',
    ['str', 'str'],
    RO,
    (m) => (ctx, name, address) => {
      return contactMap(m, 'contact_param_encode_alias', ctx, (uri) => encodeParam(uri, name, address));
    },
    { support: 'partly: in the encoding of contact_param_encode(); that of the original is not documented' },
  ),
  fn('contact_param_decode', ['str'], RO, (m) => (ctx, name) => {
    return contactMap(m, 'contact_param_decode', ctx, (uri) => decodeParam(uri, name));
  }),
  fn('contact_param_decode_ruri', ['str'], ROUTE_REQUEST, (m) => (ctx, name) => decodeRuri(m, ctx, name)),
  fn('contact_param_rm', ['str'], RO, (m) => (ctx, name) => {
    return contactMap(m, 'contact_param_rm', ctx, (uri) => removeParam(uri, name));
  }),
  fn('contact_param_check', ['str'], ROUTE_ANY, () => (ctx, name) => {
    const wanted = name.toLowerCase();
    const has = (contactValues(ctx) ?? []).some(({ uri }) =>
      uriParams(parseUri(uri)?.params ?? '').some(([own]) => own.toLowerCase() === wanted),
    );
    return bool(has);
  }),
  fn(
    'ring_insert_callid',
    [],
    ROUTE_REQUEST | ROUTE_FAILURE,
    (m) => (ctx) => {
      if (m.ringTimeout <= 0)
        return fail(m, 'ring_insert_callid', 'ring_timeout is not set', 'SIPUTILS_NO_RING_TIMEOUT');
      ctx.state.addReplyTransform(ringing(m, m.host.clock.now() + m.ringTimeout * 1000));
      return 1;
    },
    { support: 'yes: for the replies of this transaction; the original, up to 5.4, goes by Call-ID' },
  ),
];
