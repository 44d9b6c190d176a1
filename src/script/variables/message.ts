import { applyEdits, type Outbound } from '../../message/edits.ts';
import {
  HDR_CONTACT,
  HDR_CONTENT_LENGTH,
  HDR_CONTENT_TYPE,
  HDR_CSEQ,
  HDR_USER_AGENT,
} from '../../message/header-name.ts';
import { parseNameAddr } from '../../message/name-addr.ts';
import type { ScriptContext } from '../context.ts';
import type { Value } from '../values.ts';
import { access, type CoreVariable, innerText, keyed, noIndex, simple } from './define.ts';

/** The start line without its CRLF. */
function startLine(ctx: ScriptContext): string {
  const { raw, headersStart } = ctx.message;
  return raw.slice(0, headersStart).trim();
}

/** The first Contact's URI. */
function contactUri(ctx: ScriptContext): Value {
  const { message } = ctx;
  const header = message.find(HDR_CONTACT);
  return header === undefined ? null : (parseNameAddr(message.raw, header.valueStart, header.valueEnd)?.uri ?? null);
}

function isStar(ctx: ScriptContext): number {
  return ctx.message.value(HDR_CONTACT) === '*' ? 1 : 0;
}

function contentLength(ctx: ScriptContext): Value {
  const text = ctx.message.value(HDR_CONTENT_LENGTH);
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : null;
}

/** The message with the pending edits, as it would leave by the socket it came to. */
function withChanges(ctx: ScriptContext): string {
  const { message, edits, state } = ctx;
  const { socket } = ctx.from;
  const out: Outbound = { proto: socket.proto, host: socket.displayHost, port: socket.displayPort };
  const base = message.isRequest && edits !== state.edits ? state.edits : null;
  let text = applyEdits(message, base ?? edits, base === null ? null : edits, out, 0, message.bodyEnd);
  if (message.isRequest && ctx.target.uri !== message.requestUri) {
    // The new Request-URI is no edit: it belongs to the target.
    const at = text.indexOf(' ') + 1;
    text = text.slice(0, at) + ctx.target.uri + text.slice(text.indexOf(' ', at));
  }
  return text;
}

/** Length in bytes of what was received. */
function length(ctx: ScriptContext): number {
  return ctx.message.raw.length;
}

const msgbuf: CoreVariable = {
  name: 'msgbuf',
  writable: false,
  inner: 'required',
  bind: () => (inner, index, text) => {
    if (index !== null) return noIndex('msgbuf');
    if (inner === null) return '$msgbuf() needs the position of a character';
    return access(text, (ctx) => {
      const at = Number(innerText(inner, ctx));
      const { raw } = ctx.message;
      return Number.isInteger(at) && at >= 0 && at < raw.length ? raw.charAt(at) : null;
    });
  },
  support: 'partly: read-only, a received message never changes',
};

/** The first line, well-known headers, body and buffer of the message. */
export const messageVariables: readonly CoreVariable[] = [
  simple('rm', { get: (ctx) => ctx.message.method, int: (ctx) => ctx.message.methodId }),
  simple('rmid', (ctx) => ctx.message.methodId),
  simple('rs', {
    get: (ctx) => (ctx.message.isRequest ? null : String(ctx.message.status)),
    int: (ctx) => ctx.message.status,
  }),
  simple('rr', (ctx) => (ctx.message.isRequest ? null : ctx.message.reason)),
  simple('rv', (ctx) => ctx.message.version),
  simple('mt', (ctx) => (ctx.message.isRequest ? 1 : 2)),
  simple('mts', (ctx) => (ctx.message.isRequest ? 'rq' : 'rp')),
  // Always 0 in Kamailio 5.6: position of the identity in the source list of a request that came through its own API.
  simple('rsi', () => 0),
  simple('ci', (ctx) => ctx.message.callId || null),
  simple('cs', (ctx) => {
    const cseq = ctx.message.cseq;
    return cseq === null ? null : String(cseq.seq);
  }),
  simple('csb', (ctx) => ctx.message.value(HDR_CSEQ) ?? null),
  simple('ct', (ctx) => ctx.message.value(HDR_CONTACT) ?? null),
  simple('ctu', contactUri),
  simple('cts', isStar),
  simple('cT', (ctx) => ctx.message.value(HDR_CONTENT_TYPE) ?? null),
  simple('cl', contentLength),
  simple('ua', (ctx) => ctx.message.value(HDR_USER_AGENT) ?? null),
  simple('rb', (ctx) => ctx.message.body || null),
  simple('bs', (ctx) => ctx.message.bodyEnd - ctx.message.bodyStart),
  simple('mb', (ctx) => ctx.message.raw),
  simple('ml', length),
  simple('mbu', withChanges),
  keyed('msg', false, {
    len: length,
    buf: (ctx) => ctx.message.raw,
    fline: startLine,
    lpart: (ctx) => ctx.message.raw.slice(ctx.message.headersStart),
    hdrs: (ctx) => ctx.message.raw.slice(ctx.message.headersStart, ctx.message.headersEnd).replace(/\r?\n$/, ''),
    fpart: (ctx) => ctx.message.raw.slice(0, ctx.message.headersEnd).replace(/\r?\n$/, ''),
    body: (ctx) => ctx.message.body || null,
  }),
  msgbuf,
];
