/** A real Kamailio as the registrar: its auth module checks the credentials and nonce counts, its usrloc shows what is bound. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { peer } from '../support/peers.ts';
import { accountRow, EngineBench } from '../support/registration.ts';
import { startServer, type TestServer } from '../support/servers.ts';
import { REGISTRAR_CFG } from './cfg-registrar.ts';

const run = promisify(execFile);

describe('Kamailio as the registrar', { skip: peer('kamailio').skip || peer('kamcmd').skip }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'trunkline-ctl-'));
  const control = join(directory, 'ctl');
  let registrar: TestServer;
  let bench: EngineBench;
  before(async () => {
    registrar = await startServer({ kind: 'kamailio', cfg: REGISTRAR_CFG, subst: { CTL_PATH: control } });
    bench = await EngineBench.open({ timerInterval: 1, userAgent: 'Trunkline test' });
  });
  after(async () => {
    await bench?.close();
    await registrar?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** What is bound, as kamcmd shows it: AoR → Contact. */
  const bindings = async (): Promise<ReadonlyMap<string, string>> => {
    const { stdout } = await run(peer('kamcmd').path, ['-s', `unix:${control}`, 'ul.dump']);
    const found = new Map<string, string>();
    for (const [, aor = '', contact = ''] of stdout.matchAll(/AoR: (\S+)[\s\S]*?Address: (\S+)/g))
      found.set(aor, contact);
    return found;
  };

  it('registers, refreshes with the same nonce, unregisters', async () => {
    for (const uuid of ['trunk1', 'trunk2', 'trunk3'])
      bench.engine.add(accountRow(uuid, `sip:127.0.0.1:${registrar.port}`, { expires: uuid === 'trunk1' ? 2 : 600 }));
    await bench.holds(
      () => bench.engine.online === 3,
      5_000,
      () => `${bench.story('trunk1')}\n${registrar.tail()}`,
    );
    assert.deepEqual(
      [...(await bindings())].sort(),
      [1, 2, 3].map((n) => [`trunk${n}`, `sip:trunk${n}@127.0.0.1:${bench.port}`]),
    );
    await registrar.logged(/(@@let in trunk1[\s\S]*){4}/);
    assert.equal(registrar.marked().filter((line) => line.startsWith('challenged trunk1')).length, 1);
    bench.engine.unregister('trunk2');
    await bench.until('trunk2', 'unregistered');
    assert.deepEqual([...(await bindings()).keys()].sort(), ['trunk1', 'trunk3']);
    await bench.engine.stop(true, 2_000);
    assert.equal((await bindings()).size, 0);
  });

  it('what it refuses is told', async () => {
    const refused = await EngineBench.open();
    refused.engine.add(accountRow('other', `sip:127.0.0.1:${registrar.port}`, { authUser: 'trunk1' }));
    refused.engine.add(accountRow('guess', `sip:127.0.0.1:${registrar.port}`, { authPassword: 'guess' }));
    await refused.until('other', 'rejected');
    await refused.until('guess', 'rejected');
    assert.equal(refused.engine.find('l_uuid', 'other')?.lastCode, 403);
    assert.equal(refused.engine.find('l_uuid', 'guess')?.lastCode, 401);
    await refused.close();
  });
});
