import type { Clock } from '../../time/clock.ts';
import type { RegistrationView } from './engine.ts';
import type { Registration } from './registration.ts';
import { isOutstanding } from './states.ts';

/** Kamailio's bits (uac.reg_dump, flags). */
const DISABLED = 1;
const ONGOING = 2;
const ONLINE = 4;
const AUTH_SENT = 8;
const INITIALIZED = 16;

/** An account's state in Kamailio's bits. */
export function kamailioFlags(record: Registration): number {
  const { account, state } = record;
  let flags = record.initialized ? INITIALIZED : account.flags & INITIALIZED;
  if (state.goal === 'disabled') flags |= DISABLED;
  if (isOutstanding(state)) flags |= ONGOING;
  // Loaded with the bit, an account counts as online until something is known.
  if (record.online || (record.attemptedAt < 0 && (account.flags & ONLINE) !== 0)) flags |= ONLINE;
  if (record.attempt?.credentials.sent === true) flags |= AUTH_SENT;
  return flags;
}

/** What is known about an account now, its times on the wall clock as it stands now. */
export function viewOf(record: Registration, clock: Clock, contactAddr: string): RegistrationView {
  const { account, state } = record;
  const offset = (clock.wall() - clock.now()) / 1000;
  const wall = (seconds: number): number => (seconds < 0 ? 0 : Math.round(offset + seconds));
  const nextAttempt =
    record.nextAt >= 0 && !isOutstanding(state) && state.name !== 'queued' ? wall(record.nextAt / 1000) : 0;
  return {
    row: account,
    state: state.name,
    flags: kamailioFlags(record),
    online: record.online,
    expires: record.wanted,
    granted: record.granted,
    timerExpires: record.online ? wall(record.expiresAt / 1000) : record.attemptedAt < 0 ? 0 : nextAttempt,
    loadedAt: wall(record.loadedAt),
    contactAddr: record.learned === '' ? account.contactAddr || contactAddr : record.learned,
    lastAttempt: wall(record.attemptedAt),
    nextAttempt,
    lastSuccess: wall(record.succeededAt),
    since: wall(record.since),
    lastCode: record.lastCode,
    lastReason: record.lastReason,
    failures: record.failures,
    registrar: record.home?.pace.name ?? '',
    roundTrip: record.roundTrip,
    publicAddress: record.publicAddress,
    serviceRoute: record.serviceRoute,
  };
}
