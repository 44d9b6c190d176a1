/** docs/authentication.md: what it prints under "In five minutes" is typed as it stands, and phones try the server that it makes. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Client, credentialsFor, said } from '../scenario/guarded-server.ts';
import { ROOT, startProgram } from '../support/command.ts';
import { freePort } from '../support/ports.ts';
import { portBound, sleep } from '../support/servers.ts';
import { Dialog, requestText, SDP } from '../support/sip-dialog.ts';

const PAGE = readFileSync(join(ROOT, 'docs/authentication.md'), 'utf8');
const SECTION = /^## In five minutes\n([\s\S]*?)^## /m.exec(PAGE)?.[1] ?? '';
/** Its fenced blocks, with their languages. */
const BLOCKS = [...SECTION.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, kind = '', text = '']) => ({
  kind,
  text,
}));
const DOMAIN = 'example.com';

it('docs/authentication.md: the program in TypeScript is that of the example', () => {
  const program = readFileSync(join(ROOT, 'examples/shared-nonces/server.ts'), 'utf8');
  const [, shown = ''] = /^```ts\n([\s\S]*?)^```$/m.exec(PAGE) ?? [];
  assert.ok(shown.includes('useStore') && program.endsWith(shown), shown);
});

describe('docs/authentication.md in five minutes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-five-'));
  const state = join(folder, 'state');
  let port = 0;
  let server: ReturnType<typeof startProgram>;
  let alice: Client;
  let caller: Client;

  /** Types commands of the page; the package's folder of programs is on the path, the page's folder of data is one of ours. */
  function typed(text: string): ReturnType<typeof startProgram> {
    const commands = text.replaceAll('/var/lib/trunkline', state);
    return startProgram('sh', ['-e', '-c', commands], {
      cwd: folder,
      env: { PATH: `${join(folder, 'bin')}:${process.env.PATH}`, SECRET: 'secret', TRUNKLINE_DB_URL: undefined },
    });
  }

  before(async () => {
    mkdirSync(join(folder, 'bin'));
    const program = join(folder, 'bin/trunkline');
    writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, 'test/support/trunkline.ts')}" "$@"\n`);
    chmodSync(program, 0o755);
    assert.deepEqual(
      BLOCKS.map(({ kind }) => kind),
      ['sh', 'cfg', 'sh'],
    );
    const [users, configuration, run] = BLOCKS.map(({ text }) => text) as [string, string, string];
    const made = await typed(users).finished();
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stdout, /alice/);
    writeFileSync(join(folder, 'kamailio.cfg'), configuration.replaceAll('/var/lib/trunkline', state));
    port = await freePort();
    // The shell gives way to the last command, so that it is the server that is ended.
    const last = run.replace(
      /^trunkline -f \S+$/m,
      (line) => `exec ${line} -DD -E -l udp:127.0.0.1:${port} -Y "${state}"`,
    );
    assert.notEqual(last, run);
    server = typed(last);
    for (let tries = 0; !portBound('udp', port); tries++) {
      assert.ok(tries < 800 && server.process.exitCode === null, server.stdout + server.stderr);
      await sleep(25);
    }
    alice = await Client.open({ port });
    caller = await Client.open({ port });
  });

  after(async () => {
    await alice?.close();
    await caller?.close();
    server?.process.kill('SIGTERM');
    await server?.finished();
    rmSync(folder, { recursive: true, force: true });
  });

  it('names nothing that is left to the reader', () => {
    for (const { text } of BLOCKS) assert.ok(!text.includes('...'), text);
  });

  it('a phone registers with its password, not with another one, nor as somebody else', async () => {
    const options = { domain: DOMAIN };
    const challenge = async (): Promise<string> => (await alice.ask('REGISTER', options)).header('WWW-Authenticate');
    const register = async (edits: Parameters<typeof credentialsFor>[2], user = 'alice'): Promise<string> =>
      said(await alice.send('REGISTER', credentialsFor(await challenge(), 'REGISTER', edits), { ...options, user }));
    assert.equal(await register({ password: 'guess' }), '401');
    assert.equal(await register({}, 'bob'), '401');
    assert.equal(await register({}), '200');
  });

  it('a call: asked for a password, rings the phone, without the password, ended by the called side', async () => {
    const at = { host: '127.0.0.1', port };
    const plan = {
      uri: `sip:alice@${DOMAIN}`,
      from: `<sip:alice@${DOMAIN}>;tag=a`,
      to: `<sip:alice@${DOMAIN}>`,
      callId: 'a-call',
      body: SDP,
    };
    await caller.peer.send(requestText(caller.peer, plan), at);
    const challenged = await caller.peer.expect(407);
    const credentials = credentialsFor(challenged.header('Proxy-Authenticate'), 'INVITE', { uri: plan.uri });
    const headers = [`Proxy-Authorization: ${credentials}`];
    await caller.peer.send(requestText(caller.peer, { ...plan, cseq: 2, headers }), at);
    const invite = await alice.peer.expect('INVITE');
    assert.equal(invite.header('Proxy-Authorization'), '');
    const contact = `Contact: <sip:alice@${alice.peer.address}>`;
    await alice.peer.reply(invite, 200, 'OK', {
      toTag: 'b',
      headers: [contact, 'Content-Type: application/sdp'],
      body: SDP,
    });
    const answered = await caller.peer.expect('200 INVITE');
    await Dialog.ofCaller(caller.peer, answered, at).send('ACK', { cseq: 2 });
    await alice.peer.expect('ACK');
    await Dialog.ofCallee(alice.peer, invite, 'b', at).send('BYE');
    await caller.peer.reply(await caller.peer.expect('BYE'), 200, 'OK');
    await alice.peer.expect('200 BYE');
  });

  it('a To tag and a Route that are made up lead nowhere', async () => {
    const text = requestText(caller.peer, {
      uri: `sip:alice@${alice.peer.address}`,
      to: `<sip:alice@${DOMAIN}>;tag=made-up`,
      callId: 'forged',
      headers: [`Route: <sip:127.0.0.1:${port};lr>`],
    });
    await caller.peer.send(text, { host: '127.0.0.1', port });
    assert.equal((await caller.peer.expect((m) => m.callId === 'forged' && m.status >= 200)).status, 481);
  });
});
