import assert from 'node:assert/strict';
import { authParameters } from '../scenario/digest-oracle.ts';
import type { SipText } from './sip-text.ts';

/** One REGISTER that arrived. */
export interface SeenRegister {
  readonly message: SipText;
  /** Milliseconds of performance.now(). */
  readonly at: number;
  readonly account: string;
  readonly callId: string;
  readonly cseq: number;
  readonly branch: string;
  /** Nonce and nonce count of its credentials; '' and 0 without any. */
  readonly nonce: string;
  readonly nc: number;
  /** A branch that was seen before. */
  readonly repeated: boolean;
  /** Counts as never arrived. */
  readonly lost: boolean;
  readonly port: number;
}

/** Every REGISTER a scripted registrar got, and what tests want to know about them. */
export class RegisterLog {
  readonly all: SeenRegister[] = [];
  private readonly branches = new Set<string>();

  add(message: SipText, account: string, port: number, lost: boolean): void {
    const { branch } = message;
    const credentials = authParameters(message.header('Authorization') || message.header('Proxy-Authorization'));
    this.all.push({
      message,
      at: performance.now(),
      account,
      callId: message.callId,
      cseq: message.cseq.seq,
      branch,
      nonce: credentials.get('nonce') ?? '',
      nc: Number.parseInt(credentials.get('nc') ?? '0', 16),
      repeated: this.branches.has(branch),
      lost,
      port,
    });
    this.branches.add(branch);
  }

  /** Those of one account, retransmissions left out. */
  of(account: string): SeenRegister[] {
    return this.all.filter((seen) => seen.account === account && !seen.repeated);
  }

  /** All but retransmissions. */
  get requests(): SeenRegister[] {
    return this.all.filter((seen) => !seen.repeated);
  }

  get retransmissions(): number {
    return this.all.filter((seen) => seen.repeated).length;
  }

  /** Milliseconds between the requests of one account. */
  gaps(account: string): number[] {
    const seen = this.of(account);
    return seen.slice(1).map(({ at }, index) => at - (seen[index] as SeenRegister).at);
  }

  /**
   * The most requests that arrived within any second, retransmissions too: they weigh as much.
   * @param since milliseconds of performance.now(); earlier ones do not count
   */
  peakPerSecond(since = 0): number {
    const times = this.all.filter(({ at }) => at >= since).map(({ at }) => at);
    let peak = 0;
    for (let from = 0, to = 0; to < times.length; to++) {
      while ((times[to] as number) - (times[from] as number) > 1000) from++;
      peak = Math.max(peak, to - from + 1);
    }
    return peak;
  }

  /** @throws AssertionError when more than `limit` requests arrived within any second */
  assertNoStorm(limit: number, since = 0): void {
    const peak = this.peakPerSecond(since);
    assert.ok(peak <= limit, `${peak} REGISTERs within a second, at most ${limit} are allowed`);
  }

  /** @throws AssertionError unless each account's CSeq rises within each Call-ID */
  assertOrder(): void {
    const last = new Map<string, number>();
    for (const { callId, cseq, repeated } of this.all) {
      if (repeated) continue;
      assert.ok(cseq > (last.get(callId) ?? -1), `CSeq ${cseq} after ${last.get(callId)} in ${callId}`);
      last.set(callId, cseq);
    }
  }

  /** The story of one account, one line each, for messages of failed tests. */
  story(account: string): string {
    const first = this.all[0]?.at ?? 0;
    return this.all
      .filter((seen) => seen.account === account)
      .map(
        (seen) =>
          `  ${(seen.at - first).toFixed(0)} ms CSeq ${seen.cseq} ${seen.callId} nc=${seen.nc} expires=${seen.message.header('Expires')}${seen.repeated ? ' again' : ''}${seen.lost ? ' lost' : ''}`,
      )
      .join('\n');
  }

  clear(): void {
    this.all.length = 0;
  }
}
