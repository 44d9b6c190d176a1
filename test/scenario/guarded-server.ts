/** A server that asks for passwords, a table of users, and who sends it requests: what tests of attacks over sockets are made of. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from '../../src/cli/rpc-output.ts';
import { userHa1 } from '../../src/digest/digest.ts';
import { callRpc } from '../../src/rpc/binrpc/client.ts';
import type { RpcArgument } from '../../src/rpc/method.ts';
import { openSubscriberStore } from '../../src/storage/subscriber.ts';
import { initSubscriberTable } from '../../src/storage/tables.ts';
import { type ServerPlan, startServer, type TestServer } from '../support/servers.ts';
import { requestText } from '../support/sip-dialog.ts';
import { type PeerMessage, type Remote, SipPeer, token } from '../support/sip-peer.ts';
import { authParameters, expectedResponse } from './digest-oracle.ts';

export const REALM = 'one.example';

/** One who may register. */
export interface TestUser {
  readonly user: string;
  readonly password: string;
  readonly realm?: string;
  /** `none`: the secrets were taken away; `md5`: no others than in tables of before RFC 8760. */
  readonly secrets?: 'all' | 'none' | 'md5';
}

/** Modules and parameters that every configuration here begins with. */
export const PREAMBLE = `debug=2
log_stderror=yes
auto_aliases=no
loadmodule "kex.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "ctl.so"
loadmodule "db_sqlite.so"
loadmodule "auth.so"
loadmodule "auth_db.so"
modparam("auth_db", "db_url", "sqlite:///USERS_DB")
`;

/** Makes an SQLite file with a table of users. */
export async function writeUsers(file: string, users: readonly TestUser[]): Promise<void> {
  await initSubscriberTable(`sqlite:///${file}`);
  const store = openSubscriberStore(`sqlite:///${file}`);
  for (const { user, password, realm = REALM, secrets = 'all' } of users) {
    const ha1 = (name: 'MD5' | 'SHA-256' | 'SHA-512-256'): string =>
      secrets === 'none' || (secrets === 'md5' && name !== 'MD5') ? '' : userHa1(name, user, realm, password);
    const hashes = { ha1: ha1('MD5'), ha1b: '', sha256: ha1('SHA-256'), sha512t256: ha1('SHA-512-256') };
    await store.insert({ user, domain: realm, password: '', ...hashes });
  }
  await store.close();
}

/** The server and its users. */
export class GuardedServer {
  server: TestServer;
  readonly directory: string;
  private readonly plan: ServerPlan;

  private constructor(server: TestServer, directory: string, plan: ServerPlan) {
    this.server = server;
    this.directory = directory;
    this.plan = plan;
  }

  /** USERS_DB is replaced in the configuration. Its control socket is that of run_dir. */
  static async start(users: readonly TestUser[], plan: Omit<ServerPlan, 'kind'>): Promise<GuardedServer> {
    const directory = mkdtempSync(join(tmpdir(), 'trunkline-guarded-'));
    const file = join(directory, 'users.db');
    await writeUsers(file, users);
    const whole: ServerPlan = {
      kind: 'trunkline',
      ...plan,
      subst: { ...plan.subst, USERS_DB: file },
      args: [...(plan.args ?? []), '-Y', directory],
    };
    try {
      return new GuardedServer(await startServer(whole), directory, whole);
    } catch (error) {
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  }

  get port(): number {
    return this.server.port;
  }

  /** The same on the same port, once more from nothing. */
  async restart(): Promise<void> {
    const { port } = this;
    await this.server.stop();
    this.server = await startServer({ ...this.plan, port });
  }

  async rpc(command: string, ...args: readonly RpcArgument[]): Promise<unknown> {
    return JSON.parse(
      json(await callRpc({ kind: 'unix', path: join(this.directory, 'kamailio_ctl') }, command, [...args])),
    );
  }

  /** Counters of auth.stats. */
  async stats(): Promise<Readonly<Record<string, number>>> {
    const found = await this.rpc('auth.stats');
    return (Array.isArray(found) ? found[0] : found) as Record<string, number>;
  }

  /** `source ADDRESS` and `user NAME@REALM` of who is banned. */
  async bans(): Promise<string[]> {
    const found = [(await this.rpc('auth.ban_list')) ?? []].flat() as { kind: string; key: string }[];
    return found.map(({ kind, key }) => `${kind} ${key}`);
  }

  async stop(): Promise<void> {
    await this.server.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** What credentials say in the place of what the challenge asks for. */
export interface CredentialEdits {
  readonly user?: string;
  readonly password?: string;
  readonly nonce?: string;
  readonly algorithm?: string;
  /** Null leaves it out, with nc and cnonce. */
  readonly qop?: string | null;
  readonly nc?: number;
  readonly cnonce?: string;
  readonly uri?: string;
  /** After the rest, as it stands. */
  readonly more?: string;
}

/** The value of a header that answers a challenge. */
export function credentialsFor(challenge: string, method: string, edits: CredentialEdits = {}): string {
  const asked = authParameters(challenge);
  const qop = edits.qop === undefined ? (asked.get('qop') ?? null) : edits.qop;
  const parameters = new Map<string, string>([
    ['username', edits.user ?? 'alice'],
    ['realm', asked.get('realm') ?? ''],
    ['nonce', edits.nonce ?? asked.get('nonce') ?? ''],
    ['uri', edits.uri ?? 'sip:one.example'],
  ]);
  const algorithm = edits.algorithm ?? asked.get('algorithm');
  if (algorithm !== undefined) parameters.set('algorithm', algorithm);
  if (qop !== null) {
    parameters.set('qop', qop);
    parameters.set('nc', (edits.nc ?? 1).toString(16).padStart(8, '0'));
    parameters.set('cnonce', edits.cnonce ?? 'c0ffee');
  }
  const response = expectedResponse(parameters, edits.password ?? 'secret', method, '');
  const bare = new Set(['algorithm', 'qop', 'nc']);
  const text = [...parameters].map(([name, value]) => `${name}=${bare.has(name) ? value : `"${value}"`}`);
  return `Digest ${text.join(', ')}, response="${response}"${edits.more ?? ''}`;
}

/** What a request has besides. */
export interface AskOptions {
  readonly headers?: readonly string[];
  readonly user?: string;
  readonly contact?: string;
  readonly domain?: string;
  readonly uri?: string;
}

/** Who sends requests from an address of his own. */
export class Client {
  readonly peer: SipPeer;
  private readonly server: Remote;

  private constructor(peer: SipPeer, server: Remote) {
    this.peer = peer;
    this.server = server;
  }

  /** @param at address of the server */
  static async open(
    server: { readonly port: number },
    host = '127.0.0.1',
    name = 'client',
    at = '127.0.0.1',
  ): Promise<Client> {
    return new Client(await SipPeer.open({ name, host }), { host: at, port: server.port });
  }

  /** Sends a request of its own Call-ID. @returns its final reply */
  async ask(method: string, options: AskOptions = {}): Promise<PeerMessage> {
    const { user = 'alice', domain = 'one.example' } = options;
    const callId = `${token()}@test`;
    const text = requestText(this.peer, {
      method,
      uri: options.uri ?? 'sip:one.example',
      from: `<sip:${user}@${domain}>;tag=${token()}`,
      to: `<sip:${user}@${domain}>`,
      callId,
      contact: `Contact: <sip:${options.contact ?? user}@${this.peer.address}>`,
      headers: options.headers ?? [],
    });
    await this.peer.send(text, this.server);
    return this.peer.expect((message) => message.callId === callId && message.status >= 200);
  }

  /** The challenge to a request without credentials: of an algorithm, or the only one. */
  async challenge(method: string, algorithm = ''): Promise<string> {
    const reply = await this.ask(method);
    const all = [...reply.all('WWW-Authenticate'), ...reply.all('Proxy-Authenticate')];
    const found = all.find((value) => algorithm === '' || authParameters(value).get('algorithm') === algorithm);
    if (found === undefined) throw new Error(`no challenge to ${method}:\n${reply.text}`);
    return found;
  }

  /** Sends a request with credentials in the header that its method is asked for. */
  send(method: string, credentials: string, options: AskOptions = {}): Promise<PeerMessage> {
    const name = method === 'MESSAGE' ? 'Proxy-Authorization' : 'Authorization';
    return this.ask(method, { ...options, headers: [`${name}: ${credentials}`, ...(options.headers ?? [])] });
  }

  close(): Promise<void> {
    return this.peer.close();
  }
}

/** Status of a reply; "stale" when it says that the nonce alone was wrong. */
export function said(reply: PeerMessage): string {
  return /stale=true/i.test(`${reply.all('WWW-Authenticate')}${reply.all('Proxy-Authenticate')}`)
    ? `${reply.status} stale`
    : `${reply.status}`;
}
