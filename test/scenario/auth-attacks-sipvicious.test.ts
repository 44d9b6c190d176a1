/** SIPVicious, which is what most who knock at a SIP port have: it finds no user and no password, and is banned; others notice nothing. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { json } from '../../src/cli/rpc-output.ts';
import { callRpc } from '../../src/rpc/binrpc/client.ts';
import { startProgram } from '../support/command.ts';
import { type PeerName, peer } from '../support/peers.ts';
import { freePort } from '../support/ports.ts';
import { startServer, type TestServer } from '../support/servers.ts';
import { noStock, noTables, StockPlace } from '../support/stock-place.ts';
import { Client, credentialsFor, GuardedServer, said } from './guarded-server.ts';

const EXAMPLE = join(import.meta.dirname, '../../examples/registrar/kamailio.cfg');
const PASSWORD = 'w0nder';
/** The right word is the last but a hundred. */
const WORDS = [
  ...Array.from({ length: 200 }, (_, at) => `guess${at}`),
  PASSWORD,
  ...Array.from({ length: 100 }, (_, at) => `more${at}`),
];
const skip = peer('svwar').skip || peer('svcrack').skip;

const home = mkdtempSync(join(tmpdir(), 'trunkline-sipvicious-'));
const writeWords = (words: readonly string[]): void => writeFileSync(join(home, 'words'), `${words.join('\n')}\n`);
after(() => rmSync(home, { recursive: true, force: true }));

/**
 * What a tool of SIPVicious prints about a server. It keeps its scans in the home directory. It would send from port 5060, and take for an answer
 * what reaches that port from tests that run beside it: replies to a Via without a port.
 */
async function attack(tool: PeerName, port: number, host: string, ...words: readonly string[]): Promise<string> {
  const options = ['-p', `${port}`, '--localport', `${await freePort()}`, '--maximumtime', '2', ...words, host];
  const run = startProgram(peer(tool).path, options, { cwd: home, env: { HOME: home } });
  const ended = await run.finished();
  return ended.stdout + ended.stderr;
}

const crack = (port: number, host: string): Promise<string> =>
  attack('svcrack', port, host, '-u', '101', '-d', join(home, 'words'));

/** A phone of 101 that registers with the right password. @returns what was said to it */
async function register(phone: Client, domain: string): Promise<string> {
  const options = { user: '101', domain, uri: `sip:${domain}` };
  const challenge = (await phone.ask('REGISTER', options)).header('WWW-Authenticate');
  const credentials = credentialsFor(challenge, 'REGISTER', { user: '101', password: PASSWORD });
  return said(await phone.send('REGISTER', credentials, options));
}

/** Registers again and again until the attack is over. @returns how often it worked; all others fail the test */
async function whileAttacked(phone: Client, domain: string, over: Promise<unknown>): Promise<number> {
  let attacked = true;
  let times = 0;
  const ended = over.finally(() => {
    attacked = false;
  });
  while (attacked) {
    assert.equal(await register(phone, domain), '200');
    times++;
  }
  await ended;
  return times;
}

describe('SIPVicious and examples/registrar WITH_AUTH', { skip }, () => {
  const domain = '127.0.0.1';
  let guarded: GuardedServer;
  let same: Client;
  let other: Client;

  before(async () => {
    writeWords(WORDS);
    guarded = await GuardedServer.start([{ user: '101', password: PASSWORD, realm: domain }], {
      file: EXAMPLE,
      defines: ['WITH_AUTH'],
      subst: { '/var/lib/trunkline/registrar.db': 'USERS_DB' },
    });
    same = await Client.open(guarded, '127.0.0.1', 'phone at the same address');
    other = await Client.open(guarded, '127.0.0.2', 'phone at another address');
  });
  after(async () => {
    await same?.close();
    await other?.close();
    await guarded?.stop();
  });

  for (const method of ['REGISTER', 'INVITE']) {
    for (const more of [[], ['--force']]) {
      it(`svwar -m ${method} ${more.join('')} finds no user`, async () => {
        const printed = await attack('svwar', guarded.port, domain, '-e', '95-110', '-m', method, ...more);
        assert.match(printed, /found nothing/);
        assert.doesNotMatch(printed, /\b101\b/);
      });
    }
  }

  it('svcrack finds no password and is banned; a phone at another address notices nothing', async () => {
    assert.equal(await register(same, domain), '200');
    const cracking = crack(guarded.port, domain);
    assert.ok((await whileAttacked(other, domain, cracking)) > 0);
    const printed = await cracking;
    assert.match(printed, /found nothing/);
    assert.ok(!printed.includes(PASSWORD), printed);
    assert.deepEqual(await guarded.bans(), ['source 127.0.0.1']);
    const { banned = 0, wrong_password: wrong = 0 } = await guarded.stats();
    assert.equal(wrong, 20);
    assert.ok(banned > 200, `${banned} were refused unseen`);
  });

  it('the ban is lifted by command, and the phone at that address is in again', async () => {
    assert.equal(await register(same, domain), '401');
    assert.deepEqual(await guarded.rpc('auth.ban_lift', { kind: 'string', value: '127.0.0.1' }), { lifted: 1 });
    assert.deepEqual(await guarded.bans(), []);
    assert.equal(await register(same, domain), '200');
  });

  it('a call with a To tag and a Route of its own is asked for a password as well', async () => {
    const text =
      `INVITE sip:victim@127.0.0.3:9 SIP/2.0\r\nVia: SIP/2.0/UDP ${other.peer.address};branch=z9hG4bKforged\r\n` +
      `Route: <sip:127.0.0.1:${guarded.port};lr>\r\nMax-Forwards: 70\r\nFrom: <sip:x@y>;tag=1\r\nTo: <sip:v@y>;tag=2\r\n` +
      `Call-ID: forged\r\nCSeq: 1 INVITE\r\nContact: <sip:x@${other.peer.address}>\r\nContent-Length: 0\r\n\r\n`;
    await other.peer.send(text, { host: '127.0.0.1', port: guarded.port });
    assert.equal((await other.peer.expect((m) => m.callId === 'forged' && m.status >= 200)).status, 407);
  });

  it('svcrack finds a password among its first words: limits are no help to who has one of these', async () => {
    writeWords(WORDS.slice(190));
    assert.match(await crack(guarded.port, domain), new RegExp(`101 +\\| ${PASSWORD}`));
  });
});

describe('SIPVicious and the stock configuration WITH_AUTH and WITH_ANTIFLOOD', {
  skip: skip || noStock || noTables,
}, () => {
  // SIPVicious sends from 127.0.0.1, which the configuration must not take for itself.
  const host = '127.0.0.7';
  let place: StockPlace;
  let phone: Client;
  let same: Client;
  let server: TestServer;

  async function boot(subst: Readonly<Record<string, string>>): Promise<void> {
    const options = {
      file: place.file,
      subst,
      defines: ['WITH_AUTH', 'WITH_ANTIFLOOD'],
      args: ['-Y', place.directory],
    };
    server = await startServer({ kind: 'trunkline', listen: [`udp:${host}:PORT`], ...options });
    phone = await Client.open(server, '127.0.0.2', 'phone', host);
    same = await Client.open(server, '127.0.0.1', 'phone at the same address', host);
  }

  async function stop(): Promise<void> {
    await phone.close();
    await same.close();
    await server.stop();
  }

  async function rpc(command: string, ...words: readonly string[]): Promise<string> {
    const address = { kind: 'unix', path: join(place.directory, 'kamailio_ctl') } as const;
    return json(
      await callRpc(
        address,
        command,
        words.map((value) => ({ kind: 'string', value })),
      ),
    );
  }

  before(() => {
    writeWords(WORDS);
    place = new StockPlace();
    const local = join(place.directory, 'kamailio-local.cfg');
    writeFileSync(local, readFileSync(local, 'utf8').replace('alias="127.0.0.1"', `alias="${host}"`));
    place.database
      .prepare('INSERT INTO subscriber (username, domain, password) VALUES (?, ?, ?)')
      .run('101', host, PASSWORD);
  });
  after(() => place?.close());

  it('a tool that says what it is gets no answer at all', async () => {
    await boot({});
    try {
      const all = await Promise.all([
        attack('svwar', server.port, host, '-e', '95-110', '-m', 'REGISTER'),
        attack('svwar', server.port, host, '-e', '95-110', '-m', 'INVITE', '--force'),
        crack(server.port, host),
      ]);
      for (const printed of all) {
        assert.match(printed, /found nothing/);
        assert.match(printed, /timed out|no server response/);
      }
      assert.equal(await register(phone, host), '200');
    } finally {
      await stop();
    }
  });

  it('one that hides its name is banned as a flood, is shown, and is let in again by command', async () => {
    await boot({ 'friendly|scanner': 'otherwise' });
    try {
      for (const method of ['REGISTER', 'INVITE']) {
        const printed = await attack('svwar', server.port, host, '-e', '95-110', '-m', method, '--force');
        assert.match(printed, /found nothing/);
      }
      const cracking = crack(server.port, host);
      assert.equal(await register(phone, host), '200');
      const printed = await cracking;
      assert.match(printed, /found nothing/);
      assert.ok(!printed.includes(PASSWORD), printed);
      assert.match(server.log, /pike blocking REGISTER/);
      assert.match(await rpc('htable.dump', 'ipban'), /127\.0\.0\.1/);
      assert.equal(await register(phone, host), '200');
      await rpc('htable.delete', 'ipban', '127.0.0.1');
      assert.equal(await register(same, host), '200');
    } finally {
      await stop();
    }
  });
});
