import { HDR_REASON } from '../../message/header-name.ts';
import type { SipMessage } from '../../message/message.ts';
import { reasonPhrase } from '../../message/reason-phrase.ts';
import type { RequestState } from '../../proxy/request-state.ts';

/** The fixed fields of a record; texts have one character a byte. */
export interface AccRecord {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly method: string;
  readonly fromTag: string;
  readonly toTag: string;
  readonly callId: string;
  /** Three digits, empty for none. */
  readonly code: string;
  readonly reason: string;
}

/** What a record is about. */
export interface AccSubject {
  readonly state: RequestState;
  readonly at: number;
  /** To tag in the place of the request's, when that has none. */
  readonly toTag: string;
  readonly code: string;
  readonly reason: string;
  /** detect_direction. */
  readonly detectDirection: boolean;
}

/** The record of a request. */
export function recordOf({ state, at, toTag, code, reason, detectDirection }: AccSubject): AccRecord {
  const { message } = state;
  const from = message.from?.tag ?? '';
  const to = message.to?.tag || toTag;
  // The tags as the dialog's first request had them: what the callee sends has them the other way round.
  const turned = detectDirection && state.ownRoute?.upstream === true;
  return {
    at,
    method: message.method,
    fromTag: turned ? to : from,
    toTag: turned ? from : to,
    callId: message.callId,
    code,
    reason,
  };
}

/**
 * Reason phrase for a record. That of a reply made here is the usual one of its status, as in the original.
 * @param reply as received, null for one made here
 * @param fromHeader reason_from_hf: the first Reason header is taken when there is one
 */
export function reasonOf(reply: SipMessage | null, status: number, fromHeader: boolean): string {
  if (reply === null) return reasonPhrase(status);
  return (fromHeader ? reply.value(HDR_REASON) : null) || reply.reason;
}

/** Splits the comment of acc_log_request(): `404 Not found` has a code, other texts are a reason alone. */
export function splitComment(comment: string): { readonly code: string; readonly reason: string } {
  const [, code = '', reason = ''] = /^([1-6]\d\d)(?:\s+(.*))?$/s.exec(comment.trim()) ?? [];
  return code === '' ? { code: '', reason: comment } : { code, reason };
}
