/**
 * Kamailio's stock configuration, as Debian's package installs it: read where it is, never changed. What it needs of its own stands beside a copy of
 * it, in the kamailio-local.cfg that it imports.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { command, start } from '../support/command.ts';
import { answerChallenge } from '../support/digest-answer.ts';
import { peer } from '../support/peers.ts';
import { freePort } from '../support/ports.ts';
import { type ServerKind, sleep, startServer, type TestServer } from '../support/servers.ts';
import { Dialog, requestText, SDP } from '../support/sip-dialog.ts';
import { type PeerMessage, SipPeer, token } from '../support/sip-peer.ts';
import { noStock, noTables, STOCK, StockPlace } from '../support/stock-place.ts';

const run = promisify(execFile);
const trunkline = join(import.meta.dirname, '../support/trunkline.ts');

/** What is no lack of the server: code of the file's own that nothing reaches, certificates that this machine does not have. */
const PLACE = new Set(['CFG_UNREACHABLE', 'CFG_TLS_FILE']);

/** What `trunkline check` says about the stock configuration with definitions. */
async function check(...defines: readonly string[]): Promise<{ readonly code: number; readonly text: string }> {
  const words = [trunkline, 'check', STOCK, ...defines.flatMap((define) => ['-A', define])];
  try {
    const { stdout, stderr } = await run(process.execPath, words);
    return { code: 0, text: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, text: stdout + stderr };
  }
}

describe('the stock configuration is read as it is', { skip: noStock, concurrency: 2 }, () => {
  const WHOLE: readonly (readonly string[])[] = [
    [],
    ['WITH_MYSQL'],
    ['WITH_MYSQL', 'WITH_AUTH'],
    ['WITH_MYSQL', 'WITH_AUTH', 'WITH_IPAUTH'],
    ['WITH_MYSQL', 'WITH_USRLOCDB'],
    ['WITH_MYSQL', 'WITH_ACCDB'],
    ['WITH_MYSQL', 'WITH_ALIASDB'],
    ['WITH_MYSQL', 'WITH_SPEEDDIAL'],
    ['WITH_MYSQL', 'WITH_MULTIDOMAIN'],
    ['WITH_PSTN'],
    ['WITH_VOICEMAIL'],
    ['WITH_TLS'],
    ['WITH_ANTIFLOOD'],
    ['WITH_BLOCK3XX', 'WITH_BLOCK401407'],
    ['WITH_JSONRPC'],
    ['WITH_DEBUG'],
  ];
  for (const defines of WHOLE) {
    it(defines.join(' ') || 'as it is', async () => {
      const { code, text } = await check(...defines);
      assert.equal(code, 0, text);
      // One that is not acted upon is told, and is no reason not to start.
      const expected = defines.includes('WITH_DEBUG') ? ['CFG_UNSUPPORTED_PARAMETER'] : [];
      const told = [...text.matchAll(/(?:warning|error): .* \[(\w+)\]/g)].map(([, name]) => name);
      assert.deepEqual(
        told.filter((name) => !PLACE.has(name ?? '')),
        expected,
        text,
      );
    });
  }

  it('WITH_NAT: says that media relaying is missing, and where', async () => {
    for (const [define, name] of [
      ['WITH_NAT', 'rtpproxy'],
      ['WITH_RTPENGINE', 'rtpengine'],
    ] as const) {
      const { code, text } = await check('WITH_NAT', define);
      assert.notEqual(code, 0);
      const errors = [...text.matchAll(/kamailio\.cfg:\d+:\d+: error: (.*) \[/g)].map(([, what]) => what);
      assert.deepEqual(
        new Set(errors),
        new Set([
          `module ${name} is not supported by Trunkline`,
          `${name}_manage() of module ${name} is not supported by Trunkline`,
        ]),
      );
      assert.match(text, /media relaying is not there yet/);
    }
  });

  it('WITH_NAT: does not start either, for the same reason', async () => {
    for (const words of [
      ['run', STOCK],
      ['-DD', '-f', STOCK],
    ]) {
      const { code, stderr } = await command([...words, '-A', 'WITH_NAT', '-l', 'udp:127.0.0.1:0']);
      assert.notEqual(code, 0);
      assert.match(stderr, /kamailio\.cfg:\d+:\d+: error: module rtpproxy is not supported by Trunkline/);
      assert.match(stderr, /rtpproxy_manage\(\) of module rtpproxy is not supported/);
      assert.match(stderr, /media relaying is not there yet/);
      assert.match(stderr, /"--unsupported warn"/);
      assert.match(stderr, /Nothing was started/);
    }
  });

  it('WITH_PRESENCE: says that there is no presence server', async () => {
    const { code, text } = await check('WITH_MYSQL', 'WITH_PRESENCE');
    assert.notEqual(code, 0);
    assert.match(text, /there is no presence server/);
  });
});

/** Records of a call; the configuration has its prefix before them. */
function recordsOf(server: TestServer, callId: string): string[] {
  const lines = server.log
    .split('\n')
    .map((line) => (line.startsWith('{') ? (JSON.parse(line) as { msg: string }).msg : line));
  const found = lines.filter((text) => text.includes('ACC: ') && text.includes(`call_id=${callId};`));
  return found.map((text) => text.slice(text.indexOf('ACC: ') + 5));
}

const DEFINES = ['AUTH', 'IPAUTH', 'USRLOCDB', 'ACCDB', 'ALIASDB', 'SPEEDDIAL', 'ANTIFLOOD', 'BLOCK3XX'];
const PASSWORD = 'w0nder';

/** A phone: it registers, calls and answers. */
class Phone {
  readonly peer: SipPeer;
  readonly user: string;
  private readonly port: number;

  /** What its Contact says: its own address, or one that only its own network knows. */
  private readonly contact: string;

  private constructor(peer: SipPeer, user: string, port: number, contact: string) {
    this.peer = peer;
    this.user = user;
    this.port = port;
    this.contact = contact;
  }

  static async open(user: string, port: number, host: string, privateHost = ''): Promise<Phone> {
    const peer = await SipPeer.open({ name: user, host });
    return new Phone(peer, user, port, privateHost === '' ? peer.address : `${privateHost}:5060`);
  }

  get server(): { readonly host: string; readonly port: number } {
    return { host: '127.0.0.1', port: this.port };
  }

  uri(user: string): string {
    return `sip:${user}@127.0.0.1:${this.port}`;
  }

  /** Sends a request and answers the challenge if there is one. @returns the final reply, and whether it was challenged */
  async ask(
    method: string,
    to: string,
    body = '',
  ): Promise<{ readonly final: PeerMessage; readonly challenged: number }> {
    const { peer, user } = this;
    const uri = method === 'REGISTER' ? `sip:127.0.0.1:${this.port}` : this.uri(to);
    const from = `<${this.uri(user)}>;tag=${token()}`;
    const callId = `${token()}@phone`;
    const contact = `Contact: <sip:${user}@${this.contact}>`;
    const plan = { method, uri, from, to: `<${this.uri(to)}>`, callId, contact, body };
    const answered = (m: PeerMessage): boolean => m.callId === callId && m.status >= 200;
    let branch = `z9hG4bK${token()}`;
    await peer.send(requestText(peer, { ...plan, branch }), this.server);
    let final = await peer.expect(answered);
    const challenged = final.status;
    if (challenged === 401 || challenged === 407) {
      if (method === 'INVITE') await this.acknowledge(plan, branch, final);
      await sleep(20);
      const challenge = final.header(challenged === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate');
      const value = answerChallenge(challenge, { user, password: PASSWORD, method, uri, nc: 1 });
      branch = `z9hG4bK${token()}`;
      const headers = [`${challenged === 401 ? 'Authorization' : 'Proxy-Authorization'}: ${value}`];
      await peer.send(requestText(peer, { ...plan, cseq: 2, branch, headers }), this.server);
      final = await peer.expect(answered);
    }
    if (method === 'INVITE' && final.status >= 300) await this.acknowledge({ ...plan, cseq: 2 }, branch, final);
    return { final, challenged: challenged === 401 || challenged === 407 ? challenged : 0 };
  }

  private async acknowledge(
    plan: Parameters<typeof requestText>[1],
    branch: string,
    final: PeerMessage,
  ): Promise<void> {
    const { peer } = this;
    await peer.send(
      requestText(peer, { ...plan, method: 'ACK', body: '', to: final.header('To'), branch }),
      this.server,
    );
  }
}

for (const kind of ['trunkline', 'kamailio'] as const satisfies readonly ServerKind[]) {
  const skip = noStock || noTables || (kind === 'kamailio' && peer('kamailio').skip);
  describe(`${kind} with the stock configuration`, { skip }, () => {
    let place: StockPlace;
    let server: TestServer;
    let alice: Phone;
    let bob: Phone;
    let gateway: Phone;
    before(async () => {
      place = new StockPlace();
      const subscriber = place.database.prepare('INSERT INTO subscriber (username, domain, password) VALUES (?, ?, ?)');
      for (const user of ['alice', 'bob']) subscriber.run(user, '127.0.0.1', PASSWORD);
      place.database.exec("INSERT INTO address (grp, ip_addr, mask, port) VALUES (1, '127.0.0.3', 32, 0)");
      place.database.exec("INSERT INTO dbaliases VALUES (NULL, 'boss', '127.0.0.1', 'bob', '127.0.0.1')");
      server = await startServer({ kind, file: place.file, defines: DEFINES.map((name) => `WITH_${name}`) });
      const { port } = server;
      place.database
        .prepare(
          "INSERT INTO speed_dial (username, domain, sd_username, new_uri) VALUES ('alice', '127.0.0.1', '42', ?)",
        )
        .run(`sip:bob@127.0.0.1:${port}`);
      // Addresses that are not the server's own: those it never counts.
      [alice, bob, gateway] = await Promise.all([
        Phone.open('alice', port, '127.0.0.2'),
        Phone.open('bob', port, '127.0.0.2'),
        Phone.open('gateway', port, '127.0.0.3'),
      ]);
    });
    after(async () => {
      await server?.stop();
      for (const phone of [alice, bob, gateway]) await phone?.peer.close();
      place?.close();
    });

    /** Bob answers the next call. @returns the INVITE as he got it */
    const answerCall = async (status: number, reason: string): Promise<PeerMessage> => {
      const invite = await bob.peer.expect('INVITE');
      const headers = [`Contact: <sip:bob@${bob.peer.address}>`];
      // The original's processes overtake each other.
      if (status < 300) await bob.peer.reply(invite, 180, 'Ringing', { toTag: 'b', headers });
      await sleep(40);
      await bob.peer.reply(invite, status, reason, { toTag: 'b', headers });
      return invite;
    };

    it('registers two phones, which prove their passwords', async () => {
      for (const phone of [alice, bob]) {
        const { final, challenged } = await phone.ask('REGISTER', phone.user);
        assert.deepEqual([challenged, final.status], [401, 200], server.tail());
        assert.match(final.header('Contact'), new RegExp(`sip:${phone.user}@${phone.peer.address}`));
      }
    });

    it('carries their call: challenge, ringing, answer, ACK and BYE', async () => {
      const called = answerCall(200, 'Fine');
      const { final, challenged } = await alice.ask('INVITE', 'bob', SDP);
      const invite = await called;
      assert.deepEqual([challenged, final.status], [407, 200], server.tail());
      assert.equal(invite.header('Proxy-Authorization'), '', 'credentials go no further than they have to');
      assert.ok(alice.peer.messages('in').some((m) => m.status === 180));
      const up = Dialog.ofCaller(alice.peer, final, alice.server);
      await up.send('ACK', { cseq: 2 });
      await bob.peer.expect('ACK');
      await sleep(40);
      const down = Dialog.ofCallee(bob.peer, invite, 'b', bob.server);
      await down.send('BYE');
      const bye = await alice.peer.expect('BYE');
      await alice.peer.reply(bye, 200, 'OK');
      await bob.peer.expect('200 BYE');
      await sleep(400);
      const records = recordsOf(server, invite.callId);
      const shown = records.map((text) =>
        text.replace(/timestamp=\d+;/, '').replace(/;(from_tag|to_tag|call_id)=[^;]*/g, ''),
      );
      assert.deepEqual(shown, [
        'transaction answered: method=INVITE;code=200;reason=Fine;src_user=alice;src_domain=127.0.0.1;src_ip=127.0.0.2;dst_ouser=bob;dst_user=bob;dst_domain=127.0.0.2',
        'transaction answered: method=BYE;code=200;reason=OK;src_user=bob;src_domain=127.0.0.1;src_ip=127.0.0.2;dst_ouser=alice;dst_user=alice;dst_domain=127.0.0.2',
      ]);
      const rows = place.database
        .prepare('SELECT method, sip_code, src_user, dst_domain FROM acc WHERE callid = ?')
        .all(invite.callId);
      assert.deepEqual(
        rows.map((row) => Object.values(row)),
        [
          ['INVITE', '200', 'alice', '127.0.0.2'],
          ['BYE', '200', 'bob', '127.0.0.2'],
        ],
      );
    });

    it('accounts a missed call', async () => {
      const called = answerCall(486, 'Busy');
      const { final } = await alice.ask('INVITE', 'bob', SDP);
      const invite = await called;
      assert.equal(final.status, 486);
      await sleep(100);
      const records = recordsOf(server, invite.callId);
      assert.deepEqual(
        records.map((text) => text.replace(/:.*/, '')),
        ['call missed'],
      );
      const rows = place.database.prepare('SELECT sip_code FROM missed_calls WHERE callid = ?').all(invite.callId);
      assert.deepEqual(
        rows.map(({ sip_code }) => sip_code),
        ['486'],
      );
    });

    it('finds users by alias and by short number', async () => {
      for (const name of ['boss', '42']) {
        const called = answerCall(200, 'Fine');
        const { final } = await alice.ask('INVITE', name, SDP);
        assert.equal(final.status, 200, `${name}\n${server.tail()}`);
        await called;
        await Dialog.ofCaller(alice.peer, final, alice.server).send('ACK', { cseq: 2 });
      }
    });

    it('lets a listed address call without a password, and nobody else', async () => {
      const called = answerCall(200, 'Fine');
      const { final, challenged } = await gateway.ask('INVITE', 'bob', SDP);
      assert.deepEqual([challenged, final.status], [0, 200]);
      await called;
      const stranger = await Phone.open('stranger', server.port, '127.0.0.5');
      after(() => stranger.peer.close());
      const refused = await stranger.ask('INVITE', 'bob', SDP);
      assert.equal(refused.challenged, 407);
      assert.equal(refused.final.status, 407);
    });

    it('answers 404 for who is not there, 484 for nobody, 200 to keepalives', async () => {
      assert.equal((await alice.ask('INVITE', 'nobody', SDP)).final.status, 404);
      const options = async (uri: string): Promise<number> => {
        const callId = `${token()}@options`;
        await gateway.peer.send(requestText(gateway.peer, { method: 'OPTIONS', uri, callId }), gateway.server);
        return (await gateway.peer.expect((m) => m.callId === callId && m.status >= 200)).status;
      };
      assert.equal(await options(`sip:127.0.0.1:${server.port}`), 200);
      assert.equal(await options(gateway.uri('nobody')), 404);
    });

    it('drops scanners, and bans who floods', async () => {
      const flooder = await SipPeer.open({ name: 'flooder', host: '127.0.0.4' });
      after(() => flooder.close());
      const to = { host: '127.0.0.1', port: server.port };
      const ping = (headers: readonly string[] = []): string =>
        requestText(flooder, { method: 'OPTIONS', uri: `sip:127.0.0.1:${server.port}`, headers });
      await flooder.send(ping(['User-Agent: friendly-scanner']), to);
      await flooder.send(ping(), to);
      await flooder.expect(200);
      await sleep(50);
      assert.equal(flooder.messages('in').length, 1, 'the scanner gets no answer');
      for (let n = 0; n < 120; n++) await flooder.send(ping(), to);
      await server.logged(/pike blocking OPTIONS/);
      await sleep(150);
      const before = flooder.messages('in').length;
      assert.ok(before < 100, `${before} of 121 were answered`);
      await sleep(5_000);
      await flooder.send(ping(), to);
      await sleep(200);
      assert.equal(flooder.messages('in').length, before, 'the ban outlasts the flood');
      // Nobody else suffers.
      assert.equal((await alice.ask('REGISTER', 'alice')).final.status, 200);
    });
  });
}

describe('the stock configuration WITH_NAT and --unsupported warn', { skip: noStock || noTables }, () => {
  it('carries a call of phones behind NAT; media relaying is told to be missing', async () => {
    const place = new StockPlace();
    // Its own place for the operators' sockets: the stock configuration has them in /run/kamailio.
    writeFileSync(join(place.directory, 'kamailio-local.cfg'), `rundir="${place.directory}"\n`);
    const port = await freePort();
    const words = ['-DD', '-f', place.file, '--unsupported', 'warn', '-A', 'WITH_NAT', '-l', `udp:127.0.0.1:${port}`];
    const server = start(words);
    const [alice, bob] = await Promise.all([
      Phone.open('alice', port, '127.0.0.2', '10.9.8.7'),
      Phone.open('bob', port, '127.0.0.3', '10.9.8.6'),
    ]);
    after(async () => {
      server.process.kill('SIGTERM');
      await server.finished();
      await Promise.all([alice.peer.close(), bob.peer.close()]);
      place.close();
    });
    await server.output(/ as process /);
    for (const phone of [alice, bob]) assert.equal((await phone.ask('REGISTER', phone.user)).final.status, 200);
    const ringing = bob.peer.expect('INVITE').then(async (invite) => {
      await bob.peer.reply(invite, 200, 'OK', { toTag: 'b', headers: ['Contact: <sip:bob@10.9.8.6:5060>'] });
      return invite;
    });
    const { final } = await alice.ask('INVITE', 'bob', SDP);
    const invite = await ringing;
    assert.equal(final.status, 200);
    assert.match(invite.header('Contact'), /;alias=127\.0\.0\.2~\d+~1/, 'where the caller really is');
    assert.match(final.header('Contact'), /;alias=127\.0\.0\.3~\d+~1/, 'where the callee really is');
    assert.match(invite.header('Record-Route'), /;nat=yes/);
    assert.match(server.stderr + server.stdout, /rtpproxy_manage/);
    // What goes on in the call finds both through their NATs.
    const up = Dialog.ofCaller(alice.peer, final, alice.server);
    await up.send('ACK', { cseq: up.inviteCSeq });
    await bob.peer.expect('ACK');
    const down = Dialog.ofCallee(bob.peer, invite, 'b', bob.server);
    await down.send('BYE');
    await alice.peer.reply(await alice.peer.expect('BYE'), 200, 'OK');
    await bob.peer.expect('200 BYE');
  });
});
