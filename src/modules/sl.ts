import { RpcStruct } from '../rpc/value.ts';
import type { ScriptContext } from '../script/context.ts';
import { L_ERR } from '../script/log.ts';
import {
  callbackParam,
  defineModule,
  fn,
  intParam,
  type ModuleHost,
  rpc,
  strParam,
} from '../script/module-definition.ts';
import { ROUTE_FAILURE, ROUTE_ONREPLY, ROUTE_REQUEST } from '../script/values.ts';

/** State of one program's sl module. */
interface SlModule {
  readonly host: ModuleHost;
  readonly bindTm: boolean;
  /** Stops counting. */
  readonly release: () => void;
}

const REPLY = ROUTE_REQUEST | ROUTE_ONREPLY | ROUTE_FAILURE;

/** Names in sl.stats, in Kamailio's order. */
const STATS = '200 202 2xx 300 301 302 3xx 400 401 403 404 407 408 483 4xx 500 5xx 6xx xxx'.split(' ');

/** A status code given as text; 0 when it is none. */
export function statusCode(text: string): number {
  return /^[1-6]\d\d$/.test(text) ? Number(text) : 0;
}

function badCode(module: SlModule, text: string): number {
  // The original sends what it is given ("000"); a reply with such a status line is worse than none.
  module.host.log.write(L_ERR, 'sl', `"${text}" is no status code: nothing was sent`, 'SL_BAD_STATUS');
  return -1;
}

function stateless(module: SlModule, ctx: ScriptContext, code: string, reason: string): number {
  const status = statusCode(code);
  if (status === 0) return badCode(module, code);
  return module.host.proxy.statelessReply(ctx.state, status, reason);
}

/** Counts the stateless replies of all modules: challenges and answers to registrations, too. @returns call it to end that */
function countReplies(host: ModuleHost): () => void {
  const { statistics } = host;
  const sent = statistics.counter('sl', 'sent_replies');
  const failed = statistics.counter('sl', 'failures');
  const classes = [1, 2, 3, 4, 5, 6].map((digit) => statistics.counter('sl', `${digit}xx_replies`));
  const codes = new Map(
    [200, 202, 300, 301, 302, 400, 401, 403, 404, 407, 408, 483, 500].map((code) => [
      code,
      statistics.counter('sl', `${code}_replies`),
    ]),
  );
  return host.proxy.onStatelessAnswer((state, status, went) => {
    // After a reload there is one listener for each program.
    if (state.hooks !== host.program().hooks) return;
    if (!went) {
      failed.value++;
      return;
    }
    sent.value++;
    // As in Kamailio: the class counts those that have no counter of their own.
    const counter = codes.get(status) ?? classes[Math.floor(status / 100) - 1];
    if (counter !== undefined) counter.value++;
  });
}

/** send_reply: stateful when there is a transaction (RFC 3261 §17.2), else stateless. */
function reply(module: SlModule, ctx: ScriptContext, code: string, reason: string): number {
  const status = statusCode(code);
  if (status === 0) return badCode(module, code);
  if (ctx.state.transaction !== null && module.bindTm) return module.host.proxy.reply(ctx.state, status, reason);
  return module.host.proxy.statelessReply(ctx.state, status, reason);
}

function errorReply(module: SlModule, ctx: ScriptContext): number {
  const { state } = ctx;
  // The transaction has answered for itself: one precise answer, not two.
  if (state.transaction !== null && state.transaction.lastStatus >= 200) return -3;
  const status = state.errorStatus === 0 ? 500 : state.errorStatus;
  const reason =
    state.errorStatus === 0
      ? "I'm terribly sorry, server error occurred (1/SL)"
      : state.errorReason.replace('/TM)', '/SL)');
  if (state.transaction !== null) return module.host.proxy.reply(state, status, reason);
  return module.host.proxy.statelessReply(state, status, reason);
}

/** sl: stateless replies. */
export const sl = defineModule<SlModule>({
  name: 'sl',
  after: ['tm'],
  parameters: [
    intParam('default_code', 500, 'ignored: a code that is none is refused'),
    strParam('default_reason', 'Internal Server Error', 'ignored: a code that is none is refused'),
    intParam('bind_tm', 1),
    intParam('rich_redirect', 0, 'ignored: q values are always written'),
    callbackParam('event_callback_fl_ack', ['sl:filtered-ack']),
    strParam('event_callback_lres_sent', null, 'ignored: no KEMI callbacks yet'),
  ],
  functions: [
    fn('sl_send_reply', ['str', 'str'], REPLY, (m) => (ctx, code, reason) => stateless(m, ctx, code, reason)),
    fn('sl_reply', ['str', 'str'], REPLY, (m) => (ctx, code, reason) => stateless(m, ctx, code, reason)),
    fn('send_reply', ['str', 'str'], REPLY, (m) => (ctx, code, reason) => reply(m, ctx, code, reason)),
    fn(
      'send_reply_mode',
      ['str', 'str', 'int'],
      REPLY,
      // mode 1: stateful only, 2: stateless only
      (m) => (ctx, code, reason, mode) => (mode === 2 ? stateless(m, ctx, code, reason) : reply(m, ctx, code, reason)),
    ),
    fn('sl_reply_error', [], REPLY, (m) => (ctx) => errorReply(m, ctx)),
    fn('send_reply_error', [], REPLY, (m) => (ctx) => errorReply(m, ctx)),
    fn('sl_forward_reply', ['str?', 'str?'], ROUTE_ONREPLY, (m) => (ctx, code, reason) => {
      if (ctx.reply === null) return -1;
      if (code !== undefined) {
        const status = statusCode(code);
        // Only within the reply's class: 18x stays provisional, a final one final (RFC 3261 §16.7).
        if (status === 0 || Math.floor(status / 100) !== Math.floor(ctx.reply.status / 100)) return badCode(m, code);
        ctx.edits.status = status;
        ctx.edits.reason = reason ?? '';
      }
      return m.host.proxy.forwardReply(ctx.state, ctx.reply, ctx.edits);
    }),
  ],
  variables: [
    {
      name: 'ltt',
      writable: false,
      inner: 'required',
      support: 'yes',
      bind: (m) => (inner, _index, text) => {
        const key = inner?.constant;
        if (key !== 's' && key !== 't' && key !== 'x') return '$ltt takes s, t or x';
        return { text, get: (ctx) => m.host.proxy.localToTag(ctx.state, key !== 's'), int: null, set: null };
      },
    },
  ],
  transformations: [],
  eventRoutes: ['sl:filtered-ack'],
  rpc: [
    rpc(
      'sl.stats',
      ['Replies sent without a transaction, by status.'],
      ({ host: { statistics } }) =>
        new RpcStruct(STATS.map((name) => [name, statistics.read(`sl:${name}_replies`) ?? 0])),
    ),
  ],
  create: (host, parameters) => ({ host, bindTm: parameters.int('bind_tm') !== 0, release: countReplies(host) }),
  stop: (module) => module.release(),
});
