/**
 * The whole story with programs that others wrote: a phone (baresip) registers here, we are registered at a carrier (Kamailio), the carrier's call
 * rings the phone, the phone calls out by way of the carrier. One configuration, examples/office, on Trunkline and on the original.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { ROOT } from '../support/command.ts';
import { kamailioWithSqlite, peer } from '../support/peers.ts';
import { freePort } from '../support/ports.ts';
import { sleep, startServer, type TestServer } from '../support/servers.ts';
import { Baresip } from '../support/sip-baresip.ts';
import { requestText } from '../support/sip-dialog.ts';
import { SipPeer } from '../support/sip-peer.ts';
import type { SipText } from '../support/sip-text.ts';
import { PROVIDER_CFG, PROVIDER_PASSWORD, PROVIDER_REALM } from './cfg-provider.ts';

const run = promisify(execFile);
const SCRIPTS = '/usr/share/kamailio/db_sqlite';
const NUMBER = '15551234';
const skip = peer('baresip').skip || kamailioWithSqlite() || peer('kamcmd').skip;

/** Waits until a question has the right answer. @throws the last complaint */
async function until(asked: () => Promise<void>, timeout: number): Promise<void> {
  const deadline = Date.now() + timeout;
  for (;;) {
    try {
      await asked();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(50);
    }
  }
}

const ofMethod =
  (method: string, status = 0) =>
  (message: SipText): boolean =>
    message.method === method && message.status === status;

for (const kind of ['trunkline', 'kamailio'] as const) {
  describe(`the whole story on ${kind}`, { skip }, () => {
    const directory = mkdtempSync(join(tmpdir(), 'trunkline-story-'));
    const controls = { office: join(directory, 'office.ctl'), carrier: join(directory, 'carrier.ctl') };
    let port = 0;
    let carrier: TestServer;
    let server: TestServer;
    let phone: Baresip;
    let far: Baresip;

    const kamcmd = async (where: keyof typeof controls, ...words: readonly string[]): Promise<string> =>
      (await run(peer('kamcmd').path, ['-s', `unix:${controls[where]}`, ...words], { timeout: 10_000 })).stdout;

    /** What kamcmd shows of bindings: address of record → Contact. */
    const bindings = async (where: keyof typeof controls): Promise<Readonly<Record<string, string>>> =>
      Object.fromEntries(
        [...(await kamcmd(where, 'ul.dump')).matchAll(/AoR: (\S+)[\s\S]*?Address: (\S+)/g)].map(
          ([, aor = '', contact = '']) => [aor, contact],
        ),
      );

    /** A number of a command's answer. */
    const figure = async (command: string, name: string): Promise<number> =>
      Number(new RegExp(`\\b${name}\\s*[:=]\\s*(-?\\d+)`).exec(await kamcmd('office', ...command.split(' ')))?.[1]);

    /** What the carrier was asked since a mark, without what differs from run to run; Kamailio's processes may overtake each other. */
    const carrierSaw = (from: number, method: string): string[] =>
      carrier
        .marked()
        .slice(from)
        .filter((line) => line.startsWith(`${method} `));

    before(async () => {
      carrier = await startServer({ kind: 'kamailio', cfg: PROVIDER_CFG, subst: { CTL_PATH: controls.carrier } });
      port = await freePort();
      const file = join(directory, 'office.db');
      const database = new DatabaseSync(file, { timeout: 5000 });
      for (const name of ['standard', 'auth_db', 'uac'])
        database.exec(readFileSync(join(SCRIPTS, `${name}-create.sql`), 'utf8'));
      database.exec("INSERT INTO subscriber (username, domain, password) VALUES ('alice', '127.0.0.1', 'a-phone')");
      const account = database.prepare(
        `INSERT INTO uacreg (l_uuid, l_username, l_domain, r_username, r_domain, realm, auth_username, auth_password, auth_proxy, expires)
         VALUES (?1, 'alice', '127.0.0.1', ?1, '${PROVIDER_REALM}', '${PROVIDER_REALM}', ?1, ?2, ?3, 600)`,
      );
      for (const uuid of ['trunk1', 'trunk2']) account.run(uuid, PROVIDER_PASSWORD, `sip:127.0.0.1:${carrier.port}`);
      // Kamailio 5.6 does not take this version of the table, whose accounts may have a Contact with a "line".
      if (kind === 'trunkline')
        database.exec(`ALTER TABLE uacreg ADD COLUMN contact_user VARCHAR(255) DEFAULT '' NOT NULL;
          UPDATE version SET table_version = 6 WHERE table_name = 'uacreg';
          UPDATE uacreg SET contact_user = '${NUMBER}00' WHERE l_uuid = 'trunk2'`);
      database.close();
      server = await startServer({
        kind,
        file: join(ROOT, 'examples/office/kamailio.cfg'),
        port,
        defines: [
          `DB_URL="sqlite:///${file}"`,
          `CONTROL="unix:${controls.office}"`,
          `REG_CONTACT="127.0.0.1:${port}"`,
          `LISTEN=udp:127.0.0.1:${port}`,
        ],
      });
      phone = await Baresip.start(
        `<sip:alice@127.0.0.1:${port};transport=udp>;auth_user=alice;auth_pass=a-phone;regint=60`,
      );
      far = await Baresip.start(
        `<sip:${NUMBER}@127.0.0.1:${carrier.port};transport=udp>;auth_user=${NUMBER};auth_pass=${PROVIDER_PASSWORD};regint=60;answermode=auto`,
      );
      await far.message('in', ofMethod('REGISTER', 200));
    });
    after(async () => {
      await phone?.stop();
      await far?.stop();
      await server?.stop();
      await carrier?.stop();
      rmSync(directory, { recursive: true, force: true });
    });

    it('the phone registers with its password', async () => {
      const challenged = await phone.message('in', ofMethod('REGISTER', 401));
      assert.match(challenged.header('WWW-Authenticate'), /^Digest realm="127\.0\.0\.1"/);
      const taken = await phone.message('in', ofMethod('REGISTER', 200));
      assert.match(taken.header('Contact'), new RegExp(`@127\\.0\\.0\\.1:${phone.port}>`));
      assert.match((await bindings('office')).alice ?? '', new RegExp(`^sip:alice-.*@127\\.0\\.0\\.1:${phone.port}$`));
    });

    it('the accounts are registered at the carrier', async () => {
      for (const uuid of ['trunk1', 'trunk2'])
        await until(async () => {
          const info = await kamcmd('office', 'uac.reg_info', 'l_uuid', uuid);
          assert.equal(Number(/flags: (\d+)/.exec(info)?.[1]) & 4, 4, `${info}\n${server.tail()}`);
          // Kamailio's answer has it.
          if (kind === 'trunkline') assert.doesNotMatch(info, new RegExp(PROVIDER_PASSWORD));
        }, 15_000);
      const found = await bindings('carrier');
      assert.equal(found.trunk1, `sip:trunk1@127.0.0.1:${port}`);
      const second = kind === 'trunkline' ? `${NUMBER}00@127.0.0.1:${port};line=trunk2` : `trunk2@127.0.0.1:${port}`;
      assert.equal(found.trunk2, `sip:${second}`);
      const asked = carrierSaw(0, 'REGISTER').filter((line) => line.includes('trunk1'));
      assert.deepEqual(
        asked.map((line) => line.replace(/ by .*/, '')),
        [
          `REGISTER sip:${PROVIDER_REALM} from sip:trunk1@${PROVIDER_REALM} to sip:trunk1@${PROVIDER_REALM} cseq 10 auth <null>`,
          `REGISTER sip:${PROVIDER_REALM} from sip:trunk1@${PROVIDER_REALM} to sip:trunk1@${PROVIDER_REALM} cseq 11 auth trunk1`,
        ],
      );
    });

    for (const uuid of ['trunk1', 'trunk2'])
      it(`the carrier's call to ${uuid} rings the phone, which answers; the caller hangs up`, async () => {
        far.command('dial', `sip:${uuid}@127.0.0.1:${carrier.port}`);
        await phone.event('CALL_INCOMING');
        const rang = phone.messages('in').filter(ofMethod('INVITE')).at(-1);
        assert.ok(rang);
        assert.match(rang.uri, new RegExp(`^sip:alice-.*@127\\.0\\.0\\.1:${phone.port}$`), 'what the phone registered');
        assert.equal(rang.uriOf('From').startsWith(`sip:${NUMBER}@`), true);
        assert.equal(rang.routes('Record-Route').length, 2, 'both servers stay in the call');
        assert.equal(rang.header('Proxy-Authorization'), '');
        const inCall =
          (method: string, status = 0) =>
          (m: SipText): boolean =>
            m.callId === rang.callId && ofMethod(method, status)(m);
        await far.message('in', inCall('INVITE', 180));
        phone.command('accept');
        await phone.event('CALL_ESTABLISHED');
        await far.event('CALL_ESTABLISHED');
        await phone.message('in', inCall('ACK'));
        assert.equal(await figure('dlg.stats_active', 'ongoing'), 1);
        far.command('hangup');
        await phone.message('in', inCall('BYE'));
        await far.message('in', inCall('BYE', 200));
        await phone.event('CALL_CLOSED');
        await far.event('CALL_CLOSED');
        phone.events.length = 0;
        far.events.length = 0;
      });

    it('the phone calls out: challenged by us, let in by the carrier as the account, held, resumed, hung up', async () => {
      const mark = carrier.marked().length;
      phone.command('dial', `sip:${NUMBER}@127.0.0.1:${port}`);
      await phone.event('CALL_ESTABLISHED');
      await far.event('CALL_ESTABLISHED');
      const invites = phone.messages('out').filter(ofMethod('INVITE'));
      const [first, second] = invites;
      assert.ok(first !== undefined && second !== undefined && invites.length === 2);
      const inCall =
        (method: string, status = 0) =>
        (m: SipText): boolean =>
          m.callId === first.callId && ofMethod(method, status)(m);
      assert.equal(first.header('Proxy-Authorization'), '');
      assert.match(second.header('Proxy-Authorization'), /username="alice", realm="127\.0\.0\.1"/);
      const challenges = phone.messages('in').filter(inCall('INVITE', 407));
      assert.equal(challenges.length, 1, 'ours; the carrier’s stays with us');
      assert.match(challenges[0]?.header('Proxy-Authenticate') ?? '', /realm="127\.0\.0\.1"/);

      // Who the carrier and the called side believe to talk to, and what the phone sees of it.
      const asked = carrierSaw(mark, 'INVITE');
      const sent = second.cseq.seq;
      const retried = kind === 'trunkline' ? sent + 1 : sent;
      const line = (cseq: number, user: string): string =>
        `INVITE sip:${NUMBER}@${PROVIDER_REALM} from sip:trunk1@${PROVIDER_REALM} to ${second.uriOf('To')} cseq ${cseq} auth ${user}`;
      assert.deepEqual(
        asked.map((text) => text.replace(/ by .*/, '')),
        [line(sent, '<null>'), line(retried, 'trunk1')],
      );
      const rang = await far.message('in', inCall('INVITE'));
      assert.equal(rang.uriOf('From'), `sip:trunk1@${PROVIDER_REALM}`);
      assert.equal(rang.cseq.seq, retried);
      assert.equal(rang.header('Proxy-Authorization'), '');
      const answered = await phone.message('in', inCall('INVITE', 200));
      assert.equal(answered.header('From'), second.header('From'), 'the phone’s own text comes back');
      assert.equal(answered.header('CSeq'), second.header('CSeq'));
      assert.equal((await far.message('in', inCall('ACK'))).cseq.seq, retried);

      // Each re-INVITE is challenged by the carrier and answered by us.
      for (const [command, direction] of [
        ['hold', 'sendonly'],
        ['resume', 'sendrecv'],
      ] as const) {
        const before = carrier.marked().length;
        const acknowledged = far.messages('in').filter(inCall('ACK')).length;
        phone.command(command);
        const turned = (m: SipText): boolean =>
          inCall('INVITE')(m) && m.tag('To') !== '' && m.body.includes(`a=${direction}`);
        const asked = await phone.message('out', turned);
        const heard = await far.message('in', turned);
        await phone.message('in', (m) => inCall('INVITE', 200)(m) && m.header('CSeq') === asked.header('CSeq'));
        await until(async () => {
          assert.equal(far.messages('in').filter(inCall('ACK')).length, acknowledged + 1, command);
        }, 5_000);
        const users = carrierSaw(before, 'INVITE').map((text) => / from (\S+) .* auth (\S+)/.exec(text)?.slice(1));
        assert.deepEqual(users, [
          [`sip:trunk1@${PROVIDER_REALM}`, '<null>'],
          [`sip:trunk1@${PROVIDER_REALM}`, 'trunk1'],
        ]);
        assert.equal(heard.uriOf('From'), `sip:trunk1@${PROVIDER_REALM}`);
        assert.equal(
          phone.messages('in').filter((m) => inCall('INVITE', 407)(m) && m.cseq.seq === asked.cseq.seq).length,
          0,
        );
      }

      phone.command('hangup');
      const bye = await far.message('in', inCall('BYE'));
      assert.equal(bye.uriOf('From'), `sip:trunk1@${PROVIDER_REALM}`);
      await phone.message('in', inCall('BYE', 200));
      await far.event('CALL_CLOSED');
      const numbers = far
        .messages('in')
        .filter((m) => m.isRequest && m.callId === first.callId && m.method !== 'ACK')
        .map((m) => m.cseq.seq);
      assert.deepEqual(
        numbers,
        numbers.toSorted((a, b) => a - b),
        'CSeq only grows',
      );
      assert.doesNotMatch(phone.log, new RegExp(`trunk1@${PROVIDER_REALM}`), 'the phone never sees the account');
    });

    it('a To tag and a Route that are made up do not lead to the carrier', async () => {
      const thief = await SipPeer.open({ name: 'thief' });
      try {
        const text = requestText(thief, {
          uri: 'sip:00441234@127.0.0.1:9',
          to: '<sip:00441234@127.0.0.1>;tag=made-up',
          callId: 'forged',
          headers: [`Route: <sip:127.0.0.1:${server.port};lr>`],
        });
        await thief.send(text, { host: '127.0.0.1', port: server.port });
        assert.equal((await thief.expect((m) => m.callId === 'forged' && m.status >= 200)).status, 481);
      } finally {
        await thief.close();
      }
    });

    it('nothing is left, and everything was counted', async () => {
      assert.equal(await figure('dlg.stats_active', 'all'), 0);
      await until(async () => {
        assert.doesNotMatch(await kamcmd('office', 'dlg.list'), /call-id/);
        assert.equal(await figure('tm.stats', 'current'), 0);
      }, 45_000);
      const counted = async (name: string): Promise<number> => figure(`stats.get_statistics ${name}`, name);
      // Three calls, and the INVITE that was challenged here, which Kamailio's processes do not always count.
      assert.ok((await counted('processed_dialogs')) >= (kind === 'trunkline' ? 4 : 3));
      assert.equal(await counted('active_dialogs'), 0);
      assert.equal(await counted('failed_dialogs'), 0);
      assert.equal(await counted('accepted_regs'), 1);
      // To the phone: the challenges of its REGISTER and INVITE, and the answer to the REGISTER.
      for (const name of ['401_replies', '407_replies', '200_replies']) assert.ok((await counted(name)) >= 1, name);
      assert.equal(await counted('registered_users'), 1);
      assert.equal(Object.keys(await bindings('office')).length, 1);
      for (const uuid of ['trunk1', 'trunk2'])
        assert.equal((await figure(`uac.reg_info l_uuid ${uuid}`, 'flags')) & 4, 4, 'still registered');
      if (kind === 'trunkline') assert.doesNotMatch(server.log, /"level":"(?:ERROR|WARNING|CRITICAL)"/);
      assert.doesNotMatch(server.log, new RegExp(PROVIDER_PASSWORD), 'no password in the log');
    });
  });
}
