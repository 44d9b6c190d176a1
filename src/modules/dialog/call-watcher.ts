import type { CallDialog } from '../../dialog/call-dialog.ts';
import type { SipMessage } from '../../message/message.ts';
import type { Branch } from '../../proxy/branch.ts';
import type { RequestState } from '../../proxy/request-state.ts';

/**
 * What ended a call: a BYE; we ourselves, by command or by the script; its lifetime.
 */
export type CallEnd = RequestState | 'command' | 'lifetime';

/** A module of the same program that follows calls. It is told of each occasion after the event route, unless it says otherwise. */
export interface CallWatcher {
  /** A new call; it has what the script said of it before. */
  began(dialog: CallDialog): void;
  answered(dialog: CallDialog): void;
  /**
   * Its INVITE got a negative final reply.
   * @param reply as received; null for one that was made here
   */
  refused(dialog: CallDialog, state: RequestState, reply: SipMessage | null, branch: Branch | null): void;
  /** It ends without a BYE of one of its sides; told before the event route. */
  ending(dialog: CallDialog): void;
  ended(dialog: CallDialog, by: CallEnd): void;
  /** The table has forgotten it. */
  removed(dialog: CallDialog): void;
}
