/** The example of a registrar WITH_AUTH: phones prove their passwords, and their calls go through to the end. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { Dialog, requestText, SDP } from '../support/sip-dialog.ts';
import { Client, credentialsFor, GuardedServer, said } from './guarded-server.ts';

const DOMAIN = '127.0.0.1';
const USERS = ['alice', 'bob'] as const;

let guarded: GuardedServer;
let alice: Client;
let bob: Client;

before(async () => {
  guarded = await GuardedServer.start(
    USERS.map((user) => ({ user, password: 'secret', realm: DOMAIN })),
    {
      file: join(import.meta.dirname, '../../examples/registrar/kamailio.cfg'),
      defines: ['WITH_AUTH'],
      subst: { '/var/lib/trunkline/registrar.db': 'USERS_DB' },
    },
  );
  alice = await Client.open(guarded, '127.0.0.1', 'alice');
  bob = await Client.open(guarded, '127.0.0.2', 'bob');
});
after(async () => {
  await alice?.close();
  await bob?.close();
  await guarded?.stop();
});

async function register(phone: Client, user: string, as = user): Promise<string> {
  const options = { user: as, domain: DOMAIN, uri: `sip:${DOMAIN}` };
  const challenge = (await phone.ask('REGISTER', options)).header('WWW-Authenticate');
  return said(await phone.send('REGISTER', credentialsFor(challenge, 'REGISTER', { user }), options));
}

it('who has a password registers, as nobody else', async () => {
  assert.equal(await register(alice, 'alice'), '200');
  assert.equal(await register(bob, 'bob'), '200');
  assert.equal(await register(bob, 'bob', 'alice'), '401');
  const { ok, identity } = await guarded.stats();
  assert.deepEqual([ok, identity], [2, 1]);
});

it('a call: asked for a password, without it at the called phone, ended by the called phone', async () => {
  const server = { host: DOMAIN, port: guarded.port };
  const plan = {
    uri: `sip:bob@${DOMAIN}:${guarded.port}`,
    from: `<sip:alice@${DOMAIN}>;tag=a`,
    to: `<sip:bob@${DOMAIN}>`,
    callId: 'a-call',
    body: SDP,
  };
  await alice.peer.send(requestText(alice.peer, plan), server);
  const challenged = await alice.peer.expect(407);
  const credentials = credentialsFor(challenged.header('Proxy-Authenticate'), 'INVITE', { uri: plan.uri });
  const headers = [`Proxy-Authorization: ${credentials}`];
  await alice.peer.send(requestText(alice.peer, { ...plan, cseq: 2, headers }), server);
  const invite = await bob.peer.expect('INVITE');
  assert.equal(invite.header('Proxy-Authorization'), '');
  const contact = `Contact: <sip:bob@${bob.peer.address}>`;
  await bob.peer.reply(invite, 200, 'OK', {
    toTag: 'b',
    headers: [contact, 'Content-Type: application/sdp'],
    body: SDP,
  });
  const answered = await alice.peer.expect('200 INVITE');
  await Dialog.ofCaller(alice.peer, answered, server).send('ACK', { cseq: 2 });
  await bob.peer.expect('ACK');
  await Dialog.ofCallee(bob.peer, invite, 'b', server).send('BYE');
  await alice.peer.reply(await alice.peer.expect('BYE'), 200, 'OK');
  await bob.peer.expect('200 BYE');
});
