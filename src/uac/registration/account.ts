import { utf8Bytes } from '../../digest/credentials.ts';
import { parseUri } from '../../message/uri.ts';
import type { AccountRow } from './account-row.ts';
import { type CarrierTerms, wholeSeconds } from './carrier-terms.ts';
import type { AccountProblem, AccountProblemCode } from './engine.ts';
import type { NextHop } from './next-hop-table.ts';

/** Longest text of a column that is taken, in characters; the table's longest column has 255. */
const MAX_TEXT = 1024;

/** What accounts have in common is kept once. */
export interface AccountTables {
  /** The one copy of a text that many accounts have. */
  share(text: string): string;
  /** The one object of a next hop. */
  hop(uri: string): NextHop;
}

/**
 * A row that was found good. It never changes. The columns that hold secrets are there as getters of private fields only, so that no dump of an
 * account shows them.
 */
export class Account implements AccountRow {
  readonly uuid: string;
  readonly localUser: string;
  readonly localDomain: string;
  readonly remoteUser: string;
  readonly authUser: string;
  readonly contactUser: string;
  private readonly terms: CarrierTerms;
  readonly #password: string;
  readonly #ha1: string;

  constructor(row: AccountRow, tables: AccountTables) {
    const { share } = tables;
    this.uuid = row.uuid;
    // One copy of what stands in several columns of a row, as it often does.
    this.localUser = row.localUser === row.uuid ? row.uuid : row.localUser;
    this.localDomain = share(row.localDomain);
    this.remoteUser = row.remoteUser === row.localUser ? this.localUser : row.remoteUser;
    this.authUser = row.authUser === row.remoteUser ? this.remoteUser : row.authUser;
    this.contactUser = row.contactUser;
    this.terms = tables.hop(row.proxy).terms.of(row, share);
    this.#password = row.authPassword;
    this.#ha1 = row.authHa1.toLowerCase();
  }

  get hop(): NextHop {
    return this.terms.hop;
  }

  get remoteDomain(): string {
    return this.terms.remoteDomain;
  }

  get realm(): string {
    return this.terms.realm;
  }

  get contactAddr(): string {
    return this.terms.contactAddr;
  }

  get socket(): string {
    return this.terms.socket;
  }

  get expires(): number {
    return this.terms.expires;
  }

  get flags(): number {
    return this.terms.flags;
  }

  get delay(): number {
    return this.terms.delay;
  }

  get proxy(): string {
    return this.hop.text;
  }

  get authPassword(): string {
    return this.#password;
  }

  get authHa1(): string {
    return this.#ha1;
  }
}

/** A column with text: its name here and its name in the table. */
interface TextColumn {
  readonly key: TextField;
  readonly column: string;
}

type TextField = Exclude<
  { [K in keyof AccountRow]: AccountRow[K] extends string ? K : never }[keyof AccountRow],
  undefined
>;

/** Columns that must not be empty, by the names an operator knows them by (uac README, "Remote registration"). */
const REQUIRED: readonly TextColumn[] = [
  { key: 'uuid', column: 'l_uuid' },
  { key: 'localUser', column: 'l_username' },
  { key: 'localDomain', column: 'l_domain' },
  { key: 'remoteUser', column: 'r_username' },
  { key: 'remoteDomain', column: 'r_domain' },
  { key: 'authUser', column: 'auth_username' },
  { key: 'proxy', column: 'auth_proxy' },
];

/** Columns that go into a message, or into a URI that a route uses. */
const WRITTEN: readonly TextColumn[] = [
  ...REQUIRED.filter(({ key }) => key !== 'proxy' && key !== 'authUser'),
  { key: 'contactUser', column: 'contact_user' },
  { key: 'contactAddr', column: 'contact_addr' },
];

/** Columns that are compared, looked up and shown, but not written as they are. */
const SHOWN: readonly TextColumn[] = [
  { key: 'authUser', column: 'auth_username' },
  { key: 'proxy', column: 'auth_proxy' },
  { key: 'realm', column: 'realm' },
  { key: 'socket', column: 'socket' },
];

// What ends a header line, or the angle brackets around a URI. Other characters that cannot stand in a user part are escaped.
const BREAKS_URI = /[\x00-\x1f\x7f<>"]/;
const CONTROL = /[\x00-\x1f\x7f]/;
const HA1 = /^[0-9a-fA-F]{32}$/;

/**
 * Whether a row can be an account (uac README: the columns that must not be empty; auth_ha1 is 32 hex digits).
 * @returns null when it can, else the first column that stands in the way: UAC_REG_EMPTY_FIELD, UAC_REG_NO_SECRET, UAC_REG_BAD_HA1 or
 * UAC_REG_BAD_TEXT
 */
export function accountProblem(row: AccountRow): AccountProblem | null {
  // A name beyond every measure would be a log line of that length.
  const uuid = row.uuid.length > MAX_TEXT ? `${row.uuid.slice(0, 64)}…` : row.uuid;
  const problem = (code: AccountProblemCode, text: string): AccountProblem => ({ uuid, code, text });
  for (const { key, column } of REQUIRED)
    if (row[key] === '') return problem('UAC_REG_EMPTY_FIELD', `${column} is empty`);
  if (row.authPassword === '' && row.authHa1 === '')
    return problem('UAC_REG_NO_SECRET', 'auth_password and auth_ha1 are both empty');
  if (row.authHa1 !== '' && !HA1.test(row.authHa1)) return problem('UAC_REG_BAD_HA1', 'auth_ha1 is not 32 hex digits');
  for (const { key, column } of WRITTEN) {
    const text = row[key];
    if (text.length > MAX_TEXT) return problem('UAC_REG_BAD_TEXT', `${column} is longer than ${MAX_TEXT} characters`);
    if (BREAKS_URI.test(text))
      return problem('UAC_REG_BAD_TEXT', `${column} holds a control character, a quote or < >`);
  }
  for (const { key, column } of SHOWN) {
    const text = row[key];
    if (CONTROL.test(text) || text.length > MAX_TEXT)
      return problem(
        'UAC_REG_BAD_TEXT',
        `${column} holds a control character or is longer than ${MAX_TEXT} characters`,
      );
  }
  if (row.authPassword.length > MAX_TEXT)
    return problem('UAC_REG_BAD_TEXT', `auth_password is longer than ${MAX_TEXT} characters`);
  if (!isHostPort(row.remoteDomain)) return problem('UAC_REG_BAD_TEXT', 'r_domain is not host or host:port');
  if (row.contactAddr !== '' && !isContactAddress(row.contactAddr))
    return problem('UAC_REG_BAD_TEXT', 'contact_addr is not host[:port][;parameters]');
  return null;
}

function isHostPort(text: string): boolean {
  const uri = parseUri(`sip:${utf8Bytes(text)}`);
  return uri !== null && uri.user === undefined && uri.params === '' && uri.headers === '';
}

/** True for `host[:port][;parameters]`, what a Contact may have behind its user part. */
export function isContactAddress(text: string): boolean {
  const uri = parseUri(`sip:u@${utf8Bytes(text)}`);
  return uri !== null && uri.user === 'u' && uri.headers === '' && !BREAKS_URI.test(text);
}

/** True when two rows are the same account in every respect: nothing has to be done about it. */
export function sameRow(a: AccountRow, b: AccountRow): boolean {
  return (
    a.localUser === b.localUser &&
    a.localDomain === b.localDomain &&
    a.remoteUser === b.remoteUser &&
    a.remoteDomain === b.remoteDomain &&
    a.realm === b.realm &&
    a.authUser === b.authUser &&
    a.proxy === b.proxy &&
    wholeSeconds(a.expires) === wholeSeconds(b.expires) &&
    (a.flags | 0) === (b.flags | 0) &&
    wholeSeconds(a.delay) === wholeSeconds(b.delay) &&
    a.contactAddr === b.contactAddr &&
    a.contactUser === b.contactUser &&
    a.socket === b.socket &&
    a.authPassword === b.authPassword &&
    a.authHa1.toLowerCase() === b.authHa1.toLowerCase()
  );
}
