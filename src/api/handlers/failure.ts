import type { HeaderField, SipMessage } from '../../message/message.ts';
import { CONTEXT } from '../ksr/context.ts';
import { fromWire } from '../wire-text.ts';
import { type AnswerOptions, answer } from './answer.ts';
import { OutgoingRequest } from './outgoing-request.ts';
import { type RelayOptions, relay } from './relay.ts';

/** The reply that a failure handler is about. */
export interface FailedReply {
  readonly status: number;
  readonly reason: string;
  /** Value of its first header of a name. */
  header(name: string): string | undefined;
}

/** A request that failed everywhere; it may be answered, or sent again elsewhere. Without either, the requester gets the best reply. */
export class Failure extends OutgoingRequest {
  /** Status of the best reply; 408 when there was none. */
  get status(): number {
    return this[CONTEXT].branch?.status ?? 0;
  }

  /** The best reply; null when there was none. */
  get reply(): FailedReply | null {
    const { reply } = this[CONTEXT];
    return reply === null ? null : failedReply(reply);
  }

  /** True when the requester has cancelled: nothing should be sent again. */
  get canceled(): boolean {
    return this[CONTEXT].state.transaction?.isCanceled === true;
  }

  /** True when no reply came in time. */
  get timedOut(): boolean {
    return this[CONTEXT].branch?.timedOut === true;
  }

  /** True for 401 and 407. */
  get challenged(): boolean {
    return this.status === 401 || this.status === 407;
  }

  /**
   * Answers the challenge of a 401 or 407 with a credential of module uac (credential, auth_*_avp): the next relay() repeats the request with it.
   * @returns false when there is no challenge or no credential for it, which was logged
   */
  authenticate(): boolean {
    return this.ksr.uac.uac_auth() > 0;
  }

  /** Sends the request again: to where it was challenged after authenticate(), else where `to`, nextHop or ruri say. @returns false when it could not be */
  relay(options: RelayOptions = {}): boolean {
    return relay(this.world, this[CONTEXT], options);
  }

  /** Answers the requester in place of the best reply. */
  answer(status: number, reason?: string, options: AnswerOptions = {}): boolean {
    return answer(this.world, this[CONTEXT], status, reason, options);
  }
}

function failedReply(reply: SipMessage): FailedReply {
  return {
    status: reply.status,
    reason: fromWire(reply.reason),
    header: (name) => {
      const found: HeaderField | undefined = reply.findByName(name)[0];
      return found === undefined ? undefined : fromWire(reply.valueOf(found));
    },
  };
}
