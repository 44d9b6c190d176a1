/** Examples of the auth READMEs of OpenSER and OpenSIPS, each started: a phone sends what the snippet is about. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { L_ERR } from '../../src/script/log.ts';
import { testRoutes } from '../../src/testing/index.ts';
import { authParameters } from '../scenario/digest-oracle.ts';
import {
  type AskOptions,
  Client,
  type CredentialEdits,
  credentialsFor,
  said,
  writeUsers,
} from '../scenario/guarded-server.ts';
import { openPeer, type Started, start, testFolder } from '../server/support.ts';
import { ROOT } from '../support/command.ts';
import type { PeerMessage, SipPeer } from '../support/sip-peer.ts';

const FOLDER = join(ROOT, 'examples/auth-readme');
const FILES = readdirSync(FOLDER).sort();
/** Of abc, the one user. The examples without a database know it themselves. */
const PASSWORD = 'xyz';
const NUMBER = '+4930123456';

/** A started example, a phone that asks it, and who is called. */
interface World extends Started {
  readonly phone: Client;
  readonly callee: SipPeer;
}

const phones: Client[] = [];
after(() => Promise.all(phones.map((phone) => phone.close())));

/** Starts an example on a free port, with a table of users where it has a database. */
async function started(file: string): Promise<World> {
  const directory = testFolder();
  const users = join(directory, 'users.db');
  const callee = await openPeer({ name: 'callee' });
  callee.on(
    (message) => message.isRequest,
    (message) => void callee.reply(message, 200, 'OK'),
  );
  const page = readFileSync(join(FOLDER, file), 'utf8');
  const realm = page.includes('siphub.net') ? 'siphub.net' : 'one.example';
  await writeUsers(users, [{ user: 'abc', password: PASSWORD, realm }]);
  const text = page
    .replaceAll('127.0.0.1:5070', '127.0.0.1:0')
    .replaceAll('127.0.0.1:5080', callee.address)
    .replaceAll('db_mysql.so', 'db_sqlite.so')
    .replaceAll(/mysql:\/\/[^"]+/g, `sqlite:///${users}`);
  const server = await start(text, {}, directory);
  const phone = await Client.open({ port: server.server.sockets[0]?.port ?? 0 }, '127.0.0.1', 'phone');
  phones.push(phone);
  return { ...server, phone, callee };
}

const PROVEN = { user: 'abc', password: PASSWORD } as const;

/** What an answer to the challenge gets that a request got. */
async function answered(
  phone: Client,
  method: string,
  edits: CredentialEdits = PROVEN,
  options: AskOptions = {},
): Promise<string> {
  const asked = await phone.ask(method, { user: 'abc', ...options });
  assert.ok(asked.status === 401 || asked.status === 407, asked.startLine);
  const [challenge = ''] = challenges(asked);
  const name = asked.status === 401 ? 'Authorization' : 'Proxy-Authorization';
  const headers = [`${name}: ${credentialsFor(challenge, method, edits)}`];
  return said(await phone.ask(method, { user: 'abc', ...options, headers }));
}

function challenges(reply: PeerMessage): string[] {
  return [...reply.all('WWW-Authenticate'), ...reply.all('Proxy-Authenticate')];
}

function parameter(name: string, reply: PeerMessage): (string | undefined)[] {
  return challenges(reply).map((value) => authParameters(value).get(name));
}

/** abc is let in by his password and by no other, and nobody else is. */
async function letsIn(phone: Client, method: string, realm: string, status = 401): Promise<void> {
  const asked = await phone.ask(method, { user: 'abc' });
  assert.equal(asked.status, status);
  assert.deepEqual(parameter('realm', asked), [realm]);
  assert.deepEqual(parameter('qop', asked), ['auth']);
  assert.equal(await answered(phone, method), '200');
  assert.equal(await answered(phone, method, { ...PROVEN, password: 'guess' }), `${status}`);
  assert.equal(await answered(phone, method, { ...PROVEN, user: 'abd' }), `${status}`);
}

/** What the called side sees of a MESSAGE from a user. */
async function forwarded({ phone, callee }: World, user: string): Promise<string> {
  assert.equal((await phone.ask('MESSAGE', { user })).status, 200);
  return callee.messages('in').at(-1)?.header('Remote-Party-ID') ?? '';
}

const DEFAULT_SUFFIX = ';party=calling;id-type=subscriber;screen=yes';

async function showsIdentity(world: World): Promise<void> {
  assert.equal(await forwarded(world, 'alice'), `sip:alice@one.example${DEFAULT_SUFFIX}`);
}

async function showsNumbers(world: World): Promise<void> {
  assert.equal(await forwarded(world, NUMBER), `sip:${NUMBER}@one.example${DEFAULT_SUFFIX}`);
  for (const user of ['alice', '4930123456', '+1234567890123456']) assert.equal(await forwarded(world, user), '', user);
}

async function consumes({ phone, callee }: World): Promise<void> {
  assert.equal((await phone.ask('MESSAGE', { user: 'abc' })).status, 401);
  assert.equal(await answered(phone, 'MESSAGE', { ...PROVEN, password: 'guess' }), '401');
  assert.deepEqual(callee.messages('in'), []);
  assert.equal(await answered(phone, 'MESSAGE'), '200');
  const [message] = callee.messages('in');
  assert.ok(message !== undefined && message.header('Authorization') === '', message?.text);
}

/** Nonces are good for so long: with a clock that is moved by hand. */
async function expires(file: string, seconds: number): Promise<void> {
  const bench = await testRoutes(join(FOLDER, file));
  const register = async (wait: number): Promise<string> => {
    bench.phone.request('REGISTER');
    const asked = (await bench.phone.expect(401)).header('WWW-Authenticate');
    await bench.advance(wait);
    const headers = [`Authorization: ${credentialsFor(asked, 'REGISTER', { user: 'phone', password: 'secret' })}`];
    const reply = await bench.phone.request('REGISTER', { headers }).expect(wait < seconds ? 200 : 401);
    return /stale=true/.test(reply.text) ? 'stale' : `${reply.status}`;
  };
  assert.equal(await register(seconds - 1), '200');
  assert.equal(await register(seconds + 1), 'stale');
  bench.stop();
}

/** What each example does when it runs. */
const OUTCOMES: Readonly<Record<string, (world: World, file: string) => Promise<void>>> = {
  'append_rpid_hf-openser.cfg': showsIdentity,
  'append_rpid_hf-opensips.cfg': showsIdentity,
  'append_rpid_hf-arguments-openser.cfg': showsIdentity,
  'append_rpid_hf-arguments-opensips.cfg': showsIdentity,
  'rpid_avp-openser.cfg': showsIdentity,
  'rpid_avp-opensips.cfg': showsIdentity,
  'is_rpid_user_e164-openser.cfg': showsNumbers,
  'is_rpid_user_e164-opensips.cfg': showsNumbers,
  'rpid_prefix-opensips.cfg': async (world) => {
    assert.equal(await forwarded(world, 'alice'), 'Whatever <sip:alice@one.example>;party=calling;screen=yes');
  },
  'rpid_suffix-opensips.cfg': async (world) => {
    assert.equal(await forwarded(world, NUMBER), `<sip:${NUMBER}@1.2.3.4>`);
  },

  'consume_credentials-openser.cfg': consumes,
  'consume_credentials-opensips.cfg': consumes,

  'calculate_ha1-opensips.cfg': async ({ phone }) => {
    await letsIn(phone, 'REGISTER', 'opensips.org');
    // Unlike with disable_nonce_check.
    assert.deepEqual(await sameTwice(phone), ['200', '401 stale']);
  },
  'disable_nonce_check-opensips.cfg': async ({ phone }) => {
    await letsIn(phone, 'REGISTER', 'opensips.org');
    assert.deepEqual(await sameTwice(phone), ['200', '200']);
  },
  'password_spec-opensips.cfg': ({ phone }) => letsIn(phone, 'REGISTER', 'opensips.org'),
  'username_spec-opensips.cfg': ({ phone }) => letsIn(phone, 'REGISTER', 'opensips.org'),
  'pv_www_authorize-opensips.cfg': ({ phone }) => letsIn(phone, 'REGISTER', 'opensips.org'),
  'pv_proxy_authorize-opensips.cfg': ({ phone }) => letsIn(phone, 'MESSAGE', 'one.example', 407),

  'www_challenge-openser.cfg': ({ phone }) => letsIn(phone, 'REGISTER', 'siphub.net'),
  'proxy_challenge-openser.cfg': ({ phone }) => letsIn(phone, 'MESSAGE', 'one.example', 407),
  'www_challenge-opensips.cfg': async ({ phone }) => {
    const asked = await phone.ask('REGISTER');
    assert.deepEqual(parameter('algorithm', asked), ['SHA-512-256', 'MD5']);
    assert.deepEqual(parameter('qop', asked), ['auth,auth-int', 'auth,auth-int']);
    for (const algorithm of ['SHA-512-256', 'MD5']) {
      for (const qop of ['auth', 'auth-int']) {
        const credentials = credentialsFor(await phone.challenge('REGISTER', algorithm), 'REGISTER', {
          ...PROVEN,
          qop,
        });
        assert.equal(said(await phone.send('REGISTER', credentials)), '200', `${algorithm} ${qop}`);
      }
    }
  },
  'proxy_challenge-opensips.cfg': async ({ phone }) => {
    const asked = await phone.ask('MESSAGE');
    assert.equal(asked.status, 407);
    assert.deepEqual(parameter('algorithm', asked), ['SHA-512-256', 'SHA-256']);
    assert.deepEqual(parameter('realm', asked), ['one.example', 'one.example']);
    for (const algorithm of ['SHA-512-256', 'SHA-256']) {
      const credentials = credentialsFor(await phone.challenge('MESSAGE', algorithm), 'MESSAGE', PROVEN);
      assert.equal(said(await phone.send('MESSAGE', credentials)), '200', algorithm);
    }
    const weaker = credentialsFor(await phone.challenge('MESSAGE', 'SHA-256'), 'MESSAGE', {
      ...PROVEN,
      algorithm: 'MD5',
    });
    assert.equal(said(await phone.send('MESSAGE', weaker)), '407');
  },

  'realm_prefix.cfg': async ({ phone }) => {
    for (const domain of ['sip.mydomain.net', 'mydomain.net']) {
      assert.deepEqual(parameter('realm', await phone.ask('REGISTER', { domain })), ['mydomain.net']);
      assert.equal(await answered(phone, 'REGISTER', { user: 'abc', password: 'secret' }, { domain }), '200');
    }
    assert.deepEqual(parameter('realm', await phone.ask('REGISTER', { domain: 'sips.net' })), ['sips.net']);
  },
  'secret.cfg': async ({ phone }, file) => {
    const twin = await started(file);
    const stranger = await started('realm_prefix.cfg');
    const challenge = await phone.challenge('REGISTER');
    const edits = { user: 'abc', password: 'secret' };
    const send = async (to: Client): Promise<string> =>
      said(await to.send('REGISTER', credentialsFor(challenge, 'REGISTER', edits), { domain: 'mydomain.net' }));
    assert.equal(await send(stranger.phone), '401 stale');
    assert.equal(await send(twin.phone), '200');
    assert.equal(await send(phone), '200');
  },
  'nonce_expire-15.cfg': (_, file) => expires(file, 15),
  'nonce_expire-600.cfg': (_, file) => expires(file, 600),
};

/** What the same answer gets in a request, and in another one. */
async function sameTwice(phone: Client): Promise<string[]> {
  const credentials = credentialsFor(await phone.challenge('REGISTER'), 'REGISTER', PROVEN);
  const results: string[] = [];
  for (let i = 0; i < 2; i++) results.push(said(await phone.send('REGISTER', credentials)));
  return results;
}

describe('examples of the auth READMEs, running', () => {
  it('each has its outcome here', () => assert.deepEqual(FILES, Object.keys(OUTCOMES).sort()));

  for (const [file, outcome] of Object.entries(OUTCOMES)) {
    it(file, async () => {
      const world = await started(file);
      await outcome(world, file);
      assert.deepEqual(
        world.log.lines.filter(({ level }) => level <= L_ERR),
        [],
      );
    });
  }
});
