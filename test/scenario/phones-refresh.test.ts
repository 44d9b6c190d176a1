/** Phones that others wrote register again: with the nonce that they have, counted on; with one that is too old, without asking anybody. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { peer } from '../support/peers.ts';
import { Baresip } from '../support/sip-baresip.ts';
import { Linphone } from '../support/sip-linphone.ts';
import { Twinkle } from '../support/sip-twinkle.ts';
import { type Attempt, PhoneServer } from './phones.ts';

/** Seconds that a registration is granted for: the phones come again before. */
const GRANTED = 3;

const nonces = (attempts: readonly Attempt[]): unknown[] => attempts.map(({ credentials }) => credentials.get('nonce'));
const codes = (attempts: readonly Attempt[]): number[] => attempts.map(({ code }) => code);

describe('registered again, nonces good for long and for a second', { concurrency: true }, () => {
  describe('linphone', { skip: peer('linphonec').skip, concurrency: 1 }, () => {
    const NAMES = ['auth', 'sha256'] as const;
    let lasting: PhoneServer;
    let brief: PhoneServer;
    let phones: readonly Linphone[] = [];
    before(async () => {
      lasting = await PhoneServer.open({ maxExpires: GRANTED });
      brief = await PhoneServer.open({ maxExpires: GRANTED, nonceExpire: 1 });
      // linphonec: where it does not know what to answer it asks for a password, and waits for it.
      phones = await Promise.all(
        [lasting, brief].map((server) =>
          Linphone.start({ program: 'linphonec', accounts: server.accounts('linphone', NAMES) }),
        ),
      );
    });
    after(async () => {
      await lasting?.stop();
      await brief?.stop();
    });

    it('goes on with the nonce of its first challenge, and counts', async () => {
      const accounts = lasting.accounts('linphone', NAMES);
      const all = accounts.map(({ user }) => user);
      await lasting.until('all came again twice', () => all.every((user) => lasting.attempts(user).length >= 4));
      for (const user of all) {
        const [first, ...answers] = lasting.attempts(user);
        assert.equal(first?.code, -5);
        assert.deepEqual(new Set(codes(answers)), new Set([1]));
        assert.equal(new Set(nonces(answers)).size, 1);
        assert.deepEqual(
          answers.map(({ credentials }) => Number.parseInt(credentials.get('nc') ?? '', 16)),
          answers.map((_, at) => at + 1),
        );
      }
    });

    it('takes a new nonce where its own is too old, without asking for a password', async () => {
      const all = brief.accounts('linphone', NAMES).map(({ user }) => user);
      /** A request with a nonce that was too old, and the next one. */
      const renewals = (user: string): readonly (readonly [Attempt, Attempt])[] =>
        brief.attempts(user).flatMap((attempt, at, list) => {
          const next = list[at + 1];
          return attempt.code === -4 && next?.code === 1 ? [[attempt, next] as const] : [];
        });
      await brief.until('all came again', () => all.every((user) => renewals(user).length > 0));
      const log = phones[1]?.log ?? '';
      for (const user of all) {
        for (const [late, again] of renewals(user)) {
          assert.equal(late.right, true);
          assert.notEqual(again.credentials.get('nonce'), late.credentials.get('nonce'));
          assert.equal(again.credentials.get('nc'), '00000001');
          const challenge = new RegExp(`^(?:WWW|Proxy)-Authenticate: .*"${again.credentials.get('nonce')}".*$`, 'm');
          assert.match(challenge.exec(log)?.[0] ?? '', /stale=true/);
        }
      }
      assert.equal(await brief.count('wrong_password'), 0);
      assert.ok((await brief.count('stale')) >= all.length);
    });

    it('removes its contacts when it ends, with the nonce that it has and with a new one', async () => {
      for (const phone of phones) {
        assert.doesNotMatch(phone.output, /Password for/);
        assert.equal(await phone.quit(), true);
      }
      for (const server of [lasting, brief]) assert.equal((await server.bindings()).size, 0);
    });
  });

  describe('baresip and Twinkle', { skip: peer('baresip').skip || peer('twinkle-console').skip }, () => {
    let server: PhoneServer;
    before(async () => {
      server = await PhoneServer.open({ maxExpires: GRANTED });
    });
    after(() => server?.stop());

    it('have no use for a nonce once more: they are asked each time', async () => {
      const lines = server
        .accounts('baresip', ['auth'])
        .map(
          ({ user, password, port }) =>
            `<sip:${user}@127.0.0.1:${port};transport=udp>;auth_user=${user};auth_pass=${password};regint=60`,
        );
      const baresip = await Baresip.start(lines.join('\n'));
      const twinkle = await Twinkle.start(server.accounts('twinkle', ['auth']));
      const all = ['baresip', 'twinkle'].flatMap((client) => server.accounts(client, ['auth'])).map(({ user }) => user);
      await server.until('all came again', () => all.every((user) => server.attempts(user).length >= 4));
      for (const user of all) assert.deepEqual(codes(server.attempts(user)).slice(0, 4), [-5, 1, -5, 1]);
      const bound = await server.bindings();
      for (const user of all) assert.equal(bound.get(user)?.length, 1, user);
      await baresip.stop();
      await twinkle.quit();
      assert.equal((await server.bindings()).size, 0);
      assert.equal(await server.count('wrong_password'), 0);
    });
  });
});
