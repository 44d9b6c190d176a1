import { type CSeqTable, MAX_CSEQ, type RequestLeg } from '../dialog/cseq-table.ts';
import type { EditList } from '../message/edits.ts';
import { HDR_RACK } from '../message/header-name.ts';
import type { SipMessage } from '../message/message.ts';
import { M_ACK, M_BYE, M_MESSAGE, M_OPTIONS, M_PRACK, M_PUBLISH, M_REGISTER } from '../message/method.ts';
import { paramValue } from '../message/params.ts';
import type { Branch } from '../proxy/branch.ts';
import type { OwnRoute, ReplyTransform, RequestState } from '../proxy/request-state.ts';
import { slot } from './slot.ts';

/** How CSeq numbers are kept in step. */
export interface CSeqSettings {
  /** `cseq_update`: a request that is sent again gets a new number (RFC 3261 §8.1.3.5, §22.2). */
  readonly update: boolean;
  /** Name of the Record-Route URI parameter with the difference that a dialog began with. */
  readonly param: string;
  /** Differences that came about inside dialogs. */
  readonly table: CSeqTable;
  /** True when Record-Route tells the direction (rr's append_fromtag). */
  readonly directions: () => boolean;
}

/** Key of the edit that replaces the CSeq number; a branch's wins over the request's. */
export const CSEQ_EDIT = 'cseq';

/** Requests that form no dialog outside of one: nothing comes later that would have to keep their number. */
const STANDALONE = M_REGISTER | M_OPTIONS | M_MESSAGE | M_PUBLISH;

/** Number a request or a branch left with. */
const SENT = slot<number>('uac cseq sent');
/** Difference of an in-dialog request that came by our Record-Route; there only then. */
const IN_DIALOG = slot<number>('uac cseq offset');

/** Gives replies the number that the requester used. */
export const RESTORE_CSEQ: ReplyTransform = {
  key: 'cseq',
  apply(state, _branch, reply, edits) {
    const own = state.pristine.cseq;
    const other = reply.cseq;
    if (own === null || other === null || own.seq === other.seq) return;
    edits.replace(other.seqStart, other.seqEnd, `${own.seq}`, CSEQ_EDIT);
  },
};

function legOf(message: SipMessage): RequestLeg | null {
  const fromTag = message.from?.tag ?? '';
  const toTag = message.to?.tag ?? '';
  return toTag === '' ? null : { callId: message.callId, fromTag, toTag };
}

/**
 * Difference that the Route names, null for none or nonsense: peers can write there what they like, and true ones are small, one for each
 * answered challenge.
 */
function namedOffset(route: OwnRoute, param: string): number | null {
  const text = paramValue(route.params, param.toLowerCase());
  return text !== undefined && /^\d{1,3}$/.test(text) ? Number(text) : null;
}

/**
 * An in-dialog request that came by our Record-Route gets the number of its side as the other side counts: CSeq, and RAck's number of an
 * earlier INVITE (RFC 3262 §7.2); its replies get it back. An ACK for 2xx has the number of its INVITE and so gets the same.
 */
export function shiftCSeq(state: RequestState, route: OwnRoute, settings: CSeqSettings): void {
  const { message } = state;
  const { cseq } = message;
  const own = state.pristine.cseq;
  const leg = legOf(message);
  if (cseq === null || own === null || leg === null) return;
  const { table, param } = settings;
  const named = namedOffset(route, param);
  // It is of the side that began the dialog; the other side's numbers are its own.
  const offset = route.upstream ? 0 : (named ?? 0);
  IN_DIALOG.set(state, offset);
  if (named !== null) state.routeParams.set(param, `;${param}=${named}`);
  const number = table.map(leg, own.seq, offset);
  if (message.methodId !== M_ACK) table.sent(leg, own.seq, number, message.methodId === M_BYE);
  if (message.methodId === M_PRACK) shiftRAck(state, (seq) => table.map(leg, seq, offset));
  if (number === own.seq || number > MAX_CSEQ) return;
  SENT.set(state, number);
  state.edits.replace(cseq.seqStart, cseq.seqEnd, `${number}`, CSEQ_EDIT);
  state.addReplyTransform(RESTORE_CSEQ);
  if (message.methodId !== M_ACK) state.statelessViaParam = `;${OWN_SEQ}=${own.seq}`;
}

/** Via parameter with the requester's number, for what goes on without a transaction: a reply brings our Via back (RFC 3261 §8.2.6.2). */
const OWN_SEQ = 'csq';

/** Gives a reply that no transaction waits for the number that its Via of ours names. */
export function restoreStatelessCSeq(reply: SipMessage, edits: EditList): void {
  const { cseq } = reply;
  const own = paramValue(reply.topVia?.params ?? '', OWN_SEQ);
  if (cseq === null || own === undefined || !/^\d{1,10}$/.test(own) || Number(own) > MAX_CSEQ) return;
  if (Number(own) !== cseq.seq) edits.replace(cseq.seqStart, cseq.seqEnd, own, CSEQ_EDIT);
}

const RACK = /^(\s*\d+\s+)(\d{1,10})\s+\S/;

function shiftRAck(state: RequestState, map: (seq: number) => number): void {
  const { message } = state;
  const header = message.find(HDR_RACK);
  if (header === undefined) return;
  const match = RACK.exec(message.valueOf(header));
  if (match === null) return;
  const [, before = '', digits = ''] = match;
  const number = map(Number(digits));
  const start = header.valueStart + before.length;
  if (number !== Number(digits)) state.edits.replace(start, start + digits.length, `${number}`, 'rack');
}

/**
 * Gives the branch that repeats a challenged one its CSeq number (RFC 3261 §22.2: one more), where we can keep the dialog's numbers in step
 * afterwards: requests that form no dialog; those that form one and are record-routed, so that the difference travels in the route set;
 * in-dialog ones that came by our Record-Route. Others keep their number, as in the original.
 * @param challenged the branch whose challenge is answered
 * @param next the branch that repeats it, not yet sent
 * @returns false when there is no number left
 */
export function raiseCSeq(state: RequestState, challenged: Branch, next: Branch, settings: CSeqSettings): boolean {
  const { message } = state;
  // The endpoint's number is the received one, even after msg_apply_changes().
  const own = state.pristine.cseq;
  const { cseq } = message;
  if (!settings.update || cseq === null || own === null) return true;
  const before = SENT.get(challenged) ?? SENT.get(state) ?? own.seq;
  const leg = legOf(message);
  let number: number;
  if (leg !== null) {
    const offset = IN_DIALOG.get(state);
    if (offset === undefined) return true;
    number = settings.table.again(leg, own.seq, before, offset, message.methodId === M_BYE);
    if (number < 0) return false;
  } else {
    if (before >= MAX_CSEQ) return false;
    number = before + 1;
    if ((message.methodId & STANDALONE) === 0) {
      const recorded = (next.recordRoute ?? state.recordRoute) !== null;
      if (!recorded || !settings.directions() || (state.pristine.from?.tag ?? '') === '') return true;
      next.routeParams.set(settings.param, `;${settings.param}=${number - own.seq}`);
    }
  }
  SENT.set(next, number);
  next.edits.replace(cseq.seqStart, cseq.seqEnd, `${number}`, CSEQ_EDIT);
  state.addReplyTransform(RESTORE_CSEQ);
  return true;
}
