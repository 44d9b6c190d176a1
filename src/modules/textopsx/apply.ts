import { applyEdits, EditList, type Outbound } from '../../message/edits.ts';
import { HDR_CONTENT_LENGTH } from '../../message/header-name.ts';
import { SipMessage } from '../../message/message.ts';
import { type ParseFailure, parseMessage } from '../../message/parser.ts';
import { sanitizeReason, sanitizeUri } from '../../message/sanitize.ts';
import { RUN, type ScriptContext } from '../../script/context.ts';
import { fn } from '../../script/module-definition.ts';
import { ROUTE_ANY, ROUTE_CORE_ONREPLY, ROUTE_ONREPLY, ROUTE_REQUEST } from '../../script/values.ts';
import { fail, type TextopsxFunction, type TextopsxModule } from './instance.ts';

/** The message's text with its new first line and all recorded changes, Content-Length true again. */
function changedText(ctx: ScriptContext): string {
  const { message } = ctx;
  const { socket } = ctx.from;
  const out: Outbound = { proto: socket.proto, host: socket.displayHost, port: socket.displayPort };
  const body = applyEdits(message, ctx.edits, null, out, message.bodyStart, message.bodyEnd);
  let { edits } = ctx;
  const lengths = message.findAll(HDR_CONTENT_LENGTH);
  if (body !== message.body || lengths.length === 0) {
    edits = edits.clone();
    for (const { valueStart, valueEnd } of lengths) edits.replace(valueStart, valueEnd, `${body.length}`);
    if (lengths.length === 0) edits.insert(message.headersEnd, `Content-Length: ${body.length}\r\n`);
  }
  const headers = applyEdits(message, edits, null, out, message.headersStart, message.headersEnd);
  return `${firstLine(ctx)}\r\n${headers}\r\n${body}`;
}

function firstLine(ctx: ScriptContext): string {
  const { message, edits } = ctx;
  if (message.isRequest) return `${message.method} ${sanitizeUri(ctx.target.uri)} SIP/2.0`;
  const reason = edits.status === 0 || edits.reason === '' ? message.reason : edits.reason;
  return `SIP/2.0 ${edits.status || message.status} ${sanitizeReason(reason)}`;
}

/** Makes another message the one that this run, and for requests all that follows, works on. Changes recorded so far are in it. */
function replaceMessage(ctx: ScriptContext, message: SipMessage): void {
  const { state } = ctx;
  const edits = new EditList();
  if (ctx.message === state.message) {
    state.message = message;
    state.edits = edits;
  }
  if (ctx.reply === ctx.message) ctx.reply = message;
  ctx.message = message;
  ctx.edits = edits;
}

/**
 * Why the message cannot be exchanged now, '' when it can. Branches and Record-Route are made for the message as it is: once there is a
 * transaction or record_route() was called it must stay.
 */
function obstacle(ctx: ScriptContext): string {
  if (ctx.routeType === ROUTE_CORE_ONREPLY) return '';
  if (ctx.routeType !== ROUTE_REQUEST) return 'only a request_route or a core reply_route may do this';
  if (ctx.state.transaction !== null) return 'the transaction exists already';
  if (ctx.state.recordRoute !== null) return 'record_route() was called already';
  return '';
}

/** msg_apply_changes(): 1, -1 with the message left as it was. */
function applyChanges(m: TextopsxModule, ctx: ScriptContext): number {
  const why = obstacle(ctx);
  if (why !== '') return fail(m, 'msg_apply_changes', why, 'TEXTOPSX_APPLY_LATE');
  const message = parseMessage(changedText(ctx));
  if (!(message instanceof SipMessage)) return unreadable(m, 'msg_apply_changes', message);
  replaceMessage(ctx, message);
  return 1;
}

function unreadable(m: TextopsxModule, name: string, failure: ParseFailure): number {
  return fail(m, name, `the new message cannot be read: ${failure.code} ${failure.reason}`, 'TEXTOPSX_APPLY_BAD');
}

/** msg_set_buffer(): another text takes the message's place; a request stays a request. */
function setBuffer(m: TextopsxModule, ctx: ScriptContext, text: string): number {
  const why = obstacle(ctx);
  if (why !== '') return fail(m, 'msg_set_buffer', why, 'TEXTOPSX_APPLY_LATE');
  const message = parseMessage(text);
  if (!(message instanceof SipMessage)) return unreadable(m, 'msg_set_buffer', message);
  if (message.isRequest !== ctx.message.isRequest) {
    return fail(m, 'msg_set_buffer', 'a request cannot become a reply, nor a reply a request', 'TEXTOPSX_APPLY_BAD');
  }
  replaceMessage(ctx, message);
  if (message.isRequest) ctx.target.uri = message.requestUri;
  return 1;
}

/** msg_changed_route(): runs a route that sees the changed message; afterwards everything is as before. @returns the route's value */
function changedRoute(m: TextopsxModule, ctx: ScriptContext, name: string): number | Promise<number> {
  const route = ctx.program.route('route', name);
  if (route === null) return fail(m, 'msg_changed_route', `no route[${name}]`, 'TEXTOPSX_NO_ROUTE');
  const changed = parseMessage(changedText(ctx));
  if (!(changed instanceof SipMessage)) return unreadable(m, 'msg_changed_route', changed);
  const { message, edits } = ctx;
  ctx.message = changed;
  ctx.edits = new EditList();
  const restore = (): void => {
    ctx.message = message;
    ctx.edits = edits;
  };
  const done = (value: number): number => {
    restore();
    return ctx.stop === RUN ? value : 0;
  };
  let value: number | Promise<number>;
  try {
    value = route(ctx);
  } catch (error) {
    restore();
    throw error;
  }
  if (typeof value === 'number') return done(value);
  return value.then(done, (error: unknown) => {
    restore();
    throw error;
  });
}

/** change_reply_status: 1; -1 for a bad code or one of a class that would change what the reply means. */
function changeStatus(
  m: TextopsxModule,
  ctx: ScriptContext,
  name: string,
  code: number,
  reason: string | null,
): number {
  const { message, edits } = ctx;
  if (!(Number.isInteger(code) && code >= 100 && code <= 699))
    return fail(m, name, `no status ${code}`, 'TEXTOPSX_BAD_STATUS');
  const class1 = Math.floor(code / 100);
  const class2 = Math.floor(message.status / 100);
  // A provisional or positive reply has done its work in the transaction already.
  if (class1 !== class2 && (class1 < 3 || class2 < 3)) {
    return fail(m, name, `${message.status} cannot become ${code}`, 'TEXTOPSX_BAD_STATUS');
  }
  edits.status = code;
  if (reason !== null) edits.reason = reason;
  return 1;
}

export const APPLY_FUNCTIONS: readonly TextopsxFunction[] = [
  fn('msg_apply_changes', [], ROUTE_REQUEST | ROUTE_ONREPLY, (m) => (ctx) => applyChanges(m, ctx)),
  fn('msg_set_buffer', ['str'], ROUTE_REQUEST | ROUTE_ONREPLY, (m) => (ctx, text) => setBuffer(m, ctx, text)),
  fn('msg_changed_route', ['str'], ROUTE_ANY, (m) => (ctx, name) => changedRoute(m, ctx, name), { async: true }),
  fn('change_reply_status', ['int', 'str'], ROUTE_ONREPLY, (m) => (ctx, code, reason) => {
    return changeStatus(m, ctx, 'change_reply_status', code, reason);
  }),
  fn('change_reply_status_code', ['int'], ROUTE_ONREPLY, (m) => (ctx, code) => {
    return changeStatus(m, ctx, 'change_reply_status_code', code, null);
  }),
];
