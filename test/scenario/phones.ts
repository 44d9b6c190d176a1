/**
 * A registrar for phones that others wrote: it challenges each user in the way that the user's name says, writes down what came of every request
 * with credentials or without, and tells what is bound.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from '../../src/cli/rpc-output.ts';
import { callRpc } from '../../src/rpc/binrpc/client.ts';
import type { PhoneAccount } from '../support/phone-program.ts';
import { type ServerPlan, sleep, startServer, type TestServer } from '../support/servers.ts';
import { authParameters, expectedResponse } from './digest-oracle.ts';
import { CHALLENGES, type ChallengeName } from './phones-matrix.ts';

/** 401 or 407. */
export const HOPS = ['www', 'proxy'] as const;
export type Hop = (typeof HOPS)[number];

/** Seconds that a phone may need for all of its accounts, the machine being busy. */
const PATIENCE = 30_000;

const challenge = (hop: Hop, name: ChallengeName): string =>
  `  if ($fU =~ "-${hop}-${name}$") { ${hop}_challenge("phones.test", ${CHALLENGES[name].call}); exit; }`;

const CFG = `#!KAMAILIO
debug=2
log_stderror=yes
auto_aliases=no
loadmodule "kex.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
loadmodule "ctl.so"
#!ifdef WITH_TLS
loadmodule "tls.so"
modparam("tls", "certificate", "CERTIFICATE")
modparam("tls", "private_key", "PRIVATE_KEY")
#!endif
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "nathelper.so"
loadmodule "auth.so"
modparam("ctl", "binrpc", "unix:CTL_PATH")
modparam("rr", "append_fromtag", 1)
modparam("registrar", "min_expires", 1)
modparam("registrar", "max_expires", MAX_EXPIRES)
modparam("nathelper|registrar", "received_avp", "$avp(received)")
modparam("auth", "nonce_count", 1)
modparam("auth", "nonce_expire", NONCE_EXPIRE)
request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (has_totag()) {
    if (is_method("BYE")) xlog("L_NOTICE", "@@bye $fU $tU\\n");
    if (loose_route()) {
      consume_credentials();
      handle_ruri_alias();
      # linphone gives the GRUU as its Contact that it got when it registered.
      if (is_gruu()) lookup("location");
      t_relay();
    } else if (is_method("ACK")) { if (t_check_trans()) t_relay(); }
    else sl_send_reply("404", "Not here");
    exit;
  }
  if (is_method("CANCEL|ACK")) { if (t_check_trans()) t_relay(); exit; }
  route(AUTH);
  # baresip names a TLS port that takes no connections: it is reached by the one that it opened.
  if (is_method("REGISTER")) {
    if ($proto == "tls") fix_nated_register();
    save("location");
    exit;
  }
  if ($proto == "tls") set_contact_alias();
  consume_credentials();
  if ($rU == "busy") { t_newtran(); t_reply("486", "Busy Here"); exit; }
  record_route();
  if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
  t_relay();
}
route[AUTH] {
  if ($fU =~ "-www-") {
    $var(header) = $hdr(Authorization);
    $var(code) = pv_www_authenticate("phones.test", "secret-$fU", "0");
  } else {
    $var(header) = $hdr(Proxy-Authorization);
    $var(code) = pv_proxy_authenticate("phones.test", "secret-$fU", "0");
  }
  xlog("L_NOTICE", "@@auth $rm $fU $proto $ci $cs $var(code) $var(header)\\n");
  if ($var(code) > 0) return;
${HOPS.flatMap((hop) => (Object.keys(CHALLENGES) as ChallengeName[]).map((name) => challenge(hop, name))).join('\n')}
  sl_send_reply("403", "Nobody's way");
  exit;
}
`;

/** A request that was looked at, its retransmissions left out. */
export interface Attempt {
  readonly proto: string;
  readonly callId: string;
  readonly cseq: number;
  /** What the function said: 1 for right. */
  readonly code: number;
  /** Parameters of its credentials; none where it had none. */
  readonly credentials: ReadonlyMap<string, string>;
  /** Whether its response is what the password makes, computed apart from the server; of a REGISTER. */
  readonly right: boolean;
}

export interface PhoneServerOptions {
  /** Seconds; 300 unless told. */
  readonly nonceExpire?: number;
  /** Seconds that a registration lasts at most; 3600 unless told. */
  readonly maxExpires?: number;
  readonly plan?: Partial<ServerPlan>;
}

export function accountOf(port: number, client: string, hop: Hop, name: ChallengeName): PhoneAccount {
  const user = `${client}-${hop}-${name}`;
  return { user, password: `secret-${user}`, port };
}

export class PhoneServer {
  readonly server: TestServer;
  private readonly directory: string;

  private constructor(server: TestServer, directory: string) {
    this.server = server;
    this.directory = directory;
  }

  static async open({
    nonceExpire = 300,
    maxExpires = 3600,
    plan = {},
  }: PhoneServerOptions = {}): Promise<PhoneServer> {
    const directory = mkdtempSync(join(tmpdir(), 'trunkline-phones-'));
    const server = await startServer({
      kind: 'trunkline',
      cfg: CFG,
      ...plan,
      subst: { CTL_PATH: join(directory, 'ctl'), ...plan.subst },
      defines: [`NONCE_EXPIRE=${nonceExpire}`, `MAX_EXPIRES=${maxExpires}`, ...(plan.defines ?? [])],
    });
    return new PhoneServer(server, directory);
  }

  get port(): number {
    return this.server.port;
  }

  /** Accounts of a client, one for each challenge by 401 and by 407. */
  accounts(client: string, names: readonly ChallengeName[]): PhoneAccount[] {
    return HOPS.flatMap((hop) => names.map((name) => accountOf(this.port, client, hop, name)));
  }

  /** Requests of a user that were asked for credentials. */
  attempts(user: string, method = 'REGISTER'): Attempt[] {
    const found = new Map<string, Attempt>();
    for (const line of this.server.marked('@@auth ')) {
      const [kind, who = '', proto = '', callId = '', cseq, code, ...rest] = line.split(' ');
      if (kind !== method || who !== user) continue;
      const key = `${callId} ${cseq}`;
      if (found.has(key)) continue;
      const credentials = authParameters(rest.join(' '));
      const right = expectedResponse(credentials, `secret-${user}`, method, '') === credentials.get('response');
      found.set(key, { proto, callId, cseq: Number(cseq), code: Number(code), credentials, right });
    }
    return [...found.values()];
  }

  /** BYEs that passed, as "from to". */
  get byes(): string[] {
    return this.server.marked('@@bye ');
  }

  /** What usrloc holds: user → contacts. */
  async bindings(): Promise<ReadonlyMap<string, readonly string[]>> {
    const bound = new Map<string, string[]>();
    let user = '';
    JSON.parse(await this.rpc('ul.dump'), (key, value: unknown) => {
      // Kamailio's order: the name stands before the contacts.
      if (key === 'AoR') user = `${value}`;
      if (key === 'Address') bound.set(user, [...(bound.get(user) ?? []), `${value}`]);
      return value;
    });
    return bound;
  }

  /** A count of auth.stats. */
  async count(name: string): Promise<number> {
    return (JSON.parse(await this.rpc('auth.stats')) as Record<string, number>)[name] ?? Number.NaN;
  }

  /** Waits until something is so. @throws Error with the end of the log */
  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + PATIENCE;
    while (!(await holds())) {
      if (Date.now() > deadline) throw new Error(`waited in vain until ${what}:\n${this.server.tail(40)}`);
      await sleep(25);
    }
  }

  async stop(): Promise<void> {
    await this.server.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  private async rpc(command: string): Promise<string> {
    return json(await callRpc({ kind: 'unix', path: join(this.directory, 'ctl') }, command, []));
  }
}
