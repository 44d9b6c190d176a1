/** auth and auth_db over a table of users in a SQLite file. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UseStore } from '../../src/auth/use-store.ts';
import { utf8Bytes } from '../../src/digest/credentials.ts';
import { userHa1 } from '../../src/digest/digest.ts';
import { auth } from '../../src/modules/auth.ts';
import { authDb } from '../../src/modules/auth_db.ts';
import { RpcArguments } from '../../src/rpc/method.ts';
import type { ScriptContext } from '../../src/script/context.ts';
import { openSubscriberStore } from '../../src/storage/subscriber.ts';
import type { NewSubscriber, SubscriberStore } from '../../src/storage/subscriber-store.ts';
import { initSubscriberTable } from '../../src/storage/tables.ts';
import { answerChallenge } from '../support/digest-answer.ts';
import { context, type LoadedModule, load, request, type TestHost, testHost } from './support.ts';

export const REALM = 'ex.com';

/** A table of users in a folder of its own. */
export class UserTable {
  readonly url: string;
  readonly store: SubscriberStore;
  private readonly folder: string;

  private constructor(folder: string, url: string) {
    this.folder = folder;
    this.url = url;
    this.store = openSubscriberStore(url);
  }

  static async make(): Promise<UserTable> {
    const folder = mkdtempSync(join(tmpdir(), 'trunkline-auth-db-'));
    const url = `sqlite:///${join(folder, 'users.db')}`;
    await initSubscriberTable(url);
    return new UserTable(folder, url);
  }

  async destroy(): Promise<void> {
    await this.store.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A user with an HA1 for every algorithm, and no password in clear. */
export function userRow(user: string, password: string, domain = REALM): NewSubscriber {
  const hash = (name: 'MD5' | 'SHA-256' | 'SHA-512-256', who = user): string =>
    userHa1(name, utf8Bytes(who), REALM, utf8Bytes(password));
  return {
    user,
    domain,
    password: '',
    ha1: hash('MD5'),
    ha1b: hash('MD5', `${user}@${domain}`),
    sha256: hash('SHA-256'),
    sha512t256: hash('SHA-512-256'),
  };
}

/** Both modules in a host whose replies are kept. */
export class AuthDbBench {
  readonly host: TestHost = testHost();
  readonly auth: LoadedModule;
  readonly db: LoadedModule;
  challenge = '';

  constructor(
    url: string,
    flavour: string,
    params: Readonly<Record<string, number | string>> = {},
    authParams: Readonly<Record<string, number | string>> = {},
    useStore: UseStore | null = null,
  ) {
    const reply = (state: ScriptContext['state'], status: number, reason: string): number => {
      this.challenge = /Authenticate: (.*)\r\n/.exec(state.replyHeaders)?.[1] ?? '';
      this.host.replies.push(`${status} ${reason}`);
      return 1;
    };
    Object.assign(this.host.proxy, { reply, statelessReply: reply });
    Object.assign(this.host, { useStore });
    this.auth = load(auth, this.host, { flavour, ...authParams });
    this.host.modules.set('auth', this.auth.instance);
    this.db = load(authDb, this.host, { db_url: url, ...params });
    this.host.clock.advance(10);
  }

  ctx(headers = '', to = '<sip:alice@ex.com>'): ScriptContext {
    return context(this.host, request({ method: 'REGISTER', body: '', to, headers }));
  }

  /** A REGISTER that answers a new challenge. Texts are Unicode. */
  answered(
    user: string,
    password: string,
    options: { algorithm?: string; realm?: string; to?: string } = {},
  ): ScriptContext {
    const { algorithm = 'MD5', realm = REALM } = options;
    this.auth.call(this.ctx(), 'www_challenge', realm, '1', algorithm);
    return this.answer(user, password, options.to);
  }

  /** The same to the last challenge. */
  answer(user: string, password: string, to?: string): ScriptContext {
    const options = {
      user: utf8Bytes(user),
      password: utf8Bytes(password),
      method: 'REGISTER',
      uri: 'sip:ex.com',
      nc: 1,
    };
    return this.ctx(`Authorization: ${answerChallenge(this.challenge, options)}\r\n`, to);
  }

  async authorize(
    user: string,
    password: string,
    options: { algorithm?: string; table?: string; realm?: string } = {},
  ): Promise<number> {
    const { table = 'subscriber', realm = REALM } = options;
    return this.db.call(this.answered(user, password, options), 'www_authorize', realm, table);
  }

  rpc(name: string, ...args: string[]): string {
    const found = authDb.definition.rpc?.find((one) => one.name === name);
    const list = args.map((value) => ({ kind: 'string', value }) as const);
    return JSON.stringify(found?.run(this.db.instance, new RpcArguments(list)));
  }

  stop(): void {
    authDb.definition.stop?.(this.db.instance);
    auth.definition.stop?.(this.auth.instance);
  }
}
