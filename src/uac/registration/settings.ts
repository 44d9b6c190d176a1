import type { DigestAlgorithmName } from '../../digest/algorithm.ts';
import { utf8Bytes } from '../../digest/credentials.ts';
import { sanitizeReason } from '../../message/sanitize.ts';
import type { NextHopResolver } from '../../proxy/next-hop.ts';
import type { LocalRequestHook } from '../../proxy/own-request.ts';
import { type Clock, type Random, realRandom, type TimerWheel } from '../../time/index.ts';
import { DEFAULT_TIMERS, type Transactions, type TransactionTimers } from '../../transaction/transaction.ts';
import type { TransportLogger } from '../../transport/options.ts';
import type { TransportSender } from '../../transport/transport.ts';
import { isContactAddress } from './account.ts';
import { RegistrationError } from './errors.ts';
import { DEFAULT_RETRY, type RetryPolicy } from './policy.ts';

/** How accounts are registered; only the Contact address has to be given. Times in seconds. */
export interface RegistrationSettings {
  /** `host[:port][;parameters]` of the Contacts whose row names none (reg_contact_addr). */
  readonly contactAddr: string;
  /** Nothing waits longer than this to be looked at again: period of the watchdog (reg_timer_interval, 90). */
  readonly timerInterval?: number;
  /** reg_retry_interval. Absent: back-off by the kind of failure; 0: a failure disables for good; else seconds. */
  readonly retryInterval?: number | undefined;
  /** Back-off in place of the defaults of {@link DEFAULT_RETRY}. */
  readonly backOff?: Partial<Omit<RetryPolicy, 'interval'>>;
  /** Most seconds by which a row without a delay of its own starts later (reg_random_delay, 0). */
  readonly randomDelay?: number;
  /** False: a fresh Call-ID for each refresh, as Kamailio without reg_keep_callid. Default true (RFC 3261 §10.2.4). */
  readonly keepCallid?: boolean;
  /** Seed of Call-IDs that stay the same over restarts, CSeq numbers then come from the clock; absent or empty for random ones. */
  readonly callidSeed?: string;
  /** Begin active (reg_active, true). */
  readonly active?: boolean;
  /** False: findByUri looks at the user only, whatever domain it is given (reg_use_domain). */
  readonly useDomain?: boolean;
  /** `proto:host:port` for rows that name no socket (default_socket). */
  readonly defaultSocket?: string;
  /** Most REGISTERs per second to one registrar, retransmissions not counted; 0 for no bound (reg_rate). */
  readonly rate?: number;
  /** `kamailio`: bindings are left alone when an account is disabled or removed. Default `clean`: they are removed. */
  readonly unregister?: 'clean' | 'kamailio';
  readonly unregisterOnDisable?: boolean;
  readonly unregisterOnRemove?: boolean;
  /** Digest algorithms that registrars may ask for; absent for every one. Others are refused: the account is `rejected`. */
  readonly algorithms?: readonly DigestAlgorithmName[] | undefined;
  /** Value of User-Agent, empty for none. */
  readonly userAgent?: string;
  /** URN of this instance for outbound registrations, `urn:uuid:…` (RFC 5626 §4.1). */
  readonly instance?: string;
  /** reg-id of the Contacts (RFC 5626 §4.2); needs `instance`. */
  readonly regId?: number;
  /** Announce that a Path may be recorded (RFC 3327). */
  readonly path?: boolean;
  /** Most seconds between keepalives on the way to a registrar that holds bindings of ours; 0 for none but those that a Flow-Timer asks for. */
  readonly keepaliveInterval?: number;
  /** Over UDP the keepalive is an OPTIONS, whose answer is waited for, in place of a double CRLF. */
  readonly keepaliveOptions?: boolean;
  /** Take host and port of the Contact from received and rport of the answer, and register once more when they differ. */
  readonly learnContact?: boolean;
}

/** What an engine is made of. */
export interface RegistrationOptions {
  readonly settings: RegistrationSettings;
  readonly sender: TransportSender;
  readonly transactions: Pick<Transactions, 'createClient'>;
  readonly resolver: NextHopResolver;
  readonly wheel: TimerWheel;
  /** Default: the wheel's. */
  readonly clock?: Clock;
  /** Default: the operating system's. */
  readonly random?: Random;
  readonly timers?: TransactionTimers;
  /**
   * What sees each REGISTER before it leaves, null for nothing (event_route[tm:local-request]); asked each time. Of what it gives back the
   * Request-URI and the text count; the way is the account's own. It has to answer at once.
   */
  readonly shaper?: () => LocalRequestHook | null;
  /** Told what an operator may want to know; codes in capitals are explained in UAC_ERRORS, others are events. Never holds a secret. */
  readonly log?: TransportLogger;
}

/** Settings with nothing left open. */
export interface EngineConfig {
  readonly contactAddr: string;
  readonly watchMs: number;
  readonly retry: RetryPolicy;
  readonly randomDelay: number;
  readonly keepCallid: boolean;
  readonly callidSeed: string;
  readonly useDomain: boolean;
  readonly defaultSocket: string;
  readonly rate: number;
  readonly algorithms: readonly DigestAlgorithmName[] | undefined;
  readonly unregisterOnDisable: boolean;
  readonly unregisterOnRemove: boolean;
  /** Header lines with CRLF, or empty. */
  readonly userAgent: string;
  readonly supported: string;
  readonly extras: { readonly instance: string; readonly regId: number };
  readonly keepaliveMs: number;
  readonly keepaliveOptions: boolean;
  readonly learnContact: boolean;
  readonly sender: TransportSender;
  readonly transactions: Pick<Transactions, 'createClient'>;
  readonly resolver: NextHopResolver;
  readonly wheel: TimerWheel;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: TransactionTimers;
  readonly shaper: () => LocalRequestHook | null;
  readonly log: TransportLogger;
}

/** @throws RegistrationError UAC_REG_BAD_SETTING */
export function engineConfig(options: RegistrationOptions): EngineConfig {
  const { settings, wheel } = options;
  if (!isContactAddress(settings.contactAddr))
    throw new RegistrationError('UAC_REG_BAD_SETTING', 'contactAddr is not host[:port][;parameters]');
  const { instance = '', regId = 0, userAgent = '' } = settings;
  if (instance !== '' && !/^urn:[A-Za-z0-9:.-]+$/.test(instance))
    throw new RegistrationError('UAC_REG_BAD_SETTING', 'instance is no URN');
  const clean = settings.unregister !== 'kamailio';
  const tags = [
    ...(settings.path === true || instance !== '' ? ['path'] : []),
    ...(instance !== '' && regId > 0 ? ['outbound'] : []),
  ];
  return {
    contactAddr: settings.contactAddr,
    watchMs: Math.max(1, settings.timerInterval ?? 90) * 1000,
    retry: { ...DEFAULT_RETRY, ...settings.backOff, interval: settings.retryInterval },
    randomDelay: Math.max(0, settings.randomDelay ?? 0),
    keepCallid: settings.keepCallid ?? true,
    callidSeed: settings.callidSeed ?? '',
    useDomain: settings.useDomain ?? true,
    defaultSocket: settings.defaultSocket ?? '',
    rate: Math.max(0, settings.rate ?? 0),
    algorithms: settings.algorithms,
    unregisterOnDisable: settings.unregisterOnDisable ?? clean,
    unregisterOnRemove: settings.unregisterOnRemove ?? clean,
    userAgent: userAgent === '' ? '' : `User-Agent: ${sanitizeReason(utf8Bytes(userAgent))}\r\n`,
    supported: tags.length === 0 ? '' : `Supported: ${tags.join(', ')}\r\n`,
    extras: { instance, regId },
    keepaliveMs: Math.max(0, settings.keepaliveInterval ?? 0) * 1000,
    keepaliveOptions: settings.keepaliveOptions ?? false,
    learnContact: settings.learnContact ?? false,
    sender: options.sender,
    transactions: options.transactions,
    resolver: options.resolver,
    wheel,
    clock: options.clock ?? wheel.clock,
    random: options.random ?? realRandom,
    timers: options.timers ?? DEFAULT_TIMERS,
    shaper: options.shaper ?? (() => null),
    log: options.log ?? (() => {}),
  };
}
