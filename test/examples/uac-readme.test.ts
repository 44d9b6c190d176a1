/** Examples of the uac README that are no calls through a trunk: requests of our own, a callback, registrations. With real sockets. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { callRpc } from '../../src/rpc/binrpc/client.ts';
import { RpcStruct } from '../../src/rpc/value.ts';
import { row } from '../modules/registration-support.ts';
import { makeAccountTable } from '../support/account-table.ts';
import { ROOT } from '../support/command.ts';
import { peer } from '../support/peers.ts';
import { freePort } from '../support/ports.ts';
import { type ServerKind, type ServerPlan, startServer, type TestServer } from '../support/servers.ts';
import { requestText } from '../support/sip-dialog.ts';
import { type PeerMessage, SipPeer } from '../support/sip-peer.ts';

const example = (name: string): string => join(ROOT, 'examples/uac-readme', name);

/** A server on an example between two peers, all gone afterwards. */
async function on(
  plan: (peers: { near: SipPeer; far: SipPeer; port: number }) => ServerPlan,
  act: (world: { near: SipPeer; far: SipPeer; server: TestServer; ask: Ask }) => Promise<void>,
): Promise<void> {
  const near = await SipPeer.open({ name: 'near' });
  const far = await SipPeer.open({ name: 'far' });
  const port = await freePort();
  let server: TestServer | null = null;
  const ask: Ask = async (method, parts) => {
    await near.send(requestText(near, { method, uri: 'sip:x@127.0.0.1', ...parts }), { host: '127.0.0.1', port });
    return near.expect((message) => message.status >= 200);
  };
  try {
    server = await startServer({ port, ...plan({ near, far, port }) });
    await act({ near, far, server, ask });
  } finally {
    await near.close();
    await far.close();
    await server?.stop();
  }
}

type Ask = (method: string, parts?: Partial<Parameters<typeof requestText>[1]>) => Promise<PeerMessage>;

function requests(kind: ServerKind): void {
  const { skip } = kind === 'kamailio' ? peer('kamailio') : { skip: false };
  it(`uac_req_send.cfg, ${kind}: OPTIONS by the page's socket, its reply in the event route`, { skip }, () =>
    on(
      ({ far, port }) => ({
        kind,
        file: example('uac_req_send.cfg'),
        defines: ['HERE'],
        // The page's host, and its address of this machine.
        subst: { 'sip:kamailio.org': `sip:${far.address}`, '192.168.0.125:5060': `127.0.0.1:${port}` },
      }),
      async ({ far, server, ask }) => {
        for (const user of ['plain', 'watched']) {
          assert.equal((await ask('MESSAGE', { uri: `sip:${user}@127.0.0.1` })).status, 202);
          const options = await far.expect('OPTIONS');
          assert.equal(options.uri, `sip:${far.address}`);
          assert.ok(options.header('From').startsWith(`<sip:${far.address}>;tag=`));
          assert.equal(options.header('To'), `<sip:${far.address}>`);
          assert.match(options.header('Call-ID'), /^[0-9a-f]{32}$/);
          assert.equal(options.remote.port, server.port);
          await far.reply(options, 200, 'OK');
        }
        await server.logged(/received reply code is: 200/);
        assert.equal(server.log.match(/received reply code is/g)?.length, 1, 'the first asked for no event');
      },
    ),
  );
}

describe('examples of the uac README over real sockets', () => {
  requests('trunkline');
  requests('kamailio');

  it('event_callback.cfg: the function in TypeScript runs', () =>
    on(
      ({ far }) => ({
        kind: 'trunkline',
        file: example('event_callback.cfg'),
        defines: [`WATCHED="sip:${far.address}"`],
        args: ['-d', '-d'],
      }),
      async ({ far, server, ask }) => {
        assert.equal((await ask('OPTIONS')).status, 202);
        await far.reply(await far.expect((m) => m.isRequest && m.uri === `sip:${far.address}`), 200, 'OK');
        await server.logged(/===== uac module triggered event: uac:reply/);
      },
    ));

  it('registration.cfg: an account registers, calls go out and come in by it; the functions and commands', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'trunkline-readme-'));
    const control = { kind: 'unix', path: join(folder, 'kamailio_ctl') } as const;
    const rpc = async (command: string, ...words: string[]): Promise<unknown> => {
      const args = words.map((value) => ({ kind: 'string', value }) as const);
      return callRpc(control, command, args);
    };
    try {
      await on(
        ({ far, port }) => {
          makeAccountTable(join(folder, 'db'), [
            // The page's random delay is for those without one of their own.
            row('account123', { proxy: `sip:${far.address}`, localUser: 'desk', delay: 1 }),
          ]);
          return {
            kind: 'trunkline',
            file: example('registration.cfg'),
            subst: {
              'mysql://kamailio:kamailiorw@localhost/kamailio': `sqlite:///${join(folder, 'db')}`,
              '192.168.1.2:5080': `127.0.0.1:${port}`,
            },
            args: ['-Y', folder],
          };
        },
        async ({ near, far, server, ask }) => {
          const status = async (act = 'nobody'): Promise<number> => {
            const reply = await ask('OPTIONS', { uri: 'sip:account123@127.0.0.1', to: `<sip:${act}@127.0.0.1>` });
            return Number(reply.header('X-Status'));
          };
          far.on('REGISTER', (m) => {
            const contact = m.header('Contact').replace(/;expires=.*/, '');
            void far.reply(m, 200, 'OK', { headers: [`Contact: ${contact};expires=60`] });
          });
          const until = async (wanted: number): Promise<void> => {
            for (let tries = 0; (await status()) !== wanted; tries++) {
              assert.ok(tries < 80, `${await status()} and not ${wanted}\n${server.tail()}`);
              await new Promise((resolve) => setTimeout(resolve, 100));
            }
          };
          // reg_active is 0.
          assert.notEqual(await status(), 1);
          assert.equal(far.messages('in').length, 0);
          await callRpc(control, 'uac.reg_active', [{ kind: 'int', value: 1 }]);
          await until(1);

          // A phone registers, and is found by the account's local name.
          const phone = { from: '<sip:desk@127.0.0.1>;tag=1', to: '<sip:desk@127.0.0.1>' };
          assert.equal((await ask('REGISTER', { uri: 'sip:127.0.0.1', ...phone })).status, 200);
          await far.send(requestText(far, { uri: 'sip:account123@127.0.0.1' }), {
            host: '127.0.0.1',
            port: server.port,
          });
          const inward = await near.expect('INVITE');
          assert.equal(inward.uri, `sip:alice@${near.address}`);
          await near.reply(inward, 486, 'Busy Here');
          await server.logged(/request from a remote SIP provider \[sip:account123@127\.0\.0\.1 => sip:desk@l\.dom\]/);

          // The caller's account of the same name sends the call out, and answers its provider.
          const caller = { from: '<sip:account123@127.0.0.1>;tag=2', uri: 'sip:somebody@127.0.0.1' };
          const ended = ask('INVITE', caller);
          const first = await far.expect('INVITE');
          assert.equal(first.uri, 'sip:r-account123@r.dom');
          await far.reply(first, 401, 'Unauthorized', {
            headers: ['WWW-Authenticate: Digest realm="sip.test", nonce="n"'],
          });
          const second = await far.expect('INVITE');
          assert.match(second.header('Authorization'), /username="a-account123"/);
          await far.reply(second, 404, 'Not Found');
          assert.equal((await ended).status, 404);
          await server.logged(/Found remote user \[r-account123\] on \[r\.dom\] via \[sip:127/);

          await status('disable');
          await until(-3);
          await status('enable');
          await until(1);
          await status('refresh');
          await until(1);

          // The page's commands.
          const info = await rpc('uac.reg_info', 'l_uuid', 'account123');
          assert.ok(info instanceof RpcStruct);
          await rpc('uac.reg_dump');
          await rpc('uac.reg_disable', 'l_uuid', 'account123');
          await until(-3);
          await rpc('uac.reg_enable', 'l_uuid', 'account123');
          await until(1);
          await rpc('uac.reg_refresh', 'account123');
          await rpc('uac.reg_reload');
          await until(1);
          await rpc('uac.reg_unregister', 'l_uuid', 'account123');
          await rpc('uac.reg_remove', 'account123');
          await until(-1);
        },
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
