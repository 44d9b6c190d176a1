/** The blog's emergency configuration: a phone hears of the call. Here and on Kamailio, with a scripted phone and with a real one. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Running, start, startProgram } from '../support/command.ts';
import { peer } from '../support/peers.ts';
import { freePort } from '../support/ports.ts';
import { Baresip } from '../support/sip-baresip.ts';
import { requestText } from '../support/sip-dialog.ts';
import { SipPeer } from '../support/sip-peer.ts';

const HOST = '127.0.0.1';
const FILE = 'examples/emergency/kamailio.cfg';

function args(port: number, phone: string): string[] {
  return ['-f', FILE, '-DD', '-E', '-l', `udp:${HOST}:${port}`, '-A', `PHONE="${phone}"`];
}

/** Dials an emergency number through a server. */
async function dial(server: Running, port: number, act: () => Promise<void>): Promise<void> {
  const caller = await SipPeer.open({ name: 'caller' });
  try {
    await server.output(/listening on|udp: 127\.0\.0\.1:/i);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await caller.send(requestText(caller, { method: 'INVITE', uri: 'sip:000@example.com' }), { host: HOST, port });
    await caller.expect('200 INVITE');
    await act();
  } finally {
    await caller.close();
    server.process.kill('SIGTERM');
    await server.finished();
  }
}

async function scripted(launch: (port: number, phone: string) => Running, from: string): Promise<void> {
  const phone = await SipPeer.open({ name: 'phone' });
  const port = await freePort();
  const server = launch(port, `sip:${phone.address}`);
  try {
    await dial(server, port, async () => {
      const message = await phone.expect('MESSAGE');
      assert.equal(message.uri, `sip:${phone.address}`);
      assert.ok(message.header('From').startsWith(`<${from}>;tag=`), message.header('From'));
      assert.equal(message.header('To'), '<sip:thisphone>');
      assert.equal(message.header('Subject'), 'Emergency Alert');
      assert.equal(message.header('Content-Type'), 'text/plain');
      assert.match(message.header('Call-ID'), /^[0-9a-f]{32}$/);
      assert.match(message.body, /^Emergency call from \S+ on IP Address 127\.0\.0\.1 to 000 \(Emergency Number\)$/);
      assert.deepEqual(
        message.headers.map(({ name }) => name),
        [
          'Via',
          'To',
          'From',
          'CSeq',
          'Call-ID',
          'Max-Forwards',
          'Content-Length',
          'User-Agent',
          'Subject',
          'Content-Type',
        ],
      );
      await phone.reply(message, 200, 'OK');
      await server.output(/the phone answered 200/);
    });
  } finally {
    await phone.close();
  }
}

describe('the emergency example', () => {
  it('here: a phone gets the MESSAGE, its answer comes back', () =>
    // A blank cannot stand in a URI; what the page writes is escaped.
    scripted((port, phone) => start(args(port, phone)), 'sip:Emergency%20Alert'));

  const kamailio = peer('kamailio');
  it('on Kamailio: the same', { skip: kamailio.skip }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'trunkline-kamailio-'));
    try {
      const more = ['-Y', folder, '-w', folder, '-P', join(folder, 'pid'), '-m', '32', '-M', '4', '-n', '1'];
      await scripted(
        (port, phone) => startProgram(kamailio.path, [...args(port, phone), ...more]),
        'sip:Emergency Alert',
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  const baresip = peer('baresip');
  it('baresip shows the MESSAGE', { skip: baresip.skip }, async () => {
    const phone = await Baresip.start('<sip:thisphone@127.0.0.1;transport=udp>;regint=0');
    const port = await freePort();
    const server = start(args(port, `sip:thisphone@${HOST}:${phone.port}`));
    try {
      await dial(server, port, async () => {
        await server.output(/the phone answered 200/);
        for (let i = 0; i < 100 && !phone.log.includes('Emergency call from'); i++)
          await new Promise((resolve) => setTimeout(resolve, 20));
        assert.match(phone.log, /Emergency call from/);
      });
    } finally {
      await phone.stop();
    }
  });
});
