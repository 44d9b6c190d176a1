import { HDR_CONTACT, HDR_FROM, HDR_RECORD_ROUTE, HDR_TO } from '../message/header-name.ts';
import type { SipMessage } from '../message/message.ts';
import { parseNameAddr, parseNameAddrList } from '../message/name-addr.ts';
import { sanitizeUri } from '../message/sanitize.ts';
import { parseUri } from '../message/uri.ts';
import type { ClientTransactionUser } from '../transaction/transaction.ts';
import { destinationFor, type ResolvedTarget } from './next-hop.ts';
import type { LocalRequest, OwnRequestParts } from './own-request.ts';
import type { ProxyServices } from './proxy-services.ts';
import { viaValue } from './request-forward.ts';

/** Nobody waits for the answer to our BYE: the dialog is over either way (RFC 3261 §15.1.1). */
const SWALLOW: ClientTransactionUser = { onResponse() {}, onTimeout() {}, onSendFailed() {} };

/** One dialog that an INVITE of ours made (RFC 3261 §12.1.2). */
interface Leg {
  readonly to: string;
  readonly from: string;
  readonly target: string;
  readonly routes: readonly string[];
  ended: boolean;
}

/** What an INVITE of ours owes after its 2xx: an ACK for each (RFC 3261 §13.2.2.4), and a BYE when it is to end; other forks are ended at once. */
export class OwnInvite {
  private readonly services: ProxyServices;
  private readonly parts: OwnRequestParts;
  private readonly request: LocalRequest;
  private readonly authorization: string;
  private readonly legs = new Map<string, Leg>();

  /** @param sent the INVITE that was answered: its credentials go into the ACK (§22.1) */
  constructor(services: ProxyServices, parts: OwnRequestParts, request: LocalRequest, sent: string) {
    this.services = services;
    this.parts = parts;
    this.request = request;
    this.authorization = (sent.match(/^(?:Proxy-)?Authorization:[^\r\n]*\r\n/gim) ?? []).join('');
  }

  /** A 2xx has come, the first or a repeated one. */
  answered(response: SipMessage): void {
    const tag = response.to?.tag ?? '';
    const known = this.legs.get(tag);
    const leg = known ?? this.open(response);
    if (known === undefined) this.legs.set(tag, leg);
    this.send('ACK', this.parts.cseq, leg, this.authorization);
    // One answer is enough; who else picked up is let go (§13.2.2.4).
    if (known === undefined && this.legs.size > 1) this.hangUp(leg);
  }

  /** Ends the dialog. */
  bye(): void {
    for (const leg of this.legs.values()) this.hangUp(leg);
  }

  private hangUp(leg: Leg): void {
    if (leg.ended) return;
    leg.ended = true;
    this.send('BYE', this.parts.cseq + 1, leg, '');
  }

  private open(response: SipMessage): Leg {
    const contact = response.find(HDR_CONTACT);
    const target =
      contact === undefined ? null : parseNameAddr(response.raw, contact.valueStart, contact.valueEnd)?.uri;
    const routes: string[] = [];
    for (const { valueStart, valueEnd } of response.findAll(HDR_RECORD_ROUTE))
      for (const { start, end } of parseNameAddrList(response.raw, valueStart, valueEnd) ?? [])
        routes.unshift(response.raw.slice(start, end).trim());
    return {
      to: response.value(HDR_TO) ?? '',
      from: response.value(HDR_FROM) ?? '',
      target: sanitizeUri(target ?? this.request.ruri),
      routes,
      ended: false,
    };
  }

  private send(method: 'ACK' | 'BYE', cseq: number, leg: Leg, headers: string): void {
    const { services, request, parts } = this;
    const first = leg.routes[0];
    const next = parseUri(first === undefined ? leg.target : (parseNameAddr(first, 0, first.length)?.uri ?? ''));
    if (next === null) {
      services.report('TM_SEND_FAILED', `${method} of our own INVITE: no way to ${leg.target}`);
      return;
    }
    const text = (via: string): string =>
      `${method} ${leg.target} SIP/2.0\r\nVia: ${via}\r\nTo: ${leg.to}\r\nFrom: ${leg.from}\r\n` +
      `CSeq: ${cseq} ${method}\r\nCall-ID: ${parts.callId}\r\n${leg.routes.map((route) => `Route: ${route}\r\n`).join('')}` +
      `Max-Forwards: 70\r\n${headers}Content-Length: 0\r\n\r\n`;
    const go = (found: readonly ResolvedTarget[]): void => {
      const to = found[0] === undefined ? null : destinationFor(services.sender, found[0], request.socket, null);
      if (to === null) {
        services.report('TM_SEND_FAILED', `${method} of our own INVITE: no way to ${next.text}`);
        return;
      }
      const branch = `z9hG4bK${services.random.token(8)}.0`;
      const { socket, proto } = to;
      const out = { proto, host: socket.displayHost, port: socket.displayPort };
      const written = text(viaValue(out, branch, services.options.localRport));
      // An ACK has no transaction (§17.1.1.3): its loss brings the 2xx again.
      if (method === 'ACK') services.sender.send(written, to, null);
      else
        services.transactions.createClient({
          branch,
          method,
          text: written,
          destination: to,
          timers: services.options.timers,
          user: SWALLOW,
        });
    };
    const known = services.resolver.resolveNow(next);
    if (known !== null) go(known);
    else services.resolver.resolve(next).then(go, () => go([]));
  }
}
