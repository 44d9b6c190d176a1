/** The example of a registrar with phones, real ones too; over a restart, an end that nobody wanted, and a new configuration. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeAccountTable } from '../support/account-table.ts';
import { peer } from '../support/peers.ts';
import { freePort } from '../support/ports.ts';
import { accountRow } from '../support/registration.ts';
import { ScriptedRegistrar } from '../support/scripted-registrar.ts';
import { type ServerPlan, sleep, startServer, type TestServer } from '../support/servers.ts';
import { Baresip } from '../support/sip-baresip.ts';
import { requestText, SDP } from '../support/sip-dialog.ts';
import { type PeerMessage, SipPeer } from '../support/sip-peer.ts';
import { startSipp } from '../support/sipp.ts';

const EXAMPLE = join(import.meta.dirname, '../../examples/registrar/kamailio.cfg');

function boot(more: Partial<ServerPlan> = {}): Promise<TestServer> {
  return startServer({ kind: 'trunkline', file: EXAMPLE, ...more });
}

/** A phone that registers at a server. */
class Phone {
  readonly sip: SipPeer;
  readonly user: string;
  private readonly server: TestServer;
  private cseq = 0;

  constructor(sip: SipPeer, user: string, server: TestServer) {
    this.sip = sip;
    this.user = user;
    this.server = server;
  }

  static async open(user: string, server: TestServer): Promise<Phone> {
    return new Phone(await SipPeer.open({ name: user }), user, server);
  }

  /** @returns the reply */
  async register(expires: number, contact = `<sip:${this.user}@${this.sip.address}>`): Promise<PeerMessage> {
    const text = requestText(this.sip, {
      method: 'REGISTER',
      uri: 'sip:127.0.0.1',
      from: `<sip:${this.user}@127.0.0.1>;tag=1`,
      to: `<sip:${this.user}@127.0.0.1>`,
      callId: `register-${this.user}`,
      cseq: ++this.cseq,
      contact: `Contact: ${contact};expires=${expires}`,
      headers: ['Supported: gruu'],
    });
    await this.sip.send(text, { host: '127.0.0.1', port: this.server.port });
    return this.sip.expect((message) => message.status >= 200);
  }
}

/** Calls a user of a server. @returns the caller's side, to be closed */
async function call(uri: string, server: TestServer): Promise<SipPeer> {
  const caller = await SipPeer.open({ name: 'caller' });
  await caller.send(requestText(caller, { uri, body: SDP }), { host: '127.0.0.1', port: server.port });
  return caller;
}

async function rings(phone: Phone, server: TestServer, uri = `sip:${phone.user}@127.0.0.1`): Promise<void> {
  const caller = await call(uri, server);
  const invite = await phone.sip.expect('INVITE');
  assert.equal(invite.startLine, `INVITE sip:${phone.user}@${phone.sip.address} SIP/2.0`);
  await phone.sip.reply(invite, 486, 'Busy Here');
  assert.equal((await caller.expect((message) => message.status >= 200)).status, 486);
  await caller.close();
}

describe('a registrar with phones', () => {
  let server: TestServer;
  before(async () => {
    server = await boot();
  });
  after(() => server?.stop());

  it('a phone registers, rings, and rings no more when it is gone', async () => {
    const phone = await Phone.open('bob', server);
    assert.match((await phone.register(60)).header('Contact'), /^<sip:bob@[\d.:]+>;expires=60$/);
    await rings(phone, server);
    assert.match((await phone.register(120)).header('Contact'), /;expires=120$/);
    assert.equal((await phone.register(0)).header('Contact'), '');
    const caller = await call('sip:bob@127.0.0.1', server);
    assert.equal((await caller.expect((message) => message.status >= 200)).status, 404);
    await caller.close();
    await phone.sip.close();
  });

  it('a phone that names a wrong address rings where its REGISTER came from, and is pinged there', async () => {
    const phone = await Phone.open('nat', server);
    assert.match(
      (await phone.register(60, '<sip:nat@192.168.77.1:5060>')).header('Contact'),
      new RegExp(`;received="sip:${phone.sip.address}"`),
    );
    const caller = await call('sip:nat@127.0.0.1', server);
    const invite = await phone.sip.expect('INVITE');
    assert.equal(invite.startLine, 'INVITE sip:nat@192.168.77.1:5060 SIP/2.0');
    await phone.sip.reply(invite, 603, 'Decline');
    assert.equal((await caller.expect((message) => message.status >= 200)).status, 603);
    await caller.close();
    await phone.sip.close();
  });

  it('a phone that gives its GRUU as its Contact is reached in the call; a GRUU of others goes where it says', async () => {
    const phone = await Phone.open('gruu', server);
    const other = await SipPeer.open({ name: 'other' });
    const contact = (await phone.register(60, `<sip:gruu@${phone.sip.address}>;+sip.instance="<urn:uuid:1>"`)).header(
      'Contact',
    );
    const gruu = /pub-gruu="([^"]+)"/.exec(contact)?.[1] ?? '';
    assert.match(gruu, /;gr=urn:uuid:1$/);
    const bye = (uri: string): Promise<void> =>
      other.send(
        requestText(other, {
          method: 'BYE',
          uri,
          to: '<sip:gruu@127.0.0.1>;tag=2',
          headers: [`Route: <sip:127.0.0.1:${server.port};lr>`],
        }),
        { host: '127.0.0.1', port: server.port },
      );
    await bye(gruu);
    assert.equal((await phone.sip.expect('BYE')).uri, `sip:gruu@${phone.sip.address}`);
    await bye(`sip:gruu@${other.address};gr=urn:uuid:2`);
    assert.equal((await other.expect('BYE')).uri, `sip:gruu@${other.address};gr=urn:uuid:2`);
    await phone.register(0, `<sip:gruu@${phone.sip.address}>;+sip.instance="<urn:uuid:1>"`);
    await phone.sip.close();
    await other.close();
  });

  it('baresip registers, is called, and unregisters', { skip: peer('baresip').skip }, async () => {
    const phone = await Baresip.start(
      `<sip:bari@127.0.0.1:${server.port};transport=udp>;regint=60;answermode=auto;auth_pass=none`,
    );
    try {
      // It may have registered before its control port was there.
      for (let tries = 0; tries < 200 && !phone.log.includes('[1 binding]'); tries++) await sleep(25);
      assert.match(phone.log, /200 OK \(Trunkline\) \[1 binding\]/);
      const caller = await call('sip:bari@127.0.0.1', server);
      const answer = await caller.expect((message) => message.status >= 200);
      await caller.close();
      assert.equal(answer.status, 200);
      assert.match(phone.log, /answering call on line 1 from sip:alice@/);
      phone.command('hangup');
    } finally {
      await phone.stop();
    }
  });

  it('500 phones of SIPp register, refresh and unregister', { skip: peer('sipp').skip }, async () => {
    const run = await startSipp({ scenario: 'register-open.xml', remotePort: server.port, calls: 500, rate: 250 });
    const { successful, failed, errors } = await run.done;
    assert.deepEqual({ successful, failed }, { successful: 500, failed: 0 }, errors);
  });

  it('a new configuration goes on with the contacts', async () => {
    const phone = await Phone.open('short', server);
    await phone.register(30);
    process.kill(server.pid, 'SIGHUP');
    await sleep(2500);
    // The configuration is a new one, the contact is the old one.
    await rings(phone, server);
    await phone.sip.close();
  });
});

describe('contacts in a database', () => {
  const directory = mkdtempSync(join(tmpdir(), 'trunkline-location-'));
  after(() => rmSync(directory, { recursive: true, force: true }));

  it('are there again after kill -9, and after a stop', async () => {
    const defines = ['WITH_DB', `DB_URL="sqlite:///${join(directory, 'kill.db')}"`];
    const port = await freePort();
    let server = await boot({ defines, port });
    const phone = await Phone.open('bob', server);
    assert.equal((await phone.register(600)).status, 200);
    process.kill(server.pid, 'SIGKILL');
    await server.exit;
    server = await boot({ defines, port });
    await rings(phone, server);
    assert.match((await phone.register(300)).header('Contact'), /;expires=300$/);
    assert.equal(await server.stop(), 0);
    server = await boot({ defines, port });
    await rings(phone, server);
    await phone.register(0);
    await server.stop();
    server = await boot({ defines, port });
    const caller = await call('sip:bob@127.0.0.1', server);
    assert.equal((await caller.expect((message) => message.status >= 200)).status, 404);
    await caller.close();
    await phone.sip.close();
    await server.stop();
  });

  it('db_mode 3: two servers with one database know the same phones', async () => {
    const url = `sqlite:///${join(directory, 'shared.db')}`;
    const cfg = readFileSync(EXAMPLE, 'latin1').replace('"db_mode", 1', '"db_mode", 3');
    const defines = ['WITH_DB', `DB_URL="${url}"`];
    const [one, two] = [
      await startServer({ kind: 'trunkline', cfg, defines }),
      await startServer({ kind: 'trunkline', cfg, defines }),
    ];
    const phone = await Phone.open('shared', one);
    await phone.register(60);
    await rings(phone, two);
    await phone.register(0);
    const caller = await call('sip:shared@127.0.0.1', two);
    assert.equal((await caller.expect((message) => message.status >= 200)).status, 404);
    await caller.close();
    await phone.sip.close();
    await one.stop();
    await two.stop();
  });

  it("a call of a carrier that we registered at rings the account's phone", async () => {
    const carrier = await ScriptedRegistrar.open();
    const database = join(directory, 'carrier.db');
    makeAccountTable(database, [accountRow('trunk-7', carrier.uri, { localUser: 'desk', localDomain: '127.0.0.1' })]);
    const port = await freePort();
    const server = await boot({
      port,
      defines: ['WITH_DB', 'WITH_UAC', `DB_URL="sqlite:///${database}"`, `REG_CONTACT="127.0.0.1:${port}"`],
    });
    for (let tries = 0; tries < 500 && carrier.bound < 1; tries++) await sleep(10);
    assert.equal(carrier.bound, 1, server.tail());
    const phone = await Phone.open('desk', server);
    assert.equal((await phone.register(60)).status, 200);
    await rings(phone, server, `sip:trunk-7@127.0.0.1:${port}`);
    await phone.sip.close();
    await server.stop();
    await carrier.leave();
  });
});
