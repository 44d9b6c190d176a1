import type { SipMessage } from '../message/message.ts';
import { sanitizeHeaderLines } from '../message/serializer.ts';
import { parseUri } from '../message/uri.ts';
import type { ClientTransactionHandle, ClientTransactionUser } from '../transaction/transaction.ts';
import type { Destination, ListenSocket, Received } from '../transport/transport.ts';
import { destinationFor, type ResolvedTarget } from './next-hop.ts';
import { OwnInvite } from './own-invite.ts';
import type { ProxyServices } from './proxy-services.ts';
import { viaValue } from './request-forward.ts';

/** A request that we begin ourselves. Texts have no line ends, except `headers` and `body`. */
export interface OwnRequestParts {
  readonly method: string;
  readonly ruri: string;
  /** URI of the next hop, empty for the Request-URI. */
  readonly nextHop: string;
  /** name-addr or URI with its header parameters, without a tag. */
  readonly to: string;
  readonly from: string;
  readonly toTag: string;
  readonly fromTag: string;
  readonly callId: string;
  /** 1 … 2^31-1 */
  readonly cseq: number;
  /** Header lines with CRLF that come after ours. */
  readonly headers: string;
  readonly body: string;
  /** The socket to send from; null for the one that suits the destination. */
  readonly socket: ListenSocket | null;
  /** Milliseconds until a request without a final reply is given up (fr_timer, fr_inv_timer); 0 for tm's. */
  readonly fr: number;
  readonly frInv: number;
}

/** What a route of ours may change in such a request before it leaves (event_route[tm:local-request]). */
export interface LocalRequest {
  readonly method: string;
  readonly ruri: string;
  readonly nextHop: string;
  /** Everything from the line after Via to the end, body included. */
  readonly rest: string;
  readonly socket: ListenSocket | null;
}

/** Sees every request of ours before it leaves. @returns what is sent instead; null when it is dropped */
export type LocalRequestHook = (request: LocalRequest) => LocalRequest | null | Promise<LocalRequest | null>;

/** How a request of ours ended. */
export interface OwnOutcome {
  /** Status of the final reply; 408 for none, 477 when it could not be sent, 487 when it was ended before it left, 478 when its next hop has no address, 0 when a route dropped it. */
  readonly status: number;
  /** The reply, null when the status is ours. */
  readonly reply: SipMessage | null;
  readonly from: Received | null;
  /** Where it went last, null when it never left. */
  readonly destination: Destination | null;
  /** The Request-URI that it had. */
  readonly ruri: string;
}

/** What becomes of a request of ours; `final` is called once, and only for it. */
export interface OwnRequestUser {
  provisional?(reply: SipMessage): void;
  final(outcome: OwnOutcome): void;
}

/** A request of ours under way. */
export interface OwnRequestHandle {
  /** Cancels an INVITE that has no final reply (RFC 3261 §9.1), or ends its dialog with BYE (§15.1.1). Harmless otherwise. */
  end(): void;
}

/** Sets up the text of a request after its Via: the order is tm's (t_uac). */
export function ownRequestRest(parts: OwnRequestParts, userAgent: string): string {
  const { method, to, from, toTag, fromTag, callId, cseq, headers, body } = parts;
  const lines = sanitizeHeaderLines(headers === '' || headers.endsWith('\r\n') ? headers : `${headers}\r\n`);
  const maxForwards = /^max-forwards[ \t]*:/im.test(lines) ? '' : 'Max-Forwards: 70\r\n';
  return (
    `To: ${nameAddr(to)}${toTag === '' ? '' : `;tag=${toTag}`}\r\nFrom: ${nameAddr(from)};tag=${fromTag}\r\n` +
    `CSeq: ${cseq} ${method}\r\nCall-ID: ${callId}\r\n${maxForwards}Content-Length: ${body.length}\r\n` +
    `${userAgent === '' ? '' : `${userAgent}\r\n`}${lines}\r\n${body}`
  );
}

/** With brackets, unless it has them (RFC 3261 §20.10: parameters behind a bare URI would be the header's). */
function nameAddr(text: string): string {
  return text.endsWith('>') || text.includes('>;') ? text : `<${text}>`;
}

/**
 * Sends a request of our own and tells how it ended (t_uac; RFC 3261 §8.1, RFC 3263 §4.3: the next address after a transport failure, a timeout or
 * a 503).
 */
export function beginOwnRequest(
  services: ProxyServices,
  parts: OwnRequestParts,
  user: OwnRequestUser,
): OwnRequestHandle {
  const run = new OwnRequestRun(services, parts, user);
  run.begin();
  return run;
}

class OwnRequestRun implements ClientTransactionUser, OwnRequestHandle {
  private readonly services: ProxyServices;
  private readonly parts: OwnRequestParts;
  private readonly user: OwnRequestUser;
  private request: LocalRequest;
  private candidates: readonly ResolvedTarget[] = [];
  private candidate = 0;
  private client: ClientTransactionHandle | null = null;
  private destination: Destination | null = null;
  private text = '';
  private invite: OwnInvite | null = null;
  private ended = false;
  private unwanted = false;

  constructor(services: ProxyServices, parts: OwnRequestParts, user: OwnRequestUser) {
    this.services = services;
    this.parts = parts;
    this.user = user;
    const { method, ruri, nextHop, socket } = parts;
    this.request = {
      method,
      ruri,
      nextHop,
      socket,
      rest: ownRequestRest(parts, services.options.userAgentHeader),
    };
  }

  begin(): void {
    const hook = this.services.localRequest;
    const shaped = hook === null ? this.request : hook(this.request);
    if (shaped instanceof Promise) shaped.then((request) => this.resolve(request)).catch(() => this.resolve(null));
    else this.resolve(shaped);
  }

  end(): void {
    if (!this.ended) {
      this.unwanted = true;
      this.client?.cancel('');
    } else this.invite?.bye();
  }

  onResponse(client: ClientTransactionHandle, response: SipMessage, from: Received): void {
    // A second 2xx is another fork's or a repetition: the first one's ACK was lost (RFC 3261 §13.2.2.4).
    if (this.invite !== null && response.status >= 200 && response.status < 300) {
      this.invite.answered(response);
      return;
    }
    if (client !== this.client || this.ended) return;
    const { status } = response;
    if (status < 200) {
      this.user.provisional?.(response);
      return;
    }
    if (status === 503 && this.next()) return;
    if (this.parts.method === 'INVITE' && status < 300) {
      this.invite = new OwnInvite(this.services, this.parts, this.request, this.text);
      this.invite.answered(response);
      if (this.unwanted) this.invite.bye();
    }
    this.finish(status, response, from);
  }

  onTimeout(client: ClientTransactionHandle, provisional: boolean): void {
    if (client !== this.client || this.ended) return;
    if (provisional || !this.next()) this.finish(408, null, null);
  }

  onSendFailed(client: ClientTransactionHandle): void {
    if (client !== this.client || this.ended) return;
    if (!this.next()) this.finish(477, null, null);
  }

  private resolve(shaped: LocalRequest | null): void {
    if (shaped === null) {
      this.finish(0, null, null);
      return;
    }
    this.request = shaped;
    const uri = parseUri(shaped.nextHop === '' ? shaped.ruri : shaped.nextHop);
    if (uri === null || (uri.scheme !== 'sip' && uri.scheme !== 'sips')) {
      this.finish(478, null, null);
      return;
    }
    const { resolver } = this.services;
    const known = resolver.resolveNow(uri);
    if (known !== null) this.first(known);
    else
      resolver.resolve(uri).then(
        (found) => this.first(found),
        () => this.first([]),
      );
  }

  private first(candidates: readonly ResolvedTarget[]): void {
    // Ended while its next hop was looked up: nobody has heard of it yet.
    if (this.unwanted) {
      this.finish(487, null, null);
      return;
    }
    this.candidates = candidates;
    if (candidates.length === 0) this.finish(478, null, null);
    else if (!this.send() && !this.next()) this.finish(477, null, null);
  }

  /** Goes on with the next address. @returns false when there is none */
  private next(): boolean {
    const failed = this.candidates[this.candidate];
    if (failed !== undefined) this.services.resolver.denied(failed);
    while (!this.unwanted && ++this.candidate < this.candidates.length) if (this.send()) return true;
    return false;
  }

  private send(): boolean {
    const { services, request } = this;
    const resolved = this.candidates[this.candidate];
    const chosen = resolved === undefined ? null : destinationFor(services.sender, resolved, request.socket, null);
    if (chosen === null) return false;
    const branch = `z9hG4bK${services.random.token(8)}.0`;
    let text = this.write(chosen, branch);
    const destination = services.sender.fitTransport?.(chosen, text.length) ?? chosen;
    if (destination !== chosen) text = this.write(destination, branch);
    const { timers } = services.options;
    const client = services.transactions.createClient({
      branch,
      method: request.method,
      text,
      destination,
      timers: { ...timers, fr: this.parts.fr || timers.fr, frInv: this.parts.frInv || timers.frInv },
      user: this,
    });
    if (typeof client === 'string') return false;
    this.client = client;
    this.destination = destination;
    this.text = text;
    return true;
  }

  private write({ socket, proto }: Destination, branch: string): string {
    const { method, ruri, rest } = this.request;
    const out = { proto, host: socket.displayHost, port: socket.displayPort };
    const via = viaValue(out, branch, this.services.options.localRport);
    return `${method} ${ruri} SIP/2.0\r\nVia: ${via}\r\n${rest}`;
  }

  private finish(status: number, reply: SipMessage | null, from: Received | null): void {
    if (this.ended) return;
    this.ended = true;
    this.user.final({ status, reply, from, destination: this.destination, ruri: this.request.ruri });
  }
}
