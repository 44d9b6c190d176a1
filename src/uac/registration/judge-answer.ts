import type { SipMessage } from '../../message/message.ts';
import type { Attempt } from './attempt.ts';
import type { ContactExtras } from './contact.ts';
import type { RegistrationResult } from './engine.ts';
import { raisedExpires, resultOf } from './policy.ts';
import { readGrant, readMinExpires, readRedirections, readRetryAfter } from './register-answer.ts';

/** Redirections that one attempt follows. */
const MAX_REDIRECTIONS = 3;
/** 423 answers that one attempt goes on from. */
const MAX_BRIEFS = 3;

/** What an attempt does after an answer. */
export type Verdict =
  | { readonly kind: 'granted'; readonly seconds: number; readonly silent: boolean }
  | { readonly kind: 'removed' }
  /** The same target gets another request. @param expires seconds to ask for from now on, 0 for as before */
  | { readonly kind: 'again'; readonly expires: number }
  | { readonly kind: 'redirect'; readonly uri: string }
  /** This server cannot do it, another one of the same next hop may. */
  | { readonly kind: 'elsewhere'; readonly retryAfter: number }
  | {
      readonly kind: 'failed';
      readonly result: RegistrationResult;
      readonly reason: string;
      readonly retryAfter: number;
    };

/**
 * What a final answer to an attempt's REGISTER means. It takes challenges into the attempt's credentials; beyond that it changes nothing.
 * @param extras what our Contacts carry
 */
export function judgeAnswer(attempt: Attempt, answer: SipMessage, extras: ContactExtras): Verdict {
  const { status } = answer;
  const failed = (result: RegistrationResult, reason = answer.reason): Verdict => ({
    kind: 'failed',
    result,
    reason,
    retryAfter: status < 300 ? 0 : readRetryAfter(answer),
  });
  if (status < 300) return granted(attempt, answer, extras, failed);
  if (status === 401 || status === 407) {
    const refusal = attempt.credentials.challenged(answer, attempt.uri);
    return refusal === null ? { kind: 'again', expires: 0 } : failed('credentials', refusal);
  }
  if (status === 423 && !attempt.removes) {
    const raised = attempt.briefs < MAX_BRIEFS ? raisedExpires(attempt.asked, readMinExpires(answer)) : 0;
    return raised > 0 ? { kind: 'again', expires: raised } : failed('interval-too-brief');
  }
  if (status < 400) {
    if (attempt.visited.length >= MAX_REDIRECTIONS) return failed('redirected', 'too many redirections');
    const secure = attempt.hop.uri?.scheme === 'sips';
    // What was to be secure stays so, whoever redirects it.
    const uri = readRedirections(answer).find(
      (one) => !attempt.visited.includes(one) && one !== attempt.hop.text && (!secure || /^sips:/i.test(one)),
    );
    return uri === undefined ? failed('redirected', `${status} without a usable Contact`) : { kind: 'redirect', uri };
  }
  // RFC 3263 §4.3: a 503 is to be treated as a failed target.
  if (status === 503) return { kind: 'elsewhere', retryAfter: readRetryAfter(answer) };
  return failed(resultOf(status));
}

function granted(
  attempt: Attempt,
  answer: SipMessage,
  extras: ContactExtras,
  failed: (result: RegistrationResult, reason: string) => Verdict,
): Verdict {
  if (attempt.removes) return { kind: 'removed' };
  const grant = readGrant(answer, attempt.contact, attempt.record.account, extras, attempt.asked);
  if (grant.kind === 'foreign') return failed('no-binding', `${answer.status} lists ${grant.count} bindings, not ours`);
  if (grant.seconds === 0) return failed('no-binding', `${answer.status} grants 0 seconds`);
  return { kind: 'granted', seconds: grant.seconds, silent: grant.silent };
}
