import type { SipMessage } from '../../message/message.ts';
import { RequestState } from '../../proxy/request-state.ts';
import { ScriptContext } from '../../script/context.ts';
import { L_ERR, L_INFO } from '../../script/log.ts';
import {
  type FunctionDefinition,
  fn,
  type ModuleHost,
  type VariableDefinition,
} from '../../script/module-definition.ts';
import { fromHere, runOccasion } from '../../script/occasion.ts';
import { ROUTE_ANY, ROUTE_EVENT, type Value } from '../../script/values.ts';
import type { ListenSocket } from '../../transport/transport.ts';
import { isNumberKey, isTextKey, REQUEST_KEYS, RequestFields } from '../../uac/request-fields.ts';
import { prepareRequest, type RequestReport, sendRequest } from '../../uac/request-send.ts';
import { slot } from '../../uac/slot.ts';
import { socketByName } from './socket-name.ts';

/** The event route that replies to requests of our own run. */
export const REPLY_ROUTE = 'uac:reply';

/** What the request generator needs of the module. */
export interface RequestModule {
  readonly host: ModuleHost;
  readonly settings: { readonly defaultSocket: ListenSocket | null };
  /** INVITEs of ours that were answered or are still ringing, by Call-ID: what ends each. */
  readonly ownCalls: Map<string, () => void>;
}

/** $uac_req(evroute) of Kamailio: only failures, without answering challenges. Another number but 0 means every final reply. */
const FAILURES = 2;

const FIELDS = slot<RequestFields>('uac request');

function fieldsOf({ state }: ScriptContext): RequestFields {
  let fields = FIELDS.get(state);
  if (fields === undefined) {
    fields = new RequestFields();
    FIELDS.set(state, fields);
  }
  return fields;
}

/** $uac_req(key) (uac README): the request that uac_req_send() sends. It lives with the message being processed. */
export const requestVariable: VariableDefinition<RequestModule> = {
  name: 'uac_req',
  writable: true,
  inner: 'required',
  support:
    'yes: it belongs to the message; arealm and a longer apasswd are ours; fr_timeout and fr_inv_timeout are milliseconds',
  bind: (m) => (inner, _index, text) => {
    const key = inner?.constant ?? '';
    if (key === 'all')
      return {
        text,
        get: (ctx) => fieldsOf(ctx).number('flags'),
        int: null,
        set: (ctx, value) => {
          if (value === null) fieldsOf(ctx).clear();
          return true;
        },
      };
    if (!isTextKey(key) && !isNumberKey(key)) return `no such key; there are all, ${REQUEST_KEYS.join(', ')}`;
    return {
      text,
      get: (ctx) => fieldsOf(ctx).get(key),
      int: null,
      set: (ctx, value: Value) => {
        const refused = fieldsOf(ctx).set(key, value);
        if (refused === null) return true;
        m.host.log.write(L_ERR, 'uac', `${text} keeps its value`, refused);
        return false;
      },
    };
  },
};

function send(module: RequestModule, ctx: ScriptContext): number {
  const { host, settings, ownCalls } = module;
  const fields = fieldsOf(ctx).copy();
  const prepared = prepareRequest(fields, (text) => socketByName(host.sender.sockets, text), host.random);
  if (!prepared.ok) {
    host.log.write(L_ERR, 'uac', `uac_req_send: ${prepared.text}`, prepared.code);
    return -1;
  }
  const { parts, credential } = prepared.request;
  const evroute = fields.number('evroute');
  const request = {
    parts: parts.socket === null ? { ...parts, socket: settings.defaultSocket } : parts,
    // Kamailio answers no challenge for who wants to see the failure.
    credential: evroute === FAILURES ? null : credential,
  };
  const handle = sendRequest(host.proxy, request, (report) => {
    const { code, goesOn } = report;
    if (parts.method === 'INVITE' && !goesOn && (code < 200 || code > 299)) ownCalls.delete(parts.callId);
    const wanted = evroute === FAILURES ? code >= 300 || code === 0 : evroute !== 0;
    if (wanted && code !== 0) runReplyRoute(module, fields, report);
    if (report.outcome.reply === null && code !== 0)
      host.log.write(L_INFO, 'uac', `${parts.method} to ${parts.ruri}: ${code}, no reply`, 'UAC_REQ_FAILED');
  });
  if (parts.method === 'INVITE') ownCalls.set(parts.callId, () => handle.end());
  return 1;
}

/** Runs event_route[uac:reply] with the reply, or with a message of nobody for what happened here; $uac_req has what was sent. */
function runReplyRoute(module: RequestModule, sent: RequestFields, { code, outcome }: RequestReport): void {
  const { host } = module;
  const program = host.program();
  const fields = sent.copy();
  fields.set('evcode', code);
  fields.set('evtype', outcome.reply === null ? 2 : 1);
  const { reply, from } = outcome;
  if (reply === null || from === null) {
    const here = fromHere(host.sender.sockets, host.clock.now());
    runOccasion(program, 'event', REPLY_ROUTE, here, (ctx) => FIELDS.set(ctx.state, fields));
    return;
  }
  const route = program.route('event', REPLY_ROUTE);
  if (route === null) return;
  const ctx = replyContext(module, reply, new RequestState(reply, from, program.hooks));
  FIELDS.set(ctx.state, fields);
  void program.run(route, ctx);
}

function replyContext({ host }: RequestModule, reply: SipMessage, state: RequestState): ScriptContext {
  const { target, edits, received } = state;
  const serial = received.serial ?? 0;
  return new ScriptContext(host.program(), ROUTE_EVENT, reply, state, target, edits, null, reply, received, serial);
}

/** The request generator's functions. */
export const requestFunctions: readonly FunctionDefinition<RequestModule>[] = [
  fn('uac_req_send', [], ROUTE_ANY, (m: RequestModule) => (ctx) => send(m, ctx)),
  // Ours: hangs up an INVITE of ours by its Call-ID, ringing or answered.
  fn('uac_req_end', ['str'], ROUTE_ANY, (m: RequestModule) => (_ctx, callId) => {
    const end = m.ownCalls.get(callId);
    if (end === undefined) {
      m.host.log.write(L_INFO, 'uac', `uac_req_end: no call of ours has this Call-ID`, 'UAC_REQ_UNKNOWN');
      return -1;
    }
    m.ownCalls.delete(callId);
    end();
    return 1;
  }),
];
