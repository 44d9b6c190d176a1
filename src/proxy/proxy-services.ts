import type { EditList } from '../message/edits.ts';
import type { SipMessage } from '../message/message.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import type { Transactions } from '../transaction/transaction.ts';
import type { Destination, TransportSender } from '../transport/transport.ts';
import type { Cell } from './cell.ts';
import type { ProxyCounters } from './counters.ts';
import type { NextHopResolver } from './next-hop.ts';
import type { ProxyOptions } from './options.ts';
import type { LocalRequestHook } from './own-request.ts';
import type { RequestState } from './request-state.ts';

/** What the parts of the proxy share. */
export interface ProxyServices {
  readonly options: ProxyOptions;
  readonly sender: TransportSender;
  readonly transactions: Transactions;
  readonly resolver: NextHopResolver;
  readonly random: Random;
  readonly clock: Clock;
  readonly counters: ProxyCounters;
  /** Edits that the core reply route recorded for a reply. */
  readonly coreReplyEdits: WeakMap<SipMessage, EditList>;
  /** Sees requests of our own before they leave; null when nobody wants to. */
  readonly localRequest: LocalRequestHook | null;
  nextIndex(): number;
  /** Where replies to this request go (RFC 3261 §18.2.2, RFC 3581). */
  replyTo(state: RequestState): Destination;
  /** Something an operator should know, with its code. */
  report(code: string, text: string): void;
  cellEnded(cell: Cell): void;
  /** Lets those who shifted a number in a statelessly forwarded request put it right in its reply. */
  restoreReply(reply: SipMessage, edits: EditList): void;
}
