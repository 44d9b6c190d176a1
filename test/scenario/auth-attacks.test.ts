/** Attacks on a running server by who has seen others' answers, or changes what was asked for. Each is counted as what it is. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { sleep } from '../support/servers.ts';
import { Client, credentialsFor, GuardedServer, PREAMBLE, said } from './guarded-server.ts';

/** A method for each kind of challenge: realms, hops, algorithms, qop values. */
const CFG = `#!KAMAILIO
${PREAMBLE}
modparam("auth", "secret", "what the servers of this farm share")
request_route {
  if (is_method("REGISTER")) {
    if (!www_authenticate("one.example", "subscriber")) { www_challenge("one.example", "1"); exit; }
  } else if (is_method("SUBSCRIBE")) {
    if (!www_authenticate("two.example", "subscriber")) { www_challenge("two.example", "1"); exit; }
  } else if (is_method("MESSAGE")) {
    if (!proxy_authenticate("one.example", "subscriber")) { proxy_challenge("one.example", "1"); exit; }
  } else if (is_method("PUBLISH")) {
    if (!www_authenticate("one.example", "subscriber")) { www_challenge("one.example", "1", "SHA-256,MD5"); exit; }
  } else if (is_method("INFO")) {
    if (!www_authenticate("one.example", "subscriber")) { www_challenge("one.example", "2"); exit; }
  } else {
    if (!www_authenticate("one.example", "subscriber")) { www_challenge("one.example", "0"); exit; }
  }
  sl_send_reply("200", "OK");
}
`;

let guarded: GuardedServer;
let phone: Client;
let thief: Client;

before(async () => {
  guarded = await GuardedServer.start([{ user: 'alice', password: 'secret' }], { cfg: CFG });
  phone = await Client.open(guarded, '127.0.0.1', 'phone');
  thief = await Client.open(guarded, '127.0.0.2', 'thief');
});
after(async () => {
  await phone?.close();
  await thief?.close();
  await guarded?.stop();
});

/** Runs an attack, and looks at which outcomes were counted for it. */
async function counted(outcomes: Readonly<Record<string, number>>, attack: () => Promise<void>): Promise<void> {
  const before = await guarded.stats();
  await attack();
  const after = await guarded.stats();
  const grown = Object.entries(after).filter(
    ([name, value]) => typeof value === 'number' && value !== before[name] && !/^(challenges|used_nonces)$/.test(name),
  );
  assert.deepEqual(Object.fromEntries(grown.map(([name, value]) => [name, value - (before[name] ?? 0)])), outcomes);
}

describe('replay', () => {
  for (const method of ['REGISTER', 'MESSAGE', 'OPTIONS']) {
    it(`${method}: a sniffed answer is good for nobody else, and not for another request of the same sender`, () =>
      counted({ ok: 1, no_credentials: 1, replayed: 3 }, async () => {
        const credentials = credentialsFor(await phone.challenge(method), method);
        assert.equal(said(await phone.send(method, credentials)), '200');
        assert.equal(said(await thief.send(method, credentials, { contact: 'thief' })), `${hop(method)} stale`);
        assert.equal(said(await thief.send(method, credentials)), `${hop(method)} stale`);
        assert.equal(said(await phone.send(method, credentials, { contact: 'other' })), `${hop(method)} stale`);
      }));
  }

  it('a retransmission is no replay', () =>
    counted({ ok: 2, no_credentials: 1 }, async () => {
      const credentials = credentialsFor(await phone.challenge('REGISTER'), 'REGISTER');
      const { callId } = await phone.send('REGISTER', credentials);
      const sent = phone.peer.messages('out').at(-1)?.text ?? '';
      const replies = (): number[] =>
        phone.peer.trace.filter((m) => m.direction === 'in' && m.callId === callId).map(({ status }) => status);
      await phone.peer.send(sent, { host: '127.0.0.1', port: guarded.port });
      for (let tries = 0; tries < 400 && replies().length < 2; tries++) await sleep(10);
      assert.deepEqual(replies(), [200, 200]);
    }));

  it('nonce counts: the next ones pass, in a window in any order, each once', () =>
    counted({ ok: 4, no_credentials: 1, replayed: 5, malformed: 1 }, async () => {
      const challenge = await phone.challenge('REGISTER');
      const count = async (client: Client, nc: number): Promise<string> =>
        said(await client.send('REGISTER', credentialsFor(challenge, 'REGISTER', { nc })));
      for (const nc of [1, 3, 2, 100]) assert.equal(await count(phone, nc), '200', `nc ${nc}`);
      for (const nc of [1, 2, 3, 50, 100]) assert.equal(await count(thief, nc), '401 stale', `nc ${nc} again`);
      assert.equal(await count(thief, 0), '401');
    }));

  it('of copies that arrive at the same time one passes', () =>
    counted({ ok: 1, no_credentials: 1, replayed: 29 }, async () => {
      const credentials = credentialsFor(await phone.challenge('REGISTER'), 'REGISTER');
      const replies = await Promise.all(
        Array.from({ length: 30 }, (_, at) =>
          (at % 2 ? phone : thief).send('REGISTER', credentials, { contact: `c${at}` }),
        ),
      );
      assert.equal(replies.filter(({ status }) => status === 200).length, 1);
    }));

  it('a wrong password burns nothing: neither the nonce nor its counts', () =>
    counted({ ok: 2, no_credentials: 1, wrong_password: 21, unknown_user: 1 }, async () => {
      const challenge = await phone.challenge('REGISTER');
      const size = (await guarded.stats()).used_nonces;
      for (let at = 0; at < 20; at++) {
        const edits = { nc: 1 + at, password: `guess${at}`, cnonce: `${at}` };
        assert.equal(said(await thief.send('REGISTER', credentialsFor(challenge, 'REGISTER', edits))), '401');
      }
      await thief.send('REGISTER', credentialsFor(challenge, 'REGISTER', { nc: 0xffffffff, password: 'x' }));
      await thief.send('REGISTER', credentialsFor(challenge, 'REGISTER', { user: 'nobody' }));
      assert.equal((await guarded.stats()).used_nonces, size, 'nothing is remembered');
      assert.equal(said(await phone.send('REGISTER', credentialsFor(challenge, 'REGISTER', { nc: 1 }))), '200');
      assert.equal(said(await phone.send('REGISTER', credentialsFor(challenge, 'REGISTER', { nc: 2 }))), '200');
    }));

  it('a restart forgets what was used, and takes nothing from before: one new challenge, then all is well', async () => {
    const challenge = await phone.challenge('REGISTER');
    const credentials = credentialsFor(challenge, 'REGISTER');
    assert.equal(said(await phone.send('REGISTER', credentials)), '200');
    await guarded.restart();
    assert.equal(said(await thief.send('REGISTER', credentials, { contact: 'thief' })), '401 stale');
    const next = await phone.send('REGISTER', credentialsFor(challenge, 'REGISTER', { nc: 2 }));
    assert.equal(said(next), '401 stale');
    const renewed = credentialsFor(next.header('WWW-Authenticate'), 'REGISTER');
    assert.equal(said(await phone.send('REGISTER', renewed)), '200');
  });
});

const hop = (method: string): number => (method === 'MESSAGE' ? 407 : 401);

describe('a nonce of elsewhere, and less than was asked for', () => {
  /** Whoever knows the password answers a nonce of one challenge where another one is asked for. */
  const cases: readonly {
    readonly name: string;
    readonly from: string;
    readonly algorithm?: string;
    readonly to: string;
    readonly edits?: Parameters<typeof credentialsFor>[2];
    readonly reply: string;
    readonly outcome: string;
  }[] = [
    { name: 'of another realm', from: 'SUBSCRIBE', to: 'REGISTER', reply: '401 stale', outcome: 'stale' },
    { name: 'of a proxy for a registrar', from: 'MESSAGE', to: 'REGISTER', reply: '401 stale', outcome: 'stale' },
    { name: 'of a registrar for a proxy', from: 'REGISTER', to: 'MESSAGE', reply: '407 stale', outcome: 'stale' },
    {
      name: 'of SHA-256, answered with MD5',
      from: 'PUBLISH',
      algorithm: 'SHA-256',
      to: 'PUBLISH',
      edits: { algorithm: 'MD5' },
      reply: '401',
      outcome: 'not_offered',
    },
    {
      name: 'of SHA-256, answered as if no algorithm was named',
      from: 'PUBLISH',
      algorithm: 'SHA-256',
      to: 'REGISTER',
      edits: { algorithm: 'MD5' },
      reply: '401',
      outcome: 'not_offered',
    },
    {
      name: 'of auth-int, answered with auth',
      from: 'INFO',
      to: 'INFO',
      edits: { qop: 'auth' },
      reply: '401',
      outcome: 'not_offered',
    },
    {
      name: 'of qop auth, answered without',
      from: 'REGISTER',
      to: 'REGISTER',
      edits: { qop: null },
      reply: '401',
      outcome: 'qop_missing',
    },
    {
      name: 'of auth-int, answered without a qop',
      from: 'INFO',
      to: 'INFO',
      edits: { qop: null },
      reply: '401',
      outcome: 'qop_missing',
    },
    {
      name: 'that is none',
      from: 'REGISTER',
      to: 'REGISTER',
      edits: { nonce: 'garbage' },
      reply: '401 stale',
      outcome: 'bad_nonce',
    },
    {
      name: 'that is forged',
      from: 'REGISTER',
      to: 'REGISTER',
      edits: { nonce: `AQ${'A'.repeat(46)}` },
      reply: '401 stale',
      outcome: 'stale',
    },
    {
      name: 'answered for an unknown algorithm',
      from: 'REGISTER',
      to: 'REGISTER',
      edits: { algorithm: 'SHA-1' },
      reply: '401',
      outcome: 'malformed',
    },
  ];
  for (const { name, from, algorithm, to, edits, reply, outcome } of cases) {
    it(name, () =>
      counted({ no_credentials: 1, [outcome]: 1 }, async () => {
        const realm = to === 'SUBSCRIBE' ? 'two.example' : 'one.example';
        const challenge = (await phone.challenge(from, algorithm)).replace(/realm="[^"]*"/, `realm="${realm}"`);
        assert.equal(said(await thief.send(to, credentialsFor(challenge, to, edits))), reply);
      }),
    );
  }
});

describe('headers that are to confuse', () => {
  const broken: readonly (readonly [name: string, edit: (credentials: string) => string])[] = [
    ['the username twice', (text) => `${text}, username="bob"`],
    ['the nonce twice', (text) => `${text}, nonce="x"`],
    ['a parameter twice in another letter case', (text) => `${text}, UserName="bob"`],
    ['an unknown parameter twice', (text) => `${text}, x=1, x=2`],
    ['no response', (text) => text.replace(/, response="[^"]*"/, '')],
    ['no cnonce', (text) => text.replace(/, cnonce="[^"]*"/, '')],
    ['a cnonce of 5000 bytes', (text) => text.replace(/cnonce="/, `cnonce="${'x'.repeat(5000)}`)],
    ['a username of 7000 bytes', (text) => text.replace(/username="/, `username="${'x'.repeat(7000)}`)],
    ['1000 parameters', (text) => `${text}${Array.from({ length: 1000 }, (_, at) => `, p${at}=1`).join('')}`],
    ['a quote that never ends', (text) => text.replace(/cnonce="[^"]*"/, 'cnonce="x')],
    ['a nonce count that is no number', (text) => text.replace(/nc=\d+/, 'nc=zzzzzzzz')],
  ];
  for (const [name, edit] of broken) {
    it(`${name}: not looked at`, () =>
      counted({ no_credentials: 1, malformed: 1 }, async () => {
        const credentials = edit(credentialsFor(await phone.challenge('REGISTER'), 'REGISTER'));
        assert.equal(said(await thief.send('REGISTER', credentials)), '401');
      }));
  }

  it('a header longer than 8 KiB is refused before it is read', () =>
    counted({ no_credentials: 1 }, async () => {
      const credentials = credentialsFor(await phone.challenge('REGISTER'), 'REGISTER');
      const reply = await thief.send('REGISTER', credentials.replace('username="', `username="${'x'.repeat(60_000)}`));
      assert.equal(reply.status, 513);
    }));

  it('a good header counts beside broken ones and those of others, wherever it stands', () =>
    counted({ no_credentials: 2, ok: 2 }, async () => {
      const others = [
        'Authorization: Basic YTpi',
        'Authorization: Digest username="',
        'Authorization: Digest username="a", realm="x", nonce="n", uri="u", response="r"',
      ];
      for (const headers of [others, others.toReversed()]) {
        const good = `Authorization: ${credentialsFor(await phone.challenge('REGISTER'), 'REGISTER')}`;
        assert.equal(
          said(await phone.ask('REGISTER', { headers: [...headers.slice(0, 2), good, ...headers.slice(2)] })),
          '200',
        );
      }
    }));
});
