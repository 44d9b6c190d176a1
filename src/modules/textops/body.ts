import { HDR_CONTENT_TYPE } from '../../message/header-name.ts';
import { hasCrlf } from '../../message/sanitize.ts';
import type { ScriptContext } from '../../script/context.ts';
import { fn, type VariableAccess } from '../../script/module-definition.ts';
import { ROUTE_ANY, ROUTE_BRANCH, ROUTE_FAILURE, ROUTE_ONREPLY, ROUTE_REQUEST } from '../../script/values.ts';
import { currentBody, currentContentType, mediaType, replaceBody, setContentType } from '../support/body.ts';
import { headerLines } from '../support/header-lines.ts';
import {
  type BodyPart,
  boundaryOf,
  DEFAULT_BOUNDARY,
  fromHex,
  isBoundary,
  printPart,
  splitMultipart,
  withoutPart,
  withPart,
} from '../support/multipart.ts';
import { audioHold } from '../support/sdp-hold.ts';
import { fail, type TextopsFunction, type TextopsModule } from './instance.ts';

const RFB = ROUTE_REQUEST | ROUTE_FAILURE | ROUTE_BRANCH;
const RFBO = RFB | ROUTE_ONREPLY;

/** A Content-Type that a message of SDP alone may lack. */
const DEFAULT_TYPE = 'application/sdp';

/** has_body: 1 a body (of this type), -1 none or of another type. */
function hasBody(ctx: ScriptContext, type: string): number {
  const { message } = ctx;
  if (message.bodyEnd <= message.bodyStart) return -1;
  if (type === '' || type === '0') return 1;
  const own = mediaType(message.value(HDR_CONTENT_TYPE) ?? '') || DEFAULT_TYPE;
  return own === mediaType(type) ? 1 : -1;
}

/** True for a Content-Type value; it may bring further header lines with it, each after a line end. */
function isContentType(type: string): boolean {
  return type !== '' && headerLines(`Content-Type: ${type}`) !== null;
}

function setBody(m: TextopsModule, name: string, ctx: ScriptContext, body: string | null, type: string): number {
  if (body === null || body === '') return fail(m, name, 'no body given', 'TEXTOPS_BAD_BODY');
  if (!isContentType(type)) return fail(m, name, `"${type}" is no Content-Type`, 'TEXTOPS_BAD_BODY');
  replaceBody(ctx, body);
  setContentType(ctx, type);
  return 1;
}

function setReplyBody(m: TextopsModule, name: string, ctx: ScriptContext, body: string | null, type: string): number {
  if (body === null || body === '') return fail(m, name, 'no body given', 'TEXTOPS_BAD_BODY');
  if (type === '' || hasCrlf(type)) return fail(m, name, `"${type}" is no Content-Type`, 'TEXTOPS_BAD_BODY');
  ctx.state.replyBody = body;
  ctx.state.replyContentType = type;
  return 1;
}

/** set_body_multipart: makes the given text, or the present body, the first part of a multipart body. */
function setMultipart(
  m: TextopsModule,
  ctx: ScriptContext,
  text: string | undefined,
  type: string | undefined,
  boundary: string,
): number {
  const name = 'set_body_multipart';
  const content = text ?? currentBody(ctx);
  const own = type ?? (currentContentType(ctx) || DEFAULT_TYPE);
  if (content === '') return fail(m, name, 'no body to convert', 'TEXTOPS_BAD_BODY');
  if (!isContentType(own)) return fail(m, name, `"${own}" is no Content-Type`, 'TEXTOPS_BAD_BODY');
  if (!isBoundary(boundary)) return fail(m, name, `"${boundary}" is no boundary`, 'TEXTOPS_BAD_BODY');
  replaceBody(ctx, withPart('', boundary, printPart(boundary, own, '', content)));
  const version = ctx.message.findByName('Mime-Version').length === 0 ? 'Mime-Version: 1.0\r\n' : '';
  setContentType(ctx, `multipart/mixed;boundary="${boundary}"`, version);
  return 1;
}

function appendPart(
  m: TextopsModule,
  name: string,
  ctx: ScriptContext,
  content: string | null,
  type: string,
  disposition: string,
): number {
  const boundary = boundaryOf(currentContentType(ctx));
  if (boundary === '') return fail(m, name, 'the body is not multipart', 'TEXTOPS_NO_MULTIPART');
  if (content === null) return fail(m, name, 'content is no hexadecimal text', 'TEXTOPS_BAD_BODY');
  if (!isContentType(type) || (disposition !== '' && headerLines(`Content-Disposition: ${disposition}`) === null)) {
    return fail(m, name, `"${type}" is no Content-Type`, 'TEXTOPS_BAD_BODY');
  }
  replaceBody(ctx, withPart(currentBody(ctx), boundary, printPart(boundary, type, disposition, content)));
  return 1;
}

/** The first part of a media type, or null. A body that is not multipart has none. */
function partOf(ctx: ScriptContext, type: string): { readonly body: string; readonly part: BodyPart } | null {
  const boundary = boundaryOf(currentContentType(ctx));
  if (boundary === '') return null;
  const body = currentBody(ctx);
  const wanted = mediaType(type);
  const part = splitMultipart(body, boundary).parts.find((one) => one.type === wanted);
  return part === undefined ? null : { body, part };
}

function getPart(m: TextopsModule, ctx: ScriptContext, type: string, variable: VariableAccess, raw: boolean): number {
  if (variable.set === null) return fail(m, 'get_body_part', `${variable.text} is read-only`, 'TEXTOPS_READ_ONLY');
  const found = partOf(ctx, type);
  if (found !== null) {
    const { body, part } = found;
    return variable.set(ctx, body.slice(raw ? part.start : part.content, part.end)) ? 1 : -1;
  }
  // A body that is not multipart counts as its own only part.
  const own = currentContentType(ctx);
  if (boundaryOf(own) !== '' || mediaType(own) !== mediaType(type)) return -1;
  return variable.set(ctx, currentBody(ctx)) ? 1 : -1;
}

function removePart(m: TextopsModule, ctx: ScriptContext, type: string): number {
  if (boundaryOf(currentContentType(ctx)) === '') {
    return fail(m, 'remove_body_part', 'the body is not multipart', 'TEXTOPS_NO_MULTIPART');
  }
  const found = partOf(ctx, type);
  if (found === null) return -1;
  replaceBody(ctx, withoutPart(found.body, found.part));
  return 1;
}

function filterBody(m: TextopsModule, ctx: ScriptContext, type: string): number {
  if (boundaryOf(currentContentType(ctx)) === '') {
    return fail(m, 'filter_body', 'the body is not multipart', 'TEXTOPS_NO_MULTIPART');
  }
  const found = partOf(ctx, type);
  if (found === null) return -1;
  // RFC 2046 §5.1.1: the line end before a delimiter belongs to the delimiter.
  replaceBody(ctx, found.body.slice(found.part.content, found.part.end).replace(/\r?\n$/, ''));
  return 1;
}

export const BODY_FUNCTIONS: readonly TextopsFunction[] = [
  fn('has_body', ['str?'], ROUTE_ANY, () => (ctx, type) => hasBody(ctx, type ?? '')),
  fn('set_body', ['str', 'str'], RFBO, (m) => (ctx, text, type) => setBody(m, 'set_body', ctx, text, type)),
  fn('set_body_hex', ['str', 'str'], ROUTE_ANY, (m) => (ctx, text, type) => {
    return setBody(m, 'set_body_hex', ctx, fromHex(text), type);
  }),
  fn('set_reply_body', ['str', 'str'], RFB, (m) => (ctx, text, type) => {
    return setReplyBody(m, 'set_reply_body', ctx, text, type);
  }),
  fn('set_reply_body_hex', ['str', 'str'], RFB, (m) => (ctx, text, type) => {
    return setReplyBody(m, 'set_reply_body_hex', ctx, fromHex(text), type);
  }),
  fn('filter_body', ['str'], ROUTE_ANY, (m) => (ctx, type) => filterBody(m, ctx, type)),
  fn('set_body_multipart', ['str?'], RFB, (m) => (ctx, boundary) => {
    return setMultipart(m, ctx, undefined, undefined, boundary ?? DEFAULT_BOUNDARY);
  }),
  fn('set_body_multipart', ['str', 'str', 'str?'], RFB, (m) => (ctx, text, type, boundary) => {
    return setMultipart(m, ctx, text, type, boundary ?? DEFAULT_BOUNDARY);
  }),
  fn('append_body_part', ['str', 'str', 'str?'], RFB, (m) => (ctx, text, type, disposition) => {
    return appendPart(m, 'append_body_part', ctx, text, type, disposition ?? '');
  }),
  fn('append_body_part_hex', ['str', 'str', 'str?'], RFB, (m) => (ctx, text, type, disposition) => {
    return appendPart(m, 'append_body_part_hex', ctx, fromHex(text), type, disposition ?? '');
  }),
  fn('get_body_part', ['str', 'var'], RFBO, (m) => (ctx, type, variable) => getPart(m, ctx, type, variable, false)),
  fn('get_body_part_raw', ['str', 'var'], RFBO, (m) => (ctx, type, variable) => getPart(m, ctx, type, variable, true)),
  fn('remove_body_part', ['str'], RFB, (m) => (ctx, type) => removePart(m, ctx, type)),
  fn('is_audio_on_hold', [], ROUTE_ANY, () => (ctx) => audioHold(ctx.message.body) || -1),
];
