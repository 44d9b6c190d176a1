/** What restore_dlg keeps in a call, as kamcmd's dlg.list shows it at both servers, and what the call's messages say. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { peer } from '../support/peers.ts';
import { differences } from './compare.ts';
import { type DiffCase, type Outcome, type Profile, World } from './world.ts';

const kamcmd = peer('kamcmd');
const skip = peer('kamailio').skip || kamcmd.skip;

const PROFILE: Profile = {
  modparams: `loadmodule "dialog.so"
loadmodule "ctl.so"
modparam("ctl", "binrpc", "unix:CTL_NAME")
modparam("uac", "restore_dlg", 1)
`,
};

/** Who calls in a row; `call` is what its request route does to an INVITE. */
interface Row {
  readonly name: string;
  readonly call: string;
  readonly branch?: string;
  readonly from?: string;
  readonly to?: string;
  /** The display name is let alone. */
  readonly keepsName?: boolean;
}

const ROWS: readonly Row[] = [
  { name: 'from-uri', call: 'uac_replace_from("sip:batman@gotham.org");', keepsName: true },
  { name: 'from-display', call: 'uac_replace_from("\\"J\\"", "sip:joker@gotham.org");' },
  { name: 'from-no-display', call: 'uac_replace_from("", "sip:joker@gotham.org");' },
  { name: 'to-uri', call: 'uac_replace_to("sip:penguin@gotham.org");', keepsName: true },
  { name: 'to-display', call: 'uac_replace_to("P", "sip:penguin@gotham.org");' },
  {
    name: 'both',
    call: 'uac_replace_from("sip:batman@gotham.org"); uac_replace_to("sip:penguin@gotham.org");',
    keepsName: true,
  },
  {
    name: 'both-display',
    call: 'uac_replace_from("B", "sip:batman@gotham.org"); uac_replace_to("P", "sip:penguin@gotham.org");',
  },
  {
    name: 'bare',
    call: 'uac_replace_from("N", "sip:n@gotham.org");',
    from: 'sip:alice@atlanta.example.com;tag=alice1',
  },
  {
    name: 'no-name',
    call: 'uac_replace_from("N", "sip:n@gotham.org");',
    from: '<sip:alice@atlanta.example.com;x=y>;tag=alice1',
  },
  { name: 'in-branch', call: 't_on_branch("BRANCH");', branch: 'uac_replace_from("B", "sip:batman@gotham.org");' },
  { name: 'nothing', call: '' },
];

/** The variables of the call while it was up, one `name: value` each; by server and row. */
const kept = new Map<World, Map<string, string[]>>();

function listed(world: World): Promise<string> {
  return new Promise((resolve) => {
    const socket = `unix:${names.get(world)}`;
    execFile(kamcmd.path, ['-s', socket, 'dlg.list'], { timeout: 10_000 }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
}

const names = new Map<World, string>();

function diffCase({ name, call, branch, from, to }: Row): DiffCase {
  return {
    name,
    request: `
  if (is_method("CANCEL")) { t_relay(); exit; }
  if (has_totag()) { loose_route(); t_relay(); exit; }
  dlg_manage();
  record_route();
  ${call}
  $du = "sip:127.0.0.1:CALLEE_PORT";
  t_relay();`,
    ...(branch === undefined ? {} : { branch }),
    play: async (world) => {
      await world.send({ ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) });
      const invite = await world.expectCallee('INVITE');
      await world.callee.reply(invite, 200, 'OK', { headers: [world.contact] });
      const { caller, callee } = world.dialogs(invite, await world.expectCaller('200 INVITE'));
      await world.ack(caller);
      await world.ask(caller, 'INFO');
      const text = await listed(world);
      const mine = text.split(/\n(?=\{)/).find((one) => one.includes(`${name}@diff`)) ?? text;
      const variables = /variables: \{([\s\S]*)\}/.exec(mine)?.[1] ?? mine;
      const lines = variables.split('\n').map((line) => line.trim());
      kept.get(world)?.set(
        name,
        // One of ours tells a name that was let alone from one that was removed.
        lines.filter((line) => line.startsWith('_uac_') && !/^_uac_[ft]dpkeep: 1$/.test(line)),
      );
      await world.ask(callee, 'INFO');
      await world.ask(callee, 'BYE');
    },
  };
}

/** Without what differs by chance, and without the blank that Kamailio leaves where a display name was. */
function plain(outcome: Outcome): Outcome {
  const legs = Object.entries(outcome.legs).map(([leg, texts]): [string, string[]] => [
    leg,
    texts.map((text) => text.replace(/;did=[^;>]+/g, ';did=*').replace(/^(From|To): {2}</gm, '$1: <')),
  ]);
  return { ...outcome, legs: Object.fromEntries(legs) };
}

/**
 * Where messages differ on purpose. The called side's requests: their replies show it what it sent (Kamailio's do since 6.1). A display name
 * that was let alone stays for the whole call.
 */
function intended(line: string, { keepsName = false }: Row): boolean {
  if (/^callee \d SIP\/2\.0 200 OK: [-+] (From|To): /.test(line)) return true;
  return keepsName && /: (- (From|To): <|\+ (From|To): ("Alice A"|"Bob B") <)/.test(line);
}

describe('identities that a call keeps, as Kamailio keeps them', { skip }, () => {
  const cases = ROWS.map(diffCase);
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-dlg-'));
  let worlds: readonly World[] = [];
  before(async () => {
    const started: World[] = [];
    for (const kind of ['kamailio', 'trunkline'] as const) {
      const name = join(folder, kind);
      const profile = { ...PROFILE, modparams: PROFILE.modparams.replace('CTL_NAME', name) };
      const world = await World.start(kind, cases, profile);
      names.set(world, name);
      kept.set(world, new Map());
      started.push(world);
    }
    worlds = started;
  });
  after(async () => {
    for (const world of worlds) await world.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  for (const [i, one] of ROWS.entries()) {
    it(one.name, async () => {
      const outcomes: Outcome[] = await Promise.all(worlds.map((world) => world.play(cases[i]!)));
      const [theirs, ours] = outcomes as [Outcome, Outcome];
      assert.deepEqual(theirs.legs.problem ?? [], []);
      const [his, mine] = worlds.map((world) => kept.get(world)?.get(one.name));
      assert.deepEqual(mine, his);
      assert.deepEqual(
        differences(plain(theirs), plain(ours)).filter((line) => !intended(line, one)),
        [],
      );
    });
  }
});
