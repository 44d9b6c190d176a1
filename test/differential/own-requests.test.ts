/** uac_req_send() on Kamailio and on Trunkline: the same keys of $uac_req, the same bytes at the peer, the same events. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { peer } from '../support/peers.ts';
import { sleep } from '../support/servers.ts';
import { differences } from './compare.ts';
import { type DiffCase, type Profile, World } from './world.ts';

const { skip } = peer('kamailio');

const PROFILE: Profile = {
  modparams: `modparam("uac", "restore_mode", "none")
# Kamailio's evroute 2 wants it.
modparam("tm", "enable_uac_fr", 1)
event_route[uac:reply] {
  xlog("L_ERR", "@@$uac_req(method) $uac_req(evcode) type $uac_req(evtype) param $uac_req(evparam) furi $uac_req(furi) $rs $ci\\n");
}
`,
};

const PEER = '"sip:127.0.0.1:CALLEE_PORT"';
const DIGEST = 'Digest realm="r", nonce="abcdef0123456789"';

/** Keys as they are written: the right side is a cfg expression. */
type Keys = Readonly<Record<string, string>>;

/** What the peer answers to each request that comes; the request generator makes more of a challenge. */
type Answers = readonly (readonly [status: number, reason: string, ...headers: string[]])[];

function row(name: string, keys: Keys, answers: Answers = [[200, 'OK']], method = 'MESSAGE'): DiffCase {
  const all: Keys = { method: `"${method}"`, ruri: PEER, callid: '$ci + "-own"', ...keys };
  const lines = Object.entries(all).map(([key, value]) => `  $uac_req(${key}) = ${value};`);
  return {
    name,
    // Of Kamailio's credentials only this gets rid.
    request: `  $uac_req(all) = $null; $uac_req(auser) = $null; $uac_req(apasswd) = $null;\n${lines.join('\n')}
  if (uac_req_send()) xlog("L_ERR", "@@sent\\n"); else xlog("L_ERR", "@@not sent\\n");
  sl_send_reply("200", "OK");`,
    play: async (world) => {
      await world.send({ method: 'OPTIONS' });
      await world.expectCaller(200);
      for (const [status, reason, ...headers] of answers) {
        const request = await world.expectCallee(method);
        await world.callee.reply(request, status, reason, { headers });
      }
      // fr_timer is two seconds.
      await sleep(name === 'unanswered' ? 2_400 : 150);
    },
  };
}

const ROWS: readonly DiffCase[] = [
  row('bare', {}),
  row('from', { furi: '"sip:from@f.org"' }),
  row('from-display', { furi: '"\\"Some One\\" <sip:from@f.org>"' }),
  row('from-bracket', { furi: '"<sip:from@f.org;user=phone>"' }),
  row('to', { turi: '"sip:to@t.org"' }),
  row('to-display', { turi: '"One <sip:to@t.org>"' }),
  row('both', { furi: '"sip:from@f.org"', turi: '"sip:to@t.org"' }),
  row('uri-parameter', { furi: '"sip:from@f.org;user=phone"', turi: '"sip:to@t.org;x=1"' }),
  row('next-hop', { ruri: '"sip:far@away.example;p=1"', ouri: PEER }),
  row('headers', { hdrs: '"Subject: one\\r\\nX-Two: 2\\r\\n"' }),
  row('body', { hdrs: '"Content-Type: text/plain\\r\\n"', body: '"hello\\r\\nworld"' }),
  row('body-alone', { body: '"hello"' }),
  row('headers-variable', { hdrs: '"X-Of: " + $fU + "\\r\\n" + "X-Rm: $rm\\r\\n"' }),
  row('socket', { sock: '"udp:127.0.0.1:" + $Rp' }),
  row('options', { furi: '"sip:kamailio.org"', turi: '"sip:kamailio.org"' }, [[200, 'OK']], 'OPTIONS'),
  row('notify', { hdrs: '"Event: x\\r\\nSubscription-State: active\\r\\n"' }, [[200, 'OK']], 'NOTIFY'),
  row('foreign-method', {}, [[200, 'OK']], 'FOO'),
  row('event', { evroute: '1', evparam: '"p 1"' }),
  row('event-failure', { evroute: '1' }, [[486, 'Busy Here']]),
  row('event-provisional', { evroute: '1' }, [[202, 'Accepted']]),
  row('failures-only', { evroute: '2' }),
  row('failures-only-404', { evroute: '2', evparam: '"q"' }, [[404, 'Not Found']]),
  row('no-event', { evroute: '0' }, [[404, 'Not Found']]),
  row('failures-only-challenge', { evroute: '2', auser: '"u"', apasswd: '"p"' }, [
    [401, 'Unauthorized', `WWW-Authenticate: ${DIGEST}`],
  ]),
  row('no-credentials', { evroute: '1' }, [[401, 'Unauthorized', `WWW-Authenticate: ${DIGEST}`]]),
  row('challenge', { evroute: '1', auser: '"u"', apasswd: '"p"' }, [
    [401, 'Unauthorized', `WWW-Authenticate: ${DIGEST}`],
    [200, 'OK'],
  ]),
  row('challenge-407', { auser: '"u"', apasswd: '"p"', furi: '"sip:from@f.org"', turi: '"sip:to@t.org"' }, [
    [407, 'Proxy Authentication Required', `Proxy-Authenticate: ${DIGEST}, qop="auth"`],
    [200, 'OK'],
  ]),
  row('challenge-body', { auser: '"u"', apasswd: '"p"', hdrs: '"X-A: 1\\r\\n"', body: '"text"' }, [
    [401, 'Unauthorized', `WWW-Authenticate: ${DIGEST}`],
    [200, 'OK'],
  ]),
  row('challenge-display', { auser: '"u"', apasswd: '"p"', furi: '"\\"N N\\" <sip:f@f.org>;x=1"' }, [
    [401, 'Unauthorized', `WWW-Authenticate: ${DIGEST}`],
    [200, 'OK'],
  ]),
  row('challenge-ha1', { auser: '"u"', apasswd: '"5f4dcc3b5aa765d61d8327deb882cf99"', flags: '1' }, [
    [401, 'Unauthorized', `WWW-Authenticate: ${DIGEST}`],
    [200, 'OK'],
  ]),
  row('no-method', { method: '$null' }, []),
  row('no-uri', { ruri: '$null' }, []),
  row('next-hop-bad', { ruri: '"sip:x@127.0.0.1:CALLEE_PORT"', ouri: '"nonsense"' }, []),
  row('over-long', { method: '"MESSAGE"; $uac_req(method) = "A234567890123456789012345678901234567890"' }),
  row('blank', { furi: '"sip:Emergency Alert"' }),
  row('line-end', { furi: '"sip:a@b\\r\\nX-Evil: 1"' }),
  row('unanswered', { evroute: '1', evparam: '"p"' }, []),
];

/** Where we differ on purpose, and how. */
const ALLOWED: Readonly<Record<string, { readonly reason: string; readonly lines: readonly string[] }>> = {
  'challenge-display': {
    reason: 'the repeated request keeps display name and parameters',
    lines: [
      'callee 1 MESSAGE sip:127.0.0.1:CALLEE SIP/2.0: - From: <sip:f@f.org>;tag=*',
      'callee 1 MESSAGE sip:127.0.0.1:CALLEE SIP/2.0: + From: "N N" <sip:f@f.org>;x=1;tag=*',
    ],
  },
  blank: {
    reason: 'a blank in a URI is escaped',
    lines: [
      'callee 0 MESSAGE sip:127.0.0.1:CALLEE SIP/2.0: - From: <sip:Emergency Alert>;tag=*',
      'callee 0 MESSAGE sip:127.0.0.1:CALLEE SIP/2.0: + From: <sip:Emergency%20Alert>;tag=*',
    ],
  },
  'line-end': {
    reason: 'a value with a line end is refused: it would be a header of somebody else',
    lines: [
      'callee 0 MESSAGE sip:127.0.0.1:CALLEE SIP/2.0: - From: <sip:a@b',
      'callee 0 MESSAGE sip:127.0.0.1:CALLEE SIP/2.0: - X-Evil: 1>;tag=*',
      'callee 0 MESSAGE sip:127.0.0.1:CALLEE SIP/2.0: + From: <sip:127.0.0.1:CALLEE>;tag=*',
    ],
  },
  unanswered: {
    reason: 'the message that stands for the reply that never came has another Call-ID',
    lines: [
      'printed: - MESSAGE 408 type 2 param p furi <null> <null> 123',
      'printed: + MESSAGE 408 type 2 param p furi <null> <null> none@localhost.invalid',
    ],
  },
};

describe('requests of our own as Kamailio sends them', { skip }, () => {
  let kamailio: World;
  let trunkline: World;
  before(async () => {
    kamailio = await World.start('kamailio', ROWS, PROFILE);
    trunkline = await World.start('trunkline', ROWS, PROFILE);
  });
  after(async () => {
    await Promise.all([kamailio?.stop(), trunkline?.stop()]);
  });
  for (const one of ROWS) {
    const allowed = ALLOWED[one.name];
    it(allowed === undefined ? one.name : `${one.name} (differs: ${allowed.reason})`, async () => {
      const [theirs, ours] = await Promise.all([kamailio.play(one), trunkline.play(one)]);
      assert.deepEqual(theirs.legs.problem ?? [], [], 'the row does not even play on Kamailio');
      assert.deepEqual(differences(theirs, ours), allowed?.lines ?? []);
    });
  }
});
