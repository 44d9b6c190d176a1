import { DROP } from '../../script/context.ts';
import { CONTEXT } from '../ksr/context.ts';
import { fromWire } from '../wire-text.ts';
import { MessageContext } from './message-context.ts';

/** A reply on its way back; header changes are on what the requester gets. */
export class Reply extends MessageContext {
  get status(): number {
    return this[CONTEXT].message.status;
  }
  get reason(): string {
    return fromWire(this[CONTEXT].message.reason);
  }

  /** The reply goes no further: any in `export const reply`, a provisional one in onReply. */
  drop(): void {
    this[CONTEXT].stop = DROP;
  }
}
