import type { SipMessage } from '../message/message.ts';
import { socketByName } from '../modules/uac/socket-name.ts';
import type { ModuleHost } from '../script/module-definition.ts';
import { RequestFields, type RequestKey } from '../uac/request-fields.ts';
import { prepareRequest, type RequestReport, sendRequest } from '../uac/request-send.ts';
import { ApiError } from './errors.ts';
import { headerLine } from './handlers/message-headers.ts';
import { fromWire, toWire } from './wire-text.ts';

/** A request of our own. */
export interface RequestToSend {
  readonly method: string;
  /** URI or name-addr of To. */
  readonly to: string;
  /** URI or name-addr of From; absent: as To. */
  readonly from?: string;
  /** Request-URI; absent: the URI of To. */
  readonly ruri?: string;
  /** URI of the next hop; absent: the Request-URI. */
  readonly nextHop?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  /** Of the body. Default text/plain. */
  readonly contentType?: string;
  /** For 401 and 407; without a realm it is for every one. */
  readonly credential?: {
    readonly user: string;
    /** The password, or its HA1 when `ha1` is true. */
    readonly password: string;
    readonly realm?: string;
    readonly ha1?: boolean;
  };
  /** Ours to send from: `udp:192.0.2.10:5060`. */
  readonly socket?: string;
  /** Seconds until a request without a final reply is given up. */
  readonly timeout?: number;
}

/** How a request of our own ended. */
export interface FinalReply {
  /** Status of the reply; 408 without one, 477 when it could not be sent, 478 when the next hop has no address, 0 when a route dropped it. */
  readonly status: number;
  readonly reason: string;
  /** True for 200 to 299. */
  readonly ok: boolean;
  /** True when there is no reply and the status is ours. */
  readonly local: boolean;
  /** Value of its first header of a name. */
  header(name: string): string | undefined;
  readonly body: string;
  /** Ends the call of an INVITE that was answered with 2xx; nothing otherwise. */
  end(): void;
}

/** Sends a request of our own; see HandlerContext.send. */
export function sendRequestOf(host: ModuleHost, request: RequestToSend): Promise<FinalReply> {
  const prepared = prepareRequest(fieldsOf(request), (text) => socketByName(host.sender.sockets, text), host.random);
  if (!prepared.ok) throw new ApiError('API_SEND', prepared.text);
  return new Promise((resolve) => {
    const handle = sendRequest(host.proxy, prepared.request, (report) => {
      if (!report.goesOn) resolve(finalReply(report, () => handle.end()));
    });
  });
}

function fieldsOf(request: RequestToSend): RequestFields {
  const { method, to, from, ruri, nextHop, body, credential, socket, timeout } = request;
  const fields = new RequestFields();
  const set = (key: RequestKey, value: string | number | undefined, name: string): void => {
    if (value === undefined) return;
    const refused = fields.set(key, typeof value === 'string' ? toWire(value) : value);
    if (refused !== null) throw new ApiError('API_SEND', `${name} cannot be sent (${refused})`);
  };
  set('method', method, 'method');
  set('turi', to, 'to');
  set('furi', from ?? to, 'from');
  set('ruri', ruri ?? uriIn(to), 'ruri');
  set('ouri', nextHop, 'nextHop');
  set('sock', socket, 'socket');
  set('hdrs', headersOf(request) || undefined, 'headers');
  set('body', body, 'body');
  set('auser', credential?.user, 'credential.user');
  set('apasswd', credential?.password, 'credential.password');
  set('arealm', credential?.realm, 'credential.realm');
  if (credential?.ha1 === true) set('flags', 1, 'credential.ha1');
  if (timeout !== undefined) {
    set('fr_timeout', Math.round(timeout * 1000), 'timeout');
    set('fr_inv_timeout', Math.round(timeout * 1000), 'timeout');
  }
  return fields;
}

/** The URI of a name-addr. */
function uriIn(address: string): string {
  return /<([^<>]+)>/.exec(address)?.[1] ?? address;
}

function headersOf({ headers = {}, body, contentType }: RequestToSend): string {
  let lines = body === undefined ? '' : headerLine('Content-Type', contentType ?? 'text/plain');
  for (const [name, values] of Object.entries(headers))
    for (const value of typeof values === 'string' ? [values] : values) lines += headerLine(name, value);
  return lines;
}

function finalReply({ code, outcome: { reply } }: RequestReport, end: () => void): FinalReply {
  return {
    status: code,
    reason: reply === null ? '' : fromWire(reply.reason),
    ok: code >= 200 && code < 300,
    local: reply === null,
    header: (name) => (reply === null ? undefined : headerOf(reply, name)),
    body: reply === null ? '' : fromWire(reply.body),
    end,
  };
}

function headerOf(reply: SipMessage, name: string): string | undefined {
  const [found] = reply.findByName(name);
  return found === undefined ? undefined : fromWire(reply.valueOf(found));
}
