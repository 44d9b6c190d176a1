/** An engine without a network and a store without a database, for tests of what the module uac makes of them. */

import { readRegistrationSettings, registrationParameters } from '../../src/modules/uac/reg-settings.ts';
import { type Engine, Registration, type RegistrationHolder } from '../../src/modules/uac/registration.ts';
import type { ModuleParameters } from '../../src/script/module-definition.ts';
import type { AccountStore } from '../../src/storage/account-store.ts';
import type { AccountRow } from '../../src/uac/registration/account-row.ts';
import type {
  AccountAttribute,
  AccountLoad,
  AccountProblem,
  RegistrationNews,
  RegistrationResult,
  RegistrationStateName,
  RegistrationView,
} from '../../src/uac/registration/engine.ts';
import { isNews, type Told } from '../../src/uac/registration/news.ts';
import type { TestHost } from './support.ts';

/** A good account. */
export function row(uuid: string, over: Partial<AccountRow> = {}): AccountRow {
  return {
    uuid,
    localUser: `l-${uuid}`,
    localDomain: 'l.dom',
    remoteUser: `r-${uuid}`,
    remoteDomain: 'r.dom',
    realm: 'sip.test',
    authUser: `a-${uuid}`,
    authPassword: 'topsecret',
    authHa1: '',
    proxy: 'sip:127.0.0.1:5090',
    expires: 60,
    flags: 0,
    delay: 0,
    contactAddr: '',
    contactUser: '',
    socket: '',
    ...over,
  };
}

function view(from: AccountRow): RegistrationView {
  return {
    row: from,
    state: 'waiting',
    flags: 0,
    online: false,
    expires: from.expires,
    granted: 0,
    timerExpires: 0,
    loadedAt: 100,
    contactAddr: from.contactAddr === '' ? '127.0.0.1:5060' : from.contactAddr,
    lastAttempt: 0,
    nextAttempt: 0,
    lastSuccess: 0,
    since: 100,
    lastCode: 0,
    lastReason: '',
    failures: 0,
    registrar: '',
    roundTrip: -1,
    publicAddress: '',
    serviceRoute: [],
  };
}

const FIELDS = {
  l_uuid: 'uuid',
  l_username: 'localUser',
  r_username: 'remoteUser',
  auth_username: 'authUser',
} as const satisfies Record<AccountAttribute, keyof AccountRow>;

/** Keeps accounts and notes what is asked of it. */
export class FakeEngine implements Engine {
  readonly accounts = new Map<string, RegistrationView>();
  /** `action uuid` of every call. */
  readonly calls: string[] = [];
  active = true;
  readonly sent = 7;
  readonly repairs = 0;
  readonly flowsLost = 2;
  readonly leaving = 4;
  private readonly listeners = new Set<(news: RegistrationNews) => void>();
  private readonly told = new Map<string, Told>();

  get size(): number {
    return this.accounts.size;
  }

  get online(): number {
    return [...this.accounts.values()].filter((one) => one.online).length;
  }

  count(state: RegistrationStateName): number {
    return [...this.accounts.values()].filter((one) => one.state === state).length;
  }

  results(result: RegistrationResult): number {
    return result === 'ok' ? 3 : 0;
  }

  list(): Iterable<RegistrationView> {
    return this.accounts.values();
  }

  beginLoad(): AccountLoad {
    const seen = new Set<string>();
    let added = 0;
    let problems = 0;
    return {
      take: (rows) => {
        const bad: AccountProblem[] = [];
        for (const one of rows) {
          const problem = problemOf(one);
          if (problem !== null) {
            bad.push(problem);
            continue;
          }
          seen.add(one.uuid);
          if (this.accounts.has(one.uuid)) continue;
          added++;
          this.accounts.set(one.uuid, view(one));
        }
        problems += bad.length;
        return bad;
      },
      commit: () => {
        const gone = [...this.accounts.keys()].filter((uuid) => !seen.has(uuid));
        for (const uuid of gone) this.accounts.delete(uuid);
        this.calls.push('commit');
        return { added, changed: 0, unchanged: seen.size - added, removed: gone.length, problems };
      },
      abandon: () => void this.calls.push('abandon'),
    };
  }

  add(one: AccountRow): 'added' | 'exists' | AccountProblem {
    const problem = problemOf(one);
    if (problem !== null) return problem;
    if (this.accounts.has(one.uuid)) return 'exists';
    this.accounts.set(one.uuid, view(one));
    return 'added';
  }

  refresh(one: AccountRow): 'added' | 'replaced' | AccountProblem {
    this.calls.push(`refresh ${one.uuid}`);
    const problem = problemOf(one);
    if (problem !== null) return problem;
    this.accounts.set(one.uuid, view(one));
    return 'replaced';
  }

  remove(uuid: string): boolean {
    this.told.delete(uuid);
    return this.accounts.delete(uuid);
  }

  find(attribute: AccountAttribute, value: string): RegistrationView | null {
    return [...this.accounts.values()].find((one) => one.row[FIELDS[attribute]] === value) ?? null;
  }

  findByUri(user: string, domain: string | null): RegistrationView | null {
    const fits = (one: RegistrationView): boolean =>
      one.row.localUser === user && (domain === null || one.row.localDomain === domain);
    return [...this.accounts.values()].find(fits) ?? null;
  }

  enable(uuid: string): boolean {
    return this.did('enable', uuid);
  }
  disable(uuid: string): boolean {
    return this.did('disable', uuid);
  }
  register(uuid: string): boolean {
    return this.did('register', uuid);
  }
  unregister(uuid: string): boolean {
    return this.did('unregister', uuid);
  }

  onChange(): () => void {
    return () => {};
  }

  onNews(listener: (news: RegistrationNews) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  stop(unregister: boolean, graceMs: number): Promise<void> {
    this.calls.push(`stop ${unregister} ${graceMs}`);
    return Promise.resolve();
  }

  registrars(): ReturnType<Engine['registrars']> {
    return [{ name: 'sip:127.0.0.1:5090', window: 20, outstanding: 2, waiting: 5, flows: 1, watched: 1, lost: 2 }];
  }

  /** Changes what is known about an account; a new state is told. */
  set(uuid: string, over: Partial<RegistrationView>): void {
    const before = this.accounts.get(uuid) ?? view(row(uuid));
    const account = { ...before, ...over };
    this.accounts.set(uuid, account);
    if (over.state === undefined) return;
    const { state, lastCode: code, lastReason: reason } = account;
    const told = this.told.get(uuid) ?? { toldState: 'waiting', toldCode: 0 };
    if (!isNews(told, state, code)) return;
    this.told.set(uuid, { toldState: state, toldCode: code });
    const { proxy } = account.row;
    for (const listener of this.listeners)
      listener({ account, proxy, old: told.toldState, from: before.state, state, code, reason });
  }

  private did(action: string, uuid: string): boolean {
    this.calls.push(`${action} ${uuid}`);
    return this.accounts.has(uuid);
  }
}

function problemOf({ uuid, authPassword, authHa1 }: AccountRow): AccountProblem | null {
  if (uuid === '') return { uuid, code: 'UAC_REG_EMPTY_FIELD', text: 'l_uuid is empty' };
  if (authPassword === '' && authHa1 === '') return { uuid, code: 'UAC_REG_NO_SECRET', text: 'no secret' };
  return null;
}

/** A failure of the storage layer as the module sees it. */
export class StoreFailure extends Error {
  readonly code: string;
  constructor(code: string) {
    super(`it is ${code}`);
    this.code = code;
  }
}

/** Rows in memory; `failure` is thrown after the first chunk, or at once when there are no rows. */
export class FakeStore implements AccountStore {
  readonly name = 'table uacreg of memory';
  rows: readonly AccountRow[] = [];
  failure: Error | null = null;
  reads = 0;
  closed = false;
  /** Rows of a chunk. */
  chunk = 1000;

  async readAll(take: (rows: readonly AccountRow[]) => void | Promise<void>): Promise<void> {
    this.reads++;
    for (let at = 0; at < this.rows.length; at += this.chunk) {
      await take(this.rows.slice(at, at + this.chunk));
      if (this.failure !== null) throw this.failure;
    }
    if (this.failure !== null) throw this.failure;
  }

  async read(uuid: string): Promise<AccountRow | null> {
    if (this.failure !== null) throw this.failure;
    return this.rows.find((one) => one.uuid === uuid) ?? null;
  }

  insert(): Promise<void> {
    return Promise.reject(new Error('read-only'));
  }

  delete(): Promise<boolean> {
    return Promise.reject(new Error('read-only'));
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

type Params = Readonly<Record<string, number | string>>;

/** Parameters as a configuration sets them, with the module's defaults. */
export function parameters(params: Params): ModuleParameters {
  const value = (name: string): unknown =>
    params[name] ?? registrationParameters.find((one) => one.name === name)?.default;
  return {
    int: (name) => Number(value(name) ?? 0),
    str: (name) => String(value(name) ?? ''),
    list: () => [],
    isSet: (name) => params[name] !== undefined,
  };
}

/** A module with registrations over a fake engine and store. */
export interface FakeRegistration {
  readonly holder: RegistrationHolder & { registration: Registration };
  readonly engine: FakeEngine;
  readonly store: FakeStore;
}

/** @param rows what the table has at the start; read before this returns */
export async function fakeRegistration(
  host: TestHost,
  rows: readonly AccountRow[] = [],
  params: Params = {},
): Promise<FakeRegistration> {
  const settings = readRegistrationSettings(
    parameters({ reg_db_url: 'sqlite:////nowhere.db', reg_contact_addr: '127.0.0.1:5060', ...params }),
  );
  if (settings === null) throw new Error('no settings');
  const engine = new FakeEngine();
  const store = new FakeStore();
  store.rows = rows;
  const parts = { engine: () => engine, store: () => store };
  const registration = new Registration(host, settings, parts, host.program());
  while (registration.database.health.state === 'loading') await new Promise((resolve) => setImmediate(resolve));
  return { holder: { host, registration }, engine, store };
}
