import { DROP } from '../../script/context.ts';
import { CONTEXT } from '../ksr/context.ts';
import { MessageContext } from './message-context.ts';

/** A request that is about to leave. */
export class SentRequest extends MessageContext {
  /** It is not sent. */
  drop(): void {
    this[CONTEXT].stop = DROP;
  }
}
