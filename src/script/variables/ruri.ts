import type { SipUri } from '../../message/uri.ts';
import type { ScriptContext } from '../context.ts';
import { L_ERR } from '../log.ts';
import type { ModuleHost } from '../module-definition.ts';
import type { Value } from '../values.ts';
import { alias, type CoreVariable, hasControl, hosted, simple } from './define.ts';
import {
  hostOf,
  portOf,
  portText,
  protoId,
  schemeId,
  transportOf,
  UriMemo,
  userOf,
  withHost,
  withPort,
  withUser,
} from './uri-parts.ts';

const memo = new UriMemo();

/** The current Request-URI, parsed; null in replies and when it is no URI. */
export function currentUri(ctx: ScriptContext): SipUri | null {
  const { message } = ctx;
  if (!message.isRequest) return null;
  const text = ctx.target.uri;
  return text === message.requestUri ? message.ruri : memo.parse(text);
}

/** The same, with a word in the log when the URI is unreadable: a script that set a bad $ru should hear of it. */
function readable(host: ModuleHost, ctx: ScriptContext): SipUri | null {
  const uri = currentUri(ctx);
  if (uri === null && ctx.message.isRequest)
    host.log.write(L_ERR, 'pv', `the R-URI cannot be parsed: ${ctx.target.uri}`, 'PV_RURI_INVALID');
  return uri;
}

/** Puts a rebuilt text in place; null: the URI has no such part. */
function store(ctx: ScriptContext, text: string | null): boolean {
  if (text === null || hasControl(text)) return false;
  ctx.target.uri = text;
  return true;
}

function setUri(ctx: ScriptContext, value: Value): boolean {
  return ctx.message.isRequest && typeof value === 'string' && value !== '' && store(ctx, value);
}

function setUser(ctx: ScriptContext, value: Value): boolean {
  const uri = currentUri(ctx);
  if (uri === null || typeof value === 'number') return false;
  return store(ctx, withUser(uri, value === '' ? null : value));
}

function setHost(ctx: ScriptContext, value: Value): boolean {
  const uri = currentUri(ctx);
  if (uri === null || typeof value !== 'string' || value === '') return false;
  return store(ctx, withHost(uri, value));
}

function setPort(ctx: ScriptContext, value: Value): boolean {
  const uri = currentUri(ctx);
  if (uri === null) return false;
  if (value === null || value === '') return store(ctx, withPort(uri, 0));
  const port = typeof value === 'number' ? value : /^\d{1,5}$/.test(value) ? Number(value) : -1;
  // Kamailio writes any number and makes a URI that nobody can parse.
  if (port < 1 || port > 65535) return false;
  return store(ctx, withPort(uri, port));
}

function userLength(uri: SipUri | null): number {
  const user = userOf(uri);
  return typeof user === 'string' ? user.length : 0;
}

const ru = hosted('ru', true, (host) => ({ get: (ctx) => readable(host, ctx)?.text ?? null, set: setUri }));
const rU = hosted('rU', true, (host) => ({ get: (ctx) => userOf(readable(host, ctx)), set: setUser }));
const rd = hosted('rd', true, (host) => ({ get: (ctx) => hostOf(readable(host, ctx)), set: setHost }));

/** The Request-URI as received; of a reply: nothing. */
function original(ctx: ScriptContext): SipUri | null {
  return ctx.message.ruri;
}
const ou = simple('ou', (ctx) => (ctx.message.isRequest ? ctx.message.requestUri : null));

/** $ru and its parts, $ou and its parts. Writes take effect at once, on the target of the branch that is being processed. */
export const ruriVariables: readonly CoreVariable[] = [
  ru,
  alias('ruri', ru),
  rU,
  alias('ruri.user', rU),
  rd,
  alias('ruri.domain', rd),
  hosted('rp', true, (host) => ({
    get: (ctx) => portText(readable(host, ctx)),
    int: (ctx) => portOf(currentUri(ctx)),
    set: setPort,
  })),
  hosted('rP', false, (host) => ({
    get: (ctx) => transportOf(readable(host, ctx)),
    int: (ctx) => protoId(transportOf(currentUri(ctx))),
  })),
  simple('rz', { get: (ctx) => currentUri(ctx)?.scheme ?? null, int: (ctx) => schemeId(currentUri(ctx)) }),
  simple('rUl', (ctx) => (ctx.message.isRequest ? userLength(currentUri(ctx)) : null)),
  simple('rul', (ctx) => (ctx.message.isRequest ? ctx.target.uri.length : null)),
  ou,
  alias('ouri', ou),
  simple('oU', (ctx) => userOf(original(ctx))),
  simple('od', (ctx) => hostOf(original(ctx))),
  simple('op', { get: (ctx) => portText(original(ctx)), int: (ctx) => portOf(original(ctx)) }),
  simple('oP', { get: (ctx) => transportOf(original(ctx)), int: (ctx) => protoId(transportOf(original(ctx))) }),
  simple('oUl', (ctx) => (ctx.message.isRequest ? userLength(original(ctx)) : null)),
];
