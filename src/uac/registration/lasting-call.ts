import { createHmac } from 'node:crypto';
import type { Account } from './account.ts';

/** Second of the year 2020 since 1970: CSeq numbers of the clock count from here and stay below 2^31 until 2088. */
const EPOCH = 1_577_836_800;
/** Hex digits of a Call-ID. */
const LENGTH = 32;

/**
 * A Call-ID that outlives the process: the same for the same account and seed (RFC 3261 §10.2.4 wants one for all registrations to a registrar; after a
 * crash, a registrar that counts Call-IDs as phones has the account's binding replaced in place of a second one). Without the seed it cannot be guessed.
 * @param generation number of Call-IDs that were given up before in this process
 */
export function lastingCallId(seed: string, { uuid, remoteUser, remoteDomain }: Account, generation: number): string {
  const mac = createHmac('sha256', seed).update([uuid, remoteUser, remoteDomain, generation].join('\n'));
  return mac.digest('hex').slice(0, LENGTH);
}

/** First CSeq of such a Call-ID: greater than all before the restart, as long as an account sends less than one REGISTER a second. @param wall milliseconds since 1970 */
export function clockCSeq(wall: number): number {
  return Math.max(1, Math.floor(wall / 1000) - EPOCH);
}
