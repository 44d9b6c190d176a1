import { HDR_MAX_FORWARDS } from '../../message/header-name.ts';
import { DROP } from '../../script/context.ts';
import { CONTEXT } from '../ksr/context.ts';
import { type AnswerOptions, answer } from './answer.ts';
import { OutgoingRequest } from './outgoing-request.ts';
import { type RelayOptions, relay } from './relay.ts';

/** A request as `export const request` gets it. */
export class Request extends OutgoingRequest {
  /** True for a request inside a dialog: its To has a tag (RFC 3261 §12.2). */
  get inDialog(): boolean {
    return (this[CONTEXT].message.to?.tag ?? '') !== '';
  }

  /**
   * Does what every proxy does with requests that belong to something under way, so that a handler can begin with
   * `if (request.routeWithinDialog()) return;`: a CANCEL goes where its INVITE went, a request in a dialog follows its route set
   * (RFC 3261 §16.4), an ACK for nobody ends here, a request in a dialog that was not recorded here is answered with 404.
   * @returns true when the request is done with
   */
  routeWithinDialog(options: RelayOptions = {}): boolean {
    const { ksr, method } = this;
    if (method === 'CANCEL') {
      if (ksr.tm.t_check_trans() > 0) this.relay(options);
      else this.reply(481);
      return true;
    }
    if (!this.inDialog) return false;
    if (ksr.rr.loose_route() > 0) this.relay(options);
    else if (method !== 'ACK') this.reply(404, 'Not here');
    else if (ksr.tm.t_check_trans() > 0) this.relay(options);
    return true;
  }

  /**
   * Sends the request on, statefully, and does what is left to do with its replies.
   * @returns false when it could not be sent; it has been answered then
   */
  relay(options: RelayOptions = {}): boolean {
    // RFC 3261 §16.3 step 3.
    if (this[CONTEXT].message.value(HDR_MAX_FORWARDS) === '0' && this.method !== 'ACK') {
      this.reply(483);
      return false;
    }
    return relay(this.world, this[CONTEXT], options);
  }

  /**
   * Answers the request here.
   * @param reason absent: the one that the RFCs have for the status
   * @returns false when it has its final reply already
   */
  reply(status: number, reason?: string, options: AnswerOptions = {}): boolean {
    return answer(this.world, this[CONTEXT], status, reason, options);
  }

  /** Makes later requests of the dialog come by here; relay() does it for requests that begin a dialog. */
  recordRoute(): boolean {
    return this.ksr.rr.record_route() > 0;
  }

  /** Follows the route set of a request in a dialog. @returns false when it has none of ours */
  looseRoute(): boolean {
    return this.ksr.rr.loose_route() > 0;
  }

  /** The request ends here without an answer. */
  drop(): void {
    this[CONTEXT].stop = DROP;
  }
}
