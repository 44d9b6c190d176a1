/** The same configuration on Kamailio and on Trunkline: the same SIP on both legs, header by header. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { peer } from '../support/peers.ts';
import { ALLOWED } from './allowed.ts';
import { CASES, PROFILES } from './cases.ts';
import { differences } from './compare.ts';
import { World } from './world.ts';

const { skip } = peer('kamailio');

for (const [name, profile] of Object.entries(PROFILES)) {
  const cases = CASES.filter((one) => (one.profile ?? 'auto') === name);
  describe(`same SIP as Kamailio, settings "${name}"`, { skip }, () => {
    let kamailio: World;
    let trunkline: World;
    before(async () => {
      kamailio = await World.start('kamailio', cases, profile);
      trunkline = await World.start('trunkline', cases, profile);
    });
    after(async () => {
      await Promise.all([kamailio?.stop(), trunkline?.stop()]);
    });
    for (const one of cases) {
      const allowed = ALLOWED[one.name];
      it(allowed === undefined ? one.name : `${one.name} (differs: ${allowed.reason})`, async () => {
        const [theirs, ours] = await Promise.all([kamailio.play(one), trunkline.play(one)]);
        assert.deepEqual(theirs.legs.problem ?? [], [], 'the row does not even play on Kamailio');
        assert.deepEqual(differences(theirs, ours), allowed?.lines ?? []);
      });
    }
  });
}

describe('table of calls', () => {
  it('names its rows once, and lists no difference for rows that are not there', () => {
    const names = CASES.map((one) => one.name);
    assert.equal(new Set(names).size, names.length);
    assert.deepEqual(
      Object.keys(ALLOWED).filter((name) => !names.includes(name)),
      [],
    );
  });
});
