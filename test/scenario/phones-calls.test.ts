/** Phones that others wrote call each other by way of Trunkline, challenged in every way that they can answer; over UDP, TCP and TLS. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { peer } from '../support/peers.ts';
import type { PhoneAccount } from '../support/phone-program.ts';
import { freePort } from '../support/ports.ts';
import { Baresip } from '../support/sip-baresip.ts';
import { Linphone } from '../support/sip-linphone.ts';
import { Twinkle } from '../support/sip-twinkle.ts';
import { makeCertificates } from '../transport/certificates.ts';
import { accountOf, PhoneServer } from './phones.ts';
import { ANSWERS, type Client, isRefusal, NAMES } from './phones-matrix.ts';

/** A phone that calls and is called. */
interface Talker {
  readonly accounts: readonly PhoneAccount[];
  /** @param to URI */
  call(from: PhoneAccount, to: string): void;
  /** Ends the call that the account has. */
  hangup(account: PhoneAccount): void;
  /** How many calls it has begun to talk in, and how many of them have ended. */
  count(): { readonly begun: number; readonly ended: number };
  quit(): Promise<unknown>;
}

const times = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

const uri = ({ user, port, transport }: PhoneAccount, by = transport): string =>
  `sip:${user}@127.0.0.1:${port}${by === undefined ? '' : `;transport=${by}`}`;

async function baresip(accounts: readonly PhoneAccount[]): Promise<Talker> {
  const lines = accounts.map(
    ({ user, password, port, transport = 'udp' }) =>
      `<sip:${user}@127.0.0.1:${port};transport=${transport}>;auth_user=${user};auth_pass=${password};regint=60;answermode=auto`,
  );
  const phone = await Baresip.start(lines.join('\n'));
  const seen = (type: string): number => phone.events.filter((event) => event.type === type).length;
  // What it is told is for the account that it was told of last.
  const use = ({ user, port }: PhoneAccount): void => phone.command('uafind', `sip:${user}@127.0.0.1:${port}`);
  return {
    accounts,
    call: (from, to) => {
      use(from);
      phone.command('dial', to);
    },
    hangup: (account) => {
      use(account);
      phone.command('hangup');
    },
    count: () => ({ begun: seen('CALL_ESTABLISHED'), ended: seen('CALL_CLOSED') }),
    quit: () => phone.stop(),
  };
}

async function linphone(accounts: readonly PhoneAccount[]): Promise<Talker> {
  const phone = await Linphone.start({ program: 'linphonec', accounts });
  phone.command('soundcard use files');
  return {
    accounts,
    call: (from, to) => {
      phone.command(`proxy use ${accounts.indexOf(from)}`);
      phone.command(`call ${to}`);
    },
    hangup: () => phone.command('terminate'),
    count: () => ({
      begun: times(phone.output, /^Media streams established/gm),
      ended: times(phone.output, /^Call \d+ with .* ended/gm),
    }),
    quit: () => phone.quit(),
  };
}

async function twinkle(accounts: readonly PhoneAccount[]): Promise<Talker> {
  const phone = await Twinkle.start(accounts);
  return {
    accounts,
    call: (from, to) => {
      phone.command(`user ${from.user}`);
      phone.command(`call ${to}`);
    },
    hangup: () => phone.command('bye'),
    count: () => ({
      begun: times(phone.output, /far end answered call/g),
      ended: times(phone.output, /call ended|ended call/g),
    }),
    quit: () => phone.quit(),
  };
}

/** One call, ended by the side that is named. */
async function talk(
  registrar: PhoneServer,
  caller: Talker,
  from: PhoneAccount,
  callee: Talker,
  to: PhoneAccount,
  ends: 'caller' | 'callee',
): Promise<void> {
  const byes = registrar.byes.length;
  const before = [caller, callee].map((side) => side.count());
  const sides = (what: 'begun' | 'ended'): boolean =>
    [caller, callee].every((side, at) => side.count()[what] > (before[at]?.[what] ?? 0));
  // The caller's own transport and port: it reaches the server as its account does.
  caller.call(from, uri({ ...to, port: from.port, transport: from.transport ?? 'udp' }, from.transport));
  await registrar.until(`${from.user} talks with ${to.user}`, () => sides('begun'));
  if (ends === 'caller') caller.hangup(from);
  else callee.hangup(to);
  await registrar.until(`${from.user} and ${to.user} have ended`, () => sides('ended'));
  const pair = ends === 'caller' ? `${from.user} ${to.user}` : `${to.user} ${from.user}`;
  assert.ok(registrar.byes.slice(byes).includes(pair), `${pair} is none of ${registrar.byes}`);
}

/** Codes of the requests with which an account called, and what the last answered with. */
function told(registrar: PhoneServer, { user }: PhoneAccount): unknown[] {
  const calls = registrar.attempts(user, 'INVITE');
  const last = calls.at(-1)?.credentials;
  const kind = `${last?.get('algorithm') ?? 'MD5'} ${last?.get('qop') ?? ''}`.trim();
  return [...calls.map(({ code }) => code), kind];
}

const PHONES = { baresip, linphone, twinkle } as const;
const PROGRAMS = { baresip: 'baresip', linphone: 'linphonec', twinkle: 'twinkle-console' } as const;

/** Challenges that a phone can answer. */
const able = (client: Client) => NAMES.filter((name) => !isRefusal(ANSWERS[name][client]));

for (const [one, other] of [
  ['linphone', 'baresip'],
  ['baresip', 'linphone'],
  ['twinkle', 'baresip'],
] as const) {
  const skip = peer(PROGRAMS[one]).skip || peer(PROGRAMS[other]).skip;
  describe(`${one} calls ${other}`, { skip }, () => {
    let registrar: PhoneServer;
    let caller: Talker;
    let callee: Talker;
    before(async () => {
      registrar = await PhoneServer.open();
      caller = await PHONES[one](registrar.accounts(one, able(one)));
      callee = await PHONES[other](registrar.accounts(other, able(other)));
      const all = caller.accounts.length + callee.accounts.length;
      await registrar.until('all are registered', async () => (await registrar.bindings()).size === all);
    });
    after(async () => {
      await caller?.quit();
      await callee?.quit();
      await registrar?.stop();
    });

    for (const name of able(one)) {
      for (const hop of ['www', 'proxy'] as const) {
        // Twinkle comes to a standstill when it calls right after the other side has hung up.
        const ends = hop === 'www' || one === 'twinkle' ? 'caller' : 'callee';
        it(`${hop} ${name}: ${ANSWERS[name][one]}; the ${ends} hangs up`, async () => {
          const from = caller.accounts.find(({ user }) => user === `${one}-${hop}-${name}`);
          const to = callee.accounts[NAMES.indexOf(name) % callee.accounts.length];
          assert.ok(from !== undefined && to !== undefined);
          await talk(registrar, caller, from, callee, to, ends);
          assert.deepEqual(told(registrar, from), [-5, 1, ANSWERS[name][one]]);
        });
      }
    }

    it('no wrong credentials were counted', async () => {
      assert.equal(await registrar.count('wrong_password'), 0);
    });
  });
}

const certificates = makeCertificates();
const noTls = certificates === null ? 'openssl is not installed (Debian package openssl)' : false;

describe('over TCP and TLS', { skip: peer('baresip').skip || peer('linphonec').skip || noTls }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'trunkline-phones-tls-'));
  let registrar: PhoneServer;
  const phones = new Map<'baresip' | 'linphone', Talker>();
  before(async () => {
    const [certificate, key] = [join(directory, 'server.crt'), join(directory, 'server.key')];
    writeFileSync(certificate, certificates?.server.certificate ?? '');
    writeFileSync(key, certificates?.server.privateKey ?? '');
    const tlsPort = await freePort();
    registrar = await PhoneServer.open({
      plan: {
        listen: ['udp:127.0.0.1:PORT', 'tcp:127.0.0.1:PORT', `tls:127.0.0.1:${tlsPort}`],
        defines: ['WITH_TLS'],
        subst: { CERTIFICATE: certificate, PRIVATE_KEY: key },
      },
    });
    for (const client of ['baresip', 'linphone'] as const) {
      const accounts: readonly PhoneAccount[] = [
        { ...accountOf(registrar.port, client, 'www', 'auth'), transport: 'tcp' },
        { ...accountOf(tlsPort, client, 'proxy', 'auth'), transport: 'tls' },
      ];
      phones.set(client, await PHONES[client](accounts));
    }
    await registrar.until('all are registered', async () => (await registrar.bindings()).size === 4);
  });
  after(async () => {
    for (const phone of phones.values()) await phone.quit();
    await registrar?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('they register by the transport that they are told', async () => {
    const bound = await registrar.bindings();
    for (const { accounts } of phones.values()) {
      for (const { user, transport } of accounts) {
        const attempts = registrar.attempts(user);
        assert.deepEqual(
          attempts.map(({ proto, code }) => [proto, code]),
          [
            [transport, -5],
            [transport, 1],
          ],
        );
        assert.match(bound.get(user)?.[0] ?? '', new RegExp(`;transport=${transport}$`));
      }
    }
  });

  for (const [one, other] of [
    ['linphone', 'baresip'],
    ['baresip', 'linphone'],
  ] as const) {
    for (const [from, to] of [
      [0, 1],
      [1, 0],
      [1, 1],
    ] as const) {
      const names = ['TCP', 'TLS'];
      it(`${one} by ${names[from]} calls ${other} by ${names[to]}`, async () => {
        const [caller, callee] = [phones.get(one), phones.get(other)];
        const account = caller?.accounts[from];
        const target = callee?.accounts[to];
        assert.ok(caller !== undefined && callee !== undefined && account !== undefined && target !== undefined);
        await talk(registrar, caller, account, callee, target, from === 0 ? 'caller' : 'callee');
      });
    }
  }

  it('nothing is left when they end', async () => {
    for (const [client, phone] of phones) {
      phones.delete(client);
      await phone.quit();
    }
    assert.equal((await registrar.bindings()).size, 0);
    assert.equal(await registrar.count('wrong_password'), 0);
  });
});
