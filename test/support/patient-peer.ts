/** SIP user agents for a network that loses packets: every repetition that RFC 3261 demands of one, and nothing else of a transaction layer. */
import { Dialog, requestText, SDP } from './sip-dialog.ts';
import { type PeerMessage, type Remote, replyText, SipPeer, token } from './sip-peer.ts';

/** RFC 3261 §17.1.1.1, table 4. */
const T1 = 500;
const T2 = 4_000;

/** Sends now and again, T1 later, doubling, for 64*T1. */
class Repetition {
  private timer: NodeJS.Timeout | null = null;

  /** @param ceiling longest interval in milliseconds: T2, or none for an INVITE (timer A) */
  constructor(send: () => void, ceiling: number) {
    const again = (interval: number, waited: number): void => {
      send();
      if (waited + interval > 64 * T1) return;
      this.timer = setTimeout(() => again(Math.min(interval * 2, ceiling), waited + interval), interval);
    };
    again(T1, 0);
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}

/** Where a user agent is: its own port, the address that others reach it at, the server's. */
export interface Place {
  readonly port: number;
  /** Port of this machine in Via and Contact. */
  readonly publicPort: number;
  readonly server: Remote;
}

/** A dialog that a 2xx made at the caller. */
interface Leg {
  readonly dialog: Dialog;
  /** The same ACK for every copy of the 2xx (RFC 3261 §13.2.2.4). */
  readonly ack: string;
  bye: Repetition | null;
  byeStatus: number;
}

/** A call as its caller sees it. */
export interface PlacedCall {
  readonly callId: string;
  /** Final status of the INVITE, 0 as long as there is none. */
  status: number;
  /** By To tag. */
  readonly legs: ReadonlyMap<string, { readonly byeStatus: number }>;
}

interface OwnCall extends PlacedCall {
  readonly text: string;
  readonly invite: Repetition;
  readonly legs: Map<string, Leg>;
}

/** Calls, acknowledges every 2xx, hangs up: the first answer after a while, any other at once (RFC 3261 §13.2.2.4). */
export class PatientCaller {
  readonly calls = new Map<string, PlacedCall>();
  private readonly own = new Map<string, OwnCall>();
  private readonly peer: SipPeer;
  private readonly place: Place;
  private readonly talkFor: number;

  private constructor(peer: SipPeer, place: Place, talkFor: number) {
    this.peer = peer;
    this.place = place;
    this.talkFor = talkFor;
    peer.on(
      (message) => !message.isRequest,
      (reply) => this.replied(reply),
    );
  }

  /** @param talkFor milliseconds from the first answer to its BYE */
  static async open(place: Place, talkFor: number): Promise<PatientCaller> {
    return new PatientCaller(await SipPeer.open({ port: place.port, name: 'caller' }), place, talkFor);
  }

  /** Places a call. */
  call(callId: string): void {
    const { peer, place } = this;
    const uri = `sip:+15551234@${place.server.host}:${place.server.port}`;
    const text = this.publicly(requestText(peer, { uri, to: `<${uri}>`, callId, body: SDP }));
    const invite = new Repetition(() => void peer.send(text, place.server), Number.POSITIVE_INFINITY);
    const call: OwnCall = { callId, text, invite, status: 0, legs: new Map() };
    this.own.set(callId, call);
    this.calls.set(callId, call);
  }

  async close(): Promise<void> {
    for (const { invite, legs } of this.own.values()) {
      invite.stop();
      for (const { bye } of legs.values()) bye?.stop();
    }
    await this.peer.close();
  }

  private replied(reply: PeerMessage): void {
    const call = this.own.get(reply.callId);
    if (call === undefined) return;
    if (reply.method === 'BYE') {
      const leg = call.legs.get(reply.tag('To'));
      if (leg === undefined || reply.status < 200) return;
      leg.bye?.stop();
      leg.byeStatus = reply.status;
      return;
    }
    // Timer A ends with the first reply (RFC 3261 §17.1.1.2).
    call.invite.stop();
    if (reply.status < 200) return;
    if (call.status === 0) call.status = reply.status;
    if (reply.status < 300) this.answered(call, reply);
    else void this.peer.send(ackOfFailure(call.text, reply), this.place.server);
  }

  private answered(call: OwnCall, reply: PeerMessage): void {
    const { peer, place } = this;
    const tag = reply.tag('To');
    const known = call.legs.get(tag);
    if (known !== undefined) {
      void peer.send(known.ack, place.server);
      return;
    }
    const dialog = Dialog.ofCaller(peer, reply, place.server);
    const ack = this.publicly(dialog.text('ACK', { cseq: dialog.inviteCSeq }));
    const leg: Leg = { dialog, ack, bye: null, byeStatus: 0 };
    void peer.send(ack, place.server);
    const hangUp = (): void => {
      const text = this.publicly(dialog.text('BYE'));
      leg.bye = new Repetition(() => void peer.send(text, place.server), T2);
    };
    if (call.legs.size === 0) setTimeout(hangUp, this.talkFor);
    else hangUp();
    call.legs.set(tag, leg);
  }

  private publicly(text: string): string {
    return text.replaceAll(this.peer.address, `127.0.0.1:${this.place.publicPort}`);
  }
}

/** RFC 3261 §17.1.1.3: the INVITE's top Via and URI, the reply's To. */
function ackOfFailure(invite: string, reply: PeerMessage): string {
  const [head = ''] = invite.split('\r\n\r\n');
  const lines = head
    .split('\r\n')
    .filter((line) => !/^(Contact|Content-Type|Content-Length):/.test(line))
    .map((line) => line.replace(/^INVITE /, 'ACK ').replace(/^(CSeq: \d+) INVITE$/, '$1 ACK'))
    .map((line) => (line.startsWith('To:') ? `To: ${reply.header('To')}` : line));
  return `${lines.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`;
}

/** How a call stands at the called side; `ended` means ACK and BYE, whichever came first, `refused` a 487 with its ACK. */
export type CalledState = 'ringing' | 'answered' | 'cancelled' | 'up' | 'ended' | 'refused';

interface CalledCall {
  readonly invite: PeerMessage;
  readonly toTag: string;
  state: CalledState;
  /** A BYE came. Its answer is repeated until the ACK all the same: so an ACK that never comes shows. */
  hungUp: boolean;
  /** Answers after a while, if it does. */
  timer: NodeJS.Timeout | null;
  /** Final reply until its ACK: timer G, or RFC 3261 §13.3.1.4 for a 2xx. */
  final: Repetition | null;
}

/** Rings, answers after a while or never, and takes CANCEL, ACK and BYE as often as they come. */
export class PatientCallee {
  private readonly calls = new Map<string, CalledCall>();
  private readonly peer: SipPeer;
  private readonly place: Place;
  private readonly answerAfter: (callId: string) => number | null;

  private constructor(peer: SipPeer, place: Place, answerAfter: (callId: string) => number | null) {
    this.peer = peer;
    this.place = place;
    this.answerAfter = answerAfter;
    peer.on(
      (message) => message.isRequest,
      (request) => this.requested(request),
    );
  }

  /** @param answerAfter milliseconds of ringing, null for a phone that nobody picks up */
  static async open(place: Place, answerAfter: (callId: string) => number | null): Promise<PatientCallee> {
    return new PatientCallee(await SipPeer.open({ port: place.port, name: 'callee' }), place, answerAfter);
  }

  /** State of a call; undefined when its INVITE never came. */
  stateOf(callId: string): CalledState | undefined {
    return this.calls.get(callId)?.state;
  }

  async close(): Promise<void> {
    for (const call of this.calls.values()) this.quiet(call);
    await this.peer.close();
  }

  private requested(request: PeerMessage): void {
    const call = this.calls.get(request.callId);
    if (request.method === 'INVITE') {
      // A final reply repeats itself (RFC 6026 §8.7: a repeated INVITE is absorbed); a provisional one is sent again.
      if (call === undefined) this.invited(request);
      else if (call.state === 'ringing') this.reply(call, request, 180, 'Ringing');
      return;
    }
    if (call === undefined) {
      if (request.method !== 'ACK') void this.peer.reply(request, 481, 'Call/Transaction Does Not Exist');
      return;
    }
    switch (request.method) {
      case 'ACK':
        this.quiet(call);
        if (call.state === 'answered') call.state = call.hungUp ? 'ended' : 'up';
        else if (call.state === 'cancelled') call.state = 'refused';
        return;
      case 'CANCEL':
        // RFC 3261 §9.2: 200 whatever the INVITE has come to.
        this.reply(call, request, 200, 'OK');
        if (call.state === 'ringing') this.end(call, 'cancelled', 487, 'Request Terminated');
        return;
      case 'BYE':
        this.reply(call, request, 200, 'OK');
        call.hungUp = true;
        if (call.state === 'up') call.state = 'ended';
    }
  }

  private invited(invite: PeerMessage): void {
    const call: CalledCall = { invite, toTag: token(), state: 'ringing', hungUp: false, timer: null, final: null };
    this.calls.set(invite.callId, call);
    this.reply(call, invite, 180, 'Ringing');
    const after = this.answerAfter(invite.callId);
    if (after !== null) call.timer = setTimeout(() => this.end(call, 'answered', 200, 'OK'), after);
  }

  private end(call: CalledCall, state: CalledState, status: number, reason: string): void {
    this.quiet(call);
    call.state = state;
    call.final = new Repetition(() => this.reply(call, call.invite, status, reason), T2);
  }

  private quiet(call: CalledCall): void {
    if (call.timer !== null) clearTimeout(call.timer);
    call.timer = null;
    call.final?.stop();
    call.final = null;
  }

  private reply(call: CalledCall, request: PeerMessage, status: number, reason: string): void {
    const headers = [`Contact: <sip:callee@127.0.0.1:${this.place.publicPort}>`];
    const text = replyText(request, status, reason, { toTag: call.toTag, headers });
    void this.peer.send(text, request.remote);
  }
}
