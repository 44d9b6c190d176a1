import type { Remote, SipPeer } from './sip-peer.ts';
import { token } from './sip-peer.ts';
import type { SipText } from './sip-text.ts';

/** A request outside of a dialog. */
export interface RequestPlan {
  readonly method?: string;
  readonly uri: string;
  readonly from?: string;
  readonly to?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly maxForwards?: number | null;
  /** Full header lines without line ends, after the common ones. */
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly branch?: string;
  readonly contact?: string;
}

export const SDP =
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n';

/** Text of a request of this peer. */
export function requestText(peer: SipPeer, plan: RequestPlan): string {
  const method = plan.method ?? 'INVITE';
  const body = plan.body ?? '';
  return [
    `${method} ${plan.uri} SIP/2.0`,
    `Via: SIP/2.0/${peer.proto.toUpperCase()} ${peer.address};branch=${plan.branch ?? `z9hG4bK${token()}`}`,
    ...(plan.maxForwards === null ? [] : [`Max-Forwards: ${plan.maxForwards ?? 70}`]),
    `From: ${plan.from ?? `"Alice A" <sip:alice@atlanta.example.com>;tag=${token()}`}`,
    `To: ${plan.to ?? '<sip:bob@biloxi.example.com>'}`,
    `Call-ID: ${plan.callId ?? `${token()}@test`}`,
    `CSeq: ${plan.cseq ?? 1} ${method}`,
    plan.contact ?? `Contact: <sip:alice@${peer.address}${peer.proto === 'tcp' ? ';transport=tcp' : ''}>`,
    ...(plan.headers ?? []),
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

/** One side of a dialog: what its requests are made of (RFC 3261 §12). */
export class Dialog {
  readonly peer: SipPeer;
  readonly callId: string;
  /** Whole From and To values of requests of this side. */
  readonly local: string;
  readonly remote: string;
  readonly routes: readonly string[];
  readonly target: string;
  cseq: number;
  /** CSeq of the INVITE that made it. */
  readonly inviteCSeq: number;
  private readonly nextHop: Remote;

  private constructor(
    peer: SipPeer,
    parts: { callId: string; local: string; remote: string; routes: string[]; target: string; cseq: number },
    nextHop: Remote,
  ) {
    this.peer = peer;
    this.callId = parts.callId;
    this.local = parts.local;
    this.remote = parts.remote;
    this.routes = parts.routes;
    this.target = parts.target;
    this.cseq = parts.cseq;
    this.inviteCSeq = parts.cseq;
    this.nextHop = nextHop;
  }

  /** The caller's side, made of a reply to its INVITE. */
  static ofCaller(peer: SipPeer, reply: SipText, nextHop: Remote): Dialog {
    return new Dialog(
      peer,
      {
        callId: reply.callId,
        local: reply.header('From'),
        remote: reply.header('To'),
        routes: reply.routes('Record-Route').reverse(),
        target: reply.uriOf('Contact'),
        cseq: reply.cseq.seq,
      },
      nextHop,
    );
  }

  /** The called side, made of the INVITE it got and the tag it answered with. Its own numbers begin elsewhere on purpose. */
  static ofCallee(peer: SipPeer, invite: SipText, toTag: string, nextHop: Remote, cseq = 700): Dialog {
    return new Dialog(
      peer,
      {
        callId: invite.callId,
        local: `${invite.header('To')};tag=${toTag}`,
        remote: invite.header('From'),
        routes: invite.routes('Record-Route'),
        target: invite.uriOf('Contact'),
        cseq,
      },
      nextHop,
    );
  }

  /** Text of a request in the dialog; ACK and CANCEL take their number from `cseq`, others count on. */
  text(
    method: string,
    parts: { cseq?: number; headers?: readonly string[]; body?: string; branch?: string } = {},
  ): string {
    const cseq = parts.cseq ?? ++this.cseq;
    const body = parts.body ?? '';
    return [
      `${method} ${this.target} SIP/2.0`,
      `Via: SIP/2.0/${this.peer.proto.toUpperCase()} ${this.peer.address};branch=${parts.branch ?? `z9hG4bK${token()}`}`,
      'Max-Forwards: 70',
      ...this.routes.map((route) => `Route: ${route}`),
      `From: ${this.local}`,
      `To: ${this.remote}`,
      `Call-ID: ${this.callId}`,
      `CSeq: ${cseq} ${method}`,
      ...(method === 'INVITE' || method === 'UPDATE' ? [`Contact: <sip:${this.peer.name}@${this.peer.address}>`] : []),
      ...(parts.headers ?? []),
      ...(body === '' ? [] : ['Content-Type: application/sdp']),
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n');
  }

  /** Sends a request of this side to the server. */
  async send(
    method: string,
    parts: { cseq?: number; headers?: readonly string[]; body?: string; branch?: string } = {},
  ): Promise<string> {
    const text = this.text(method, parts);
    await this.peer.send(text, this.nextHop);
    return text;
  }
}
