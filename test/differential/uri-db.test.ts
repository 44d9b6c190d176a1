/** The functions of uri_db beside Kamailio's: who may use which From, To and URI. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { openDatabase } from '../../src/storage/database.ts';
import { startDatabase, type TestDatabase } from '../support/databases.ts';
import { answerChallenge } from '../support/digest-answer.ts';
import { peer } from '../support/peers.ts';
import { type ServerKind, startServer, type TestServer } from '../support/servers.ts';
import { token } from '../support/sip-peer.ts';

const skip = peer('kamailio').skip;

const cfg = (url: string, more: string): string => `
debug=2
log_stderror=yes
children=1
auto_aliases=no
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "db_sqlite.so"
loadmodule "auth.so"
loadmodule "uri_db.so"
modparam("uri_db", "db_url", "${url}")
${more}
request_route {
  if ($hdr(X-Plain) == $null && !pv_www_authenticate("example.com", "secret", "0")) {
    www_challenge("example.com", "0");
    exit;
  }
  $var(a) = check_to();
  $var(b) = check_from();
  $var(c) = 0;
  if ($hdr(X-Uri) != $null) $var(c) = check_uri("$hdr(X-Uri)");
  $var(d) = 0;
  if ($hdr(X-User) != $null) $var(d) = check_uri("$hdr(X-Uri)", "$hdr(X-User)", "$hdr(X-Realm)");
  $var(e) = does_uri_exist();
  sl_send_reply("299", "R to=$var(a) from=$var(b) uri=$var(c) other=$var(d) exists=$var(e)");
}
`;

/** A request, and whether it comes with credentials. */
interface Case {
  readonly user?: string;
  readonly from?: string;
  readonly to?: string;
  readonly ruri?: string;
  readonly headers?: readonly string[];
  readonly plain?: boolean;
}

const CASES: Readonly<Record<string, Case>> = {
  'one of oneself': {},
  'another From': { from: 'sip:carol@example.com' },
  'another To': { to: 'sip:carol@example.com' },
  'another domain': { from: 'sip:alice@other.com', to: 'sip:alice@other.com' },
  'upper case': { from: 'sip:Alice@example.com', to: 'sip:ALICE@example.com' },
  'no user': { from: 'sip:example.com', to: 'sip:example.com', ruri: 'sip:example.com' },
  'a user name with a domain': { user: 'alice@example.com' },
  'no credentials': { plain: true },
  'a URI of ours': { headers: ['X-Uri: sip:alice@somewhere.org'] },
  'a URI of another': { headers: ['X-Uri: sip:carol@somewhere.org'] },
  'a tel URI': { headers: ['X-Uri: tel:alice'] },
  'no URI': { headers: ['X-Uri: nonsense'] },
  'somebody else said to be': { headers: ['X-Uri: sip:carol@x', 'X-User: carol', 'X-Realm: example.com'] },
  'somebody else said not to be': { headers: ['X-Uri: sip:carol@x', 'X-User: alice', 'X-Realm: example.com'] },
  'an alias': { from: 'sip:boss@example.com', to: 'sip:boss@example.com', ruri: 'sip:boss@example.com' },
  'an alias of another': { from: 'sip:chef@example.com', to: 'sip:chef@example.com', ruri: 'sip:chef@example.com' },
  'nobody called': { ruri: 'sip:nobody@example.com' },
  'another domain called': { ruri: 'sip:alice@other.com' },
  'an escaped user called': { ruri: 'sip:ali%63e@example.com' },
};

class Side {
  readonly kind: ServerKind;
  private server: TestServer | null = null;
  private socket: Socket | null = null;
  private cseq = 0;

  constructor(kind: ServerKind) {
    this.kind = kind;
  }

  async start(text: string): Promise<void> {
    this.server = await startServer({ kind: this.kind, cfg: text });
    this.socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(this.socket, 'listening');
  }

  async ask(one: Case): Promise<string> {
    const first = await this.send(one, one.plain === true ? 'X-Plain: 1' : 'X-No: 1');
    if (one.plain === true) return first;
    const challenge = /^WWW-Authenticate: (.*)$/m.exec(first)?.[1] ?? '';
    const uri = one.ruri ?? 'sip:alice@example.com';
    const options = { user: one.user ?? 'alice', password: 'secret', method: 'MESSAGE', uri, nc: 1 };
    return this.send(one, `Authorization: ${answerChallenge(challenge, options)}`);
  }

  private async send(one: Case, line: string): Promise<string> {
    const { socket, server } = this;
    if (socket === null || server === null) throw new Error('not started');
    const branch = `z9hG4bK${token()}`;
    const lines = [
      `MESSAGE ${one.ruri ?? 'sip:alice@example.com'} SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1:${socket.address().port};branch=${branch}`,
      `From: <${one.from ?? 'sip:alice@example.com'}>;tag=1`,
      `To: <${one.to ?? 'sip:alice@example.com'}>`,
      `Call-ID: ${branch}`,
      `CSeq: ${++this.cseq} MESSAGE`,
      line,
      ...(one.headers ?? []),
      'Content-Length: 0',
    ];
    socket.send(`${lines.join('\r\n')}\r\n\r\n`, server.port, '127.0.0.1');
    const signal = AbortSignal.timeout(3000);
    for (;;) {
      const [bytes] = (await once(socket, 'message', { signal })) as [Buffer];
      const reply = bytes.toString('latin1');
      if (!reply.includes(branch)) continue;
      return /^SIP\/2\.0 401/.test(reply) ? reply : (reply.split('\r\n')[0] ?? '');
    }
  }

  async stop(): Promise<void> {
    this.socket?.close();
    await this.server?.stop();
  }
}

const FLAVOURS: Readonly<Record<string, string>> = {
  'credentials and the table subscriber': '',
  'subscribers by their domains': 'modparam("uri_db", "use_domain", 1)',
  'the table uri': 'modparam("uri_db", "use_uri_table", 1)\nmodparam("uri_db", "db_table", "uri")',
  'the table uri with domains':
    'modparam("uri_db", "use_uri_table", 1)\nmodparam("uri_db", "db_table", "uri")\nmodparam("uri_db", "use_domain", 1)',
};

for (const [title, more] of Object.entries(FLAVOURS)) {
  describe(`uri_db beside Kamailio: ${title}`, { skip }, () => {
    const sides = [new Side('kamailio'), new Side('trunkline')] as const;
    let place: TestDatabase;
    before(async () => {
      place = await startDatabase('sqlite');
      const url = await place.fresh();
      const database = openDatabase(url);
      for (const sql of [
        'CREATE TABLE version (table_name TEXT, table_version INTEGER)',
        "INSERT INTO version VALUES ('subscriber', 7), ('uri', 1)",
        'CREATE TABLE subscriber (username TEXT, domain TEXT, password TEXT)',
        "INSERT INTO subscriber VALUES ('alice', 'example.com', 'secret'), ('carol', 'example.com', 'secret')",
        'CREATE TABLE uri (username TEXT, domain TEXT, uri_user TEXT)',
        "INSERT INTO uri VALUES ('alice', 'example.com', 'alice'), ('alice', 'example.com', 'boss')",
        "INSERT INTO uri VALUES ('carol', 'example.com', 'carol'), ('carol', 'example.com', 'chef')",
      ])
        await database.query(sql);
      await database.close();
      for (const side of sides) await side.start(cfg(url, more));
    });
    after(async () => {
      for (const side of sides) await side.stop();
      await place?.destroy();
    });
    for (const [name, one] of Object.entries(CASES)) {
      it(name, async () => {
        const [theirs, ours] = await Promise.all([sides[0].ask(one), sides[1].ask(one)]);
        assert.equal(ours, theirs);
      });
    }
  });
}
