/**
 * Digest authentication on Kamailio and on Trunkline with the same configuration: the same requests, the same return codes. What is
 * different on purpose stands in the rows as `ours`, and in docs/kamailio-compat.md.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { peer } from '../support/peers.ts';
import { type Answer, credentials, PASSWORD, REALM, Side } from './auth-side.ts';

const SKIP = peer('kamailio').skip;

function configuration(modparams: string): string {
  return `#!KAMAILIO
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
loadmodule "siputils.so"
loadmodule "xlog.so"
loadmodule "auth.so"
${modparams}
request_route {
  $var(rc) = 0; $var(cc) = 0;
  if ($hdr(X-Do) == "www") { www_challenge("${REALM}", "$(hdr(X-Flags){s.int})"); exit; }
  if ($hdr(X-Do) == "proxy") { proxy_challenge("${REALM}", "0"); exit; }
  if ($hdr(X-Do) == "any") { auth_challenge("${REALM}", "$(hdr(X-Flags){s.int})"); $var(rc) = $rc; }
  if ($hdr(X-Do) == "check") { pv_www_authenticate("${REALM}", "${PASSWORD}", "0"); $var(rc) = $rc; }
  if ($hdr(X-Do) == "ha1") { pv_www_authenticate("${REALM}", "${md5(`alice:${REALM}:${PASSWORD}`)}", "1"); $var(rc) = $rc; }
  if ($hdr(X-Do) == "identity") { pv_auth_check("${REALM}", "${PASSWORD}", "0", "1"); $var(rc) = $rc; }
  if ($hdr(X-Do) == "has") { has_credentials("${REALM}"); $var(rc) = $rc; }
  if ($hdr(X-Do) == "get") { auth_get_www_authenticate("${REALM}", "1", "$var(got)"); $var(rc) = $rc; }
  if ($hdr(X-Consume) == "yes") { consume_credentials(); $var(cc) = $rc; }
  xlog("L_NOTICE", "@@$rm $var(rc) $var(cc)\\n");
  sl_send_reply("200", "rc=$var(rc) cc=$var(cc) au=$au ar=$ar got=$(var(got){s.escape.common})");
}
`;
}

function md5(text: string): string {
  return createHash('md5').update(text, 'latin1').digest('hex');
}

/** A row: what is sent, and the codes; `ours` where they are not Kamailio's. */
interface Row {
  readonly name: string;
  readonly play: (side: Side) => Promise<readonly (number | string)[]>;
  readonly theirs: readonly (number | string)[];
  readonly ours?: readonly (number | string)[];
}

const fresh = async (side: Side, answer: Answer = {}, flags = 0): Promise<number> =>
  side.code((await side.challenge(flags)).nonce, answer);

function one(name: string, answer: Answer, theirs: number, ours?: number, flags = 0): Row {
  return {
    name,
    play: async (side) => [await fresh(side, answer, flags)],
    theirs: [theirs],
    ...(ours === undefined ? {} : { ours: [ours] }),
  };
}

const swap =
  (pattern: RegExp, text: string) =>
  (header: string): string =>
    header.replace(pattern, text);

const BASE: readonly Row[] = [
  {
    name: 'the challenge, without and with qop',
    play: async (side) =>
      (await Promise.all([side.challenge(0), side.challenge(1), side.challenge(2), side.challenge(17)])).map(
        ({ line }) => line.replace(/nonce="[^"]+"/, 'nonce="N"'),
      ),
    theirs: [
      `Digest realm="${REALM}", nonce="N"`,
      `Digest realm="${REALM}", nonce="N", qop="auth"`,
      `Digest realm="${REALM}", nonce="N", qop="auth-int"`,
      `Digest realm="${REALM}", nonce="N", qop="auth", stale=true`,
    ],
  },
  {
    name: 'auth_challenge: 401 for REGISTER, 407 for others, nothing for CANCEL',
    play: async (side) => [
      (await side.ask('any', ['X-Flags: 0'])).slice(8, 11),
      (await side.ask('any', ['X-Flags: 0'], { method: 'OPTIONS' })).slice(8, 11),
      /rc=\S+/.exec(await side.ask('any', ['X-Flags: 0'], { method: 'CANCEL' }))?.[0] ?? '',
    ],
    theirs: ['401', '407', 'rc=1'],
  },
  {
    name: 'the value alone, for a reply of the script',
    play: async (side) => [
      /rc=\S+/.exec(await side.ask('get'))?.[0] ?? '',
      /got=.*/
        .exec(await side.ask('get'))?.[0]
        ?.replace(/nonce=.*?,/, 'nonce=N,')
        .trim() ?? '',
    ],
    theirs: ['rc=1', 'got=WWW-Authenticate: Digest realm=\\"test.example\\", nonce=N, qop=\\"auth\\"'],
  },
  {
    name: 'no credentials',
    play: async (side) => [/rc=\S+/.exec(await side.ask('check'))?.[0] ?? ''],
    theirs: ['rc=-5'],
  },
  {
    name: 'right, then the same header again, with qop and without',
    play: async (side) => {
      const plain = (await side.challenge(0)).nonce;
      const counted = (await side.challenge(1)).nonce;
      const qop = { qop: 'auth' };
      return [
        await side.code(plain),
        await side.code(plain),
        await side.code(counted, qop),
        await side.code(counted, qop),
      ];
    },
    theirs: [1, 1, 1, 1],
  },
  one('an nc that is no number', { qop: 'auth', nc: 'zzzzzzzz' }, 1, -1, 1),
  one('wrong password', { password: 'x' }, -2),
  one('response of another length', { mangle: swap(/response="../, 'response="') }, -1, -2),
  one(
    'response in upper case',
    { mangle: (text) => text.replace(/response="[^"]+"/, (m) => m.toUpperCase().replace('RESPONSE', 'response')) },
    -2,
    1,
  ),
  {
    name: 'garbage nonce',
    play: async (side) => [await side.code('garbagegarbagegarbagegarbagegarbage')],
    theirs: [-1],
  },
  {
    name: 'a nonce with another time in it, far off and near',
    play: async (side) => {
      const codes: number[] = [];
      for (const change of [0x10000000, 1]) codes.push(await side.code(later((await side.challenge(0)).nonce, change)));
      return codes;
    },
    theirs: [-4, -1],
    // It may be one of another key as well: a new one helps.
    ours: [-4, -4],
  },
  one('no uri', { mangle: swap(/uri="[^"]+", /, '') }, -1),
  one('qop without cnonce', { qop: 'auth', mangle: swap(/, cnonce="abc"/, '') }, -1, undefined, 1),
  one('another digest-uri than the Request-URI', { uri: 'sip:other.example' }, 1),
  one('realm in other letters', { realm: 'TEST.example' }, 1),
  one('user@domain', { user: `alice@${REALM}` }, 1),
  one('sip:user@domain', { user: `sip:alice@${REALM}` }, 1),
  one('SHA-256 where MD5 was asked for', { algorithm: 'SHA-256', hash: 'sha256' }, -1),
  one('an unknown algorithm over MD5', { algorithm: 'FOO' }, 1, -1),
  one('MD5-sess over MD5', { algorithm: 'MD5-sess' }, 1, -1),
  one('username twice', { mangle: swap(/realm=/, 'username="bob", realm=') }, -2, -1),
  one('comma after the scheme', { mangle: swap(/^Digest /, 'Digest,') }, 1),
  one('escaped quote in the user', { user: 'al\\"ice' }, -2, 1),
  {
    name: 'Basic, another realm, or a broken header before the good one',
    play: async (side) => {
      const codes: string[] = [];
      for (const first of [
        'Basic YTpi',
        'Digest username="eve", realm="other", nonce="n", uri="sip:x", response="r"',
        'Digest username="eve", realm="',
      ]) {
        const good = credentials((await side.challenge(0)).nonce, {});
        const text = await side.ask('check', [`Authorization: ${first}`, `Authorization: ${good}`]);
        codes.push(/rc=(.*) got=/.exec(text)?.[1]?.replace(' cc=0', '') ?? '');
      }
      return codes;
    },
    theirs: ['1 au= ar=', '1 au=eve ar=other', '-1 au=<null> ar=<null>'],
    ours: ['1 au=alice ar=test.example', '1 au=alice ar=test.example', '1 au=alice ar=test.example'],
  },
  {
    name: 'HA1 in the place of the password',
    play: async (side) => [await side.code((await side.challenge(0)).nonce, {}, 'ha1')],
    theirs: [1],
  },
  {
    name: 'identity: own, another To, another From',
    play: async (side) => [
      await side.code((await side.challenge(0)).nonce, {}, 'identity'),
      await side.code((await side.challenge(0)).nonce, {}, 'identity', { to: 'bob' }),
      await side.code((await side.challenge(0)).nonce, {}, 'identity', { from: 'bob' }),
    ],
    theirs: [1, -8, -8],
  },
  {
    name: 'identity of PUBLISH: own, another Request-URI, another To, another From',
    play: async (side) => {
      const own = { method: 'PUBLISH', ruri: `sip:alice@${REALM}` };
      const codes: string[] = [];
      for (const more of [{}, { ruri: `sip:bob@${REALM}` }, { to: 'bob' }, { from: 'bob' }, { ruri: `sip:${REALM}` }]) {
        const asked = { ...own, ...more };
        const nonce = /nonce="([^"]+)"/.exec(await side.ask('proxy', [], asked))?.[1] ?? '';
        const header = `Proxy-Authorization: ${credentials(nonce, {}, 'PUBLISH')}`;
        codes.push(/rc=\S+/.exec(await side.ask('identity', [header], asked))?.[0] ?? '');
      }
      return codes;
    },
    theirs: ['rc=1', 'rc=-8', 'rc=-8', 'rc=-8', 'rc=-8'],
  },
  {
    name: 'has_credentials',
    play: async (side) => [await side.code('n', {}, 'has'), await side.code('n', { realm: 'x' }, 'has')],
    theirs: [1, -1],
  },
  {
    name: 'consume_credentials after success and after a wrong password',
    play: async (side) => {
      const ask = async (answer: Answer): Promise<string> => {
        const header = `Authorization: ${credentials((await side.challenge(0)).nonce, answer)}`;
        return /cc=\S+/.exec(await side.ask('check', [header, 'X-Consume: yes']))?.[0] ?? '';
      };
      return [await ask({}), await ask({ password: 'x' })];
    },
    theirs: ['cc=1', 'cc=1'],
    ours: ['cc=1', 'cc=-1'],
  },
  {
    name: 'ACK, CANCEL and PRACK are let through, and nothing is consumed',
    play: async (side) => {
      for (const method of ['ACK', 'CANCEL', 'PRACK']) await side.ask('check', ['X-Consume: yes'], { method });
      await side.server.logged(/@@PRACK/);
      return side.server
        .marked()
        .filter((line) => /^(ACK|CANCEL|PRACK)/.test(line))
        .slice(-3);
    },
    theirs: ['ACK 1 -1', 'CANCEL 1 -1', 'PRACK 1 -1'],
  },
];

/** A nonce whose second 32 bits are changed: in Kamailio's the second of issue, in ours the lower part of the millisecond. */
function later(nonce: string, change: number): string {
  const bytes = Buffer.from(nonce, 'base64');
  bytes.writeUInt32BE((bytes.readUInt32BE(4) + change) >>> 0, 4);
  return bytes.toString(/[-_]/.test(nonce) || nonce.length === 48 ? 'base64url' : 'base64');
}

const EXPIRING: readonly Row[] = [
  {
    name: 'a nonce whose time is over, with the right password and a wrong one',
    play: async (side) => {
      const { nonce } = await side.challenge(0);
      const seen = new Set<number>();
      for (const end = Date.now() + 20_000; !seen.has(-4) && Date.now() < end; ) seen.add(await side.code(nonce));
      return [...seen, await side.code(nonce, { password: 'x' })];
    },
    theirs: [1, -4, -4],
    // RFC 7616 §3.3: stale is said to who knows the password.
    ours: [1, -4, -2],
  },
];

const COUNTED: readonly Row[] = [
  {
    name: 'nonce counts',
    play: async (side) => {
      const { nonce } = await side.challenge(1);
      const codes: number[] = [];
      const counts = ['1', '1', '5', '3', '6!', '6', 'ff', '100'].map(
        (nc) => [nc.replace('!', '').padStart(8, '0'), nc.endsWith('!')] as const,
      );
      for (const [nc, wrong] of [...counts, ['zzzzzzzz', false] as const])
        codes.push(await side.code(nonce, { qop: 'auth', nc, ...(wrong ? { password: 'x' } : {}) }));
      return codes;
    },
    theirs: [1, -4, 1, -4, -2, -4, 1, -4, -1],
    // A count that arrives late is no replay, a wrong password uses none up, counts are not 255 at most.
    ours: [1, -4, 1, 1, -2, 1, 1, 1, -1],
  },
  // Leading zeros are no part of the number.
  one('a count of seven digits', { qop: 'auth', nc: '0000001' }, -1, 1, 1),
  {
    name: 'nonce counts left out',
    play: async (side) => {
      const { nonce } = await side.challenge(1);
      return [await side.code(nonce), await side.code(nonce)];
    },
    theirs: [1, 1],
    ours: [-1, -1],
  },
];

const ONCE: readonly Row[] = [
  {
    name: 'one-time nonces: second use; wrong password first',
    play: async (side) => {
      const first = (await side.challenge(0)).nonce;
      const second = (await side.challenge(0)).nonce;
      return [
        await side.code(first),
        await side.code(first),
        await side.code(second, { password: 'x' }),
        await side.code(second),
      ];
    },
    theirs: [1, -6, -2, -6],
    ours: [1, -6, -2, 1],
  },
];

const BOUND: readonly Row[] = [
  {
    name: 'auth_checks: same Call-ID and Request-URI, another Call-ID, another Request-URI, another method',
    play: async (side) => {
      const fixed = { callId: `fixed${Math.random()}` };
      const { nonce } = await side.challenge(0, fixed);
      return [
        await side.code(nonce, {}, 'check', fixed),
        await side.code(nonce, { uri: 'sip:2' }),
        await side.code(nonce, { uri: 'sip:3' }, 'check', { ...fixed, ruri: 'sip:other.example' }),
        await side.code(nonce, {}, 'check', { ...fixed, method: 'OPTIONS' }),
      ];
    },
    theirs: [1, -4, -4, -4],
  },
];

const INFO: readonly Row[] = [
  {
    name: 'Authentication-Info, with qop and without',
    play: async (side) => {
      const shape = async (flags: number, answer: Answer): Promise<string> => {
        const header = `Authorization: ${credentials((await side.challenge(flags)).nonce, answer)}`;
        const line = /^Authentication-Info: .*$/m.exec(await side.ask('check', [header]))?.[0]?.trim() ?? 'none';
        return line.replace(/(nextnonce|rspauth)="[^"]+"/g, '$1="X"');
      };
      return [await shape(1, { qop: 'auth' }), await shape(0, {})];
    },
    theirs: [
      'Authentication-Info: nextnonce="X", qop=auth, rspauth="X", cnonce="abc", nc=00000001',
      'Authentication-Info: nextnonce="X", qop=, rspauth="X", cnonce="", nc=',
    ],
    ours: ['Authentication-Info: nextnonce="X", qop=auth, rspauth="X", cnonce="abc", nc=00000001', 'none'],
  },
];

const GROUPS: readonly { readonly title: string; readonly modparams: string; readonly rows: readonly Row[] }[] = [
  {
    title: 'as it comes, with replays allowed as in Kamailio',
    modparams: '#!ifdef TRUNKLINE\nmodparam("auth", "allow_replay", 1)\n#!endif',
    rows: BASE,
  },
  {
    title: 'nonce_expire',
    modparams: 'modparam("auth", "nonce_expire", 2)\n#!ifdef TRUNKLINE\nmodparam("auth", "allow_replay", 1)\n#!endif',
    rows: EXPIRING,
  },
  {
    title: 'nonce_count',
    modparams: 'modparam("auth", "nonce_count", 1)\nmodparam("auth", "qop", "auth")',
    rows: COUNTED,
  },
  { title: 'one_time_nonce', modparams: 'modparam("auth", "one_time_nonce", 1)', rows: ONCE },
  {
    title: 'auth_checks',
    modparams:
      'modparam("auth", "auth_checks_register", 11)\nmodparam("auth", "auth_checks_no_dlg", 9)\nmodparam("auth", "auth_checks_in_dlg", 9)',
    rows: BOUND,
  },
  { title: 'add_authinfo_hdr', modparams: 'modparam("auth", "add_authinfo_hdr", 1)', rows: INFO },
];

for (const { title, modparams, rows } of GROUPS) {
  describe(`auth, ${title}`, { skip: SKIP }, () => {
    let kamailio: Side;
    let trunkline: Side;
    before(async () => {
      [kamailio, trunkline] = await Promise.all([
        Side.start('kamailio', configuration(modparams)),
        Side.start('trunkline', configuration(modparams)),
      ]);
    });
    after(async () => {
      await kamailio?.stop();
      await trunkline?.stop();
    });
    for (const { name, play, theirs, ours } of rows) {
      test(name, async () => {
        assert.deepEqual(await play(kamailio), theirs, 'Kamailio');
        assert.deepEqual(await play(trunkline), ours ?? theirs, 'Trunkline');
      });
    }
  });
}

/** A farm on its way from one to the other: each takes the other's nonces. */
const FARMS = [
  { title: 'as they come', more: '', options: {} },
  {
    title: 'bound to Call-ID, Request-URI and source',
    more: 'modparam("auth", "auth_checks_register", 11)',
    options: { callId: `farm${Math.random()}` },
  },
];
for (const { title, more, options } of FARMS) {
  describe(`a farm with one secret, nonces ${title}`, { skip: SKIP }, () => {
    let kamailio: Side;
    let trunkline: Side;
    before(async () => {
      const shared = `modparam("auth", "secret", "johndoessecretphrase-and-more-of-it")\n${more}`;
      kamailio = await Side.start('kamailio', configuration(shared));
      // Kamailio takes no nonce from before its own start, nor do we.
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      const ours = 'modparam("auth", "nonce_format", "kamailio")\nmodparam("auth", "nonce_accept", "kamailio")';
      trunkline = await Side.start('trunkline', configuration(`${shared}\n${ours}`));
      await new Promise((resolve) => setTimeout(resolve, 1_100));
    });
    after(async () => {
      await kamailio?.stop();
      await trunkline?.stop();
    });
    for (const flags of [0, 1]) {
      const qop = flags === 1 ? { qop: 'auth' } : {};
      test(`Kamailio’s nonce at Trunkline, flags ${flags}: once`, async () => {
        const { nonce } = await kamailio.challenge(flags, options);
        assert.equal(await trunkline.code(nonce, qop, 'check', options), 1);
        assert.equal(await trunkline.code(nonce, qop, 'check', options), -4);
        assert.equal(await trunkline.code(nonce, { ...qop, password: 'x' }, 'check', options), -2);
      });
      test(`Trunkline’s nonce at Kamailio, flags ${flags}`, async () => {
        const { nonce } = await trunkline.challenge(flags, options);
        assert.equal(await kamailio.code(nonce, qop, 'check', options), 1);
      });
    }
  });
}
