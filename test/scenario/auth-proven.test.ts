/** Whatever else stands in or beside the credentials that were proven, the script's variables name who was proven, and only that one. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { credentials, REALM, Side } from '../differential/auth-side.ts';

const CFG = `#!KAMAILIO
debug=2
log_stderror=yes
auto_aliases=no
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "auth.so"
request_route {
  if (!pv_www_authenticate("${REALM}", "secret", "0")) { www_challenge("${REALM}", "0"); exit; }
  sl_send_reply("200", "$au|$aU|$ad|$ar|$Au|$AU|$adu");
}
`;

const BOB = `username="bob", realm="${REALM}", nonce="x", uri="sip:x", response="0"`;

/** Each takes Alice's right answer, and gives the header lines that are sent. */
const HEADERS: readonly (readonly [name: string, write: (good: string) => readonly string[]])[] = [
  ['alone', (good) => [good]],
  ['with a comma after the scheme, before a header of Bob’s', (good) => [good.replace(' ', ','), `Digest ${BOB}`]],
  ['after a header of Bob’s for another realm', (good) => [`Digest ${BOB.replace(REALM, 'other')}`, good]],
  ['joined to Bob’s for another realm', (good) => [`Digest ${BOB.replace(REALM, 'other')}, ${good}`]],
  ['joined to Bob’s with an unknown algorithm', (good) => [`Digest ${BOB}, algorithm=FOO, ${good}`]],
  ['with a name that ends like username', (good) => [good.replace(' ', ' !username=bob, ')]],
  ['with a name that ends like username after a dot', (good) => [good.replace(' ', ' foo.username=bob, ')]],
  ['with username in the middle of a value', (good) => [good.replace(' ', ' x=y"username="bob", ')]],
  ['with username in quotes', (good) => [good.replace(' ', ' x="username=bob, ", ')]],
];

describe('variables of proven credentials', () => {
  let side: Side;
  before(async () => {
    side = await Side.start('trunkline', CFG);
  });
  after(() => side?.stop());

  for (const [name, write] of HEADERS) {
    test(name, async () => {
      const { nonce } = await side.challenge(0);
      const lines = write(credentials(nonce, {})).map((value) => `Authorization: ${value}`);
      const [status = ''] = (await side.ask('check', lines)).split('\r\n');
      assert.equal(status, `SIP/2.0 200 alice|alice||${REALM}|alice@${REALM}|alice|sip:${REALM}`);
    });
  }
});
