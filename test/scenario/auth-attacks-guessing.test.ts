/** Who guesses users or passwords at a running server: what is answered, who is banned, who must not suffer. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { PeerMessage } from '../support/sip-peer.ts';
import { Client, credentialsFor, GuardedServer, PREAMBLE, REALM, said, type TestUser } from './guarded-server.ts';

const USERS: readonly TestUser[] = [
  { user: 'alice', password: 'secret' },
  { user: 'locked', password: 'secret', secrets: 'none' },
  { user: 'oldie', password: 'secret', secrets: 'md5' },
];

/** Each dialect as its own documents write it, with a realm that is given and with one of the request. */
const DIALECTS = {
  kamailio: `
  if (is_method("REGISTER")) {
    if (!www_authenticate("${REALM}", "subscriber")) { www_challenge("${REALM}", "1", "SHA-256,MD5"); exit; }
  } else if (!auth_check("$fd", "subscriber", "1")) { auth_challenge("$fd", "1"); exit; }`,
  opensips: `
  if (is_method("REGISTER")) {
    if (!www_authorize("", "subscriber")) { www_challenge("", "auth", "MD5,SHA-256"); }
  } else if (!proxy_authorize("", "subscriber")) { proxy_challenge("", "auth"); }`,
  openser: `
  if (is_method("REGISTER")) {
    if (!www_authorize("${REALM}", "subscriber")) { www_challenge("${REALM}", "1"); }
  } else if (!proxy_authorize("", "subscriber")) { proxy_challenge("", "0"); }`,
};

function configuration(flavour: keyof typeof DIALECTS, more = ''): string {
  return `#!KAMAILIO
${PREAMBLE}
modparam("auth", "flavour", "${flavour}")
${more}
request_route {
  if (is_method("ACK")) exit;
${DIALECTS[flavour]}
  sl_send_reply("200", "OK");
}
`;
}

/** A reply without what is another in each: identifiers, nonces, and the name that the request itself had. */
function masked(reply: PeerMessage, user: string): string {
  return reply.text
    .replace(/branch=[^;\r]+/g, 'branch=B')
    .replace(/tag=[^;\r]+/g, 'tag=T')
    .replace(/^Call-ID: .*$/m, 'Call-ID: C')
    .replace(/nonce="[^"]+"/g, 'nonce="N"')
    .replaceAll(`sip:${user}@`, 'sip:USER@');
}

for (const flavour of ['kamailio', 'opensips', 'openser'] as const) {
  describe(`which users exist, asked in the dialect of ${flavour}`, () => {
    let guarded: GuardedServer;
    let client: Client;
    before(async () => {
      guarded = await GuardedServer.start(USERS, { cfg: configuration(flavour) });
      client = await Client.open(guarded);
    });
    after(async () => {
      await client?.close();
      await guarded?.stop();
    });

    for (const method of ['REGISTER', 'INVITE']) {
      it(`${method}: no reply tells one that is unknown, locked or without a hash from one whose password is wrong`, async () => {
        const name = method === 'REGISTER' ? 'Authorization' : 'Proxy-Authorization';
        const replies = new Map<string, string>();
        const before = await guarded.stats();
        for (const algorithm of ['MD5', 'SHA-256']) {
          for (const user of ['alice', 'nobody', 'locked', 'oldie', 'al%69ce', 'nobody@elsewhere', '']) {
            const from = { user: /^\w+$/.test(user) ? user : 'someone' };
            const first = await client.ask(method, from);
            const challenge = first.header('WWW-Authenticate') || first.header('Proxy-Authenticate');
            const credentials = credentialsFor(challenge, method, { user, algorithm, password: 'wrong' });
            const reply = await client.ask(method, { ...from, headers: [`${name}: ${credentials}`] });
            assert.equal(said(reply), method === 'REGISTER' ? '401' : '407', user);
            replies.set(`${user}: ${algorithm}, without credentials`, masked(first, from.user));
            replies.set(`${user}: ${algorithm}`, masked(reply, from.user));
          }
        }
        const [[, expected] = ['', '']] = replies;
        for (const [what, text] of replies) assert.equal(text, expected, what);
        // Inside they are told apart.
        const { wrong_password: wrong = 0, unknown_user: unknown = 0, error = 0 } = await guarded.stats();
        assert.deepEqual(
          [wrong - (before.wrong_password ?? 0), unknown - (before.unknown_user ?? 0), error - (before.error ?? 0)],
          [3, 8, 3],
        );
      });
    }
  });
}

it('a realm made from a request cannot inject a header or a parameter', async () => {
  const guarded = await GuardedServer.start(USERS, { cfg: configuration('opensips') });
  const client = await Client.open(guarded);
  try {
    for (const domain of ['x"y', 'x",nonce="fixed', 'x%0d%0aX-Evil: 1', 'x;y="z"', 'one.example', '[::1]', 'x\ty']) {
      for (const method of ['REGISTER', 'INVITE']) {
        const reply = await client.ask(method, { domain });
        assert.ok([400, 401, 407].includes(reply.status), reply.text);
        assert.equal(reply.header('X-Evil'), '');
        for (const value of [...reply.all('WWW-Authenticate'), ...reply.all('Proxy-Authenticate')])
          assert.match(value, /^Digest realm="[^"\\]*", nonce="[\w-]{48}", qop="auth"(, algorithm=(MD5|SHA-256))?$/);
      }
    }
  } finally {
    await client.close();
    await guarded.stop();
  }
});

describe('guessing, with limits of 20 for a source and 30 for a user', () => {
  const limits = 'modparam("auth", "ban_source_limit", 20)\nmodparam("auth", "ban_user_limit", 30)';
  let guarded: GuardedServer;
  let phone: Client;
  before(async () => {
    guarded = await GuardedServer.start(USERS, { cfg: configuration('kamailio', limits) });
    phone = await Client.open(guarded, '127.0.0.1', 'phone');
  });
  after(async () => {
    await phone?.close();
    await guarded?.stop();
  });

  async function guess(client: Client, password: string, user = 'alice'): Promise<string> {
    const credentials = credentialsFor(await client.challenge('REGISTER', 'MD5'), 'REGISTER', { user, password });
    return said(await client.send('REGISTER', credentials, { user }));
  }

  async function outcomes<T>(run: () => Promise<T>): Promise<{ ok: number; wrong: number; banned: number }> {
    const a = await guarded.stats();
    await run();
    const b = await guarded.stats();
    const grown = (name: string): number => (b[name] ?? 0) - (a[name] ?? 0);
    return { ok: grown('ok'), wrong: grown('wrong_password') + grown('unknown_user'), banned: grown('banned') };
  }

  it('one source gets 20 attempts, then not even the right password passes, nor is the reply another one', async () => {
    const evil = await Client.open(guarded, '127.0.0.9', 'evil');
    try {
      const found = await outcomes(async () => {
        for (let at = 0; at < 60; at++) assert.equal(await guess(evil, `guess${at}`, `user${at % 7}`), '401');
        assert.equal(await guess(evil, 'secret'), '401');
      });
      assert.deepEqual(found, { ok: 0, wrong: 20, banned: 41 });
      assert.deepEqual(await guarded.bans(), ['source 127.0.0.9']);
      assert.equal(await guess(phone, 'secret'), '200', 'another address');
      assert.deepEqual(await guarded.rpc('auth.ban_lift', { kind: 'string', value: '127.0.0.9' }), { lifted: 1 });
      assert.equal(await guess(evil, 'secret'), '200');
    } finally {
      await evil.close();
      await guarded.rpc('auth.ban_lift', { kind: 'string', value: 'all' });
    }
  });

  it('attempts that come all at once, while the database is asked, are no more than that', async () => {
    const evil = await Client.open(guarded, '127.0.0.8', 'evil');
    try {
      const challenges = await Promise.all(Array.from({ length: 100 }, () => evil.challenge('REGISTER', 'MD5')));
      const found = await outcomes(() =>
        Promise.all(
          challenges.map((challenge, at) => {
            const user = `crowd${at}`;
            return evil.send('REGISTER', credentialsFor(challenge, 'REGISTER', { user, password: 'x' }), { user });
          }),
        ),
      );
      assert.deepEqual(found, { ok: 0, wrong: 20, banned: 80 });
    } finally {
      await evil.close();
      await guarded.rpc('auth.ban_lift', { kind: 'string', value: 'all' });
    }
  });

  it('many sources on one user: the user is in by his phone and from a new address all the while', async () => {
    const bots = await Promise.all(
      Array.from({ length: 60 }, (_, at) => Client.open(guarded, `127.0.${at + 10}.1`, 'bot')),
    );
    const elsewhere = await Client.open(guarded, '127.0.200.1', 'elsewhere');
    try {
      assert.equal(await guess(phone, 'secret'), '200');
      const found = await outcomes(async () => {
        for (let round = 0; round < 5; round++) {
          for (const bot of bots) await guess(bot, `guess${round}`);
        }
      });
      // Each network has had one attempt; then the ban.
      assert.deepEqual(found, { ok: 0, wrong: 60, banned: 240 });
      assert.deepEqual(await guarded.bans(), [`user alice@${REALM}`]);
      assert.equal(await guess(bots[0] as Client, 'secret'), '401', 'what a bot finds it does not get');
      assert.equal(await guess(phone, 'secret'), '200');
      assert.equal(await guess(elsewhere, 'secret'), '200');
    } finally {
      await Promise.all([...bots, elsewhere].map((client) => client.close()));
      await guarded.rpc('auth.ban_lift', { kind: 'string', value: 'all' });
    }
  });
});
