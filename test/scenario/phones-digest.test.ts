/** Phones that others wrote are challenged in every way: who answers passes and is bound, who cannot is refused, and that is all. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ROOT } from '../support/command.ts';
import { type PeerName, peer } from '../support/peers.ts';
import type { PhoneAccount } from '../support/phone-program.ts';
import { Baresip } from '../support/sip-baresip.ts';
import { Linphone } from '../support/sip-linphone.ts';
import { sipsakRegister } from '../support/sip-sipsak.ts';
import { Twinkle } from '../support/sip-twinkle.ts';
import { startSipp } from '../support/sipp.ts';
import { type Attempt, HOPS, PhoneServer } from './phones.ts';
import {
  ANSWERS,
  type Answer,
  type ChallengeName,
  type Client,
  isRefusal,
  matrixTable,
  NAMES,
  UNASKED,
} from './phones-matrix.ts';

let registrar: PhoneServer;
before(async () => {
  registrar = await PhoneServer.open();
});
after(() => registrar?.stop());

/** A phone that has all of its accounts. */
interface Phone {
  /** Whether it has seen what the server said to so many accounts. */
  readonly knows?: (registered: number) => boolean | Promise<boolean>;
  /** Ends it; without it, it has ended. */
  readonly quit?: () => Promise<unknown>;
}

/** How each client is set going with its accounts. Those that end by themselves have ended when this is done. */
const START: Readonly<Record<Client, (accounts: readonly PhoneAccount[]) => Promise<Phone>>> = {
  baresip: async (accounts) => {
    const lines = accounts.map(
      ({ user, password, port }) =>
        `<sip:${user}@127.0.0.1:${port};transport=udp>;auth_user=${user};auth_pass=${password};regint=60`,
    );
    const phone = await Baresip.start(lines.join('\n'));
    return {
      knows: (registered) => phone.log.split('[1 binding]').length > registered,
      quit: () => phone.stop(),
    };
  },
  linphone: async (accounts) => {
    const phone = await Linphone.start({ program: 'linphone-daemon', accounts });
    return {
      knows: async (registered) => (await phone.registered()) === registered,
      quit: () => phone.quit(),
    };
  },
  twinkle: async (accounts) => {
    const phone = await Twinkle.start(accounts);
    return {
      knows: (registered) => phone.output.split('registration succeeded').length > registered,
      quit: () => phone.quit(),
    };
  },
  sipp: async (accounts) => {
    // It ends at an algorithm that it does not know, whatever else it has to do: those have a process each.
    const able = accounts.filter(({ user }) => !isRefusal(answerOf('sipp', user)));
    await runSipp(able);
    for (const account of accounts) if (!able.includes(account)) await runSipp([account]);
    return {};
  },
  sipsak: async (accounts) => {
    for (const account of accounts) {
      const { code, stdout } = await sipsakRegister(account);
      assert.equal(code === 0, !isRefusal(answerOf('sipsak', account.user)), `${account.user}: ${stdout}`);
    }
    return {};
  },
};

const PROGRAM: Readonly<Record<Client, PeerName>> = {
  baresip: 'baresip',
  linphone: 'linphone-daemon',
  twinkle: 'twinkle-console',
  sipp: 'sipp',
  sipsak: 'sipsak',
};

async function runSipp(accounts: readonly PhoneAccount[]): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'trunkline-users-'));
  const list = join(directory, 'users.csv');
  const lines = accounts.map(
    ({ user, password }) => `${user};[authentication username=${user} password=${password}]\n`,
  );
  writeFileSync(list, `SEQUENTIAL\n${lines.join('')}`);
  const run = await startSipp({
    scenario: 'phone-digest.xml',
    remotePort: registrar.port,
    calls: accounts.length,
    rate: 50,
    args: ['-inf', list],
  });
  const { successful, errors } = await run.done;
  rmSync(directory, { recursive: true, force: true });
  const expected = accounts.filter(({ user }) => !isRefusal(answerOf('sipp', user))).length;
  assert.equal(successful, expected, errors);
}

function answerOf(client: Client, user: string): Answer {
  return ANSWERS[user.slice(user.lastIndexOf('-') + 1) as ChallengeName][client];
}

/** Algorithm and qop of credentials, as the table writes them. */
function kindOf({ credentials }: Attempt): string {
  return `${credentials.get('algorithm') ?? 'MD5'} ${credentials.get('qop') ?? ''}`.trim();
}

/** Whether everything that the account will do by itself has been done. */
function isSettled(answer: Answer, attempts: readonly Attempt[], bound: boolean): boolean {
  if (!isRefusal(answer)) return bound;
  return attempts.length > (answer === 'nothing' ? 0 : 1);
}

/** Credentials of those who are refused: what they are, whether the password made them, what came of them. */
const STORIES: Readonly<Partial<Record<Answer, readonly (readonly unknown[])[]>>> = {
  nothing: [],
  wrong: [['MD5-sess auth', false, -2]],
  [UNASKED]: [['MD5 auth', true, -1]],
};

function check(answer: Answer, attempts: readonly Attempt[], bound: boolean): void {
  const [first] = attempts;
  assert.deepEqual([first?.code, first?.credentials.size], [-5, 0], 'the first REGISTER has no credentials');
  const answered = attempts.filter(({ credentials }) => credentials.size > 0);
  assert.equal(bound, !isRefusal(answer));
  // baresip tries fifteen times, all alike.
  const story = answered
    .map((attempt) => [kindOf(attempt), attempt.right, attempt.code])
    .filter((one, at, all) => `${one}` !== `${all[at - 1]}`);
  assert.deepEqual(story, STORIES[answer] ?? [[answer, true, 1]]);
}

for (const client of ['baresip', 'linphone', 'twinkle', 'sipp', 'sipsak'] as const) {
  describe(client, { skip: peer(PROGRAM[client]).skip }, () => {
    const attempts = new Map<string, readonly Attempt[]>();
    let bound: ReadonlyMap<string, readonly string[]> = new Map();
    let left: readonly string[] = [];

    before(async () => {
      const accounts = registrar.accounts(client, NAMES);
      const { knows, quit } = await START[client](accounts);
      await registrar.until(`${client} has tried everything`, async () => {
        bound = await registrar.bindings();
        return accounts.every(({ user }) =>
          isSettled(answerOf(client, user), registrar.attempts(user), bound.has(user)),
        );
      });
      const able = accounts.filter(({ user }) => !isRefusal(answerOf(client, user)));
      await registrar.until(`${client} knows`, () => knows?.(able.length) ?? true);
      for (const { user } of accounts) attempts.set(user, registrar.attempts(user));
      if (quit === undefined) return;
      await quit();
      left = [...(await registrar.bindings()).keys()].filter((user) => user.startsWith(client));
    });

    for (const hop of HOPS) {
      for (const name of NAMES) {
        it(`${hop} ${name}: ${ANSWERS[name][client]}`, () => {
          const user = `${client}-${hop}-${name}`;
          const contacts = bound.get(user) ?? [];
          check(ANSWERS[name][client], attempts.get(user) ?? [], contacts.length === 1);
          for (const contact of contacts) assert.match(contact, new RegExp(`^sip:${user}\\b`));
        });
      }
    }

    it('leaves nothing when it ends', () => {
      // Without a qop an answer is good for one request: the next is asked again, and linphone does not always wait for that when it ends.
      const excused = (user: string): boolean => client === 'linphone' && user.endsWith('-plain');
      assert.deepEqual(
        left.filter((user) => !excused(user)),
        [],
      );
    });

    if (client === 'sipp') {
      it('calls with the same answers, a body hashed by auth-int among them', () => {
        for (const { user } of registrar.accounts(client, NAMES)) {
          const calls = registrar.attempts(user, 'INVITE');
          const answer = answerOf(client, user);
          const expected = isRefusal(answer) ? [] : [[-5], [1, answer]];
          assert.deepEqual(
            calls.map((call) => (call.credentials.size === 0 ? [call.code] : [call.code, kindOf(call)])),
            expected,
            user,
          );
        }
      });
    }
  });
}

it('no wrong credentials were counted but those of SIPp for MD5-sess', async () => {
  assert.equal(await registrar.count('wrong_password'), peer('sipp').skip === false ? HOPS.length : 0);
});

it('docs/authentication.md has what was measured', () => {
  const page = readFileSync(join(ROOT, 'docs/authentication.md'), 'utf8');
  assert.ok(page.includes(matrixTable()), matrixTable());
});
