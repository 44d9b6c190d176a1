/**
 * One account as the table `uacreg` has it; names follow its columns (uac README, "Remote registration"). A column that is NULL or that an
 * older table lacks is the empty text or 0.
 */
export interface AccountRow {
  /** Unique name of the account, user part of its Contact (l_uuid). */
  readonly uuid: string;
  readonly localUser: string;
  readonly localDomain: string;
  readonly remoteUser: string;
  /** Host and optional port of the Request-URI (r_domain). */
  readonly remoteDomain: string;
  /** Realm that a challenge must have, empty for any. */
  readonly realm: string;
  readonly authUser: string;
  /** Plain password; an Account shows it to nobody who does not ask for it. */
  readonly authPassword: string;
  /** Hex HA1, wins over the password. */
  readonly authHa1: string;
  /** URI of the next hop (auth_proxy). */
  readonly proxy: string;
  /** Seconds to ask for. */
  readonly expires: number;
  /** Initial state by Kamailio's bits: 1 disabled, 4 online, 16 initial delay over. */
  readonly flags: number;
  /** Seconds to wait before the first REGISTER (reg_delay). */
  readonly delay: number;
  /** Host[:port][;params] of the Contact; empty for reg_contact_addr. */
  readonly contactAddr: string;
  /** User part of the Contact in place of the uuid, which then goes into its `line` parameter (version 6). */
  readonly contactUser: string;
  /** Our socket to send from, `proto:host:port`; empty for any. */
  readonly socket: string;
}
