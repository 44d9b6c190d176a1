import { BODY_EDIT } from '../../message/forward.ts';
import { HDR_CONTENT_TYPE } from '../../message/header-name.ts';
import type { ScriptContext } from '../../script/context.ts';
import { removeHeader } from './header-lines.ts';

/** Key of the edit that adds the Content-Type of a new body. */
export const CONTENT_TYPE_EDIT = 'content-type';

function pending(ctx: ScriptContext, key: string): string | null {
  let edit = ctx.edits.get(key);
  // A branch sees the message's edits below its own.
  if (edit === undefined && ctx.edits !== ctx.state.edits && ctx.message === ctx.state.message)
    edit = ctx.state.edits.get(key);
  return edit === undefined || typeof edit.text !== 'string' ? null : edit.text;
}

/** The body as it will go out: what was set before, else the received one. Changes of a body build on each other. */
export function currentBody(ctx: ScriptContext): string {
  return pending(ctx, BODY_EDIT) ?? ctx.message.body;
}

/** Replaces the whole body; Content-Length follows when the message is written. */
export function replaceBody(ctx: ScriptContext, body: string): void {
  ctx.edits.replace(ctx.message.bodyStart, ctx.message.bodyEnd, body, BODY_EDIT);
}

/** Content-Type as it will go out, empty when there is none. */
export function currentContentType(ctx: ScriptContext): string {
  const line = pending(ctx, CONTENT_TYPE_EDIT);
  if (line === null) return ctx.message.value(HDR_CONTENT_TYPE) ?? '';
  return /^Content-Type: ([^\r\n]*)/.exec(line)?.[1] ?? '';
}

/**
 * Sets Content-Type; headers that had it go away.
 * @param type the header's value, without line ends
 * @param more further header lines, each with CRLF
 */
export function setContentType(ctx: ScriptContext, type: string, more = ''): void {
  for (const header of ctx.message.findAll(HDR_CONTENT_TYPE)) removeHeader(ctx, header);
  ctx.edits.insert(ctx.message.headersEnd, `Content-Type: ${type}\r\n${more}`, CONTENT_TYPE_EDIT);
}

/** The media type of a Content-Type value in lower case, without parameters: `application/sdp`. */
export function mediaType(value: string): string {
  const semicolon = value.indexOf(';');
  return (semicolon < 0 ? value : value.slice(0, semicolon)).trim().toLowerCase();
}
