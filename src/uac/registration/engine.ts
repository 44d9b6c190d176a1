import type { AccountRow } from './account-row.ts';

/**
 * State of one account. Live ones have a deadline or an outstanding request, always:
 * - `waiting`: its first or next attempt has a time (initial delay, enabled again)
 * - `queued`: due, and waiting for a place among the outstanding requests of its registrar
 * - `registering`: REGISTER is out, no binding is held
 * - `registered`: the registrar holds our binding; the refresh has a time
 * - `refreshing`: REGISTER is out, the earlier binding is still valid
 * - `retrying`: the last attempt failed for a reason that may pass; the next one has a time
 * - `rejected`: the registrar refuses (credentials, 403, 404…); tried again slowly
 * - `unregistering`: a REGISTER that removes the binding is out
 * Those at rest have none:
 * - `disabled`: by flag, operator, or a failure with reg_retry_interval 0
 * - `unregistered`: by operator, until enabled or registered again
 * - `idle`: its expires is 0
 * - `faulty`: the account cannot work as it is (socket that is not ours, unreadable proxy); see its reason
 */
export type RegistrationStateName =
  | 'waiting'
  | 'queued'
  | 'registering'
  | 'registered'
  | 'refreshing'
  | 'retrying'
  | 'rejected'
  | 'unregistering'
  | 'disabled'
  | 'unregistered'
  | 'idle'
  | 'faulty';

/** What became of an attempt, by cause; each has a counter. */
export type RegistrationResult =
  | 'ok'
  | 'timeout'
  | 'unreachable'
  | 'unresolvable'
  | 'refused'
  | 'credentials'
  | 'server-error'
  | 'overload'
  | 'interval-too-brief'
  | 'redirected'
  | 'no-binding'
  | 'local';

/** One account with what is known about its registration, read-only; times are seconds since 1970, 0 for never. */
export interface RegistrationView {
  readonly row: AccountRow;
  readonly state: RegistrationStateName;
  /** Kamailio's bits, derived: 1 disabled, 2 ongoing, 4 online, 8 credentials sent, 16 initial delay over. */
  readonly flags: number;
  /** A binding is held and has not expired. */
  readonly online: boolean;
  /** Seconds asked for with the next REGISTER (may differ from the row after 423). */
  readonly expires: number;
  /** Seconds that the registrar granted last, 0 for none. */
  readonly granted: number;
  /** Kamailio's timer_expires: end of the binding, or time of the next attempt; 0 before the first. */
  readonly timerExpires: number;
  /** When the account was loaded (reg_init). */
  readonly loadedAt: number;
  /** Contact address in use: the row's own, or reg_contact_addr. */
  readonly contactAddr: string;
  readonly lastAttempt: number;
  readonly nextAttempt: number;
  readonly lastSuccess: number;
  /** Since when it is in this state. */
  readonly since: number;
  /**
   * What the last attempt that ended came to: status of the answer, 408 for none, with its reason. An attempt under way changes nothing of it.
   * 0 and empty before the first, and from a changed row or an operator's command to what it comes to; of a faulty account 0 and what is wrong.
   */
  readonly lastCode: number;
  readonly lastReason: string;
  /** Failed attempts in a row. */
  readonly failures: number;
  /** `proto:ip:port` that answered last, empty before the first. */
  readonly registrar: string;
  /** Milliseconds that the last answer took, -1 before the first. */
  readonly roundTrip: number;
  /** Our address as the registrar sees it (Via received/rport), empty when unknown. */
  readonly publicAddress: string;
  /** Route set of the Service-Route headers of the last 2xx (RFC 3608). */
  readonly serviceRoute: readonly string[];
}

/** An account changed its state. */
export interface RegistrationEvent {
  readonly account: RegistrationView;
  readonly from: RegistrationStateName;
  readonly to: RegistrationStateName;
  readonly code: number;
  readonly reason: string;
}

/** A change worth telling: an account has settled in another state than the last one told, or failed with another status. */
export interface RegistrationNews {
  /** As it stands at this moment; made when it is asked for, so only within the listener's turn. */
  readonly account: RegistrationView;
  /** The row's next hop. */
  readonly proxy: string;
  /** The state told before; `waiting` for the first time. */
  readonly old: RegistrationStateName;
  /** Where it came from just now. */
  readonly from: RegistrationStateName;
  readonly state: RegistrationStateName;
  readonly code: number;
  readonly reason: string;
}

/** Why a row cannot be an account (uac README; spec of Kamailio's loader). */
export type AccountProblemCode = 'UAC_REG_EMPTY_FIELD' | 'UAC_REG_NO_SECRET' | 'UAC_REG_BAD_HA1' | 'UAC_REG_BAD_TEXT';

export interface AccountProblem {
  readonly uuid: string;
  readonly code: AccountProblemCode;
  /** Says which column; never holds a secret. */
  readonly text: string;
}

/** What a load came to. */
export interface LoadSummary {
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly removed: number;
  readonly problems: number;
}

/** A load under way: rows arrive in chunks of any size; nothing that is registered is disturbed until {@link commit}. */
export interface AccountLoad {
  /** Takes rows: new ones start, changed ones start again, unchanged ones go on. @returns the rows that cannot be accounts */
  take(rows: readonly AccountRow[]): readonly AccountProblem[];
  /** The table has been read to its end: accounts that were in it before and are not any more are removed. Accounts added by hand (add) too. */
  commit(): LoadSummary;
  /** The table could not be read to its end: nothing is removed. */
  abandon(): void;
}

/** Attributes an account is found by. */
export type AccountAttribute = 'l_uuid' | 'l_username' | 'r_username' | 'auth_username';

/** The registrations of one server (uac README, "Remote registration"). */
export interface RegistrationEngine {
  beginLoad(): AccountLoad;
  /** Adds one; 'exists' when the uuid is known. */
  add(row: AccountRow): 'added' | 'exists' | AccountProblem;
  /** Adds or replaces one: replaced, it registers again at once. */
  refresh(row: AccountRow): 'added' | 'replaced' | AccountProblem;
  /** @returns false when it is unknown */
  remove(uuid: string): boolean;
  /** The first account with this value, of an l_username the newest. */
  find(attribute: AccountAttribute, value: string): RegistrationView | null;
  /** By l_username, and l_domain unless it is null (uac_reg_lookup_uri). */
  findByUri(user: string, domain: string | null): RegistrationView | null;
  /** These four take the uuid; false when it is unknown. They act at once, through the pace of the registrar. */
  enable(uuid: string): boolean;
  disable(uuid: string): boolean;
  register(uuid: string): boolean;
  unregister(uuid: string): boolean;
  /** reg_active: false pauses everything the engine does by itself. */
  active: boolean;
  /** Every account in the order in which they were added; safe to walk while they change. */
  list(): Iterable<RegistrationView>;
  /** Number of accounts. */
  readonly size: number;
  /** Accounts in a state. */
  count(state: RegistrationStateName): number;
  /** Accounts that were removed and whose binding is still being removed; they are in no state. */
  readonly leaving: number;
  /** Attempts that ended with a result since the start. */
  results(result: RegistrationResult): number;
  /** REGISTERs sent since the start, retransmissions not counted. */
  readonly sent: number;
  /** Accounts whose binding is held now (regactive). */
  readonly online: number;
  /** Calls the listener on every state change. @returns ends it */
  onChange(listener: (event: RegistrationEvent) => void): () => void;
  /** Calls the listener on the changes that are news: what most listeners want, at little cost where it is only counted. @returns ends it */
  onNews(listener: (news: RegistrationNews) => void): () => void;
  /** Stops everything; with `unregister`, removes bindings first. @param graceMs most milliseconds to wait for the answers */
  stop(unregister: boolean, graceMs: number): Promise<void>;
}
