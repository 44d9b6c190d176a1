import { HDR_CONTACT, HDR_RECORD_ROUTE } from '../../message/header-name.ts';
import type { SipMessage } from '../../message/message.ts';
import { M_ACK } from '../../message/method.ts';
import { parseNameAddr, parseNameAddrList } from '../../message/name-addr.ts';
import { buildResponse } from '../../message/serializer.ts';
import {
  type ClientTransactionHandle,
  type ClientTransactionUser,
  DEFAULT_TIMERS,
} from '../../transaction/transaction.ts';
import { replyDestination } from '../../transport/reply-destination.ts';
import type { Received } from '../../transport/transport.ts';
import { silentSdp } from './carrier.ts';
import { Endpoint, type EndpointUser, type Trace } from './endpoint.ts';

/** How a test call went. */
export interface CallResult {
  /** Final status of the INVITE, 0 when none came in time. */
  readonly status: number;
  readonly reason: string;
  /** Every status that came, in order. */
  readonly statuses: readonly number[];
  /** Final status of the BYE, 0 when none was sent or answered. */
  readonly byeStatus: number;
  /** From URI that replies showed: the caller must see its own. */
  readonly fromSeen: string;
  readonly milliseconds: number;
}

/** Where and as whom a test call is placed. */
export interface CallPlan {
  readonly proxyIp: string;
  readonly proxyPort: number;
  readonly requestUri: string;
  /** From header value without tag. */
  readonly from: string;
  readonly talkFor: number;
}

/** A phone without a password: it places one call through a proxy and hangs up. */
export class PhoneSimulator implements EndpointUser {
  readonly endpoint: Endpoint;
  private readonly log: (line: string) => void;

  private ack: { readonly callId: string; readonly send: () => void } | null = null;

  constructor(host: string, port: number, log: (line: string) => void, trace?: Trace) {
    this.endpoint = new Endpoint(host, port, trace);
    this.log = log;
  }

  async start(): Promise<void> {
    await this.endpoint.start(this);
  }

  async stop(): Promise<void> {
    await this.endpoint.stop();
  }

  /** A 200 that comes again was not acknowledged as far as the other side knows (RFC 3261 §13.2.2.4). */
  onStrayReply(message: SipMessage): void {
    if (message.cseq?.method === 'INVITE' && message.callId === this.ack?.callId) this.ack.send();
  }

  onRequest(message: SipMessage, from: Received): void {
    if (message.methodId === M_ACK) return;
    // Whatever the other side asks inside the call is fine.
    const text = buildResponse(message, 200, 'OK', { toTag: this.endpoint.random.token(6) });
    this.endpoint.sender.send(text, replyDestination(message, from), null);
  }

  /** Places a call, talks, hangs up. */
  async call(plan: CallPlan): Promise<CallResult> {
    const { random, address } = this.endpoint;
    const started = performance.now();
    const tag = random.token(6);
    const callId = `${random.token(10)}@${this.endpoint.socket.address}`;
    const body = silentSdp(this.endpoint.socket.address);
    const invite =
      `INVITE ${plan.requestUri} SIP/2.0\r\nVia: SIP/2.0/UDP ${address};branch=%b;rport\r\nMax-Forwards: 70\r\n` +
      `From: ${plan.from};tag=${tag}\r\nTo: <${plan.requestUri}>\r\nCall-ID: ${callId}\r\nCSeq: 1 INVITE\r\n` +
      `Contact: <sip:phone@${address}>\r\nContent-Type: application/sdp\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const statuses: number[] = [];
    const final = await this.request(plan, 'INVITE', invite, statuses);
    const result = {
      statuses,
      fromSeen: final?.from?.uri ?? '',
      status: final?.status ?? 0,
      reason: final?.reason ?? 'no answer',
    };
    if (final === null || final.status >= 300) {
      return { ...result, byeStatus: 0, milliseconds: performance.now() - started };
    }
    const dialog = dialogOf(final, plan, tag, callId, address);
    const proxy = this.endpoint.destination(plan.proxyIp, plan.proxyPort);
    const send = (): void => {
      this.endpoint.sender.send(dialog('ACK', 1, random.token(8)), proxy, null);
    };
    this.ack = { callId, send };
    send();
    await new Promise((resolve) => setTimeout(resolve, plan.talkFor));
    const bye = await this.request(plan, 'BYE', dialog('BYE', 2, '%b'), []);
    this.log(`BYE answered with ${bye?.status ?? 'nothing'}`);
    return { ...result, byeStatus: bye?.status ?? 0, milliseconds: performance.now() - started };
  }

  private request(plan: CallPlan, method: string, template: string, statuses: number[]): Promise<SipMessage | null> {
    const { transactions, random } = this.endpoint;
    const branch = `z9hG4bK${random.token(8)}`;
    return new Promise((resolve) => {
      let answered = false;
      const user: ClientTransactionUser = {
        onResponse: (_client: ClientTransactionHandle, response: SipMessage) => {
          if (answered) {
            // RFC 6026: a repeated 2xx comes up as often as it arrives.
            this.onStrayReply(response);
            return;
          }
          answered = response.status >= 200;
          if (statuses.at(-1) !== response.status) this.log(`${method}: ${response.status} ${response.reason}`);
          statuses.push(response.status);
          if (response.status >= 200) resolve(response);
        },
        onTimeout: () => resolve(null),
        onSendFailed: () => resolve(null),
      };
      const client = transactions.createClient({
        branch,
        method,
        text: template.replace('%b', branch),
        destination: this.endpoint.destination(plan.proxyIp, plan.proxyPort),
        timers: DEFAULT_TIMERS,
        user,
      });
      if (typeof client === 'string') resolve(null);
    });
  }
}

/** Requests inside the dialog that a 2xx made (RFC 3261 §12.2.1.1). */
function dialogOf(ok: SipMessage, plan: CallPlan, tag: string, callId: string, address: string) {
  const contact = ok.find(HDR_CONTACT);
  const target = contact === undefined ? null : parseNameAddr(ok.raw, contact.valueStart, contact.valueEnd);
  const routes = ok
    .findAll(HDR_RECORD_ROUTE)
    .flatMap((header) => parseNameAddrList(ok.raw, header.valueStart, header.valueEnd) ?? [])
    .reverse();
  const routeLines = routes.map((route) => `Route: <${route.uri}>\r\n`).join('');
  return (method: string, cseq: number, branch: string): string =>
    `${method} ${target?.uri ?? plan.requestUri} SIP/2.0\r\n` +
    `Via: SIP/2.0/UDP ${address};branch=${branch === '%b' ? '%b' : `z9hG4bK${branch}`};rport\r\nMax-Forwards: 70\r\n${routeLines}` +
    `From: ${plan.from};tag=${tag}\r\nTo: <${plan.requestUri}>;tag=${ok.to?.tag ?? ''}\r\n` +
    `Call-ID: ${callId}\r\nCSeq: ${cseq} ${method}\r\nContent-Length: 0\r\n\r\n`;
}
