/** User names of credentials and the variables that show them, on Kamailio and on Trunkline. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { peer } from '../support/peers.ts';
import { credentials, PASSWORD, REALM, Side } from './auth-side.ts';

const SKIP = peer('kamailio').skip;

const CFG = `#!KAMAILIO
debug=2
log_stderror=yes
fork=yes
children=1
auto_aliases=no
server_signature=no
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "auth.so"
request_route {
  $var(rc) = 0;
  if ($hdr(X-Do) == "www") { www_challenge("${REALM}", "0"); exit; }
  if ($hdr(X-Do) == "check") { pv_www_authenticate("${REALM}", "${PASSWORD}", "0"); $var(rc) = $rc; }
  sl_send_reply("200", "rc=$var(rc) au=$au aU=$aU ad=$ad ar=$ar Au=$Au AU=$AU adu=$adu");
}
`;

const NAMES = [
  'alice',
  '1:alice',
  'sip:alice@x',
  'alice@foo',
  'alice@',
  'alice@a:b',
  'a:b:c@d',
  'alice@b@c',
  '@x',
  ':',
];

/** Claimed, never proven. */
const CLAIMS = [
  'Digest username="alice"',
  'Digest realm="x"',
  'Digest username=""',
  'Digest,username="al@ice", realm="r", uri="sip:u"',
  'Digest username="alice", realm="',
  'Digest !username=bob, username=alice, realm=r',
  'Digest foo.username=bob, username=alice',
  'Digest x=y"username="bob", username=alice',
  'Digest',
  'Basic YTpi',
];

describe('user names of credentials', { skip: SKIP }, () => {
  let sides: readonly Side[] = [];
  before(async () => {
    sides = await Promise.all([Side.start('kamailio', CFG), Side.start('trunkline', CFG)]);
  });
  after(() => Promise.all(sides.map((side) => side.stop())));

  const shown = async (lines: (side: Side) => Promise<string>, action: string): Promise<readonly string[]> =>
    Promise.all(
      sides.map(
        async (side) => (await side.ask(action, [`Authorization: ${await lines(side)}`])).split('\r\n')[0] ?? '',
      ),
    );

  for (const user of NAMES) {
    test(`proven: "${user}"`, async () => {
      const [theirs, ours] = await shown(
        async (side) => credentials((await side.challenge()).nonce, { user }),
        'check',
      );
      assert.match(theirs ?? '', /^SIP\/2\.0 200 rc=1 /);
      assert.equal(ours, theirs);
    });
  }
  for (const value of CLAIMS) {
    test(`claimed: ${value}`, async () => {
      const [theirs, ours] = await shown(async () => value, 'none');
      assert.equal(ours, theirs);
    });
  }
});
