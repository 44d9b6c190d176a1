import { Authenticator } from '../../digest/authenticator.ts';
import { type DigestAlgorithmName, LocalNonceUses, NonceMint, Secret } from '../../digest/index.ts';
import { parseCredentials } from '../../message/auth-header.ts';
import { HDR_AUTHORIZATION, HDR_PROXY_AUTHORIZATION, type HeaderId } from '../../message/header-name.ts';
import type { SipMessage } from '../../message/message.ts';
import { M_ACK, M_BYE, M_CANCEL, M_INVITE } from '../../message/method.ts';
import { buildResponse } from '../../message/serializer.ts';
import { CallbackTimer } from '../../time/callback-timer.ts';
import { DEFAULT_TIMERS, type ServerTransactionHandle } from '../../transaction/transaction.ts';
import { replyDestination } from '../../transport/reply-destination.ts';
import type { Received } from '../../transport/transport.ts';
import { Endpoint, type EndpointUser, type Trace } from './endpoint.ts';

/** How the simulated carrier behaves. */
export interface CarrierOptions {
  readonly host: string;
  /** 0 for any. */
  readonly port: number;
  readonly realm: string;
  readonly user: string;
  readonly password: string;
  /** `www` challenges with 401, `proxy` with 407, `none` lets everybody in. */
  readonly challenge: 'www' | 'proxy' | 'none';
  readonly algorithms?: readonly DigestAlgorithmName[];
  readonly qop?: readonly ('auth' | 'auth-int')[];
  /** Milliseconds from the INVITE to 180 and on to 200. */
  readonly ringAfter: number;
  readonly answerAfter: number;
  /** Told what happens, one line each. */
  readonly log: (line: string) => void;
  /** Shown every message. */
  readonly trace?: Trace;
}

interface Call {
  readonly server: ServerTransactionHandle;
  readonly request: SipMessage;
  readonly from: Received;
  readonly toTag: string;
  timer: CallbackTimer | null;
  answered: boolean;
}

/** SDP of an endpoint that receives nothing: valid, and on the discard port. */
export function silentSdp(host: string): string {
  return `v=0\r\no=- 1 1 IN IP4 ${host}\r\ns=-\r\nc=IN IP4 ${host}\r\nt=0 0\r\nm=audio 9 RTP/AVP 8 0\r\na=inactive\r\n`;
}

/** A carrier that challenges calls, takes them, and hangs up when told to: for trying things without one. */
export class CarrierSimulator implements EndpointUser {
  readonly endpoint: Endpoint;
  /** Calls answered with 200 since the start, and requests refused for their credentials. */
  answered = 0;
  challenged = 0;
  private readonly options: CarrierOptions;
  private readonly authenticator: Authenticator | null;
  private readonly uses = new LocalNonceUses();
  private readonly secret: Secret;
  private readonly calls = new Map<string, Call>();

  constructor(options: CarrierOptions) {
    this.options = options;
    this.endpoint = new Endpoint(options.host, options.port, options.trace);
    this.secret = new Secret(options.password);
    this.authenticator =
      options.challenge === 'none'
        ? null
        : new Authenticator({
            realm: options.realm,
            hop: options.challenge,
            nonces: new NonceMint(),
            ...(options.algorithms === undefined ? {} : { algorithms: options.algorithms }),
            ...(options.qop === undefined ? {} : { qop: options.qop }),
          });
  }

  async start(): Promise<void> {
    await this.endpoint.start(this);
  }

  async stop(): Promise<void> {
    for (const call of this.calls.values()) if (call.timer !== null) this.endpoint.wheel.stop(call.timer);
    await this.endpoint.stop();
  }

  get address(): string {
    return this.endpoint.address;
  }

  onStrayReply(): void {}

  onRequest(message: SipMessage, from: Received): void {
    const { transactions } = this.endpoint;
    const match = transactions.matchRequest(message, from);
    if (match.kind === 'absorbed') return;
    if (message.methodId === M_ACK) {
      this.acknowledged(message);
      return;
    }
    const server = transactions.createServer(message, from, { onServerTerminated() {} }, DEFAULT_TIMERS);
    if (typeof server === 'string') return;
    if (message.methodId === M_CANCEL) {
      this.cancel(server, message, from, match.kind === 'cancel');
      return;
    }
    const inDialog = (message.to?.tag ?? '') !== '';
    if (!inDialog && !this.admits(server, message, from)) return;
    if (message.methodId === M_INVITE) this.invite(server, message, from);
    else {
      if (message.methodId === M_BYE) {
        this.options.log(`${message.method} ${message.callId}: the call has ended`);
        this.forget(message.callId);
      }
      this.respond(server, message, from, 200, 'OK', {});
    }
  }

  private admits(server: ServerTransactionHandle, message: SipMessage, from: Received): boolean {
    const { authenticator, options } = this;
    if (authenticator === null) return true;
    const id: HeaderId = options.challenge === 'www' ? HDR_AUTHORIZATION : HDR_PROXY_AUTHORIZATION;
    const credentials = message.findAll(id).flatMap((header) => parseCredentials(message.valueOf(header)));
    const verdict = authenticator.verify(
      { credentials, method: message.method, body: message.body },
      (presented) => (presented.username === options.user ? { secret: this.secret, ha1: false } : undefined),
      this.uses,
    );
    if (verdict.ok) {
      this.options.log(
        `${message.method} from "${message.from?.uri ?? ''}" CSeq ${message.cseq?.seq}: digest ${verdict.algorithm.name} is right, let in`,
      );
      return true;
    }
    this.challenged++;
    const status = options.challenge === 'www' ? 401 : 407;
    const name = options.challenge === 'www' ? 'WWW-Authenticate' : 'Proxy-Authenticate';
    const headers = authenticator
      .challenge(verdict.stale)
      .map((value) => `${name}: ${value}\r\n`)
      .join('');
    this.options.log(
      `${message.method} CSeq ${message.cseq?.seq}: ${status}, realm "${options.realm}" (${verdict.code})`,
    );
    this.respond(server, message, from, status, status === 401 ? 'Unauthorized' : 'Proxy Authentication Required', {
      headers,
    });
    return false;
  }

  private invite(server: ServerTransactionHandle, message: SipMessage, from: Received): void {
    const call: Call = {
      server,
      request: message,
      from,
      toTag: this.endpoint.random.token(6),
      timer: null,
      answered: false,
    };
    const old = this.calls.get(message.callId);
    if (old !== undefined && (message.to?.tag ?? '') !== '') {
      // A re-INVITE: same call, answered at once.
      this.respond(server, message, from, 200, 'OK', this.answerParts());
      return;
    }
    this.calls.set(message.callId, call);
    this.later(call, this.options.ringAfter, () => {
      this.respond(server, message, from, 180, 'Ringing', { toTag: call.toTag, headers: this.contact() });
      this.later(call, this.options.answerAfter, () => this.answer(call));
    });
  }

  /** 200 until the ACK (RFC 3261 §13.3.1.4: doubling from T1 to T2, for 64*T1). */
  private answer(call: Call): void {
    call.answered = true;
    this.answered++;
    this.options.log(`INVITE from "${call.request.from?.uri ?? ''}" answered`);
    let interval = DEFAULT_TIMERS.retr1;
    let waited = 0;
    const send = (): void => {
      this.respond(call.server, call.request, call.from, 200, 'OK', { toTag: call.toTag, ...this.answerParts() });
      waited += interval;
      if (waited > 64 * DEFAULT_TIMERS.retr1) return;
      this.later(call, interval, send);
      interval = Math.min(interval * 2, DEFAULT_TIMERS.retr2);
    };
    send();
  }

  private acknowledged(message: SipMessage): void {
    const call = this.calls.get(message.callId);
    if (call?.timer == null || !call.answered) return;
    this.endpoint.wheel.stop(call.timer);
    call.timer = null;
    this.options.log(`ACK CSeq ${message.cseq?.seq}: the call is up`);
  }

  private cancel(server: ServerTransactionHandle, message: SipMessage, from: Received, known: boolean): void {
    this.respond(server, message, from, known ? 200 : 481, known ? 'OK' : 'Call/Transaction Does Not Exist', {});
    const call = this.calls.get(message.callId);
    if (!known || call === undefined || call.answered) return;
    this.forget(message.callId);
    this.options.log(`CANCEL ${message.callId}: 487`);
    this.respond(call.server, call.request, call.from, 487, 'Request Terminated', { toTag: call.toTag });
  }

  private forget(callId: string): void {
    const call = this.calls.get(callId);
    if (call?.timer != null) this.endpoint.wheel.stop(call.timer);
    this.calls.delete(callId);
  }

  private later(call: Call, delay: number, action: () => void): void {
    if (call.timer !== null) this.endpoint.wheel.stop(call.timer);
    call.timer = new CallbackTimer(action);
    this.endpoint.wheel.start(call.timer, delay);
  }

  private contact(): string {
    return `Contact: <sip:${this.address}>\r\n`;
  }

  private answerParts() {
    return {
      headers: this.contact(),
      contentType: 'application/sdp',
      body: silentSdp(this.endpoint.socket.address),
    };
  }

  private respond(
    server: ServerTransactionHandle,
    message: SipMessage,
    from: Received,
    status: number,
    reason: string,
    parts: { toTag?: string; headers?: string; contentType?: string; body?: string },
  ): void {
    const toTag = parts.toTag ?? this.endpoint.random.token(6);
    server.respond(
      status,
      buildResponse(message, status, reason, { ...parts, toTag }),
      replyDestination(message, from),
    );
  }
}
