import type { SipMessage } from '../message/message.ts';
import type { CallResult } from '../server/simulator/phone.ts';
import { fromText, hasCredentials, type Party } from './demo-ladder.ts';

/** What the two ends of the demo's call saw of it; filled while it happens, judged at its end. */
export class CallRecord {
  /** Distinct From texts of requests that reached the carrier, and of replies that reached the phone. */
  readonly carrierSaw = new Set<string>();
  readonly phoneSaw = new Set<string>();
  requests = 0;
  challenges = 0;
  /** CSeq numbers of the INVITEs that the carrier got, in order. */
  readonly inviteNumbers: number[] = [];
  withCredentials = false;

  add(party: Party, sent: boolean, message: SipMessage): void {
    if (party === 'phone') {
      if (!sent && !message.isRequest) this.phoneSaw.add(fromText(message));
      return;
    }
    if (sent) {
      if (message.status === 401 || message.status === 407) this.challenges++;
      return;
    }
    this.requests++;
    this.carrierSaw.add(fromText(message));
    if (hasCredentials(message)) this.withCredentials = true;
    const number = message.cseq?.seq;
    if (message.method === 'INVITE' && number !== undefined && this.inviteNumbers.at(-1) !== number) {
      this.inviteNumbers.push(number);
    }
  }
}

/** Judgement of a demo call. */
export interface Verdict {
  readonly ok: boolean;
  /** Lines to print, the first one is the headline. */
  readonly lines: readonly string[];
}

function list(texts: Iterable<string>): string {
  return [...texts].join(', ') || 'nothing';
}

/**
 * Judges the call: it must have gone through, been challenged and answered, and shown each side only the names meant for it.
 * @param own the From text that the phone uses
 */
export function judgeCall(record: CallRecord, result: CallResult, own: string): Verdict {
  const faults: string[] = [];
  if (result.status !== 200)
    faults.push(`the phone's call ended with ${result.status || 'no answer'} ${result.reason}`);
  else if (result.byeStatus !== 200) faults.push(`the BYE was answered with ${result.byeStatus || 'nothing'}`);
  if (record.challenges === 0) faults.push('the carrier asked for no credentials');
  else if (!record.withCredentials) faults.push("the carrier's challenge was not answered");
  if (record.carrierSaw.has(own)) faults.push("the caller's own name reached the carrier");
  if (record.carrierSaw.size > 1) faults.push('the carrier saw more than one name');
  if ([...record.phoneSaw].some((from) => from !== own)) faults.push('the phone saw a name that is not its own');
  const statuses = result.statuses.filter((status, i) => status !== result.statuses[i - 1]).join(', ');
  const bye = result.byeStatus === 0 ? '' : `, and ${result.byeStatus} to its BYE`;
  return {
    ok: faults.length === 0,
    lines: [
      faults.length === 0
        ? `The call went through, in ${Math.round(result.milliseconds)} ms.`
        : `The call did not go as it should: ${faults.join('; ')}.`,
      `  phone    got ${statuses || 'no reply'}${bye}`,
      `           its From in every reply: ${list(record.phoneSaw)}`,
      `  carrier  challenged ${record.challenges === 1 ? 'once' : `${record.challenges} times`}; CSeq of the INVITE ${record.inviteNumbers.join(' then ') || 'none'}`,
      `           From in all ${record.requests} requests: ${list(record.carrierSaw)}`,
    ],
  };
}
